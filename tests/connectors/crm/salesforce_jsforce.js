// jsforce as a customer would use it. Arguments: base URL, client id, client secret, profile id. Prints JSON.
const jsforce = require("jsforce");

async function main() {
  const [url, clientId, clientSecret, profile] = process.argv.slice(2);
  const oauth2 = { clientId, clientSecret, loginUrl: url };
  const conn = new jsforce.Connection({ oauth2, instanceUrl: url, version: "62.0" });
  await conn.authorize({ grant_type: "client_credentials" });

  const person = (n) => ({
    Username: `js${n}@example.com`, LastName: `测试䶮${n}`, Email: `js${n}@example.com`, Alias: `js${n}`,
    EmployeeNumber: String(n).padStart(4, "0"), ProfileId: profile, TimeZoneSidKey: "Asia/Shanghai",
    LocaleSidKey: "zh_CN", EmailEncodingKey: "UTF-8", LanguageLocaleKey: "zh_CN",
  });
  const people = Array.from({ length: 201 }, (_, i) => person(i + 1));
  people[6] = { ...people[6], Alias: "far too long" };
  const created = await conn.sobject("User").create(people, { allowRecursive: true });

  const all = await conn.query("SELECT Id, LastName FROM User WHERE LastName LIKE '测试䶮%' ORDER BY Id",
    { autoFetch: true, maxFetch: 1000 });
  const found = await conn.sobject("User").find({ EmployeeNumber: "0012" }, ["Id", "LastName"]);
  const updated = await conn.sobject("User").update([
    { Id: created[0].id, Title: "经理" }, { Id: created[1].id, Title: "长".repeat(81) },
  ]);
  const login = await conn.sobject("UserLogin").findOne({ UserId: created[0].id }, ["Id", "IsFrozen"]);
  await conn.sobject("UserLogin").update({ Id: login.Id, IsFrozen: true });
  const frozen = await conn.sobject("UserLogin").retrieve(login.Id);
  const upserted = await conn.sobject("User").upsert({ ...person(900), Baton_Number__c: "0900" }, "Baton_Number__c");
  const again = await conn.sobject("User").upsert({ Title: "总监", Baton_Number__c: "0900" }, "Baton_Number__c");
  const several = await conn.sobject("User").retrieve([created[0].id, created[2].id]);
  await conn.sobject("User").update({ Id: created[3].id, IsActive: false });
  const owner = await conn.sobject("User").findOne({ EmployeeNumber: "S001" }, ["Id"]);
  const blocked = await conn.sobject("User").update({ Id: owner.Id, IsActive: false }).then(
    () => "deactivated", (error) => error.errorCode);
  const clients = await conn.query("SELECT Id, Name, Owner.Name FROM Account WHERE Owner.EmployeeNumber = 'S001' LIMIT 2");
  const wrong = await conn.query("SELECT Nonsense FROM User").then(() => "ok", (error) => error.errorCode);
  const limits = await conn.request("/limits");
  const description = await conn.sobject("User").describe();

  console.log(JSON.stringify({
    created: created.map((r) => r.success), refusal: created[6].errors, listed: all.records.length, total: all.totalSize,
    found, updated, frozen: frozen.IsFrozen, upserted: upserted.created, again: again.created ?? false,
    same: upserted.id === again.id, several: several.map((r) => r.LastName), blocked, clients: clients.records, wrong,
    limits: limits.DailyApiRequests.Max, usage: conn.limitInfo.apiUsage.limit,
    external: description.fields.find((f) => f.name === "Baton_Number__c").externalId,
  }));
}

main().catch((error) => { console.error(error); process.exit(1); });

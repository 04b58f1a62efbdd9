"""A small good connector for everything a handover needs, over the service of estate.py: the subject of those laws."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

from pydantic import SecretStr

from baton.sdk import (
    AccessControl,
    Activity,
    ActivityKind,
    ActivitySource,
    Blocker,
    BlockerSource,
    ConnectorSettings,
    Finding,
    Grant,
    HaltError,
    Holding,
    HoldingKind,
    HoldingRef,
    Intent,
    Notifier,
    OwnershipScan,
    OwnershipStore,
    Rate,
    Receipt,
    RightsScan,
    SessionControl,
    TransferResults,
    Undo,
    WorkScan,
    WorkTransfer,
)


class Settings(ConnectorSettings):
    base_url: str
    secret: SecretStr


class EstateHub(
    OwnershipStore,
    OwnershipScan,
    WorkTransfer,
    WorkScan,
    TransferResults,
    AccessControl,
    RightsScan,
    SessionControl,
    BlockerSource,
    ActivitySource,
    Notifier,
):
    title = "Estate"
    Settings = Settings
    rate = Rate(10)
    transfers: ClassVar = {
        HoldingKind.CLIENT: Undo.REVERSIBLE,
        HoldingKind.OPPORTUNITY: Undo.REVERSIBLE,
        HoldingKind.GROUP: Undo.IRREVERSIBLE,
    }
    transfer_limit = 10
    work_kinds = frozenset((HoldingKind.APPROVAL, HoldingKind.TASK))
    reassigns: ClassVar = {HoldingKind.APPROVAL: Undo.REVERSIBLE, HoldingKind.TASK: Undo.TIME_LIMITED}
    reassign_limit = 5
    change_limit = 6
    message_limit = 4
    refusals: ClassVar = {
        "changed": "somebody else holds it",
        "missing": "there is no such thing",
        "nobody": "there is no such person",
        "refused": "the members refuse",
        "none": "nothing was sent",
    }

    def __init__(self, settings, client):
        super().__init__(settings, client)
        self.token = ""

    def check(self):
        return [Finding("estate", ok=True)]

    # --- holdings

    def owned(self, person):
        return self.held(person, list(self.transfers))

    def work(self, person):
        return self.held(person, sorted(self.work_kinds))

    def held(self, person, kinds):
        external_id = self.external_id(person)
        if external_id is not None:
            yield from self.pages("/held", {"person": external_id, "kinds": kinds}, self.holding)

    def owned_by(self, people):
        return self.held_by(people, list(self.transfers))

    def work_of(self, people):
        return self.held_by(people, sorted(self.work_kinds))

    def held_by(self, people, kinds):
        ids = [self.external_id(person) for person in people]
        return self.pages("/held_by", {"people": ids, "kinds": kinds}, self.with_holder)

    def with_holder(self, row):
        return row["holder"], self.holding(row)

    def external_id(self, person):
        return person.external_id or self.ask("/person", {"number": person.number})["id"]

    def pages(self, path, body, of):
        start = 0
        while start is not None:
            answer = self.ask(path, {**body, "start": start})
            yield [of(row) for row in answer["rows"]]
            start = answer["next"]

    def holding(self, row):
        ref = HoldingRef(HoldingKind(row["kind"]), row["id"])
        return Holding(ref, row["title"], {"stage": row["stage"]}, amount=Decimal(row["amount"]), currency="CNY")

    def holders(self, refs):
        return self.ask("/holders", {"refs": [(ref.kind, ref.external_id) for ref in refs]})["holders"]

    def workers(self, refs):
        return self.holders(refs)

    def transfer(self, transfers):
        return self.give(transfers)

    def reassign(self, transfers):
        return self.give(transfers)

    def give(self, transfers):
        return self.write("/give", "items", [self.item(each) for each in transfers])

    def item(self, transfer):
        people = {"holder": transfer.holder.external_id, "to": transfer.successor.external_id}
        return {"kind": transfer.ref.kind, "thing_id": transfer.ref.external_id, **people}

    def transfer_results(self, transfers):
        items = [(each.ref.kind, each.ref.external_id, each.successor.external_id) for each in transfers]
        return [self.receipt(word) for word in self.ask("/promises", {"items": items})["results"]]

    # --- rights, sessions, messages

    def grants(self, person):
        external_id = self.external_id(person)
        if external_id is None:
            return []
        return [one for page in self.pages("/grants", {"person": external_id}, self.right) for one in page]

    def grants_of(self, people):
        ids = [self.external_id(person) for person in people]
        found = {external_id: [] for external_id in ids}
        for page in self.pages("/grants_of", {"people": ids}, lambda row: (row["person"], self.right(row))):
            for person, right in page:
                found[person].append(right)
        return [found[external_id] for external_id in ids]

    def right(self, row):
        return Grant(row["id"], row["title"], "role")

    def entitle(self, changes):
        return self.change(changes, give=True)

    def revoke(self, changes):
        return self.change(changes, give=False)

    def change(self, changes, give):
        items = [{"person": each.person.external_id, "grant": each.grant_id} for each in changes]
        return self.write("/change", "items", items, give=give)

    def end_sessions(self, ends):
        return self.write("/logout", "people", [each.person.external_id for each in ends])

    def notify(self, messages):
        return self.write("/mail", "mails", [self.mail(each) for each in messages])

    def mail(self, message):
        subject = " ".join(message.subject.split())
        return f"To: {message.address}\nSubject: {subject}\n\n{message.text}\n{message.link}"

    # --- looking ahead and back

    by_hand = (Blocker("owner", "whether the leaver owns the estate", "look it up in the register"),)

    def blockers(self, person):
        rows = self.ask("/blockers", {"person": self.external_id(person)})["rows"]
        return [Blocker("approver", row, "name another approver in the flow") for row in rows]

    def activities(self, since, until, clients, people):
        window = {"since": since.astimezone(UTC).isoformat(), "until": until.astimezone(UTC).isoformat()}
        who = {"people": [self.external_id(one) for one in people], "clients": [ref.external_id for ref in clients]}
        return self.pages("/history", {**window, **who}, self.activity)

    def activity(self, row):
        at, about = datetime.fromisoformat(row["at"]), HoldingRef(HoldingKind.CLIENT, row["about"])
        if "rows" in row:
            return Activity(row["id"], ActivityKind.EXPORT, at, row["actor"], count=row["rows"])
        return Activity(row["id"], ActivityKind.ORDER, at, row["actor"], about)

    # --- the wire

    def ask(self, path, body):
        return self.send(path, body, Intent.READ).json()

    def write(self, path, name, items, **more):
        if not items:
            return []
        answer = self.send(path, {name: items, **more}, Intent.WRITE)
        results = answer.json()["results"]
        if len(results) != len(items):
            raise answer.unreadable("has not one result per item")
        return [self.receipt(word) for word in results]

    def send(self, path, body, intent):
        token = self.token or self.login()
        for _ in range(2):
            headers = {"Authorization": token}
            answer = self.client.request(
                "POST", self.settings.base_url + path, intent=intent, json=body, headers=headers
            )
            if answer.status != 401:
                break
            token = self.login()
        return answer.raise_for_status()

    def login(self):
        body = {"secret": self.settings.secret.get_secret_value()}
        url = f"{self.settings.base_url}/token"
        answer = self.client.request("POST", url, intent=Intent.READ, json=body).raise_for_status().json()
        if not isinstance(answer, dict):
            raise HaltError("no token came", remedy="ask the vendor")
        self.token = answer["token"]
        return self.token

    def receipt(self, word):
        if word in ("ok", "done"):
            return Receipt.done()
        if word in ("promised", "waiting"):
            return Receipt.accepted()
        return Receipt.refused(word, self.refusals[word], remedy="look who holds it now")

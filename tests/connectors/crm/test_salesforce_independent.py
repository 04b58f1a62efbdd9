"""Other people's clients against the simulated org, over a real socket: does it speak Salesforce, not just our dialect?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceMalformedRequest, format_soql
from simple_salesforce.exceptions import SalesforceExpiredSession, SalesforceGeneralError, SalesforceResourceNotFound

from baton.client import Client
from baton.egress import EgressRule
from baton.model.account import AccountRef, Action
from connectors.crm.salesforce.connector import SalesforceConnector
from connectors.crm.salesforce.simulator import Simulator
from connectors.crm.salesforce.simulator_soql import SoqlError, parse
from tests.connectors.crm.salesforce_org import write
from tests.connectors.serving import serve

JSFORCE = "jsforce@3.10.16"


@pytest.fixture
def org() -> Iterator[Simulator]:
    simulator = Simulator()
    with serve(simulator.handle) as url:
        simulator.base_url = url
        yield simulator


class ToPlainHttp(HTTPAdapter):
    """Takes what the library sends to https://….salesforce.com to the local server instead."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(request.url)
        request.url = f"{self.base_url}{parts.path}{'?' + parts.query if parts.query else ''}"
        return super().send(request, *args, **kwargs)


def session(org: Simulator) -> requests.Session:
    own = requests.Session()
    own.trust_env = False
    own.mount("https://", ToPlainHttp(org.base_url))
    return own


@pytest.fixture
def library(org: Simulator) -> Iterator[Salesforce]:
    """simple-salesforce with its own login, version and refresh."""
    secrets = org.secrets
    with session(org) as own:
        yield Salesforce(
            consumer_key=secrets["client_id"],
            consumer_secret=secrets["client_secret"],
            domain="sim.my",
            session=own,
            version="62.0",
        )


def test_simple_salesforce_logs_in_and_is_refused_with_wrong_credentials(org: Simulator, library: Salesforce) -> None:
    assert library.limits()["DailyApiRequests"]["Max"] == 15_000
    assert library.api_usage["api-usage"].total == 15_000
    with session(org) as own, pytest.raises(SalesforceAuthenticationFailed):
        Salesforce(consumer_key="a", consumer_secret="b", domain="sim.my", session=own)


def test_simple_salesforce_pages_through_queries(org: Simulator, library: Salesforce) -> None:
    org.seed([{"number": f"{n:04d}", "LastName": f"测试䶮{n}"} for n in range(1, 26)])
    org.page_size = 10
    found = library.query_all("SELECT Id, LastName FROM User WHERE EmployeeNumber != null ORDER BY EmployeeNumber DESC")
    assert [row["LastName"] for row in found["records"]] == [f"测试䶮{n}" for n in range(25, 0, -1)]
    assert library.query("SELECT COUNT() FROM User WHERE EmployeeNumber LIKE '002_'")["totalSize"] == 6
    with pytest.raises(SalesforceMalformedRequest):
        library.query("SELECT Nonsense FROM User")
    with pytest.raises(SalesforceMalformedRequest):
        library.query("SELECT Id FROM User WHERE")


def test_simple_salesforce_changes_rows_one_by_one(org: Simulator, library: Salesforce) -> None:
    made = library.User.create({**org.sample(1), "EmployeeNumber": "0001"})
    assert made["success"] is True
    library.User.update(made["id"], {"Title": "总监"})
    assert library.User.get(made["id"])["Title"] == "总监"
    org.block("0001", "default_workflow_user")
    with pytest.raises(SalesforceMalformedRequest, match="Default Workflow User"):
        library.User.update(made["id"], {"IsActive": False})
    with pytest.raises(SalesforceMalformedRequest, match="REQUIRED_FIELD_MISSING"):
        library.User.create({"LastName": "测试甲"})
    with pytest.raises(SalesforceGeneralError):
        library.User.delete(made["id"])
    with pytest.raises(SalesforceResourceNotFound):
        library.User.get("005000000000000AAA")
    assert library.User.upsert("Baton_Number__c/0007", dict(org.sample(7))) == 201
    assert library.User.upsert("Baton_Number__c/0007", {"Title": "经理"}) == 200


def test_simple_salesforce_collections_and_the_six_hundred_clients(org: Simulator, library: Salesforce) -> None:
    org.seed([{"number": "0001"}, {"number": "0002"}])
    ids = org.seed_accounts([{"Name": f"示例科技{n}", "owner": f"000{1 + n % 2}"} for n in range(600)])
    leaver, successor = (org.user(number)["Id"] for number in ("0001", "0002"))
    owned = library.query_all(format_soql("SELECT Id FROM Account WHERE OwnerId = {}", leaver))["records"]
    assert len(owned) == 300
    records = [{"attributes": {"type": "Account"}, "id": row["Id"], "OwnerId": successor} for row in owned[:200]]
    results = library.restful("composite/sobjects", method="PATCH", json={"allOrNone": False, "records": records})
    assert [result["id"] for result in results] == [record["id"] for record in records]
    one_more = {"allOrNone": True, "records": [{**records[0], "OwnerId": leaver}, {**records[1], "OwnerId": "nobody"}]}
    rolled_back = library.restful("composite/sobjects", method="PATCH", json=one_more)
    codes = [result["errors"][0]["statusCode"] for result in rolled_back]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_CROSS_REFERENCE_KEY"]
    assert library.query("SELECT COUNT() FROM Account WHERE Owner.EmployeeNumber = '0002'")["totalSize"] == 500
    with pytest.raises(SalesforceMalformedRequest):
        library.restful("composite/sobjects", method="PATCH", json={"records": [records[0]] * 201})
    assert len(set(ids)) == 600


def test_simple_salesforce_sees_an_expired_session(org: Simulator) -> None:
    with session(org) as own:
        direct = Salesforce(session_id="dead", instance_url=org.base_url, session=own, version="62.0")
        with pytest.raises(SalesforceExpiredSession):
            direct.query("SELECT Id FROM User")


def test_the_connector_speaks_to_the_same_org_over_the_socket(org: Simulator) -> None:
    settings = SalesforceConnector.Settings.model_validate({**org.settings, **org.secrets})
    client = Client(EgressRule.for_urls([org.base_url], allow_private=True))
    try:
        connector = SalesforceConnector(settings, client)
        connector.provision([write(1, Action.PROVISION, org.sample(1))])
        (account,) = connector.find([AccountRef("0001")])
    finally:
        client.close()
    assert account is not None
    assert account.fields["LastName"] == "测试䶮1"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40))
def test_any_text_quoted_by_the_library_is_read_back_as_itself(text: str) -> None:
    row = {"Id": "1", "EmployeeNumber": text}
    query = parse(format_soql("SELECT Id FROM User WHERE EmployeeNumber IN {}", [text, "other"]))
    assert query.run([row, {"Id": "2", "EmployeeNumber": text + "x"}]) == [row]


@pytest.mark.parametrize(
    "text", ["", "SELECT", "SELECT Id User", "SELECT Id FROM User LIMIT x", "DELETE FROM User", "SELECT Id FROM User ;"]
)
def test_what_is_not_soql_is_malformed(text: str) -> None:
    with pytest.raises(SoqlError):
        parse(text)


@pytest.fixture(scope="session")
def jsforce(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with jsforce installed, or a loud skip."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip(
            "SERVER NOT AVAILABLE: Node.js: jsforce did not drive the simulator: npm and node are not installed"
        )
    folder = tmp_path_factory.mktemp("jsforce")
    # Of itself npm waits for over a minute before it gives a registry up that cannot be reached.
    waits = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    plain = ["--no-audit", "--no-fund", "--ignore-scripts"]
    install = [npm, "install", *waits, *plain, "--prefix", str(folder), JSFORCE]
    try:
        subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=150)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()[:2]
        why = f"npm could not install {JSFORCE} ({type(error).__name__}: {'; '.join(said)})"
        pytest.skip(f"SERVER NOT AVAILABLE: Node.js: jsforce did not drive the simulator: {why}")
    return folder


def test_jsforce_drives_the_org(org: Simulator, jsforce: Path) -> None:
    org.seed([{"number": "S001", "FirstName": "乙", "LastName": "测试"}])
    org.seed_accounts([{"Name": f"示例科技{n}", "owner": "S001"} for n in range(3)])
    org.block("S001", "default_case_owner")
    org.page_size = 50
    script = Path(__file__).with_name("salesforce_jsforce.js")
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(jsforce / "node_modules"), "HOME": str(jsforce)}
    profile = str(org.sample(1)["ProfileId"])
    command = ["node", str(script), org.base_url, *org.secrets.values(), profile]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert told["created"] == [n != 6 for n in range(201)]
    assert told["refusal"][0]["statusCode"] == "STRING_TOO_LONG"
    assert org.batch_sizes[:2] == [200, 1]
    assert told["listed"] == told["total"] == 200
    assert [row["LastName"] for row in told["found"]] == ["测试䶮12"]
    assert [result["success"] for result in told["updated"]] == [True, False]
    assert told["frozen"] is True
    assert org.frozen("0001")
    assert (told["upserted"], told["again"], told["same"]) == (True, False, True)
    assert told["several"] == ["测试䶮1", "测试䶮3"]
    assert told["blocked"] == "FIELD_INTEGRITY_EXCEPTION"
    assert org.user("S001")["IsActive"] is True
    assert org.user("0004")["IsActive"] is False
    assert [row["Owner"]["Name"] for row in told["clients"]] == ["乙 测试"] * 2
    assert told["wrong"] == "INVALID_FIELD"
    assert told["limits"] == told["usage"] == 15_000
    assert told["external"] is True

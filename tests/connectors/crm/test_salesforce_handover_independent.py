"""Plain simple-salesforce against what the simulated org knows of handovers: the documents' words, not our connector's."""

from __future__ import annotations

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceMalformedRequest, format_soql
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceResourceNotFound

from connectors.crm.salesforce.simulator import Simulator
from tests.connectors.crm.test_salesforce_independent import library, org

__all__ = ["library", "org"]


def test_an_owner_change_deletes_the_team_and_runs_the_rules_unless_told(org: Simulator, library: Salesforce) -> None:
    leaver, successor, third = (org.seed_person(n) for n in (1, 2, 3))
    client = library.Account.create({"Name": "示例科技", "OwnerId": leaver})["id"]
    member = {"AccountId": client, "UserId": third, "TeamMemberRole": "Rep", "AccountAccessLevel": "Edit"}
    made = library.AccountTeamMember.create(member)["id"]
    org._rows.business.assignment["Account"] = third
    library.Account.update(client, {"OwnerId": successor})
    assert library.Account.get(client)["OwnerId"] == third
    with pytest.raises(SalesforceResourceNotFound):
        library.AccountTeamMember.get(made)
    library.Account.update(client, {"OwnerId": successor}, headers={"Sforce-Auto-Assign": "FALSE"})
    assert library.Account.get(client)["OwnerId"] == successor
    history = library.query(
        format_soql("SELECT OldValue, NewValue, Field FROM AccountHistory WHERE AccountId = {}", client)
    )
    assert (history["records"][-1]["OldValue"], history["records"][-1]["NewValue"]) == (third, successor)
    assert {row["Field"] for row in history["records"]} == {"Owner"}
    library.AccountTeamMember.create(member)
    with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_VALUE"):
        library.AccountTeamMember.create(member)
    with pytest.raises(SalesforceMalformedRequest, match="bad value"):
        library.AccountTeamMember.create({**member, "UserId": leaver, "AccountAccessLevel": "Everything"})


def test_inactive_owners_are_refused(org: Simulator, library: Salesforce) -> None:
    leaver, retired = org.seed_person(1), org.seed_person(2)
    deal = library.Opportunity.create({"Name": "示例商机", "StageName": "Proposal", "OwnerId": leaver})["id"]
    library.User.update(retired, {"IsActive": False})
    with pytest.raises(SalesforceMalformedRequest, match="INACTIVE_OWNER_OR_USER"):
        library.Opportunity.update(deal, {"OwnerId": retired})
    library.Opportunity.update(deal, {"StageName": "Closed Won"})
    assert library.Opportunity.get(deal)["IsClosed"] is True


def test_a_composite_call_answers_each_request_by_itself(org: Simulator, library: Salesforce) -> None:
    person = org.seed_person(1)
    lead = org.seed_holding("lead", 1, person)
    base = "/services/data/v62.0"
    ids = "%27%2C%27".join([lead] * 900)
    asked = [
        {
            "method": "GET",
            "url": f"{base}/query/?q=SELECT+Id+FROM+Lead+WHERE+Id+IN+(%27{ids}%27)",
            "referenceId": "long",
        },
        {"method": "GET", "url": f"{base}/sobjects/Nonsense/describe", "referenceId": "none"},
        {"method": "GET", "url": f"{base}/sobjects/Lead/describe", "referenceId": "described"},
        {
            "method": "PATCH",
            "url": f"{base}/sobjects/Lead/{lead}",
            "referenceId": "write",
            "body": {"Status": "Working"},
        },
    ]
    told = library.restful("composite", method="POST", json={"compositeRequest": asked})["compositeResponse"]
    assert [(each["referenceId"], each["httpStatusCode"]) for each in told] == [
        *(("long", 200), ("none", 404), ("described", 200), ("write", 204)),
    ]
    assert told[0]["body"]["totalSize"] == 1
    assert told[1]["body"][0]["errorCode"] == "NOT_FOUND"
    assert told[2]["body"]["keyPrefix"] == lead[:3]
    assert library.Lead.get(lead)["Status"] == "Working"
    with pytest.raises(SalesforceGeneralError) as caught:
        library.query(f"SELECT Id FROM Lead WHERE Id IN ({','.join([repr(lead)] * 900)})")
    assert caught.value.status == 414
    query = {"method": "GET", "url": f"{base}/query/?q=SELECT+Id+FROM+Lead"}
    six = [{**query, "referenceId": f"q{n}"} for n in range(6)]
    with pytest.raises(SalesforceMalformedRequest):
        library.restful("composite", method="POST", json={"compositeRequest": six})
    assert (
        len(library.restful("composite", method="POST", json={"compositeRequest": six[:5]})["compositeResponse"]) == 5
    )


def test_collections_take_ten_runs_and_keep_setup_apart(org: Simulator, library: Salesforce) -> None:
    person = org.seed_person(1)
    lead, client = org.seed_holding("lead", 1, person), org.seed_holding("client", 1, person)
    pair = [{"attributes": {"type": t}, "id": i, "Industry": "零售"} for t, i in (("Lead", lead), ("Account", client))]
    path = "composite/sobjects"
    assert all(each["success"] for each in library.restful(path, method="PATCH", json={"records": pair * 5}))
    with pytest.raises(SalesforceMalformedRequest, match="10 chunks"):
        library.restful(path, method="PATCH", json={"records": [*pair * 5, pair[0]]})
    mixed = [pair[0], {"attributes": {"type": "User"}, "id": person, "Title": "总监"}]
    with pytest.raises(SalesforceMalformedRequest, match="MIXED_DML"):
        library.restful(path, method="PATCH", json={"records": mixed})


def test_rights_are_rows_that_come_and_go(org: Simulator, library: Salesforce) -> None:
    person = org.seed_person(1)
    for n in range(4):
        org.seed_grant(n, person)
    chosen = "SELECT Id, PermissionSet.Label FROM PermissionSetAssignment WHERE AssigneeId = {} AND PermissionSetGroupId = null"
    (row,) = library.query(format_soql(chosen, person))["records"]
    assert row["PermissionSet"]["Label"] == "权限集0"
    library.PermissionSetAssignment.delete(row["Id"])
    members = library.query(
        format_soql("SELECT Id, GroupId, Group.Type FROM GroupMember WHERE UserOrGroupId = {}", person)
    )
    assert {each["Group"]["Type"] for each in members["records"]} == {"Regular", "Queue"}
    first = members["records"][0]
    again = library.GroupMember.create({"GroupId": first["GroupId"], "UserOrGroupId": person})
    assert again["id"] == first["Id"], "the existing member is given back"
    library.restful(
        "composite/sobjects", method="DELETE", params={"ids": ",".join(e["Id"] for e in members["records"])}
    )
    assert {grant.partition(":")[0] for grant in org.granted(person)} == {"permission_set_group"}
    with pytest.raises(SalesforceMalformedRequest):
        library.PermissionSet.create({"Name": "X", "Label": "x"})


def test_sessions_are_deleted_and_tokens_revoked(org: Simulator, library: Salesforce) -> None:
    person = org.seed_person(1)
    org.log_in(person)
    (session,) = library.query(format_soql("SELECT Id FROM AuthSession WHERE UsersId = {}", person))["records"]
    with pytest.raises(SalesforceMalformedRequest):
        library.AuthSession.update(session["Id"], {"SessionType": "API"})
    library.AuthSession.delete(session["Id"])
    (token,) = library.query(format_soql("SELECT Id, DeleteToken FROM OauthToken WHERE UserId = {}", person))["records"]
    assert token["Id"] is None
    assert org.logged_in(person)
    revoke = f"{org.base_url}/services/oauth2/revoke"
    answers = [requests.post(revoke, data={"token": token["DeleteToken"]}, timeout=5).status_code for _ in range(2)]
    assert answers == [200, 400]
    assert not org.logged_in(person)

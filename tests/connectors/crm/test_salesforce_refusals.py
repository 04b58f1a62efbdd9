"""Salesforce accounts: what the org refuses, blockers, pages, and the self-check."""

from __future__ import annotations

import json

import httpx
import pytest

from baton.errors import HaltError, InDoubtError, RetryableError
from baton.model.account import AccountRef, AccountState, Action, Outcome
from connectors.crm.salesforce.simulator_org import BLOCKERS as ORG_BLOCKERS
from connectors.crm.salesforce.wire import BLOCKERS, ITEM_STATUSES, Verdict
from tests.connectors.crm.salesforce_desk import state
from tests.connectors.crm.salesforce_org import SalesforceOrg, collections_answer, instead, write


@pytest.mark.parametrize("code", [*sorted(ITEM_STATUSES), "NEWLY_INVENTED"])
def test_every_item_status_gives_a_receipt_without_the_vendors_words(org: SalesforceOrg, code: str) -> None:
    org.provisioned(1)
    error = {"statusCode": code, "message": "值 测试丙 13800000001", "fields": ["Title"]}
    org.tamper = collections_answer(lambda _: [{"success": False, "errors": [error]}])
    (receipt,) = org.connector.update([write(1, Action.UPDATE, {"Title": "新"})])
    assert "测试丙" not in repr(receipt)
    if code == "NEWLY_INVENTED":
        assert receipt.code == "unmapped_status"
        assert receipt.evidence["status"] == code
    elif ITEM_STATUSES[code].verdict is Verdict.REFUSED:
        assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, code)
        assert receipt.remedy
    else:
        assert receipt.outcome is Outcome.NOT_PERFORMED
        assert receipt.retry_after_s == (1800.0 if ITEM_STATUSES[code].verdict is Verdict.LATER else None)


@pytest.mark.parametrize("reason", sorted(ORG_BLOCKERS))
def test_a_blocked_deactivation_names_the_blocker_and_what_to_do(org: SalesforceOrg, reason: str) -> None:
    org.provisioned(1, 2)
    org.simulator.block("0001", reason)
    receipts = org.connector.remove([write(n, Action.REMOVE) for n in (1, 2)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.REFUSED, Outcome.DONE]
    expected = "blocker_unrecognised" if reason == "unheard_of" else f"blocker_{reason}"
    assert receipts[0].code == expected
    assert "release this effect" in receipts[0].remedy or reason == "unheard_of"
    assert "Setup" in receipts[0].remedy or reason == "hierarchy_field"
    assert "测试丙" not in repr(receipts[0])
    assert state(org, 1) is AccountState.ENABLED
    org.simulator.unblock("0001")
    assert org.connector.remove([write(1, Action.REMOVE)])[0].outcome is Outcome.DONE


def test_no_two_blockers_share_a_phrase() -> None:
    phrases = [phrase for blocker in BLOCKERS for phrase in blocker.phrases]
    assert len(phrases) == len(set(phrases))
    assert all(phrase == phrase.lower() for phrase in phrases)


def test_a_deactivation_refused_for_permission_is_not_called_a_blocker(org: SalesforceOrg) -> None:
    org.provisioned(1)
    error = {"statusCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "approver", "fields": []}
    org.tamper = collections_answer(lambda _: [{"success": False, "errors": [error]}])
    assert org.connector.remove([write(1, Action.REMOVE)])[0].code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_without_licences_nobody_new_is_created_or_reactivated(org: SalesforceOrg) -> None:
    org.provisioned(1)
    org.connector.remove([write(1, Action.REMOVE)])
    org.simulator.limit_licences(1)
    (created,) = org.connector.provision([write(2, Action.PROVISION, org.simulator.sample(2))])
    (reactivated,) = org.connector.enable([write(1, Action.ENABLE)])
    assert {created.code, reactivated.code} == {"LICENSE_LIMIT_EXCEEDED"}


def test_a_number_on_several_users_is_settled_by_who_is_active_or_not_at_all(org: SalesforceOrg) -> None:
    org.simulator.seed([{"number": "0001", "state": "removed"}, {"number": "0001"}, {"number": "0002"}])
    org.simulator.seed([{"number": "0002", "state": "disabled"}])
    assert org.connector.disable([write(1, Action.DISABLE)])[0].outcome is Outcome.DONE
    assert state(org, 1) is AccountState.DISABLED
    (receipt,) = org.connector.disable([write(2, Action.DISABLE)])
    assert receipt.code == "ambiguous_number"
    assert org.connector.provision([write(2, Action.PROVISION, org.simulator.sample(2))])[0].code == "ambiguous_number"
    assert state(org, 2) is AccountState.ENABLED
    assert len(list(org.connector.scan())) == 5


def test_whose_account_it_is_is_not_said_where_several_active_users_carry_the_number(org: SalesforceOrg) -> None:
    """The most active one is shown, so that nobody passes for closed, but as nobody's: it may be a colleague's."""
    org.simulator.seed([{"number": "0001", "state": "removed"}, {"number": "0001"}, {"number": "0002"}])
    org.simulator.seed([{"number": "0002", "state": "disabled"}])
    settled, guessed = org.connector.find([AccountRef("0001"), AccountRef("0002")])
    assert settled is not None
    assert guessed is not None
    assert (settled.number, guessed.number, guessed.state) == ("0001", None, AccountState.ENABLED)
    (linked,) = org.connector.find([AccountRef("0002", guessed.external_id)])
    assert linked is not None
    assert linked.number == "0002"


@pytest.mark.parametrize("action", [Action.PROVISION, Action.DISABLE, Action.ENABLE, Action.REMOVE])
def test_a_linked_user_who_carries_another_number_is_somebody_elses(org: SalesforceOrg, action: Action) -> None:
    """An administrator has given the user to another employee: nothing is done to that one, in whichever form the id is."""
    mine, theirs = org.provisioned(1, 2)
    before, calls = org.simulator.user("0002"), len(org.simulator.requests)
    fields = org.simulator.sample(1) if action is Action.PROVISION else {}
    for stale in (theirs, theirs[:15]):
        receipts = getattr(org.connector, action.value)([write(1, action, fields, stale), write(3, action, {}, mine)])
        assert [receipt.code for receipt in receipts] == ["number_differs"] * 2
        assert all(receipt.remedy for receipt in receipts)
    assert org.simulator.user("0002") == before
    assert len(org.simulator.requests) - calls == 2, "one look for all that are linked"
    own, gone, short = org.connector.find(
        [AccountRef("0001", theirs), AccountRef("0003", theirs), AccountRef("0001", mine[:15])]
    )
    assert own is not None
    assert short is not None
    assert gone is None
    assert own.external_id == short.external_id == mine


def test_fields_of_somebody_elses_user_do_not_pass_for_proven(org: SalesforceOrg) -> None:
    """An update costs no look of its own; reading back shows that the person has no such user."""
    _, theirs = org.provisioned(1, 2)
    calls = len(org.simulator.requests)
    (receipt,) = org.connector.update([write(3, Action.UPDATE, {"Title": "3"}, theirs)])
    assert receipt.outcome is Outcome.DONE
    assert len(org.simulator.requests) - calls == 1
    assert org.connector.find([AccountRef("0003", theirs)]) == [None]


def test_numbers_are_text_and_exact(org: SalesforceOrg) -> None:
    org.simulator.seed([{"number": "12"}, {"number": "a1"}])
    found = org.connector.find([AccountRef(n) for n in ("0012", "12", "A1", "a1")])
    assert [account.number if account else None for account in found] == [None, "12", None, "a1"]


@pytest.mark.parametrize("number", ["䶮", "O'Hara", '双"引', "\\' OR Id != '", "a\nb", "%", "_", "') OR (Id!=''"])
def test_any_number_is_found_and_none_escapes_the_query(org: SalesforceOrg, number: str) -> None:
    org.simulator.seed([{"number": number}, {"number": "other"}])
    found = org.connector.find([AccountRef(number), AccountRef(number + "x")])
    assert [account.number if account else None for account in found] == [number, None]


def test_long_lists_of_numbers_are_asked_in_several_queries(org: SalesforceOrg) -> None:
    numbers = [f"{'员工编号' * 4}{n:04d}" for n in range(200)]
    org.simulator.seed([{"number": number} for number in numbers])
    found = org.connector.find([AccountRef(number) for number in numbers])
    assert [account.number for account in found if account] == numbers
    assert sum("/query" in path for _, path in org.simulator.requests) > 3  # three for the users, and their logins


def test_two_people_linked_to_one_user_are_not_both_written(org: SalesforceOrg) -> None:
    (user_id,) = org.provisioned(1)
    org.simulator.seed([{"number": None, "Username": "x@example.com"}])
    (nobodys,) = (str(a.external_id) for a in org.connector.scan() if a.fields["Username"] == "x@example.com")
    for linked, codes in ((user_id, ["shared_user", ""]), (nobodys, ["shared_user", ""])):
        forms = (linked, linked[:15])
        writes = [write(n, Action.UPDATE, {"Title": f"{n}"}, form) for n, form in enumerate(forms, start=1)]
        assert [receipt.code for receipt in org.connector.update(writes)] == codes
    assert len(org.simulator.journal) == 3


def test_the_mapping_may_not_change_the_number(org: SalesforceOrg) -> None:
    org.provisioned(1)
    assert org.connector.update([write(1, Action.UPDATE, {"EmployeeNumber": "2"})])[0].code == "number_differs"
    sample = {**org.simulator.sample(3), "EmployeeNumber": "3"}
    assert org.connector.provision([write(3, Action.PROVISION, sample)])[0].code == "number_differs"
    assert org.simulator.count("User") == 2


def test_a_scan_walks_all_pages_with_the_frozen_marked(org: SalesforceOrg) -> None:
    org.simulator.seed([{"number": f"{n:04d}"} for n in range(1, 26)])
    org.simulator.seed([{"number": "0026", "state": "disabled"}, {"number": "0027", "state": "removed"}])
    org.simulator.page_size = 10
    accounts = [account for account in org.connector.scan() if account.number]
    assert [account.number for account in accounts] == [f"{n:04d}" for n in range(1, 28)]
    assert accounts[25].state is AccountState.DISABLED
    assert accounts[26].state is AccountState.REMOVED
    assert accounts[24].state is AccountState.ENABLED


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page | {"done": False, "nextRecordsUrl": "/services/data/v62.0/query/" + page["records"][0]["Id"]},
        lambda page: page | {"totalSize": 99},
        lambda page: page | {"records": None},
        lambda page: page | {"done": False},
        lambda page: [page],
    ],
)
def test_pages_that_do_not_add_up_are_refused(org: SalesforceOrg, change) -> None:
    org.simulator.seed([{"number": f"{n:04d}"} for n in range(3)])

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        query = request.url.path.rstrip("/").endswith("/query") and "FROM User " in request.url.params["q"]
        if "/query/005" in request.url.path:
            request = httpx.Request("GET", request.url.copy_with(path="/services/data/v62.0/query"))
            last = {"totalSize": 4, "done": False, "records": [{"Id": "x"}], "nextRecordsUrl": "/query/005again"}
            return httpx.Response(200, json=last)
        return httpx.Response(200, json=change(json.loads(response.content))) if query else response

    org.tamper = tamper
    with pytest.raises(RetryableError):
        org.connector.find([AccountRef(f"{n:04d}") for n in range(3)])


def test_a_page_cannot_send_the_token_elsewhere(org: SalesforceOrg) -> None:
    org.simulator.seed([{"number": "0001"}])

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.url.path.rstrip("/").endswith("/query"):
            page = json.loads(response.content)
            page |= {"done": False, "nextRecordsUrl": "https://evil.example/x?y=@evil.example/query/z"}
            return httpx.Response(200, json=page)
        return response

    org.tamper = tamper
    with pytest.raises(RetryableError):
        org.connector.find([AccountRef("0001")])
    assert set(org.hosts) == {"127.0.0.1"}


def test_a_redirect_is_not_followed(org: SalesforceOrg) -> None:
    org.tamper = instead("/query", httpx.Response(302, headers={"Location": "https://evil.example/"}))
    with pytest.raises(HaltError, match="redirect"):
        org.connector.find([AccountRef("0001")])
    assert set(org.hosts) == {"127.0.0.1"}


def test_with_an_external_id_a_lost_creation_repeats_into_the_same_user() -> None:
    org = SalesforceOrg(number_field="Baton_Number__c", create_by="external_id")
    blind = instead("/query", httpx.Response(200, json={"totalSize": 0, "done": True, "records": []}), times=2)
    org.provisioned(1)
    org.tamper = blind
    with pytest.raises(InDoubtError):
        org.connector.provision([write(1, Action.PROVISION, org.simulator.sample(1))])
    assert org.simulator.count("User") == 2
    assert [entry.action for entry in org.simulator.journal] == ["provision", "enable"]
    assert org.simulator.user("0001")["EmployeeNumber"] is None


def test_the_self_check_tells_what_is_missing(org: SalesforceOrg) -> None:
    assert all(finding.ok for finding in org.connector.check())
    low = {"DailyApiRequests": {"Max": 100, "Remaining": 9}}
    org.tamper = instead("/limits", httpx.Response(200, json=low))
    assert [finding.what for finding in org.connector.check() if not finding.ok] == ["API allowance"]
    plain = SalesforceOrg(create_by="external_id")
    assert [finding.what for finding in plain.connector.check() if not finding.ok] == ["number field"]
    missing = SalesforceOrg(number_field="Baton_Number__c")
    missing.tamper = instead("/describe", httpx.Response(200, json={"fields": []}))
    assert [f.what for f in missing.connector.check() if not f.ok] == ["user fields", "number field"]
    blind = SalesforceOrg()
    blind.simulator.hide("Quote", "OauthToken", "GroupMember")
    (hidden,) = [finding for finding in blind.connector.check() if not finding.ok]
    assert hidden.detail == "hidden: GroupMember, OauthToken"
    (told,) = [finding.detail for finding in blind.connector.check() if finding.what == "handover"]
    assert told.endswith("not in this org: Quote")
    wrong = SalesforceOrg(client_secret="wrong")
    (finding,) = wrong.connector.check()
    assert not finding.ok
    assert "client_secret" in finding.remedy


def test_empty_calls_cost_nothing(org: SalesforceOrg) -> None:
    accounts = ("find", "provision", "update", "disable", "enable", "remove")
    for method in (*accounts, "holders", "transfer", "revoke", "entitle", "end_sessions"):
        assert list(getattr(org.connector, method)([])) == []
    assert org.simulator.calls == 0

"""The Salesforce connector against the simulated org."""

from __future__ import annotations

import httpx
import pytest

from baton.errors import HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import AccountRef, AccountState, Action, Outcome
from connectors.crm.salesforce.wire import CALL_ERRORS, Verdict
from tests.connectors.crm.salesforce_desk import state
from tests.connectors.crm.salesforce_org import SalesforceOrg, collections_answer, instead, refused, write


def test_a_person_joins_moves_is_frozen_returns_and_leaves(org: SalesforceOrg) -> None:
    assert state(org, 1) is AccountState.ABSENT
    (user_id,) = org.provisioned(1)
    (account,) = org.connector.find([AccountRef("0001", user_id)])
    assert account is not None
    assert {**org.simulator.sample(1), "EmployeeNumber": "0001"}.items() <= account.fields.items()
    assert account.fields["LastName"] == "测试䶮1"
    assert account.number == "0001"

    changed = org.simulator.changed(1)
    assert org.connector.update([write(1, Action.UPDATE, changed, user_id)])[0].outcome is Outcome.DONE
    (account,) = org.connector.find([AccountRef("0001")])
    assert account is not None
    assert changed.items() <= account.fields.items()

    assert org.connector.disable([write(1, Action.DISABLE)])[0].outcome is Outcome.DONE
    assert state(org, 1) is AccountState.DISABLED
    assert org.simulator.user("0001")["IsActive"] is True
    assert org.connector.enable([write(1, Action.ENABLE, {"Title": None})])[0].outcome is Outcome.DONE
    assert state(org, 1) is AccountState.ENABLED
    assert org.simulator.user("0001")["Title"] is None

    assert org.connector.remove([write(1, Action.REMOVE)])[0].outcome is Outcome.DONE
    assert state(org, 1) is AccountState.REMOVED
    assert org.connector.enable([write(1, Action.ENABLE)])[0].outcome is Outcome.DONE
    assert state(org, 1) is AccountState.ENABLED


def test_every_call_switches_assignment_rules_off(org: SalesforceOrg) -> None:
    org.provisioned(1)
    calls = [headers for headers in org.headers if headers["authorization"].startswith("Bearer")]
    assert len(calls) == 3
    assert {headers["sforce-auto-assign"] for headers in calls} == {"FALSE"}


def test_an_existing_user_is_taken_over_reactivated_and_unfrozen(org: SalesforceOrg) -> None:
    org.simulator.seed(
        [
            {"number": "0001", "Title": "旧", "state": "removed"},
            {"number": "0002", "state": "disabled"},
        ]
    )
    before = org.simulator.count("User")
    receipts = org.connector.provision([write(n, Action.PROVISION, org.simulator.sample(n)) for n in (1, 2, 3)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.DONE] * 3
    assert org.simulator.count("User") == before + 1
    assert [state(org, n) for n in (1, 2, 3)] == [AccountState.ENABLED] * 3
    assert org.simulator.user("0001")["Title"] == "客户经理"
    assert receipts[0].external_id == org.simulator.user("0001")["Id"]


def test_a_linked_user_without_a_number_gets_it_by_provisioning(org: SalesforceOrg) -> None:
    org.simulator.seed([{"number": None, "Username": "x@example.com"}])
    (user_id,) = (a.external_id for a in org.connector.scan() if a.fields["Username"] == "x@example.com")
    org.connector.provision([write(7, Action.PROVISION, org.simulator.sample(7), user_id)])
    assert org.simulator.user("0007")["Id"] == user_id


def test_two_hundred_and_one_people_travel_in_batches_of_at_most_two_hundred(org: SalesforceOrg) -> None:
    limit = org.connector.batch_limit
    writes = [write(n, Action.PROVISION, org.simulator.sample(n)) for n in range(1, 202)]
    receipts = [*org.connector.provision(writes[:limit]), *org.connector.provision(writes[limit:])]
    assert len({receipt.external_id for receipt in receipts}) == 201
    ids = [receipt.external_id for receipt in receipts]
    updates = [write(n, Action.UPDATE, {"Title": f"职位{n}"}, ids[n - 1]) for n in range(1, 201)]
    assert all(r.outcome is Outcome.DONE for r in org.connector.update(updates))
    assert org.simulator.batch_sizes == [200, 1, 200]
    found = org.connector.find([AccountRef(f"{n:04d}") for n in range(1, 202)])
    assert [account.external_id for account in found if account] == ids
    org.connector.disable([write(n, Action.DISABLE) for n in range(1, 201)])
    assert max(org.simulator.batch_sizes) == 200
    with pytest.raises(RejectedError, match="201 records"):
        org.connector.provision([write(n, Action.PROVISION, org.simulator.sample(n)) for n in range(300, 501)])


def test_partial_failures_come_back_in_order(org: SalesforceOrg) -> None:
    fields = [dict(org.simulator.sample(n)) for n in range(1, 8)]
    fields[1]["Alias"] = "much too long"
    fields[2]["Email"] = "测试"
    fields[4]["Username"] = fields[0]["Username"]
    del fields[5]["ProfileId"]
    receipts = org.connector.provision([write(n, Action.PROVISION, f) for n, f in enumerate(fields, start=1)])
    assert [receipt.code or receipt.outcome.value for receipt in receipts] == [
        "done",
        "STRING_TOO_LONG",
        "INVALID_EMAIL_ADDRESS",
        "done",
        "DUPLICATE_USERNAME",
        "REQUIRED_FIELD_MISSING",
        "done",
    ]
    assert receipts[1].evidence["fields"] == "Alias"
    assert all(receipt.remedy for receipt in receipts if receipt.code)
    assert [entry.number for entry in org.simulator.journal] == ["0001", "0004", "0007"]
    assert org.simulator.user("0007")["Id"] == receipts[6].external_id


def test_update_failures_keep_their_places(org: SalesforceOrg) -> None:
    ids = org.provisioned(1, 2, 3)
    receipts = org.connector.update(
        [
            write(3, Action.UPDATE, {"Title": "丙"}, ids[2]),
            write(9, Action.UPDATE, {"Title": "无"}),
            write(2, Action.UPDATE, {"Title": "乙" * 81}),
            write(8, Action.UPDATE, {"Title": "无"}, "005000000000000AAA"),
            write(1, Action.UPDATE, {"Title": "甲", "ManagerId": ids[1]}),
        ]
    )
    codes = [receipt.code or "done" for receipt in receipts]
    assert codes == ["done", "no_account", "STRING_TOO_LONG", "INVALID_CROSS_REFERENCE_KEY", "done"]
    assert org.simulator.user("0001")["ManagerId"] == ids[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda results: results[:-1],
        lambda results: [*results, results[0]],
        lambda results: results[::-1],
        lambda results: [],
        lambda results: {"results": results},
        lambda results: [{"id": results[0]["id"]}, *results[1:]],
        lambda results: [{**results[0], "success": "true"}, *results[1:]],
        lambda results: [{**results[0], "success": False, "errors": []}, *results[1:]],
        lambda results: [results[0], results[0], results[2]],
    ],
)
@pytest.mark.parametrize("action", [Action.PROVISION, Action.UPDATE, Action.DISABLE, Action.REMOVE])
def test_results_that_do_not_fit_leave_the_whole_call_in_doubt(change, action: Action) -> None:
    org = SalesforceOrg()
    if action is not Action.PROVISION:
        org.provisioned(1, 2, 3)
    org.tamper = collections_answer(change)
    fields = [org.simulator.sample(n) if action is Action.PROVISION else {} for n in (1, 2, 3)]
    with pytest.raises(InDoubtError):
        getattr(org.connector, action.value)([write(n, action, f) for n, f in zip((1, 2, 3), fields, strict=True)])


def test_a_lost_answer_to_a_write_is_in_doubt_and_to_a_read_is_not(org: SalesforceOrg) -> None:
    org.provisioned(1)
    org.tamper = instead("/composite/", httpx.ReadTimeout("synthetic"))
    with pytest.raises(InDoubtError):
        org.connector.update([write(1, Action.UPDATE, {"Title": "新"})])
    org.tamper = instead("/composite/", refused(503, "SERVER_UNAVAILABLE"))
    with pytest.raises(InDoubtError):
        org.connector.update([write(1, Action.UPDATE, {"Title": "新"})])
    org.tamper = instead("/composite/", httpx.Response(200, text="<html>"))
    with pytest.raises(InDoubtError):
        org.connector.update([write(1, Action.UPDATE, {"Title": "新"})])
    for answer in (httpx.ReadTimeout("synthetic"), httpx.Response(200, text="<html>"), httpx.Response(500)):
        org.tamper = instead("/query", answer)
        with pytest.raises(RetryableError):
            org.connector.update([write(1, Action.UPDATE, {"Title": "新"})])


def test_a_failure_after_the_first_write_of_a_call_is_never_called_nothing(org: SalesforceOrg) -> None:
    org.provisioned(1)
    org.connector.disable([write(1, Action.DISABLE)])
    org.tamper = instead("/composite/", refused(403, "REQUEST_LIMIT_EXCEEDED"))
    with pytest.raises(RetryableError):
        org.connector.enable([write(1, Action.ENABLE)])
    seen: list[str] = []

    def second_write_fails(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if "/composite/" in request.url.path:
            seen.append(request.method)
        hit = "/composite/" in request.url.path and len(seen) == 2
        return refused(403, "REQUEST_LIMIT_EXCEEDED") if hit else response

    org.tamper = second_write_fails
    with pytest.raises(InDoubtError):
        org.connector.enable([write(1, Action.ENABLE)])
    org.tamper = instead("/query", refused(403, "REQUEST_LIMIT_EXCEEDED"), times=1)
    with pytest.raises(RetryableError):
        org.connector.disable([write(1, Action.DISABLE)])


def test_a_used_up_quota_waits_long_and_locks_are_repeated(org: SalesforceOrg) -> None:
    org.provisioned(1, 2)
    org.tamper = instead("/composite/", refused(403, "REQUEST_LIMIT_EXCEEDED"))
    with pytest.raises(RetryableError) as caught:
        org.connector.update([write(1, Action.UPDATE, {"Title": "新"})])
    assert caught.value.retry_after_s == 1800.0
    org.tamper = collections_answer(
        lambda results: [
            results[0],
            {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "x", "fields": []}]},
        ]
    )
    receipts = org.connector.update([write(n, Action.UPDATE, {"Title": "新"}) for n in (1, 2)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.DONE, Outcome.NOT_PERFORMED]


def test_throttling_keeps_retry_after(org: SalesforceOrg) -> None:
    org.provisioned(1)
    for part in ("/query", "/composite/"):
        org.tamper = instead(part, httpx.Response(429, headers={"Retry-After": "7"}, json=[]))
        with pytest.raises(RetryableError) as caught:
            org.connector.update([write(1, Action.UPDATE, {"Title": "新"})])
        assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize("code", sorted(CALL_ERRORS))
def test_every_known_call_error_has_its_kind(org: SalesforceOrg, code: str) -> None:
    org.tamper = instead("/query", refused(400, code))
    kind = {
        Verdict.AGAIN: RetryableError,
        Verdict.LATER: RetryableError,
        Verdict.REFUSED: RejectedError,
        Verdict.HALT: HaltError,
    }[CALL_ERRORS[code].verdict]
    with pytest.raises(kind) as caught:
        org.connector.find([AccountRef("0001")])
    assert caught.value.code == code
    assert "测试丙" not in str(caught.value)


@pytest.mark.parametrize("answer", [refused(418, "NEWLY_INVENTED"), httpx.Response(403, text="no"), refused(300, "X")])
def test_an_unknown_call_error_halts(org: SalesforceOrg, answer: httpx.Response) -> None:
    org.tamper = instead("/query", answer)
    with pytest.raises(HaltError):
        org.connector.find([AccountRef("0001")])

"""Rights and sessions of people in Salesforce, against the simulated org."""

from __future__ import annotations

import httpx
import pytest

from baton.errors import HaltError
from baton.model.account import AccountRef, Outcome
from baton.model.handover import GrantChange, HoldingKind, HoldingRef
from connectors.crm.salesforce.org import long_id
from tests.connectors.crm.salesforce_handover import Handover
from tests.connectors.crm.salesforce_org import instead

LEAVER = AccountRef("0001")


def test_every_right_is_listed_with_what_people_call_it(handover: Handover) -> None:
    simulator = handover.simulator
    given = {simulator.seed_grant(n, handover.leaver) for n in range(4)}
    simulator.seed_grant(4, handover.third)
    licence = simulator.plant("PermissionSetLicense", DeveloperName="Cpq", MasterLabel="示例许可")
    simulator.plant("PermissionSetLicenseAssign", AssigneeId=handover.leaver, PermissionSetLicenseId=licence)
    hidden = simulator.plant("PermissionSet", Name="X00e", Label="00e", IsOwnedByProfile=True)
    simulator.plant("PermissionSetAssignment", AssigneeId=handover.leaver, PermissionSetId=hidden)
    found = {grant.id: grant for grant in handover.connector.grants(LEAVER)}
    profile = f"profile:{simulator.profile_id}"
    assert found.keys() == given | {f"licence:{licence}", profile}
    assert {grant.title for grant in found.values()} == {
        *("权限集0", "权限集组1", "示例组2", "示例组3", "示例许可", "Standard User"),
    }
    levels = {grant.level for grant in found.values() if grant.id.startswith("group:")}
    assert levels == {"Regular", "Queue"}
    assert [grant.id for grant in found.values() if grant.by_hand] == [profile]
    simulator.row("User", handover.leaver)["IsActive"] = False
    left = {grant.id for grant in handover.connector.grants(LEAVER)}
    assert left == found.keys() - {profile}, "a profile means nothing to an inactive user"
    assert handover.connector.grants(AccountRef("0099")) == []


@pytest.mark.parametrize("n", range(4))
def test_a_right_goes_over_to_the_successor_and_then_from_the_leaver(handover: Handover, n: int) -> None:
    simulator = handover.simulator
    grant, kept = simulator.seed_grant(n, handover.leaver), simulator.seed_grant(n + 4, handover.leaver)
    for _ in range(2):
        (receipt,) = handover.connector.entitle([handover.change(grant, handover.successor)])
        assert receipt.outcome is Outcome.DONE
    assert simulator.granted(handover.successor) == {grant}
    for _ in range(2):
        (receipt,) = handover.connector.revoke([handover.change(grant)])
        assert receipt.outcome is Outcome.DONE
    assert simulator.granted(handover.leaver) == {kept}
    assert simulator.granted(handover.successor) == {grant}


def test_membership_in_a_team_is_a_right_to_that_client(handover: Handover) -> None:
    client = handover.simulator.seed_holding("client", 1, handover.third)
    levels = {"AccountAccessLevel": "Edit", "OpportunityAccessLevel": "Read", "TeamMemberRole": "Rep: North"}
    handover.simulator.seed_member(client, handover.leaver, **levels)
    (grant,) = (each for each in handover.connector.grants(LEAVER) if each.object)
    assert (grant.object, grant.level) == (HoldingRef(HoldingKind.CLIENT, client), "Edit")
    changes = [handover.change(grant.id, handover.successor)]
    assert handover.connector.entitle(changes)[0].outcome is Outcome.DONE
    assert handover.connector.revoke([handover.change(grant.id)])[0].outcome is Outcome.DONE
    assert handover.simulator.team(client) == {(handover.successor, "Rep: North", "Edit")}


def test_many_changes_are_answered_in_order_at_one_call_an_object(handover: Handover) -> None:
    grants = [handover.simulator.seed_grant(n, handover.leaver) for n in range(40)]
    handover.connector.grants(LEAVER)
    handover.calls()
    unknown = ["permission_set:x", "nonsense:0PS000000000000AAA", f"profile:{handover.simulator.profile_id}"]
    changes = [*map(handover.change, grants), *map(handover.change, unknown)]
    changes.append(GrantChange("k", AccountRef("0099"), grants[0]))
    receipts = handover.connector.revoke(changes)
    assert [receipt.external_id for receipt in receipts[:40]] == grants
    assert [receipt.code for receipt in receipts[40:]] == ["no_such_right", "no_such_right", "by_hand", "no_account"]
    assert handover.simulator.granted(handover.leaver) == set()
    calls = [method for method, path in handover.calls() if path == "composite/sobjects"]
    assert calls == ["DELETE"] * 3


def test_a_refused_right_is_refused_alone(handover: Handover) -> None:
    good, bad = (handover.simulator.seed_grant(n, handover.leaver) for n in (0, 4))
    del handover.simulator._rows.tables["PermissionSet"][bad.partition(":")[2]]
    receipts = handover.connector.entitle([handover.change(each, handover.successor) for each in (bad, good)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.REFUSED, Outcome.DONE]
    assert receipts[0].remedy


def test_a_lost_answer_leaves_what_was_sent_in_doubt_and_the_rest_undone(handover: Handover) -> None:
    grants = [handover.simulator.seed_grant(n, handover.leaver) for n in (0, 2)]
    handover.org.tamper = instead("composite/sobjects", httpx.Response(500), method="DELETE", times=1)
    receipts = handover.connector.revoke([handover.change(each) for each in grants])
    assert [receipt.outcome for receipt in receipts] == [Outcome.IN_DOUBT, Outcome.NOT_PERFORMED]
    assert handover.simulator.granted(handover.leaver) == {grants[1]}


def test_rights_that_may_not_be_seen_are_not_taken_for_none(handover: Handover) -> None:
    handover.simulator.hide("PermissionSetAssignment")
    with pytest.raises(HaltError, match="PermissionSetAssignment") as caught:
        handover.connector.grants(LEAVER)
    assert caught.value.remedy


# --- sessions


def test_everybody_named_is_logged_out_and_nobody_else(handover: Handover) -> None:
    simulator = handover.simulator
    for person in (handover.leaver, handover.leaver, handover.third):
        simulator.log_in(person)
    receipts = handover.connector.end_sessions([handover.end(), handover.end(handover.successor)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.DONE] * 2
    assert receipts[0].evidence == {"sessions": "2", "tokens": "2"}
    assert not simulator.logged_in(handover.leaver)
    assert simulator.logged_in(handover.third)
    assert handover.connector.end_sessions([handover.end()])[0].outcome is Outcome.DONE


def test_the_short_form_of_an_id_names_the_same_person(handover: Handover) -> None:
    """Before: nothing was found of that person, and that was taken for done."""
    simulator, short = handover.simulator, handover.leaver[:15]
    simulator.log_in(handover.leaver)
    (receipt,) = handover.connector.end_sessions([handover.end(short)])
    assert (receipt.outcome, dict(receipt.evidence)) == (Outcome.DONE, {"sessions": "1", "tokens": "1"})
    assert not simulator.logged_in(handover.leaver)
    grant = simulator.seed_grant(1, handover.leaver)
    assert [each.id for each in handover.connector.grants(AccountRef("0001", short)) if not each.by_hand] == [grant]
    assert handover.connector.revoke([handover.change(grant, short)])[0].outcome is Outcome.DONE
    assert not simulator.granted(handover.leaver)
    (client,) = handover.plant("client", 1)
    pages = handover.connector.owned_by([AccountRef("0001", short)])
    assert [(who, holding.ref.external_id) for page in pages for who, holding in page] == [(short, client)]
    given = handover.transfer("client", client, to=handover.successor[:15], holder=short)
    assert handover.connector.transfer([given])[0].outcome is Outcome.DONE
    assert simulator.holder_of("client", client) == handover.successor
    (own,) = handover.connector.end_sessions([handover.end(simulator.me[:15])])
    assert own.code == "own_user"


def test_nothing_is_done_to_a_linked_user_who_is_somebody_elses_by_now(handover: Handover) -> None:
    """An administrator has given the leaver's user to another employee, who keeps their session, rights and records."""
    simulator = handover.simulator
    grant, (client, other) = simulator.seed_grant(1, handover.leaver), handover.plant("client", 1, 2)
    simulator.log_in(handover.leaver)
    simulator.row("User", handover.leaver)["EmployeeNumber"] = "0009"
    simulator.give_away("client", other, handover.third)
    handover.calls()
    back = handover.transfer("client", other, to=handover.leaver, holder=handover.third)
    receipts = [
        *handover.connector.end_sessions([handover.end(), handover.end(handover.leaver[:15])]),
        *handover.connector.revoke([handover.change(grant)]),
        *handover.connector.entitle([handover.change(grant.replace("0PG", "0PS"))]),
        *handover.connector.transfer([handover.transfer("client", client), back]),
    ]
    assert [receipt.code for receipt in receipts] == ["number_differs"] * 6
    assert [method for method, path in handover.calls() if path == "composite/sobjects"] == []
    assert simulator.logged_in(handover.leaver)
    assert simulator.granted(handover.leaver) == {grant}
    assert simulator.holder_of("client", client) == handover.leaver
    simulator.row("User", handover.leaver)["EmployeeNumber"] = None
    assert handover.connector.revoke([handover.change(grant)])[0].outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("short", "long"),
    [("0015g00000A1b2C", "0015g00000A1b2CAAR"), ("005000000000000", "005000000000000AAA"), ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO555")],
)  # fmt: skip
def test_the_long_form_of_an_id_follows_from_the_short_one(short: str, long: str) -> None:
    assert long_id(short) == long
    assert [long_id(given) for given in (long, "x' OR Id != 'y'", "", "甲" * 15)] == [
        long,
        "x' OR Id != 'y'",
        "",
        "甲" * 15,
    ]


def test_who_logs_in_again_meanwhile_is_not_logged_out(handover: Handover) -> None:
    handover.simulator.log_in(handover.leaver)

    def again(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.method == "DELETE":
            handover.simulator.log_in(handover.leaver)
        return response

    handover.org.tamper = again
    (receipt,) = handover.connector.end_sessions([handover.end()])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "still_logged_in")


def test_a_token_that_was_not_revoked_is_found(handover: Handover) -> None:
    handover.simulator.log_in(handover.leaver)
    handover.org.tamper = instead("oauth2/revoke", httpx.Response(200))
    handover.simulator.revoke_token = lambda _: False  # type: ignore[method-assign]
    (receipt,) = handover.connector.end_sessions([handover.end()])
    assert receipt.code == "still_logged_in"


def test_the_hub_does_not_log_itself_out(handover: Handover) -> None:
    handover.simulator.log_in(handover.simulator.me)
    (receipt,) = handover.connector.end_sessions([handover.end(handover.simulator.me)])
    assert receipt.code == "own_user"
    assert handover.simulator.logged_in(handover.simulator.me)


def test_a_failure_after_the_first_step_is_in_doubt(handover: Handover) -> None:
    for person in (handover.leaver, handover.third):
        handover.simulator.log_in(person)
    handover.org.tamper = instead("composite/sobjects", httpx.Response(429), method="DELETE")
    receipts = handover.connector.end_sessions([handover.end(), handover.end(handover.third)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.IN_DOUBT, Outcome.NOT_PERFORMED]
    handover.org.tamper = lambda _, response: response
    assert handover.simulator.logged_in(handover.third)


def test_tokens_that_may_not_be_seen_are_not_taken_for_none(handover: Handover) -> None:
    handover.simulator.hide("OauthToken")
    with pytest.raises(HaltError, match="tokens"):
        handover.connector.end_sessions([handover.end()])


def test_no_token_is_said_anywhere(handover: Handover) -> None:
    handover.simulator.log_in(handover.leaver)
    tokens = [row["DeleteToken"] for row in handover.simulator._rows.tables["OauthToken"].values()]
    (receipt,) = handover.connector.end_sessions([handover.end()])
    assert not any(token in repr(receipt) for token in tokens)
    assert not any(token in path for _, path in handover.simulator.requests for token in tokens)

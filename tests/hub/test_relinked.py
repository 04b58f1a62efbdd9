"""Somebody's account was made anew under another id: reconcile links it, and what was proven of the old one is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from baton.hub.execution import apply
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState, Action, FieldSpec
from tests.rig.company import row
from tests.rig.targets import FIELDS, KeyTarget
from tests.rig.truth import Record

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Shy(KeyTarget):
    """Shows no mobile numbers."""

    fields: ClassVar[Mapping[str, FieldSpec]] = {**FIELDS, "mobile": FieldSpec(personal=True, readable=False)}


def go(company, hub, *rows):
    company.rows = list(rows)
    plan = plan_sync(hub, SyncRequest())
    apply(hub)
    return {draft.intention.number: (draft.intention.action, set(draft.intention.fields)) for draft in plan.drafted}


def linked(hub) -> dict[str, str | None]:
    with hub.database.read() as connection:
        return {link.number: link.external_id for link in hub.links.in_system(connection, "crm")}


def made_anew(company, number: str) -> Record:
    """Deleted and made again by hand, and the id of before is a stranger's now."""
    accounts = company.truths["crm"].accounts
    accounts["9999"] = Record(accounts[number].external_id, AccountState.ENABLED, {"name": "陌生人"})
    accounts[number] = Record(f"by-hand-{number}", AccountState.ENABLED, {**accounts[number].fields, "mobile": None})
    return accounts[number]


def test_reconcile_links_an_account_anew_and_tells_it_once(start) -> None:
    company, hub = start({"crm": Shy})
    people = [row("0001", mobile="13800000001"), row("0002")]
    go(company, hub, *people)
    before = linked(hub)
    account = made_anew(company, "0001")
    found = reconcile(hub, "crm")
    assert [(d.number, d.kind) for d in found.drifts] == [("0001", "relinked"), ("9999", "unknown_account")]
    assert (found.counts["drifted"], found.counts["alike"]) == (1, 1)
    assert linked(hub) == {**before, "0001": "by-hand-0001"}
    assert [drift.kind for drift in reconcile(hub, "crm").drifts] == ["unknown_account"]
    # What cannot be read was proven of the account of before: it is written again.
    assert go(company, hub, *people) == {"0001": (Action.UPDATE, {"mobile"})}
    assert account.fields["mobile"] == "13800000001"


def test_what_differs_in_an_account_that_is_linked_anew_is_mended_too(start) -> None:
    company, hub = start()
    people = [row("0001"), row("0002")]
    go(company, hub, *people)
    made_anew(company, "0001").fields["title"] = "wrong"
    made_anew(company, "0002").state = AccountState.DISABLED
    drifts = {drift.number: (drift.kind, list(drift.fields)) for drift in reconcile(hub, "crm").drifts}
    assert drifts == {"0001": ("relinked", ["title"]), "0002": ("state", []), "9999": ("unknown_account", [])}
    assert go(company, hub, *people) == {"0001": (Action.UPDATE, {"title"}), "0002": (Action.ENABLE, set())}
    assert [drift.kind for drift in reconcile(hub, "crm").drifts] == ["unknown_account"]


def test_who_names_the_account_of_before_as_their_manager_is_told_the_new_one(start) -> None:
    company, hub = start()
    people = [row("0001"), row("0002", manager="0001")]
    for _ in range(2):  # a manager is named once they have an account
        go(company, hub, *people)
    made_anew(company, "0001")
    drifts = {drift.number: (drift.kind, list(drift.fields)) for drift in reconcile(hub, "crm").drifts}
    assert drifts["0002"] == ("fields", ["manager"])
    go(company, hub, *people)
    assert company.truths["crm"].accounts["0002"].fields["manager"] == "by-hand-0001"


def test_a_leavers_account_that_was_made_anew_is_linked_and_nothing_is_written(start) -> None:
    company, hub = start()
    left = row("0001", status="departed", last_day="2020-06-01", contract_end="2099-01-01")
    go(company, hub, row("0001"), row("0002"))
    go(company, hub, left, row("0002"))
    made_anew(company, "0001").state = AccountState.DISABLED
    assert [drift.kind for drift in reconcile(hub, "crm").drifts] == ["relinked", "unknown_account"]
    assert linked(hub)["0001"] == "by-hand-0001"
    written = len(company.truths["crm"].journal)
    go(company, hub, left, row("0002"))
    assert len(company.truths["crm"].journal) == written

"""Laws of rights: what a person may do is told whole, and changed for nobody else."""

from __future__ import annotations

from functools import partial
from typing import Final

from baton.errors import HaltError, RejectedError
from baton.kit import trouble_checks
from baton.kit.bench import Bench, expect
from baton.kit.handover_desk import LEAVER, OTHER, STRANGER, SUCCESSOR
from baton.kit.record_desk import insist, said_of
from baton.kit.rights_desk import RightsDesk
from baton.kit.trouble_checks import Attempt, Plays
from baton.model.account import AccountRef, Outcome
from baton.model.handover import GrantChange

_MANY: Final = 40
"""Changes of a call: a limit beyond this is tried with this many."""


def every_right_of_a_person_is_told_once(bench: Bench) -> None:
    desk = RightsDesk(bench)
    mine, theirs = desk.plant(LEAVER, *range(1, 8)), desk.plant(OTHER, 1, 8)
    desk.small_pages()
    told = desk.told(LEAVER)
    missing = (set(mine) | desk.granted(LEAVER)) - set(told)
    expect(not missing, f"{len(missing)} rights that a person has are not told")
    expect(theirs[1] not in told, "a right that only somebody else has is told")
    expect(set(theirs) <= set(desk.told(OTHER)), "a right that two people have is told of one of them only")
    nameless = [grant.id for grant in told.values() if not grant.title.strip()]
    expect(not nameless, "a right has no title by which a person could know it")


def a_person_without_an_account_has_no_rights(bench: Bench) -> None:
    desk = RightsDesk(bench)
    desk.plant(LEAVER, 1)
    expect(not desk.control.grants(AccountRef(f"{STRANGER:04d}")), "a person without an account has rights")


def a_right_taken_is_gone_and_no_other(bench: Bench) -> None:
    desk = RightsDesk(bench)
    mine, theirs = desk.plant(LEAVER, 1, 2, 3), desk.plant(OTHER, 1, 2)
    insist(Outcome.DONE, desk.call(desk.control.revoke, [desk.change(LEAVER, mine[1])]), "taking a right away")
    for where in (desk.granted(LEAVER), set(desk.told(LEAVER))):
        expect(mine[1] not in where, "a right that was taken away is still there")
        expect({mine[0], mine[2]} <= where, "taking one right away took another one")
    expect(set(theirs) <= desk.granted(OTHER), "taking a right from one person took it from another")


def a_right_given_is_there_for_both(bench: Bench) -> None:
    desk = RightsDesk(bench)
    mine = desk.plant(LEAVER, 1, 2)
    desk.plant(SUCCESSOR, 3)
    before = desk.granted(SUCCESSOR)
    insist(Outcome.DONE, desk.call(desk.control.entitle, [desk.change(SUCCESSOR, mine[0])]), "giving a right")
    after = desk.granted(SUCCESSOR)
    expect(after == before | {mine[0]}, "after a right was given, the other side does not name it beside the old ones")
    expect(mine[0] in desk.told(SUCCESSOR), "a right that was given is not told of its new owner")
    expect(set(mine) <= desk.granted(LEAVER), "giving a right took it from the one who had it")


def changing_a_right_twice_is_harmless(bench: Bench) -> None:
    desk = RightsDesk(bench)
    first, second = desk.plant(LEAVER, 1, 2)
    desk.plant(SUCCESSOR, 3)
    given, taken = desk.change(SUCCESSOR, first), desk.change(LEAVER, second)
    for _ in range(2):
        insist(Outcome.DONE, desk.call(desk.control.entitle, [given]), "giving a right, or giving it again")
        insist(Outcome.DONE, desk.call(desk.control.revoke, [taken]), "taking a right away, or taking it again")
    never = desk.change(SUCCESSOR, second)
    insist(Outcome.DONE, desk.call(desk.control.revoke, [never]), "taking a right that the person never had")
    desk.told(SUCCESSOR)
    expect(first in desk.granted(SUCCESSOR), "a right that was given twice is not there")
    expect(second not in desk.granted(LEAVER), "a right that was taken twice is there")


def a_right_nobody_knows_harms_no_other(bench: Bench) -> None:
    desk = RightsDesk(bench)
    first, second = desk.plant(LEAVER, 1, 2)
    desk.plant(SUCCESSOR, 3)
    before = desk.granted(SUCCESSOR)
    grant_ids = [first, desk.unknown(first), second]
    receipts = desk.call(desk.control.entitle, [desk.change(SUCCESSOR, grant_id) for grant_id in grant_ids])
    insist(Outcome.REFUSED, receipts[1:2], "giving a right that is not there")
    insist(Outcome.DONE, receipts[::2], "giving a right beside one that is not there")
    now = desk.granted(SUCCESSOR)
    expect(now == before | {first, second}, "beside a right that is not there, not just the other two were given")


def a_right_for_nobody_is_refused(bench: Bench) -> None:
    desk = RightsDesk(bench)
    (grant_id,) = desk.plant(LEAVER, 1)
    before = bench.written() if hasattr(bench.counterpart, "journal") else 0
    said = said_of(partial(desk.call, desk.control.entitle, [GrantChange(desk.key(), desk.nobody(), grant_id)]))
    refused = {receipt.outcome for receipt in said.receipts} == {Outcome.REFUSED}
    stopped = refused or isinstance(said.error, HaltError | RejectedError)
    expect(stopped, f"giving a right to somebody who has no account gave {said}")
    remedy = getattr(said.error, "remedy", "") if said.error else said.receipts[0].remedy
    expect(remedy, "it is not said what to do when a right cannot be given because the person has no account")
    if hasattr(bench.counterpart, "journal"):
        expect(bench.written() == before, "giving a right to somebody who has no account wrote something")


def more_changes_than_a_call_takes_are_all_done(bench: Bench) -> None:
    desk = RightsDesk(bench)
    count = min(desk.control.change_limit, _MANY) + 1
    mine = desk.plant(LEAVER, *range(1, count + 1))
    desk.plant(SUCCESSOR, count + 1)
    given = [desk.change(SUCCESSOR, grant_id) for grant_id in mine]
    insist(Outcome.DONE, desk.call(desk.control.entitle, given), f"giving {count} rights")
    expect(set(mine) <= desk.granted(SUCCESSOR), f"of {count} rights that were given some are not there")
    taken = [desk.change(LEAVER, grant_id) for grant_id in mine]
    insist(Outcome.DONE, desk.call(desk.control.revoke, taken), f"taking {count} rights away")
    expect(not set(mine) & desk.granted(LEAVER), f"of {count} rights that were taken away some are still there")
    expect(desk.call(desk.control.entitle, []) == [], "no changes have receipts")


def a_change_of_rights_that_may_have_happened_is_in_doubt(bench: Bench) -> None:
    trouble_checks.doubt_is_said(bench, _CHANGES)


def a_change_of_rights_that_was_not_taken_is_retryable(bench: Bench) -> None:
    trouble_checks.not_taken_is_retryable(bench, _CHANGES)


def what_is_said_of_broken_changes_of_rights_is_true(bench: Bench) -> None:
    trouble_checks.what_is_said_is_true(bench, _CHANGES, bench.connector.change_limit)


def a_change_of_rights_in_trouble_is_never_lost(bench: Bench) -> None:
    trouble_checks.a_repeat_ends_it(bench, _CHANGES)


def a_refused_credential_halts_changes_of_rights(bench: Bench) -> None:
    trouble_checks.a_refused_credential_stops(bench, _CHANGES)


def a_change_of_rights_after_an_expired_session_is_done(bench: Bench) -> None:
    trouble_checks.an_ended_session_is_renewed(bench, _CHANGES)


def nothing_private_is_said_of_changes_of_rights(bench: Bench) -> None:
    trouble_checks.nothing_private_is_said(bench, _CHANGES)


def _taking(bench: Bench, count: int) -> Attempt:
    desk = RightsDesk(bench)
    mine = desk.plant(LEAVER, *desk.numbers("right", count))
    changes = [desk.change(LEAVER, grant_id) for grant_id in mine]
    return Attempt(
        send=partial(desk.call, desk.control.revoke, changes),
        happened=lambda: [grant_id not in desk.granted(LEAVER) for grant_id in mine],
        personal=(),
    )


def _giving(bench: Bench, count: int) -> Attempt:
    desk = RightsDesk(bench)
    mine = desk.plant(LEAVER, *desk.numbers("right", count))
    desk.plant(SUCCESSOR, *desk.numbers("right", 1))  # somebody who has rights already
    changes = [desk.change(SUCCESSOR, grant_id) for grant_id in mine]
    return Attempt(
        send=partial(desk.call, desk.control.entitle, changes),
        happened=lambda: [grant_id in desk.granted(SUCCESSOR) for grant_id in mine],
        personal=(),
    )


_CHANGES: Final[Plays] = {"taking a right": _taking, "giving a right": _giving}


LAWS = (
    every_right_of_a_person_is_told_once,
    a_person_without_an_account_has_no_rights,
    a_right_taken_is_gone_and_no_other,
    a_right_given_is_there_for_both,
    changing_a_right_twice_is_harmless,
    a_right_nobody_knows_harms_no_other,
    a_right_for_nobody_is_refused,
    more_changes_than_a_call_takes_are_all_done,
    a_change_of_rights_that_may_have_happened_is_in_doubt,
    a_change_of_rights_that_was_not_taken_is_retryable,
    what_is_said_of_broken_changes_of_rights_is_true,
    a_change_of_rights_in_trouble_is_never_lost,
    a_refused_credential_halts_changes_of_rights,
    a_change_of_rights_after_an_expired_session_is_done,
    nothing_private_is_said_of_changes_of_rights,
)

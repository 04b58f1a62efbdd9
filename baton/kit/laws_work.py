"""Laws of open work: it is listed whole, given to whom it should go, and taken from nobody else."""

from __future__ import annotations

from baton.contracts import OwnershipStore
from baton.kit import giving_checks, holding_checks, trouble_checks
from baton.kit.bench import Bench, expect
from baton.kit.handover_desk import LEAVER, holding_kinds, owned_desk, reassigning_desk, work_desk
from baton.kit.transfer_plays import transfer_plays
from baton.kit.trouble_checks import Plays

# --- WorkSource


def all_open_work_is_listed_once(bench: Bench) -> None:
    holding_checks.each_is_listed_once(work_desk(bench))


def the_work_of_somebody_else_is_not_listed(bench: Bench) -> None:
    holding_checks.nothing_of_others_is_listed(work_desk(bench))


def a_person_without_an_account_has_no_work(bench: Bench) -> None:
    holding_checks.nobody_holds_nothing(work_desk(bench))


def a_worker_known_by_number_alone_is_not_taken_for_nobody(bench: Bench) -> None:
    holding_checks.a_number_alone_does(work_desk(bench))


def titles_of_work_keep_their_chinese(bench: Bench) -> None:
    holding_checks.chinese_titles_arrive(work_desk(bench))


def facts_of_work_are_plain_values(bench: Bench) -> None:
    holding_checks.values_are_plain(work_desk(bench))


def work_is_another_when_it_changes_and_only_then(bench: Bench) -> None:
    holding_checks.a_change_shows_and_nothing_else(work_desk(bench))


def a_part_of_the_work_never_passes_for_the_whole(bench: Bench) -> None:
    holding_checks.never_a_part_for_the_whole(bench, work_desk)


def work_is_of_the_declared_kinds_and_not_owned_too(bench: Bench) -> None:
    desk = work_desk(bench)
    for kind in sorted(holding_kinds(bench)):
        desk.plant(kind, LEAVER)
    work = set(desk.held(LEAVER))
    others = sorted({ref.kind for ref in work} - bench.connector.work_kinds)
    expect(not others, f"work of the kinds {', '.join(others)} is listed, which work_kinds does not name")
    if isinstance(bench.connector, OwnershipStore):
        twice = sorted({ref.kind for ref in work & set(owned_desk(bench).held(LEAVER))})
        expect(not twice, f"one {', '.join(twice)} is listed as owned and as work")


SOURCE_LAWS = (
    all_open_work_is_listed_once,
    the_work_of_somebody_else_is_not_listed,
    a_person_without_an_account_has_no_work,
    a_worker_known_by_number_alone_is_not_taken_for_nobody,
    titles_of_work_keep_their_chinese,
    facts_of_work_are_plain_values,
    work_is_another_when_it_changes_and_only_then,
    a_part_of_the_work_never_passes_for_the_whole,
    work_is_of_the_declared_kinds_and_not_owned_too,
)


# --- WorkTransfer


def work_can_be_given_or_says_why_not(bench: Bench) -> None:
    giving_checks.what_is_listed_can_be_given(reassigning_desk(bench))


def every_kind_of_work_that_can_be_given_is_tried(bench: Bench) -> None:
    giving_checks.declared_kinds_are_tried(reassigning_desk(bench))


def workers_are_told_in_order(bench: Bench) -> None:
    giving_checks.holders_are_told(reassigning_desk(bench))


def after_a_reassignment_the_successor_has_the_work_as_it_was(bench: Bench) -> None:
    giving_checks.done_is_done(reassigning_desk(bench))


def one_receipt_per_reassignment_in_order(bench: Bench) -> None:
    giving_checks.receipts_are_in_order(reassigning_desk(bench))


def a_reassignment_to_who_has_the_work_is_done_and_writes_nothing(bench: Bench) -> None:
    giving_checks.done_once_is_enough(reassigning_desk(bench))


def a_reassignment_from_the_wrong_worker_is_refused_as_changed(bench: Bench) -> None:
    giving_checks.changed_is_refused_and_untouched(reassigning_desk(bench))


def a_reassignment_of_what_changed_hands_harms_no_other(bench: Bench) -> None:
    giving_checks.one_that_changed_harms_no_other(reassigning_desk(bench))


def a_reassignment_of_what_is_not_there_harms_no_other(bench: Bench) -> None:
    giving_checks.what_is_missing_harms_no_other(reassigning_desk(bench))


def a_reassignment_to_nobody_moves_nothing(bench: Bench) -> None:
    giving_checks.nobody_gets_nothing(reassigning_desk(bench))


def more_reassignments_than_a_call_takes_are_all_done(bench: Bench) -> None:
    giving_checks.more_than_a_call_takes(reassigning_desk(bench))


def a_reassignment_taken_back_restores_what_was(bench: Bench) -> None:
    giving_checks.taking_back_restores(reassigning_desk(bench))


def reassignments_of_several_kinds_to_several_people_go_right(bench: Bench) -> None:
    giving_checks.kinds_and_successors_mix(reassigning_desk(bench))


def a_reassignment_that_may_have_happened_is_in_doubt(bench: Bench) -> None:
    trouble_checks.doubt_is_said(bench, _plays(bench))


def a_reassignment_that_was_not_taken_is_retryable(bench: Bench) -> None:
    trouble_checks.not_taken_is_retryable(bench, _plays(bench))


def what_is_said_of_broken_reassignments_is_true(bench: Bench) -> None:
    trouble_checks.what_is_said_is_true(bench, _plays(bench), reassigning_desk(bench).limit)


def a_reassignment_in_trouble_is_never_lost(bench: Bench) -> None:
    trouble_checks.a_repeat_ends_it(bench, _plays(bench))


def a_refused_credential_halts_reassignments(bench: Bench) -> None:
    trouble_checks.a_refused_credential_stops(bench, _plays(bench))


def a_reassignment_after_an_expired_session_is_done(bench: Bench) -> None:
    trouble_checks.an_ended_session_is_renewed(bench, _plays(bench))


def nothing_private_is_said_of_reassignments(bench: Bench) -> None:
    trouble_checks.nothing_private_is_said(bench, _plays(bench))


def _plays(bench: Bench) -> Plays:
    return transfer_plays(reassigning_desk, reassigning_desk(bench).given)


TRANSFER_LAWS = (
    work_can_be_given_or_says_why_not,
    every_kind_of_work_that_can_be_given_is_tried,
    workers_are_told_in_order,
    after_a_reassignment_the_successor_has_the_work_as_it_was,
    one_receipt_per_reassignment_in_order,
    a_reassignment_to_who_has_the_work_is_done_and_writes_nothing,
    a_reassignment_from_the_wrong_worker_is_refused_as_changed,
    a_reassignment_of_what_changed_hands_harms_no_other,
    a_reassignment_of_what_is_not_there_harms_no_other,
    a_reassignment_to_nobody_moves_nothing,
    more_reassignments_than_a_call_takes_are_all_done,
    a_reassignment_taken_back_restores_what_was,
    reassignments_of_several_kinds_to_several_people_go_right,
    a_reassignment_that_may_have_happened_is_in_doubt,
    a_reassignment_that_was_not_taken_is_retryable,
    what_is_said_of_broken_reassignments_is_true,
    a_reassignment_in_trouble_is_never_lost,
    a_refused_credential_halts_reassignments,
    a_reassignment_after_an_expired_session_is_done,
    nothing_private_is_said_of_reassignments,
)

"""Laws of what people own: it is listed whole, given to whom it should go, and taken from nobody else."""

from __future__ import annotations

from baton.kit import giving_checks, holding_checks, trouble_checks
from baton.kit.bench import Bench
from baton.kit.handover_desk import owned_desk
from baton.kit.transfer_plays import transfer_plays
from baton.kit.trouble_checks import Plays


def everything_owned_is_listed_once(bench: Bench) -> None:
    holding_checks.each_is_listed_once(owned_desk(bench))


def what_somebody_else_owns_is_not_listed(bench: Bench) -> None:
    holding_checks.nothing_of_others_is_listed(owned_desk(bench))


def a_person_without_an_account_owns_nothing(bench: Bench) -> None:
    holding_checks.nobody_holds_nothing(owned_desk(bench))


def an_owner_known_by_number_alone_is_not_taken_for_nobody(bench: Bench) -> None:
    holding_checks.a_number_alone_does(owned_desk(bench))


def titles_of_what_is_owned_keep_their_chinese(bench: Bench) -> None:
    holding_checks.chinese_titles_arrive(owned_desk(bench))


def facts_of_what_is_owned_are_plain_values(bench: Bench) -> None:
    holding_checks.values_are_plain(owned_desk(bench))


def what_is_owned_is_another_when_it_changes_and_only_then(bench: Bench) -> None:
    holding_checks.a_change_shows_and_nothing_else(owned_desk(bench))


def a_part_of_what_is_owned_never_passes_for_the_whole(bench: Bench) -> None:
    holding_checks.never_a_part_for_the_whole(bench, owned_desk)


def what_is_owned_can_be_given_or_says_why_not(bench: Bench) -> None:
    giving_checks.what_is_listed_can_be_given(owned_desk(bench))


def every_kind_that_can_be_given_is_tried(bench: Bench) -> None:
    giving_checks.declared_kinds_are_tried(owned_desk(bench))


def owners_are_told_in_order(bench: Bench) -> None:
    giving_checks.holders_are_told(owned_desk(bench))


def after_a_transfer_the_successor_owns_it_as_it_was(bench: Bench) -> None:
    giving_checks.done_is_done(owned_desk(bench))


def one_receipt_per_transfer_in_order(bench: Bench) -> None:
    giving_checks.receipts_are_in_order(owned_desk(bench))


def a_transfer_to_its_owner_is_done_and_writes_nothing(bench: Bench) -> None:
    giving_checks.done_once_is_enough(owned_desk(bench))


def a_transfer_from_the_wrong_owner_is_refused_as_changed(bench: Bench) -> None:
    giving_checks.changed_is_refused_and_untouched(owned_desk(bench))


def a_transfer_of_what_changed_hands_harms_no_other(bench: Bench) -> None:
    giving_checks.one_that_changed_harms_no_other(owned_desk(bench))


def a_transfer_of_what_is_not_there_harms_no_other(bench: Bench) -> None:
    giving_checks.what_is_missing_harms_no_other(owned_desk(bench))


def a_transfer_to_nobody_moves_nothing(bench: Bench) -> None:
    giving_checks.nobody_gets_nothing(owned_desk(bench))


def more_transfers_than_a_call_takes_are_all_done(bench: Bench) -> None:
    giving_checks.more_than_a_call_takes(owned_desk(bench))


def a_transfer_taken_back_restores_what_was(bench: Bench) -> None:
    giving_checks.taking_back_restores(owned_desk(bench))


def transfers_of_several_kinds_to_several_people_go_right(bench: Bench) -> None:
    giving_checks.kinds_and_successors_mix(owned_desk(bench))


def a_transfer_that_may_have_happened_is_in_doubt(bench: Bench) -> None:
    trouble_checks.doubt_is_said(bench, _plays(bench))


def a_transfer_that_was_not_taken_is_retryable(bench: Bench) -> None:
    trouble_checks.not_taken_is_retryable(bench, _plays(bench))


def what_is_said_of_broken_transfers_is_true(bench: Bench) -> None:
    trouble_checks.what_is_said_is_true(bench, _plays(bench), owned_desk(bench).limit)


def a_transfer_in_trouble_is_never_lost(bench: Bench) -> None:
    trouble_checks.a_repeat_ends_it(bench, _plays(bench))


def a_refused_credential_halts_transfers(bench: Bench) -> None:
    trouble_checks.a_refused_credential_stops(bench, _plays(bench))


def a_transfer_after_an_expired_session_is_done(bench: Bench) -> None:
    trouble_checks.an_ended_session_is_renewed(bench, _plays(bench))


def nothing_private_is_said_of_transfers(bench: Bench) -> None:
    trouble_checks.nothing_private_is_said(bench, _plays(bench))


def _plays(bench: Bench) -> Plays:
    return transfer_plays(owned_desk, owned_desk(bench).given)


LAWS = (
    everything_owned_is_listed_once,
    what_somebody_else_owns_is_not_listed,
    a_person_without_an_account_owns_nothing,
    an_owner_known_by_number_alone_is_not_taken_for_nobody,
    titles_of_what_is_owned_keep_their_chinese,
    facts_of_what_is_owned_are_plain_values,
    what_is_owned_is_another_when_it_changes_and_only_then,
    a_part_of_what_is_owned_never_passes_for_the_whole,
    what_is_owned_can_be_given_or_says_why_not,
    every_kind_that_can_be_given_is_tried,
    owners_are_told_in_order,
    after_a_transfer_the_successor_owns_it_as_it_was,
    one_receipt_per_transfer_in_order,
    a_transfer_to_its_owner_is_done_and_writes_nothing,
    a_transfer_from_the_wrong_owner_is_refused_as_changed,
    a_transfer_of_what_changed_hands_harms_no_other,
    a_transfer_of_what_is_not_there_harms_no_other,
    a_transfer_to_nobody_moves_nothing,
    more_transfers_than_a_call_takes_are_all_done,
    a_transfer_taken_back_restores_what_was,
    transfers_of_several_kinds_to_several_people_go_right,
    a_transfer_that_may_have_happened_is_in_doubt,
    a_transfer_that_was_not_taken_is_retryable,
    what_is_said_of_broken_transfers_is_true,
    a_transfer_in_trouble_is_never_lost,
    a_refused_credential_halts_transfers,
    a_transfer_after_an_expired_session_is_done,
    nothing_private_is_said_of_transfers,
)

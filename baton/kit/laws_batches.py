"""Laws of account targets that take several writes a call: what is said of each when the call goes wrong half-way."""

from __future__ import annotations

from baton.errors import InDoubtError, RejectedError, RetryableError
from baton.kit.bench import Bench, Said, expect, not_applicable
from baton.kit.troubles import Trouble
from baton.model.account import AccountState, Action, Outcome

_PEOPLE = (1, 2, 3)
_STEPS = {Action.PROVISION: (), Action.DISABLE: (Action.PROVISION,)}
_MOST_POSITIONS = 8


def what_is_said_of_a_broken_batch_is_true(bench: Bench) -> None:
    people = _people(bench)
    for action, steps in _STEPS.items():
        for position in bench.rehearse(action, steps, *people)[:_MOST_POSITIONS]:
            for trouble in (Trouble.LOST_REPLY, Trouble.UNREACHABLE, Trouble.THROTTLED):
                here = bench.fresh()
                said, happened = _broken(here, action, people, position, trouble)
                here.close()
                for n, (claim, done) in enumerate(zip(claims(said, len(people)), happened, strict=True), start=1):
                    expect(
                        claim is None or claim is done,
                        f"{action} of {len(people)} people with {trouble} at request {position} gave {said}, "
                        f"yet the write of person {n} {'has' if done else 'has not'} happened",
                    )


def a_short_list_of_results_leaves_a_write_in_doubt(bench: Bench) -> None:
    people = _people(bench)
    writes = [bench.write(Action.PROVISION, n) for n in people]
    bench.troubles.clear()
    bench.troubles.on_write(Trouble.SHORTENED, entries=len(people))
    said = bench.said(Action.PROVISION, writes)
    if not bench.troubles.shortened:
        expect(said.went_well, f"a provision without any trouble gave {said}")
        not_applicable("no answer to a write holds a JSON list with one entry per write")
    doubted = isinstance(said.error, InDoubtError) or Outcome.IN_DOUBT in {r.outcome for r in said.receipts}
    expect(doubted, f"one result less than writes gave {said}: whose result is missing cannot be told")


def _people(bench: Bench) -> tuple[int, ...]:
    if bench.target.batch_limit < len(_PEOPLE):
        not_applicable(f"a call takes {bench.target.batch_limit} at most")
    return _PEOPLE


def _broken(
    bench: Bench, action: Action, people: tuple[int, ...], position: int, trouble: Trouble
) -> tuple[Said, list[bool]]:
    """What is said of each write of a call with trouble at one of its requests, and whether it has happened."""
    for step in _STEPS[action]:
        bench.do(step, *people)
    writes = [bench.write(action, n) for n in people]
    bench.troubles.clear()
    bench.troubles.at(position, trouble)
    said = bench.said(action, writes)
    bench.troubles.clear()
    said = Said(bench.settled(writes, said.receipts), said.error)
    wanted = AccountState.ENABLED if action is Action.PROVISION else AccountState.DISABLED
    return said, [account is not None and account.state is wanted for account in bench.find(*people)]


def claims(said: Said, count: int) -> list[bool | None]:
    """Per write: said to have happened, said not to have happened, or None where neither is claimed."""
    if said.error is not None:
        nothing = isinstance(said.error, (RetryableError, RejectedError))
        return [False if nothing else None] * count
    claims = {Outcome.DONE: True, Outcome.REFUSED: False, Outcome.NOT_PERFORMED: False}
    return [claims.get(receipt.outcome) for receipt in said.receipts]


LAWS = (what_is_said_of_a_broken_batch_is_true, a_short_list_of_results_leaves_a_write_in_doubt)

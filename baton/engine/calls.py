"""Making one call to a connector: references filled in, passing failures retried, every outcome a receipt."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import tenacity

from baton.clock import Clock
from baton.contracts import AccountTarget, LookupTarget, Promise, RemovalTarget, ResultSource
from baton.contracts.answers import answered
from baton.errors import ConnectorError, InDoubtError, RetryableError
from baton.model.account import Account, AccountRef, AccountState, AccountWrite, Action, Outcome, Receipt, Scalar
from baton.model.effect import Effect, Link


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How long one call is tried again while nothing has happened at the target."""

    attempts: int = 3
    longest_wait_s: float = 20.0


def as_write(
    effect: Effect, link: Link, references: Mapping[str, str], expected: Account | None = None
) -> AccountWrite:
    """The write a connector gets. References that do not resolve yet are left out (the entity is planned again).

    What was left out once stays out (it has no digest any more): one key never names two different writes.
    """
    fields = dict(effect.fields)
    for name, number in effect.references.items():
        if number in references and name in effect.digests:
            fields[name] = references[number]
    return AccountWrite(
        key=effect.key,
        ref=AccountRef(effect.number, link.external_id),
        action=Action(effect.action),
        version=effect.version,
        fields=fields,
        batch_id=effect.batch_id or "",
        expected=expected,
    )


def patient(
    rule: RetryRule, clock: Clock, chance: random.Random, pause: Callable[[float], None] = lambda _: None
) -> tenacity.Retrying:
    """Calls a function again while it raises `RetryableError` and patience lasts; then that error comes through.

    ``pause`` keeps everybody else away from the system for as long as it asked for.
    """

    def waiting(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, RetryableError) else None
        if asked:
            pause(asked)
        backoff = min(2.0**state.attempt_number, rule.longest_wait_s) * (0.5 + chance.random() / 2)
        return backoff if asked is None else asked

    def worth_repeating(error: BaseException) -> bool:
        if not isinstance(error, RetryableError):
            return False
        return error.retry_after_s is None or error.retry_after_s <= rule.longest_wait_s

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(worth_repeating),
        stop=tenacity.stop_after_attempt(rule.attempts),
        wait=waiting,
        sleep=clock.sleep,
        reraise=True,
    )


def perform(
    target: AccountTarget,
    writes: Sequence[AccountWrite],
    rule: RetryRule,
    clock: Clock,
    chance: random.Random,
    pause: Callable[[float], None] = lambda _: None,
) -> Sequence[Receipt]:
    """Perform writes of one action; receipts and errors as `answered` gives them, once patience is used up."""
    retrying = patient(rule, clock, chance, pause)
    action = _method(target, writes[0].action)
    return answered(lambda: retrying(action, writes), len(writes), of=target)


def _method(target: AccountTarget, action: Action) -> Callable[[Sequence[AccountWrite]], Sequence[Receipt]]:
    if action is Action.REMOVE:
        if not isinstance(target, RemovalTarget):
            return _cannot_remove
        return target.remove
    return {
        Action.PROVISION: target.provision,
        Action.UPDATE: target.update,
        Action.DISABLE: target.disable,
        Action.ENABLE: target.enable,
    }[action]


def _cannot_remove(writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
    refusal = Receipt.refused("no_removal", "this connector cannot remove accounts", remedy="set remove: never")
    return [refusal] * len(writes)


def look_up(target: AccountTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
    """What became of writes whose answer was lost: by our key where the target can be asked, else by comparison."""
    if isinstance(target, LookupTarget):
        receipts = target.look_up(writes)
    elif target.promise is Promise.BLIND:
        # It shows nothing: "no such account" would pass for a removal that never arrived.
        receipts = [Receipt.in_doubt("blind", _BLIND)] * len(writes)
    else:
        accounts = found(target, writes)
        receipts = [judge(write, account, target) for write, account in zip(writes, accounts, strict=True)]
    if len(receipts) != len(writes):
        raise InDoubtError("the connector returned another number of receipts", code="receipts_mismatch")
    if target.promise is Promise.BLIND:
        # Without a key nobody can tell a late arrival from a loss: what is not proven stays with a person.
        return [r if r.outcome is Outcome.DONE else Receipt.in_doubt("blind", _BLIND) for r in receipts]
    return receipts


def found(target: AccountTarget, writes: Sequence[AccountWrite]) -> Sequence[Account | None]:
    """The accounts these writes are about, in order; `InDoubtError` when the target answers for another number."""
    accounts = target.find([write.ref for write in writes])
    if len(accounts) != len(writes):
        raise InDoubtError("the target returned another number of accounts", code="accounts_mismatch")
    return accounts


_BLIND = "the target cannot tell whether this arrived; a person must decide (baton resolve)"


def results(target: AccountTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
    """What became of accepted writes."""
    if not isinstance(target, ResultSource):
        return [Receipt.refused("no_results", "accepted, but this connector has no way to learn the outcome")] * len(
            writes
        )
    receipts = target.results(writes)
    if len(receipts) != len(writes):
        raise InDoubtError("the connector returned another number of receipts", code="receipts_mismatch")
    return receipts


def judge(write: AccountWrite, account: Account | None, target: AccountTarget) -> Receipt:
    """Done if the account is as the write wants it, not performed otherwise.

    An update shows nowhere but in its fields: with one that cannot be read back among them there is no proof, for
    somebody may have typed in the others. It is written again, the same values under the same key, which is right
    whether or not it had arrived.
    """
    differing = differences(write, account, target)
    unseen = [name for name in write.fields if not target.fields[name].readable]
    if not differing and unseen and write.action is Action.UPDATE:
        return Receipt.not_performed("not_shown", "cannot be read back: " + ", ".join(unseen))
    if not differing:
        return Receipt.done(account.external_id if account else None, proof="read_back")
    return Receipt.not_performed("not_there", "not found at the target: " + ", ".join(differing))


def differences(write: AccountWrite, account: Account | None, target: AccountTarget) -> list[str]:
    """The names of what differs between a write and the account as read; ``state`` when that does."""
    found_state = AccountState.ABSENT if account is None else account.state
    if write.action is Action.REMOVE:
        return [] if found_state in (AccountState.REMOVED, AccountState.ABSENT) else ["state"]
    if account is None:
        return ["state"]
    differing = [] if found_state is write.action.leaves or write.action is Action.UPDATE else ["state"]
    for name, value in write.fields.items():
        if target.fields[name].readable and not same(account.fields.get(name), value):
            differing.append(name)
    return differing


def same(left: Scalar, right: Scalar) -> bool:
    """Equal as values of a field; nothing and empty text are the same to every target."""
    return (left or None) == (right or None) if isinstance(left or right, str) else left == right


def blamed(error: ConnectorError) -> Receipt:
    """The receipt for a whole call that the target certainly did not act on."""
    return Receipt(
        Outcome.NOT_PERFORMED,
        code=error.code,
        message=error.message,
        remedy=error.remedy,
        retry_after_s=error.retry_after_s if isinstance(error, RetryableError) else None,
    )

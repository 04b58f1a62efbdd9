"""Laws of account targets in trouble: what a connector says when the network or the other side misbehaves."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from baton.contracts import Promise
from baton.errors import HaltError, RetryableError
from baton.kit.bench import Bench, Said, expect, not_applicable
from baton.kit.troubles import RETRY_AFTER_S, Trouble
from baton.model.account import Action

_STEPS = {
    Action.PROVISION: (),
    Action.UPDATE: (Action.PROVISION,),
    Action.DISABLE: (Action.PROVISION,),
    Action.ENABLE: (Action.PROVISION, Action.DISABLE),
}
_PATIENCE = 12
"""Requests that a call for one record may take before it counts as a loop."""


def a_lost_reply_is_in_doubt_never_done(bench: Bench) -> None:
    _in_doubt_after(bench, Trouble.LOST_REPLY)


def a_server_error_after_a_write_is_in_doubt(bench: Bench) -> None:
    _in_doubt_after(bench, Trouble.SERVER_ERROR)


def a_garbled_answer_to_a_write_is_in_doubt(bench: Bench) -> None:
    _in_doubt_after(bench, Trouble.GARBLED)


def an_answer_after_the_deadline_is_in_doubt(bench: Bench) -> None:
    _in_doubt_after(bench, Trouble.SLOW)


def nothing_happened_is_retryable(bench: Bench) -> None:
    for action, steps in _STEPS.items():
        position = bench.rehearse(action, steps, 1)[0]
        for at in sorted({0, position}):
            said, written = _with_trouble_at(bench, action, at, Trouble.UNREACHABLE)
            expect(said.not_performed, f"{action} with a refused connection gave {said}, not a RetryableError")
            expect(not written, f"{action} wrote although a connection was refused")


def a_429_is_retryable_and_keeps_retry_after(bench: Bench) -> None:
    for action, steps in _STEPS.items():
        position = bench.rehearse(action, steps, 1)[0]
        said, _ = _with_trouble_at(bench, action, position, Trouble.THROTTLED)
        expect(said.not_performed, f"{action} answered by 429 gave {said}, not a RetryableError")
        waits = {getattr(said.error, "retry_after_s", None)} if said.error else {r.retry_after_s for r in said.receipts}
        expect(waits == {RETRY_AFTER_S}, f"{action} answered by 429 with Retry-After 7 says to wait {waits}")


def an_expired_token_is_renewed_once(bench: Bench) -> None:
    expire = getattr(bench.counterpart, "expire_sessions", None)
    if expire is None:
        not_applicable("the counterpart has no expire_sessions(): there are no sessions to expire")
    bench.do(Action.PROVISION, 1)
    for action in _STEPS:  # in this order each finds person 1 as it needs them
        write = bench.write(action, 2 if action is Action.PROVISION else 1)
        expire()
        bench.troubles.clear()
        before = bench.written()
        bench.perform(action, [write])
        expect(bench.written() > before, f"{action} after an expired session wrote nothing")
        expect(len(bench.troubles.requests) <= _PATIENCE, f"{action} made {len(bench.troubles.requests)} requests")
    expire()
    expect(bench.account(1), "reading after an expired session found nothing")


def a_wrong_credential_halts(bench: Bench) -> None:
    bench.do(Action.PROVISION, 1)
    for action in (Action.PROVISION, Action.UPDATE, Action.DISABLE):
        write = bench.write(action, 2 if action is Action.PROVISION else 1)
        bench.troubles.clear()
        bench.troubles.always(Trouble.UNAUTHORIZED)
        said = bench.said(action, [write])
        expect(isinstance(said.error, HaltError), f"{action} answered by 401 throughout gave {said}, not a HaltError")
        made = len(bench.troubles.requests)
        expect(made <= _PATIENCE, f"{action} answered by 401 throughout made {made} requests")
        bench.troubles.clear()


def reading_is_never_in_doubt(bench: Bench) -> None:
    bench.do(Action.PROVISION, 1)
    for trouble in (Trouble.LOST_REPLY, Trouble.SERVER_ERROR, Trouble.GARBLED, Trouble.UNREACHABLE):
        for fresh_session in (False, True):
            here = bench.fresh() if fresh_session else bench
            here.troubles.clear()
            here.troubles.always(trouble)
            for name, read in (("find", lambda b=here: b.find(1)), ("scan", lambda b=here: list(b.target.scan()))):
                try:
                    read()
                except RetryableError:
                    continue
                except Exception as error:  # noqa: BLE001 - every other error is the finding
                    said = Said(error=error)
                    expect(held=False, message=f"{name} in trouble ({trouble}) gave {said}, not a RetryableError")
                expect(held=False, message=f"{name} in trouble ({trouble}) gave an answer nobody had sent")
            here.troubles.clear()


def a_late_commit_does_not_double(bench: Bench) -> None:
    if bench.target.promise is not Promise.KEY:
        not_applicable("only promise class A claims one effect per change")
    position = bench.rehearse(Action.PROVISION, (), 1)[0]
    write = bench.write(Action.PROVISION, 1)
    bench.troubles.clear()
    bench.troubles.at(position, Trouble.LATE_COMMIT)
    said = bench.said(Action.PROVISION, [write])
    expect(said.in_doubt, f"a provision without an answer gave {said}")
    bench.troubles.clear()
    bench.perform(Action.PROVISION, [write])
    bench.troubles.deliver_late()
    found = len(bench.accounts_of(1))
    expect(found == 1, f"a repeat and the late arrival of the first attempt left {found} accounts")


def secrets_never_appear_in_errors_or_logs(bench: Bench) -> None:
    secrets = [value for value in map(str, bench.counterpart.secrets.values()) if len(value) >= 4]
    if not secrets:
        not_applicable("the connector has no secret of four characters or more")
    with listening() as heard:
        for trouble in Trouble:
            here = bench.fresh()
            here.troubles.always(trouble)
            for action in (Action.PROVISION, Action.UPDATE):
                writes = [here.write(Action.PROVISION, 1)] if action is Action.PROVISION else []
                said = here.said(action, writes) if writes else _found(here)
                heard.write(f"{said}{said.receipts!r}")
                if said.error is not None:
                    heard.write("".join(traceback.format_exception(said.error)))
                    heard.write(repr(said.error))
            heard.write(repr(here.connector) + repr(here.connector.settings) + str(here.connector.settings))
            here.close()
    for secret in secrets:
        expect(secret not in heard.getvalue(), "a secret appears in an error, a log line or a repr")


def personal_data_never_appears_in_errors_or_receipts(bench: Bench) -> None:
    fields = bench.sample(1)
    personal = [
        str(fields[name])
        for name, spec in bench.target.fields.items()
        if spec.personal and len(str(fields.get(name) or "")) >= 3
    ]
    if not personal:
        not_applicable("no personal field in the counterpart's sample")
    position = bench.rehearse(Action.PROVISION, (), 1)[0]
    for trouble in Trouble:
        said, _ = _with_trouble_at(bench, Action.PROVISION, position, trouble)
        text = f"{said}{said.receipts!r}" + (str(said.error) + repr(said.error) if said.error else "")
        for value in personal:
            expect(value not in text, f"personal data appears in what is said about {trouble}")


def check_reports_and_does_not_write(bench: Bench) -> None:
    before = bench.written()
    findings = list(bench.connector.check())
    expect(findings, "check finds nothing to report at all")
    wrong = [finding.what for finding in findings if not finding.ok]
    expect(not wrong, f"check complains about a healthy counterpart: {wrong}")
    expect(bench.written() == before, "check wrote something")
    if not bench.over_http:
        return
    here = bench.fresh()
    here.troubles.always(Trouble.UNAUTHORIZED)
    try:
        findings = list(here.connector.check())
    except HaltError:
        return
    expect(any(not finding.ok for finding in findings), "check is content although every request is answered 401")
    here.close()


def _in_doubt_after(bench: Bench, trouble: Trouble) -> None:
    for action, steps in _STEPS.items():
        here = bench.fresh()
        for step in steps:
            here.do(step, 1)
        write = here.write(action, 1)
        here.troubles.clear()
        here.troubles.on_write(trouble)
        said = here.said(action, [write])
        if not here.troubles.writes_at:
            expect(said.went_well, f"{action} without any trouble gave {said}")
            not_applicable(f"{action} makes no request that the counterpart journals")
        expect(said.in_doubt, f"{action} with trouble after acting ({trouble}) gave {said}, not an InDoubtError")
        here.close()


def _with_trouble_at(bench: Bench, action: Action, position: int, trouble: Trouble) -> tuple[Said, int]:
    """What one action says when one of its requests meets trouble, and how many writes the other side accepted."""
    here = bench.fresh()
    for step in _STEPS[action]:
        here.do(step, 1)
    write = here.write(action, 1)
    here.troubles.clear()
    here.troubles.at(position, trouble)
    before = here.written()
    said = here.said(action, [write])
    written = here.written() - before
    here.close()
    return said, written


def _found(bench: Bench) -> Said:
    try:
        bench.find(1)
    except Exception as error:  # noqa: BLE001 - the law reads whatever is raised
        return Said(error=error)
    return Said()


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """Everything any logger says, at every level; meanwhile nobody else hears it, or a terminal would fill with it."""
    heard = io.StringIO()
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers[:] = [logging.StreamHandler(heard)]
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


LAWS = (
    a_lost_reply_is_in_doubt_never_done,
    a_server_error_after_a_write_is_in_doubt,
    a_garbled_answer_to_a_write_is_in_doubt,
    an_answer_after_the_deadline_is_in_doubt,
    nothing_happened_is_retryable,
    a_429_is_retryable_and_keeps_retry_after,
    an_expired_token_is_renewed_once,
    a_wrong_credential_halts,
    reading_is_never_in_doubt,
    a_late_commit_does_not_double,
    secrets_never_appear_in_errors_or_logs,
    personal_data_never_appears_in_errors_or_receipts,
    check_reports_and_does_not_write,
)

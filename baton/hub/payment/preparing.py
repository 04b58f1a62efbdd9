"""A run checked and built for people to sign: once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from baton.hub.core import Hub
from baton.hub.payment.building import build
from baton.hub.payment.checking import check
from baton.hub.payment.signing import stands
from baton.hub.payment.waiving import find_run
from baton.model.pay_run import PayFile
from baton.store.runs import RunState


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run as it waits for its signatures; without files where its checks keep it, with why."""

    files: Sequence[PayFile]
    counts: Mapping[str, int]
    """As `check` counts lines and warnings."""
    kept_by: Sequence[str]


def prepare(hub: Hub, run_id: str) -> Prepared:
    """Check a run and build its files.

    One whose files would be built like this now stays as it is, with whatever was signed for them; and so does one that
    was released. Raises what checking and building raise.
    """
    _, head = find_run(hub, run_id)
    released = head.state not in (RunState.HELD, RunState.REJECTED)
    if not released and not stands(hub, run_id):
        cleared = check(hub, run_id).cleared
        if not cleared.releasable:
            return Prepared((), find_run(hub, run_id)[1].counts, cleared.run_held_by or ("no line can be paid",))
        build(hub, run_id)
    with hub.database.read() as connection:
        files = hub.pay_runs.files(connection, run_id)
    return Prepared(files, find_run(hub, run_id)[1].counts, ())

"""What the pages and the JSON API show: runs, figures, faults, effects. Field names, never values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from baton.hub import Hub
from baton.hub.execution import find_run
from baton.model.effect import EffectState
from baton.store.runs import Run, RunState
from baton.store.tables import effects

RUNS_SHOWN: Final = 100
EFFECTS_SHOWN: Final = 500
FAULTS_SHOWN: Final = 200


def overview(hub: Hub, limit: int = RUNS_SHOWN) -> dict[str, Any]:
    """The latest runs, what is in doubt, the kill switches that are on, the events that wait for a plan."""
    with hub.database.read() as connection:
        latest = hub.runs.latest(connection, limit)
        doubtful = hub.effects.read(connection, effects.c.state == EffectState.IN_DOUBT.value, limit=EFFECTS_SHOWN)
        return {
            "runs": [run_line(run) for run in latest],
            "in_doubt": [_effect_line(effect) for effect in doubtful],
            "switches": hub.runs.engaged(connection),
            "waiting_hints": hub.runs.waiting_hints(connection),
        }


def run_detail(hub: Hub, run_id: str, state: str = "") -> dict[str, Any]:
    """One run with its figures, faults, decisions and effects (those in ``state``, or all)."""
    run = find_run(hub, run_id)
    where = [effects.c.run_id == run.id]
    if state:
        where.append(effects.c.state == state)
    with hub.database.read() as connection:
        counted = hub.effects.count(connection, run.id)
        faults = hub.runs.faults(connection, run.id)
        decisions = hub.runs.decisions(connection, run.id)
        shown = hub.effects.read(connection, *where, limit=EFFECTS_SHOWN)
    total = sum(count for (_, _, found), count in counted.items() if not state or found == state)
    return {
        "run": run_line(run),
        "figures": [
            {"system": system, "action": action, "state": found, "count": count}
            for (system, action, found), count in sorted(counted.items())
        ],
        "faults": [asdict(fault) for fault in faults[:FAULTS_SHOWN]],
        "faults_total": len(faults),
        "decisions": [{**asdict(decision), "decided_at": decision.decided_at.isoformat()} for decision in decisions],
        "effects": [_effect_line(effect) for effect in shown],
        "effects_total": total,
    }


def run_line(run: Run) -> dict[str, Any]:
    """A run as plain values."""
    return {
        "id": run.id,
        "job": run.job,
        "state": run.state.value,
        "verdict": run.verdict,
        "requested_by": run.requested_by,
        "created_at": run.created_at.isoformat(),
        "settled_at": run.settled_at.isoformat() if run.settled_at else None,
        "counts": dict(run.counts),
        "reasons": list(run.reasons),
        "plan_hash": run.plan_hash,
        "held": run.state is RunState.HELD,
    }


def _effect_line(effect: Any) -> dict[str, Any]:
    return {
        "key": effect.key,
        "run": effect.run_id,
        "system": effect.system,
        "person": effect.number,
        "action": effect.action.value,
        "state": effect.state.value,
        "due_at": effect.due_at.isoformat(),
        "fields": sorted(effect.digests),
        "attempts": effect.attempts,
        "code": effect.code,
        "message": effect.message,
        "remedy": effect.remedy,
    }

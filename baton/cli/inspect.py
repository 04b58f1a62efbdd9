"""runs, effects, history: looking at what happened."""

from __future__ import annotations

import click

from baton.cli.context import Context, command
from baton.hub import execution
from baton.kept_reasons import in_language
from baton.model.effect import EffectState
from baton.store.tables import effects


@command("runs")
@click.argument("run", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
def runs_command(context: Context, run: str | None, limit: int) -> None:
    """The latest runs, or one run with its figures and faults."""
    voice = context.voice
    with context.hub() as hub:
        if run is not None:
            found = execution.find_run(hub, run)
            with hub.database.read() as connection:
                counted = hub.effects.count(connection, run)
                faults = hub.runs.faults(connection, run)
            voice.table(
                ["run", "state", "verdict", "asked by", "at"],
                [
                    (
                        found.id,
                        voice.words(found.state),
                        voice.words(found.verdict),
                        found.requested_by,
                        f"{found.created_at:%Y-%m-%d %H:%M:%S} UTC",
                    )
                ],
            )
            for reason in found.reasons:
                voice.say("held: {reason}", reason=in_language(reason, voice.language))
            rows = [(s, voice.words(a), voice.words(state), n) for (s, a, state), n in sorted(counted.items())]
            voice.table(["system", "action", "state", "count"], rows)
            if faults:
                voice.table(
                    ["place", "field", "rule", "message"], [(f.place, f.field, f.rule, f.message) for f in faults]
                )
            effects_by = [
                {"system": system, "action": action, "state": state, "count": count}
                for (system, action, state), count in counted.items()
            ]
            voice.document({"run": found, "effects": effects_by, "faults": faults})
            return
        with hub.database.read() as connection:
            latest = hub.runs.latest(connection, limit)
    if not latest:
        voice.say("there are no runs yet")
    else:
        voice.table(
            ["run", "state", "verdict", "effects", "asked by", "at"],
            [
                (
                    r.id,
                    voice.words(r.state),
                    voice.words(r.verdict),
                    r.counts.get("effects", 0),
                    r.requested_by,
                    f"{r.created_at:%m-%d %H:%M:%S} UTC",
                )
                for r in latest
            ],
        )
    voice.document({"runs": latest})


@command("effects")
@click.argument("run")
@click.option("--state", type=click.Choice([state.value for state in EffectState]), help="Only these.")
@click.option("--system", default=None, help="Only this target.")
def effects_command(context: Context, run: str, state: str | None, system: str | None) -> None:
    """The effects of a run: who, where, what, when, and what became of each. Field names only, never values."""
    voice = context.voice
    with context.hub() as hub:
        found = execution.find_run(hub, run)
        where = [effects.c.run_id == found.id]
        if state:
            where.append(effects.c.state == state)
        with hub.database.read() as connection:
            if system:
                where.append(effects.c.system == system)
                if system not in {place for place, _, _ in hub.effects.count(connection, run)}:
                    hub.settings.system(system)  # raises unless it exists
            rows = hub.effects.read(connection, *where)
    voice.table(
        ["key", "system", "person", "action", "state", "due", "fields", "why", "what to do"],
        [
            (
                effect.key[:12],
                effect.system,
                effect.number,
                voice.words(effect.action),
                voice.words(effect.state),
                f"{effect.due_at:%Y-%m-%d %H:%M} UTC",
                ", ".join(sorted(effect.digests)),
                f"{effect.code} {effect.message}".strip(),
                effect.remedy,
            )
            for effect in rows
        ],
    )
    voice.say("{count} effects", count=len(rows))
    voice.document(
        {
            "run": found.id,
            "effects": [
                {
                    "key": effect.key,
                    "system": effect.system,
                    "person": effect.number,
                    "action": effect.action,
                    "state": effect.state,
                    "due_at": effect.due_at,
                    "fields": sorted(effect.digests),
                    "attempts": effect.attempts,
                    "code": effect.code,
                    "message": effect.message,
                    "remedy": effect.remedy,
                }
                for effect in rows
            ],
        }
    )


@command("history")
@click.argument("number")
def history_command(context: Context, number: str) -> int:
    """A person's status history, and where they stand in every system. No personal data."""
    voice = context.voice
    with context.hub() as hub, hub.database.read() as connection:
        periods = hub.people.history(connection, number)
        standing = [
            link
            for system in hub.targets()
            if (link := hub.links.of(connection, system.name, [number]).get(number)) is not None
        ]
    if not periods:
        voice.say("nobody with the number {number} is known", number=number)
    voice.table(
        ["state", "at", "what"], [(voice.words(p.status), f"{p.since:%Y-%m-%d %H:%M} UTC", p.what) for p in periods]
    )
    voice.table(
        ["system", "state", "key"], [(link.system, voice.words(link.state), link.external_id) for link in standing]
    )
    voice.document(
        {
            "person": number,
            "history": periods,
            "systems": {link.system: {"state": link.state, "external_id": link.external_id} for link in standing},
        }
    )
    return 0 if periods else 1


COMMANDS = (runs_command, effects_command, history_command)

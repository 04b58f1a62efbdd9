"""The demo's last part: the tables, the audit log proved twice, and the search for what must not be found."""

from __future__ import annotations

from collections.abc import Sequence

from baton.sandbox.demo.canaries import Canaries, Marks, contents, marks_of_people
from baton.sandbox.demo.company import CLIENTS
from baton.sandbox.demo.expected import Cell, compare, expected_sight
from baton.sandbox.demo.hub_cli import baton
from baton.sandbox.demo.narrator import DemoFailedError
from baton.sandbox.demo.play import Play
from baton.sandbox.demo.seen import SYSTEMS, Seen, Sight, look
from baton.sandbox.demo.tables import table
from baton.sandbox.demo.workplace import SHOWN


def final_tables(play: Play) -> None:
    """Read everything back twice and show the cast and the totals."""
    story = play.story
    for attempt in ("first", "second"):
        seen = look(play.around, list(story.people))
        cells = compare(story.people, story.fates, seen)
        play.failures += [
            f"{cell.system} {cell.number} {cell.what}: expected {cell.expected!r}, found {cell.found!r}"
            for cell in cells
            if not cell.right
        ]
        play.figures[f"values_compared_{attempt}"] = len(cells)
    play.figures["values_wrong"] = sum(not cell.right for cell in cells)
    play.figures["duplicates"] = sum(len(found.doubled) for found in seen.values())
    if (clients := seen["crm"].others["clients"]) != CLIENTS:
        play.failures.append(f"Salesforce has {clients} clients instead of {CLIENTS}")
    play.narrator.show("\nWhat became of whom, read back from each system (not from the hub):\n")
    play.narrator.show(_cast_table(play, seen))
    play.narrator.show("\nEverybody, counted in each system:\n")
    play.narrator.show(_count_table(seen, cells))
    play.narrator.show("")
    for system, found in seen.items():
        play.figures[system] = len(found.people)


def _cast_table(play: Play, seen: dict[str, Seen]) -> str:
    story = play.story
    rows = []
    for number, line in sorted(story.cast.items()):
        person = story.people[number]
        cells = []
        for system in SYSTEMS:
            there = seen[system].people.get(number, Sight("missing"))
            wanted = expected_sight(system, person, story.fates.get(number, {}))
            right = there.state == wanted.state and all(there.values.get(k) == v for k, v in wanted.values.items())
            cells.append(_cell(there) + ("" if right else f"  ✗ not {wanted.state}"))
        rows.append([number, person.name, line, *cells])
    return table(["no.", "name", "what happened", *SYSTEMS.values()], rows)


def _cell(sight: Sight) -> str:
    details = [sight.values.get(name, "") for name in ("department", "position")]
    return " ".join([sight.state, *filter(None, details)])


def _count_table(seen: dict[str, Seen], cells: list[Cell]) -> str:
    rows = []
    for system, title in SYSTEMS.items():
        found = seen[system]
        states: dict[str, int] = {}
        for sight in found.people.values():
            state = sight.state.split(" ")[0]
            states[state] = states.get(state, 0) + 1
        mine = [cell for cell in cells if cell.system == system]
        rows.append(
            [
                title,
                str(len(found.people)),
                ", ".join(f"{count} {state}" for state, count in sorted(states.items(), key=lambda pair: -pair[1])),
                str(len(found.doubled)),
                ", ".join(f"{count} {what}" for what, count in sorted(found.others.items())),
                f"{sum(cell.right for cell in mine)} of {len(mine)}",
            ]
        )
    return table(["system", "people", "states", "duplicates", "besides", "values right"], rows)


def prove_audit(play: Play) -> None:
    """Verify the log in the database, then offline: an export, the public key, and a checkpoint from mid-story."""
    place = play.around.place
    if play.first_checkpoint is None:
        raise DemoFailedError("no checkpoint was signed during the story")
    play.first_checkpoint.result()
    old = min((place.state / "checkpoints").glob("checkpoint-*.txt"))
    baton(place, "audit", "checkpoint")
    report = baton(place, "audit", "verify")
    exported = place.root / "audit.jsonl"
    baton(place, "audit", "export", str(exported))
    key = place.state / "audit.pub"
    offline = baton(place, "audit", "verify", "--export", str(exported), "--key", str(key), "--checkpoint", str(old))
    for where, found in (("database", report), ("offline, with the old checkpoint", offline)):
        play.narrator.say(f"audit log ({where}): {found['verdict']}, {found['entries']} entries")
        if found["verdict"] != "proven":
            play.failures.append(f"the audit log ({where}) is {found['verdict']}")
    play.figures["audit_entries"] = int(offline["entries"])


def search_canaries(play: Play, others: Sequence[Marks]) -> None:
    """No person, client, amount or secret in whatever the demo has written, but where they are handed out on purpose.

    What is handed out shows that the search finds them.
    """
    place = play.around.place
    secrets = {
        str(path.relative_to(place.secrets)): path.read_text(encoding="utf-8")
        for path in place.secrets.rglob("*")
        if path.is_file()
    }
    canaries = Canaries([marks_of_people(play.story.people.values()), *others], secrets)
    files = place.files_without_people()
    if place.database not in files:
        play.failures.append("the search for canaries does not look into the hub's database")
    leaks = canaries.search(files) + Canaries([], secrets).search([place.log(SHOWN)])
    controls = {
        place.feed: {"name", "mobile number", "identity number", "account number", "e-mail address"},
        place.client_list: {"name", "mobile number", "e-mail address"},
        place.payroll: {"name", "amount"},
        place.log(SHOWN): {"name", "amount"},
    }
    for feed, kinds in controls.items():
        if not kinds <= {leak.kind for leak in canaries.search([feed])}:
            play.failures.append(f"the search for canaries does not find those in {feed.name}")
    for leak in leaks:
        play.failures.append(f"{leak.kind} found in {leak.file}")
    size = sum(len(content) for file in files for content in contents(file)) / 1e6
    play.narrator.say(
        f"canaries: {len(leaks)} found in Airflow's database and logs, in the hub's own database and files, in what the"
        f" commands said, and in the reports ({len(files)} files, {size:.1f} MB)"
    )
    play.figures["leaks"] = len(leaks)

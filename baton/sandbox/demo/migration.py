"""The old client list on its way into Tryton: looked at, moved, corrected, taken back in part, damaged and caught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from baton.sandbox.demo import client_list, parties
from baton.sandbox.demo.clients import ASIDE, Client, Condition, old_clients
from baton.sandbox.demo.narrator import Narrator
from baton.sandbox.demo.tables import table
from baton.sandbox.demo.workplace import MIGRATION, Workplace
from baton.sandbox.tryton import TrytonServer

_UNREADABLE: Final = (Condition.COMMA,)
VICTIMS: Final = (100, 200, 300, 400)
_NOT_THERE: Final = "not there"


@dataclass(frozen=True, slots=True)
class Damage:
    """Something done behind the hub's back, and where exactly it must be found."""

    what: str
    stage: str
    row: int
    column: str
    cause: str

    @property
    def place(self) -> tuple[str, int, str, str]:
        """What a finding must name."""
        return self.stage, self.row, self.column, self.cause


@dataclass
class Migration:
    """One performance. ``failures`` collects whatever is not as it must be; ``figures`` go into the last line."""

    place: Workplace
    tryton: TrytonServer
    narrator: Narrator
    baton: Callable[..., Any]
    """Performs a command of `baton` and gives its document; with ``expect``, the exit code that it must end with."""
    clients: Mapping[int, Client] = field(default_factory=old_clients)
    failures: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    stages: dict[str, dict[Condition, Counter[str]]] = field(default_factory=dict)
    """Moment -> what is wrong with the rows -> how Tryton had those clients then."""
    found: list[tuple[Damage, Mapping[str, Any] | None]] = field(default_factory=list)
    """Each planted damage with the finding that names it, if there is one."""

    def perform(self) -> None:
        """Everything, in order."""
        client_list.publish_clients(self.clients.values(), self.place.client_list)
        self._look()
        run = self._move()
        self._verify_and_put_aside(run)
        corrections = self._correct(run)
        self._take_back(corrections)
        self._damage(run)

    # --- steps

    def _look(self) -> None:
        """Profile and dry run: neither writes anything."""
        profile = self.baton("migrate", "profile", "files")
        plan = self.baton("migrate", "plan", str(MIGRATION), expect=1)
        doubts: Counter[str] = Counter()
        for column in profile["columns"]:
            doubts.update({found["doubt"].replace("_", " "): found["count"] for found in column["suspicions"]})
        said = ", ".join(f"{count} {doubt}" for doubt, count in doubts.most_common())
        self.narrator.say(f"profile of the old list: {profile['rows']} readable rows; suspicious: {said}")
        counts, mended = plan["run"]["counts"], sum(plan["cleaning"].values())
        said = f"{counts['insert']} to insert, {mended} cells mended, {counts['quarantined']} put aside"
        self.narrator.say(f"dry run: {counts['read']} rows: {said}")
        self._require(not self._parties(), "the dry run has written to Tryton")
        self.figures.update(migration_rows=counts["read"], migration_cells_mended=mended)

    def _move(self) -> str:
        """In waves, each proved before the next; then once more, which must change nothing."""
        done = self._migrate("--report", str(self.place.reports), expect=1)
        counts = done["run"]["counts"]
        self.narrator.say(f"moved in waves: {counts['insert']} clients written, {counts['alike']} read back alike")
        for file in done["files"]:
            if file.endswith(".html"):
                self.narrator.say(f"  report: {file}")
        self._tally("after the run", [*ASIDE, *_UNREADABLE])
        again = self._migrate(expect=1)["run"]["counts"]
        self._require(
            (again["effects"], again["alike"]) == (0, counts["alike"]),
            f"the second run wanted {again['effects']} writes",
        )
        self.narrator.say(f"the same again: {again['effects']} writes, {again['alike']} alike")
        self.figures.update(
            migrated=counts["alike"], quarantined=counts["quarantined"], second_run_writes=again["effects"]
        )
        return str(done["run"]["id"])

    def _migrate(self, *options: str, expect: int) -> Any:
        """A run of the mapping."""
        return self.baton("migrate", "run", str(MIGRATION), *options, expect=expect)

    def _verify_and_put_aside(self, run: str) -> None:
        """A second look at everything, and the quarantine as a file."""
        compared = self.baton("migrate", "verify", run)["compared"]
        self.narrator.say(
            "verify: " + ", ".join(f"{count} compared at {stage}" for stage, count in compared.items()) + "; all alike"
        )
        written = self.baton("migrate", "quarantine", run, "--out", str(self.place.quarantine))
        self.narrator.say(f"quarantine: {written['rows']} rows written to {written['path']}")

    def _correct(self, run: str) -> str:
        """A person corrects what was put aside and feeds it back."""
        corrected = client_list.correct(self.place.quarantine, self.clients)
        done = self._migrate("--resume-quarantine", str(self.place.quarantine), "--of", run, expect=0)
        counts = done["run"]["counts"]
        self._require(
            counts["alike"] == len(corrected), f"{counts['alike']} of {len(corrected)} corrected rows arrived"
        )
        self.narrator.say(f"corrected by a person and fed back: {counts['alike']} more clients")
        self._tally("corrected", [*_UNREADABLE])
        self.figures["corrected"] = counts["alike"]
        return str(done["run"]["id"])

    def _take_back(self, run: str) -> None:
        """The corrections are rolled back; what somebody has changed since stays, and is said."""
        mine = next(client for client in self.clients.values() if client.condition is Condition.TWICE)
        with self.tryton.admin() as admin:
            parties.change_mobile(admin, mine)
        done = self.baton("migrate", "rollback", run, expect=1)
        self._tally("taken back", [*ASIDE, *_UNREADABLE], changed=[mine])
        gone = sum(self.stages["taken back"][condition][_NOT_THERE] for condition in ASIDE)
        left = done["counts"]["refused"]
        self.narrator.say(f"rolled back: {gone} clients; {left} left alone, since somebody changed it: {mine.code}")
        self._require(left == 1, f"the rollback left {left} alone, not 1")
        self.figures.update(rolled_back=gone, left_alone=left)

    def _damage(self, run: str) -> None:
        """Verify must name what was done behind the hub's back, each in its place, and nothing else."""
        planted = self._plant()
        differences = self.baton("migrate", "verify", run, expect=1)["differences"]
        findings = {
            (stage, each["row"], each["column"], each["cause"]): each
            for stage, listed in differences.items()
            for each in listed
        }
        self.found = [(damage, findings.get(damage.place)) for damage in planted]
        for damage, finding in self.found:
            self._require(finding is not None, f"verify did not find: {damage.what}, row {damage.row}")
        alarms = len(findings.keys() - {damage.place for damage in planted})
        self._require(not alarms, f"verify found {alarms} differences that nobody planted")
        caught = sum(finding is not None for _, finding in self.found)
        self.narrator.say(
            f"damage behind the hub's back: {len(planted)} planted, {caught} found, {alarms} false alarms"
        )
        self.figures.update(damage_planted=len(planted), damage_found=caught, false_alarms=alarms)

    def _plant(self) -> list[Damage]:
        """Three changes in Tryton and one in the source."""
        source = self.place.client_list
        victims = [self.clients[serial] for serial in VICTIMS]
        cut, moved, gone, edited = victims
        cut_row, moved_row, gone_row, edited_row = (client_list.row_of(client, source) for client in victims)
        with self.tryton.admin() as admin:
            parties.cut_name(admin, cut)
            parties.change_mobile(admin, moved)
            parties.delete(admin, gone)
        column = client_list.change_street(edited, source)
        return [
            Damage("name cut short in Tryton", "result", cut_row, "name", "cut"),
            Damage("telephone changed in Tryton", "result", moved_row, "mobile", "value"),
            Damage("party deleted in Tryton", "result", gone_row, "", "missing"),
            Damage("one cell changed in the old file", "source", edited_row, column, "value"),
        ]

    # --- reading back

    def _parties(self) -> dict[str, parties.Party]:
        with self.tryton.admin() as admin:
            return parties.look_at_parties(admin)

    def _tally(self, moment: str, missing: Iterable[Condition], changed: Iterable[Client] = ()) -> None:
        """Read every client back from Tryton and hold it against what is true."""
        there, absent, altered = self._parties(), set(missing), set(changed)
        tally: dict[Condition, Counter[str]] = {condition: Counter() for condition in Condition}
        wrong = 0
        for client in self.clients.values():
            state = _state(client, there.get(client.code))
            wanted = "changed" if client in altered else _NOT_THERE if client.condition in absent else "right"
            tally[client.condition][state] += 1
            wrong += state != wanted
        strangers = len(there.keys() - {client.code for client in self.clients.values()})
        self.stages[moment] = tally
        self.figures["migration_values_compared"] = self.figures.get("migration_values_compared", 0) + sum(
            len(values) for values in there.values()
        )
        self._require(not wrong, f"{moment}: {wrong} clients are not in Tryton as they should be")
        self._require(not strangers, f"{moment}: {strangers} clients in Tryton that no list has")

    def _require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.failures.append(otherwise)
            self.narrator.say(f"  WRONG: {otherwise}")

    # --- what is shown

    def tables(self) -> Iterable[str]:
        """What became of the list, and of the damage."""
        rows = [
            [condition.title, str(sum(first.values())), *(_cell(stage[condition]) for stage in self.stages.values())]
            for condition, first in next(iter(self.stages.values())).items()
        ]
        yield "\nWhat became of the old client list, read back from Tryton:\n"
        yield table(["what was wrong with the rows", "clients", *self.stages], rows)
        yield "\nDamage done behind the hub's back, and what `baton migrate verify` said of it (values masked):\n"
        yield table(
            ["what was done", "found at", "row", "column", "cause", "expected", "found"], map(_line, self.found)
        )


def _state(client: Client, party: parties.Party | None) -> str:
    if party is None:
        return _NOT_THERE
    return "right" if party == client.in_tryton() else "changed"


def _cell(states: Counter[str]) -> str:
    if len(states) == 1:
        return next(iter(states))
    return ", ".join(f"{count} {state}" for state, count in states.most_common())


def _line(pair: tuple[Damage, Mapping[str, Any] | None]) -> list[str]:
    damage, finding = pair
    if finding is None:
        return [damage.what, "✗ not found", *[""] * 5]
    return [
        damage.what,
        damage.stage,
        *(str(finding[name]) for name in ("row", "column", "cause", "expected", "found")),
    ]

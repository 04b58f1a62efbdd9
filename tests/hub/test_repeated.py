"""A feed of which the known lines are left out plans what the whole feed plans; what is known is dropped in time."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
import xlsxwriter

from baton.clock import SystemClock
from baton.errors import FeedRefusedError, TamperedError
from baton.hub import Hub, repeated
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync, preview_sync
from baton.mapping.load import load_mapping
from baton.model.told_lines import OtherLines
from baton.settings import HubSettings
from baton.settings_shape import GatePart, GuardsPart
from baton.store.tables import people, told_lines
from connectors.hr.file_export.connector import FileExport, FileExportSettings
from tests.bench.roster import HEAD, WIDE_OPEN, RosterCompany, Wide, person

LENIENT = GuardsPart(least_share=Decimal("0.01"), unreadable_share=Decimal("0.99"), duplicate_share=Decimal("0.99"))


@dataclass
class Readings:
    """What the source was asked, and what it left out."""

    besides: list[OtherLines | None]
    whole: int = 0


@pytest.fixture
def asked(monkeypatch) -> Readings:
    """Counts how the roster is read from now on."""
    found = Readings([])
    besides, census = FileExport.besides, FileExport.census

    def counted(self, before):
        found.besides.append(besides(self, before))
        return found.besides[-1]

    def counted_census(self):
        found.whole += 1
        return census(self)

    monkeypatch.setattr(FileExport, "besides", counted)
    monkeypatch.setattr(FileExport, "census", counted_census)
    return found


@contextmanager
def company(folder: Path, guards: GuardsPart | None = None) -> Iterator[tuple[RosterCompany, Hub]]:
    folder.mkdir(exist_ok=True)
    gate = GatePart(run=WIDE_OPEN, day=WIDE_OPEN, week=WIDE_OPEN)
    made = RosterCompany(
        folder, f"sqlite:///{folder}/hub.sqlite3", SystemClock(), {"crm": Wide}, gate=gate, guards=guards or LENIENT
    )
    with made.open() as hub:
        yield made, hub


def line(number: int, **more: str) -> str:
    given = {**person(number), **more}
    return ",".join(given.get(name, "") for name in HEAD)


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> None:
    path.write_bytes(("\n".join([",".join(HEAD), *lines]) + "\n").encode(encoding))


def write_workbook(path: Path, lines: list[str]) -> None:
    """The same lines as the rows of a sheet; what the file is called does not matter."""
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": datetime(2026, 11, 27)})  # noqa: DTZ001 - the same bytes for the same lines
        sheet = book.add_worksheet()
        for place, cells in enumerate(csv.reader(io.StringIO("\n".join([",".join(HEAD), *lines]), newline=""))):
            sheet.write_row(place, 0, cells)


def synced(hub: Hub, **request) -> SyncPlan:
    plan = plan_sync(hub, SyncRequest(**request))
    apply(hub)
    settle(hub, plan.run.id)
    return plan


def told(plan: SyncPlan):
    """A plan without what differs from run to run."""
    intended = [
        (
            draft.intention.number,
            draft.intention.action,
            draft.intention.fields,
            draft.intention.references,
            draft.digests,
        )
        for draft in plan.drafted
    ]
    return plan.run.counts, plan.faults, plan.notes, plan.run.state, plan.run.feed_digest, intended


def stored(hub: Hub):
    with hub.database.read() as connection:
        return connection.execute(
            sa.select(people.c.number, people.c.version, people.c.status, people.c.digest).order_by(people.c.number)
        ).all()


MISHAPS = (
    lambda n: line(n, 员工状态="神秘"),
    lambda n: line(n, 手机="12"),
    lambda n: line(n, 入职日期="1800-01-01"),
    lambda n: line(n, 岗位='"主管,资深"'),
    lambda n: line(n, 岗位='"主管'),
    lambda n: line(n, 岗位='主"管'),
    lambda n: line(n)[:-3],
    lambda n: line(n) + ",",
    lambda n: line(n) + "\r",
    lambda n: "",
    lambda n: "合计" + "," * (len(HEAD) - 2) + ",12",
    lambda n: line(n, 员工状态="离职", 最后工作日="2026-01-31"),
    lambda n: line(n, 直属上级工号=f"{n:06d}"),
    lambda n: line(n, 直属上级工号="000003"),
    lambda n: line(n + 1),
    lambda n: line(n) + "\n" + line(n),
    lambda n: line(n) + "\n" + line(n, 岗位="主管"),
)


def story(seed: int, feeds: int) -> Iterator[tuple[list[str], str, dict[str, object]]]:
    """Feeds of one company (lines, encoding, what is asked), each a little different from the one before."""
    chance = random.Random(seed)
    now = {number: line(number) for number in range(1, 15)}
    for _ in range(feeds):
        for _ in range(chance.choice([0, 1, 1, 3])):
            number = chance.randrange(1, 18)
            now[number] = (
                chance.choice(MISHAPS)(number) if chance.random() < 0.5 else line(number, 岗位=f"岗{chance.random()}")
            )
        if chance.random() < 0.3:
            now.pop(chance.choice(list(now)))
        lines = list(now.values())
        if chance.random() < 0.3:
            chance.shuffle(lines)
        asked = {"employees": ["000002", "000005"]} if chance.random() < 0.15 else {}
        yield lines, chance.choice(["utf-8", "utf-8", "utf-8", "gb18030", "utf-8-sig"]), asked


@pytest.mark.parametrize(("seed", "kind"), [(0, "text"), (1, "text"), (2, "text"), (3, "workbook"), (4, "workbook")])
def test_a_feed_without_its_known_lines_plans_what_the_whole_feed_plans(tmp_path, asked, monkeypatch, seed, kind):
    left_out = 0
    with company(tmp_path / "one") as (one, quick), company(tmp_path / "other") as (other, whole):
        for lines, encoding, request in story(seed, 8):
            outcomes = []
            for here, hub in ((one, quick), (other, whole)):
                if kind == "workbook":
                    write_workbook(here.roster, lines)
                else:
                    write(here.roster, lines, encoding)
                with monkeypatch.context() as patch:
                    if hub is whole:
                        patch.setattr(FileExport, "besides", lambda self, before: None)
                    try:
                        outcomes.append((told(preview_sync(hub, SyncRequest(**request))), told(synced(hub, **request))))
                    except FeedRefusedError as error:
                        outcomes.append([(each.guard, each.message) for each in error.breaches])
            assert outcomes[0] == outcomes[1]
            assert stored(quick) == stored(whole)
            left_out += sum(each.standing.len() for each in asked.besides if each is not None)
            asked.besides.clear()
    assert left_out > 20, "lines are left out at all"


@pytest.mark.parametrize("written", [write, write_workbook])
def test_only_lines_with_news_are_read(tmp_path, asked, written):
    with company(tmp_path / "one") as (here, hub):
        written(here.roster, [line(number) for number in range(1, 101)])
        synced(hub)
        written(here.roster, [line(number, **({"岗位": "经理"} if number == 7 else {})) for number in range(1, 101)])
        plan = synced(hub)
        assert [draft.intention.number for draft in plan.drafted] == ["000007"]
        assert plan.run.counts["rows"] == plan.run.counts["population"] == 100
        again = synced(hub)
    assert again.run.counts["effects"] == 0
    assert [each.rows.height for each in asked.besides if each] == [100, 1, 0]
    assert asked.whole == 0


def test_a_change_that_comes_due_does_so_with_a_feed_that_is_the_same(tmp_path, asked):
    """What is due later is an effect already: nothing has to be read again for it."""
    with company(tmp_path / "one") as (here, hub):
        write(here.roster, [line(1), line(2, 员工状态="待离职", 最后工作日="2099-01-31")])
        first = synced(hub)
        assert first.run.counts["scheduled"] >= 1
        again = plan_sync(hub, SyncRequest())
        assert again.run.counts["effects"] == 0
        with hub.database.read() as connection:
            assert len(hub.effects.read(connection)) == len(first.drafted)
    assert asked.besides[-1] is not None
    assert asked.besides[-1].rows.is_empty()


def test_source_guards_count_the_lines_left_out(tmp_path, asked):
    with company(tmp_path / "one", GuardsPart()) as (here, hub):
        write(here.roster, [line(number) for number in range(1, 41)])
        synced(hub)
        for lines, guard in (
            ([line(number) for number in range(1, 21)], "shrunken"),
            ([line(number) for number in range(1, 21)] + [line(number) for number in range(101, 121)], "renumbered"),
            ([line(number) for number in range(1, 41)] + [line(3), line(4)], "duplicates"),
            ([line(number) for number in range(1, 40)] + ["x" * 9], "unparseable"),
        ):
            write(here.roster, lines)
            with pytest.raises(FeedRefusedError) as caught:
                plan_sync(hub, SyncRequest())
            assert [breach.guard for breach in caught.value.breaches] == [guard]


class TwoRosters(RosterCompany):
    """A company with a second HR system, whose people are others."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.second = self.folder / "second.csv"
        self.mappings["hr2"] = self.mappings["hr"]

    def settings(self) -> HubSettings:
        settings = super().settings()
        first = settings.systems["hr"]
        second = replace(first, name="hr2", settings=FileExportSettings(path=self.second, settle_s=0))
        return replace(settings, systems={**settings.systems, "hr2": second})


def test_news_of_one_source_leaves_the_lines_of_another_known(tmp_path, asked):
    gate = GatePart(run=WIDE_OPEN, day=WIDE_OPEN, week=WIDE_OPEN)
    here = TwoRosters(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", SystemClock(), {"crm": Wide}, gate=gate)
    write(here.roster, [line(number) for number in range(1, 6)])
    write(here.second, [line(number) for number in range(11, 16)])
    with here.open() as hub:
        synced(hub)
        for changed, path in ((3, here.roster), (13, here.second)):
            first = changed - changed % 10 + 1
            write(path, [line(n, **({"岗位": "主管"} if n == changed else {})) for n in range(first, first + 5)])
            assert synced(hub).run.counts["changed"] == 1
        assert read_rows(asked) == [5, 5, 1, 0, 0, 1]


@pytest.fixture
def known(tmp_path, asked) -> Iterator[tuple[RosterCompany, Hub]]:
    """A company whose feed was read, so that all its lines are known."""
    with company(tmp_path / "one") as (here, hub):
        write(here.roster, [line(number) for number in range(1, 6)])
        synced(hub)
        asked.besides.clear()
        yield here, hub


def read_rows(asked: Readings) -> list[int]:
    return [each.rows.height for each in asked.besides if each]


def test_another_mapping_has_every_line_read(known, asked, tmp_path):
    here, hub = known
    text = here.mappings["hr"].file
    other = tmp_path / "other.yaml"
    other.write_text(Path(text).read_text(encoding="utf-8").replace("{from: 岗位, via: [trim]}", "{from: 岗位}"))
    hub.__dict__["mappings"]["hr"] = load_mapping(other, source_fields=None, target_fields=None)
    plan_sync(hub, SyncRequest())
    assert read_rows(asked) == [5]


@pytest.mark.parametrize(("name", "value"), [("_WHOLE_EVERY", timedelta()), ("_program", lambda source: "newer")])
def test_once_a_day_and_after_an_upgrade_every_line_is_read(known, asked, monkeypatch, name, value):
    _, hub = known
    with monkeypatch.context() as patch:
        patch.setattr(repeated, name, value)
        assert plan_sync(hub, SyncRequest()).run.counts["changed"] == 0
        assert read_rows(asked) == [5]
    plan_sync(hub, SyncRequest())
    assert read_rows(asked) == [5, 0 if name == "_WHOLE_EVERY" else 5]


def test_whoever_writes_people_has_every_line_read(known, asked):
    _, hub = known
    with hub.database.write() as connection:
        newest = hub.people.newest(connection, ["000003"])["000003"]
        pairs = [(newest.employee, b"of another source")]
        hub.people.record(connection, "hr", "run", pairs, {"000003": newest.known}, hub.clock.now())
    assert plan_sync(hub, SyncRequest()).run.counts["changed"] == 1, "the feed says something else than is stored"
    assert read_rows(asked) == [5]


def test_who_is_forgotten_between_reading_and_planning_is_read_again(known, asked, monkeypatch):
    _, hub = known
    besides = FileExport.besides

    def forgetful(self, before):
        found = besides(self, before)
        with hub.database.write() as connection:
            if not hub.people.known(connection, ["000003"]):
                return found
            for table in ("links", "effects"):
                connection.execute(sa.text(f"DELETE FROM {table} WHERE number = '000003'"))
            hub.people.forget(connection, ["000003"])
        return found

    monkeypatch.setattr(FileExport, "besides", forgetful)
    plan = plan_sync(hub, SyncRequest())
    assert plan.run.counts["changed"] == 1
    assert read_rows(asked) == [0, 5]


def test_marks_made_by_another_hash_are_not_used(known, asked, monkeypatch):
    _, hub = known
    monkeypatch.setattr("baton.store.told_lines._PROBE", ("another",))
    plan_sync(hub, SyncRequest())
    assert read_rows(asked) == [5]


def test_a_dry_run_learns_nothing(tmp_path, asked):
    with company(tmp_path / "one") as (here, hub):
        write(here.roster, [line(1)])
        preview_sync(hub, SyncRequest())
        with hub.database.read() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(told_lines)).scalar_one() == 0


def test_marks_that_were_moved_to_another_source_do_not_open(known):
    _, hub = known
    with hub.database.write() as connection:
        connection.execute(sa.update(told_lines).values(source="other"))
    with hub.database.read() as connection, pytest.raises(TamperedError):
        hub.told_lines.read(connection, "other")


def test_what_is_kept_of_lines_is_sealed_and_holds_no_value_of_theirs(known):
    _, hub = known
    with hub.database.read() as connection:
        (sealed,) = connection.execute(sa.select(told_lines.c.sealed)).scalars()
        kept = hub.told_lines.read(connection, "hr")
    assert b"000003" not in sealed
    assert kept is not None
    assert kept.lines.columns == ["first", "second", "number", "manager_number", "status", "in_scope"]
    assert kept.lines["status"].unique().to_list() == ["active"]
    assert kept.lines.schema["first"] == pl.UInt64

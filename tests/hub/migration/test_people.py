"""Baton's own employees as the source and as the target of a migration."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from baton.engine.settle import Verdict
from baton.errors import ConfigurationError
from baton.hub import Hub, decisions
from baton.hub.migration.ends import record_target
from baton.hub.migration.findings import refusals
from baton.hub.migration.people import OwnPeople
from baton.hub.migration.planning import plan_migration, preview_migration
from baton.hub.migration.profiling import profile, suggest
from baton.hub.migration.quarantine import write_quarantine
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.route import MigrationRequest
from baton.hub.migration.running import Migrated, carry_on
from baton.hub.migration.verifying import Proof, verify
from baton.hub.sync import SyncRequest, plan_sync
from baton.jobs.migration.waves import WavePlan
from baton.model.people import Employee, EmploymentStatus
from baton.settings import SystemSettings
from baton.store.tables import audit, people, person_indexes, person_versions
from tests.rig.clock import VirtualClock
from tests.rig.company import Company, row
from tests.rig.records import Archive, old_row
from tests.rig.targets import KeyTarget

INTO = """mapping: 1
source: data/old
target: employee
collection: employee
key: [number]
fields:
  number: {from: 工号, via: [trim], required: yes}
  status: {from: 备注, via: [default(on)], table: {on: active, off: departed}}
  full_name: {from: 姓名}
  hire_day: {from: 入职, via: [date]}
  last_working_time: {from: 时间, via: [time]}
  manager_number: {from: 上级}
  mobile: {from: 工资}
examples:
  - given: {工号: 0012, 姓名: 测试甲, 入职: 2020-01-01, 时间: "18:00"}
    expect: {number: 0012, status: active, hire_day: 2020-01-01, last_working_time: "18:00"}
"""
OUT = """mapping: 1
source: employee
target: TARGET
collection: COLLECTION
key: [code]
cleaning:
  - {column: full_name, fix: [trim]}
fields:
  code: {from: number, required: yes}
  name: {from: full_name}
  hired: {from: hire_day}
examples:
  - given: {number: 0012, full_name: 测试甲, hire_day: 2020-01-01}
    expect: {code: 0012, hired: 2020-01-01}
"""


def old_person(number: int, **given: str | None) -> dict[str, str | None]:
    """A row of the old system that says of a person what `INTO` takes."""
    said: dict[str, str | None] = {"时间": "18:00", "备注": None, "工资": f"138{number:08d}", **given}
    return old_row(number, **said)


@pytest.fixture
def into(archive: Archive) -> Archive:
    archive.mapping = INTO
    archive.rows = [old_person(number) for number in range(1, 41)]
    return archive


def migrate(hub: Hub, request: MigrationRequest) -> tuple[str, Migrated]:
    plan = plan_migration(hub, request)
    return plan.run.id, carry_on(hub, plan.run.id)


def stored(hub: Hub, number: str) -> Employee | None:
    with hub.database.read() as connection:
        found = hub.people.newest(connection, [number])
    return found[number].employee if number in found else None


def known(hub: Hub, source: str, *people_: Employee) -> None:
    """People of an HR source (or of migrations), as recorded by it."""
    with hub.database.write() as connection:
        pairs = [(person, b"digest") for person in people_]
        hub.people.record(connection, source, "sync-1", pairs, {}, hub.clock.now())


def someone(number: str, **given: Any) -> Employee:
    return Employee(number=number, status=EmploymentStatus.ACTIVE, **given)


def table_sizes(hub: Hub) -> list[int]:
    with hub.database.read() as connection:
        return [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (people, person_versions, person_indexes)
        ]


# --- as a target


def test_people_arrive_as_first_versions_sealed_indexed_and_audited_and_a_second_run_writes_nothing(
    into: Archive,
) -> None:
    into.rows[1] = old_person(2, 上级="00001")
    with into.open() as hub:
        run_id, done = migrate(hub, into.request())
        assert (done.verdict, done.counts["alike"], done.reasons) == (Verdict.CLEAN, 40, [])
        assert stored(hub, "00002") == Employee(
            number="00002",
            status=EmploymentStatus.ACTIVE,
            full_name="测试2",
            hire_day=date(2002, 3, 11),
            last_working_time=time(18, 0),
            manager_number="00001",
            mobile="13800000002",
        )
        assert table_sizes(hub) == [40, 40, 40]
        with hub.database.read() as connection:
            assert hub.people.find_by(connection, "mobile", "13800000002") == ["00002"]
            assert set(connection.execute(sa.select(person_versions.c.run_id)).scalars()) == {run_id}
            assert set(connection.execute(sa.select(people.c.source)).scalars()) == {"migration"}
            sealed = b"".join(connection.execute(sa.select(person_versions.c.sealed)).scalars())
            of_people = sa.select(audit.entries.c.body).where(audit.entries.c.kind == "people")
            entries = list(connection.execute(of_people).scalars())
        assert "测试2".encode() not in sealed
        assert all(run_id in body and '"insert"' in body for body in entries)
        assert "00002" not in "".join(entries)
        again = migrate(hub, into.request())[1]
        assert (again.verdict, again.run.counts["nothing"], table_sizes(hub)) == (Verdict.CLEAN, 40, [40, 40, 40])
        assert verify(hub, run_id).alike


def test_a_dry_run_into_employees_stores_nobody(into: Archive) -> None:
    with into.open() as hub:
        plan = preview_migration(hub, into.request())
        assert (plan.run.counts["insert"], plan.route.target_name, table_sizes(hub)) == (40, "baton", [0, 0, 0])


def test_migrated_rolled_back_and_looked_at_again(into: Archive) -> None:
    into.rows = [old_person(number) for number in range(1, 31)]
    before = someone("00003", full_name="测试旧", department="D1", mobile="13900000003")
    with into.open() as hub:
        known(hub, "migration", before)
        run_id, done = migrate(hub, into.request())
        assert (done.verdict, done.run.counts["update"], done.run.counts["insert"]) == (Verdict.CLEAN, 1, 29)
        after = stored(hub, "00003")
        assert after is not None
        assert (after.full_name, after.department, after.mobile) == ("测试3", "D1", "13800000003")
        undone = carry_on(hub, plan_rollback(hub, run_id, "tester").id)
        assert (undone.verdict, undone.counts["compared"], undone.counts["refused"]) == (Verdict.CLEAN, 30, 0)
        assert stored(hub, "00003") == before
        assert table_sizes(hub) == [1, 3, 1]  # the one who was here keeps every version, the way back included
        with hub.database.read() as connection:
            assert hub.people.find_by(connection, "mobile", "13900000003") == ["00003"]
        found = verify(hub, run_id)
        assert (found.differences[Proof.SOURCE].height, found.differences[Proof.TRANSFORM].height) == (0, 0)
        assert set(found.differences[Proof.RESULT]["cause"].to_list()) == {"missing", "value"}


def test_a_person_of_an_hr_source_is_never_taken_over(into: Archive) -> None:
    into.rows = into.rows[:20]
    theirs = someone("00007", full_name="测试人事")
    with into.open() as hub:
        known(hub, "hr", theirs)
        run_id, done = migrate(hub, into.request(waves=WavePlan(0, 0)))
        left = refusals(hub, run_id)
        assert (done.verdict, left["code"].to_list(), left["row"].to_list()) == (
            Verdict.INCOMPLETE,
            ["other_source"],
            [8],
        )
        assert stored(hub, "00007") == theirs


def test_a_person_whom_somebody_changes_meanwhile_is_left_alone(into: Archive) -> None:
    into.rows = into.rows[:20]
    with into.open() as hub:
        migrate(hub, into.request())
        into.rows[4]["姓名"] = "测试改"
        plan = plan_migration(hub, into.request())
        own = record_target(hub, "baton")
        assert isinstance(own, OwnPeople)
        frame = own.fetch(own.collection("employee"), pl.DataFrame({"number": ["00005"]}), ["full_name"])
        (receipt,) = own.amend(own.collection("employee"), frame.with_columns(full_name=pl.lit("他人")), frame)
        assert receipt.outcome.value == "done"
        done = carry_on(hub, plan.run.id)
        assert refusals(hub, plan.run.id)["code"].to_list() == ["changed"]
        assert done.counts["refused"] == 1
        person = stored(hub, "00005")
        assert person is not None
        assert person.full_name == "他人"


def test_what_no_employee_can_be_is_refused_by_name(into: Archive) -> None:
    into.mapping = INTO.replace("  mobile: {from: 工资}", "  time_zone: {from: 工资}")
    into.rows = [old_person(number, 工资="Asia/Shanghai") for number in range(1, 41)]
    into.rows[0]["入职"] = "2101-01-01"
    into.rows[1]["上级"] = "00002"
    into.rows[2]["工资"] = "Beijing"
    into.rows[3]["工资"] = None
    with into.open() as hub:
        plan = plan_migration(hub, into.request(waves=WavePlan(0, 0)))
        assert [(fault.place, fault.rule) for fault in plan.faults] == [("staff:3", "cycle")]
        carry_on(hub, plan.run.id)
        codes = dict(refusals(hub, plan.run.id).select("row", "code").rows())
        assert codes == {2: "date_range", 4: "time_zone", 5: "time_zone"}
        assert table_sizes(hub)[0] == 36


def test_an_interrupted_migration_into_employees_goes_on_and_records_nobody_twice(into: Archive) -> None:
    calls = iter(range(100))

    def dies(point: str) -> None:
        if point == "written" and next(calls) == 1:
            raise KeyboardInterrupt

    into.crash_point = dies
    with into.open() as hub:
        plan = plan_migration(hub, into.request(waves=WavePlan(5, 0.5)))
        with pytest.raises(KeyboardInterrupt):
            carry_on(hub, plan.run.id)
    into.crash_point = lambda _: None
    with into.open() as hub:
        done = carry_on(hub, plan.run.id)
        assert (done.verdict, table_sizes(hub)) == (Verdict.CLEAN, [40, 40, 40])


def test_the_kill_switch_of_the_hub_itself_stops_a_migration_into_employees(into: Archive) -> None:
    with into.open() as hub:
        decisions.kill_switch(hub, "system:baton", "on", "boss", "not now")
        _, done = migrate(hub, into.request())
        assert (done.verdict, table_sizes(hub)) == (Verdict.BROKEN, [0, 0, 0])


def test_the_mapping_must_fit_the_employees(into: Archive) -> None:
    wrong = {
        INTO.replace("collection: employee", "collection: people"): "only 'employee'",
        INTO.replace("key: [number]", "key: [full_name]"): "the key of employee is number",
        INTO.replace("mobile:", "cell_phone:"): "employee has no field 'cell_phone'",
    }
    with into.open() as hub:
        for mapping, said in wrong.items():
            into.mapping = mapping
            with pytest.raises(ConfigurationError) as caught:
                preview_migration(hub, into.request())
            assert said in str(caught.value)
        into.mapping = INTO
        with pytest.raises(ConfigurationError, match="is for employee, and new is data/new"):
            preview_migration(hub, into.request(target="new"))


# --- as a source


def test_every_known_person_is_read_and_arrives_with_typed_days(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baton.hub.migration.people.PAGE_ROWS", 300)
    archive.mapping = OUT.replace("TARGET", "data/new").replace("COLLECTION", "staff")
    staff = [someone(f"{number:05d}", full_name=f" 测试{number}", hire_day=date(2020, 1, 2)) for number in range(700)]
    with archive.open() as hub:
        known(hub, "hr", *staff, replace(someone("9"), status=EmploymentStatus.DEPARTED))
        run_id, done = migrate(hub, archive.request())
        assert (done.verdict, done.counts["alike"], done.move.source) == (Verdict.CLEAN, 701, "baton")
        assert archive.shelf.rows["00041"] == {"code": "00041", "name": "测试41", "hired": date(2020, 1, 2)}
        assert verify(hub, run_id).alike
        with hub.database.write() as connection:
            person = replace(staff[3], hire_day=date(2021, 1, 2))
            before = hub.people.known(connection, [person.number])
            hub.people.record(connection, "hr", "sync-2", [(person, b"other")], before, hub.clock.now())
        found = verify(hub, run_id)
        assert found.differences[Proof.SOURCE].select("row", "column").rows() == [(4, "hire_day")]
        assert profile(hub, "baton").columns["hire_day"].type.value == "date"


def test_people_put_aside_are_corrected_and_fed_back_with_their_days(archive: Archive, tmp_path: Path) -> None:
    archive.mapping = (
        OUT.replace("TARGET", "data/new")
        .replace("COLLECTION", "staff")
        .replace("{from: full_name}", "{from: full_name, required: yes}")
    )
    nameless = someone("2", hire_day=date(2020, 1, 2), last_working_time=time(18, 0))
    with archive.open() as hub:
        known(hub, "hr", someone("1", full_name="测试一"), nameless)
        run_id, done = migrate(hub, archive.request())
        assert (done.counts["quarantined"], list(archive.shelf.rows)) == (1, ["1"])
        path = tmp_path / "aside.csv"
        write_quarantine(hub, run_id, path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            (aside,) = csv.DictReader(file)
        assert (aside["hire_day"], aside["last_working_time"]) == ("2020-01-02", "18:00:00")
        for day, rule in (("soon", "type"), ("2020-01-02", "")):
            aside.update(full_name="测试二", hire_day=day)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, aside)
                writer.writeheader()
                writer.writerow(aside)
            plan = plan_migration(hub, archive.request(quarantine=path, corrects=run_id))
            assert [fault.rule for fault in plan.faults] == [rule] * bool(rule)
        carry_on(hub, plan.run.id)
        assert archive.shelf.rows["2"]["hired"] == date(2020, 1, 2)


class FilingCompany(Company):
    """A company that also has a folder of data files."""

    def settings(self) -> Any:
        from connectors.data.file.connector import DataFile

        layout = {"people.csv": {"key": ["code"], "fields": {"code": "text", "name": "text", "hired": "date"}}}
        files = DataFile.Settings.model_validate({"path": self.folder / "files", "layout": layout})
        settings = super().settings()
        more = SystemSettings("files", "data/file", "systems.yaml:files", files)
        return replace(settings, systems={**settings.systems, "files": more})


@pytest.fixture
def filing(database_url: str, tmp_path: Path) -> Iterator[tuple[Company, Hub]]:
    (tmp_path / "files").mkdir()
    company = FilingCompany(tmp_path, database_url, VirtualClock(), {"crm": KeyTarget})
    with company.open() as hub:
        yield company, hub


def test_people_of_an_hr_feed_become_a_file(filing: tuple[Company, Hub], tmp_path: Path) -> None:
    company, hub = filing
    company.rows = [row(f"{number:04d}") for number in range(1, 21)]
    plan_sync(hub, SyncRequest())
    mapping = tmp_path / "people.yaml"
    mapping.write_text(OUT.replace("TARGET", "data/file").replace("COLLECTION", "people.csv"), "utf-8")
    run_id, done = migrate(hub, MigrationRequest(mapping))
    assert (done.verdict, done.counts["alike"]) == (Verdict.CLEAN, 20)
    with (tmp_path / "files" / "people.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert (lines[0], lines[12]) == (["code", "name", "hired"], ["0012", "测试0012", "2020-01-01"])
    assert migrate(hub, MigrationRequest(mapping))[1].run.counts["nothing"] == 20
    draft = suggest(hub, ("baton", ""), ("files", "people.csv"))
    example = "  - given: {number: 0012, hire_day: 2020-01-01}\n    expect: {code: 0012, hired: 2020-01-01}\n"
    (tmp_path / "draft.yaml").write_text(draft.partition("examples:")[0] + f"examples:\n{example}", "utf-8")
    assert preview_migration(hub, MigrationRequest(tmp_path / "draft.yaml")).run.counts["nothing"] == 20
    undone = carry_on(hub, plan_rollback(hub, run_id, "tester").id)
    assert undone.verdict is Verdict.CLEAN
    with (tmp_path / "files" / "people.csv").open(encoding="utf-8-sig") as file:
        assert file.read().splitlines() == ["code,name,hired"]

"""Personal data at rest: only ciphertext, in every table, in the file, its log, and a dump."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.errors import TamperedError
from baton.model.account import Action, Receipt
from baton.model.people import PERSONAL_COLUMNS, Employee, EmploymentStatus
from baton.store.database import Database
from baton.store.tables import effects, metadata, person_versions
from tests.store.desk import Desk

CANARIES = {name: f"canary-{name}-䶮" for name in PERSONAL_COLUMNS}


def forms(text: str) -> list[bytes]:
    """The ways in which a text could lie about in clear."""
    escaped = json.dumps(text).strip('"')
    return [text.encode(), text.encode("gb18030"), text.encode("utf-16-le"), escaped.encode(), text[:14].encode()]


def filled(desk: Desk) -> None:
    employee = Employee(
        number="0012", status=EmploymentStatus.ACTIVE, hire_day=date(2020, 1, 1), **CANARIES  # type: ignore[arg-type]
    )  # fmt: skip
    desk.run("run-1")
    with desk.database.write() as connection:
        desk.people.record(connection, "hr", "run-1", [(employee, b"digest")], {}, desk.clock.now())
    desk.plan("0012", Action.PROVISION, Action.UPDATE, fields=CANARIES)
    desk.settle(desk.claim(), Receipt.done("x1"))


def bytes_at_rest(desk: Desk) -> bytes:
    """Everything that whoever takes the disk (or a dump) gets to see."""
    if desk.database.dialect == "sqlite":
        file = Path(desk.database.url.database or "")
        parts = [file, file.with_name(file.name + "-wal")]
        return b"".join(part.read_bytes() for part in parts)
    out = bytearray()
    with desk.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        for table in metadata.sorted_tables:
            with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" TO STDOUT (FORMAT binary)') as copy:
                out += b"".join(bytes(block) for block in copy)
    return bytes(out)


def test_no_personal_value_stands_in_the_clear(desk: Desk) -> None:
    filled(desk)
    data = bytes_at_rest(desk)
    assert b"run-1" in data, "the search looks where the rows are"
    assert b"0012" in data
    assert [name for name, value in CANARIES.items() if any(form in data for form in forms(value))] == []


def test_what_was_stored_can_be_read_by_who_has_the_keys(desk: Desk) -> None:
    filled(desk)
    with desk.database.read() as connection:
        (version,) = desk.people.timelines(connection, ["0012"], desk.clock.now())["0012"]
        (provision, _) = desk.effects.read(connection)
    assert {name: getattr(version.employee, name) for name in PERSONAL_COLUMNS} == CANARIES
    assert provision.fields == CANARIES


def test_a_person_is_found_by_a_personal_value_without_storing_it(desk: Desk) -> None:
    filled(desk)
    with desk.database.read() as connection:
        assert desk.people.find_by(connection, "mobile", CANARIES["mobile"]) == ["0012"]
        assert desk.people.find_by(connection, "identity_number", CANARIES["mobile"]) == []
        assert desk.people.find_by(connection, "mobile", "13800000001") == []


def test_a_payload_moved_to_another_effect_does_not_open(desk: Desk) -> None:
    desk.plan("0001", fields={"name": "测试甲"})
    desk.plan("0002", fields={"name": "测试乙"})
    with desk.database.write() as connection:
        stolen = connection.execute(sa.select(effects.c.payload).where(effects.c.number == "0001")).scalar_one()
        connection.execute(sa.update(effects).where(effects.c.number == "0002").values(payload=stolen))
    with pytest.raises(TamperedError), desk.database.read() as connection:
        desk.effects.read(connection)


def test_an_old_version_of_a_person_cannot_be_put_back(desk: Desk) -> None:
    filled(desk)
    with desk.database.write() as connection:
        connection.execute(sa.update(person_versions).values(version=2))
    with pytest.raises(TamperedError), desk.database.read() as connection:
        desk.people.timelines(connection, ["0012"], desk.clock.now())


def test_an_effect_s_repr_shows_no_personal_value(desk: Desk) -> None:
    desk.plan("0012", fields={"name": "测试甲"})
    with desk.database.read() as connection:
        assert "测试甲" not in repr(desk.effects.read(connection))


def test_nobody_but_its_owner_may_read_the_file(tmp_path: Path) -> None:
    """Numbers and states stand in it in clear."""
    file = tmp_path / "state" / "baton.sqlite3"
    database = Database(f"sqlite:///{file}")
    with database.write() as connection:
        metadata.create_all(connection)
    beside = [file.with_name(file.name + end) for end in ("", "-wal", "-shm")]
    assert [path.stat().st_mode & 0o777 for path in beside] == [0o600] * 3
    assert file.parent.stat().st_mode & 0o777 == 0o700

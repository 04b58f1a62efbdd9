"""The log in a real SQLite database: in the caller's transaction, gapless under threads, and checked row by row."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, create_engine, event, text

from baton.audit.checkpoint import Checkpoint, CheckpointFolder, Signer
from baton.audit.log import AuditLog, Entry
from baton.audit.merkle import root_of
from baton.audit.tables import define
from baton.audit.verify import Verdict, verify_export
from baton.errors import TamperedError

AT = datetime(2026, 11, 22, 6, 25, 37, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.db'}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def own_transactions(connection, _record) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def begin_immediate(connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    yield engine
    engine.dispose()


@pytest.fixture
def log(engine: Engine) -> AuditLog:
    metadata = MetaData()
    tables = define(metadata)
    metadata.create_all(engine)
    return AuditLog(tables)


def entries(count: int, by: str = "t") -> list[Entry]:
    return [Entry(AT, "effect.sent", {"effect": f"{by}{n}䶮"}) for n in range(count)]


def export(engine: Engine, log: AuditLog) -> bytes:
    file = io.BytesIO()
    with engine.begin() as connection:
        log.export(connection, file)
    return file.getvalue()


def test_entries_come_out_as_they_went_in_and_prove(engine: Engine, log: AuditLog, tmp_path: Path) -> None:
    signer, folder = Signer.generate("baton.example/audit"), CheckpointFolder(tmp_path / "outside")
    with engine.begin() as connection:
        assert log.append(connection, []) == range(0)
        assert log.append(connection, entries(3)) == range(3)
    with engine.begin() as connection:
        folder.issue(signer, log.leaves(connection), AT)
        assert log.append(connection, entries(2)) == range(3, 5)
        folder.issue(signer, log.leaves(connection), AT)
        assert log.head(connection).root == root_of(list(log.leaves(connection)))
        assert log.verify_database(connection, signer.verifier, folder.notes()).ok
    report = verify_export(io.BytesIO(export(engine, log)), signer.verifier, folder.notes())
    assert (report.verdict, report.proven, report.checkpoints) == (Verdict.PROVEN, 5, 2)


def test_what_rolls_back_leaves_no_trace(engine: Engine, log: AuditLog) -> None:
    with engine.begin() as connection:
        log.append(connection, entries(2))
    with engine.connect() as connection:
        connection.begin()
        assert log.append(connection, entries(5)) == range(2, 7)
        connection.rollback()
    with engine.begin() as connection:
        assert log.append(connection, entries(1)) == range(2, 3)
        assert log.verify_database(connection).findings == ()


def test_an_entry_without_canonical_form_stops_the_transaction(engine: Engine, log: AuditLog) -> None:
    with pytest.raises(ValueError, match="float"), engine.begin() as connection:
        log.append(connection, [*entries(1), Entry(AT, "x", {"v": 1.5})])  # type: ignore[dict-item]
    assert export(engine, log) == b""


def test_four_threads_make_one_gapless_sequence(engine: Engine, log: AuditLog) -> None:
    given: list[int] = []

    def work(name: str) -> None:
        for n in range(25):
            with engine.begin() as connection:
                given.extend(log.append(connection, entries(1 + n % 3, name)))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = 4 * sum(1 + n % 3 for n in range(25))
    assert sorted(given) == list(range(total))
    with engine.begin() as connection:
        report = log.verify_database(connection)
        assert (report.entries, report.findings) == (total, ())


@pytest.mark.parametrize(
    ("tampering", "what"),
    [
        ('UPDATE audit_entries SET body = \'{"effect":"other"}\' WHERE seq = 3', "changed"),
        ("UPDATE audit_entries SET kind = 'effect.done' WHERE seq = 3", "changed"),
        ("UPDATE audit_entries SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 3", "changed"),
        ("UPDATE audit_entries SET leaf = zeroblob(32) WHERE seq = 3", "changed"),
        ("UPDATE audit_entries SET leaf = 'text' WHERE seq = 3", "changed"),
        ("UPDATE audit_entries SET seq = 'x' WHERE seq = 3", "gap"),
        ("DELETE FROM audit_entries WHERE seq = 3", "gap"),
        ("DELETE FROM audit_entries WHERE seq = 9", "head"),
        ("DELETE FROM audit_entries", "cut_tail"),
        ("UPDATE audit_entries SET seq = 100 WHERE seq = 3", "gap"),
        ("DELETE FROM audit_head", "head"),
        ("UPDATE audit_head SET size = 3", "head"),
        ("UPDATE audit_head SET frontier = x'00'", "head"),
    ],
)
def test_tampering_with_the_rows_is_found(
    engine: Engine, log: AuditLog, tmp_path: Path, tampering: str, what: str
) -> None:
    signer, folder = Signer.generate("baton.example/audit"), CheckpointFolder(tmp_path / "outside")
    with engine.begin() as connection:
        log.append(connection, entries(10))
        folder.issue(signer, log.leaves(connection), AT)
        connection.execute(text(tampering))
        report = log.verify_database(connection, signer.verifier, folder.notes())
    assert what in {finding.what for finding in report.findings}
    assert report.verdict is Verdict.TAMPERED


def rewritten(engine: Engine, log: AuditLog, history: list[Entry]) -> None:
    """Another past in the place of what is stored, every row of it as it should be: by whoever may write there."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_entries"))
        connection.execute(text("DELETE FROM audit_head"))
        log.append(connection, history)


ANOTHER_PAST = [*entries(4), *entries(6, "another"), *entries(3)]
CUT = entries(6)


@pytest.mark.parametrize(
    ("history", "what"),
    [(ANOTHER_PAST, "rewritten"), ([*ANOTHER_PAST, *entries(20)], "rewritten"), (CUT, "cut_tail")],
    ids=["all rows", "all rows, and more", "cut"],
)
def test_a_whole_past_put_in_with_the_rights_of_the_database_is_found_by_kept_checkpoints(
    engine: Engine, log: AuditLog, tmp_path: Path, history: list[Entry], what: str
) -> None:
    signer, folder = Signer.generate("baton.example/audit"), CheckpointFolder(tmp_path / "outside")
    with engine.begin() as connection:
        log.append(connection, entries(10))
        folder.issue(signer, log.leaves(connection), AT)
    rewritten(engine, log, history)
    with engine.begin() as connection:
        assert log.verify_database(connection).findings == (), "nothing in the database itself tells"
        report = log.verify_database(connection, signer.verifier, folder.notes())
    assert what in {finding.what for finding in report.findings}
    assert report.verdict is Verdict.TAMPERED


@pytest.mark.parametrize("history", [ANOTHER_PAST, CUT], ids=["rewritten", "cut"])
@pytest.mark.parametrize("stolen", [True, False], ids=["the true key", "a key of the same name"])
def test_signing_another_past_anew_does_not_help(
    engine: Engine, log: AuditLog, tmp_path: Path, history: list[Entry], stolen: bool
) -> None:
    """The forger puts a checkpoint of their own among those that are kept; one old one is enough."""
    signer, folder = Signer.generate("baton.example/audit"), CheckpointFolder(tmp_path / "outside")
    forger = signer if stolen else Signer.generate(signer.name)
    with engine.begin() as connection:
        log.append(connection, entries(10))
        folder.issue(signer, log.leaves(connection), AT)
    rewritten(engine, log, history)
    with engine.begin() as connection:
        forged = forger.sign(Checkpoint(signer.name, len(history), log.head(connection).root, AT))
        alone = log.verify_database(connection, signer.verifier, [forged])
        report = log.verify_database(connection, signer.verifier, [*folder.notes(), forged])
    assert alone.verdict is (Verdict.PROVEN if stolen else Verdict.TAMPERED)
    assert report.verdict is Verdict.TAMPERED


@pytest.mark.parametrize("tampering", ["UPDATE audit_head SET size = 3", "UPDATE audit_head SET frontier = x'00'"])
def test_nothing_is_appended_to_a_damaged_head(engine: Engine, log: AuditLog, tampering: str) -> None:
    with engine.begin() as connection:
        log.append(connection, entries(10))
        connection.execute(text(tampering))
    with pytest.raises(TamperedError), engine.begin() as connection:
        log.append(connection, entries(1))

"""Each judge of what is new finds the breach that it is there for, and lets pass what only looks like one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.audit.merkle import root_of
from baton.model.case import CaseState
from baton.model.effect import EffectState
from baton.store.tables import audit, metadata
from baton.store.trail import Entry, append
from tests.offboarding.replay import CaseReplay
from tests.rig.logbook import Logbook, Read
from tests.simulation.replay import EffectReplay
from tests.world.judges import Claims, Clear, Retries, Seals, Windows

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Effect:
    """An effect as a judge sees it."""

    key: str
    number: str = "0002"
    run_id: str = "run-1"
    job: str = "sync"
    system: str = "crm"
    action: str = "disable"
    state: str = "done"
    destructive: bool = True
    approved: bool = False
    due_at: datetime = NOW
    created_at: datetime = NOW
    next_at: datetime = NOW
    attempts: int = 1
    crashes: int = 0
    message: str = ""
    remedy: str = ""
    evidence: dict[str, str] = field(default_factory=dict)
    payload: bytes = b"sealed"
    version: int = 1


# --- I14


def test_two_people_in_one_run_are_more_than_may_be() -> None:
    found = list(Windows().look([Effect("a"), Effect("b", "0006", due_at=NOW + 2 * DAY)]))
    assert found == [
        "2 people lose access by run-1 in crm, and may 1",
        "2 people lose access by run-1 in *, and may 1",
    ]


def test_two_people_within_a_day_are_found_when_the_second_is_gone_and_across_systems() -> None:
    windows = Windows()
    assert list(windows.look([Effect("a")])) == []
    later = Effect("b", "0006", "run-2", system="oa", due_at=NOW + 23 * HOUR)
    assert list(windows.look([later])) == ["2 people lose access within 24 hours in *, and may 1"]


def test_three_people_within_a_week_are_found_though_no_day_has_two() -> None:
    windows = Windows()
    week = [Effect(f"{day}", f"{day}", f"run-{day}", due_at=NOW + day * DAY) for day in (0, 2, 4)]
    assert list(windows.look(week[:2])) == []
    assert list(windows.look(week[2:])) == [
        "3 people lose access within 7 days in crm, and may 2",
        "3 people lose access within 7 days in *, and may 2",
    ]


@pytest.mark.parametrize(
    "other",
    [
        Effect("b", "0006", "run-2", approved=True),
        Effect("b", "0006", "run-2", state="planned"),
        Effect("b", "0006", "run-2", due_at=NOW + DAY),
        Effect("b", "0002", "run-2"),
        Effect("b", "0006", "run-2", job="offboarding"),
    ],
    ids=["by somebody's yes", "not gone", "a day later", "the same person", "no account"],
)
def test_what_does_not_count_is_not_counted(other: Effect) -> None:
    assert list(Windows().look([Effect("a"), other])) == []


def test_what_was_not_done_after_all_does_not_count() -> None:
    windows = Windows()
    list(windows.look([Effect("a", state="sent")]))
    assert list(windows.look([Effect("a", state="planned"), Effect("b", "0006", "run-2")])) == []


# --- I10


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (Effect("a", state="planned", attempts=2, next_at=NOW), "to be tried at"),
        (Effect("a", state="in_doubt", next_at=NOW - HOUR), "to be tried at"),
        (Effect("a", attempts=41, next_at=NOW + HOUR), "was tried 41 times"),
        (Effect("a", crashes=4, next_at=NOW + HOUR), "has ended 4 workers"),
    ],
    ids=["at once", "earlier", "too often", "too deadly"],
)
def test_a_try_too_many_or_too_early_is_found(after: Effect, told: str) -> None:
    retries = Retries()
    assert list(retries.look([Effect("a", state="planned")], clock_stood=True)) == [
        "a is to be tried at 24 09:00:00, and was at 24 09:00:00"
    ]
    (found,) = retries.look([after], clock_stood=True)
    assert told in found


def test_a_longer_wait_is_none_and_nor_is_one_told_by_a_clock_that_was_set() -> None:
    retries = Retries()
    assert list(retries.look([Effect("a", state="planned", next_at=NOW + HOUR)], clock_stood=True)) == []
    assert list(retries.look([Effect("a", state="planned", attempts=2, next_at=NOW - DAY)], clock_stood=False)) == []
    assert list(retries.look([Effect("b", action="load", crashes=9)], clock_stood=True)) == []


def test_a_file_of_payments_is_tried_for_as_long_as_it_takes() -> None:
    assert list(Retries().look([Effect("a", action="deliver", attempts=99)], clock_stood=True)) == []


# --- I11


def test_what_arrives_and_was_never_counted_is_found_once() -> None:
    claims = Claims(lambda keys: dict.fromkeys(keys & {"counted"}, 1))  # type: ignore[operator]
    assert list(claims.arriving(["counted", "unknown"])) == ["unknown arrived, and no try of it was counted"]
    assert list(claims.arriving(["counted", "unknown"])) == []


# --- I19, I21, I22


def test_a_name_a_former_account_and_a_secret_are_found_in_clear() -> None:
    clear = Clear(("top-secret",))
    person = {"name": "测试0002", "account": "6222000000000001", "holder": "测试0002"}
    assert list(clear.look([person], [entry(0, "effect", effect="a", to="planned")], [Effect("a")])) == []
    moved = {**person, "account": "6222000000000002"}
    told = [entry(1, "run", by="测试0002"), entry(2, "run", of="6222000000000001"), entry(3, "run", key="top-secret")]
    answered = Effect("a", message="no such person: 测试0002")
    found = list(clear.look([moved], told, [answered, replace(answered, message="", evidence={"key": "top-secret"})]))
    assert [each.split(" names ")[0] for each in found] == [
        "entry 1 (run)",
        "entry 2 (run)",
        "entry 3 (run)",
        "effect a",
        "effect a",
    ]


def test_what_opens_in_the_place_of_another_is_found() -> None:
    rows = [Effect("a"), Effect("b")]
    assert list(Seals(lambda *_: True).look(rows)) == ["what is sealed for a opens as that of b"]
    assert list(Seals(lambda *_: False).look(rows)) == []


# --- I7


def entry(seq: int, kind: str, **body: str) -> Read:
    return Read(seq, NOW, kind, f"{body}", dict(body))


def test_a_step_that_is_not_on_the_list_and_one_from_elsewhere_are_found() -> None:
    replay = EffectReplay()
    steps = [
        entry(0, "effect", effect="a", to="planned"),
        entry(1, "effect", effect="a", **{"from": "planned", "to": "sent"}),
    ]
    assert list(replay.follow(steps)) == []
    assert list(replay.follow([entry(2, "effect", effect="a", **{"from": "planned", "to": "held"})])) == [
        "effect a went from sent (stated: planned) to held"
    ]
    assert replay.states == {"a": EffectState.HELD}


def test_a_case_that_leaves_its_end_is_found() -> None:
    replay = CaseReplay()
    first = entry(0, "case", case="case-1", to="open")
    assert list(replay.follow([first])) == []
    assert list(replay.follow([entry(1, "case", case="case-1", **{"from": "paused", "to": "completed"})])) == [
        "case-1 went from open to completed"
    ]
    assert replay.of_case == {"case-1": CaseState.COMPLETED}


# --- I18


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/log.sqlite3")
    metadata.create_all(engine, tables=[audit.entries, audit.head])
    with engine.begin() as opened:
        yield opened
    engine.dispose()


def written(connection: sa.Connection, *names: str) -> None:
    append(connection, [Entry(kind="run", at=NOW, body={"run": name}) for name in names])


def test_only_what_is_new_is_read_and_a_sound_log_has_no_fault(connection: sa.Connection) -> None:
    book = Logbook()
    for names in (("a", "b", "c"), (), ("d",)):
        written(connection, *names)
        assert [read.body["run"] for read in book.catch_up(connection)] == list(names)
        assert book.faults == []


@pytest.mark.parametrize(
    ("breach", "told"),
    [
        ('UPDATE audit_entries SET body = \'{"run":"x"}\' WHERE seq = 3', "entry 3 does not have its leaf"),
        ("UPDATE audit_entries SET seq = 9 WHERE seq = 3", "entry 9 stands where 3 should"),
        ("DELETE FROM audit_entries WHERE seq = 1", "4 entries were read, and 3 are there"),
        ("DELETE FROM audit_entries WHERE seq = 3", "the head says 4 entries and is not that of the 3 that were read"),
        ("UPDATE audit_head SET size = 3", "the head of the audit log contradicts itself"),
    ],
    ids=["changed", "gap", "an old one removed", "a new one removed", "head"],
)
def test_a_breach_of_the_log_is_found_by_the_next_look(connection: sa.Connection, breach: str, told: str) -> None:
    book = Logbook()
    written(connection, "a", "b", "c")
    book.catch_up(connection)
    written(connection, "d")
    connection.exec_driver_sql(breach)
    book.catch_up(connection)
    assert told in book.faults


def test_a_checkpoint_of_another_log_or_of_more_than_there_is_is_found(connection: sa.Connection) -> None:
    book = Logbook()
    written(connection, "a", "b", "c")
    book.catch_up(connection)
    leaves = list(connection.execute(sa.select(audit.entries.c.leaf).order_by(audit.entries.c.seq)).scalars())
    assert book.disagrees(2, root_of(leaves[:2])) == ""
    assert book.disagrees(2, root_of(leaves[1:])) == "the checkpoint of 2 entries is of another log"
    assert book.disagrees(4, root_of(leaves)) == "a checkpoint is of 4 entries, and there are 3"

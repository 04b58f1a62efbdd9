"""Closed months never change: not by what is known later, not by forgetting, not by altering what is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from baton.errors import ConfigurationError, TamperedError
from baton.hub import Hub, proof
from baton.hub.keeping import subject_access
from baton.hub.offboarding import closing
from baton.hub.offboarding.commission import closed_of
from baton.jobs.offboarding.commission import Closed, Facts, Line, Order, Owned, Payment, Rule, statement
from baton.jobs.offboarding.commission_policy import commission_policy_of
from baton.store.trail import newest_entries
from tests.hub.offboarding.conftest import HR, Desk

Make = Callable[..., Desk]
POLICY = commission_policy_of(b"versions:\n  - from: 2025-01-01\n    rate_bp: 300\n", "policy")
BOOK = closing.BOOK


def facts(*payments: tuple[str, date, int]) -> Facts:
    return Facts(
        [Order("O1", "C1", date(2026, 1, 2), "CNY")],
        [Payment(name, "O1", on, amount) for name, on, amount in payments],
        [Owned("C1", "0002", date(2025, 1, 1))],
        {},
    )


JANUARY, MARCH = ("P1", date(2026, 1, 20), 100_000), ("P2", date(2026, 3, 20), 50_000)
LATE = ("P3", date(2026, 1, 25), 10_000)


def stated(hub: Hub, *payments: tuple[str, date, int], book: str = BOOK) -> list[Line]:
    return statement(facts(*payments), POLICY, closing.remembered(hub, book))


def refused(rule: str, does: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError) as error:
        does()
    assert [fault.rule for fault in error.value.faults] == [rule]


def test_what_is_closed_comes_out_as_it_went_in_and_later_news_are_adjustments(desk: Make) -> None:
    hub = desk().hub
    before = stated(hub, JANUARY, MARCH)
    closing.close(hub, BOOK, "2026-01", before, HR)
    after = stated(hub, JANUARY, LATE, MARCH)
    assert [line for line in after if line.month == "2026-01"] == [line for line in before if line.month == "2026-01"]
    assert [(line.month, line.amount_minor) for line in after if line.rule is Rule.ADJUSTMENT] == [("2026-02", 300)]
    closing.close(hub, BOOK, "2026-03", after, HR)
    assert closing.remembered(hub) == closed_of("2026-03", after)
    assert stated(hub) != after, "who forgets the payments gets adjustments"
    assert [line for line in stated(hub) if line.month <= "2026-03"] == after
    with hub.database.read() as connection:
        assert not proof.verify(hub).findings
        entries = list(newest_entries(connection, "commission_closed", 9))
    assert [(body["through"], body["person"]) for _, body in entries] == [("2026-03", HR), ("2026-01", HR)]


def test_a_month_is_closed_once_and_only_when_it_is_over(desk: Make) -> None:
    hub = desk().hub
    lines = stated(hub, JANUARY, MARCH)
    closing.close(hub, BOOK, "2026-02", lines, HR)
    assert closing.close(hub, BOOK, "2026-02", stated(hub, JANUARY, LATE), HR) == closing.remembered(hub)
    refused("closed_already", lambda: closing.close(hub, BOOK, "2026-01", lines, HR))
    now = f"{hub.clock.now():%Y-%m}"
    refused("not_over", lambda: closing.close(hub, BOOK, now, lines, HR))
    for wrong in ("2026-13", "2026-1", "26-01", ""):
        refused("month", lambda wrong=wrong: closing.close(hub, BOOK, wrong, lines, HR))
    refused("book", lambda: closing.remembered(hub, "../elsewhere"))


def test_a_statement_that_was_overtaken_closes_nothing(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = desk().hub
    old = stated(hub, JANUARY, LATE, MARCH)
    closing.close(hub, BOOK, "2026-01", stated(hub, JANUARY), HR)
    refused("overtaken", lambda: closing.close(hub, BOOK, "2026-03", old, HR))
    now, known = stated(hub, JANUARY, MARCH), closing.remembered(hub)

    def meanwhile(_: str) -> None:
        monkeypatch.undo()
        closing.close(hub, BOOK, "2026-02", now, "another")

    monkeypatch.setattr(hub, "crash_point", meanwhile)
    refused("overtaken", lambda: closing.close(hub, BOOK, "2026-03", now, HR))
    assert (known.through, closing.remembered(hub).through) == ("2026-01", "2026-02")


def test_what_is_kept_can_be_neither_altered_nor_taken_away_nor_put_back(desk: Make) -> None:
    hub = desk().hub
    closing.close(hub, BOOK, "2026-01", stated(hub, JANUARY), HR)
    (old,) = (hub.kept_files.folder / "commission" / BOOK).iterdir()
    first = old.read_bytes()
    closing.close(hub, BOOK, "2026-03", stated(hub, JANUARY, MARCH), HR)
    (new,) = {*(hub.kept_files.folder / "commission" / BOOK).iterdir()} - {old}
    whole = new.read_bytes()
    for wrong in (whole[:-1] + bytes([whole[-1] ^ 1]), first, b""):
        new.write_bytes(wrong)
        with pytest.raises(TamperedError):
            closing.remembered(hub)
    new.unlink()
    with pytest.raises(TamperedError):
        closing.close(hub, BOOK, "2026-03", [], HR)
    new.write_bytes(whole)
    assert closing.remembered(hub).through == "2026-03"


def test_books_are_apart(desk: Make) -> None:
    hub = desk().hub
    closing.close(hub, "north", "2026-01", stated(hub, JANUARY, book="north"), HR)
    assert closing.remembered(hub, "south") == Closed()
    closing.close(hub, "south", "2026-03", stated(hub, MARCH, book="south"), HR)
    assert closing.remembered(hub, "north").through == "2026-01"


def test_a_file_from_before_is_taken_over_once_and_must_agree_afterwards(desk: Make) -> None:
    hub = desk().hub
    given = closed_of("2026-01", statement(facts(JANUARY), POLICY))
    assert closing.adopt(hub, BOOK, given, HR) == given
    assert closing.remembered(hub) == given
    assert closing.adopt(hub, BOOK, replace(given, lines=given.lines[::-1]), HR) == given
    (line,) = given.lines
    for altered in ((replace(line, amount_minor=1),), ()):
        refused("differs", lambda altered=altered: closing.adopt(hub, BOOK, replace(given, lines=altered), HR))
    refused("differs", lambda: closing.adopt(hub, BOOK, replace(given, through="2026-02"), HR))


@pytest.mark.parametrize(
    ("zone", "now", "over"),
    [
        ("Asia/Shanghai", datetime(2026, 11, 30, 17, tzinfo=UTC), True),
        ("America/Los_Angeles", datetime(2026, 12, 1, 7, tzinfo=UTC), False),
    ],
)
def test_a_month_is_over_when_it_is_over_where_the_hub_is(desk: Make, zone: str, now: datetime, over: bool) -> None:
    hub = desk().hub
    part = hub.settings.hub.model_copy(update={"time_zone": zone})
    hub.settings = replace(hub.settings, hub=part)
    hub.clock.sleep((now - hub.clock.now()).total_seconds())
    if over:
        assert closing.close(hub, BOOK, "2026-11", stated(hub, JANUARY), HR).through == "2026-11"
    else:
        refused("not_over", lambda: closing.close(hub, BOOK, "2026-11", stated(hub, JANUARY), HR))


def test_the_copy_of_a_person_tells_their_closed_lines_in_every_book_and_nobody_elses(desk: Make) -> None:
    hub = desk().hub
    lines = stated(hub, JANUARY)
    closing.close(hub, BOOK, "2026-01", [*lines, replace(lines[0], person="0003", amount_minor=77_777)], HR)
    closing.close(hub, "abroad", "2026-02", stated(hub, MARCH, LATE, book="abroad"), HR)
    copy = subject_access.answer(hub, "0002", HR)
    told = [
        (each["book"], each["month"], each["payment"], each["amount_minor"]) for each in copy.sections["commission"]
    ]
    assert told == [("abroad", "2026-01", "P3", 300), (BOOK, "2026-01", "P1", 3_000)]
    assert [cells[4] for cells in copy.data_rows() if cells[3] == "payment"] == ["P3", "P1"]
    assert "77777" not in repr(copy.document)
    for file in hub.kept_files.folder.rglob("*.sealed"):
        file.unlink()
    with pytest.raises(TamperedError, match="gone"):
        subject_access.answer(hub, "0002", HR)

"""Somebody is erased: by two people, out of everything but what is named; nothing brings them back."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.audit.verify import Verdict
from baton.errors import ApprovalError, TamperedError
from baton.hub import proof
from baton.hub.keeping import erasing, ledger, subject_access
from baton.hub.keeping.fates import FATES, Fate
from baton.hub.keeping.subject_access import AREAS
from baton.hub.payment.bookings import ENTRY, entry_event, kept_entry
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.bank_answers import Direction, Reason, ReasonKind, StatementEntry
from baton.model.pay_run import LineState
from baton.settings_shape import RetentionPart
from baton.store.bank_answers import BankEvent, BankFile
from baton.store.pay_runs import LineChange
from baton.store.staging import StorageFullError
from baton.store.tables import effects, metadata, person_versions
from tests.hub.keeping.conftest import OPERATOR, OTHER, World
from tests.hub.keeping.leaver import CANARY, LEAVER, erase, lived, sync, words
from tests.rig.company import row


class KilledError(Exception):
    """The process ends here."""


Make = Callable[..., World]
EMPTY_BYTES = 80
"""What a sealed payload without any field has at most."""


def sealed_of(world: World) -> list[bytes]:
    with world.hub.database.read() as connection:
        found = [
            *connection.execute(
                sa.select(person_versions.c.sealed).where(person_versions.c.number == "0001")
            ).scalars(),
            *connection.execute(sa.select(effects.c.payload).where(effects.c.number == "0001")).scalars(),
        ]
    return [bytes(each) for each in found if len(each) > EMPTY_BYTES]


def at_rest(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_nothing_of_them_is_left_in_clear_or_sealed(world: Make) -> None:
    it = world()
    lived(it)
    before = sealed_of(it)
    assert len(before) == 3, "two versions and what was provisioned"
    assert CANARY in words(it)
    assert erase(it).kept == []
    assert CANARY not in words(it)
    assert "13899990001" not in words(it)
    data = at_rest(it.folder / "state")
    assert [each for each in before if each in data] == [], "in the file, its log, and its freed pages"
    assert CANARY.encode() not in data
    with it.hub.database.read() as connection:
        assert it.hub.people.find_by(connection, "mobile", "13899990001") == []
        (link,) = it.hub.links.of(connection, "crm", ["0001"]).values()
    assert (link.external_id, dict(link.applied)) == (None, {})
    proof.checkpoint(it.hub)
    assert proof.verify(it.hub).verdict is Verdict.PROVEN


def test_a_feed_that_still_tells_of_them_brings_nobody_back(world: Make) -> None:
    it = world()
    lived(it)
    erase(it)
    run = plan_sync(it.hub, SyncRequest()).run
    assert (run.counts["changed"], run.counts["erased"], run.counts["effects"]) == (0, 1, 0)
    assert CANARY not in words(it)


def test_who_is_hired_again_is_somebody_new_to_the_hub_and_no_key_is_used_twice(world: Make) -> None:
    it = world()
    lived(it)
    erase(it)
    it.company.rows[0] = row("0001", name="测试新人", hired="2026-11-20")
    sync(it)
    truth = it.company.truths["crm"]
    assert truth.accounts["0001"].fields["name"] == "测试新人"
    assert truth.repeated() == []
    assert truth.stale() == []


def test_while_the_clock_is_behind_what_was_recorded_nobody_is_erased_by_halves(world: Make) -> None:
    it = world()
    ahead = timedelta(days=3)
    it.company.clock.set_wrong(ahead)
    lived(it)
    it.company.clock.set_wrong(-ahead)
    with pytest.raises(ApprovalError, match="by the clock here it is not so late yet"):
        erase(it)
    it.company.clock.advance(ahead)
    erase(it)
    assert CANARY not in words(it)


def test_an_erasure_after_the_backup_is_replayed_by_the_restore(world: Make) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    erase(it)
    restored = it.restore(kept)
    assert restored.erased == ["0001"]
    assert CANARY not in words(it)
    assert erasing.replay(it.hub).numbers == []


def test_an_erasure_that_was_interrupted_is_carried_on_before_the_next_sync(world: Make) -> None:
    it = world()
    lived(it)
    erasing.ask(it.hub, "0001", OPERATOR, "asked for it by letter")
    it.hub.crash_point = _killed_at_erasing
    with pytest.raises(KilledError):
        erasing.decide(it.hub, "0001", OTHER)
    it.hub.crash_point = lambda _: None
    assert CANARY in words(it)
    plan_sync(it.hub, SyncRequest())
    assert CANARY not in words(it)


def _killed_at_erasing(point: str) -> None:
    if point == "erasing":
        raise KilledError


def test_a_ledger_that_somebody_has_written_into_stops_the_sync(world: Make) -> None:
    it = world()
    lived(it)
    erase(it)
    file = ledger.path(it.hub)
    file.write_text(file.read_text("utf-8").replace('"0001"', '"0002"'), "utf-8")
    with pytest.raises(TamperedError, match="ledger"):
        plan_sync(it.hub, SyncRequest())


def test_nobody_is_erased_by_one_person_or_in_the_middle_of_something(world: Make) -> None:
    it = world()
    lived(it)
    with pytest.raises(ApprovalError, match="status active"):
        erasing.ask(it.hub, "0002", OPERATOR, "a mistake")
    with pytest.raises(ApprovalError, match="nobody has asked"):
        erasing.decide(it.hub, "0001", OTHER)
    erasing.ask(it.hub, "0001", OPERATOR, "asked for it by letter")
    with pytest.raises(ApprovalError, match="asked for this"):
        erasing.decide(it.hub, "0001", OPERATOR)
    it.office.draft({"0001": "100.00"})
    with pytest.raises(ApprovalError, match="payment pay-"):
        erasing.decide(it.hub, "0001", OTHER)


def test_what_law_may_ask_for_is_kept_named_and_blanked_in_its_time(world: Make) -> None:
    from baton.hub.keeping import retention

    it = world()
    it.office.hire("0001")
    run = it.office.draft({"0001": "5000.00"}).run.run_id
    with it.hub.database.write() as connection:
        (line,) = it.hub.pay_runs.lines(connection, run)
        it.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID)])
    it.company.rows = [LEAVER, *(row(f"{n:04d}") for n in range(2, 12))]
    lived(it)
    (kept,) = erase(it).kept
    assert kept.what is Fate.PAYMENT_RECORD
    assert retention.due(it.hub) == []
    (line,) = it.office.lines(run)
    assert line.payable.payee.holder == "测试0001"
    it.company.clock.advance(timedelta(days=3700))
    (over,) = retention.due(it.hub)
    assert (over.kind, over.name) == ("erased", "0001")
    assert it.office.lines(run)[0].payable.payee.holder, "looking deletes nothing"
    retention.carry_out(it.hub, [over])
    (line,) = it.office.lines(run)
    assert (line.payable.payee.holder, line.payable.payee.account, line.payable.amount_minor) == ("", "", 500_000)
    assert retention.due(it.hub) == []


@pytest.mark.parametrize(
    ("since", "years", "over"),
    [
        ("2027-03-01T00:00:00+00:00", 5, "2032-03-01T00:00:00+00:00"),  # with two 29th of February in between
        ("2028-02-29T12:30:00+00:00", 1, "2029-03-01T12:30:00+00:00"),
        ("2028-02-29T12:30:00+00:00", 4, "2032-02-29T12:30:00+00:00"),
        ("2026-11-26T20:00:00+00:00", 10, "2036-11-26T20:00:00+00:00"),
        ("2026-11-26T20:00:00+00:00", 0, "2026-11-26T20:00:00+00:00"),
    ],
)
def test_years_are_those_of_the_calendar(since: str, years: int, over: str) -> None:
    assert RetentionPart.end(datetime.fromisoformat(since), years) == datetime.fromisoformat(over)


def test_nothing_kept_is_blanked_before_its_last_day_is_over(world: Make) -> None:
    from baton.hub.keeping import retention

    it = world()
    it.office.hire("0001")
    run = it.office.draft({"0001": "5000.00"}).run.run_id
    with it.hub.database.write() as connection:
        (line,) = it.hub.pay_runs.lines(connection, run)
        it.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID)])
    (paid,) = it.office.lines(run)
    it.company.rows = [LEAVER, *(row(f"{n:04d}") for n in range(2, 12))]
    lived(it)
    (kept,) = erase(it).kept
    assert paid.changed_at is not None
    end = paid.changed_at.replace(year=paid.changed_at.year + 10)
    assert kept.until == end
    it.company.clock.advance(end - it.hub.clock.now() - timedelta(seconds=1))
    assert retention.due(it.hub) == [], "ten years are not over yet"
    it.company.clock.advance(timedelta(days=1))
    assert [each.name for each in retention.due(it.hub)] == ["0001"]


def test_what_a_bank_said_of_them_is_blanked_with_its_own_words_on_reports_and_statements(world: Make) -> None:
    from baton.hub.keeping import retention

    it = world()
    it.office.hire("0001")
    run = it.office.draft({"0001": "5000.00"}).run.run_id
    (line,) = it.office.lines(run)
    at = it.hub.clock.now()
    entry = StatementEntry(
        entry_id="E1",
        direction=Direction.CREDIT,
        amount_minor=500_000,
        currency="CNY",
        booked=at.date(),
        references=(line.reference,),
        returned=Reason("AC04", ReasonKind.DEAD_ACCOUNT, f"the account of {CANARY} is closed"),
        counterparty=CANARY,
    )
    reason = {"code": "AC04", "kind": "dead_account", "text": f"the account of {CANARY} is closed"}
    said = {"raw": "RJCT", "amount": 500_000, "currency": "CNY", "reasons": [reason]}
    events = [
        entry_event("bank", "statement-1", 1, entry, line.reference, at),
        BankEvent("bank", "statement-1", 2, "", line.reference, "line", "returned", "AC04", at, said),
    ]
    with it.hub.database.write() as connection:
        it.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID)])
        it.hub.bank_answers.take(connection, BankFile("bank", "statement-1", "statement", "0" * 64, at), events)
    it.company.rows = [LEAVER, *(row(f"{n:04d}") for n in range(2, 12))]
    lived(it)
    erase(it)
    it.company.clock.advance(timedelta(days=3700))
    retention.carry_out(it.hub, retention.due(it.hub))
    with it.hub.database.read() as connection:
        kept = it.hub.bank_answers.of_lines(connection, [line.reference])[line.reference]
    assert [CANARY in repr(dict(each.facts)) for each in kept] == [False, False]
    left = kept_entry(next(each for each in kept if each.kind == ENTRY))
    assert left.returned == Reason("AC04", ReasonKind.DEAD_ACCOUNT)
    assert left.amount_minor == 500_000, "amounts are the company's accounts"


def test_what_came_after_an_erasure_is_not_blanked_with_what_came_before(world: Make) -> None:
    from baton.hub.keeping import retention

    it = world()
    it.office.hire("0001")
    old = it.office.draft({"0001": "5000.00"}).run.run_id
    with it.hub.database.write() as connection:
        (line,) = it.hub.pay_runs.lines(connection, old)
        it.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID)])
    it.company.rows = [LEAVER, *(row(f"{n:04d}") for n in range(2, 12))]
    lived(it)
    erase(it)
    it.company.clock.advance(timedelta(days=3700))
    it.office.hire("0001")
    new = it.office.draft({"0001": "7000.00"}, period="2037-01").run.run_id
    retention.carry_out(it.hub, retention.due(it.hub))
    holders = [line.payable.payee.holder for run in (old, new) for line in it.office.lines(run)]
    assert holders == ["", "测试0001"], "who was hired again is still to be paid"


def test_a_settlement_is_finished_first_then_kept_told_in_the_copy_and_deleted_in_its_time(world: Make) -> None:
    from baton.hub.keeping import retention
    from baton.hub.payment import settling
    from tests.hub.payment.test_settling import case
    from tests.jobs.payment.settlement.leaver import SHIPPED

    it = world(settlement=SHIPPED)
    lived(it)
    kept = settling.prepare(
        it.hub, case(last_day="2026-11-01", ground="resignation", unused_leave_days="0"), "case.yaml", OPERATOR
    )
    with pytest.raises(ApprovalError, match=f"settlement {kept.id}"):
        erasing.ask(it.hub, "0001", OPERATOR, "asked for it by letter")
    settling.withdraw_settlement(it.hub, kept.id, OPERATOR, "asked for it by letter")
    answer = subject_access.answer(it.hub, "0001", OPERATOR)
    (copy,) = answer.sections["settlements"]
    assert (copy["settlement"], copy["case"]["stretches"][0]["monthly"]) == (kept.id, "12000.00")
    assert any("12000.00" in str(cell) for cells in answer.data_rows() for cell in cells)
    (stays,) = erase(it).kept
    assert stays.what is Fate.PAYMENT_RECORD
    assert settling.find_settlement(it.hub, kept.id).case
    it.company.clock.advance(timedelta(days=3700))
    retention.carry_out(it.hub, retention.due(it.hub))
    with it.hub.database.read() as connection:
        assert it.hub.settlements.listed(connection) == []


def test_a_report_that_names_them_goes_with_its_workbook(world: Make) -> None:
    it = world()
    lived(it)
    folder = it.hub.state_dir / erasing.REPORTS
    folder.mkdir()
    for name, data in (("a.en.html", b"<p>0001"), ("a.en.xlsx", b"PK packed"), ("a.json", b"{}"), ("b.json", b"{}")):
        (folder / name).write_bytes(data)
    erase(it)
    assert [path.name for path in folder.iterdir()] == ["b.json"]


def test_a_report_is_gone_before_the_erasure_counts_as_done(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    it = world()
    lived(it)
    folder = it.hub.state_dir / erasing.REPORTS
    folder.mkdir()
    (folder / "a.json").write_bytes(b'{"row": "0001"}')

    def killed() -> None:
        raise KilledError

    with monkeypatch.context() as dying:
        dying.setattr(it.hub.database, "scrub", killed)
        with pytest.raises(KilledError):
            erase(it)
    assert CANARY not in words(it)
    assert erasing.replay(it.hub).numbers == [], "nothing is left that would be carried on"
    assert list(folder.iterdir()) == []


def test_a_ledger_for_which_there_is_no_room_says_what_to_do_about_it(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = world()
    lived(it)
    erasing.ask(it.hub, "0001", OPERATOR, "asked for it by letter")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageFullError) as refused:
            erasing.decide(it.hub, "0001", OTHER)
    assert "baton person erase 0001 --as WHO --confirm" in refused.value.remedy
    assert str(it.hub.state_dir) in refused.value.message
    assert "migrate" not in str(refused.value)
    assert (CANARY in words(it), ledger.read(it.hub)) == (True, ())
    erasing.decide(it.hub, "0001", OTHER)
    assert CANARY not in words(it)


def test_a_person_gets_a_copy_of_all_of_it_and_who_got_what(world: Make) -> None:
    it = world()
    lived(it)
    answer = subject_access.answer(it.hub, "0001", OPERATOR)
    text = json.dumps(answer.document, ensure_ascii=False)
    assert CANARY in text
    assert "13899990001" in text
    assert [(each["system"], each["what"], each["state"]) for each in answer.sections["recipients"]] == [
        ("crm", "provision", "done"),
        ("crm", "remove", "done"),
    ]
    assert {"employee", "accounts", "recipients"} <= {area for area, records in answer.sections.items() if records}
    assert any(cells[3] == "mobile" and cells[4] == "13899990001" for cells in answer.data_rows())
    other = subject_access.answer(it.hub, "0002", OPERATOR)
    assert CANARY not in json.dumps(other.document, ensure_ascii=False)


UNTOLD = (Fate.COMPANY, Fate.STAGED_RECORD, Fate.DERIVED)
"""What a person's copy does not tell: it holds nothing of theirs, or nothing that is not told already."""


def test_every_sealed_column_has_a_fate_and_a_place_in_the_copy() -> None:
    sealed = {
        table.name
        for table in metadata.sorted_tables
        if any(column.info.get("class") == "personal" for column in table.columns)
    }
    assert sealed == set(FATES), "say what an erasure does to it: baton/hub/keeping/fates.py"
    personal = {table for table, fate in FATES.items() if fate not in UNTOLD}
    assert personal == set(AREAS), "say where a person's copy tells it: baton/hub/keeping/subject_access.py"

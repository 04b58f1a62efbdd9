"""A store goes back to a backup beside a world that has gone on: it sends nothing, finds out, and repeats nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.audit.verify import Verdict
from baton.errors import ApprovalError, ConfigurationError, TamperedError
from baton.hub import Hub, decisions, execution, proof
from baton.hub.keeping import backup, restoring
from baton.hub.keeping.reading_back import read_back
from baton.hub.offboarding.casework import Opening, open_case
from baton.hub.offboarding.links import Offer, make_token
from baton.hub.payment.answering import take_answers
from baton.hub.sync import SyncRequest, plan_sync, preview_sync
from baton.model.account import AccountState
from baton.model.case import Cause, Role
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.store.tables import effects, personal_links
from tests.hub.keeping.conftest import OPERATOR, OTHER, World
from tests.rig.company import row
from tests.rig.payroll import BANK, card
from tests.rig.targets import BlindTarget
from tests.rig.unnumbered import NumberedTarget, renumber

Make = Callable[..., World]


def sync(hub: Hub) -> None:
    run = plan_sync(hub, SyncRequest()).run
    execution.apply(hub)
    execution.settle(hub, run.id)


def journal(world: World) -> list[tuple[str, str]]:
    return [(entry.number, entry.action.value) for entry in world.company.truths["crm"].journal]


def lived(world: World) -> None:
    """Two people before the backup; since then one was hired, one moved, one left."""
    world.company.rows = [row("0001"), row("0002"), row("0003")]
    sync(world.hub)


def lived_on(world: World) -> None:
    world.company.rows = [
        row("0001", title="组长"),
        row("0002", status="departed", last_day="2026-11-01", contract_end="2026-11-01"),
        row("0003"),
        row("0004"),
    ]
    sync(world.hub)


def opened(world: World) -> None:
    assert [report.trouble for report in read_back(world.hub)] == [""] * 2
    restoring.open_systems(world.hub, OTHER, "looked at all of it")


def test_what_was_done_since_is_found_and_nothing_is_repeated(world: Make) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    lived_on(it)
    done = journal(it)
    restored = it.restore(kept)
    assert restored.fenced == ["bank", "crm"]
    reports = {report.system: report for report in read_back(it.hub)}
    assert reports["crm"].counts == {"accounts": 4, "adopted": 1, "changed": 2, "overtaken": 0}
    restoring.open_systems(it.hub, OTHER, "looked at all of it")
    sync(it.hub)
    assert journal(it) == done, "everything was there already"
    assert it.company.truths["crm"].accounts["0002"].state is AccountState.REMOVED


def test_nothing_leaves_before_it_was_read_back_and_a_second_person_has_said_so(world: Make) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    lived_on(it)
    it.restore(kept)
    with pytest.raises(ApprovalError, match="not read back"):
        plan_sync(it.hub, SyncRequest())
    assert preview_sync(it.hub, SyncRequest()).drafted, "a dry run says what would be done"
    (report,) = execution.apply(it.hub)
    assert "restored:crm" in report.halted
    with pytest.raises(ApprovalError, match="no switch"):
        decisions.kill_switch(it.hub, "restored:crm", "off", OTHER, "hurry")
    read_back(it.hub)
    (report,) = execution.apply(it.hub)
    assert "read_back:crm" in report.halted
    with pytest.raises(ApprovalError, match="restored this store"):
        restoring.open_systems(it.hub, OPERATOR, "it was me")
    assert restoring.open_systems(it.hub, OTHER, "looked at all of it") == ["bank", "crm"]
    (report,) = execution.apply(it.hub)
    assert not report.halted


def test_an_old_plan_never_puts_an_older_value_over_a_newer(world: Make) -> None:
    it = world()
    lived(it)
    it.company.rows[0] = row("0001", title="旧的")
    plan_sync(it.hub, SyncRequest())
    kept = it.back_up()
    execution.apply(it.hub)
    it.company.rows[0] = row("0001", title="新的")
    sync(it.hub)
    writes = len(journal(it))
    assert it.restore(kept).moved["planned_anew"] == 1
    opened(it)
    sync(it.hub)
    assert it.company.truths["crm"].accounts["0001"].fields["title"] == "新的"
    assert len(journal(it)) == writes


def test_a_new_value_after_a_restore_is_not_taken_for_one_that_was_sent_before(world: Make) -> None:
    """The key of a change is its version: counted on from the backup, the target would know it already."""
    it = world()
    lived(it)
    kept = it.back_up()
    lived_on(it)
    it.restore(kept)
    opened(it)
    it.company.rows[0] = row("0001", title="再变")
    sync(it.hub)
    truth = it.company.truths["crm"]
    assert truth.accounts["0001"].fields["title"] == "再变"
    assert truth.stale() == []
    assert truth.repeated() == []


def test_of_a_backup_that_is_gone_back_to_twice_no_version_is_used_twice(world: Make) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    for title in ("一变", "再变", "三变"):
        it.company.clock.advance(timedelta(days=1))
        it.restore(kept)
        opened(it)
        it.company.rows[0] = row("0001", title=title)
        sync(it.hub)
        truth = it.company.truths["crm"]
        assert truth.accounts["0001"].fields["title"] == title
        assert truth.stale() == []
        assert truth.repeated() == []


def test_an_account_whose_number_was_emptied_is_still_its_persons_and_no_second_one_is_made(world: Make) -> None:
    it = world(targets={"crm": NumberedTarget})
    lived(it)
    kept = it.back_up()
    truth = it.company.truths["crm"]
    renumber(truth, "0002")
    it.restore(kept)
    assert {report.system: report.counts for report in read_back(it.hub)}["crm"] == {"accounts": 3, "overtaken": 0}
    restoring.open_systems(it.hub, OTHER, "looked at all of it")
    it.company.rows[1] = row("0002", title="组长")
    sync(it.hub)
    assert sorted(truth.accounts) == ["0001", "0003", "empty 0002"]
    assert truth.accounts["empty 0002"].fields["title"] == "组长"


def test_a_file_that_was_released_after_the_backup_is_not_sent_again(world: Make) -> None:
    it = world()
    it.office.hire("0001", "0002")
    run = it.office.signed({"0001": "5000.00", "0002": "6000.00"})
    kept = it.back_up()
    it.office.release(run)
    it.office.deliver()
    assert len(it.company.bank.seen) == 2
    assert it.restore(kept).moved["held"] == 1
    with pytest.raises(ApprovalError, match="not read back"):
        it.office.check(run)
    reports = {report.system: report for report in read_back(it.hub)}
    assert reports[BANK].counts["delivered"] == 1
    restoring.open_systems(it.hub, OTHER, "looked at all of it")
    it.office.deliver()
    assert len(it.company.bank.seen) == 2
    assert {line.state for line in it.office.lines(run)} == {LineState.RELEASED}
    with it.hub.database.read() as connection:
        (delivery,) = it.hub.effects.read(connection, effects.c.system == BANK)
    assert delivery.state is EffectState.ACCEPTED


def test_who_was_held_in_a_run_that_the_bank_turns_out_to_have_can_be_paid_by_another(world: Make) -> None:
    it = world()
    it.office.hire("0001", "0002")
    it.office.hire("0002", bank_account_number=card(20))
    run = it.office.signed({"0001": "5000.00", "0002": "6000.00"})
    kept = it.back_up()
    it.office.release(run)
    it.office.deliver()
    it.restore(kept)
    opened(it)
    assert it.office.states(run) == {"0001": LineState.RELEASED, "0002": LineState.CANCELLED}
    again = it.office.draft({"0002": "6000.00"}).run.run_id
    assert it.office.states(again) == {"0002": LineState.DRAFT}


def test_a_file_that_was_not_released_is_released_and_sent_once(world: Make) -> None:
    it = world()
    it.office.hire("0001")
    run = it.office.signed({"0001": "5000.00"})
    it.restore(it.back_up())
    opened(it)
    it.office.release(run)
    it.office.deliver()
    assert len(it.company.bank.seen) == 1


@pytest.mark.parametrize("told", ["report", "statement"])
def test_a_run_made_and_paid_after_the_backup_is_not_paid_a_second_time(world: Make, told: str) -> None:
    from baton.contracts.payments import AnswerFile, AnswerKind
    from tests.rig import bank_papers as papers
    from tests.rig.payroll import ACCOUNT

    it = world()
    it.office.hire("0001", "0002")
    kept = it.back_up()
    amounts = {"0001": "5000.00", "0002": "6000.00"}
    run = it.office.signed(amounts)
    it.office.release(run)
    it.office.deliver()
    lines = it.office.lines(run)
    (content,) = it.company.bank.contents.values()
    if told == "report":
        codes = {line.reference: ("ACSC", "") for line in lines}
        answer = AnswerFile("report_1", AnswerKind.REPORT, papers.report(content, "PART", codes))
    else:
        entries = [(line.reference, f"{line.payable.amount_minor // 100}.00", "DBIT") for line in lines]
        answer = AnswerFile("statement_1", AnswerKind.STATEMENT, papers.statement(ACCOUNT, entries, 1, "100000.00"))
    it.company.bank.answers.append(answer)
    take_answers(it.hub, BANK)
    it.restore(kept)
    it.office.hire("0001", "0002")
    reports = {report.system: report for report in read_back(it.hub)}
    assert reports[BANK].counts["paid"] == 2
    restoring.open_systems(it.hub, OTHER, "looked at all of it")
    again = it.office.draft(amounts).run.run_id
    it.office.check(again)
    assert {(line.state, line.code) for line in it.office.lines(again)} == {(LineState.LEFT_OUT, "on_statement")}


def test_of_a_file_that_the_bank_has_only_acknowledged_the_second_person_is_told(world: Make) -> None:
    from baton.contracts.payments import AnswerFile, AnswerKind
    from tests.rig import bank_papers as papers

    it = world()
    it.office.hire("0001")
    kept = it.back_up()
    run = it.office.signed({"0001": "5000.00"})
    it.office.release(run)
    it.office.deliver()
    (content,) = it.company.bank.contents.values()
    it.company.bank.answers.append(AnswerFile("report_1", AnswerKind.REPORT, papers.report(content, "ACCP")))
    it.restore(kept)
    reports = {report.system: report for report in read_back(it.hub)}
    assert reports[BANK].look_at == [f"unknown_order {papers.message_id(content)}"]


def test_of_a_system_that_cannot_be_read_the_second_person_is_told(world: Make) -> None:
    it = world(targets={"crm": BlindTarget})
    lived(it)
    it.restore(it.back_up())
    reports = {report.system: report for report in read_back(it.hub)}
    assert reports["crm"].look_at == ["blind baton plan sync --system crm"]


def test_the_log_says_that_it_was_set_back_and_what_was_signed_since_stays_valid(world: Make) -> None:
    it = world()
    lived(it)
    proof.checkpoint(it.hub)
    kept = it.back_up()
    lived_on(it)
    later, _ = proof.checkpoint(it.hub)
    assert it.restore(kept).set_aside == 1
    assert proof.verify(it.hub).verdict is Verdict.PROVEN
    proof.checkpoint(it.hub)
    assert proof.verify(it.hub).verdict is Verdict.PROVEN
    (aside,) = it.hub.state_dir.glob("checkpoints/set-aside-*/checkpoint-*.txt")
    assert proof.public_keys(it.hub).open(aside.read_bytes()) == later
    with it.hub.database.read() as connection:
        said = connection.execute(sa.text("SELECT kind, body FROM audit_entries")).all()
    (body,) = [json.loads(row.body) for row in said if row.kind == "checkpoints_set_aside"]
    assert body["root"] == later.root.hex()


def test_a_backup_that_was_changed_is_refused_and_nothing_is_replaced(world: Make) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    connection = sqlite3.connect(kept / backup.DATABASE)
    connection.execute("UPDATE links SET dirty = 1")
    connection.commit()
    connection.close()
    it.hub.close()
    with pytest.raises(TamperedError, match="changed"):
        it.restore_only(kept)
    it.hub = it.company.open()
    with it.hub.database.read() as connection:
        assert restoring.fences(it.hub, connection) == restoring.Fences([], [], [])


def test_a_restore_that_ends_just_before_the_exchange_leaves_no_empty_place(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    lived_on(it)
    it.hub.close()
    rename = Path.rename

    def killed(path: Path, target: Path) -> Path:
        if path.name.endswith(".restoring"):
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            it.restore_only(kept)
    it.hub = it.company.open()
    with it.hub.database.read() as connection:
        assert len(it.hub.people.digests(connection, "hr")) == 4, "all is as it was"
    it.company.clock.advance(timedelta(seconds=1))
    assert it.restore(kept).former is not None


def test_a_database_in_use_is_not_replaced(world: Make) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    with it.hub.database.write(), pytest.raises(ConfigurationError, match="another process"):
        it.restore_only(kept)


def test_a_way_into_a_handover_that_may_have_been_closed_since_does_not_open_again(world: Make) -> None:
    it = world()
    it.company.rows = [row("0001", manager="0002"), row("0002")]
    sync(it.hub)
    case = open_case(it.hub, Opening("0001", Cause.BY_HAND, "hr-wang"))
    make_token(it.hub, Offer(case.id, "0002", Role.MANAGER, "hr-wang"))
    restored = it.restore(it.back_up())
    assert restored.moved["links_ended"] == 1
    with it.hub.database.read() as connection:
        (revoked,) = connection.execute(sa.select(personal_links.c.revoked_at)).scalars()
    assert revoked is not None


def test_files_come_back_and_none_that_is_there_is_overwritten(world: Make) -> None:
    it = world()
    it.hub.kept_files.put("uploads/case-1/a", b"before")
    kept = it.back_up()
    it.hub.kept_files.put("uploads/case-1/b", b"since")
    it.hub.kept_files.drop("uploads/case-1/a")
    it.restore(kept)
    assert [it.hub.kept_files.get(f"uploads/case-1/{name}") for name in "ab"] == [b"before", b"since"]


def test_a_restore_that_died_while_it_brought_files_back_is_called_again_and_brings_them_whole(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = world()
    lived(it)
    place, data = "uploads/case-1/1-abc", b"what was put to an item" * 1000
    it.hub.kept_files.put(place, data)
    kept = it.back_up()
    it.hub.kept_files.drop(place)
    it.hub.close()

    def dies_half_way(source: Path, target: Path) -> None:
        content = Path(source).read_bytes()
        whole = Path(source).suffix == ".sqlite3"
        Path(target).write_bytes(content if whole else content[: len(content) // 2])
        if not whole:
            raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", dies_half_way)
        with pytest.raises(InterruptedError):
            it.restore_only(kept)
    it.company.clock.advance(timedelta(minutes=1))
    it.restore_only(kept)
    it.hub = it.company.open()
    assert it.hub.kept_files.get(place) == data
    assert [path.suffix for path in it.hub.kept_files.folder.rglob("*") if path.is_file()] == [".sealed"]

"""Payment files after a restore: what was taken back since is not sent again, and a bank that cannot tell is no dead end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.contracts.payments import PaymentFile
from baton.errors import ApprovalError, HaltError, InDoubtError
from baton.hub.keeping import restoring
from baton.hub.keeping.reading_back import ReadBack, read_back
from baton.hub.payment.declaring import Declared, Word, declare
from baton.hub.payment.signing import cancel
from baton.hub.payment.withdrawing import withdraw
from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.hub.keeping.conftest import OPERATOR, OTHER, World
from tests.payment.site import PROFILE
from tests.rig.payroll import BANK, TREASURY, BankMemory, FakeChannel

Make = Callable[..., World]
SIX = {f"{n:04d}": "100.00" for n in range(1, 7)}


@pytest.fixture
def several(world: Make, tmp_path: Path) -> World:
    """A world whose bank takes three lines a file."""
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "small.yaml").write_text(PROFILE, "utf-8")
    it = world(profile="small", profiles=profiles)
    it.office.hire(*SIX)
    return it


def bank_of(it: World) -> ReadBack:
    return {report.system: report for report in read_back(it.hub)}[BANK]


def opened(it: World) -> None:
    restoring.open_systems(it.hub, OTHER, "looked at all of it")


def taken_first(it: World) -> None:
    """The bank takes one file and is then closed: the other stays here."""
    take = it.company.bank.take

    def once(file: PaymentFile) -> Receipt:
        if it.company.bank.files:
            return Receipt.not_performed("closed", "the bank is closed")
        return take(file)

    it.company.bank.take = once  # type: ignore[method-assign]
    it.office.deliver()
    it.company.bank.take = take  # type: ignore[method-assign]
    assert len(it.company.bank.files) == 1


def paid_again(it: World, amounts: dict[str, str]) -> None:
    """Another run for whoever is free."""
    run = it.office.draft(amounts).run.run_id
    it.office.check(run)
    it.office.build(run)
    it.office.sign(run)
    it.office.release(run)
    assert it.office.deliver().halted == ""


def twice(bank: BankMemory) -> list[str]:
    return [reference for reference, count in Counter(bank.seen).items() if count > 1]


# --- what was taken back since the backup


@pytest.mark.parametrize("kept_at", ["signed", "released"])
def test_who_was_taken_back_and_paid_otherwise_since_is_not_paid_by_the_old_file(several: World, kept_at: str) -> None:
    it = several
    run = it.office.signed(SIX)
    kept = it.back_up() if kept_at == "signed" else None
    it.office.release(run)
    kept = kept or it.back_up()
    taken_first(it)
    assert withdraw(it.hub, run, TREASURY, "the bank was closed").lines == 3
    paid_again(it, SIX)
    assert len(set(it.company.bank.seen)) == 6
    it.restore(kept)
    report = bank_of(it)
    opened(it)
    it.office.deliver()
    assert twice(it.company.bank) == []
    assert report.counts["stopped"] == 1
    with it.hub.database.read() as connection:
        (stopped,) = it.hub.effects.read(connection, effects.c.state == EffectState.REFUSED.value)
    assert report.look_at == [f"stopped {stopped.number} {run}"]
    assert f"baton pay withdraw {run}" in stopped.remedy
    again = it.office.draft(SIX).lines
    assert {line.code for line in again} == {"claimed"}, "nobody drafts them by mistake either"


def test_a_run_that_was_taken_back_as_a_whole_since_is_not_sent(several: World) -> None:
    it = several
    run = it.office.signed(SIX)
    it.office.release(run)
    kept = it.back_up()
    assert withdraw(it.hub, run, TREASURY, "the wrong month").lines == 6
    cancel(it.hub, run, TREASURY, "the wrong month")
    paid_again(it, SIX)
    it.restore(kept)
    report = bank_of(it)
    opened(it)
    it.office.deliver()
    assert twice(it.company.bank) == []
    assert report.counts == {"stopped": 2, "delivered": 0, "answers": 0, "paid": 0}


def test_what_was_merely_not_sent_yet_goes_by_a_run_that_people_sign_anew(several: World) -> None:
    it = several
    run = it.office.signed(SIX)
    it.office.release(run)
    it.restore(it.back_up())
    bank_of(it)
    opened(it)
    it.office.deliver()
    assert it.company.bank.seen == []
    withdraw(it.hub, run, TREASURY, "asked everybody: nothing was paid")
    it.office.check(run)
    it.office.build(run)
    with pytest.raises(ApprovalError, match="signature"):
        it.office.release(run)
    it.office.sign(run)
    it.office.release(run)
    it.office.deliver()
    assert len(set(it.company.bank.seen)) == len(it.company.bank.seen) == 6


def test_of_a_held_run_that_the_bank_does_not_have_the_second_person_is_told(several: World) -> None:
    it = several
    run = it.office.signed(SIX)
    it.restore(it.back_up())
    report = bank_of(it)
    assert report.look_at == [f"held {run}"]
    assert report.counts["not_there"] == 2


def test_what_a_held_run_was_signed_for_before_the_backup_releases_nothing_after_it(several: World) -> None:
    it = several
    run = it.office.signed(SIX)
    it.company.clock.advance(timedelta(minutes=5))
    it.restore(it.back_up())
    bank_of(it)
    opened(it)
    with pytest.raises(ApprovalError) as refused:
        it.office.release(run)
    assert refused.value.code == "unsigned"
    it.office.sign(run)
    it.office.release(run)
    it.office.deliver()
    assert len(set(it.company.bank.seen)) == len(it.company.bank.seen) == 6


def test_of_a_payable_in_a_held_run_that_the_bank_speaks_of_the_second_person_is_told(several: World) -> None:
    from baton.contracts.payments import AnswerFile, AnswerKind
    from tests.rig import bank_papers as papers

    it = several
    first = it.office.signed({"0001": "100.00"})
    kept = it.back_up()
    cancel(it.hub, first, TREASURY, "the wrong day")
    paid_again(it, {"0001": "100.00"})
    (content,) = it.company.bank.contents.values()
    (reference,) = {line.reference for line in it.office.lines(first)}
    report = AnswerFile("r", AnswerKind.REPORT, papers.report(content, "PART", {reference: ("ACSC", "")}))
    it.company.bank.answers.append(report)
    it.restore(kept)
    assert f"never_sent {reference}" in bank_of(it).look_at


# --- a bank that cannot tell


def cannot_tell(_: object, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
    return [Receipt.in_doubt("no_trace", "neither the file nor an answer is at the bank") for _ in files]


def offers_nothing(_: object, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
    raise HaltError("this bank lists nothing", code="not_offered")


def other_content(_: object, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
    return [Receipt.refused("other_content", "another file has this name") for _ in files]


@pytest.fixture(params=[cannot_tell, offers_nothing, other_content])
def silent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no bank can say whether it has a file."""
    monkeypatch.setattr(FakeChannel, "trace", request.param)


@pytest.fixture
def mute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeChannel, "trace", cannot_tell)


def waiting(it: World) -> tuple[str, str]:
    """A signed run in a store that was restored; the run, its file."""
    it.office.hire("0001")
    run = it.office.signed({"0001": "5000.00"})
    it.restore(it.back_up())
    with it.hub.database.read() as connection:
        (file,) = it.hub.pay_runs.files(connection, run)
    return run, file.message_id


def agreed(it: World, file: str, word: Word) -> Declared:
    assert not declare(it.hub, file, word, OPERATOR, "called the bank, desk 7").counts
    return declare(it.hub, file, word, OTHER, "letter of the bank of today")


def delivery(it: World) -> EffectState:
    with it.hub.database.read() as connection:
        (effect,) = it.hub.effects.read(connection, effects.c.system == BANK)
    return effect.state


@pytest.mark.usefixtures("silent")
def test_until_somebody_has_told_nothing_moves_and_everything_says_what_to_do(world: Make) -> None:
    it = world()
    run, file = waiting(it)
    command = f"baton restore declare {file} has|has-not --as WHO --why TEXT"
    assert command in bank_of(it).trouble
    assert command in it.office.deliver().halted
    for refused in (lambda: cancel(it.hub, run, TREASURY, "no"), lambda: it.office.release(run)):
        with pytest.raises(ApprovalError) as stays:
            refused()
        assert command in str(stays.value)
    declare(it.hub, file, Word.HAS_NOT, OPERATOR, "called the bank, desk 7")
    assert command in bank_of(it).trouble, "one person's word is not enough"
    with it.hub.database.read() as connection:
        assert restoring.fences(it.hub, connection).unread == [BANK]
    assert it.company.bank.seen == []


@pytest.mark.usefixtures("mute")
def test_two_people_say_that_it_is_not_there_and_the_run_can_be_decided_on(world: Make) -> None:
    it = world()
    run, file = waiting(it)
    assert agreed(it, file, Word.HAS_NOT).counts
    assert bank_of(it).counts["not_there"] == 1
    opened(it)
    cancel(it.hub, run, TREASURY, "another run pays it")
    assert it.office.states(run) == {"0001": LineState.CANCELLED}
    with it.hub.database.read() as connection:
        said = connection.execute(sa.text("SELECT body FROM audit_entries WHERE kind = 'decision'")).scalars().all()
    assert [who for who in (OPERATOR, OTHER) if any(who in body and f"has-not {file}" in body for body in said)] == [
        OPERATOR,
        OTHER,
    ]


@pytest.mark.usefixtures("mute")
def test_two_people_say_that_it_is_there_and_it_is_never_sent(world: Make) -> None:
    it = world()
    run, file = waiting(it)
    agreed(it, file, Word.HAS)
    assert bank_of(it).counts["delivered"] == 1
    opened(it)
    assert it.office.deliver().halted == ""
    assert it.company.bank.seen == []
    assert it.office.states(run) == {"0001": LineState.RELEASED}
    assert delivery(it) is EffectState.ACCEPTED, "its end is the bank's to tell"


@pytest.mark.usefixtures("mute")
def test_one_file_is_there_the_other_is_not_and_who_is_in_it_can_be_paid_otherwise(several: World) -> None:
    it = several
    run = it.office.signed(SIX)
    kept = it.back_up()
    it.office.release(run)
    taken_first(it)
    seen = list(it.company.bank.seen)
    it.restore(kept)
    with it.hub.database.read() as connection:
        files = it.hub.pay_runs.files(connection, run)
    there = {file.message_id for file in files if file.name in it.company.bank.files}
    for file in files:
        agreed(it, file.message_id, Word.HAS if file.message_id in there else Word.HAS_NOT)
    assert bank_of(it).counts["stopped"] == 1
    opened(it)
    it.office.deliver()
    assert it.company.bank.seen == seen
    assert withdraw(it.hub, run, TREASURY, "not at the bank").lines == 3
    with it.hub.database.read() as connection:
        head = it.hub.runs.get(connection, run)
    assert head is not None
    assert head.state is RunState.READY
    paid_again(it, SIX)
    assert len(set(it.company.bank.seen)) == len(it.company.bank.seen) == 6


@pytest.mark.usefixtures("mute")
def test_nobody_agrees_with_themselves_and_a_contradiction_begins_anew(world: Make) -> None:
    it = world()
    _, file = waiting(it)
    declare(it.hub, file, Word.HAS, OPERATOR, "called")
    with pytest.raises(ApprovalError) as same:
        declare(it.hub, file, Word.HAS, f"  {OPERATOR.upper()} ", "called again")
    assert same.value.code == "maker"
    assert not declare(it.hub, file, Word.HAS_NOT, OTHER, "they say no").counts
    assert not declare(it.hub, file, Word.HAS, OPERATOR, "they say yes").counts
    assert declare(it.hub, file, Word.HAS, OTHER, "yes, they have found it").counts


def test_the_banks_own_word_goes_before_what_people_say(world: Make) -> None:
    it = world()
    run, file = waiting(it)
    agreed(it, file, Word.HAS)
    assert bank_of(it).counts["not_there"] == 1
    assert it.office.states(run) == {"0001": LineState.FILED}


@pytest.mark.usefixtures("mute")
def test_what_was_said_before_another_restore_does_not_count_after_it(world: Make) -> None:
    it = world()
    _, file = waiting(it)
    agreed(it, file, Word.HAS_NOT)
    kept = it.back_up()
    it.company.clock.advance(timedelta(hours=1))
    it.restore(kept)
    assert "cannot tell" in bank_of(it).trouble
    assert not declare(it.hub, file, Word.HAS_NOT, OTHER, "called").counts


def test_nobody_says_anything_of_a_file_that_is_not_asked_about(world: Make) -> None:
    it = world()
    it.office.hire("0001")
    run = it.office.signed({"0001": "5000.00"})
    with it.hub.database.read() as connection:
        (file,) = it.hub.pay_runs.files(connection, run)
    for name in (file.message_id, "nonsense"):
        with pytest.raises(ApprovalError) as refused:
            declare(it.hub, name, Word.HAS, OPERATOR, "called")
        assert refused.value.code == "not_asked"


@pytest.mark.usefixtures("mute")
def test_a_bank_that_is_away_is_not_taken_for_one_that_has_nothing(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = world()
    run, _ = waiting(it)

    def away(_: object, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        raise InDoubtError("no answer within 30 s")

    monkeypatch.setattr(FakeChannel, "trace", away)
    assert "no answer within 30 s" in bank_of(it).trouble
    assert it.office.states(run) == {"0001": LineState.FILED}

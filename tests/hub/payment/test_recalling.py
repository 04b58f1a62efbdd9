"""A bank is asked to stop what it has taken: in writing, by who holds an office, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.contracts.payments import AnswerKind
from baton.errors import ApprovalError, ConfigurationError
from baton.hub.payment.recalling import RECALL_ASKED, drafted_recall, recall
from baton.hub.payment.withdrawing import withdraw
from baton.model.pay_run import LineState
from baton.store.pay_runs import LineChange
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import content, references, say
from tests.rig.bank_papers import report
from tests.rig.payroll import TREASURY

TWO = {"0001": "10000.00", "0002": "8888.88"}
WHY = "没有应付：已离职䶮"


def at_the_bank(office: Office) -> str:
    """A run of two lines that the bank has taken, and not carried out."""
    return office.delivered(TWO)


def lines_of(office: Office, run_id: str) -> dict[str, tuple[int, str, LineState]]:
    with office.hub.database.read() as connection:
        lines = list(office.hub.pay_runs.lines(connection, run_id))
    return {line.payable.key.number: (line.line, line.code, line.state) for line in lines}


def test_the_letter_names_the_line_to_the_bank_and_the_run_says_who_asked(office: Office, tmp_path: Path) -> None:
    run_id = at_the_bank(office)
    place, _, before = lines_of(office, run_id)["0002"]
    recalled = recall(office.hub, run_id, [place], TREASURY, WHY, tmp_path / "letters")
    with office.hub.database.read() as connection:
        (file,) = (f for f in office.hub.pay_runs.files(connection, run_id) if f.message_id in recalled.letters)
        (line,) = (one for one in office.hub.pay_runs.lines(connection, run_id) if one.line == place)
        decided = office.hub.runs.decisions(connection, run_id)[-1]
    assert (decided.decision, decided.person, decided.why) == ("recall", TREASURY, WHY)
    assert lines_of(office, run_id)["0002"] == (place, RECALL_ASKED, before)
    assert lines_of(office, run_id)["0001"][1] != RECALL_ASKED
    texts = [path.read_text("utf-8") for path in recalled.files]
    payee = line.payable.payee
    assert len(texts) == 2
    for text in texts:
        for told in (file.message_id, file.name, line.reference, payee.holder, payee.account, "8,888.88", WHY):
            assert told in text
        assert "10,000.00" not in text
    assert {path.stat().st_mode & 0o777 for path in recalled.files} == {0o600}


def test_a_dry_run_writes_and_notes_nothing(office: Office, tmp_path: Path) -> None:
    run_id = at_the_bank(office)
    before = lines_of(office, run_id)
    drafted = drafted_recall(office.hub, run_id, [1], TREASURY, WHY)
    assert [letter.language for letters in drafted.letters.values() for letter in letters] == ["zh", "en"]
    assert drafted.files == ()
    assert lines_of(office, run_id) == before


@pytest.mark.parametrize(
    ("state", "instead"),
    [
        (LineState.FILED, "baton pay check"),
        (LineState.PAID, "baton pay recover"),
        (LineState.DISPUTED, "baton pay answers"),
        (LineState.RETURNED, "no money"),
    ],
)
def test_what_no_bank_could_stop_is_told_with_what_to_do_instead(
    office: Office, tmp_path: Path, state: LineState, instead: str
) -> None:
    run_id = at_the_bank(office)
    with office.hub.database.write() as connection:
        (line,) = (one for one in office.hub.pay_runs.lines(connection, run_id) if one.line == 1)
        office.hub.pay_runs.move_lines(connection, [LineChange(line, state)])
    with pytest.raises(ApprovalError) as refused:
        recall(office.hub, run_id, [1, 2], TREASURY, WHY, tmp_path / "letters")
    assert (refused.value.code, instead in refused.value.remedy) == ("state", True)
    assert RECALL_ASKED not in {code for _, code, _ in lines_of(office, run_id).values()}
    assert not (tmp_path / "letters").exists()


def test_what_has_not_left_is_taken_back_and_not_asked_for(office: Office, tmp_path: Path) -> None:
    office.hire(*TWO)
    run_id = office.signed(TWO)
    office.release(run_id)
    with pytest.raises(ApprovalError) as refused:
        recall(office.hub, run_id, [1], TREASURY, WHY, tmp_path)
    assert (refused.value.code, refused.value.remedy) == ("not_sent", f"baton pay withdraw {run_id}")
    assert withdraw(office.hub, run_id, TREASURY, WHY).lines == 2


def test_who_asks_holds_an_office_and_says_why_about_lines_there_are(office: Office, tmp_path: Path) -> None:
    run_id = at_the_bank(office)
    for person, why, code in (("somebody", WHY, "role"), (TREASURY, " ", "reason")):
        with pytest.raises(ApprovalError) as refused:
            recall(office.hub, run_id, [1], person, why, tmp_path)
        assert refused.value.code == code
    with pytest.raises(ConfigurationError) as unknown:
        recall(office.hub, run_id, [1, 99], TREASURY, WHY, tmp_path)
    assert [fault.rule for fault in unknown.value.faults] == ["unknown_line"]


def test_asking_for_the_same_again_writes_over_nothing(office: Office, tmp_path: Path) -> None:
    run_id = at_the_bank(office)
    recall(office.hub, run_id, [1], TREASURY, WHY, tmp_path)
    with pytest.raises(ApprovalError) as there:
        recall(office.hub, run_id, [1], TREASURY, WHY, tmp_path)
    assert (there.value.code, "--to" in there.value.remedy) == ("letter_exists", True)
    with office.hub.database.read() as connection:
        assert [one.decision for one in office.hub.runs.decisions(connection, run_id)].count("recall") == 1


def test_what_was_asked_for_stands_with_the_line_until_the_bank_says_something_new(
    office: Office, tmp_path: Path
) -> None:
    run_id = at_the_bank(office)
    say(office, AnswerKind.REPORT, report(content(office)))
    recall(office.hub, run_id, [1], TREASURY, WHY, tmp_path)
    say(office, AnswerKind.REPORT, report(content(office)))
    assert lines_of(office, run_id)["0001"][1:] == (RECALL_ASKED, LineState.ACCEPTED)
    stopped = report(content(office), states={references(office, run_id)["0001"]: ("CANC", "")})
    say(office, AnswerKind.REPORT, stopped)
    assert lines_of(office, run_id)["0001"][1:] == ("", LineState.RECALLED)


def test_letters_about_other_lines_have_other_names_however_many_there_are(office: Office, tmp_path: Path) -> None:
    many = {f"{n:04d}": "100.00" for n in range(1, 8)}
    office.hire(*many)
    run_id = office.signed(many)
    office.release(run_id)
    office.deliver()
    files = [recall(office.hub, run_id, [1, 2, 3, 4, 5, last], TREASURY, WHY, tmp_path).files for last in (6, 7)]
    assert len({path for one in files for path in one}) == 4


def test_a_letter_that_cannot_be_written_in_every_language_is_left_in_none(office: Office, tmp_path: Path) -> None:
    run_id = at_the_bank(office)
    english = recall(office.hub, run_id, [1], TREASURY, WHY, tmp_path).files[1]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / english.name).touch(mode=0o600)
    with pytest.raises(ApprovalError):
        recall(office.hub, run_id, [1], TREASURY, WHY, elsewhere)
    assert [path.name for path in elsewhere.iterdir()] == [english.name]
    assert (elsewhere / english.name).read_text("utf-8") == ""

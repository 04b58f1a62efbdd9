"""Payment files against a real OpenSSH server: what the laws cannot play where the other side does not speak HTTP."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import asyncssh
import pytest

from baton.errors import HaltError, RetryableError
from baton.model.account import Outcome
from baton.sandbox.paying_bank.bank import PayingBank
from baton.sandbox.sftp import SftpServer
from baton.sdk import AnswerKind, Label, PaymentFile
from connectors.bank.host_to_host import remote
from connectors.bank.host_to_host.connector import HostToHost
from connectors.bank.host_to_host.simulator import Simulator
from tests.connectors.bank.roster_desk import age, connector, files, outcomes
from tests.sandbox.test_paying_bank import order, payable, reference

pytestmark = pytest.mark.server


def finished(target: HostToHost, folder: Path, plain: bytes, name: str = "run-1.hpf") -> PaymentFile:
    """A file as the hub builds it: sealed for the bank, nothing of its content on the disk."""
    sealing, out = target.sealing(), io.BytesIO()
    label = Label("payment", name, sealing.sender, sealing.recipient, datetime(2026, 11, 26, tzinfo=UTC))
    told = sealing.sealer.seal([plain], out, label)
    (folder / name).write_bytes(out.getvalue())
    key = hashlib.sha256(name.encode()).hexdigest()
    return PaymentFile(key, name, folder / name, told.sha256, told.size_bytes, "MESSAGE0001")


def test_a_file_is_paid_once_and_the_answers_say_so(bank: Simulator, tmp_path: Path) -> None:
    target = connector(bank)
    paying = PayingBank(bank, suffix=".hpf", now=lambda: datetime(2026, 11, 26, 9, tzinfo=UTC))
    paying.mood.late_rejects[reference(2)] = "AC04"
    file = finished(target, tmp_path, order("run-1", [payable(1), payable(2)]))
    assert outcomes(target.submit([file, file])) == [Outcome.ACCEPTED] * 2
    assert (paying.work(), paying.book(date(2026, 11, 26))) == (1, 1)
    assert paying.paid == {reference(1): 1}
    answers = list(target.answers(()))
    assert [answer.kind for answer in answers] == [AnswerKind.REPORT, AnswerKind.REPORT, AnswerKind.STATEMENT]
    assert reference(1) in answers[2].content.decode()
    assert list(target.answers([answer.name for answer in answers])) == []
    assert [finding.ok for finding in target.check()] == [True] * 5


@pytest.mark.parametrize("moved", [True, False])
def test_a_lost_answer_to_the_rename_is_in_doubt_and_traced(
    bank: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    rename = remote.Session._rename

    async def lose(self: remote.Session, part: str, path: str) -> bool:
        if moved:
            await rename(self, part, path)
        raise asyncssh.ConnectionLost("gone")

    target = connector(bank)
    file = finished(target, tmp_path, b"<Document/>")
    with monkeypatch.context() as patch:
        patch.setattr(remote.Session, "_rename", lose)
        assert outcomes(target.submit([file])) == [Outcome.IN_DOUBT]
    assert outcomes(target.trace([file])) == [Outcome.ACCEPTED if moved else Outcome.NOT_PERFORMED]
    assert outcomes(target.submit([file])) == [Outcome.ACCEPTED]
    assert files(bank, "pay-in") == [file.name]


@pytest.mark.parametrize("lost", [asyncssh.SFTPConnectionLost("gone"), asyncssh.SFTPPermissionDenied("no")])
def test_a_file_that_was_put_there_and_could_not_be_read_back_is_in_doubt(
    server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: asyncssh.Error
) -> None:
    bank = Simulator(server, collected="vanishes")
    target = connector(bank)
    file = finished(target, tmp_path, b"<Document/>")
    look, fetched = remote.Session._size, []

    async def lose(self: remote.Session, path: str) -> int | None:
        if (bank.pay_in / file.name).exists():
            fetched.append((bank.pay_in / file.name).read_bytes())
            (bank.pay_in / file.name).unlink()
            raise lost
        return await look(self, path)

    monkeypatch.setattr(remote.Session, "_size", lose)
    (receipt,) = target.submit([file])
    assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, "not_read_back")
    assert outcomes(target.trace([file])) == [Outcome.IN_DOUBT]
    bank.answer_payments(f"ack_{file.name}", b"taken")
    assert outcomes(target.submit([file])) == [Outcome.ACCEPTED]
    assert fetched == [file.path.read_bytes()]
    assert files(bank, "pay-in") == []


def test_parts_that_cannot_be_removed_take_nothing_away_from_a_file_that_is_there(
    bank: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    target = connector(bank)
    file = finished(target, tmp_path, b"<Document/>")

    async def lose(self: remote.Session, directory: str) -> dict[str, int]:
        raise asyncssh.SFTPConnectionLost("gone")

    monkeypatch.setattr(remote.Session, "_names", lose)
    assert outcomes(target.submit([file])) == [Outcome.ACCEPTED]
    assert "parts of run-1.hpf were left at the bank" in caplog.text


def test_a_name_that_is_taken_during_the_upload_is_never_overwritten(
    bank: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = connector(bank)
    file = finished(target, tmp_path, b"<Document/>")
    upload = remote.Session.upload_pieces

    def upload_and_lose_the_race(self: remote.Session, path: str, pieces: object) -> str:
        part = upload(self, path, pieces)  # type: ignore[arg-type]
        bank.plant_file(file.name, b"somebody else's")
        return part

    monkeypatch.setattr(remote.Session, "upload_pieces", upload_and_lose_the_race)
    (receipt,) = target.submit([file])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "other_content")
    assert bank.delivered_files == {file.name: b"somebody else's"}


def test_a_file_that_changes_while_it_is_sent_is_not_delivered(
    bank: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = connector(bank)
    file = finished(target, tmp_path, b"<Document/>")
    look = remote.Session.size

    def change_meanwhile(self: remote.Session, path: str) -> int | None:
        file.path.write_bytes(b"x" * file.size_bytes)
        return look(self, path)

    monkeypatch.setattr(remote.Session, "size", change_meanwhile)
    with pytest.raises(HaltError) as caught:
        target.submit([file])
    assert caught.value.code == "file_changed"
    assert files(bank, "pay-in") == []


@pytest.mark.parametrize("collected", ["archived", "vanishes"])
def test_a_file_the_bank_has_fetched_is_traced(server: SftpServer, tmp_path: Path, collected: str) -> None:
    bank = Simulator(server, collected=collected)
    target = connector(bank)
    file, other = (finished(target, tmp_path, b"<Document/>", name) for name in ("a.hpf", "b.hpf"))
    target.submit([file])
    there = bank.pay_in / file.name
    if collected == "archived":
        there.rename(bank.archive / file.name)
        assert outcomes(target.trace([file, other])) == [Outcome.ACCEPTED, Outcome.NOT_PERFORMED]
        assert outcomes(target.submit([file])) == [Outcome.ACCEPTED]
        assert files(bank, "pay-in") == []
        return
    there.unlink()
    assert outcomes(target.trace([file, other])) == [Outcome.IN_DOUBT] * 2
    bank.answer_payments(f"ack_{file.name}", b"taken")
    assert outcomes(target.trace([file, other])) == [Outcome.ACCEPTED, Outcome.IN_DOUBT]


@pytest.mark.parametrize(
    ("names", "answer"),
    [("hz_*", "hz_{}"), ("*.answer", "{}.answer"), ("received-*.hpf", "received-{}.hpf"), ("a*", "ack_{}")],
)
def test_an_acknowledgement_is_known_by_the_name_that_was_agreed_on(
    server: SftpServer, tmp_path: Path, names: str, answer: str
) -> None:
    bank = Simulator(server, collected="vanishes")
    target = connector(bank, acknowledgement_names=names)
    file, other = (finished(target, tmp_path, b"<Document/>", name) for name in ("a.hpf", "b.hpf"))
    target.submit([file, other])
    for fetched in (file, other):
        (bank.pay_in / fetched.name).unlink()
    bank.answer_payments(answer.format(file.name), b"taken")
    assert outcomes(target.trace([file, other])) == [Outcome.ACCEPTED, Outcome.IN_DOUBT]
    (receipt,) = target.submit([file])
    assert (receipt.outcome, receipt.evidence["answered_by"]) == (Outcome.ACCEPTED, answer.format(file.name))
    assert files(bank, "pay-in") == []


def test_a_pattern_that_names_no_one_answer_ties_none_to_a_file(server: SftpServer, tmp_path: Path) -> None:
    bank = Simulator(server, collected="vanishes")
    target = connector(bank, acknowledgement_names="hz_*_??.hpf")
    file = finished(target, tmp_path, b"<Document/>", "a.hpf")
    bank.answer_payments("hz_a.hpf_01.hpf", b"taken")
    assert outcomes(target.trace([file])) == [Outcome.IN_DOUBT]


def test_a_file_that_could_not_be_looked_for_is_not_said_to_be_absent(
    bank: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = connector(bank)
    both = [finished(target, tmp_path, b"<Document/>", name) for name in ("a.hpf", "b.hpf")]
    target.submit(both)
    look = remote.Session._size

    async def lose(self: remote.Session, path: str) -> int | None:
        if path.endswith("b.hpf"):
            raise asyncssh.SFTPConnectionLost("gone")
        return await look(self, path)

    monkeypatch.setattr(remote.Session, "_size", lose)
    with pytest.raises(RetryableError):
        target.trace(both)


def test_where_reading_back_is_not_allowed_the_size_decides(bank: Simulator, tmp_path: Path) -> None:
    target = connector(bank, payment_read_back="size")
    file = finished(target, tmp_path, b"<Document/>")
    (receipt,) = target.submit([file])
    assert receipt.evidence["compared"] == "size"
    bank.plant_file(file.name, b"x" * (file.size_bytes - 1))
    assert outcomes(target.trace([file])) == [Outcome.REFUSED]


def test_answers_of_no_agreed_kind_or_shape_are_named_after_the_others(bank: Simulator) -> None:
    target = connector(bank)
    bank.answer_payments("notice.hpf", b"what is this")
    (bank.pay_out / "report_000001.hpf").write_bytes(b"not sealed")
    age(bank.pay_out / "report_000001.hpf")
    (bank.pay_out / "report_000002.hpf.part").write_bytes(b"still being written")
    good, content = bank.leave_answer(3)
    given = []
    with pytest.raises(HaltError) as caught:
        given.extend((answer.name, answer.content) for answer in target.answers(()))
    assert given == [(good, content)]
    assert "notice.hpf" in str(caught.value)
    assert "report_000001.hpf" in str(caught.value)
    assert ".part" not in str(caught.value)
    assert [finding.detail for finding in target.check() if not finding.ok] == [
        "0 sent, 4 answers; of no known kind: ['notice.hpf']"
    ]


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_an_answer_that_may_still_be_being_written_is_read_again_later(bank: Simulator, share: float) -> None:
    target = connector(bank)
    name, content = bank.leave_answer(1)
    half = bank.pay_out / name
    whole = half.read_bytes()
    half.write_bytes(whole[: int(len(whole) * share)])
    good, _ = bank.leave_answer(2)
    given: list[str] = []
    with pytest.raises(RetryableError, match=name) as caught:
        given.extend(answer.name for answer in target.answers(()))
    assert (caught.value.code, given) == ("unfinished", [good])
    bank.answer_payments("notice.hpf", b"what is this")
    with pytest.raises(HaltError, match=f"notice.hpf.*{name}"):
        list(target.answers(()))
    (bank.pay_out / "notice.hpf").unlink()
    age(half)
    with pytest.raises(HaltError, match=name) as halted:  # nobody writes at it any more
        list(target.answers(()))
    assert halted.value.code == "not_an_answer"
    half.write_bytes(whole)
    assert {answer.name: answer.content for answer in target.answers((good,))} == {name: content}


def test_the_list_tells_when_a_file_may_be_another_one_by_now(bank: Simulator) -> None:
    target = connector(bank)
    name, _ = bank.leave_answer(1)
    before = target.marks()
    assert before == target.marks()
    assert list(before) == [name]
    os.utime(bank.pay_out / name, (1, 1))
    assert target.marks() == {name: "1"}
    os.utime(bank.pay_out / name, (0, 0))
    assert target.marks() == {}, "no time is told"


@pytest.mark.parametrize("name", ["report_000000.hpf", "booklet.pdf"])
def test_a_file_that_is_too_large_to_be_an_answer_keeps_no_other_from_being_read(bank: Simulator, name: str) -> None:
    large = bank.pay_out / name
    with large.open("wb") as file:
        file.truncate(remote.FILE_LIMIT_BYTES + 1)
    os.utime(large, (0, 0))  # the oldest
    good, content = bank.leave_answer(3)
    given: list[tuple[str, bytes]] = []
    with pytest.raises(HaltError, match=name) as caught:
        given.extend((answer.name, answer.content) for answer in connector(bank).answers(()))
    assert caught.value.code == "not_an_answer"
    assert given == [(good, content)]


def test_a_system_without_payment_directories_takes_none(bank: Simulator, tmp_path: Path) -> None:
    roster = connector(bank, payment_drop_directory="", payment_answer_directory="")
    file = finished(roster, tmp_path, b"<Document/>")
    for call in (roster.submit, roster.trace):
        with pytest.raises(HaltError) as caught:
            call([file])
        assert caught.value.code == "no_payments"
    with pytest.raises(HaltError):
        next(roster.answers(()))
    assert [finding.ok for finding in roster.check()] == [True] * 5
    with pytest.raises(ValueError, match="together"):
        connector(bank, payment_drop_directory="")


def test_one_bad_file_leaves_the_others_told(bank: Simulator, tmp_path: Path) -> None:
    target = connector(bank)
    first, second, third = (finished(target, tmp_path, b"<Document/>", f"{n}.hpf") for n in range(3))
    receipts = target.submit([first, replace(second, sha256="0" * 64), third])
    assert outcomes(receipts) == [Outcome.ACCEPTED, Outcome.NOT_PERFORMED, Outcome.NOT_PERFORMED]
    assert receipts[1].code == "file_changed"
    bank.server.stop()
    with pytest.raises(RetryableError):
        target.submit([third])

"""Laws of payment channels: a file is there once, whole and as approved; what nobody vouches for is not believed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from baton.contracts import AnswerFile, AnswerKind, PaymentChannel, PaymentFile
from baton.errors import ConnectorError, InDoubtError
from baton.kit import trouble_checks
from baton.kit.bench import Bench, LawBrokenError, expect, not_applicable
from baton.kit.record_desk import insist, said_of
from baton.kit.trouble_checks import Attempt, Plays
from baton.kit.troubles import Trouble
from baton.model.account import Outcome, Receipt
from baton.sealed import Label

_PRIVATE: Final = "6222-PRIVATE-CONTENT"
_LOST: Final = (Trouble.UNREACHABLE, Trouble.SERVER_ERROR, Trouble.THROTTLED, Trouble.GARBLED, Trouble.LOST_REPLY)


class _Desk:
    """Files to be delivered, and what the bank has of them."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.channel: PaymentChannel = bench.connector
        if not hasattr(bench.counterpart, "delivered_files"):
            raise LawBrokenError("the counterpart has no delivered_files, so nothing shows that the law holds")

    def file(self, n: int) -> PaymentFile:
        """The n-th approved file: some hundred thousand bytes that look like nothing."""
        content = b"".join(hashlib.sha512(f"{n}:{part}".encode()).digest() for part in range(2500)) + _PRIVATE.encode()
        digest = hashlib.sha256(content).hexdigest()
        name = f"law_{n:04d}_{digest[:12]}.hpf"
        path = self.bench.scratch / name
        path.write_bytes(content)
        key = hashlib.sha256(f"payment file {n}".encode()).hexdigest()
        return PaymentFile(key, name, path, digest, len(content), f"MESSAGE{n:04d}")

    def submit(self, *files: PaymentFile) -> list[Receipt]:
        """One call."""
        receipts = list(self.channel.submit(files))
        expect(len(receipts) == len(files), f"{len(receipts)} receipts for {len(files)} files, one each is the law")
        return receipts

    def deliver(self, *files: PaymentFile) -> None:
        """Insist that files are accepted, and that they are there."""
        insist(Outcome.ACCEPTED, self.submit(*files), "submitting approved files")
        for file in files:
            self.expect_there(file, "accepted")

    def trace(self, file: PaymentFile) -> Receipt:
        """What the connector says of one file."""
        (receipt,) = self.channel.trace([file])
        return receipt

    def expect_there(self, file: PaymentFile, when: str) -> None:
        """Insist that the bank has this very file."""
        found = self.there(file)
        expect(found is not None, f"a file that was {when} is not at the bank")
        expect(found == file.path.read_bytes(), f"a file that was {when} is at the bank with other bytes")

    def there(self, file: PaymentFile) -> bytes | None:
        """What the bank has under the name of a file."""
        data: bytes | None = self.bench.counterpart.delivered_files.get(file.name)
        return data

    def count(self) -> int:
        """How many files the bank would work on."""
        return len(self.bench.counterpart.delivered_files)

    def answers(self, known: Sequence[str] = ()) -> list[AnswerFile]:
        """All answers that are not known."""
        return list(self.channel.answers(known))


def a_payment_file_is_delivered_as_it_was_approved(bench: Bench) -> None:
    desk = _Desk(bench)
    desk.deliver(desk.file(1))
    desk.deliver(desk.file(2), desk.file(3))
    expect(desk.count() == 3, f"three files were delivered, and the bank has {desk.count()}")


def a_payment_file_submitted_twice_is_there_once(bench: Bench) -> None:
    desk = _Desk(bench)
    file = desk.file(1)
    desk.deliver(file)
    desk.deliver(file)
    expect(desk.count() == 1, f"one file submitted twice is there {desk.count()} times")


def another_payment_file_under_the_name_is_refused_and_stays(bench: Bench) -> None:
    desk = _Desk(bench)
    file = desk.file(1)
    content = file.path.read_bytes()
    for other in (content[:-1] + bytes([content[-1] ^ 1]), content[:1000], b"", content + b"x"):
        bench.counterpart.plant_file(file.name, other)
        insist(Outcome.REFUSED, desk.submit(file), "submitting a file whose name another one has")
        expect(desk.there(file) == other, "another file under the name was overwritten")


def one_receipt_per_payment_file_in_order(bench: Bench) -> None:
    desk = _Desk(bench)
    files = [desk.file(n) for n in (1, 2, 3)]
    bench.counterpart.plant_file(files[1].name, b"another")
    receipts = desk.submit(*files)
    insist(Outcome.REFUSED, receipts[1:2], "submitting a file whose name another one has")
    insist(Outcome.ACCEPTED, receipts[::2], "submitting a file beside one that is refused")
    for file in files[::2]:
        desk.expect_there(file, "accepted")
    expect(list(desk.channel.submit([])) == [], "submitting no files gives receipts")


def a_payment_file_that_is_not_as_approved_is_not_delivered(bench: Bench) -> None:
    desk = _Desk(bench)
    content = desk.file(1).path.read_bytes()
    for n, wrong in enumerate((content[:-1] + b"?", content[:70_000], content + b"?", b"", None)):
        file = desk.file(n)
        if wrong is None:
            file.path.unlink()
        else:
            file.path.write_bytes(wrong)
        said = said_of(partial(desk.submit, file))
        expect(not said.went_well, f"a file that is not as it was approved gave {said}")
        expect(desk.there(file) is None, "a file that is not as it was approved is at the bank")
    expect(desk.count() == 0, "something that was not approved is at the bank")


def half_an_upload_is_no_payment_file(bench: Bench) -> None:
    desk = _Desk(bench)
    if not hasattr(bench.counterpart, "cut_next_upload"):
        not_applicable("the counterpart has no cut_next_upload(): uploads to it do not break half-way")
    file = desk.file(1)
    bench.counterpart.cut_next_upload()
    said = said_of(partial(desk.submit, file))
    expect(not said.went_well, f"an upload that broke half-way gave {said}")
    expect(desk.there(file) is None, "half an upload lies at the bank under the name of the file")
    expect(desk.trace(file).outcome is not Outcome.ACCEPTED, "half an upload is taken for the file by trace")
    desk.deliver(file)
    expect(desk.count() == 1, "what an upload that broke half-way left is taken for a file")


def a_payment_file_in_doubt_is_traced(bench: Bench) -> None:
    desk = _Desk(bench)
    sent, unsent = desk.file(1), desk.file(2)
    desk.deliver(sent)
    insist(Outcome.ACCEPTED, [desk.trace(sent)], "tracing a file that is there")
    insist(Outcome.NOT_PERFORMED, [desk.trace(unsent)], "tracing a file that was never sent")
    traced = [receipt.outcome for receipt in desk.channel.trace([unsent, sent])]
    expect(traced == [Outcome.NOT_PERFORMED, Outcome.ACCEPTED], f"tracing two files gave {traced}")
    expect(desk.count() == 1, "tracing a file has written something")


def a_trace_never_takes_another_file_for_ours(bench: Bench) -> None:
    desk = _Desk(bench)
    file = desk.file(1)
    content = file.path.read_bytes()
    for other in (content[::-1], content[:1000]):
        bench.counterpart.plant_file(file.name, other)
        insist(Outcome.REFUSED, [desk.trace(file)], "tracing a file whose name another one has")


def a_trace_that_fails_says_of_no_payment_file_that_it_is_not_there(bench: Bench) -> None:
    desk = _Desk(bench)
    sent, unsent = [desk.file(1), desk.file(3)], desk.file(2)
    desk.deliver(*sent)
    files = [sent[0], unsent, sent[1]]
    bench.troubles.clear()
    desk.channel.trace(files)
    count = len(bench.troubles.requests)
    if not count:
        not_applicable("tracing files makes no request that trouble could be played to")
    for position in range(count):
        for trouble in _LOST:
            bench.troubles.clear()
            bench.troubles.at(position, trouble)
            _traced_truly(desk, files, unsent, f"tracing three files with {trouble} at request {position}")
    bench.troubles.clear()


def _traced_truly(desk: _Desk, files: Sequence[PaymentFile], unsent: PaymentFile, what: str) -> None:
    """Insist on an error, or on a receipt for each file that is in doubt or true."""
    said = said_of(partial(desk.channel.trace, files))
    expect(not isinstance(said.error, InDoubtError), f"{what} is said to be in doubt: mark it Intent.READ")
    if isinstance(said.error, ConnectorError):
        return
    expect(said.error is None, f"{what} gave {said}")
    expect(len(said.receipts) == len(files), f"{what} gave {len(said.receipts)} receipts")
    for file, receipt in zip(files, said.receipts, strict=True):
        true = Outcome.NOT_PERFORMED if file is unsent else Outcome.ACCEPTED
        expect(receipt.outcome in (true, Outcome.IN_DOUBT), f"{what} gave {said}, of a file that is {true}")


def a_payment_file_that_may_have_arrived_is_in_doubt(bench: Bench) -> None:
    trouble_checks.doubt_is_said(bench, _FILES)


def a_payment_file_that_was_not_taken_is_retryable(bench: Bench) -> None:
    trouble_checks.not_taken_is_retryable(bench, _FILES)


def what_is_said_of_payment_files_in_trouble_is_true(bench: Bench) -> None:
    trouble_checks.what_is_said_is_true(bench, _FILES, 3)


def a_payment_file_in_trouble_is_there_once_in_the_end(bench: Bench) -> None:
    trouble_checks.a_repeat_ends_it(bench, _FILES)


def a_refused_credential_halts_payment_files(bench: Bench) -> None:
    trouble_checks.a_refused_credential_stops(bench, _FILES)


def nothing_of_a_payment_file_is_told(bench: Bench) -> None:
    trouble_checks.nothing_private_is_said(bench, _FILES)


def what_is_sealed_for_the_bank_is_opened_by_it(bench: Bench) -> None:
    desk = _Desk(bench)
    sealing = desk.channel.sealing()
    label = Label("payment", "law.xml", sealing.sender, sealing.recipient, datetime(2026, 1, 5, tzinfo=UTC))
    content, out = "示例䶮".encode() * 40_000, io.BytesIO()
    sealed = sealing.sealer.seal([content[:100_000], content[100_000:]], out, label)
    told = (sealed.plain_sha256, sealed.sha256)
    wanted = tuple(hashlib.sha256(data).hexdigest() for data in (content, out.getvalue()))
    expect(told == wanted, "the digests of a sealed file are not those of what went in and came out")
    try:
        opened = bench.counterpart.opened(out.getvalue())
    except Exception as error:  # noqa: BLE001 - whatever the bank's own tools say about it
        raise LawBrokenError(f"the bank cannot open what is sealed for it ({type(error).__name__})") from None
    expect(opened == content, "the bank reads something else than what was sealed for it")


def bank_answers_are_given_as_they_were_sealed(bench: Bench) -> None:
    desk = _Desk(bench)
    expect(desk.answers() == [], "a bank that has answered nothing gives answers")
    left = [bench.counterpart.leave_answer(n) for n in (1, 2, 3)]
    given = desk.answers()
    seen = [(answer.name, answer.content) for answer in given]
    expect(seen == left, "the bank's answers are not given whole, once, the oldest first")
    expect(all(isinstance(answer.kind, AnswerKind) for answer in given), "an answer is of no kind")
    shown = any(repr(answer.content)[2:40] in repr(answer) for answer in given)
    expect(not shown, "the content of an answer stands in its repr")


def bank_answers_that_are_known_are_not_given_again(bench: Bench) -> None:
    desk = _Desk(bench)
    names = [bench.counterpart.leave_answer(n)[0] for n in (1, 2, 3)]
    expect([answer.name for answer in desk.answers(names[:2])] == names[2:], "answers that are known are given again")
    expect(desk.answers(names) == [], "answers that are all known are given again")
    expect(len(desk.answers()) == 3, "reading an answer takes it away")


def an_answer_that_is_not_the_banks_is_not_given(bench: Bench) -> None:
    desk = _Desk(bench)
    good, _ = bench.counterpart.leave_answer(1)
    forged = bench.counterpart.leave_forgery(2)
    later, _ = bench.counterpart.leave_answer(3)
    given: list[str] = []
    try:
        given.extend(answer.name for answer in desk.channel.answers(()))
    except ConnectorError as error:
        expect(forged in str(error), "the error about a forged answer does not name it")
    else:
        raise LawBrokenError("a forged answer is passed over in silence")
    expect(forged not in given, "a forged answer is given")
    expect(given == [good, later], "beside a forged answer, the genuine ones are not given")


def a_lost_answer_list_is_an_error_never_fewer_answers(bench: Bench) -> None:
    desk = _Desk(bench)
    names = [bench.counterpart.leave_answer(n)[0] for n in (1, 2, 3)]
    bench.troubles.clear()
    desk.answers()
    count = len(bench.troubles.requests)
    for place, trouble in enumerate(_LOST):
        bench.troubles.clear()
        bench.troubles.at((count - 1) * place // (len(_LOST) - 1), trouble)
        _all_or_error(lambda: [answer.name for answer in desk.answers()], names, trouble)
    bench.troubles.clear()
    expect(len(desk.answers()) == 3, "after troubles have passed, reading gives other answers")


def _all_or_error(read: Callable[[], list[str]], names: Sequence[str], trouble: Trouble) -> None:
    try:
        given = read()
    except InDoubtError:
        raise LawBrokenError("reading answers is said to be in doubt: mark it Intent.READ") from None
    except ConnectorError:
        return
    expect(given == list(names), f"with {trouble} fewer answers are given, and no error")


def _submitting(bench: Bench, count: int) -> Attempt:
    desk = _Desk(bench)
    files = [desk.file(n) for n in range(1, count + 1)]

    def happened() -> list[bool]:
        expect(desk.count() <= count, "a file is there more often than once")
        for file in files:
            expect(desk.there(file) in (None, file.path.read_bytes()), "a file is at the bank with other bytes")
        return [desk.there(file) is not None for file in files]

    return Attempt(partial(desk.submit, *files), happened, [_PRIVATE], settle=_taken)


def _taken(receipts: Sequence[Receipt]) -> Sequence[Receipt]:
    """Acceptance is all that a delivery can come to; what is paid is told by answers."""
    return [replace(r, outcome=Outcome.DONE) if r.outcome is Outcome.ACCEPTED else r for r in receipts]


_FILES: Final[Plays] = {"a payment file": _submitting}

LAWS = (
    a_payment_file_is_delivered_as_it_was_approved,
    a_payment_file_submitted_twice_is_there_once,
    another_payment_file_under_the_name_is_refused_and_stays,
    one_receipt_per_payment_file_in_order,
    a_payment_file_that_is_not_as_approved_is_not_delivered,
    half_an_upload_is_no_payment_file,
    a_payment_file_in_doubt_is_traced,
    a_trace_never_takes_another_file_for_ours,
    a_trace_that_fails_says_of_no_payment_file_that_it_is_not_there,
    a_payment_file_that_may_have_arrived_is_in_doubt,
    a_payment_file_that_was_not_taken_is_retryable,
    what_is_said_of_payment_files_in_trouble_is_true,
    a_payment_file_in_trouble_is_there_once_in_the_end,
    a_refused_credential_halts_payment_files,
    nothing_of_a_payment_file_is_told,
    what_is_sealed_for_the_bank_is_opened_by_it,
    bank_answers_are_given_as_they_were_sealed,
    bank_answers_that_are_known_are_not_given_again,
    an_answer_that_is_not_the_banks_is_not_given,
    a_lost_answer_list_is_an_error_never_fewer_answers,
)

"""Laws of notifiers: what was written arrives so, once, with whom it was for; and nothing of it is told elsewhere.

Of a notifier that only announces (`MessageForm.NOTE`) the same is asked of what it carries: the beginning of the
subject, and the link whole or not at all; its text stays out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple
from unicodedata import normalize

from baton.contracts import DeliveryRecord, Notifier
from baton.errors import HaltError, RejectedError
from baton.kit import trouble_checks
from baton.kit.bench import Bench, LawBrokenError, expect, not_applicable
from baton.kit.handover_desk import LEAVER, OTHER, SUCCESSOR, People
from baton.kit.record_desk import insist, said_of
from baton.kit.trouble_checks import Attempt, Plays
from baton.model.account import Outcome, Receipt
from baton.model.handover import AddressKind, Message, MessageForm

_SUBJECT: Final = "请接手“测试䶮公司”等 3 项：2026年1月5日前回复 – café, 0012"
_TEXT: Final = "您好，测试䶮：\n\n有 3 项工作等您接手（0012）。\n.以点开头的一行\n  R&D: %s {x} =E4\n\n谢谢 🙂"
_MARKED: Final = '<b>粗体</b> <a href="https://elsewhere.example.com/">点这里</a> &lt; <!-- 注 --> 1<2>0'
_LINK: Final = "https://hub.example.com/h/" + "Ab-9_" * 40 + "?lang=zh&item=0012&from=%E4%BA%BA#a=1"
_SMUGGLED: Final = (
    "\r\nBcc: stranger@example.com",
    "\nTo: stranger@example.com\n\nother text",
    "\rBcc: stranger@example.com",
    "\nReply-To: stranger@example.com",
    "\u2028x",
)
_LEAST: Final = 10
"""Characters of a subject that arrive at the least, where no more of it fits: enough to see what it is about."""
_MANY: Final = 40
"""Messages of a call: a limit beyond this is tried with this many."""


class Arrived(NamedTuple):
    to: str
    subject: str
    text: str


class Desk(People):
    """Messages to the people of one bench, and what of them has arrived."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.notifier: Notifier = bench.connector
        if not hasattr(bench.counterpart, "outbox"):
            raise LawBrokenError("the counterpart has no outbox, so nothing shows that the law holds")
        self.announces = self.notifier.form is MessageForm.NOTE
        self.taken = Outcome.ACCEPTED if isinstance(self.notifier, DeliveryRecord) else Outcome.DONE

    def message(self, n: int, subject: str = _SUBJECT, text: str = _TEXT, link: str = "") -> Message:
        since = self.bench.clock.now()
        return Message(self.key(), self.person(n), self.address(n), subject, text, link, since=since)

    def address(self, n: int) -> str:
        by_phone = self.notifier.addressed_by is AddressKind.MOBILE
        return f"1390000{n:04d}" if by_phone else f"person{n:04d}@example.com"

    def call(self, messages: Sequence[Message]) -> list[Receipt]:
        limit, receipts = self.notifier.message_limit, list[Receipt]()
        starts = range(0, len(messages), limit) or [0]  # a call of nothing is a call
        for part in [messages[start : start + limit] for start in starts]:
            answer = list(self.notifier.notify(part))
            expect(len(answer) == len(part), f"{len(answer)} receipts for {len(part)} messages, one each is the law")
            receipts += answer
        return receipts

    def send(self, *messages: Message) -> list[Arrived]:
        """Insist that these are sent, and give what has arrived because of it."""
        before = len(self.outbox())
        insist(self.taken, self.call(messages), "sending legal messages")
        return self.outbox()[before:]

    def settled(self, messages: Sequence[Message], receipts: Sequence[Receipt]) -> list[Receipt]:
        """The receipts after the other side has told what became of what it took over."""
        if not isinstance(self.notifier, DeliveryRecord):
            return list(receipts)
        self.bench.counterpart.settle()
        waiting = [n for n, receipt in enumerate(receipts) if receipt.outcome is Outcome.ACCEPTED]
        told = dict(zip(waiting, self.notifier.deliveries([messages[n] for n in waiting]), strict=True))
        return [told.get(n, receipt) for n, receipt in enumerate(receipts)]

    def outbox(self) -> list[Arrived]:
        return [Arrived(str(to), subject, text.replace("\r\n", "\n")) for to, subject, text in self._outbox()]

    def _outbox(self) -> Iterable[tuple[str, str, str]]:
        found: Iterable[tuple[str, str, str]] = self.bench.counterpart.outbox
        return found

    def is_for(self, arrived: Arrived, n: int) -> bool:
        return arrived.to in (self.address(n), self.id(n))

    def expect_subject(self, arrived: Arrived, subject: str) -> None:
        """As the subject, or in the text where the other side has no subjects."""
        if self.announces:
            expect(subject[:_LEAST] in arrived.subject + arrived.text, "not even the beginning of a subject arrives")
            return
        there = arrived.subject == subject or (not arrived.subject and subject in arrived.text)
        expect(there, "a subject does not arrive as it was written")

    def expect_text(self, arrived: Arrived, text: str) -> None:
        if self.announces:
            kept, said = "".join(text.split()), "".join(arrived.text.split())
            pieces = (kept[start : start + _LEAST] for start in range(len(kept) - _LEAST + 1))
            expect(not any(piece in said for piece in pieces), "what only announces a message tells some of its text")
            return
        expect(text in arrived.text, "a text does not arrive as it was written")


def a_message_arrives_as_it_was_written(bench: Bench) -> None:
    desk = Desk(bench)
    arrived = desk.send(desk.message(LEAVER))
    expect(len(arrived) == 1, f"one message arrived {len(arrived)} times")
    expect(desk.is_for(arrived[0], LEAVER), "a message arrived with somebody else")
    desk.expect_subject(arrived[0], _SUBJECT)
    desk.expect_text(arrived[0], _TEXT)


def each_person_gets_their_own_message(bench: Bench) -> None:
    desk = Desk(bench)
    count = min(desk.notifier.message_limit, _MANY) + 1
    sent = [desk.message(n, f"第{n}件：{_SUBJECT}", f"致第{n}位：{_TEXT}") for n in range(1, count + 1)]
    arrived = desk.send(*sent)
    expect(len(arrived) == count, f"of {count} messages to {count} people {len(arrived)} arrived")
    for n, message in enumerate(sent, start=1):
        own = [each for each in arrived if desk.is_for(each, n)]
        expect(len(own) == 1, f"of {count} people one got {len(own)} messages, not one")
        desk.expect_text(own[0], message.text)
    expect(desk.call([]) == [], "sending no messages has receipts")


def a_message_to_nobody_harms_no_other(bench: Bench) -> None:
    desk = Desk(bench)
    lost = replace(desk.message(OTHER), to=desk.nobody(), address="")
    if desk.notifier.message_limit >= 3:
        before = len(desk.outbox())
        receipts = desk.call([desk.message(LEAVER), lost, desk.message(SUCCESSOR)])
        insist(Outcome.REFUSED, receipts[1:2], "a message to somebody who cannot be reached")
        insist(desk.taken, receipts[::2], "a message beside one to somebody who cannot be reached")
        arrived = desk.outbox()[before:]
        right = len(arrived) == 2 and all(map(desk.is_for, arrived, (LEAVER, SUCCESSOR)))
        expect(right, "beside a message to nobody, the others did not arrive just once each, in order")
    before = len(desk.outbox())
    said = said_of(partial(desk.call, [lost]))
    refused = {receipt.outcome for receipt in said.receipts} == {Outcome.REFUSED}
    stopped = refused or isinstance(said.error, HaltError | RejectedError)
    expect(stopped, f"a message to somebody who cannot be reached gave {said}")
    expect(len(desk.outbox()) == before, "a message to nobody arrived somewhere")


def a_link_arrives_whole(bench: Bench) -> None:
    desk = Desk(bench)
    (arrived,) = desk.send(desk.message(LEAVER, link=_LINK))
    none = desk.announces and "https://hub.example.com/h/" not in arrived.text
    expect(none or _LINK in arrived.text, "a link of 300 characters does not arrive whole")
    expect(none or arrived.text.count("https://hub.example.com/h/") == 1, "a link arrives more than once")
    desk.expect_text(arrived, _TEXT)
    (without,) = desk.send(desk.message(LEAVER))
    expect("http" not in without.text, "a message without a link arrives with one")


def what_looks_like_markup_arrives_as_text(bench: Bench) -> None:
    desk = Desk(bench)
    if desk.announces:
        not_applicable("it carries no text")
    (arrived,) = desk.send(desk.message(LEAVER, text=_MARKED))
    # Full-width signs in the place of half-width ones are a fair way where the other side knows no escape.
    there = normalize("NFKC", _MARKED) in normalize("NFKC", arrived.text)
    expect(there, "what looks like markup in a text does not arrive as text")


def a_line_break_in_a_subject_smuggles_nothing(bench: Bench) -> None:
    for smuggled in _SMUGGLED:
        desk = Desk(bench)
        before = len(desk.outbox())
        subject = f"请接手{smuggled}"
        said = said_of(partial(desk.call, [desk.message(LEAVER, subject)]))
        arrived = desk.outbox()[before:]
        if not said.went_well:
            refused = {receipt.outcome for receipt in said.receipts} == {Outcome.REFUSED}
            expect(refused or isinstance(said.error, RejectedError), f"a subject with a line break gave {said}")
            expect(not arrived, "a message with a line break in its subject was refused and arrived")
            continue
        expect(len(arrived) == 1, f"a line break in a subject makes {len(arrived)} messages of one")
        expect(desk.is_for(arrived[0], LEAVER), "a line break in a subject sends the message to somebody else")
        shown = arrived[0].subject or arrived[0].text
        whole = "".join(subject.split())
        expect(
            (whole[:_LEAST] if desk.announces else whole) in "".join(shown.split()),
            "a line break ends the subject, and what follows it is gone",
        )
        desk.expect_text(arrived[0], _TEXT)


def a_message_that_may_have_been_sent_is_in_doubt(bench: Bench) -> None:
    trouble_checks.doubt_is_said(bench, _MESSAGES)


def a_message_that_was_not_taken_is_retryable(bench: Bench) -> None:
    trouble_checks.not_taken_is_retryable(bench, _MESSAGES)


def what_is_said_of_broken_messages_is_true(bench: Bench) -> None:
    trouble_checks.what_is_said_is_true(bench, _MESSAGES, bench.connector.message_limit)


def a_refused_credential_halts_messages(bench: Bench) -> None:
    trouble_checks.a_refused_credential_stops(bench, _MESSAGES)


def a_message_after_an_expired_session_arrives(bench: Bench) -> None:
    trouble_checks.an_ended_session_is_renewed(bench, _MESSAGES)


def nothing_private_is_said_of_messages(bench: Bench) -> None:
    trouble_checks.nothing_private_is_said(bench, _MESSAGES)


def _sending(bench: Bench, count: int) -> Attempt:
    desk = Desk(bench)
    numbers = range(1, count + 1)
    # Not the same text twice: some systems hold back what they have shown only now.
    messages = [desk.message(n, text=f"{desk.key()[:8]} 致第{n}位：{_TEXT}", link=_LINK) for n in numbers]
    before = len(desk.outbox())

    def happened() -> list[bool]:
        arrived = desk.outbox()[before:]
        expect(all(any(desk.is_for(each, n) for n in numbers) for each in arrived), "a message went to a stranger")
        return [any(desk.is_for(each, n) for each in arrived) for n in numbers]

    private = [each for n in numbers for each in (desk.address(n), messages[n - 1].text, _LINK)]
    settle = partial(desk.settled, messages)
    return Attempt(send=partial(desk.call, messages), happened=happened, personal=private, settle=settle)


_MESSAGES: Final[Plays] = {"a message": _sending}

LAWS = (
    a_message_arrives_as_it_was_written,
    each_person_gets_their_own_message,
    a_message_to_nobody_harms_no_other,
    a_link_arrives_whole,
    what_looks_like_markup_arrives_as_text,
    a_line_break_in_a_subject_smuggles_nothing,
    a_message_that_may_have_been_sent_is_in_doubt,
    a_message_that_was_not_taken_is_retryable,
    what_is_said_of_broken_messages_is_true,
    a_refused_credential_halts_messages,
    a_message_after_an_expired_session_arrives,
    nothing_private_is_said_of_messages,
)

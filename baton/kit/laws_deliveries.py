"""Laws of delivery records: a message is not called delivered before it is, nor lost when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from baton.contracts import DeliveryRecord
from baton.kit.bench import Bench, Said, expect
from baton.kit.handover_desk import LEAVER, OTHER, SUCCESSOR
from baton.kit.laws_notices import Desk
from baton.kit.record_desk import insist, told
from baton.kit.troubles import Trouble
from baton.model.account import Outcome, Receipt
from baton.model.handover import Message


def a_message_is_not_delivered_before_it_is(bench: Bench) -> None:
    desk, messages = _sent(bench)
    insist(Outcome.ACCEPTED, _asked(desk, messages), "asked before anybody has told, a delivery")
    expect(len(desk.outbox()) == len(messages), "asking what became of messages sends some")


def a_delivery_is_told(bench: Bench) -> None:
    desk, messages = _sent(bench)
    bench.counterpart.settle()
    for _ in range(2):
        insist(Outcome.DONE, _asked(desk, messages), "a delivery that was told")


def a_failed_delivery_is_told_with_its_cause(bench: Bench) -> None:
    desk, messages = _sent(bench)
    bench.counterpart.refuse(desk.address(OTHER))
    bench.counterpart.settle()
    found = _asked(desk, messages)
    insist(Outcome.REFUSED, found[1:2], "a delivery that has failed")
    cause = found[1].code
    expect(cause and cause != DeliveryRecord.NO_REPORT, "a failed delivery has no code that says who or what failed")
    insist(Outcome.DONE, found[::2], "a delivery beside one that has failed")


def a_message_that_was_never_sent_is_not_on_the_record(bench: Bench) -> None:
    desk, messages = _sent(bench)
    bench.counterpart.settle()
    others = [replace(message, key=desk.key()) for message in messages]
    found = _asked(desk, [each for pair in zip(others, messages, strict=True) for each in pair])
    insist(Outcome.DONE, found[1::2], "a delivery beside a message that was never sent")
    insist(Outcome.IN_DOUBT, found[::2], "a message that was never sent")


def a_message_whose_answer_was_lost_is_found_on_the_record(bench: Bench) -> None:
    desk = Desk(bench)
    message = desk.message(LEAVER)
    bench.troubles.on_write(Trouble.LOST_REPLY)
    insist(Outcome.IN_DOUBT, desk.call([message]), "a message whose answer was lost")
    bench.troubles.clear()
    bench.counterpart.settle()
    insist(Outcome.DONE, _asked(desk, [message]), "a message whose answer was lost and that has arrived")


def nothing_private_is_said_of_deliveries(bench: Bench) -> None:
    desk, messages = _sent(bench)
    bench.counterpart.refuse(desk.address(OTHER))
    bench.counterpart.settle()
    said = told(_asked(desk, messages))
    for message in messages:
        expect(message.address not in said, "what is said of a delivery names the address")
        expect(message.subject not in said, "what is said of a delivery tells what was in the message")


def _sent(bench: Bench) -> tuple[Desk, Sequence[Message]]:
    """Three messages that were taken over, to three people."""
    desk = Desk(bench)
    messages = [desk.message(n) for n in (LEAVER, OTHER, SUCCESSOR)]
    receipts = desk.call(messages)
    expect(Said(tuple(receipts)).went_well, f"sending legal messages gave {Said(tuple(receipts))}")
    insist(Outcome.ACCEPTED, receipts, "sending where a delivery is told later")
    return desk, messages


def _asked(desk: Desk, messages: Sequence[Message]) -> list[Receipt]:
    record = desk.bench.connector
    assert isinstance(record, DeliveryRecord)
    found = list(record.deliveries(messages))
    expect(len(found) == len(messages), f"{len(found)} deliveries for {len(messages)} messages, one each is the law")
    return found


LAWS = (
    a_message_is_not_delivered_before_it_is,
    a_delivery_is_told,
    a_failed_delivery_is_told_with_its_cause,
    a_message_that_was_never_sent_is_not_on_the_record,
    a_message_whose_answer_was_lost_is_found_on_the_record,
    nothing_private_is_said_of_deliveries,
)

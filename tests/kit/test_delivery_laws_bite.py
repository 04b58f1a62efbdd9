"""Laws of announcing and of delivery records hold for text messages, and fail for each way of getting them wrong."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from baton.errors import InDoubtError
from baton.kit import laws_deliveries, laws_notices
from baton.kit.run import Verdict, try_law
from baton.sdk import DeliveryRecord, Outcome, Receipt
from connectors.sms.aliyun.connector import AliyunSms
from connectors.sms.aliyun.simulator import Simulator, Template

LAWS = {law.__name__: law for law in (*laws_deliveries.LAWS, *laws_notices.LAWS)}


class CallsAcceptedDone(AliyunSms):
    def deliveries(self, messages):
        found = super().deliveries(messages)
        return [Receipt.done() if each.outcome is Outcome.ACCEPTED else each for each in found]


class SendsAgainWhenAsked(AliyunSms):
    def deliveries(self, messages):
        self.notify(messages)
        return super().deliveries(messages)


class NeverHears(AliyunSms):
    def deliveries(self, messages):
        return [Receipt.accepted() for _ in messages]


class CallsFailureDone(AliyunSms):
    def deliveries(self, messages):
        found = super().deliveries(messages)
        return [Receipt.done() if each.outcome is Outcome.REFUSED else each for each in found]


class NamesNoCause(AliyunSms):
    def deliveries(self, messages):
        found = super().deliveries(messages)
        return [
            replace(each, code=DeliveryRecord.NO_REPORT) if each.outcome is Outcome.REFUSED else each for each in found
        ]


class LooksAtTheNumberAlone(AliyunSms):
    def _recorded(self, message, today, earliest):
        found = [line.key for to in [message.address] for line in self._lines(to, today)]
        return super()._recorded(replace(message, key=found[0]), today, earliest) if found else None

    def _lines(self, address, today):
        from connectors.sms.aliyun.mobiles import mobile

        return self._day(mobile(address), today)


class NamesItsMessagesAnew(AliyunSms):
    """Knows a message by the name it gave it, and that only once it has been told that it was taken over."""

    names = count(1)

    def notify(self, messages):
        self.known = getattr(self, "known", {})
        named = [replace(each, key=f"{next(self.names):064x}") for each in messages]
        receipts = super().notify(named)
        for message, name, receipt in zip(messages, named, receipts, strict=True):
            if receipt.outcome is Outcome.ACCEPTED:
                self.known[message.key] = name.key
        return receipts

    def deliveries(self, messages):
        known = getattr(self, "known", {})
        return super().deliveries([replace(each, key=known.get(each.key, each.key)) for each in messages])


class TellsTheNumber(AliyunSms):
    def deliveries(self, messages):
        found = super().deliveries(messages)
        return [replace(each, message=f"to {m.address}") for each, m in zip(found, messages, strict=True)]


class GivesOneForAll(AliyunSms):
    def deliveries(self, messages):
        return list(super().deliveries(messages))[:1]


class SaysNextToNothing(AliyunSms):
    def notify(self, messages):
        return super().notify([replace(each, subject=each.subject[:4]) for each in messages])


class TellsTheText(AliyunSms):
    def notify(self, messages):
        return super().notify([replace(each, subject=each.subject[:10] + each.text[14:34]) for each in messages])


class CutsTheLink(AliyunSms):
    def notify(self, messages):
        start = len("https://hub.example.com/h/")
        return super().notify([replace(each, link=each.link[: start + 30]) for each in messages])


class SaysDoneAtOnce(AliyunSms):
    def notify(self, messages):
        return [replace(each, outcome=Outcome.DONE) for each in super().notify(messages)]


class TakesSilenceForRefusal(AliyunSms):
    def _send(self, message):
        try:
            return super()._send(message)
        except InDoubtError as error:
            return Receipt.refused(error.code, error.message)


CASES = [
    ("a_message_is_not_delivered_before_it_is", CallsAcceptedDone),
    ("a_message_is_not_delivered_before_it_is", SendsAgainWhenAsked),
    ("a_delivery_is_told", NeverHears),
    ("a_delivery_is_told", GivesOneForAll),
    ("a_failed_delivery_is_told_with_its_cause", CallsFailureDone),
    ("a_failed_delivery_is_told_with_its_cause", NamesNoCause),
    ("a_message_that_was_never_sent_is_not_on_the_record", LooksAtTheNumberAlone),
    ("a_message_whose_answer_was_lost_is_found_on_the_record", NamesItsMessagesAnew),
    ("a_message_whose_answer_was_lost_is_found_on_the_record", TakesSilenceForRefusal),
    ("nothing_private_is_said_of_deliveries", TellsTheNumber),
    ("a_message_arrives_as_it_was_written", SaysNextToNothing),
    ("a_message_arrives_as_it_was_written", TellsTheText),
    ("a_message_arrives_as_it_was_written", SaysDoneAtOnce),
    ("a_link_arrives_whole", CutsTheLink),
]


@pytest.mark.canaries_allowed  # one of these says what must not be said
@pytest.mark.parametrize(("title", "broken"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_the_law_bites(title: str, broken: type[AliyunSms]) -> None:
    result = try_law(LAWS[title], broken, Simulator)
    assert result.verdict is Verdict.FAILED, result


def test_every_law_of_delivery_records_has_a_breaker() -> None:
    assert {law.__name__ for law in laws_deliveries.LAWS} <= {title for title, _ in CASES}


def test_a_link_that_fits_a_template_arrives_whole() -> None:
    def roomy() -> Simulator:
        simulator = Simulator(longest_value=300)
        simulator.templates["SMS_100000002"] = Template("您有新的待办：${subject} https://hub.example.com/h/${end}")
        return simulator

    class Roomy(AliyunSms):
        def __init__(self, settings, client):
            super().__init__(settings.model_copy(update={"longest_value": 300}), client)

    result = try_law(laws_notices.a_link_arrives_whole, Roomy, roomy)
    assert result.verdict is Verdict.OK, result

"""The record of deliveries: what it tells of each message, how far it is asked, and what of it is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from baton.errors import RejectedError, RetryableError
from baton.sdk import DeliveryRecord, Message, Outcome, Receipt
from connectors.sms.aliyun.connector import AliyunSms
from connectors.sms.aliyun.simulator import Simulator
from tests.connectors.sms.aliyun_desk import NOW, PHONE, Clock, connect, message


def fate(sms: AliyunSms, *asked: Message) -> list[Receipt]:
    return list(sms.deliveries(asked or [message()]))


def test_the_record_tells_of_each_message(vendor: Simulator, clock: Clock) -> None:
    sms = connect(vendor, clock=clock)
    sms.notify([message(1), message(2, "13900000002")])
    assert [each.outcome for each in fate(sms, message(1), message(2, "13900000002"))] == [Outcome.ACCEPTED] * 2
    vendor.refuse("13900000002")
    vendor.settle()
    delivered, failed, unknown = fate(sms, message(1), message(2, "13900000002"), message(3))
    assert delivered.outcome is Outcome.DONE
    assert dict(delivered.evidence) == {"carrier_code": "DELIVERED", "delivered_at": "2026-03-02 17:30:04"}
    assert (failed.outcome, failed.code) == (Outcome.REFUSED, "carrier_MK:0001")
    assert (unknown.outcome, unknown.code) == (Outcome.IN_DOUBT, "not_recorded")


def test_the_record_is_asked_by_the_vendors_days_and_page_by_page(vendor: Simulator, clock: Clock) -> None:
    clock.at = datetime(2026, 3, 2, 15, 59, tzinfo=UTC)  # a minute to midnight in Shanghai
    sms = connect(vendor, clock=clock)
    sms.notify([message(n) for n in range(1, 61)])
    clock.at += timedelta(minutes=2)
    asked = vendor.requests
    vendor.settle()
    (found,) = fate(sms, message(1))  # the newest first: this one is on the second page of yesterday
    assert found.outcome is Outcome.DONE
    assert vendor.requests - asked == 3


def test_what_nobody_reports_is_given_up_and_what_is_old_is_not_looked_for(vendor: Simulator, clock: Clock) -> None:
    sms = connect(vendor, clock=clock)
    sms.notify([message()])
    clock.at = NOW + timedelta(days=2)
    assert fate(sms)[0].outcome is Outcome.ACCEPTED
    clock.at = NOW + timedelta(days=3)
    assert (fate(sms)[0].outcome, fate(sms)[0].code) == (Outcome.REFUSED, DeliveryRecord.NO_REPORT)
    vendor.settle()
    assert fate(sms)[0].outcome is Outcome.DONE, "a late report is still a report"
    clock.at = NOW + timedelta(days=31)
    asked = vendor.requests
    assert fate(sms)[0].code == DeliveryRecord.NO_REPORT
    assert vendor.requests - asked == 30, "the vendor's record goes no further back"


def test_a_number_that_is_gone_is_not_asked_about(vendor: Simulator) -> None:
    (found,) = fate(connect(vendor), message(address=""))
    assert (found.outcome, vendor.requests) == (Outcome.IN_DOUBT, 0)


@pytest.mark.parametrize("code", ["isv.MOBILE_NUMBER_ILLEGAL", "isv.INVALID_PARAMETERS"])
def test_a_number_that_the_vendor_does_not_take_hides_no_other_message(
    vendor: Simulator, clock: Clock, code: str
) -> None:
    sms = connect(vendor, clock=clock)
    batch = [message(1), message(2, "13900000002")]
    sms.notify(batch)
    vendor.settle()
    for at, outcome, said in ((NOW, Outcome.IN_DOUBT, code), (NOW + timedelta(days=30), Outcome.REFUSED, "no_report")):
        clock.at = at
        vendor.answers.append(httpx.Response(200, json={"Code": code}))
        refused, other = fate(sms, *batch)
        assert (refused.outcome, refused.code) == (outcome, said)
        assert PHONE not in f"{refused}"
        assert other.outcome is (Outcome.DONE if at == NOW else Outcome.REFUSED)
    vendor.answers.append(httpx.Response(404, json={"Code": "InvalidAction.NotFound"}))
    with pytest.raises(RejectedError):
        fate(sms, *batch)


PAGE: dict[str, Any] = {"Code": "OK", "TotalCount": "1"}
LINE: dict[str, Any] = {"SendStatus": 3, "OutId": f"{1:064x}", "ErrCode": "DELIVERED"}


@pytest.mark.parametrize(
    "document",
    [
        PAGE, {**PAGE, "SmsSendDetailDTOs": None}, {**PAGE, "SmsSendDetailDTOs": {"SmsSendDetailDTO": [None]}},
        {**PAGE, "SmsSendDetailDTOs": {"SmsSendDetailDTO": [{**LINE, "SendStatus": 4}]}},
        {**PAGE, "SmsSendDetailDTOs": {"SmsSendDetailDTO": [{**LINE, "SendStatus": "3"}]}},
        {**PAGE, "SmsSendDetailDTOs": {"SmsSendDetailDTO": [{**LINE, "SendStatus": True}]}},
        {**PAGE, "SmsSendDetailDTOs": {"SmsSendDetailDTO": [{"OutId": LINE["OutId"]}]}},
        {"Code": "OK", "TotalCount": "many", "SmsSendDetailDTOs": {"SmsSendDetailDTO": []}},
        {"Code": "isp.SYSTEM_ERROR"}, {"Code": "isv.NEVER_HEARD_OF"},
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_read_tells_of_no_delivery(vendor: Simulator, document: dict[str, Any]) -> None:
    vendor.answers.append(httpx.Response(200, json=document))
    with pytest.raises(RetryableError):
        fate(connect(vendor))


def test_a_record_without_an_end_is_not_read_for_ever(vendor: Simulator) -> None:
    page = {"SmsSendDetailDTOs": {"SmsSendDetailDTO": [{**LINE, "OutId": "another"}]}}
    endless = httpx.Response(200, json={**PAGE, "TotalCount": "999999", **page})
    vendor.answers += [endless] * 50
    with pytest.raises(RetryableError):
        fate(connect(vendor))
    assert vendor.requests == 10


def test_words_of_a_carrier_that_are_no_code_are_shown_to_nobody(vendor: Simulator) -> None:
    line = {**LINE, "SendStatus": 2, "ErrCode": f"to {PHONE}!", "ReceiveDate": f"at {PHONE}"}
    page = {**PAGE, "SmsSendDetailDTOs": {"SmsSendDetailDTO": [line]}}
    vendor.answers.append(httpx.Response(200, json=page))
    (found,) = fate(connect(vendor))
    assert (found.outcome, found.code) == (Outcome.REFUSED, "carrier_unnamed")
    assert PHONE not in f"{found}"


def test_a_lost_answer_is_found_on_the_record_and_sent_no_second_time(vendor: Simulator) -> None:
    def lose(request: httpx.Request) -> httpx.Response:
        vendor.handle(request)
        raise httpx.ReadError("reset")

    (receipt,) = connect(vendor, lose).notify([message()])
    assert receipt.outcome is Outcome.IN_DOUBT
    assert fate(connect(vendor))[0].outcome is Outcome.ACCEPTED
    assert len(vendor.sent) == 1

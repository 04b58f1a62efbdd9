"""Text messages: what is signed and sent, what each answer means, and what is asked of nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import httpx
import pytest
from pydantic import ValidationError

from baton.errors import ConnectorError, HaltError, InDoubtError, RetryableError
from baton.registry import egress_rule
from baton.sdk import Outcome
from connectors.sms.aliyun import wire
from connectors.sms.aliyun.mobiles import mobile
from connectors.sms.aliyun.settings import AliyunSmsSettings
from connectors.sms.aliyun.signing import Signer
from connectors.sms.aliyun.simulator import Simulator, Template
from tests.connectors.sms.aliyun_desk import ABROAD, NOW, PHONE, Clock, connect, message


def test_the_signature_is_the_one_of_the_vendors_own_example() -> None:
    signer = Signer("ecs.cn-shanghai.aliyuncs.com", "YourAccessKeyId", "YourAccessKeySecret")
    query = "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai"
    at, nonce = datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC), "3156853299f313e23d1673dc12e1703d"
    signed = signer.headers("RunInstances", "2014-05-26", query, at, nonce)["Authorization"]
    assert signed == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_what_is_sent_is_the_subject_and_never_the_text(vendor: Simulator) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return vendor.handle(request)

    (receipt,) = connect(vendor, handle).notify([message()])
    assert receipt.outcome is Outcome.ACCEPTED
    assert dict(receipt.evidence) == {"biz_id": vendor.sent[0].biz_id}
    (request,) = seen
    assert dict(parse_qsl(request.url.query.decode())) == {
        "PhoneNumbers": PHONE,
        "SignName": "测试公司",
        "TemplateCode": "SMS_100000001",
        "TemplateParam": '{"subject":"3 项离职交接待您接受 · 3 items"}',
        "OutId": f"{1:064x}",
    }
    assert vendor.outbox == [
        (PHONE, "", "【测试公司】您有新的待办：3 项离职交接待您接受 · 3 items。请登录公司人事平台查看。")
    ]


@pytest.mark.parametrize(
    ("written", "wire_form", "mainland"),
    [
        ("13900000001", "13900000001", True), ("+8613900000001", "13900000001", True),
        ("+86 139-0000-0001", "13900000001", True), ("008613900000001", "13900000001", True),
        ("8613900000001", "13900000001", True), (" (+86) 139 0000 0001 ", "13900000001", True),
        ("+852 0000 1234", "85200001234", False), ("00 1 (000) 000-0001", "10000000001", False),
        ("+6581000001", "6581000001", False), ("+44 (0)7700 900001", "447700900001", False),
        ("0044 ( 0 ) 7700 900001", "447700900001", False), ("+86 (0)13900000001", "13900000001", True),
        ("+225 07 00 00 00 01", "2250700000001", False),
    ],
)  # fmt: skip
def test_mobile_numbers_as_people_write_them(written: str, wire_form: str, mainland: bool) -> None:
    found = mobile(written)
    assert found is not None
    assert (found.wire, found.mainland) == (wire_form, mainland)
    assert wire_form not in repr(found)


@pytest.mark.parametrize(
    "written",
    ["", "12345", "12900000001", "1390000000", "139000000012", "010-12345678", "+86 10 1234 5678", "+8613900000",
     "0000000000", "+0123456789", "+1234567890123456", "person@example.com", "13900000001,13900000002",
     "1390000000１", "+86139000０0001", "85200001234", "(0)13900000001"],
)  # fmt: skip
def test_what_is_no_mobile_number_is_asked_of_nobody(vendor: Simulator, written: str) -> None:
    assert mobile(written) is None
    (receipt,) = connect(vendor).notify([message(address=written)])
    code = "no_address" if not written else "bad_address"
    assert (receipt.outcome, receipt.code, vendor.requests) == (Outcome.REFUSED, code, 0)
    assert not written or written not in f"{receipt}"


def test_a_number_abroad_takes_the_template_for_it_or_is_refused(vendor: Simulator) -> None:
    (receipt,) = connect(vendor).notify([message(address=ABROAD)])
    assert receipt.outcome is Outcome.ACCEPTED
    assert vendor.outbox[0][0] == "85200001234"
    assert vendor.outbox[0][2].startswith("【测试公司】You have")
    (refused,) = connect(vendor, international_template_code="").notify([message(2, ABROAD)])
    assert (refused.outcome, refused.code, len(vendor.sent)) == (Outcome.REFUSED, "no_template", 1)


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("短", "短"),
        ("【逾期】3 项\r\n交接", "（逾期）3 项 交接"),
        ("12 项离职交接待您接受 · 12 items are waiting for you to accept them", "12 项离职交接待您接受"),
        ("x" * 40 + " · " + "y", "x" * 35),
        ("交" * 35, "交" * 35),
        ("交" * 34 + " 接", "交" * 34),
    ],
)
def test_a_subject_is_shown_as_far_as_a_variable_goes(subject: str, shown: str) -> None:
    assert wire.shortened(subject, 35) == shown


def test_a_message_without_a_subject_is_refused(vendor: Simulator) -> None:
    (receipt,) = connect(vendor).notify([message(subject=" \n ")])
    assert (receipt.outcome, receipt.code, vendor.requests) == (Outcome.REFUSED, "no_subject", 0)


def test_a_link_goes_whole_or_not_at_all(vendor: Simulator) -> None:
    start = "https://hub.example.com/h/"
    links = [f"{start}{'a' * 35}", f"{start}{'a' * 36}", start, "https://elsewhere.example.com/h/a", ""]
    connect(vendor).notify([message(n, link=link) for n, link in enumerate(links)])
    linked = [link for link, (_, _, text) in zip(links, vendor.outbox, strict=True) if start in text]
    assert linked == links[:1]
    assert links[0] in vendor.outbox[0][2]


@pytest.mark.parametrize("code", wire.CODES)
def test_each_code_of_the_vendor_has_its_meaning(vendor: Simulator, code: str) -> None:
    vendor.codes.append(code)
    means, remedy = wire.CODES[code]
    sms = connect(vendor)
    if means is wire.Means.PERSON:
        with pytest.raises(HaltError) as halted:
            sms.notify([message(), message(2)])
        assert (halted.value.code, halted.value.remedy, len(vendor.sent)) == (code, remedy, 0)
        return
    if means is wire.Means.THROTTLED:
        with pytest.raises(RetryableError):
            sms.notify([message(), message(2)])
        assert not vendor.sent
        return
    first, second = sms.notify([message(), message(2)])
    expected = {
        wire.Means.REFUSED: Outcome.REFUSED,
        wire.Means.LIMITED: Outcome.NOT_PERFORMED,
        wire.Means.DOUBT: Outcome.IN_DOUBT,
    }
    assert (first.outcome, first.code, second.outcome) == (expected[means], code, Outcome.ACCEPTED)
    assert (first.remedy if means is wire.Means.REFUSED else remedy) == remedy


HOSTILE: list[tuple[httpx.Response, Outcome | type[ConnectorError]]] = [
    (httpx.Response(200, json={"Code": "isv.NEVER_HEARD_OF"}), Outcome.IN_DOUBT),
    (httpx.Response(200, json={"Code": f"{PHONE} private words"}), Outcome.IN_DOUBT),
    (httpx.Response(200, json={"Code": "OK"}), Outcome.IN_DOUBT),
    (httpx.Response(200, json={"Code": "OK", "BizId": f"to {PHONE}"}), Outcome.IN_DOUBT),
    (httpx.Response(200, json={"Code": "OK", "BizId": 7}), Outcome.IN_DOUBT),
    (httpx.Response(200, json={"Code": ["OK"], "BizId": "1^0"}), Outcome.IN_DOUBT),
    (httpx.Response(200, json={"code": "OK", "BizId": "1^0"}), Outcome.IN_DOUBT),
    (httpx.Response(200, json=["OK"]), Outcome.IN_DOUBT),
    (httpx.Response(200, text="<html>welcome</html>"), Outcome.IN_DOUBT),
    (httpx.Response(200), Outcome.IN_DOUBT),
    (httpx.Response(500, json={"Code": "OK", "BizId": "1^0"}), Outcome.IN_DOUBT),
    (httpx.Response(502, text="bad gateway"), Outcome.IN_DOUBT),
    (httpx.Response(503, json={"Code": "ServiceUnavailable"}), Outcome.IN_DOUBT),
    (httpx.Response(404, json={"Code": "InvalidAction.NotFound"}), Outcome.REFUSED),
    (httpx.Response(400, json={"Code": "MissingPhoneNumbers"}), Outcome.REFUSED),
    (httpx.Response(429, headers={"Retry-After": "9"}), RetryableError),
    (httpx.Response(400, json={"Code": "Throttling.User"}), RetryableError),
    (httpx.Response(302, headers={"Location": "https://elsewhere.example.com/"}), HaltError),
    (httpx.Response(403, json={"Code": "Forbidden.Unheard"}), HaltError),
    (httpx.Response(404, json={"Code": "InvalidAccessKeyId.NotFound"}), HaltError),
]


@pytest.mark.parametrize(("given", "expected"), HOSTILE)
def test_hostile_answers_are_no_success_and_are_never_repeated(
    vendor: Simulator, given: httpx.Response, expected: Outcome | type[ConnectorError]
) -> None:
    vendor.answers.append(given)
    if isinstance(expected, Outcome):
        (receipt,) = connect(vendor).notify([message()])
        assert receipt.outcome is expected
        said = f"{receipt}"
    else:
        with pytest.raises(expected) as error:
            connect(vendor).notify([message()])
        said = f"{error.value} {error.value.code} {error.value.remedy}"
    assert PHONE not in said
    assert "private" not in said


def test_a_copy_of_a_request_is_a_doubt_and_a_wrong_clock_a_persons_work(vendor: Simulator, clock: Clock) -> None:
    seen: list[httpx.Request] = []

    def twice(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        vendor.handle(request)
        return vendor.handle(request)

    (receipt,) = connect(vendor, twice).notify([message()])
    assert (receipt.outcome, receipt.code, len(vendor.sent)) == (Outcome.IN_DOUBT, "SignatureNonceUsed", 1)
    late = Clock()
    late.at = NOW + timedelta(minutes=16)
    with pytest.raises(HaltError) as error:
        connect(vendor, clock=late).notify([message(2)])
    assert error.value.code == "InvalidTimeStamp.Expired"


def test_a_request_changed_on_its_way_is_not_taken(vendor: Simulator) -> None:
    def changed(request: httpx.Request) -> httpx.Response:
        url = str(request.url).replace(PHONE, "13900000009")
        return vendor.handle(httpx.Request("POST", url, headers=request.headers))

    with pytest.raises(HaltError) as error:
        connect(vendor, changed).notify([message()])
    assert (error.value.code, vendor.sent) == ("SignatureDoesNotMatch", [])


def test_the_check_looks_at_every_template(vendor: Simulator) -> None:
    assert [finding.ok for finding in connect(vendor).check()] == [True, True, True]
    assert vendor.journal == []
    vendor.templates["SMS_100000001"] = Template("您有新的待办：${title}", approved=False)
    del vendor.templates["SMS_200000001"]
    plain, variables, abroad, linked = connect(vendor).check()
    assert (plain.ok, variables.ok, abroad.ok, linked.ok) == (False, False, False, True)
    assert "subject" in variables.detail
    vendor.answers.append(httpx.Response(404, json={"Code": "InvalidAccessKeyId.NotFound"}))
    assert connect(vendor).check()[0].remedy == "check access_key_id"


@pytest.mark.parametrize(
    "given",
    [
        {"endpoint_url": "ftp://dysmsapi.aliyuncs.com"}, {"endpoint_url": "https://dysmsapi.aliyuncs.com/x"},
        {"endpoint_url": "https://me@dysmsapi.aliyuncs.com"}, {"template_code": "153055065"}, {"sign_name": "阿"},
        {"subject_parameter": ""}, {"subject_parameter": "标题"}, {"subject_parameter": "end"},
        {"link_start": ""}, {"link_parameter": ""}, {"link_template_code": ""}, {"longest_value": 0},
        {"report_days": 30}, {"access_key_id": ""}, {"unheard": "of"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(vendor: Simulator, given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        connect(vendor, **given)


def test_nothing_but_the_vendors_host_is_ever_asked() -> None:
    settings = AliyunSmsSettings.model_validate(
        {"access_key_id": "k", "access_key_secret": "s", "sign_name": "测试", "template_code": "SMS_1"}
    )
    assert egress_rule(settings).origins == {"dysmsapi.aliyuncs.com:443"}
    assert settings.templates == ("SMS_1",)


def test_doubt_is_raised_where_a_write_is_asked_alone(vendor: Simulator) -> None:
    response = connect(vendor, lambda _: httpx.Response(200, json={"Code": "what"})).client.request(
        "POST", "http://127.0.0.1:1/"
    )
    with pytest.raises(InDoubtError):
        wire.answer(response, "SendSms")

"""A stand-in for Aliyun's Short Message Service, written from its pages: SendSms, QuerySendDetails, GetSmsTemplate.

It shares no code with the connector: signature, templates and numbers are worked out here a second time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote
from zoneinfo import ZoneInfo

import httpx

_KEY_ID, _SECRET = "LTAIsynthetic", "synthetic-access-key-secret"
_SIGN = "测试公司"
_ZONE = ZoneInfo("Asia/Shanghai")
_SIGNED = ("host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version")
_CHINESE, _FOREIGN = re.compile(r"(\+86|\+|0086|86)?1\d{10}"), re.compile(r"[1-9]\d{6,14}")
_RECORD_DAYS, _PAGE = 30, 50


@dataclass(frozen=True)
class JournalEntry:
    """One message taken over."""

    action: str
    number: str | None
    external_id: str


@dataclass(frozen=True)
class Template:
    """A text with ``${variables}``; 国内 or 国际/港澳台."""

    text: str
    abroad: bool = False
    approved: bool = True


@dataclass
class Sent:
    """One message on its way: ``status`` is 1 waiting for the carrier, 2 failed, 3 with the person."""

    phone: str
    text: str
    template: str
    out_id: str
    biz_id: str
    at: dt.datetime
    status: int = 1
    code: str = ""
    reported_at: dt.datetime | None = None


class _RefusalError(Exception):
    """A code other than OK, with the status of its answer."""

    def __init__(self, code: str, status: int = 200) -> None:
        super().__init__(code)
        self.code, self.status = code, status


@dataclass
class Simulator:
    """One account. Its present is each request's own date: whoever tries a connector may have another clock."""

    base_url: str = "http://127.0.0.1:1"
    now: Callable[[], dt.datetime] | None = None
    """Told, a signature may be at most 15 minutes off."""
    journal: list[JournalEntry] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    templates: dict[str, Template] = field(
        default_factory=lambda: {
            "SMS_100000001": Template("您有新的待办：${subject}。请登录公司人事平台查看。"),
            "SMS_100000002": Template("您有新的待办：${subject}，请打开 https://hub.example.com/h/${end} 查看。"),
            "SMS_200000001": Template("You have something to do: ${subject}.", abroad=True),
        }
    )
    answers: list[httpx.Response] = field(default_factory=list)
    """Given to the next requests in place of the usual answer; nothing is taken over."""
    codes: list[str] = field(default_factory=list)
    """Given as the code of the next SendSms, which then takes nothing over."""
    longest_value: int = 35
    """Characters of a variable; an account may have been granted more."""
    recording: bool = True
    """False: the record lags behind, and shows nothing of what is sent now."""
    nonces: set[str] = field(default_factory=set)
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "endpoint_url": self.base_url,
            "access_key_id": _KEY_ID,
            "sign_name": _SIGN,
            "template_code": "SMS_100000001",
            "international_template_code": "SMS_200000001",
            "link_template_code": "SMS_100000002",
            "link_parameter": "end",
            "link_start": "https://hub.example.com/h/",
        }

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"access_key_secret": _SECRET}

    @property
    def outbox(self) -> Sequence[tuple[str, str, str]]:
        """Number, nothing (a text message has no subject), and the text as the phone shows it, of every message."""
        return [(each.phone, "", each.text) for each in self.sent]

    def seed_person(self, n: int) -> str:
        """Text messages need no account; the number of the n-th person."""
        return f"1390000{n:04d}"

    def settle(self) -> None:
        """The carriers report everything that is under way as delivered."""
        for each in self.sent:
            if each.status == 1:
                each.status, each.code, each.reported_at = 3, "DELIVERED", each.at + dt.timedelta(seconds=4)

    def refuse(self, phone: str) -> None:
        """The carrier reports what is under way to this number as failed."""
        for each in self.sent:
            if each.phone == phone and each.status == 1:
                each.status, each.code, each.reported_at = 2, "MK:0001", each.at + dt.timedelta(seconds=9)

    # --- calls

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        with self.lock:
            self.requests += 1
            if self.answers:
                return self.answers.pop(0)
            try:
                document = self._answer(request)
                status = 200
            except _RefusalError as refusal:
                document, status = {"Code": refusal.code, "Message": "refused"}, refusal.status
            return httpx.Response(status, json={**document, "RequestId": f"SIM-{self.requests:08d}"})

    def _answer(self, request: httpx.Request) -> dict[str, Any]:
        at = self._checked(request)
        if request.headers["x-acs-version"] != "2017-05-25" or request.url.path != "/":
            raise _RefusalError("InvalidVersion", 400)
        given = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        action = request.headers["x-acs-action"]
        if action == "SendSms":
            return self._send(given, at)
        if action == "QuerySendDetails":
            return self._details(given, at)
        if action == "GetSmsTemplate":
            return self._template(given)
        raise _RefusalError("InvalidAction.NotFound", 404)

    def _checked(self, request: httpx.Request) -> dt.datetime:
        """The request's date, once its signature holds over method, path, query, headers and body."""
        head = request.headers
        found = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})",
            head.get("authorization", ""),
        )
        if found is None:
            raise _RefusalError("IncompleteSignature", 400)
        if found[1] != _KEY_ID:
            raise _RefusalError("InvalidAccessKeyId.NotFound", 404)
        names = found[2].split(";")
        if names != sorted(names) or not set(_SIGNED) <= set(names) or any(name not in head for name in names):
            raise _RefusalError("IncompleteSignature", 400)
        pairs = sorted(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
        body = hashlib.sha256(request.content).hexdigest()
        lines = [f"{name}:{head[name].strip()}" for name in names]
        canonical = "\n".join([request.method, request.url.path, query, *lines, "", found[2], body])
        to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        wanted = hmac.new(_SECRET.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, found[3]) or head["x-acs-content-sha256"] != body:
            raise _RefusalError("SignatureDoesNotMatch", 400)
        at = dt.datetime.strptime(head["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
        if self.now is not None and abs(self.now() - at) > dt.timedelta(minutes=15):
            raise _RefusalError("InvalidTimeStamp.Expired", 400)
        if head["x-acs-signature-nonce"] in self.nonces:
            raise _RefusalError("SignatureNonceUsed", 400)
        self.nonces.add(head["x-acs-signature-nonce"])
        return at

    def _send(self, given: Mapping[str, str], at: dt.datetime) -> dict[str, Any]:
        for name in ("PhoneNumbers", "SignName", "TemplateCode"):
            if not given.get(name):
                raise _RefusalError(f"Missing{name}", 400)
        if self.codes:
            raise _RefusalError(self.codes.pop(0))
        if given["SignName"] != _SIGN:
            raise _RefusalError("isv.SMS_SIGNATURE_ILLEGAL")
        template = self.templates.get(given["TemplateCode"])
        if template is None or not template.approved:
            raise _RefusalError("isv.SMS_TEMPLATE_ILLEGAL")
        phone = _phone(given["PhoneNumbers"], template)
        text = f"【{_SIGN}】{_filled(template, given.get('TemplateParam', '{}'), self.longest_value)}"
        biz_id = f"{len(self.sent) + 100000000000000000}^0"
        self.sent.append(Sent(phone, text, given["TemplateCode"], given.get("OutId", ""), biz_id, at))
        self.journal.append(JournalEntry("message", None, phone))
        return {"Code": "OK", "Message": "OK", "BizId": biz_id}

    def _details(self, given: Mapping[str, str], at: dt.datetime) -> dict[str, Any]:
        size, page = int(given["PageSize"]), int(given["CurrentPage"])
        day = dt.datetime.strptime(given["SendDate"], "%Y%m%d").replace(tzinfo=_ZONE).date()
        too_old = (at.astimezone(_ZONE).date() - day).days >= _RECORD_DAYS
        if not 1 <= size <= _PAGE or page < 1 or too_old or not _phone_like(given["PhoneNumber"]):
            raise _RefusalError("isv.INVALID_PARAMETERS")
        found = [
            each
            for each in reversed(self.sent if self.recording else [])
            if each.phone == given["PhoneNumber"]
            and each.at.astimezone(_ZONE).date() == day
            and given.get("BizId", each.biz_id) == each.biz_id
        ]
        part = found[(page - 1) * size : page * size]
        lines = {"SmsSendDetailDTO": [_line(each) for each in part]}
        return {"Code": "OK", "Message": "OK", "TotalCount": str(len(found)), "SmsSendDetailDTOs": lines}

    def _template(self, given: Mapping[str, str]) -> dict[str, Any]:
        code = given.get("TemplateCode", "")
        template = self.templates.get(code)
        if template is None:
            raise _RefusalError("isv.SMS_TEMPLATE_ILLEGAL")
        status = "1" if template.approved else "0"
        known = {"TemplateCode": code, "TemplateContent": template.text, "TemplateStatus": status}
        return {"Code": "OK", "Message": "OK", **known}


def _phone(written: str, template: Template) -> str:
    """The number as the record keeps it. Several at once (the vendor takes them) are not simulated."""
    if _CHINESE.fullmatch(written):
        if template.abroad:
            raise _RefusalError("isv.DOMESTIC_NUMBER_NOT_SUPPORTED")
        return written[-11:]
    if not template.abroad or not _FOREIGN.fullmatch(written):
        raise _RefusalError("isv.MOBILE_NUMBER_ILLEGAL")
    return written


def _phone_like(written: str) -> bool:
    return bool(re.fullmatch(r"1\d{10}", written) or _FOREIGN.fullmatch(written))


def _filled(template: Template, given: str, longest: int) -> str:
    try:
        values = json.loads(given)
    except ValueError:
        raise _RefusalError("isv.INVALID_JSON_PARAM") from None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise _RefusalError("isv.INVALID_JSON_PARAM")
    text = template.text
    for name in re.findall(r"\$\{(\w+)\}", template.text):
        value = values.get(name, "")
        if not value:
            raise _RefusalError("isv.TEMPLATE_MISSING_PARAMETERS")
        if len(value) > longest:
            raise _RefusalError("isv.PARAM_LENGTH_LIMIT")
        if re.search(r"https?://", value):
            raise _RefusalError("isv.PARAM_NOT_SUPPORT_URL")
        text = text.replace(f"${{{name}}}", value)
    return text


def _line(sent: Sent) -> dict[str, Any]:
    form = "%Y-%m-%d %H:%M:%S"
    reported = {} if sent.reported_at is None else {"ReceiveDate": f"{sent.reported_at.astimezone(_ZONE):{form}}"}
    return {
        "PhoneNum": sent.phone,
        "SendStatus": sent.status,
        "ErrCode": sent.code,
        "TemplateCode": sent.template,
        "Content": sent.text,
        "SendDate": f"{sent.at.astimezone(_ZONE):{form}}",
        "OutId": sent.out_id,
        **reported,
    }

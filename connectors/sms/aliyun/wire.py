"""What a message becomes in a template, what each code of the vendor's means, and its record of deliveries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import orjson

from baton.sdk import (
    ConnectorError,
    DeliveryRecord,
    HaltError,
    InDoubtError,
    Intent,
    Message,
    Receipt,
    RejectedError,
    Response,
    RetryableError,
)
from connectors.sms.aliyun.mobiles import Mobile
from connectors.sms.aliyun.settings import AliyunSmsSettings

VERSION: Final = "2017-05-25"
OK: Final = "OK"
WAITING, FAILED, DELIVERED = 1, 2, 3
"""``SendStatus``: no report yet, failed, with the person."""
_LIMITED_S: Final = 3600.0
"""How long a number, or the account, that has had its share is left alone."""
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BRACKETS: Final = str.maketrans("【】", "（）")
"""The vendor keeps 【】 for signatures."""
_CODE: Final = re.compile(r"[A-Za-z0-9_.:\-]{1,60}")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_ID: Final = re.compile(r"[A-Za-z0-9^\-]{1,64}")


class Means(Enum):
    """What a code says of a call."""

    REFUSED = auto()
    """This message, ever."""
    LIMITED = auto()
    """This message, for now."""
    THROTTLED = auto()
    """Every message, for now."""
    PERSON = auto()
    """Every message, until a person acts."""
    DOUBT = auto()
    """The vendor does not know, or says that it has seen this call before."""


_R, _L, _T, _P, _D = Means
CODES: Final[Mapping[str, tuple[Means, str]]] = {
    "isv.MOBILE_NUMBER_ILLEGAL": (_R, "correct the mobile number in HR"),
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": (_R, "correct the mobile number in HR: it is a mainland one"),
    "isv.INTERNATIONAL_NUMBER_NOT_SUPPORTED": (_R, "set international_template_code"),
    "isv.SMS_CONTENT_ILLEGAL": (_R, "the vendor's filter stopped its words: reach this person by other means"),
    "isv.BLACK_KEY_CONTROL_LIMIT": (_R, "the vendor's filter stopped its words: reach this person by other means"),
    "isv.PARAM_LENGTH_LIMIT": (_R, "set longest_value to what the template allows"),
    "isv.PARAM_NOT_SUPPORT_URL": (_R, "take link_parameter out: this template takes no address"),
    "isv.TEMPLATE_PARAMS_ILLEGAL": (_R, "compare the template's variables and their attributes with the settings"),
    "isv.INVALID_JSON_PARAM": (_R, "compare the template's variables with the settings"),
    "isv.INVALID_PARAMETERS": (_R, "compare the settings with the vendor's console"),
    "isv.MOBILE_COUNT_OVER_LIMIT": (_R, "compare the settings with the vendor's console"),
    "isv.BUSINESS_LIMIT_CONTROL": (_L, "this number has had what one may have in a minute, an hour or a day"),
    "isv.DAY_LIMIT_CONTROL": (_T, "raise the day's limit in the vendor's console, or wait"),
    "isv.MONTH_LIMIT_CONTROL": (_T, "raise the month's limit in the vendor's console, or wait"),
    "Throttling": (_T, "calls come too fast"),
    "Throttling.User": (_T, "calls come too fast"),
    "Throttling.Api": (_T, "calls come too fast"),
    "isp.RAM_PERMISSION_DENY": (_P, "let the RAM user do dysms:SendSms, QuerySendDetails and GetSmsTemplate"),
    "isv.OUT_OF_SERVICE": (_P, "top up the vendor's account"),
    "isv.AMOUNT_NOT_ENOUGH": (_P, "top up the vendor's account"),
    "isv.PRODUCT_UN_SUBSCRIPT": (_P, "subscribe to the Short Message Service"),
    "isv.PRODUCT_UNSUBSCRIBE": (_P, "subscribe to the Short Message Service"),
    "isv.ACCOUNT_NOT_EXISTS": (_P, "check access_key_id"),
    "isv.ACCOUNT_ABNORMAL": (_P, "look at the account in the vendor's console"),
    "isv.SMS_TEMPLATE_ILLEGAL": (_P, "name an approved template of this account"),
    "isv.SMS_SIGNATURE_ILLEGAL": (_P, "name an approved signature of this account"),
    "isv.SMS_SIGN_ILLEGAL": (_P, "the signature is forbidden: apply for another"),
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": (_P, "the signature is for verification codes alone: apply for a general one"),
    "isv.TEMPLATE_MISSING_PARAMETERS": (_P, "compare the template's variables with the settings"),
    "isv.EXTEND_CODE_ERROR": (_P, "look at the extension codes in the vendor's console"),
    "isv.DENY_IP_RANGE": (_P, "call from an address that the vendor admits"),
    "SignatureDoesNotMatch": (_P, "check access_key_secret"),
    "IncompleteSignature": (_P, "check access_key_id and access_key_secret"),
    "InvalidAccessKeyId.NotFound": (_P, "check access_key_id"),
    "InvalidAccessKeyId.Inactive": (_P, "the access key is disabled: make another"),
    "InvalidTimeStamp.Expired": (_P, "set this machine's clock"),
    "InvalidTimeStamp.Format": (_P, "set this machine's clock"),
    "Forbidden.RAM": (_P, "let the RAM user do dysms:SendSms, QuerySendDetails and GetSmsTemplate"),
    "NoPermission": (_P, "let the RAM user do dysms:SendSms, QuerySendDetails and GetSmsTemplate"),
    "SignatureNonceUsed": (_D, ""),
    "isp.SYSTEM_ERROR": (_D, ""),
    "InternalError": (_D, ""),
    "ServiceUnavailable": (_D, ""),
}
"""Every code that is named in the vendor's pages and can come back to us. One that is not here is a doubt."""


def parameters(message: Message, to: Mobile, settings: AliyunSmsSettings) -> dict[str, str]:
    """The parameters of SendSms. Raises `RejectedError` for a message that no template here can carry."""
    code, values = _template(message, to, settings)
    return {
        "PhoneNumbers": to.wire,
        "SignName": settings.sign_name,
        "TemplateCode": code,
        "TemplateParam": orjson.dumps(values).decode(),
        "OutId": message.key,
    }


def _template(message: Message, to: Mobile, settings: AliyunSmsSettings) -> tuple[str, dict[str, str]]:
    """The template's code and its values. The text stays at home; a link goes whole or not at all."""
    subject = shortened(message.subject, settings.longest_value)
    if not subject:
        raise RejectedError("a message without a subject says nothing in a template", code="no_subject")
    values = {settings.subject_parameter: subject}
    if not to.mainland:
        if not settings.international_template_code:
            remedy = "set international_template_code, or let this person be reached by other means"
            raise RejectedError("there is no template for numbers abroad", code="no_template", remedy=remedy)
        return settings.international_template_code, values
    end = message.link.removeprefix(settings.link_start)
    fits = settings.link_start and end != message.link and 0 < len(end) <= settings.longest_value
    if fits:
        return settings.link_template_code, {**values, settings.link_parameter: end}
    return settings.template_code, values


def shortened(subject: str, longest: int) -> str:
    """A subject as one line of so many characters: whole, or its first part (before `` · ``), or its beginning."""
    line = _CONTROLS.sub(" ", subject).translate(_BRACKETS).strip()
    if len(line) <= longest:
        return line
    first = line.partition(" · ")[0]
    return first if len(first) <= longest else line[:longest].rstrip()


def answer(response: Response, action: str) -> Mapping[str, Any]:
    """The document of an answer that says OK; otherwise the error its code stands for."""
    try:
        document = orjson.loads(response.content)
        code = document["Code"]
        if not isinstance(code, str):
            raise TypeError
    except (ValueError, TypeError, KeyError):
        response.raise_for_status()  # what stands before the vendor has answered: a proxy, a gateway
        raise response.unreadable("is no answer of the vendor's") from None
    if response.ok and code == OK:
        return dict(document)
    raise _error(response, code, action)


def _error(response: Response, code: str, action: str) -> ConnectorError:
    """What a code says; of one that nobody has told us what HTTP says, and a doubt where that says well."""
    shown = code if _CODE.fullmatch(code) else "illegible"
    known = CODES.get(code)
    if known is None:
        return _unknown(response, shown, action)
    means, remedy = known
    what = f"the vendor answers {action} with {shown}"
    if means is Means.REFUSED:
        return RejectedError(what, code=shown, remedy=remedy)
    if means is Means.PERSON:
        return HaltError(what, code=shown, remedy=remedy)
    if means is Means.DOUBT:
        doubt = InDoubtError if response.intent is Intent.WRITE else RetryableError
        return doubt(what, code=shown)
    waits = response.retry_after_s() if code.startswith("Throttling") else _LIMITED_S
    return RetryableError(what, code=shown, retry_after_s=waits)


def _unknown(response: Response, shown: str, action: str) -> ConnectorError:
    try:
        response.raise_for_status()
    except ConnectorError as error:
        return error
    doubt = InDoubtError if response.intent is Intent.WRITE else RetryableError
    return doubt(f"the vendor answers {action} with {shown}, which is in no list of ours", code=f"unmapped_{shown}")


def taken_over(document: Mapping[str, Any], response: Response) -> Receipt:
    """The receipt of a message that the vendor has taken over; the carrier's word comes later."""
    found = document.get("BizId")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise response.unreadable("names no BizId")
    return Receipt.accepted(found, biz_id=found)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One line of the vendor's record."""

    key: str
    status: int
    code: str
    """The carrier's; empty where there is none that can be shown."""
    reported_at: str
    """In the vendor's own time, as it writes it; empty until there is a report."""

    def receipt(self) -> Receipt:
        """What it says of its message."""
        record = {"carrier_code": self.code, "delivered_at": self.reported_at}
        if self.status == DELIVERED:
            return Receipt.done(None, **{name: value for name, value in record.items() if value})
        if self.status == FAILED:
            return Receipt.refused(
                f"carrier_{self.code or 'unnamed'}",
                "the carrier did not deliver it",
                remedy="correct the mobile number in HR, or reach this person by other means",
                reported_at=self.reported_at,
            )
        return Receipt.accepted()


UNREPORTED: Final = Receipt.refused(
    DeliveryRecord.NO_REPORT,
    "no carrier has reported it: whether it arrived is not known",
    remedy="reach this person by other means if it matters",
)
UNRECORDED: Final = Receipt.in_doubt("not_recorded", "the vendor's record shows no such message")


def deliveries(document: Mapping[str, Any], response: Response) -> tuple[list[Delivery], int]:
    """One page of the record, and how many lines there are in all. Raises for a page that is none."""
    try:
        lines = document["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
        return [_delivery(line) for line in lines], int(document["TotalCount"])
    except (KeyError, TypeError, ValueError):
        raise response.unreadable("is no page of deliveries") from None


def _delivery(line: Mapping[str, Any]) -> Delivery:
    """One line. Raises ValueError for a status that is not in the vendor's pages: it must not pass for a delivery."""
    status = line["SendStatus"]
    if isinstance(status, bool) or status not in (WAITING, FAILED, DELIVERED):
        raise ValueError("unknown status")
    code, at = str(line.get("ErrCode") or ""), str(line.get("ReceiveDate") or "")
    return Delivery(
        key=str(line.get("OutId") or ""),
        status=status,
        code=code if _CODE.fullmatch(code) else "",
        reported_at=at if _MOMENT.fullmatch(at) else "",
    )

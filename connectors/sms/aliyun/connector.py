"""Text messages over Aliyun's Short Message Service: taken over at once, delivered or not as the carrier says later."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from baton.sdk import (
    AddressKind,
    Client,
    ConnectorError,
    ConnectorSettings,
    DeliveryRecord,
    Finding,
    Intent,
    Message,
    MessageForm,
    Notifier,
    Rate,
    Receipt,
    RejectedError,
    Response,
    RetryableError,
    one_by_one,
)
from connectors.sms.aliyun import wire
from connectors.sms.aliyun.mobiles import Mobile, mobile
from connectors.sms.aliyun.settings import AliyunSmsSettings
from connectors.sms.aliyun.signing import Signer, canonical

_VENDOR_TIME: Final = ZoneInfo("Asia/Shanghai")
"""The vendor's record is kept by days; its pages do not say of which zone."""
_PAGE, _MOST_PAGES = 50, 10
"""Lines of a page (the vendor's most), and pages of one number's one day."""
_REACH: Final = timedelta(days=29)
"""How far back the vendor's record can be asked: 30 days with today."""
_APPROVED: Final = "1"


class AliyunSms(Notifier, DeliveryRecord):
    """The vendor takes no key against repeats, and tells later what became of a message: class D, with a record."""

    title: ClassVar[str] = "Text messages (Aliyun SMS)"
    Settings: ClassVar[type[ConnectorSettings]] = AliyunSmsSettings
    rate: ClassVar[Rate] = Rate(calls=20, per_s=1.0, burst=20)
    message_limit: ClassVar[int] = 20
    addressed_by: ClassVar[AddressKind] = AddressKind.MOBILE
    form: ClassVar[MessageForm] = MessageForm.NOTE

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        super().__init__(settings, client)
        if not isinstance(settings, AliyunSmsSettings):
            raise TypeError("AliyunSms needs AliyunSmsSettings")
        self._own = settings
        self._signer = Signer(settings.host, settings.access_key_id, settings.access_key_secret.get_secret_value())

    def check(self) -> Sequence[Finding]:
        """Ask about every template in use: that needs the key and the permission, and sends nothing."""
        return [finding for code in self._own.templates for finding in self._look(code)]

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """Send messages, each in a call of its own. "Accepted" is the vendor's OK."""
        return one_by_one(messages, self._send)

    def deliveries(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """What the carriers have reported, by the vendor's record of the number's last days."""
        return [self._fate(message) for message in messages]

    def _send(self, message: Message) -> Receipt:
        to = mobile(message.address)
        if to is None:
            return _no_number(message)
        try:
            response = self._call("SendSms", wire.parameters(message, to, self._own), Intent.WRITE)
            return wire.taken_over(wire.answer(response, "SendSms"), response)
        except RejectedError as error:
            return Receipt.refused(error.code, error.message, remedy=error.remedy)
        except RetryableError as error:
            known = wire.CODES.get(error.code)
            if known is None or known[0] is not wire.Means.LIMITED:
                raise
            return Receipt.not_performed(error.code, error.message, retry_after_s=error.retry_after_s)

    def _fate(self, message: Message) -> Receipt:
        today = self.client.clock.now().astimezone(_VENDOR_TIME).date()
        reach = today - _REACH
        since = reach if message.since is None else message.since.astimezone(_VENDOR_TIME).date()
        try:
            found = self._recorded(message, today, max(since, reach))
        except RejectedError as error:
            if error.code not in wire.CODES:
                raise
            # It is this number that the vendor takes no question about: what it says of the others stands.
            return wire.UNREPORTED if since < reach else Receipt.in_doubt(error.code, error.message)
        if found is None:
            return wire.UNREPORTED if since < reach else wire.UNRECORDED
        day, line = found
        given_up = line.status == wire.WAITING and (today - day).days >= self._own.report_days
        return wire.UNREPORTED if given_up else line.receipt()

    def _recorded(self, message: Message, today: date, earliest: date) -> tuple[date, wire.Delivery] | None:
        """The line of this message and its day, the newest day first; None where there is none."""
        to = mobile(message.address)
        if to is None:
            return None
        days = (today - timedelta(days=back) for back in range((today - earliest).days + 1))
        lines = ((day, line) for day in days for line in self._day(to, day))
        return next((found for found in lines if found[1].key == message.key), None)

    def _day(self, to: Mobile, day: date) -> Iterator[wire.Delivery]:
        """Everything that was sent to a number on a day."""
        for page in range(1, _MOST_PAGES + 1):
            asked = {
                "PhoneNumber": to.wire,
                "SendDate": day.strftime("%Y%m%d"),
                "PageSize": str(_PAGE),
                "CurrentPage": str(page),
            }
            response = self._call("QuerySendDetails", asked, Intent.READ)
            lines, total = wire.deliveries(wire.answer(response, "QuerySendDetails"), response)
            yield from lines
            if page * _PAGE >= total:
                return
        raise response.unreadable(f"shows more than {_MOST_PAGES * _PAGE} messages to one number on one day")

    def _look(self, code: str) -> Iterator[Finding]:
        try:
            response = self._call("GetSmsTemplate", {"TemplateCode": code}, Intent.READ)
            found = wire.answer(response, "GetSmsTemplate")
        except ConnectorError as error:
            yield Finding(f"template {code}", ok=False, detail=f"{error.message} [{error.code}]", remedy=error.remedy)
            return
        approved = str(found.get("TemplateStatus")) == _APPROVED
        remedy = "" if approved else "wait for the vendor's approval, or name another template"
        yield Finding(f"template {code}", ok=approved, detail="approved" if approved else "not approved", remedy=remedy)
        missing = [name for name in self._variables(code) if f"${{{name}}}" not in str(found.get("TemplateContent"))]
        if missing:
            remedy = "name the template's own variables in subject_parameter and link_parameter"
            yield Finding(f"variables of {code}", ok=False, detail=f"it has no {', '.join(missing)}", remedy=remedy)

    def _variables(self, code: str) -> Sequence[str]:
        linked = code == self._own.link_template_code
        return [self._own.subject_parameter, *([self._own.link_parameter] if linked else [])]

    def _call(self, action: str, parameters: Mapping[str, Any], intent: Intent) -> Response:
        query = canonical(parameters)
        # A nonce is no key against repeats: the vendor refuses the second copy of one request, not of one message.
        nonce = secrets.token_hex(16)
        signed = self._signer.headers(action, wire.VERSION, query, self.client.clock.now(), nonce)
        return self.client.request("POST", f"{self._own.endpoint_url}/?{query}", headers=signed, intent=intent)


def _no_number(message: Message) -> Receipt:
    if not message.address:
        what, code = "HR knows no mobile number of this person", "no_address"
    else:
        what, code = "what HR has is no mobile number", "bad_address"
    return Receipt.refused(code, what, remedy="enter a mobile number in HR: 11 digits, or + and the country code")

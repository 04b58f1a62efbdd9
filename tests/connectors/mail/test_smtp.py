"""Letters over SMTP against aiosmtpd, an independent server: what arrives, in which form, and the settings."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header
from email.policy import compat32
from typing import Any

import pytest
from pydantic import ValidationError

from baton.registry import egress_rule
from baton.sdk import AccountRef, Outcome, Receipt
from connectors.mail.smtp.settings import SmtpSettings
from connectors.mail.smtp.simulator import Simulator
from tests.connectors.mail.smtp_desk import DONE, ONE, THREE, TWO, connect, message, outcomes

# --- what arrives


def test_a_letter_arrives_as_written_in_both_forms(relay: Simulator) -> None:
    one = message(text="第一行\n.点在行首\n" + "长" * 2000)
    (receipt,) = connect(relay).notify([one])
    assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, receipt.evidence["message_id"])
    assert receipt.evidence["queue_id"] == "00000001"
    ((address, subject, text),) = relay.outbox
    assert (address, subject, text) == (ONE, one.subject, f"{one.text}\n\n{one.link}")
    assert '<a href="https://hub.example.com/h/a?x=1&amp;y=2">' in relay.html[0]
    assert "第一行<br>" in relay.html[0]


def test_the_headers_are_those_of_a_machines_letter(relay: Simulator) -> None:
    connect(relay).notify([message()])
    ((_, letter),) = relay.letters
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["From"] == "交接中心 <baton@example.com>"
    assert (letter["To"], letter["Date"]) == (ONE, "Mon, 02 Mar 2026 09:30:00 +0000")
    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("text", ["长" * 5000, "请在周五前接受 3 项交接。\n谢谢", "plain words only"])
def test_the_bytes_are_what_every_relay_carries(relay: Simulator, text: str) -> None:
    connect(relay).notify([message(text=text, subject="题" * 200)])
    (raw,) = relay.raw
    raw.decode("ascii")
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    old = message_from_bytes(raw, policy=compat32)  # Python's older parser, which knows nothing of the new policy
    assert "".join(part.decode(name or "ascii") for part, name in decode_header(old["Subject"])) == "题" * 200


def test_a_repeat_can_be_recognised(relay: Simulator) -> None:
    one, other = message(), message()
    connect(relay).notify([one, other])
    connect(relay).notify([one])
    ids = [letter["Message-ID"] for _, letter in relay.letters]
    assert ids[0] == ids[2] != ids[1]
    assert re.fullmatch(r"<[0-9a-f]{40}@example\.com>", ids[0])


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x85", "\u2028", "\x0b", "\x00"])
def test_nothing_in_a_message_becomes_a_header_or_a_command(relay: Simulator, end: str) -> None:
    evil = f"交接{end}Bcc: {THREE}{end}{end}<script>alert(1)</script>{end}.{end}MAIL FROM:<x@example.com>"
    receipts = connect(relay).notify([message(subject=evil, text=evil, link=f"javascript:{evil}")])
    assert outcomes(receipts) == [DONE]
    ((address, letter),) = relay.letters
    assert address == ONE
    assert letter["Bcc"] is None
    assert not letter.defects
    assert set(letter.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"
    }  # fmt: skip
    assert "<script>" not in relay.html[0]
    assert "href" not in relay.html[0]


ENCODED = "=?utf-8?q?=0D=0AReply-To:_x@example.com=0D=0A=0D=0APlease_open?="


@pytest.mark.parametrize(
    "subject", [f"3 项待办 {ENCODED}", f"3 items {ENCODED}", ENCODED, "=?utf-8?b?5Lqk5o6l?= 报告", "a =?gb2312?q?=ff?=", "=?utf-9?q?x?="]
)  # fmt: skip
def test_an_encoded_word_in_a_subject_or_a_name_stays_what_somebody_wrote(relay: Simulator, subject: str) -> None:
    assert outcomes(connect(relay, sender_name=subject).notify([message(subject=subject, text="ordinary")])) == [DONE]
    (raw,) = relay.raw
    head, _, body = raw.partition(b"\r\n\r\n")
    letter = message_from_bytes(raw, policy=compat32)
    assert sorted(letter.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "MIME-Version"]
    )
    assert b"Please_open" not in head
    assert b"Please open" not in body
    name, _, address = str(letter["From"]).rpartition(" ")
    assert (_decoded(letter["Subject"]), _decoded(name), address) == (subject, subject, "<baton@example.com>")


@pytest.mark.parametrize(
    "given", [{"subject": "交接 \udcff"}, {"text": "交接 \ud83d"}, {"link": "https://x.example/\udc80"}]
)
def test_text_that_no_letter_can_hold_is_refused_and_keeps_nobody_from_mail(relay: Simulator, given: Any) -> None:
    receipts = connect(relay).notify([message(), message(TWO, **given), message(THREE)])
    assert outcomes(receipts) == [DONE, (Outcome.REFUSED, "bad_text"), DONE]
    assert [one[0] for one in relay.outbox] == [ONE, THREE]


def test_the_blanks_of_a_long_subject_survive_its_folding(relay: Simulator) -> None:
    subject = "交接 " * 60 + "end, please: answer " * 12 + "."
    connect(relay).notify([message(subject=subject)])
    assert _decoded(message_from_bytes(relay.raw[0], policy=compat32)["Subject"]) == subject


def _decoded(value: Any) -> str:
    parts = decode_header(value)
    return "".join(part if isinstance(part, str) else part.decode(name or "ascii") for part, name in parts)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\r\nRCPT TO:<b@example.com>", "a@example.com>", "a b@example.com", "a@example.com,b@example.com",
        "a@", "@example.com", "测试@example.com", '"a b"@example.com', "a..b@example.com", "a@-x.com", f"{'a' * 250}@x.com",
        "a@example.com\n", "a@[127.0.0.1]", "=?utf-8?q?a?=@example.com",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused_and_keeps_nobody_from_mail(relay: Simulator, address: str) -> None:
    receipts = connect(relay).notify([message(address), message(TWO)])
    assert outcomes(receipts) == [(Outcome.REFUSED, "bad_address"), DONE]
    assert [one[0] for one in relay.outbox] == [TWO]


def test_without_an_address_nobody_is_dialled(relay: Simulator) -> None:
    """Not even where the person's account elsewhere looks like one."""
    before = relay.connections
    receipts = connect(relay).notify([message("", to=AccountRef("0002", TWO)), message("", to=AccountRef("0003"))])
    assert outcomes(receipts) == [(Outcome.REFUSED, "no_address")] * 2
    assert relay.connections == before


# --- settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"server_url": "http://relay.example.com"},
        {"server_url": "smtp://user:pw@relay.example.com"},
        {"server_url": "smtp://"},
        {"server_url": "smtp://relay.example.com:0"},
        {"server_url": "smtp://relay.example.com/path"},
        {"sender_address": "Baton <baton@example.com>"},
        {"sender_address": "a@example.com\r\nBcc: b@example.com"},
        {"username": "u"},
        {"password": "p"},
        {"unencrypted_relay": "other.example.com"},
        {"unencrypted_relay": "relay.example.com", "server_url": "smtps://relay.example.com"},
        {"unencrypted_relay": "relay.example.com", "username": "u", "password": "p"},
        {"typo": 1},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    right = {"server_url": "smtp://relay.example.com", "sender_address": "baton@example.com"}
    SmtpSettings.model_validate(right)
    with pytest.raises(ValidationError) as caught:
        SmtpSettings.model_validate({**right, **wrong})
    assert "Bcc" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("smtp://Relay.example.com", "relay.example.com:25"),
        ("smtp://relay.example.com:587", "relay.example.com:587"),
        ("smtps://relay.example.com", "relay.example.com:465"),
        ("smtp://[2001:db8::1]:587", "2001:db8::1:587"),
    ],
)
def test_the_egress_rule_allows_the_relay_and_nothing_else(url: str, origin: str) -> None:
    known = SmtpSettings.model_validate({"server_url": url, "sender_address": "baton@example.com"})
    assert egress_rule(known).origins == {origin}


def test_no_secret_and_no_personal_data_is_repeated(relay: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    secret = relay.secrets["password"]
    relay.rejected[TWO] = f"550 <{TWO}> 交接提醒"
    receipts: list[Receipt] = [*connect(relay).notify([message(), message(TWO)])]
    mail = connect(relay)
    said = f"{receipts} {mail.settings!r} {mail._relay!r} " + " ".join(record.getMessage() for record in caplog.records)
    assert not any(word in said for word in (secret, ONE, TWO, "交接提醒", "请在周五"))

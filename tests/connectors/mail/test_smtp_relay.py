"""Relays: encryption, login, what they say, and every way to be cut off."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.registry import egress_rule
from baton.sdk import HaltError, Outcome, RetryableError
from baton.settings import load
from connectors.mail.smtp.connector import Smtp
from connectors.mail.smtp.settings import SmtpSettings
from connectors.mail.smtp.simulator import Simulator
from tests.connectors.mail.smtp_desk import DONE, ONE, THREE, TWO, connect, message, outcomes

# --- connections


def test_a_batch_goes_over_one_connection(relay: Simulator) -> None:
    before = relay.connections
    receipts = connect(relay).notify([message(f"test{n:04d}@example.com") for n in range(50)])
    assert outcomes(receipts) == [DONE] * 50
    assert (relay.connections - before, len(relay.journal)) == (1, 50)
    assert connect(relay).notify([]) == []


@pytest.mark.parametrize(("encryption", "shown"), [("starttls", "TLSv1"), ("tls", "TLSv1"), ("none", "none")])
def test_the_check_looks_and_sends_nothing(tmp_path: Path, encryption: Any, shown: str) -> None:
    with Simulator(tmp_path, encryption=encryption) as relay:
        found = connect(relay).check()
        assert [finding.ok for finding in found] == [True] * 3
        assert f"encryption: {shown}" in found[0].detail
        assert relay.journal == []
        assert outcomes(connect(relay).notify([message()])) == [DONE]


def test_a_certificate_of_nobody_stops_everything(relay: Simulator) -> None:
    for url in (str(relay.settings["server_url"]), str(relay.settings["server_url"]).replace("127.0.0.1", "localhost")):
        ca = "" if "127" in url else relay.settings["ca_file"]  # once an unknown CA, once another name
        with pytest.raises(HaltError, match="certificate"):
            connect(relay, ca_file=ca, server_url=url).notify([message()])
    assert relay.journal == []


def test_a_ca_that_cannot_be_read_is_told_apart_from_one_that_is_none(relay: Simulator, tmp_path: Path) -> None:
    missing, wrong = tmp_path / "missing.pem", tmp_path / "wrong.pem"
    wrong.write_text("no certificate\n")
    for file, said in ((missing, "cannot be read"), (tmp_path, "cannot be read"), (wrong, "is no CA")):
        with pytest.raises(HaltError, match=f"{said}: {file}") as caught:
            connect(relay, ca_file=file).notify([message()])
        assert caught.value.code == "ca_file"
    assert relay.journal == []


def test_the_ca_is_looked_for_beside_systems_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    lines = """systems:
  mail: {connector: mail/smtp, settings: {server_url: "smtp://mail.example", sender_address: a@example.com, ca_file: FILE}}
"""
    for given, meant in (("our/ca.pem", tmp_path / "our/ca.pem"), ("/etc/ca.pem", Path("/etc/ca.pem")), ('""', None)):
        (tmp_path / "systems.yaml").write_text(lines.replace("FILE", given))
        known = load(tmp_path / "systems.yaml", environ={}).system("mail").settings
        assert isinstance(known, SmtpSettings)
        assert known.relay().ca_file == meant


def test_a_relay_without_starttls_gets_no_letter_and_no_password(tmp_path: Path) -> None:
    """As when somebody in between takes STARTTLS out of the answer."""
    with Simulator(tmp_path, encryption="none") as relay:
        for login in ({}, {"username": "baton", "password": "x"}):
            with pytest.raises(HaltError, match="STARTTLS"):
                connect(relay, unencrypted_relay="", **login).notify([message()])
        assert relay.journal == []


def test_a_wrong_password_stops_everything(relay: Simulator) -> None:
    mail = connect(relay, password="wrong-password")
    with pytest.raises(HaltError) as caught:
        mail.notify([message()])
    assert caught.value.code == "smtp_535"
    assert "wrong-password" not in f"{caught.value} {caught.value.remedy}"
    (finding,) = mail.check()
    assert not finding.ok
    assert finding.remedy


@pytest.mark.parametrize("login", [{"password": "密码䶮-Straße"}, {"username": "gemäß"}])
def test_a_login_that_smtplib_cannot_spell_stops_everything(relay: Simulator, login: dict[str, str]) -> None:
    mail = connect(relay, **login)
    with pytest.raises(HaltError, match="ASCII") as caught:
        mail.notify([message()])
    assert (caught.value.code, relay.journal) == ("login_not_ascii", [])
    assert not any(value in f"{caught.value!r} {caught.value.__cause__!r}" for value in login.values())
    assert [finding.ok for finding in mail.check()] == [False]


def test_no_login_where_one_is_needed_stops_everything(relay: Simulator) -> None:
    mail = connect(relay, username="", password="")
    with pytest.raises(HaltError, match="sender"):
        mail.notify([message(), message(TWO)])
    assert [finding.ok for finding in mail.check()] == [True, True, False]


def test_nobody_there_is_later(relay: Simulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(RetryableError) as caught:
        connect(relay, server_url=f"smtp://127.0.0.1:{port}").notify([message()])
    assert caught.value.code == "unreachable"


def test_only_the_configured_relay_is_dialled(relay: Simulator) -> None:
    known = SmtpSettings.model_validate({**relay.settings, **relay.secrets})
    before = relay.connections
    private = Smtp(known, Client(EgressRule(egress_rule(known).origins)))
    elsewhere = Smtp(known, Client(EgressRule(frozenset({"mail.example.com:25"}), allow_private=True)))
    for mail, code in ((private, "egress_private"), (elsewhere, "egress")):
        with pytest.raises(HaltError) as caught:
            mail.notify([message()])
        assert caught.value.code == code
    assert relay.connections == before


def test_the_address_that_was_judged_is_the_one_dialled(relay: Simulator) -> None:
    """A name that is looked up again could give another answer the second time."""
    known = SmtpSettings.model_validate(
        {**relay.settings, **relay.secrets, "server_url": f"smtp://relay.invalid:{relay.port}"}
    )
    asked: list[str] = []

    def resolver(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.1" if len(asked) > 1 else "127.0.0.1"]

    rule = EgressRule(egress_rule(known).origins, allow_private=True, resolver=resolver)
    with pytest.raises(HaltError, match="certificate"):  # it got as far as the certificate, which is for 127.0.0.1
        Smtp(known, Client(rule)).notify([message()])
    assert asked == ["relay.invalid"]


# --- what a relay says


def test_an_unknown_receiver_is_refused_and_the_others_get_their_letters(relay: Simulator) -> None:
    relay.rejected[TWO] = f"550 5.1.1 <{TWO}>: no such user here"
    receipts = connect(relay).notify([message(), message(TWO), message(THREE)])
    assert outcomes(receipts) == [DONE, (Outcome.REFUSED, "smtp_550_5.1.1"), DONE]
    assert TWO not in f"{receipts[1]}"
    assert receipts[1].remedy


def test_a_greylisted_receiver_is_written_to_later(relay: Simulator) -> None:
    relay.greylisted.add(ONE)
    mail, batch = connect(relay), [message(), message(TWO)]
    first = mail.notify(batch)
    assert outcomes(first) == [(Outcome.NOT_PERFORMED, "smtp_451_4.7.1"), DONE]
    assert first[0].retry_after_s == 300
    assert outcomes(mail.notify(batch[:1])) == [DONE]
    assert [one[0] for one in relay.outbox] == [TWO, ONE]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("552 5.3.4 too big", (Outcome.REFUSED, "smtp_552_5.3.4")),
        ("452 4.3.1 queue full", (Outcome.NOT_PERFORMED, "smtp_452_4.3.1")),
        ("299 what", (Outcome.IN_DOUBT, "garbled_answer")),
    ],
)
def test_what_a_relay_says_to_the_whole_letter(relay: Simulator, answer: str, outcome: Any) -> None:
    relay.answer_data = answer
    assert outcomes(connect(relay).notify([message(), message(TWO)])) == [outcome, DONE]


def test_a_sender_that_is_deferred_or_refused(relay: Simulator) -> None:
    relay.answer_mail = "451 4.3.0 busy"
    mail = connect(relay)
    assert outcomes(mail.notify([message()])) == [(Outcome.NOT_PERFORMED, "smtp_451_4.3.0")]
    relay.answer_mail = "553 5.7.1 not yours"
    with pytest.raises(HaltError) as caught:
        mail.notify([message("bad address"), message()])
    assert caught.value.code == "smtp_553_5.7.1"


# --- cut off


def test_a_connection_lost_after_the_letter_leaves_it_in_doubt(relay: Simulator) -> None:
    """Taken over or not, we see the same: nothing."""
    for step, taken in (("data", 0), ("taken", 1)):
        relay.letters.clear()
        relay.break_at = step
        receipts = connect(relay).notify([message(), message(TWO)])
        assert outcomes(receipts) == [
            (Outcome.IN_DOUBT, "lost_answer"),
            (Outcome.NOT_PERFORMED, "connection_lost"),
        ]
        assert len(relay.outbox) == taken


def test_a_connection_lost_before_the_letter_means_nothing_was_sent(relay: Simulator) -> None:
    relay.break_at = "rcpt"
    lost = (Outcome.NOT_PERFORMED, "connection_lost")
    mail, batch = connect(relay), [message(), message(TWO)]
    assert outcomes(mail.notify(batch)) == [lost, lost]
    assert relay.outbox == []
    assert outcomes(mail.notify(batch)) == [DONE, DONE]


def test_a_relay_that_closes_in_the_middle_has_taken_what_it_said_it_took(relay: Simulator) -> None:
    relay.rejected[TWO] = "421 4.3.2 shutting down"
    receipts = connect(relay).notify([message(), message(TWO), message(THREE)])
    lost = (Outcome.NOT_PERFORMED, "connection_lost")
    assert outcomes(receipts) == [DONE, lost, lost]


def test_a_sender_refused_after_letters_were_taken_leaves_their_receipts(relay: Simulator) -> None:
    mail = connect(relay)
    taken = relay.handle_DATA

    async def then_refuse(*given: Any) -> str:
        relay.answer_mail = "550 5.7.1 quota"
        return await taken(*given)

    relay.handle_DATA = then_refuse  # type: ignore[method-assign]
    receipts = mail.notify([message(), message(TWO), message(THREE)])
    assert outcomes(receipts) == [DONE, *[(Outcome.NOT_PERFORMED, "smtp_550_5.7.1")] * 2]


OK = b"250 ok\r\n"


def test_a_relay_that_says_nothing_to_the_letter_leaves_it_in_doubt(script: Any) -> None:
    relay = script(b"220 hi\r\n", OK, OK, OK, b"354 go\r\n", b"", until=b"\r\n.\r\n")  # and then it is gone
    assert outcomes(connect(relay).notify([message()])) == [(Outcome.IN_DOUBT, "lost_answer")]
    assert relay.heard.endswith(b"\r\n.\r\n")


def test_a_letter_whose_last_line_was_never_sent_was_not_sent(script: Any) -> None:
    """The relay goes in the middle of it: no letter is taken over without its end, so it goes out again by itself."""
    relay = script(b"220 hi\r\n", OK, OK, OK, b"354 go\r\n")
    receipts = connect(relay).notify([message(text="长" * 3_000_000), message(TWO)])
    assert outcomes(receipts) == [(Outcome.NOT_PERFORMED, "connection_lost")] * 2


def test_an_answer_that_never_comes_ends_with_the_timeout(script: Any) -> None:
    relay = script(b"220 hi\r\n", OK, OK, OK, b"354 go\r\n", holds=True)
    started = time.monotonic()
    receipts = connect(relay, answer_timeout_s=0.3).notify([message()])
    assert outcomes(receipts) == [(Outcome.IN_DOUBT, "lost_answer")]
    assert time.monotonic() - started < 3


def test_an_answer_that_comes_in_drops_ends_with_the_deadline(script: Any) -> None:
    relay = script(b"220-" + b"x" * 5_000, drip_s=0.05)
    started = time.monotonic()
    with pytest.raises(RetryableError):
        connect(relay, answer_timeout_s=5, deadline_s=0.5).notify([message()])
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("scheme", "before"),
    [("smtps", []), ("smtp", [b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\n"])],
)
def test_hands_that_are_shaken_in_drops_end_with_the_deadline(script: Any, scheme: str, before: list[bytes]) -> None:
    relay = script(*before, b"\x16\x03\x03\x3e\x80" + bytes(5_000), drip_s=0.01)
    url = str(relay.settings["server_url"]).replace("smtp:", f"{scheme}:")
    started = time.monotonic()
    with pytest.raises(RetryableError):
        connect(relay, server_url=url, unencrypted_relay="", answer_timeout_s=5, deadline_s=1).notify([message()])
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("begun", [b"220-" + b"x" * 5_000, b"22"])
def test_a_connection_made_after_the_deadline_is_cut_at_once(
    script: Any, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """Half of a greeting is none that refuses us."""
    relay = script(begun, holds=True)
    dial = socket.create_connection

    def slowly(*given: Any) -> socket.socket:
        time.sleep(0.2)
        made = dial(*given)
        time.sleep(0.2)  # what the relay has said by now is read before the end of the connection is met
        return made

    monkeypatch.setattr(socket, "create_connection", slowly)
    started = time.monotonic()
    with pytest.raises(RetryableError):
        connect(relay, answer_timeout_s=5, deadline_s=0.1).notify([message()])
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"220-" + b"x" * 20_000 + b"\r\n"])
def test_a_greeting_that_is_none_stops_everything(script: Any, greeting: bytes) -> None:
    with pytest.raises(HaltError):
        connect(script(greeting)).notify([message()])


def test_a_greeting_for_later_is_later(script: Any) -> None:
    with pytest.raises(RetryableError) as caught:
        connect(script(b"421 4.3.2 too many\r\n")).notify([message()])
    assert caught.value.retry_after_s == 300


def test_a_login_no_method_of_which_is_known_stops_everything(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = script(b"220 hi\r\n", b"250-hi\r\n250 AUTH GSSAPI\r\n")
    mail = connect(relay)
    monkeypatch.setattr(mail, "_relay", type(mail._relay)(**{**_parts(mail._relay), "username": "u", "password": "p"}))
    with pytest.raises(HaltError, match="usable login"):
        mail.notify([message()])


def _parts(relay: Any) -> dict[str, Any]:
    return {name: getattr(relay, name) for name in relay.__dataclass_fields__}

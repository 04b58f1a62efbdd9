"""WeCom's callbacks: what is believed, what is refused, and that nothing a stranger sends can raise."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.oa.wecom.callbacks import BODY_LIMIT, Callbacks
from connectors.oa.wecom.members import Names
from connectors.oa.wecom.simulator_callbacks import CallbackMaker
from tests.connectors.oa.wecom_desk import START

TOKEN, KEY, CORP = "TOK", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww1"
MAKER = CallbackMaker(CORP, TOKEN, KEY, START.timestamp)
CALLBACKS = Callbacks(CORP, TOKEN, KEY, Names("", ""))

KNOWN = "IG+0eOkLdhYW9kHtuT3HY2ZEwZSoOHLKYXWjOjYPUHa04nLkGfRLeZvVzmLi57pUsk+4a7g2Mjtg2vS1EqS+wQ=="
KNOWN_QUERY = {
    "msg_signature": "591d5bf1094d7a782a5faab4bcad3f82b0a03fd3",
    "timestamp": "1700000000",
    "nonce": "nonce1",
}
UPDATED = {"Event": "change_contact", "ChangeType": "update_user", "UserID": "0012"}


def asked(query: dict[str, str], method: str = "GET") -> dict[str, str]:
    return {":method": method, ":path": f"/baton/hooks/wecom?{urlencode(query)}"}


def test_the_known_vector_is_answered_with_its_plain_text_and_nothing_else() -> None:
    reply = CALLBACKS.receive(asked({**KNOWN_QUERY, "echostr": KNOWN}), b"")
    assert (reply.status, reply.body.decode(), reply.hints) == (200, "<xml>测</xml>", ())
    assert reply.content_type.startswith("text/plain")


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce", "echostr"])
def test_a_question_with_a_changed_or_missing_part_is_refused(name: str) -> None:
    query = {**KNOWN_QUERY, "echostr": KNOWN}
    assert CALLBACKS.receive(asked({**query, name: "0" * 40}), b"").status == 401
    assert CALLBACKS.receive(asked({n: v for n, v in query.items() if n != name}), b"").status == 401


def test_an_event_becomes_a_hint_with_the_employee_number() -> None:
    reply = CALLBACKS.receive(*MAKER.event(UPDATED))
    assert (reply.status, reply.body) == (200, b"success")
    ((hint),) = reply.hints
    assert (hint.kind, hint.numbers, len(hint.event_id)) == ("change_contact.update_user", ("0012",), 48)


def test_a_redelivery_has_the_same_id_and_another_event_has_not() -> None:
    refused = {"Event": "change_external_contact", "ChangeType": "transfer_fail", "FailReason": "customer_refused"}
    events = [
        {**refused, "UserID": "0012", "ExternalUserID": "wm1"},
        {**refused, "UserID": "0012", "ExternalUserID": "wm2"},
        {**refused, "UserID": "0013", "ExternalUserID": "wm1"},
        {**refused, "UserID": "0012", "ExternalUserID": "wm1", "FailReason": "customer_limit_exceed"},
    ]
    ids = [[CALLBACKS.receive(*MAKER.event(event)).hints[0].event_id for _ in range(2)] for event in events]
    assert all(first == again for first, again in ids)
    assert len({first for first, _ in ids}) == 4


def test_both_numbers_when_the_userid_itself_changed() -> None:
    assert CALLBACKS.receive(*MAKER.event({**UPDATED, "NewUserID": "0013"})).hints[0].numbers == ("0012", "0013")


@pytest.mark.parametrize("names", [Names("e-", ""), Names("", "工号")])
def test_where_a_userid_says_no_number_everything_is_looked_at(names: Names) -> None:
    (hint,) = Callbacks(CORP, TOKEN, KEY, names).receive(*MAKER.event(UPDATED)).hints
    assert hint.numbers == ()


@pytest.mark.parametrize("event", ["change_external_contact", "change_external_chat", "sys_approval_change"])
def test_customers_groups_and_approvals_are_hints_too(event: str) -> None:
    (hint,) = CALLBACKS.receive(*MAKER.event({"Event": event, "ChangeType": "del_follow_user"})).hints
    assert hint.kind == f"{event}.del_follow_user"


def test_an_event_about_something_else_is_taken_and_dropped() -> None:
    reply = CALLBACKS.receive(*MAKER.event({"Event": "enter_agent"}))
    assert (reply.status, reply.hints) == (200, ())


def test_a_message_for_another_corporation_is_refused() -> None:
    sealed = MAKER.seal(MAKER.message(UPDATED), "ww2")
    body = f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode()
    assert CALLBACKS.receive(asked(MAKER.signed(sealed), "POST"), body).status == 401
    headers, body = MAKER.event(UPDATED)
    assert CALLBACKS.receive(headers, body.replace(b"[ww1]", b"[ww2]")).status == 401


def test_a_signature_made_for_another_ciphertext_is_refused() -> None:
    headers, _ = MAKER.event(UPDATED)
    _, body = MAKER.event({**UPDATED, "UserID": "0099"})
    reply = CALLBACKS.receive(headers, body)
    assert (reply.status, reply.hints) == (401, ())


@pytest.mark.parametrize(
    "message",
    [
        b'<!DOCTYPE xml [<!ENTITY a "aa">]><xml><Event>change_contact</Event><CreateTime>&a;</CreateTime></xml>',
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x"><xml><Event>change_contact</Event></xml>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE xml [<!ENTITY a "b">]><xml><Event>&a;</Event></xml>'.encode(
            "utf-16"
        ),
        b"<xml><Event>change_contact</Event><CreateTime>&undefined;</CreateTime></xml>",
        b"<other><Event>change_contact</Event></other>",
        b"not xml",
        b"",
        b"<xml>" + b"<a>" * 5000,
        b"<xml><Event>change_contact</Event></xml>",
        b"<xml><Event>change_contact</Event><CreateTime>1</CreateTime><UserID>" + b"9" * 600 + b"</UserID></xml>",
    ],
)
def test_genuinely_sealed_but_unreasonable_content_gives_no_hint(message: bytes) -> None:
    reply = CALLBACKS.receive(*MAKER.enclose(message))
    assert (reply.status, reply.hints) == (400, ())


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml><Encrypt>&a;</Encrypt></xml>", b"<xml/>", b"{}", b""]
)
def test_an_outer_document_that_is_none_of_wecoms_is_refused(body: bytes) -> None:
    headers, _ = MAKER.event(UPDATED)
    assert CALLBACKS.receive(headers, body).status == 400


def test_without_both_secrets_nothing_is_taken() -> None:
    for token, key in (("", KEY), (TOKEN, ""), (TOKEN, KEY[:-1]), (TOKEN, "ä" * 43)):
        callbacks = Callbacks(CORP, token, key, Names("", ""))
        assert not callbacks.configured
        assert callbacks.receive(*MAKER.event(UPDATED)).status == 403


def test_a_body_beyond_the_limit_is_refused_unread() -> None:
    headers, _ = MAKER.event(UPDATED)
    assert CALLBACKS.receive(headers, b"<" * (BODY_LIMIT + 1)).status == 413


@given(body=st.binary(max_size=300), query=st.dictionaries(st.text(max_size=12), st.text(max_size=80), max_size=6))
def test_nothing_a_stranger_sends_raises_or_gives_a_hint(body: bytes, query: dict[str, str]) -> None:
    for method in ("GET", "POST"):
        reply = CALLBACKS.receive(asked(query, method), body)
        assert 400 <= reply.status < 500
        assert reply.hints == ()


@given(sealed=st.text(alphabet="ABCDwxyz0189+/=", max_size=120))
def test_a_forged_ciphertext_gets_one_answer_whatever_is_wrong_inside(sealed: str) -> None:
    signed: Any = MAKER.signed(sealed)
    assert CALLBACKS.receive(asked({**signed, "echostr": sealed}), b"").status == 401

"""Feishu's callbacks: what is believed, what is refused, and that nothing a stranger sends can raise."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.oa.feishu.events import BODY_LIMIT, Callbacks
from connectors.oa.feishu.simulator import Simulator

SIM = Simulator()
CALLBACKS = Callbacks(SIM.secrets["encrypt_key"], SIM.secrets["verification_token"], "cli_synthetic")
USER = {"open_id": "ou_1", "user_id": "u1", "employee_no": "0012", "name": "测试䶮"}
KIND = "contact.user.updated_v3"

VENDOR_B = (
    "AAECAwQFBgcICQoLDA0OD9cwHgaFwleq8BRJReF+tHAnvjUzWx/UqzpjjfjNNCBNC4oznkXTCuW+5Qtva3iJqd6XWgG/Fdgi2Ng4HPAN+U8="
)
VENDOR_SIGNATURE = "17828ae3e8c8a985cab8b851c3ce45aaf67d3d2a13f2ffcef14b72d94699b6df"


def signed(content: Any) -> tuple[dict[str, str], bytes]:
    return SIM.callbacks.sign(SIM.callbacks.seal(content))


def v2(**changed: Any) -> dict[str, Any]:
    header = {
        "event_id": "e1",
        "event_type": KIND,
        "token": SIM.secrets["verification_token"],
        "app_id": "cli_synthetic",
        **changed,
    }
    return {"schema": "2.0", "header": header, "event": {"object": USER}}


def test_a_name_that_no_database_holds_is_no_event() -> None:
    """Answered as malformed: what is answered as our trouble is sent again for hours."""
    for changed in ({"event_id": "e\x001"}, {"event_type": f"{KIND}\x00"}):
        reply = CALLBACKS.receive(*signed(v2(**changed)))
        assert (reply.status, reply.hints) == (400, ())


def test_the_known_challenge_vector() -> None:
    reply = Callbacks("EK", "VT", "any").receive({}, orjson.dumps({"encrypt": VENDOR_B}))
    assert (reply.status, orjson.loads(reply.body), reply.hints) == (200, {"challenge": "c1"}, ())


def test_the_known_signature_vector() -> None:
    body = orjson.dumps({"encrypt": VENDOR_B})
    headers = {
        "x-lark-request-timestamp": "1700000000",
        "x-lark-request-nonce": "nonce1",
        "x-lark-signature": VENDOR_SIGNATURE,
    }
    assert Callbacks("EK", "VT", "any").receive(headers, body).status == 200
    for name in headers:
        assert Callbacks("EK", "VT", "any").receive({**headers, name: "0" * 64}, body).status == 401


def test_the_known_plaintext_vector_is_decrypted_and_is_no_event() -> None:
    from connectors.oa.feishu.events import _opened

    sealed = "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="
    assert _opened(sealed, "test key") == b"hello world"
    assert Callbacks("test key", "VT", "any").receive({}, orjson.dumps({"encrypt": sealed})).status == 401


def test_an_event_becomes_a_hint_with_the_employee_number() -> None:
    reply = CALLBACKS.receive(*SIM.event(KIND, USER, event_id="e42"))
    assert reply.status == 200
    assert [(h.event_id, h.kind, h.numbers) for h in reply.hints] == [("e42", KIND, ("0012",))]


def test_both_numbers_when_the_number_itself_changed() -> None:
    event = v2()
    event["event"]["old_object"] = {"employee_no": "0011"}
    assert CALLBACKS.receive(*signed(event)).hints[0].numbers == ("0012", "0011")


def test_an_event_without_a_number_asks_to_look_at_everything() -> None:
    event = v2(event_type="contact.department.updated_v3")
    event["event"] = {"object": {"open_department_id": "od-1"}}
    assert CALLBACKS.receive(*signed(event)).hints[0].numbers == ()


def test_a_version_1_event() -> None:
    token = SIM.secrets["verification_token"]
    event = {"uuid": "v1-1", "token": token, "type": "event_callback", "event": {"type": "user_update"}}
    (hint,) = CALLBACKS.receive(*signed(event)).hints
    assert (hint.event_id, hint.kind, hint.numbers) == ("v1-1", "user_update", ())


def test_an_event_about_something_else_is_taken_and_dropped() -> None:
    reply = CALLBACKS.receive(*signed(v2(event_type="im.message.receive_v1")))
    assert (reply.status, reply.hints) == (200, ())


def test_header_names_in_any_case() -> None:
    headers, body = SIM.event(KIND, USER)
    assert CALLBACKS.receive({k.upper(): v for k, v in headers.items()}, body).hints


def test_a_replay_gives_the_same_event_id_for_the_store_to_drop() -> None:
    """Age alone is no ground for refusal: redelivery may come after hours under the first signature."""
    callback = SIM.event(KIND, USER, event_id="e1")
    assert CALLBACKS.receive(*callback).hints == CALLBACKS.receive(*callback).hints


def test_every_tampered_byte_is_refused() -> None:
    headers, body = SIM.event(KIND, USER)
    for at in range(0, len(body), 7):
        changed = bytearray(body)
        changed[at] ^= 1
        reply = CALLBACKS.receive(headers, bytes(changed))
        assert 400 <= reply.status < 500, at
        assert reply.hints == ()


def test_one_space_more_breaks_the_signature() -> None:
    headers, body = SIM.event(KIND, USER)
    assert CALLBACKS.receive(headers, body + b" ").status == 401


@pytest.mark.parametrize("token", ["wrong", "", None, 7, "错误"])
def test_a_wrong_token_is_refused_even_when_signed(token: object) -> None:
    assert CALLBACKS.receive(*signed(v2(token=token))).status == 401


def test_another_apps_event_is_refused() -> None:
    assert CALLBACKS.receive(*signed(v2(app_id="cli_other"))).status == 401


def test_an_unsigned_event_is_refused_and_a_wrong_signature_too() -> None:
    headers, body = SIM.event(KIND, USER)
    assert CALLBACKS.receive({}, body).status == 401
    assert CALLBACKS.receive({**headers, "X-Lark-Signature": "ÿ" * 64}, body).status == 401
    assert CALLBACKS.receive({**headers, "X-Lark-Signature": headers["X-Lark-Signature"].upper()}, body).status == 401


def test_a_challenge_with_a_wrong_token_is_not_answered() -> None:
    body = SIM.callbacks.seal({"challenge": "c", "token": "wrong", "type": "url_verification"})
    reply = CALLBACKS.receive({}, body)
    assert reply.status == 401
    assert b'"c"' not in reply.body
    headers, good = SIM.callbacks.challenge("c9")
    assert orjson.loads(CALLBACKS.receive(headers, good).body) == {"challenge": "c9"}


def test_a_strangers_ciphertext_gets_one_answer_whatever_is_wrong_with_it() -> None:
    """Otherwise the answer would tell whether the padding was right, and bit by bit what was sent before."""
    _, body = SIM.event(KIND, USER)
    raw = bytearray(base64.b64decode(orjson.loads(body)["encrypt"]))
    answers = set()
    for value in range(256):
        raw[-17] = value
        forged = orjson.dumps({"encrypt": base64.b64encode(raw).decode()})
        reply = CALLBACKS.receive({}, forged)
        answers.add((reply.status, reply.body))
    assert len(answers) == 1


@pytest.mark.parametrize(("key", "token"), [("", "VT"), ("EK", ""), ("", "")])
def test_without_both_secrets_every_callback_is_refused(key: str, token: str) -> None:
    plain = {"challenge": "c", "token": token, "type": "url_verification"}
    for body in (orjson.dumps(plain), orjson.dumps({"encrypt": VENDOR_B})):
        assert Callbacks(key, token, "any").receive({}, body).status == 403


def test_a_plain_event_is_refused_when_encryption_is_configured() -> None:
    body = orjson.dumps(v2())
    assert CALLBACKS.receive(*SIM.callbacks.sign(body)).status == 400


def test_a_body_over_the_cap_is_refused_before_anything_is_done() -> None:
    assert CALLBACKS.receive({}, b"[" * (BODY_LIMIT + 1)).status == 413
    assert CALLBACKS.receive({}, b"[" * BODY_LIMIT).status == 400


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"encrypt":null}',
    b'{"encrypt":[]}',
    b'{"encrypt":{"encrypt":"x"}}',
    b'{"encrypt":""}',
    b'{"encrypt":"===="}',
    b'{"encrypt":"\xe9\xbe\x8d"}',
    '{"encrypt":"䶮"}'.encode(),
    b'{"encrypt":"AAAA"}',
    b'{"encrypt":"' + base64.b64encode(b"\0" * 16) + b'"}',
    b'{"encrypt":"' + base64.b64encode(b"\0" * 33) + b'"}',
    b'{"encrypt":"\\ud800"}',
    b"\xff\xfe",
    b'{"a":' * 5000,
]


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_outer_bodies(body: bytes) -> None:
    for headers in ({}, SIM.callbacks.sign(body)[0]):
        assert 400 <= CALLBACKS.receive(headers, body).status < 500


TOKEN = SIM.secrets["verification_token"]


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "text",
        7,
        {},
        {"schema": "2.0"},
        {"schema": "2.0", "header": None, "token": TOKEN},
        {"schema": "2.0", "header": {"token": TOKEN}, "event": None},
        {"schema": "2.0", "header": {"token": TOKEN}, "event": {}},
        {"schema": "2.0", "header": {"token": TOKEN, "event_id": [], "event_type": KIND}, "event": {}},
        {"schema": "2.0", "header": {"token": TOKEN, "event_id": "e", "event_type": {}}, "event": {}},
        {"schema": "2.0", "header": {"token": TOKEN, "event_id": "e" * 10_000, "event_type": KIND}, "event": {}},
        {"schema": "2.0", "header": [TOKEN], "token": TOKEN, "event": []},
        {"uuid": {}, "token": TOKEN, "event": {"type": "user_update"}},
        {"token": TOKEN, "type": "url_verification", "challenge": {"a": 1}},
        {"token": TOKEN, "type": "url_verification", "challenge": "c" * 10_000},
        {"token": TOKEN, "type": "url_verification"},
    ],
)
def test_hostile_contents_behind_a_good_signature(content: Any) -> None:
    reply = CALLBACKS.receive(*signed(content))
    assert 400 <= reply.status < 500
    assert reply.hints == ()


@pytest.mark.parametrize("number", [None, 12, [], {}, "", "x" * 10_000])
def test_an_employee_number_of_another_shape_is_no_number(number: Any) -> None:
    event = v2()
    event["event"] = {"object": {"employee_no": number}, "old_object": [number]}
    assert CALLBACKS.receive(*signed(event)).hints[0].numbers == ()


@given(body=st.binary(max_size=200), header=st.text(max_size=70))
def test_any_bytes_and_any_headers_get_a_4xx(body: bytes, header: str) -> None:
    headers = dict.fromkeys(("X-Lark-Signature", "X-Lark-Request-Timestamp", "X-Lark-Request-Nonce"), header)
    assert 400 <= CALLBACKS.receive(headers, body).status < 500


JSON = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), lambda c: st.lists(c, max_size=3) | st.dictionaries(st.sampled_from(["schema", "header", "event", "token", "type", "uuid", "object", "event_id", "challenge"]), c, max_size=5), max_leaves=12)  # fmt: skip


@given(content=JSON)
def test_any_json_behind_a_good_signature_never_raises(content: Any) -> None:
    assert 200 <= CALLBACKS.receive(*signed(content)).status < 500


def test_the_signature_covers_the_raw_bytes_not_the_parsed_body() -> None:
    _, compact = SIM.event(KIND, USER)
    spaced = compact.replace(b'":"', b'": "')
    key = SIM.secrets["encrypt_key"]
    digest = hashlib.sha256(f"1n{key}".encode() + spaced).hexdigest()
    headers = {"X-Lark-Request-Timestamp": "1", "X-Lark-Request-Nonce": "n", "X-Lark-Signature": digest}
    assert CALLBACKS.receive(headers, spaced).hints
    assert not CALLBACKS.receive(headers, compact).hints

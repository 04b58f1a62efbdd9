"""The address that vendors call, with those behind it whose connectors take calls: two of them, judged by their real code.

Whoever knows a vendor's secrets may say anything: besides real events, anything at all is sent rightly sealed and signed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from baton.contracts import HintReply
from connectors.oa.feishu.events import Callbacks
from connectors.oa.feishu.simulator_callbacks import CallbackMaker
from tests.api.console import served
from tests.api.described import Call, Described
from tests.rig.clock import VirtualClock
from tests.rig.company import Company
from tests.webhooks.campaign import SYSTEM, TellingTarget
from tests.webhooks.deliveries import honest

FEISHU, APP, KEY, TOKEN = "feishu", "cli_synthetic", "synthetic-encrypt-key", "synthetic-token"
ADDRESS = "/hooks/{system}"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_WECOM_FIELDS = ("Event", "ChangeType", "UserID", "NewUserID", "CreateTime", "ToUserName", "Id")


class FeishuTarget(TellingTarget):
    """The same, with calls judged by Feishu's real code."""

    title: ClassVar[str] = "Fake that calls us as Feishu does"

    def receive(self, headers: Mapping[str, str], body: bytes) -> HintReply:
        return Callbacks(KEY, TOKEN, APP).receive(headers, body)


@contextmanager
def callers(folder: Path, url: str) -> Iterator[Described]:
    """The address that vendors call."""
    kinds = {SYSTEM: TellingTarget, FEISHU: FeishuTarget}
    company = Company(folder, url, VirtualClock(), kinds)
    calls = {
        f"POST {ADDRESS}": st.one_of(_unsigned(), _of_feishu(), _of_wecom()),
        f"GET {ADDRESS}": _checks_of_wecom(),
    }
    with company.open() as hub, served(hub) as app:
        yield Described(app, {}, {}, below=lambda path: path == ADDRESS, calls=calls)


def _unsigned() -> SearchStrategy[Call]:
    """Anything from anybody."""
    bodies = st.binary(max_size=200) | JSON.map(json.dumps).map(str.encode)
    return st.builds(_call, st.sampled_from([SYSTEM, FEISHU, "nobody"]), bodies)


def _of_feishu() -> SearchStrategy[Call]:
    maker = CallbackMaker(APP, KEY, TOKEN, lambda: 0.0)
    named = st.fixed_dictionaries(
        {"token": st.just(TOKEN)},
        optional={
            "event_id": JSON,
            "event_type": st.just("contact.user.updated_v3") | JSON,
            "app_id": st.just(APP) | JSON,
        },
    )
    user = st.fixed_dictionaries({}, optional={"employee_no": JSON, "user_id": JSON})
    event = st.fixed_dictionaries({}, optional={"object": user | JSON, "old_object": user | JSON})
    second = st.fixed_dictionaries({"schema": st.just("2.0") | JSON, "header": named, "event": event | JSON})
    first = st.fixed_dictionaries({"token": st.just(TOKEN)}, optional={"uuid": JSON, "event": JSON, "challenge": JSON})
    real = st.text("0123456789", min_size=1, max_size=6).map(
        lambda number: maker.event("contact.user.updated_v3", {"employee_no": number})
    )
    anything = st.one_of(second, first, JSON).map(lambda content: maker.sign(maker.seal(content)))
    return (real | anything).map(lambda sent: _call(FEISHU, sent[1], sent[0]))


def _of_wecom() -> SearchStrategy[Call]:
    vendor = honest()
    fields = st.dictionaries(st.sampled_from(_WECOM_FIELDS), st.text(max_size=20), max_size=len(_WECOM_FIELDS))
    real = st.text("0123456789", min_size=1, max_size=6).map(
        lambda number: vendor.event({"Event": "change_contact", "ChangeType": "update_user", "UserID": number})
    )
    known = fields.map(lambda each: vendor.event({**each, "Event": "change_contact"}))
    anything = (fields.map(vendor.message) | st.binary(max_size=200)).map(vendor.enclose)
    return st.one_of(real, known, anything).map(lambda sent: _signed_in_its_query(sent[0], sent[1]))


def _checks_of_wecom() -> SearchStrategy[Call]:
    """The requests by which WeCom finds out whether somebody listens."""
    return st.text(max_size=30).map(lambda text: _signed_in_its_query(honest().challenge(text), b""))


def _signed_in_its_query(headers: Mapping[str, str], body: bytes) -> Call:
    query = dict(parse_qsl(urlsplit(headers[":path"]).query))
    return {**_call(SYSTEM, body, {"Content-Type": headers["Content-Type"]}), "params": query}


def _call(system: str, body: bytes, headers: Mapping[str, str] = {}) -> Call:
    more: dict[str, Any] = {"data": body} if body else {}
    return {"path": {"system": system}, "headers": dict(headers), **more}

"""wechatpy as an independent witness: it drives the simulated corporation, and both sides of the callbacks.

It knows no ``resigned/*`` calls of its own and spells two requests in an older way, so those go through its general
``post``: they show that WeCom's envelope and tokens are as it expects, not that the bodies are.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from wechatpy.exceptions import APILimitedException, WeChatClientException
from wechatpy.work import WeChatClient
from wechatpy.work.crypto import WeChatCrypto
from wechatpy.work.exceptions import InvalidCorpIdException

from connectors.oa.wecom.callbacks import Callbacks
from connectors.oa.wecom.members import Names
from connectors.oa.wecom.simulator import Simulator
from tests.connectors.oa.wecom_desk import START, corporation

_SPEC = importlib.util.spec_from_file_location("serving", Path(__file__).parents[1] / "serving.py")
assert _SPEC is not None
assert _SPEC.loader is not None
serving = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(serving)

FETCHES_AT_MOST = 3


@pytest.fixture
def sim() -> Simulator:
    return corporation()


@pytest.fixture
def sdk_of(sim: Simulator) -> Iterator[Any]:
    with serving.serve(sim.handle) as base_url:

        class Client(WeChatClient):  # type: ignore[misc]
            API_BASE_URL = f"{base_url}/cgi-bin/"
            fetches = 0

            def fetch_access_token(self) -> Any:
                self.fetches += 1  # the library renews a token that is never taken without end
                assert self.fetches <= FETCHES_AT_MOST
                params = {"corpid": self.corp_id, "corpsecret": self.secret}
                return self._fetch_access_token(url=f"{self.API_BASE_URL}gettoken", params=params)

        clients = {name: Client(sim.settings["corp_id"], sim.secrets[f"{name}_secret"]) for name in ("contact", "app")}
        yield clients
        for client in clients.values():
            client._http.close()


def test_members_are_created_read_changed_disabled_and_deleted(sim: Simulator, sdk_of: Any) -> None:
    contact, app = sdk_of["contact"], sdk_of["app"]
    contact.user.create("0012", "测试䶮", department=[1, 2], position="工程师", mobile="13800000012")
    read = app.user.get("0012")
    assert (read["name"], read["department"], read["status"], read["main_department"]) == ("测试䶮", [1, 2], 4, 1)
    assert "mobile" not in read
    contact.user.update("0012", position="高级工程师", enable=0)
    read = app.user.get("0012")
    assert (read["position"], read["name"], read["status"]) == ("高级工程师", "测试䶮", 2)
    contact.user.delete("0012")
    for again in (lambda: contact.user.delete("0012"), lambda: app.user.get("0012")):
        with pytest.raises(WeChatClientException) as caught:
            again()
        assert caught.value.errcode == 60111
    assert [entry.action for entry in sim.journal] == ["provision", "disable", "remove"]


def test_each_secret_is_kept_to_what_it_may(sim: Simulator, sdk_of: Any) -> None:
    with pytest.raises(WeChatClientException) as caught:
        sdk_of["contact"].user.get("desk")
    assert caught.value.errcode == 48009
    with pytest.raises(WeChatClientException) as caught:
        sdk_of["app"].user.delete("desk")
    assert caught.value.errcode == 48002


def test_a_token_that_ended_is_renewed_by_the_library_as_wecom_says(sim: Simulator, sdk_of: Any) -> None:
    app = sdk_of["app"]
    app.user.get("desk")
    sim.expire_sessions()
    assert app.user.get("desk")["userid"] == "desk"
    assert (app.fetches, sim.token_requests) == (2, 2)
    sim.advance(3)
    assert app.user.get("desk")["userid"] == "desk"
    assert app.fetches == 3


def test_a_limit_is_what_the_library_takes_for_one(sim: Simulator, sdk_of: Any) -> None:
    sim.throttle(1)
    with pytest.raises(APILimitedException):
        sdk_of["app"].user.get("desk")


def test_customers_are_read_and_an_empty_list_is_84061(sim: Simulator, sdk_of: Any) -> None:
    holder = sim.seed_person(1)
    app = sdk_of["app"]
    client = sim.seed_holding("client", 1, holder)
    read = app.external_contact.get(client)
    assert (read["external_contact"]["name"], read["follow_user"][0]["userid"]) == ("客户1公司", holder)
    body = {"userid_list": [holder], "cursor": "", "limit": 100}
    (row,) = app.post("externalcontact/batch/get_by_user", data=body)["external_contact_list"]
    assert row["follow_info"]["userid"] == holder
    with pytest.raises(WeChatClientException) as caught:
        app.post("externalcontact/batch/get_by_user", data={**body, "userid_list": ["desk"]})
    assert caught.value.errcode == 84061


def test_a_leavers_customer_is_listed_passed_on_and_proved(sim: Simulator, sdk_of: Any) -> None:
    holder, successor = sim.seed_person(1), sim.seed_person(2)
    client = sim.seed_holding("client", 1, holder)
    app = sdk_of["app"]
    sdk_of["contact"].user.delete(holder)
    (waiting,) = app.external_contact.get_unassigned_list()["info"]
    assert (waiting["handover_userid"], waiting["external_userid"]) == (holder, client)
    pair = {"handover_userid": holder, "takeover_userid": successor}
    told = app.post("externalcontact/resigned/transfer_customer", data={**pair, "external_userid": [client]})
    assert told["customer"] == [{"external_userid": client, "errcode": 0}]
    states = []
    for _ in range(2):
        result = app.post("externalcontact/resigned/transfer_result", data={**pair, "cursor": ""})
        states.append(result["customer"][0]["status"])
        sim.settle()
    assert states == [2, 1]
    assert sim.holder_of("client", client) == successor


def test_groups_through_the_librarys_own_calls(sim: Simulator, sdk_of: Any) -> None:
    holder = sim.seed_person(1)
    chats = [sim.seed_holding("group", n, holder) for n in range(5)]
    sim.seed_holding("group", 9, "desk")
    groups = sdk_of["app"].external_contact_group_chat
    listed = groups.list_all(owner_userid_list=[holder], limit=2)
    assert [entry["chat_id"] for entry in listed] == chats
    assert groups.get(chats[0])["group_chat"]["owner"] == holder


def test_approvals_and_their_detail(sim: Simulator, sdk_of: Any) -> None:
    number = sim.seed_holding("approval", 1, "desk")
    end = int(START.timestamp())
    oa = sdk_of["app"].oa
    assert oa.get_approval_info(end - 30 * 86_400, end, cursor="")["sp_no_list"] == [number]
    detail = oa.get_approval_detail(number)["info"]
    assert detail["sp_record"][0]["details"][0]["approver"]["userid"] == "desk"
    with pytest.raises(WeChatClientException) as caught:
        oa.get_approval_info(end - 32 * 86_400, end, cursor="")
    assert caught.value.errcode == 301025


def test_messages_and_whom_they_do_not_reach(sim: Simulator, sdk_of: Any) -> None:
    messages = sdk_of["app"].message
    sent = messages.send_text_card(1000002, ["desk", "NoBody"], "标题", "内容", "https://hub.example/")
    assert (sent["errcode"], sent["invaliduser"]) == (0, "nobody")
    assert sim.outbox == [("desk", "标题", "内容\nhttps://hub.example/")]
    with pytest.raises(WeChatClientException) as caught:
        messages.send_text(1000002, "nobody", "内容")
    assert caught.value.errcode == 81013


# --- callbacks: the library opens what the simulator seals, and the connector opens what the library seals


def crypto(sim: Simulator, corp_id: str | None = None) -> Any:
    secrets = sim.secrets
    return WeChatCrypto(secrets["callback_token"], secrets["callback_aes_key"], corp_id or str(sim.settings["corp_id"]))


def query(headers: Any) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(headers[":path"]).query))


def test_the_library_believes_the_simulators_callbacks(sim: Simulator) -> None:
    headers, body = sim.callback()
    asked = query(headers)
    plain = crypto(sim).decrypt_message(body, asked["msg_signature"], asked["timestamp"], asked["nonce"])
    assert "<UserID>0012</UserID>" in plain
    asked = query(sim.callbacks.challenge("回声"))
    echoed = crypto(sim).check_signature(asked["msg_signature"], asked["timestamp"], asked["nonce"], asked["echostr"])
    assert echoed == "回声"
    with pytest.raises(InvalidCorpIdException):
        crypto(sim, "ww-other").check_signature(
            asked["msg_signature"], asked["timestamp"], asked["nonce"], asked["echostr"]
        )


def test_the_connector_believes_the_librarys_messages(sim: Simulator) -> None:
    import xml.etree.ElementTree as ET

    message = sim.callbacks.message({"Event": "change_contact", "ChangeType": "delete_user", "UserID": "0012"})
    sealed = crypto(sim).encrypt_message(message.decode(), "nonce1", "1767600000")
    parts = {child.tag: child.text or "" for child in ET.fromstring(sealed)}
    secrets = sim.secrets
    callbacks = Callbacks(
        str(sim.settings["corp_id"]), secrets["callback_token"], secrets["callback_aes_key"], Names("", "")
    )
    path = f"/x?msg_signature={parts['MsgSignature']}&timestamp={parts['TimeStamp']}&nonce={parts['Nonce']}"
    (hint,) = callbacks.receive({":method": "POST", ":path": path}, sealed.encode()).hints
    assert (hint.kind, hint.numbers) == ("change_contact.delete_user", ("0012",))

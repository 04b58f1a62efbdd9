"""The official SDK as an independent witness: it drives the simulated tenant, and both sides of the callbacks."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from Crypto.Cipher import AES
from Crypto.Util.Padding import pad

from connectors.oa.feishu.events import Callbacks
from connectors.oa.feishu.simulator import Simulator
from tests.connectors.oa.official_sdk import forget_tokens, lark, people, requests

_SPEC = importlib.util.spec_from_file_location("serving", Path(__file__).parents[1] / "serving.py")
assert _SPEC is not None
assert _SPEC.loader is not None
serving = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(serving)

IDS = {"user_id_type": "user_id", "department_id_type": "department_id"}


@pytest.fixture
def sim() -> Simulator:
    return Simulator()


@pytest.fixture
def sdk(sim: Simulator) -> Iterator[Any]:
    forget_tokens()
    with serving.serve(sim.handle) as base_url:
        yield (
            lark.Client.builder()
            .app_id(sim.settings["app_id"])
            .app_secret(sim.secrets["app_secret"])
            .domain(base_url)
            .log_level(lark.LogLevel.ERROR)
            .build()
        ).contact.v3


def typed(builder: Any) -> Any:
    return builder.user_id_type("user_id").department_id_type("department_id")


def create(sdk: Any, user_id: str = "0012", token: str = "k1", mobile: str = "13800000001") -> Any:
    user = people.User.builder().user_id(user_id).employee_no(user_id).name("测试䶮").mobile(mobile)
    user = user.department_ids(["D1"]).employee_type(1).build()
    return sdk.user.create(typed(people.CreateUserRequest.builder()).client_token(token).request_body(user).build())


def get(sdk: Any, user_id: str = "0012") -> Any:
    return sdk.user.get(typed(people.GetUserRequest.builder()).user_id(user_id).build())


def test_the_sdk_creates_reads_and_repeats(sim: Simulator, sdk: Any) -> None:
    created, again = create(sdk), create(sdk)
    assert created.success(), created.msg
    assert again.success()
    assert created.data.user.open_id == again.data.user.open_id
    assert len(sim.journal) == 1
    user = get(sdk).data.user
    assert (user.name, user.employee_no, user.mobile) == ("测试䶮", "0012", "+8613800000001")
    assert (user.status.is_frozen, user.status.is_resigned) == (False, False)
    assert create(sdk, "0013", "k2").code == 41001


def test_the_sdk_patches_and_freezes(sim: Simulator, sdk: Any) -> None:
    create(sdk)
    body = people.User.builder().department_ids(["D2"]).is_frozen(True).build()
    patched = sdk.user.patch(typed(people.PatchUserRequest.builder()).user_id("0012").request_body(body).build())
    assert patched.success(), patched.msg
    user = get(sdk).data.user
    assert user.status.is_frozen is True
    assert user.department_ids == ["D2"]
    assert user.name == "测试䶮"


def test_the_sdk_walks_departments_and_members(sim: Simulator, sdk: Any) -> None:
    sim.seed({"employee_no": f"{n:04d}", "name": "甲", "mobile": str(n), "department_ids": ["D2"]} for n in range(60))
    children = sdk.department.children(
        typed(people.ChildrenDepartmentRequest.builder()).department_id("0").fetch_child(True).page_size(50).build()
    )
    assert {d.department_id for d in children.data.items} == {"D1", "D2", "D3"}
    token, seen = "", []
    while True:
        request = typed(people.FindByDepartmentUserRequest.builder()).department_id("D2").page_size(50)
        page = sdk.user.find_by_department((request.page_token(token) if token else request).build()).data
        seen += [user.employee_no for user in page.items]
        if not page.has_more:
            break
        token = page.page_token
    assert len(seen) == len(set(seen)) == 60


def test_the_sdk_reads_batches_and_ids(sim: Simulator, sdk: Any) -> None:
    create(sdk)
    batch = sdk.user.batch(typed(people.BatchUserRequest.builder()).user_ids(["0012", "nobody"]).build())
    assert [user.user_id for user in batch.data.items] == ["0012"]
    body = people.BatchGetIdUserRequestBody.builder().mobiles(["13800000001", "1"]).include_resigned(False).build()
    ids = sdk.user.batch_get_id(
        people.BatchGetIdUserRequest.builder().user_id_type("user_id").request_body(body).build()
    )
    assert [entry.user_id for entry in ids.data.user_list] == ["0012", None]


def test_the_sdk_deletes_with_acceptors_and_resurrects(sim: Simulator, sdk: Any) -> None:
    create(sdk)
    builder = people.DeleteUserRequestBody.builder()
    kinds = ("department_chat", "external_chat", "docs", "calendar", "application", "minutes", "survey", "anycross")
    for kind in kinds:
        getattr(builder, f"{kind}_acceptor_user_id")("hr-desk")
    builder.email_acceptor(people.ResourceAcceptor.builder().processing_type("1").acceptor_user_id("hr-desk").build())
    request = (
        people.DeleteUserRequest.builder().user_id("0012").user_id_type("user_id").request_body(builder.build()).build()
    )
    deleted = sdk.user.delete(request)
    assert deleted.success(), deleted.msg
    assert get(sdk).data.user.status.is_resigned is True
    fields = sim.journal[-1].fields
    assert fields["email_acceptor"] == {"processing_type": "1", "acceptor_user_id": "hr-desk"}
    assert [fields[f"{kind}_acceptor_user_id"] for kind in kinds] == ["hr-desk"] * len(kinds)
    body = people.ResurrectUserRequestBody.builder().departments([]).build()
    back = sdk.user.resurrect(typed(people.ResurrectUserRequest.builder()).user_id("0012").request_body(body).build())
    assert back.success(), back.msg
    assert get(sdk).data.user.department_ids == ["0"]


def test_a_delete_without_acceptors_is_journalled_as_such(sim: Simulator, sdk: Any) -> None:
    create(sdk)
    body = people.DeleteUserRequestBody.builder().docs_acceptor_user_id("hr-desk").build()
    request = people.DeleteUserRequest.builder().user_id("0012").user_id_type("user_id").request_body(body).build()
    assert sdk.user.delete(request).success()
    assert [key for key, acceptor in sim.journal[-1].fields.items() if acceptor] == ["docs_acceptor_user_id"]


def test_the_sdk_surfaces_the_simulators_errors(sim: Simulator, sdk: Any) -> None:
    assert get(sdk, "nobody").code == 99992360
    sim.throttle(1, status=400)
    assert get(sdk, "nobody").code == 99991400
    sim.expire_sessions()
    assert get(sdk, "nobody").code == 99991663


# --- callbacks


def dispatcher(sim: Simulator, seen: list[Any], *, token: str = "") -> Any:
    return (
        lark.EventDispatcherHandler.builder(sim.secrets["encrypt_key"], token or sim.secrets["verification_token"])
        .register_p2_contact_user_updated_v3(seen.append)
        .build()
    )


def raw(headers: dict[str, str], body: bytes) -> Any:
    request = requests.RawRequest()
    request.uri, request.headers, request.body = "/callback", headers, body
    return request


USER = {"open_id": "ou_1", "user_id": "u1", "employee_no": "0012", "name": "测试䶮"}


def test_the_sdk_accepts_the_simulators_events_and_refuses_forged_ones(sim: Simulator) -> None:
    seen: list[Any] = []
    headers, body = sim.event("contact.user.updated_v3", USER, event_id="e1")
    assert dispatcher(sim, seen).do(raw(headers, body)).status_code == 200
    assert (seen[0].header.event_id, seen[0].event.object.employee_no) == ("e1", "0012")
    assert seen[0].event.object.name == "测试䶮"
    assert dispatcher(sim, seen).do(raw(headers, body + b" ")).status_code == 500
    assert dispatcher(sim, seen, token="other").do(raw(headers, body)).status_code == 500
    assert len(seen) == 1


def test_the_sdk_answers_the_simulators_challenge(sim: Simulator) -> None:
    answer = dispatcher(sim, []).do(raw(*sim.callbacks.challenge("c7")))
    assert (answer.status_code, json.loads(answer.content)) == (200, {"challenge": "c7"})


def test_we_accept_what_the_sdk_accepts_made_by_a_third_hand(sim: Simulator) -> None:
    """Built here with pycryptodome (the SDK's own library), accepted by the SDK, then by us."""
    header = {"event_id": "e9", "event_type": "contact.user.updated_v3", "token": "VT", "app_id": "cli_x"}
    plain = json.dumps({"schema": "2.0", "header": header, "event": {"object": USER}}, ensure_ascii=False).encode()
    key, iv = hashlib.sha256(b"EK").digest(), bytes(range(16))
    sealed = base64.b64encode(iv + AES.new(key, AES.MODE_CBC, iv).encrypt(pad(plain, 16))).decode()
    body = json.dumps({"encrypt": sealed}, indent=1).encode()
    signature = hashlib.sha256(b"1700000000" + b"n1" + b"EK" + body).hexdigest()
    headers = {
        "X-Lark-Request-Timestamp": "1700000000",
        "X-Lark-Request-Nonce": "n1",
        "X-Lark-Signature": signature,
    }
    seen: list[Any] = []
    handler = lark.EventDispatcherHandler.builder("EK", "VT").register_p2_contact_user_updated_v3(seen.append).build()
    assert handler.do(raw(headers, body)).status_code == 200
    reply = Callbacks("EK", "VT", "cli_x").receive(headers, body)
    assert reply.status == 200
    assert [(hint.event_id, hint.numbers) for hint in reply.hints] == [("e9", ("0012",))]
    assert seen[0].header.event_id == "e9"

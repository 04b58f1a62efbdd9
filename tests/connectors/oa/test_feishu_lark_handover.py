"""The official SDK drives what handovers need of the simulated tenant: approvals, messages, groups, sessions, removal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from baton.sdk import AccountRef, HoldingKind, HoldingRef, Message, Transfer
from connectors.oa.feishu.connector import Feishu
from connectors.oa.feishu.simulator import Simulator
from connectors.oa.feishu.wire import ACCEPTORS
from tests.connectors.oa.feishu_desk import KEYS, connect
from tests.connectors.oa.official_sdk import approval, forget_tokens, lark, messages, passports, people
from tests.connectors.serving import serve


@pytest.fixture
def sdk(sim: Simulator) -> Iterator[Any]:
    forget_tokens()
    for n in (1, 2, 3):
        sim.seed_person(n)
    with serve(sim.handle) as base_url:
        yield (
            lark.Client.builder()
            .app_id(sim.settings["app_id"])
            .app_secret(sim.secrets["app_secret"])
            .domain(base_url)
            .log_level(lark.LogLevel.ERROR)
            .build()
        )


def query(sdk: Any, user_id: str, token: str = "", size: int = 100) -> Any:
    request = approval.QueryTaskRequest.builder().user_id(user_id).user_id_type("user_id").topic(1).page_size(size)
    return sdk.approval.v4.task.query((request.page_token(token) if token else request).build())


def instance(sdk: Any, code: str) -> Any:
    return sdk.approval.v4.instance.get(
        approval.GetInstanceRequest.builder().instance_id(code).user_id_type("user_id").build()
    )


def transfer(sdk: Any, task: Any, to: str, *, holder: str = "0001", task_id: str = "") -> Any:
    body = approval.TaskTransfer.builder().approval_code(task.definition_code).instance_code(task.process_code)
    body = body.user_id(holder).transfer_user_id(to).task_id(task_id or task.task_id).comment("离职交接").build()
    request = approval.TransferTaskRequest.builder().user_id_type("user_id").request_body(body).build()
    return sdk.approval.v4.task.transfer(request)


def test_the_sdk_pages_through_pending_approvals(sim: Simulator, sdk: Any) -> None:
    planted = {sim.seed_holding("approval", n, "0001") for n in range(7)}
    first = query(sdk, "0001", size=5).data
    assert (len(first.tasks), first.has_more, first.count.total) == (5, True, 7)
    last = query(sdk, "0001", first.page_token, 5).data
    assert (len(last.tasks), last.has_more, last.count) == (2, False, None)
    assert {f"{task.process_code}/{task.task_id}" for task in (*first.tasks, *last.tasks)} == planted
    assert all(isinstance(task.task_id, str) for task in first.tasks)  # the SDK says int, and does not make it one
    assert query(sdk, "nobody").code == 1390001


def test_the_sdk_transfers_and_reads_what_we_conclude_from(sim: Simulator, sdk: Any) -> None:
    """What the SDK did is followed by the connector, and the other way round."""
    external_id = sim.seed_holding("approval", 1, "0001")
    (task,) = query(sdk, "0001").data.tasks
    assert transfer(sdk, task, "0002").success()
    old, new = instance(sdk, task.process_code).data.task_list
    assert (old.status, new.status, new.user_id) == ("TRANSFERRED", "PENDING", "0002")
    assert old.id != new.id
    event = instance(sdk, task.process_code).data.timeline[-1]
    assert (event.type, event.task_id) == ("TRANSFER", old.id)
    assert json.loads(event.ext)["user_id_list"] == ["0002"]
    feishu = connect(sim)
    ref = HoldingRef(HoldingKind.APPROVAL, external_id)
    assert feishu.workers([ref]) == ["0002"]
    people = (AccountRef("0002", "0002"), AccountRef("0003", "0003"))
    feishu.reassign([Transfer(next(KEYS), ref, *people)])
    assert instance(sdk, task.process_code).data.task_list[-1].user_id == "0003"
    assert transfer(sdk, task, "0002").code == 1390010  # the old task is not passed on twice


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"definition_code": "NO"}, 1390002),
        ({"process_code": "NO"}, 1390003),
        ({"task_id": "1"}, 1390010),
        ({"task_id": ""}, 1390001),
    ],
)
def test_the_sdk_surfaces_refusals_of_a_transfer(sim: Simulator, sdk: Any, change: dict[str, str], code: int) -> None:
    sim.seed_holding("approval", 1, "0001")
    (task,) = query(sdk, "0001").data.tasks
    for name, value in change.items():
        setattr(task, name, value)
    assert transfer(sdk, task, "0002").code == code
    assert transfer(sdk, query(sdk, "0001").data.tasks[0], "0002", holder="0003").code == 1390010
    assert sim.journal == []


def send(sdk: Any, to: str, uuid: str, kind: str = "post", content: Any = None) -> Any:
    post = {"zh_cn": {"title": "提醒", "content": [[{"tag": "a", "text": "去", "href": "https://hub.example.com/1"}]]}}
    body = messages.CreateMessageRequestBody.builder().receive_id(to).msg_type(kind).uuid(uuid)
    body = body.content(json.dumps(content or post)).build()
    request = messages.CreateMessageRequest.builder().receive_id_type("user_id").request_body(body).build()
    return sdk.im.v1.message.create(request)


def test_the_sdk_sends_messages_and_repeats_none(sim: Simulator, sdk: Any) -> None:
    sent, again = send(sdk, "0002", "u1"), send(sdk, "0002", "u1")
    assert sent.success(), sent.msg
    assert again.data.message_id == sent.data.message_id
    assert send(sdk, "0002", "u2", "text", {"text": "平文"}).success()
    assert list(sim.outbox) == [("0002", "提醒", "https://hub.example.com/1"), ("0002", "", "平文")]
    assert [send(sdk, to, uuid).code for to, uuid in (("nobody", "u3"), ("0002", "u" * 51))] == [230034, 230001]


def test_the_sdk_reads_our_message_as_a_post(sim: Simulator, sdk: Any) -> None:
    """The body the connector sends, built anew by the SDK's own model, is the same body."""
    bodies: list[dict[str, Any]] = []

    def handle(request: Any) -> Any:
        if request.url.path.endswith("/im/v1/messages"):
            bodies.append(json.loads(request.read()))
        return sim.handle(request)

    connect(sim, handle).notify(
        [Message("k1", AccountRef("0002", "0002"), "", "提醒", "甲\n乙", "https://hub.example.com")]
    )
    (body,) = bodies
    assert set(body) == set(messages.CreateMessageRequestBody._types)
    assert len(body["uuid"]) <= 50
    assert set(json.loads(body["content"])) == {"zh_cn"}


def test_the_sdk_walks_groups_and_logs_people_out(sim: Simulator, sdk: Any) -> None:
    grant = sim.seed_grant(1, "0001")
    contact = sdk.contact.v3
    mine = people.MemberBelongGroupRequest.builder().member_id("0001").member_id_type("user_id").group_type(1).build()
    (group_id,) = contact.group.member_belong(mine).data.group_list
    assert grant == f"group/{group_id}"
    assert contact.group.get(people.GetGroupRequest.builder().group_id(group_id).build()).data.group.name == "用户组1䶮"
    body = (
        people.AddGroupMemberRequestBody.builder()
        .member_type("user")
        .member_id_type("user_id")
        .member_id("0002")
        .build()
    )
    add = people.AddGroupMemberRequest.builder().group_id(group_id).request_body(body).build()
    assert [contact.group_member.add(add).code for _ in range(2)] == [0, 42005]
    out = (
        people.RemoveGroupMemberRequestBody.builder()
        .member_type("user")
        .member_id_type("user_id")
        .member_id("0001")
        .build()
    )
    remove = people.RemoveGroupMemberRequest.builder().group_id(group_id).request_body(out).build()
    assert contact.group_member.remove(remove).success()
    assert sim.office.groups[group_id]["members"] == ["0002"]
    sim.log_in("0002")
    ending = passports.LogoutSessionRequestBody.builder().logout_type(1).user_id("0002").build()
    logout = passports.LogoutSessionRequest.builder().user_id_type("user_id").request_body(ending).build()
    assert sdk.passport.v1.session.logout(logout).success()
    assert not sim.logged_in("0002")


def test_the_sdk_sees_what_blockers_are_concluded_from(sim: Simulator, sdk: Any) -> None:
    sim.tenant.users["0001"]["is_tenant_manager"] = True
    sim.hidden_departments.add("D1")
    contact = sdk.contact.v3
    user = contact.user.get(people.GetUserRequest.builder().user_id("0001").user_id_type("user_id").build())
    assert user.data.user.is_tenant_manager is True
    department = people.GetDepartmentRequest.builder().department_id("D1").department_id_type("department_id").build()
    assert contact.department.get(department).code == 40004


def test_a_removal_names_every_acceptor_the_sdk_knows(sim: Simulator, sdk: Any) -> None:
    """The SDK is made from Feishu's own description: a resource it knows and we do not would go to nobody's successor."""
    assert set(ACCEPTORS.values()) == set(people.DeleteUserRequestBody._types)
    assert isinstance(connect(sim), Feishu)

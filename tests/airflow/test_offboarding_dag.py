"""The hourly DAG as Airflow runs it: a case opened, passed on, and nothing personal in what Airflow keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from baton.hub import Hub, decisions
from baton.hub.offboarding import casework, saying
from baton.model.case import Act, Item, ItemState, Role
from baton.settings import load
from tests.airflow.installation import Installation, person
from tests.airflow.reruns import FEWER_STATES, cleared_and_run

RunDag = Callable[..., Any]
CLIENT = "示例客户"


def resign(installation: Installation) -> None:
    last = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    rows = [person(n, 直属上级工号="" if n == 1 else "0001") for n in range(1, 9)]
    rows[4] |= {"员工状态": "待离职", "最后工作日": last}
    installation.hand_in(rows)


def items(hub: Hub, *states: ItemState) -> list[Item]:
    case = casework.find_case(hub, "0005")
    with hub.database.read() as connection:
        return hub.cases.items(connection, case.id, states=states)


def say(hub: Hub, item: Item, act: Act, who: str, role: Role) -> None:
    saying.say(hub, saying.Saying(item.case_id, {item.id: item.version}, act, who, role))


def test_a_resignation_becomes_a_case_and_its_clients_go_over(
    run_dag: RunDag, installation: Installation, said: Callable[[], str]
) -> None:
    assert str(run_dag().state) == "success"
    resign(installation)
    assert str(run_dag().state) == "success"
    me = installation.crm.user("0005")["Id"]
    clients = [installation.crm.seed_holding("client", n, me) for n in range(1, 4)]
    first = run_dag("offboarding")
    states = {ti.task_id: str(ti.state) for ti in first.get_task_instances()}
    assert (str(first.state), states) == ("success", {"look": "success", "pass_on": "success", "read_back": "success"})
    with Hub(load(installation.systems_file)) as hub:
        offered = [item for item in items(hub, ItemState.OFFERED) if item.system]  # beside what is done by hand
        assert len(offered) == len(clients)
        for item in offered:
            say(hub, item, Act.ACCEPT, "0001", Role.SUCCESSOR)
        for item in items(hub, ItemState.ACCEPTED):
            say(hub, item, Act.APPROVE, "hr-wang", Role.HR)
    assert str(run_dag("offboarding").state) == "success"
    boss = installation.crm.user("0001")["Id"]
    assert {installation.crm.holder_of("client", client) for client in clients} == {boss}
    assert CLIENT not in said()


def test_tasks_that_are_cleared_in_whatever_state_pass_everything_on_once(
    run_dag: RunDag, dags: Any, installation: Installation
) -> None:
    run_dag()
    resign(installation)
    run_dag()
    clients = [installation.crm.seed_holding("client", n, installation.crm.user("0005")["Id"]) for n in (1, 2)]
    run_dag("offboarding")
    with Hub(load(installation.systems_file)) as hub:
        for item in items(hub, ItemState.OFFERED):
            say(hub, item, Act.ACCEPT, "0001", Role.SUCCESSOR)
        for item in items(hub, ItemState.ACCEPTED):
            say(hub, item, Act.APPROVE, "hr-wang", Role.HR)
    before = len(installation.crm.journal)
    dag_run = run_dag("offboarding")
    boss = installation.crm.user("0001")["Id"]
    assert {installation.crm.holder_of("client", client) for client in clients} == {boss}
    assert len(installation.crm.journal) >= before + len(clients)
    written = len(installation.crm.journal)
    for state in FEWER_STATES:
        again = cleared_and_run(dags["offboarding"], dag_run, ["pass_on", "read_back"], state)
        assert (state, str(again.state)) == (state, "success")
    again = cleared_and_run(dags["offboarding"], dag_run, ["look", "pass_on", "read_back"])
    assert str(again.state) == "success"
    assert len(installation.crm.journal) == written


def test_what_is_stuck_is_seen(run_dag: RunDag, installation: Installation) -> None:
    run_dag()
    resign(installation)
    run_dag()
    (client,) = [installation.crm.seed_holding("client", 1, installation.crm.user("0005")["Id"])]
    run_dag("offboarding")
    with Hub(load(installation.systems_file)) as hub:
        for act, who, role, state in (
            (Act.ACCEPT, "0001", Role.SUCCESSOR, ItemState.OFFERED),
            (Act.APPROVE, "hr-wang", Role.HR, ItemState.ACCEPTED),
        ):
            for item in items(hub, state):
                say(hub, item, act, who, role)
    # Between the look and the transfer somebody else takes the client.
    installation.crm.user("0001")["IsActive"] = False
    dag_run = run_dag("offboarding")
    assert str(dag_run.state) == "failed"
    assert installation.crm.holder_of("client", client) == installation.crm.user("0005")["Id"]
    with Hub(load(installation.systems_file)) as hub:
        assert [item.code for item in items(hub, ItemState.STUCK)] != []


def test_a_system_that_is_left_alone_or_cannot_be_read_fails_the_hour(
    run_dag: RunDag, installation: Installation, said: Callable[[], str]
) -> None:
    run_dag()
    resign(installation)
    run_dag()
    installation.crm.seed_holding("client", 1, installation.crm.user("0005")["Id"])
    run_dag("offboarding")
    with Hub(load(installation.systems_file)) as hub:
        for item in items(hub, ItemState.OFFERED):
            say(hub, item, Act.ACCEPT, "0001", Role.SUCCESSOR)
        for item in items(hub, ItemState.ACCEPTED):
            say(hub, item, Act.APPROVE, "hr-wang", Role.HR)
        decisions.kill_switch(hub, "system:crm", "on", "olga", "maintenance")
    assert str(run_dag("offboarding").state) == "failed"
    assert "these systems were left alone: crm" in said()
    with Hub(load(installation.systems_file)) as hub:
        decisions.kill_switch(hub, "system:crm", "off", "olga", "over")
    assert str(run_dag("offboarding").state) == "success"
    installation.keep_secrets("crm", {"client_secret": "not-the-secret"})
    unread = run_dag("offboarding")
    states = {ti.task_id: str(ti.state) for ti in unread.get_task_instances()}
    assert (str(unread.state), states["look"]) == ("failed", "success")
    assert "cases or systems could not be read" in said()

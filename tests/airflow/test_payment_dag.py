"""Payments as Airflow runs them: a run prepared for its signatures, its file delivered, the bank's answer taken in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from baton.audit.checkpoint import Signer
from baton.errors import RetryableError
from baton.hub import Hub
from baton.hub.decisions import kill_switch
from baton.hub.payment.delivering import deliver
from baton.hub.payment.signing import release, sign
from baton.jobs.payment.roles import Role
from baton.model.pay_run import LineState
from baton.sandbox.server import serve
from baton.settings import load
from baton.store.personal import Keyring
from baton.store.tables import effects
from connectors.bank.https_files.simulator import Simulator
from tests.airflow.reruns import AT_LENGTH, FEWER_STATES, cleared_and_run
from tests.rig.bank_papers import report
from tests.rig.payroll import CNAPS, payroll_file, person, record
from tests.rig.schema import lay_out_state

RunDag = Callable[..., Any]
SYSTEMS = """\
hub: {{state_dir: state}}
payments:
  policy: policy.yaml
  inbox: inbox
  banks:
    bank:
      profile: iso20022-cny
      initiator: 示例有限公司
      payer: {{holder: 示例有限公司, account: "6222000000000000000", bank_code: "{cnaps}"}}
    off: {{profile: iso20022-cny, initiator: 示例, payer: {{holder: 示例, account: "6222000000000000000"}}}}
  roles: {{payroll-wu: [payroll], treasury-qian: [treasury]}}
systems:
  off: {{connector: bank/https_files, enabled: no}}
  bank:
    connector: bank/https_files
    allow_private: yes
    settings:
{settings}
"""
POLICY = "checks: {requires: []}\napprovals: {levels: [{roles: [payroll, treasury]}]}\n"
AMOUNTS = {"0001": "8137592.04", "0002": "12345678.91"}
"""So long that no moment, duration or id in a log has the same digits by chance."""


@dataclass
class Office:
    folder: Path
    bank: Simulator

    def hub(self) -> Hub:
        return Hub(load(self.folder / "systems.yaml"))


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with serve({"bank": Simulator}) as server:
        bank = server.simulators["bank"]
        lay_out_state(tmp_path)
        secrets = {"hub": {"keyring": Keyring.generate().to_text(), "audit_key": Signer.generate("t/a").secret_text}}
        for system, values in {**secrets, "bank": bank.secrets}.items():
            place = tmp_path / "secrets" / system
            place.mkdir(parents=True)
            for name, value in values.items():
                (place / name).write_text(value, "utf-8")
                (place / name).chmod(0o600)
        lines = "".join(f"      {name}: {value!r}\n".replace("'", '"') for name, value in bank.settings.items())
        (tmp_path / "systems.yaml").write_text(SYSTEMS.format(cnaps=CNAPS, settings=lines), "utf-8")
        (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
        (tmp_path / "inbox").mkdir()
        payroll_file(tmp_path / "inbox", AMOUNTS)
        monkeypatch.setenv("BATON_SYSTEMS", str(tmp_path / "systems.yaml"))
        made = Office(tmp_path, bank)
        with made.hub() as hub:
            record(hub, *(person(number) for number in AMOUNTS))
        yield made


def test_a_run_is_prepared_signed_by_people_delivered_and_answered(
    run_dag: RunDag, office: Office, said: Callable[[], str]
) -> None:
    day = date(2026, 12, 31).isoformat()
    prepared = run_dag("payroll_payment", file="工资.csv", bank="bank", period="2026-12", pay_day=day)
    assert str(prepared.state) == "success"
    with office.hub() as hub, hub.database.read() as connection:
        (run,) = hub.pay_runs.latest(connection)
    assert str(run_dag("bank_answers").state) == "success"
    assert office.bank.delivered_files == {}, "nothing goes out unsigned"
    with office.hub() as hub:
        sign(hub, run.run_id, "payroll-wu", Role.PAYROLL)
        sign(hub, run.run_id, "treasury-qian", Role.TREASURY)
        release(hub, run.run_id, "treasury-qian", "pay day")
    assert str(run_dag("bank_answers").state) == "success"
    (data,) = office.bank.delivered_files.values()
    office.bank.answer_payments("report_1.p7m", report(office.bank.opened(data)))
    assert str(run_dag("bank_answers").state) == "success"
    with office.hub() as hub, hub.database.read() as connection:
        assert {line.state for line in hub.pay_runs.lines(connection, run.run_id)} == {LineState.ACCEPTED}
    told = said()
    assert run.run_id in told
    assert [amount for amount in AMOUNTS.values() if amount in told or amount.replace(".", "") in told] == []


def to_be_delivered(run_dag: RunDag, office: Office) -> None:
    """A run that is signed and released."""
    run_dag("payroll_payment", file="工资.csv", bank="bank", period="2026-12", pay_day="2026-12-31")
    with office.hub() as hub:
        with hub.database.read() as connection:
            (run,) = hub.pay_runs.latest(connection)
        sign(hub, run.run_id, "payroll-wu", Role.PAYROLL)
        sign(hub, run.run_id, "treasury-qian", Role.TREASURY)
        release(hub, run.run_id, "treasury-qian", "pay day")


def test_a_delivery_that_is_cleared_in_whatever_state_pays_once(run_dag: RunDag, dags: Any, office: Office) -> None:
    to_be_delivered(run_dag, office)
    dag_run = run_dag("bank_answers")
    sent = len(office.bank.journal)
    assert sent == len(office.bank.delivered_files) == 1
    for state in FEWER_STATES:
        again = cleared_and_run(dags["bank_answers"], dag_run, ["deliver", "read_answers"], state)
        assert (state, str(again.state)) == (state, "success")
    again = cleared_and_run(dags["bank_answers"], dag_run, ["banks", "deliver", "read_answers"])
    assert str(again.state) == "success"
    assert len(office.bank.journal) == sent


class Dies(BaseException):
    """The worker's process ends here."""


@pytest.mark.parametrize("point", ["sending", "delivered"] if AT_LENGTH else ["delivered"])
def test_a_delivery_cleared_after_its_worker_has_died_pays_once(
    run_dag: RunDag, dags: Any, office: Office, point: str
) -> None:
    dag_run = run_dag("bank_answers")
    to_be_delivered(run_dag, office)

    def at(name: str) -> None:
        if name == point:
            raise Dies

    with Hub(load(office.folder / "systems.yaml"), crash_point=at) as hub:
        with pytest.raises(Dies):
            deliver(hub, "bank")
        with hub.database.write() as connection:
            over = hub.clock.now() - timedelta(seconds=1)
            held = sa.update(effects).where(effects.c.state == "sent").values(lease_until=over)
            assert connection.execute(held).rowcount == 1
    assert len(office.bank.journal) == (point == "delivered")
    again = cleared_and_run(dags["bank_answers"], dag_run, ["deliver", "read_answers"], "running")
    assert str(again.state) == "success"
    with office.hub() as hub, hub.database.read() as connection:
        (run,) = hub.pay_runs.latest(connection)
        states = {line.state for line in hub.pay_runs.lines(connection, run.run_id)}
    assert (len(office.bank.journal), states) == (1, {LineState.RELEASED})


def test_a_task_that_fails_after_it_has_drafted_finds_its_run_again(
    run_dag: RunDag, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from baton.tasks import payment

    really, made = payment.draft_file, []

    def and_then_gone(*given: Any) -> Any:
        drafted = really(*given)
        made.append(drafted.run.run_id)
        if len(made) == 1:
            raise RetryableError("the worker is gone before anybody has heard of the run", code="gone")
        return drafted

    monkeypatch.setattr(payment, "draft_file", and_then_gone)
    prepared = run_dag("payroll_payment", file="工资.csv", bank="bank", period="2026-12", pay_day="2026-12-31")
    assert str(prepared.state) == "success"
    with office.hub() as hub, hub.database.read() as connection:
        (run,) = hub.pay_runs.latest(connection)
        assert {line.state for line in hub.pay_runs.lines(connection, run.run_id)} == {LineState.FILED}
    assert made == [run.run_id] * 2


def test_a_run_is_made_of_a_file_or_of_a_system_that_knows_payables(
    run_dag: RunDag, office: Office, said: Callable[[], str]
) -> None:
    form = {"bank": "bank", "period": "2026-12", "pay_day": "2026-12-31"}
    assert [str(run_dag("payroll_payment", **form, **more).state) for more in ({}, {"source": "bank"})] == [
        "failed"
    ] * 2
    told = said()
    assert "give one of the two" in told
    assert "bank does not tell what is to be paid" in told


def test_a_file_that_is_not_there_is_told_with_those_that_are(
    run_dag: RunDag, office: Office, said: Callable[[], str]
) -> None:
    refused = run_dag("payroll_payment", file="other.csv", bank="bank", period="2026-12", pay_day="2026-12-31")
    assert str(refused.state) == "failed"
    assert "there is no payroll file 'other.csv'" in said()


def test_an_alarm_of_the_banks_answers_is_told_although_the_work_after_it_is_tried_again(
    run_dag: RunDag, office: Office, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from baton.tasks import payment

    really, tries = payment.reconcile_bank, []

    def down_once(*given: Any) -> Any:
        tries.append(given)
        if len(tries) == 1:
            raise RetryableError("the store is being moved", code="gone")
        return really(*given)

    monkeypatch.setattr(payment, "reconcile_bank", down_once)
    office.bank.answer_payments("report_1.p7m", report(b"<MsgId>" + b"A" * 26 + b"</MsgId>"))
    run_dag("bank_answers")
    assert len(tries) == 2
    assert f"ALARM bank: unknown_order {'A' * 26}" in said()


def test_a_bank_that_gets_no_files_is_heard_all_the_same(
    run_dag: RunDag, office: Office, said: Callable[[], str]
) -> None:
    """A switch stops what goes out; a salary that came back meanwhile must not wait until it is taken off again."""
    to_be_delivered(run_dag, office)
    assert str(run_dag("bank_answers").state) == "success"
    (data,) = office.bank.delivered_files.values()
    office.bank.answer_payments("report_1.p7m", report(office.bank.opened(data)))
    with office.hub() as hub:
        kill_switch(hub, "system:bank", "on", "olga", "the bank is being called")
    stopped = run_dag("bank_answers")
    with office.hub() as hub, hub.database.read() as connection:
        (run,) = hub.pay_runs.latest(connection)
        assert {line.state for line in hub.pay_runs.lines(connection, run.run_id)} == {LineState.ACCEPTED}
    assert str(stopped.state) == "failed", "what has not gone out must be seen"
    assert "bank: its answers are read, but not every file could go out" in said()


def test_the_pay_run_is_found_from_the_dag_run_that_made_it(
    run_dag: RunDag, office: Office, airflow_app: Any, headers: Any
) -> None:
    from starlette.testclient import TestClient

    dag_run = run_dag("payroll_payment", file="工资.csv", bank="bank", period="2026-12", pay_day="2026-12-31")
    with office.hub() as hub, hub.database.read() as connection:
        (run,) = hub.pay_runs.latest(connection)
    found = TestClient(airflow_app).get(
        "/baton/of",
        params={"dag": "payroll_payment", "run": dag_run.run_id},
        headers=headers("vera"),
        follow_redirects=False,
    )
    assert (found.status_code, found.headers.get("location")) == (303, f"/baton/runs/{run.run_id}")

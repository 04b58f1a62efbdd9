"""The demo's handover, played without Airflow, Tryton and Feishu; and everything that must be found to be wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from baton.hub import Hub, execution
from baton.hub.sync import SyncRequest, plan_sync
from baton.jobs.offboarding.policy import load_policies
from baton.model.handover import HoldingKind
from baton.registry import Registry
from baton.sandbox.demo import belongings
from baton.sandbox.demo.belongings import MANAGER, PRESALES, SUCCESSORS, Thing
from baton.sandbox.demo.canaries import Canaries, Marks
from baton.sandbox.demo.company import CLIENTS, WECOM_DEPARTMENTS, found_company, publish, salespeople
from baton.sandbox.demo.handover import Handover
from baton.sandbox.demo.holders import Sighting
from baton.sandbox.demo.hub_cli import Terminal
from baton.sandbox.demo.narrator import DemoFailedError, Narrator
from baton.sandbox.demo.passing import Passing, kinds_table
from baton.sandbox.demo.story import (
    DEPARTED,
    GONE_THERE,
    HANDING_OVER,
    HIRED,
    MOVED,
    RESIGNED,
    RETRACTING,
    STILL_HERE,
    Story,
)
from baton.sandbox.demo.workplace import CONNECTORS, POLICIES, SHOWN, Connection, Workplace
from baton.sandbox.server import SandboxServer
from baton.settings import load

TEAM = ("0001", "0002", MANAGER, *SUCCESSORS, HANDING_OVER, PRESALES)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Stage:
    """What the chapter needs of the play, with the hourly work done by the command line."""

    def __init__(self, place: Workplace, sandbox: SandboxServer) -> None:
        self.place = place
        self.story = Story.begin()
        self.story.people = {number: self.story.people[number] for number in TEAM}
        self.narrator = Narrator()
        self.failures: list[str] = []
        self.figures: dict[str, int] = {}
        airflow = SimpleNamespace(failed_tasks=lambda _run: ["read_back"])
        crm, wecom = (sandbox.simulators[name] for name in ("crm", "wecom"))
        self.around = SimpleNamespace(sandbox=sandbox, crm=crm, wecom=wecom, airflow=airflow)
        self.baton = None

    def sync(self, _title: str, wanted: str) -> None:
        publish(self.story.people.values(), self.place.feed)
        with Hub(load(self.place.systems)) as hub:
            plan_sync(hub, SyncRequest())
            reports = execution.apply(hub)
        assert wanted == "success"
        assert not [report.halted for report in reports if report.halted]

    def perform(self, _dag: str, title: str, wanted: str) -> None:
        try:
            self.baton("offboard", "run", expect=0 if wanted == "success" else 1)
        except DemoFailedError as error:
            raise AssertionError(f"{title}: {error} {error.log}") from error

    def require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.failures.append(otherwise)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(belongings, "_in_tryton", lambda _around: [])
    place = Workplace(tmp_path / "story")
    place.make()
    sandbox = SandboxServer()
    for system in ("crm", "wecom"):
        sandbox.add(system, Registry().simulator(CONNECTORS[system])(sandbox.base_url))
    stage = Stage(place, sandbox)
    stage.around.wecom.members.departments.update(WECOM_DEPARTMENTS.values())
    sandbox.start()
    connections = {"hr": Connection({"path": str(place.feed.parent), "settle_s": 0}, {})}
    for system in ("crm", "wecom"):
        connections[system] = Connection(sandbox.simulators[system].settings, sandbox.simulators[system].secrets)
    place.describe_systems(connections)
    stage.sync("everybody", "success")
    owners = [HANDING_OVER, PRESALES, *SUCCESSORS]
    stage.around.crm.seed_accounts({"Name": f"示例客户{n:04}", "owner": owners[n % 4]} for n in range(32))
    with Terminal(place, log=SHOWN) as terminal:
        stage.baton = terminal.baton
        yield stage
    sandbox.close()


def test_a_whole_handover(stage: Stage):
    handover = Handover(stage, stage.baton)
    handover.perform()
    assert stage.failures == []
    assert stage.figures["handover_wrong"] == 0
    assert stage.figures["handed_over"] == len(handover.things)
    assert stage.figures["refused_by_client"] == 1
    assert stage.figures["alerts"] == 2
    assert stage.figures["obstacles_first"] > 3
    shown = "\n".join(handover.tables())
    assert HANDING_OVER in shown
    assert "0 left" in shown
    named = Canaries([Marks(handover.names())], {}).search([stage.place.log(SHOWN)])
    assert [leak.kind for leak in named] == ["name"]


# --- the cast


def test_the_leaver_has_clients_a_team_and_no_other_part_in_the_story():
    people = found_company(NOON.date())
    sales = salespeople(people.values())
    owners = [sales[n % len(sales)] for n in range(CLIENTS)]
    for number in (HANDING_OVER, *SUCCESSORS, PRESALES):
        assert people[number].manager == MANAGER
        assert owners.count(number) >= 4
    others = {HIRED, MOVED, RESIGNED, RETRACTING, DEPARTED, GONE_THERE, STILL_HERE}
    assert not others & {HANDING_OVER, MANAGER, PRESALES, *SUCCESSORS}


def test_the_policy_names_the_two_colleagues():
    policies = load_policies(POLICIES)
    policy = policies.of(policies.choose("D01", "客户经理"))
    assert policy.successors[0].to == SUCCESSORS
    assert len(policy.items) == 2
    assert yaml.safe_load(POLICIES.read_text("utf-8"))["policies"].keys() == {"sales", "everybody"}


def test_who_resigns_is_gone_from_every_system_but_the_bank_in_the_end():
    story = Story.begin(NOON)
    story.salesperson_resigns()
    assert story.people[HANDING_OVER].status == "待离职"
    assert HANDING_OVER not in story.fates
    story.salesperson_has_left()
    assert story.people[HANDING_OVER].last_working < NOON.date()
    assert story.fates[HANDING_OVER].keys() == {"crm", "erp", "oa", "wecom"}


# --- the comparison

CLIENT, DEAL, WON = (
    Thing("crm", HoldingKind.CLIENT, "001A", "甲"),
    Thing("crm", HoldingKind.OPPORTUNITY, "006A", "乙"),
    Thing("crm", HoldingKind.OPPORTUNITY, "006W", "丙"),
)
FIRST, SECOND = SUCCESSORS
TEAM_ENTRY = ("001A", PRESALES, "售前顾问", "Edit")


def held(client: str, deal: str, **more: object) -> Sighting:
    now = {CLIENT.place: (client,), DEAL.place: (deal,), WON.place: (HANDING_OVER,)}
    clients = {"001A": client, "001B": SECOND}
    sighting = Sighting(now, clients, frozenset({TEAM_ENTRY}), rights=0, sessions=0)
    return replace(sighting, **more)


def judged(after: Sighting) -> list[str]:
    before = held(HANDING_OVER, HANDING_OVER, rights=3, sessions=2)
    return Passing(before, after, {CLIENT.place: FIRST, DEAL.place: SECOND}, WON).wrong()


def test_a_handover_as_agreed_has_nothing_wrong():
    assert judged(held(FIRST, SECOND)) == []
    passing = Passing(
        held(HANDING_OVER, HANDING_OVER), held(FIRST, SECOND), {CLIENT.place: FIRST, DEAL.place: SECOND}, WON
    )
    assert passing.compared == 3 + 2 + 1 + 2


@pytest.mark.parametrize(
    ("after", "what"),
    [
        (held(SECOND, SECOND), ["crm client/001A", "owner of 001A"]),
        (held(FIRST, HANDING_OVER), ["crm opportunity/006A"]),
        (held(FIRST, SECOND, clients={"001A": FIRST}), ["owner of 001B"]),
        (held(FIRST, SECOND, clients={"001A": FIRST, "001B": SECOND, "001C": FIRST}), ["owner of 001C"]),
        (held(FIRST, SECOND, clients={"001A": FIRST, "001B": FIRST}), ["owner of 001B"]),
        (held(FIRST, SECOND, team=frozenset()), ["team of 001A"]),
        (held(FIRST, SECOND, rights=1), ["rights of the leaver"]),
        (held(FIRST, SECOND, sessions=1), ["sessions of the leaver"]),
        (
            held(FIRST, SECOND, holders={**held(FIRST, SECOND).holders, WON.place: (FIRST,)}),
            ["crm opportunity/006W"],
        ),
        (
            held(FIRST, SECOND, holders={**held(FIRST, SECOND).holders, DEAL.place: (HANDING_OVER, SECOND)}),
            ["crm opportunity/006A"],
        ),
    ],
)
def test_every_kind_of_error_is_seen(after: Sighting, what: list[str]):
    assert [line.partition(":")[0] for line in judged(after)] == what


def test_the_table_counts_by_holder():
    shown = kinds_table([CLIENT, DEAL], held(HANDING_OVER, HANDING_OVER, rights=3), held(FIRST, SECOND))
    lines = [line.split() for line in shown.splitlines()]
    assert ["Salesforce", "client", "1", "1", HANDING_OVER, "1", FIRST] in lines
    assert ["Salesforce", "right", "3", "3", HANDING_OVER, "0", "left"] in lines

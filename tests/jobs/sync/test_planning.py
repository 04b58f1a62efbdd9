"""From what is wanted and what is proven to the writes between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from baton.jobs.sync.planning import Person, PersonPlan, Planner, TargetRules, ranks
from baton.mapping.load import load_mapping
from baton.model.account import AccountState, Action
from baton.model.effect import Link
from baton.model.people import Employee, EmploymentStatus
from baton.store.people import PersonVersion
from tests.rig.clock import START as NOW
from tests.rig.company import TARGET_MAPPING
from tests.rig.targets import FIELDS

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DEPARTED, NOTICE = EmploymentStatus.DEPARTED, EmploymentStatus.NOTICE
MAPPING = TARGET_MAPPING.replace("TARGET", "crm/fake")


def digest(value: object, context: str) -> str:
    return f"{context}={value!r}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def planner(folder: Path, mapping: str = MAPPING, **more) -> Planner:
    path = folder / "mapping.yaml"
    path.write_text(mapping, encoding="utf-8")
    loaded = load_mapping(path, source_fields=None, target_fields=FIELDS)
    return Planner(TargetRules("crm", loaded, FIELDS, **{"removable": True, **more}), digest, NOW)


def employee(**given) -> Employee:
    person = {"number": "0012", "status": EmploymentStatus.ACTIVE, "full_name": "测试甲", "hire_day": date(2020, 1, 1)}
    return Employee(**{**person, **given})


def linked(state: AccountState = AccountState.ENABLED, **applied: object) -> Link:
    marks = {name: digest(value, f"crm|0012|{name}") for name, value in applied.items()}
    return Link("crm", "0012", "x1", state, marks, 1, 3, "old", dirty=True)


def plan(planner: Planner, person: Employee, link: Link | None = None, living=(), **more) -> PersonPlan:
    link = link or Link("crm", person.number)
    (made,) = planner.plan([Person(7, [PersonVersion(7, LONG_AGO, person)], link, **more)], set(living).intersection)
    return made


def told(plan: PersonPlan) -> list[tuple[Action, Mapping[str, object]]]:
    return [(intention.action, {**intention.fields, **intention.references}) for intention, _ in plan.intentions]


def test_somebody_new_is_provisioned_with_everything_that_has_a_value(folder: Path) -> None:
    made = plan(planner(folder), employee(position="员工"))
    assert told(made) == [(Action.PROVISION, {"name": "测试甲", "title": "员工"})]


def test_only_what_differs_is_written(folder: Path) -> None:
    link = linked(name="测试甲", title="员工")
    assert told(plan(planner(folder), employee(position="经理"), link)) == [(Action.UPDATE, {"title": "经理"})]


def test_when_nothing_differs_there_is_nothing_to_do(folder: Path) -> None:
    made = plan(planner(folder), employee(position="员工"), linked(name="测试甲", title="员工"))
    assert told(made) == []
    assert (made.link.planned_version, made.link.dirty) == (7, False)


def test_a_field_is_cleared_only_if_it_was_written(folder: Path) -> None:
    made = plan(planner(folder), employee(), linked(name="测试甲", title="员工"))
    assert told(made) == [(Action.UPDATE, {"title": None})]


def test_what_was_cleared_is_not_cleared_again(folder: Path) -> None:
    assert told(plan(planner(folder), employee(), linked(name="测试甲", title=None))) == []


def test_a_reference_to_somebody_without_an_account_waits(folder: Path) -> None:
    made = plan(planner(folder), employee(manager_number="0001"), linked(name="测试甲"))
    assert (told(made), made.link.dirty) == ([], True)
    made = plan(planner(folder), employee(manager_number="0001"), linked(name="测试甲"), living={"0001"})
    assert (told(made), made.link.dirty) == ([(Action.UPDATE, {"manager": "0001"})], False)


def test_a_reference_travels_as_an_employee_number_and_not_as_a_field(folder: Path) -> None:
    made = plan(planner(folder), employee(manager_number="0001"), living={"0001"})
    ((intention, marks),) = made.intentions
    assert (dict(intention.references), "manager" in intention.fields) == ({"manager": "0001"}, False)
    assert marks["manager"] == digest("0001", "crm|0012|manager")


def test_protected_people_keep_their_accounts_but_their_fields_follow(folder: Path) -> None:
    person = employee(status=DEPARTED, position="经理")
    guarded = planner(folder, protected=frozenset({"0012"}))
    assert told(plan(guarded, person, linked(name="测试甲"))) == [(Action.UPDATE, {"title": "经理"})]
    assert [action for action, _ in told(plan(planner(folder), person, linked(name="测试甲")))] == [Action.REMOVE]


def test_who_is_barred_is_out_whatever_hr_says(folder: Path) -> None:
    barred = planner(folder, barred=frozenset({"0012"}))
    told_active = plan(barred, employee(), linked(name="测试甲"))
    assert [(one.action, one.due_at) for one, _ in told_active.intentions] == [(Action.DISABLE, NOW)]
    later = employee(status=NOTICE, last_working_day=NOW.date() + timedelta(days=30))
    assert [action for action, _ in told(plan(barred, later, linked(name="测试甲")))] == [Action.DISABLE, Action.REMOVE]
    assert told(plan(barred, employee(position="经理"), linked(AccountState.DISABLED, name="测试甲"))) == []
    assert told(plan(barred, employee())) == [], "no account is made for them"
    back = plan(planner(folder), employee(), linked(AccountState.DISABLED, name="测试甲"))
    assert [action for action, _ in told(back)] == [Action.ENABLE]


def test_who_is_out_of_scope_gets_no_account_but_who_has_one_is_still_looked_after(folder: Path) -> None:
    scoped = planner(folder, MAPPING.replace("fields:\n", "scope:\n  company: [示例科技]\nfields:\n", 1))
    outside = employee(company="别处")
    assert told(plan(scoped, outside)) == []
    assert told(plan(scoped, employee(company="示例科技"))) != []
    gone = replace(outside, status=DEPARTED)
    assert [action for action, _ in told(plan(scoped, gone, linked(name="测试甲")))] == [Action.REMOVE]


def test_a_cell_that_does_not_fit_refuses_only_the_actions_it_travels_with(folder: Path) -> None:
    nameless = employee(full_name=None)
    refused = plan(planner(folder), nameless)
    assert (told(refused), [(field, rule) for field, rule, _ in refused.faults]) == ([], [("name", "required")])
    leaver = plan(planner(folder), replace(nameless, status=DEPARTED), linked(name="测试甲"))
    assert ([action for action, _ in told(leaver)], leaver.faults) == ([Action.REMOVE], ())


def test_who_comes_back_is_enabled_with_what_changed_meanwhile(folder: Path) -> None:
    link = linked(AccountState.DISABLED, name="测试甲", title="员工")
    assert told(plan(planner(folder), employee(position="顾问"), link)) == [(Action.ENABLE, {"title": "顾问"})]
    assert told(plan(planner(folder), employee(position="员工"), link)) == [(Action.ENABLE, {})]


def test_a_removal_that_the_target_cannot_do_becomes_a_disabling(folder: Path) -> None:
    limited = planner(folder, removable=False)
    assert [action for action, _ in told(plan(limited, employee(status=DEPARTED), linked(name="测试甲")))] == [
        Action.DISABLE
    ]


def test_a_departure_to_come_is_planned_with_its_dates(folder: Path) -> None:
    leaver = employee(status=NOTICE, last_working_day=date(2026, 11, 25), contract_end_day=date(2026, 11, 30))
    made = plan(planner(folder), leaver, linked(name="测试甲"))
    assert [(intention.action, intention.due_at) for intention, _ in made.intentions] == [
        (Action.DISABLE, datetime(2026, 11, 25, 16, tzinfo=UTC)),
        (Action.REMOVE, datetime(2026, 11, 30, 16, tzinfo=UTC)),
    ]


def test_who_has_left_and_never_had_an_account_gets_none(folder: Path) -> None:
    assert told(plan(planner(folder), employee(status=DEPARTED))) == []


def test_who_was_removed_and_stays_away_is_left_alone(folder: Path) -> None:
    assert told(plan(planner(folder), employee(status=DEPARTED), linked(AccountState.REMOVED))) == []


def test_an_empty_company_plans_nothing(folder: Path) -> None:
    assert planner(folder).plan([], ()) == []


def test_the_rank_counts_only_when_accounts_are_made(folder: Path) -> None:
    made = plan(planner(folder), employee(), rank=3)
    assert [intention.rank for intention, _ in made.intentions] == [3]
    made = plan(planner(folder), employee(position="经理"), linked(name="测试甲"), rank=3)
    assert [intention.rank for intention, _ in made.intentions] == [0]


def test_ranks_count_down_from_the_top() -> None:
    managers = {"0001": None, "0002": "0001", "0003": "0002", "0004": "9999"}
    assert ranks(managers, ["0001", "0002", "0003", "0004"]) == {"0001": 0, "0002": 1, "0003": 2, "0004": 1}


def test_a_cycle_of_managers_ends() -> None:
    managers = {"0001": "0002", "0002": "0001", "0003": "0003", "0004": "0003"}
    assert set(ranks(managers, managers, deepest=9).values()) == {9}

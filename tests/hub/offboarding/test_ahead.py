"""The look ahead by itself: at the opening, once a day until the last day, kept, and told when there is something new."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from baton.errors import ApprovalError
from baton.hub.offboarding import ahead, casework, hourly
from baton.hub.offboarding.opening import open_and_look
from baton.hub.offboarding.prescan import prescan
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, Cause
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.rig.belongings import TalkingTarget
from tests.rig.company import row

Make = Callable[..., Desk]
SUBJECT = "things to see to before the last day"


def office(desk: Make, **more: object) -> Desk:
    return desk(TalkingTarget, offboarding=OffboardingPart(notifiers=("crm",), **more))  # type: ignore[arg-type]


def leaving(d: Desk, days: int = 9, cause: Cause = Cause.BY_HAND) -> Case:
    return d.open(cause, last_working_at=d.hub.clock.now() + timedelta(days=days))


def told(d: Desk) -> list[tuple[str, str]]:
    """Who was told of what is in the way since the last time this was asked, with the first line of what."""
    found = [(to, text.splitlines()[2]) for to, subject, text in d.things.outbox if SUBJECT in subject]
    d.things.outbox.clear()
    return sorted(found)


def codes(d: Desk, case: Case) -> list[str]:
    last = ahead.last_look(d.hub, case)
    return [] if last is None else [each["code"] for each in last.shown["found"]]


def test_what_is_in_the_way_is_found_by_the_schedule_kept_and_told_once(desk: Make) -> None:
    d = office(desk)
    d.plant(HoldingKind.GROUP, 1)
    case = leaving(d)
    assert ahead.last_look(d.hub, case) is None
    assert d.tick().ahead == 1
    assert codes(d, case) == ["group_owner"]
    assert told(d) == [(MANAGER, "· 测试group1䶮: name another owner")]
    assert d.tick().ahead == 0
    for _ in range(2):
        d.company.clock.advance(timedelta(days=1))
        assert d.tick().ahead == 1, "once a day"
    assert told(d) == [], "nothing new"


def test_what_comes_up_later_is_told_and_what_is_seen_to_is_gone(desk: Make) -> None:
    d = office(desk)
    case = leaving(d)
    d.tick()
    assert (codes(d, case), told(d)) == ([], [])
    d.company.clock.advance(timedelta(days=1))
    ref = d.plant(HoldingKind.GROUP, 1)
    d.tick()
    assert len(told(d)) == 1
    d.company.clock.advance(timedelta(days=1))
    d.things.holders[ref] = d.id_of(OTHER)
    d.tick()
    assert (codes(d, case), told(d)) == ([], [])
    d.company.clock.advance(timedelta(days=1))
    d.things.holders[ref] = d.id_of(LEAVER)
    d.plant(HoldingKind.GROUP, 2)
    d.tick()
    assert len(told(d)) == 1


def test_an_opening_by_a_person_looks_ahead_at_once(desk: Make) -> None:
    d = office(desk)
    d.plant(HoldingKind.GROUP, 1)
    last = d.hub.clock.now() + timedelta(days=9)
    case = open_and_look(d.hub, casework.Opening(LEAVER, Cause.BY_HAND, HR, last_working_at=last)).case
    assert codes(d, case) == ["group_owner"]
    assert d.tick().ahead == 0
    assert [who for who, _ in told(d)] == [MANAGER]
    again = open_and_look(d.hub, casework.Opening(LEAVER, Cause.BY_HAND, HR, last_working_at=last)).case
    assert again.id == case.id
    other = last - timedelta(days=1)
    with pytest.raises(ApprovalError, match="another last working moment"):
        open_and_look(d.hub, casework.Opening(LEAVER, Cause.BY_HAND, HR, last_working_at=other))
    urgent = open_and_look(d.hub, casework.Opening(LEAVER, Cause.EMERGENCY, HR, last_working_at=other)).case
    assert (urgent.id, urgent.dates.last_working_at) == (case.id, d.hub.clock.now())


def test_hr_who_work_here_are_told_too_and_the_leaver_never(desk: Make) -> None:
    d = office(desk, hr=(HR, OTHER, LEAVER))
    d.plant(HoldingKind.GROUP, 1)
    leaving(d)
    d.tick()
    assert [who for who, _ in told(d)] == [MANAGER, OTHER]


def the_manager_departs(d: Desk) -> None:
    d.company.rows[0] = row(MANAGER, status="departed", last_day="2026-11-01", department="销售部", title="经理")
    plan_sync(d.hub, SyncRequest())


def deputies(tmp_path: Path) -> Path:
    file = tmp_path / "policies.yaml"
    file.write_text(f"policies:\n  all: {{deputies: ['{SUCCESSOR}']}}\n", "utf-8")
    return file


def test_once_the_manager_has_left_who_decides_in_their_place_is_told(desk: Make, tmp_path: Path) -> None:
    d = office(desk, policies=deputies(tmp_path))
    d.plant(HoldingKind.GROUP, 1)
    leaving(d)
    the_manager_departs(d)
    d.tick()
    assert [who for who, _ in told(d)] == [SUCCESSOR]


def test_who_decides_since_the_last_look_hears_of_what_was_known_before_and_nobody_hears_it_twice(
    desk: Make, tmp_path: Path
) -> None:
    d = office(desk, policies=deputies(tmp_path))
    d.plant(HoldingKind.GROUP, 1)
    leaving(d)
    d.tick()
    assert [who for who, _ in told(d)] == [MANAGER]
    the_manager_departs(d)
    for expected in ([SUCCESSOR], []):
        d.company.clock.advance(timedelta(days=1))
        d.tick()
        assert [who for who, _ in told(d)] == expected


def test_hr_who_are_named_by_a_mail_address_are_told_too(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    d = office(desk, hr=("hr@example.test",))
    d.plant(HoldingKind.GROUP, 1)
    leaving(d)
    asked: set[str] = set()
    monkeypatch.setattr(ahead, "reach", lambda _hub, people, _forms: asked.update(people) or {})
    d.tick()
    assert asked == {MANAGER, "hr@example.test"}


def test_after_the_last_day_and_in_a_paused_case_nobody_looks(desk: Make) -> None:
    d = office(desk)
    d.plant(HoldingKind.GROUP, 1)
    case = leaving(d, days=2)
    casework.decide(d.hub, case.id, Act.PAUSE, HR, "wait")
    assert d.tick().ahead == 0
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "go on")
    assert d.tick().ahead == 1
    d.company.clock.advance(timedelta(days=3))
    assert d.tick().ahead == 0
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    d.tick()
    assert ahead.last_look(d.hub, case) is None, "what was found is kept no longer than it is of use"


def test_a_system_that_cannot_be_read_takes_nothing_back_and_keeps_nothing_waiting(
    desk: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    d = office(desk)
    d.plant(HoldingKind.GROUP, 1)
    case = leaving(d)
    d.tick()
    told(d)

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(d.target(), "blockers", broken)
    d.company.clock.advance(timedelta(days=1))
    hour = d.tick()
    assert f"{case.id} crm" in hour.troubles
    assert codes(d, case) == ["group_owner"]
    monkeypatch.undo()
    d.company.clock.advance(timedelta(days=1))
    d.tick()
    assert told(d) == [], "it had been told before it could not be read"


def test_a_look_that_was_told_and_not_kept_is_not_told_again(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    d = office(desk)
    d.plant(HoldingKind.GROUP, 1)
    case = leaving(d)

    def full(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(d.hub.kept_files, "put", full)
    assert case.id in d.tick().troubles
    assert len(told(d)) == 1
    monkeypatch.undo()
    assert d.tick().ahead == 1
    assert (codes(d, case), told(d)) == (["group_owner"], [])


def test_who_reports_to_whom_is_read_once_for_all_cases(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    d = office(desk)
    leaving(d)
    for number in (SUCCESSOR, OTHER):
        casework.open_case(d.hub, casework.Opening(number, Cause.BY_HAND, HR))
    read = []
    everyone = d.hub.people.everyone
    monkeypatch.setattr(d.hub.people, "everyone", lambda *given: read.append(given) or everyone(*given))
    assert (hourly.tick(d.hub).ahead, len(read)) == (3, 1)


def test_a_case_that_is_paused_during_the_look_tells_nobody_before_it_goes_on(desk: Make) -> None:
    d = office(desk)
    d.plant(HoldingKind.GROUP, 1)
    case = leaving(d)
    (scan,) = prescan(d.hub, [case]).values()
    casework.decide(d.hub, case.id, Act.PAUSE, HR, "wait for the audit")
    ahead.settled(d.hub, scan)
    d.tick()
    assert (codes(d, case), told(d)) == ([], [])
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "go on")
    d.tick()
    assert (codes(d, case), len(told(d))) == (["group_owner"], 1)


def test_a_page_that_is_asked_for_while_a_newer_look_takes_the_place_shows_that(
    desk: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    d = office(desk)
    d.plant(HoldingKind.GROUP, 1)
    case = leaving(d)
    d.tick()
    d.company.clock.advance(timedelta(days=1))
    get = d.hub.kept_files.get

    def meanwhile(place: str) -> bytes:
        monkeypatch.undo()
        ahead.look_ahead(d.hub, [case])
        return get(place)

    monkeypatch.setattr(d.hub.kept_files, "get", meanwhile)
    last = ahead.last_look(d.hub, case)
    assert last is not None
    assert last.at == d.hub.clock.now()

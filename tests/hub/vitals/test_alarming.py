"""Alarms: raised once, told, escalated, taken on, silenced, over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub import proof
from baton.hub.vitals.alarming import acknowledge, silence
from baton.hub.vitals.document import health_document
from baton.model.account import Receipt
from baton.model.alarm import AlarmState
from baton.model.handover import Message
from baton.store import tallies
from baton.store.messages import may_be_to
from baton.store.runs import RunState
from tests.hub.vitals.conftest import BOSS, OPS, H, Start
from tests.rig.belongings import TalkingTarget

SWITCH = {"measure": "switches_count", "above": "0", "severity": "critical", "routes": ["ops"], "again_after": "24h"}
ESCALATED = {**SWITCH, "escalate_after": "2h", "escalate_to": ["boss"]}


def throw(post, position="on"):
    with post.hub.database.write() as connection:
        if position == "on":
            post.hub.runs.engage(connection, "action:remove", "ops", "a test")
        else:
            post.hub.runs.disengage(connection, "action:remove", "ops", "a test")


def test_a_broken_rule_is_told_once_and_again_when_it_holds(start_on_both: Start) -> None:
    post = start_on_both({"left_on": SWITCH})
    assert (post.look().current, post.told) == ([], [])
    throw(post)
    assert [post.look().raised for _ in range(3)] == [1, 0, 0]
    assert [person for person, _ in post.told] == [OPS]
    assert "left_on" in post.told[0][1]
    with post.hub.database.read() as connection:
        assert len(post.hub.effects.read(connection, may_be_to(OPS))) == 1, "whose it is is told without opening it"
    throw(post, "off")
    assert [post.look().over for _ in range(2)] == [1, 0]
    assert [person for person, _ in post.told] == [OPS, OPS]
    assert "Over" in post.told[1][1]
    with post.hub.database.read() as connection:
        latest = [run for run in post.hub.runs.latest(connection) if run.job == "alarms"]
    assert [(run.state, run.verdict) for run in latest] == [(RunState.SETTLED, "clean")] * 2
    assert proof.verify(post.hub).findings == ()


def test_nobody_takes_it_on_so_it_goes_up_once_and_is_said_again_after_a_day(start: Start) -> None:
    post = start({"left_on": ESCALATED})
    throw(post)
    post.look()
    post.later(hours=1)
    post.look()
    assert [person for person, _ in post.told] == [OPS]
    post.later(hours=1)
    post.look()
    post.look()
    assert [person for person, _ in post.told] == [OPS, BOSS]
    post.later(hours=22)
    post.look()
    assert [person for person, _ in post.told] == [OPS, BOSS, OPS]
    throw(post, "off")
    post.look()
    assert sorted(person for person, _ in post.told[3:]) == [OPS, BOSS], "whoever heard of it hears that it is over"


def test_who_heard_only_that_it_was_passed_on_hears_that_it_is_over(start: Start) -> None:
    post = start({"left_on": {**ESCALATED, "routes": []}})
    throw(post)
    post.look()
    post.later(hours=2)
    post.look()
    throw(post, "off")
    assert (post.look().over, [person for person, _ in post.told]) == (1, [BOSS, BOSS])
    assert "Over" in post.told[1][1]


def test_what_somebody_has_taken_on_is_not_said_again(start: Start) -> None:
    post = start({"left_on": ESCALATED})
    throw(post)
    (alarm,) = post.look().current
    taken = acknowledge(post.hub, alarm.key, "olga", "I am at it")
    assert (taken.state, taken.person, taken.why) == (AlarmState.ACKNOWLEDGED, "olga", "I am at it")
    post.later(days=3)
    assert len(post.look().current) == 1
    assert len(post.told) == 1
    with pytest.raises(ApprovalError, match="cannot go from acknowledged"):
        acknowledge(post.hub, alarm.key, "ada", "me too")


def test_a_silenced_alarm_stays_silent_until_its_time_whatever_the_figure_does(start: Start) -> None:
    post = start({"left_on": ESCALATED})
    throw(post)
    (alarm,) = post.look().current
    silence(post.hub, alarm.key, "olga", "maintenance", timedelta(hours=6))
    for position in ("off", "on", "off", "on"):
        post.later(hours=1)
        throw(post, position)
        assert [each.state for each in post.look().current] == [AlarmState.SILENCED]
    assert len(post.told) == 1
    post.later(hours=3)
    assert [each.state for each in post.look().current] == [AlarmState.FIRING]
    assert len(post.told) == 3, "said as if new, and passed on: its time to be taken on is long over"


def test_a_silence_that_has_run_out_silences_nothing_although_nobody_looks(start: Start) -> None:
    post = start({"left_on": SWITCH})
    throw(post)
    (alarm,) = post.look().current
    silence(post.hub, alarm.key, "olga", "maintenance", timedelta(hours=6))

    def verdict() -> tuple[str, list[str], list[str]]:
        document = health_document(post.hub)
        return (
            document["verdict"],
            [each["rule"] for each in document["broken"]],
            [each["state"] for each in document["alarms"]],
        )

    post.later(hours=5)
    assert verdict() == ("well", [], ["silenced"])
    post.later(hours=1)
    assert verdict() == ("critical", ["left_on"], ["firing"])
    taken = acknowledge(post.hub, alarm.key, "ada", "I am at it")
    assert (taken.state, taken.person, taken.until) == (AlarmState.ACKNOWLEDGED, "ada", None)
    silence(post.hub, alarm.key, "ada", "until tomorrow", timedelta(hours=20))
    assert verdict() == ("well", [], ["silenced"])
    post.later(hours=30)
    silence(post.hub, alarm.key, "ada", "another day", timedelta(hours=20))
    assert verdict() == ("well", [], ["silenced"])
    throw(post, "off")
    post.later(hours=20)
    assert (post.look().over, [person for person, _ in post.told]) == (1, [OPS, OPS]), "who heard of it hears the end"


def test_what_fires_again_after_a_silence_has_the_figure_of_now(start: Start) -> None:
    post = start({"left_on": SWITCH})
    throw(post)
    (alarm,) = post.look().current
    silence(post.hub, alarm.key, "olga", "maintenance", timedelta(hours=6))
    with post.hub.database.write() as connection:
        post.hub.runs.engage(connection, "system:crm", "ops", "another one")
    post.later(hours=7)
    (again,) = post.look().current
    assert (again.state, again.value, again.seen_at) == (AlarmState.FIRING, 2, post.hub.clock.now())


def test_a_database_that_was_away_for_a_moment_ends_no_alarm(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    down = {"measure": "database_up", "below": "1", "severity": "critical", "routes": ["ops"]}
    post = start({"left_on": SWITCH, "also_on": SWITCH, "down": down})
    throw(post)
    first, second = sorted(post.look().current, key=lambda alarm: alarm.rule)
    acknowledge(post.hub, first.key, "olga", "at it")
    silence(post.hub, second.key, "olga", "for a moment", timedelta(minutes=5))
    heard = len(post.told)
    post.later(minutes=10)
    with monkeypatch.context() as patch:
        patch.setattr(tallies, "systems", gone_away)
        watched = post.look()
    assert (watched.over, watched.raised) == (0, 1)
    states = {alarm.rule: (alarm.state, alarm.person) for alarm in watched.current}
    assert states["also_on"] == (AlarmState.ACKNOWLEDGED, "olga")
    assert states["left_on"] == (AlarmState.SILENCED, "olga"), "whether it is to fire again is not known yet"
    post.later(minutes=10)
    watched = post.look()
    assert (watched.over, watched.raised) == (1, 0), "of what there is a figure again: the database answers"
    states = {alarm.rule: (alarm.state, alarm.person) for alarm in watched.current}
    assert states == {"also_on": (AlarmState.ACKNOWLEDGED, "olga"), "left_on": (AlarmState.FIRING, "olga")}
    subjects = [subject.split(" · ")[1] for _, subject in post.told[heard:]]
    assert subjects == ["[critical] New alarm: down", "[critical] New alarm: left_on", "[critical] Over: down"]


def test_an_alarm_whose_rule_is_gone_ends_whatever_can_be_read(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    post = start({"left_on": SWITCH})
    throw(post)
    post.look()
    post.hub.settings.alarms.rules.clear()
    with monkeypatch.context() as patch:
        patch.setattr(tallies, "systems", gone_away)
        assert post.look().over == 1


def gone_away(*_: object) -> None:
    raise sa.exc.OperationalError("SELECT", {}, Exception("server closed the connection"))


def test_a_silence_has_an_end_a_name_and_a_reason(start: Start) -> None:
    post = start({"left_on": SWITCH})
    throw(post)
    (alarm,) = post.look().current
    for lasting, person, why, code in (
        (timedelta(days=32), "olga", "long", "too_long"),
        (timedelta(0), "olga", "none", "too_long"),
        (timedelta(hours=1), " ", "x", "no_reason"),
        (timedelta(hours=1), "olga", "", "no_reason"),
    ):
        with pytest.raises(ApprovalError) as refused:
            silence(post.hub, alarm.key, person, why, lasting)
        assert refused.value.code == code


def test_what_is_over_or_was_never_there_cannot_be_decided_on(start: Start) -> None:
    post = start({"left_on": SWITCH})
    throw(post)
    (alarm,) = post.look().current
    throw(post, "off")
    post.look()
    for key in (alarm.key, "nonsense"):
        with pytest.raises(ApprovalError):
            acknowledge(post.hub, key, "olga", "too late")


def test_whom_nobody_can_reach_is_tried_again_at_the_next_look(start: Start) -> None:
    post = start({"left_on": {**SWITCH, "routes": ["ops", "boss"]}})
    post.company.truths["crm"].belongings.outbox.clear()
    throw(post)
    post.hub.settings.alarms.routes["nobody"] = post.hub.settings.alarms.routes["ops"].model_copy(
        update={"people": ("9999",)}
    )
    rule = post.hub.settings.alarms.rules["left_on"].model_copy(update={"routes": ("nobody",)})
    post.hub.settings.alarms.rules["left_on"] = rule
    watched = post.look()
    assert (watched.raised, watched.messages) == (1, 0)
    assert watched.mute == ["nobody: crm knows none of its people"]
    assert watched.current[0].told_at is None
    post.hub.settings.alarms.rules["left_on"] = rule.model_copy(update={"routes": ("boss",)})
    post.look()
    assert [person for person, _ in post.told] == [BOSS]


@pytest.mark.parametrize("rule", [{**SWITCH, "routes": ["ops", "boss"]}, {**ESCALATED, "escalate_to": ["ops", "boss"]}])
def test_a_route_that_was_away_hears_as_soon_as_it_is_reached_and_once(start: Start, rule: dict) -> None:
    post = start({"left_on": rule})
    away = post.hub.settings.alarms.routes["boss"]
    post.hub.settings.alarms.routes["boss"] = away.model_copy(update={"people": ("9999",)})
    throw(post)
    post.look()
    post.later(hours=2)
    post.look()
    assert {person for person, _ in post.told} == {OPS}
    first = len(post.told)
    post.hub.settings.alarms.routes["boss"] = away
    post.later(minutes=5)
    assert post.look().messages == 1
    post.later(minutes=5)
    assert post.look().messages == 0
    assert [person for person, _ in post.told][first:] == [BOSS]


def test_that_it_is_over_hears_only_who_has_heard_of_it(start: Start) -> None:
    post = start({"left_on": {**SWITCH, "routes": ["ops", "boss"]}})
    away = post.hub.settings.alarms.routes["boss"]
    post.hub.settings.alarms.routes["boss"] = away.model_copy(update={"people": ("9999",)})
    throw(post)
    post.look()
    assert [person for person, _ in post.told] == [OPS]
    post.hub.settings.alarms.routes["boss"] = away
    throw(post, "off")
    assert post.look().messages == 1
    assert [person for person, _ in post.told] == [OPS, OPS]


def test_a_message_that_could_not_be_sent_waits_for_the_next_look(start: Start) -> None:
    post = start({"left_on": SWITCH})
    throw(post)
    with post.hub.database.write() as connection:
        post.hub.runs.engage(connection, "system:crm", "ops", "the mail relay is away")
    watched = post.look()
    assert (watched.messages, post.told) == (1, [])
    assert "kill switch" in watched.halted[0]
    with post.hub.database.write() as connection:
        post.hub.runs.disengage(connection, "system:crm", "ops", "back")
    post.look()
    assert [person for person, _ in post.told] == [OPS]


def test_messages_that_are_switched_off_are_told_as_kept_back_until_they_go(start: Start) -> None:
    post = start({"left_on": SWITCH})
    with post.hub.database.write() as connection:
        post.hub.runs.engage(connection, "action:notify", "ops", "no messages to leavers today")
    kept = ["crm: kill switch action:notify is on: no messages to leavers today"]
    assert [post.look().halted for _ in range(2)] == [kept, kept]
    assert post.told == []
    throw(post)  # so that the alarm goes on, and not its end is what is told
    with post.hub.database.write() as connection:
        post.hub.runs.disengage(connection, "action:notify", "ops", "over")
    assert post.look().halted == []
    assert [person for person, _ in post.told] == [OPS]


def test_messages_that_are_switched_off_are_no_trouble_where_none_is_due(start: Start) -> None:
    post = start({"few": {"measure": "people_count", "below": "1", "routes": ["ops"]}})
    with post.hub.database.write() as connection:
        post.hub.runs.engage(connection, "action:notify", "ops", "a test")
    assert post.look().halted == []


def test_who_has_left_hears_of_no_alarm_and_the_route_says_so(start_on_both: Start) -> None:
    post = start_on_both({"left_on": {**SWITCH, "routes": ["ops", "boss"]}})
    boss = next(person for person in post.company.rows if person["number"] == BOSS)
    boss |= {"status": "departed", "last_day": "2026-11-01", "contract_end": "2026-11-01"}
    post.hire("0003", "0004", "0005", "0006")
    throw(post)
    watched = post.look()
    assert [person for person, _ in post.told] == [OPS]
    assert watched.mute == ["boss: none of its people works here any more"]


def test_somebody_of_a_route_who_is_not_reached_is_told_of_at_every_look(start_on_both: Start) -> None:
    post = start_on_both({"left_on": {**SWITCH, "routes": ["ops", "boss"]}})
    routes = post.hub.settings.alarms.routes
    routes["ops"] = routes["ops"].model_copy(update={"people": (OPS, "9999", "9998", OPS)})
    routes["boss"] = routes["boss"].model_copy(update={"people": (BOSS, "0004")})
    post.hire("0003", "0004", "0005", "0006")
    departing = next(person for person in post.company.rows if person["number"] == "0004")
    departing |= {"status": "departed", "last_day": "2026-11-01", "contract_end": "2026-11-01"}
    post.hire()
    throw(post)
    missed = ["boss: 1 of its 2 people no longer here", "ops: crm does not know 2 of its 3 people"]
    assert [post.look().mute for _ in range(2)] == [missed, missed]
    assert sorted(person for person, _ in post.told) == [OPS, BOSS]
    routes["ops"] = routes["ops"].model_copy(update={"people": (OPS,)})
    routes["boss"] = routes["boss"].model_copy(update={"people": (BOSS,)})
    assert post.look().mute == []


def test_a_message_that_was_refused_is_seen_where_alarms_are_watched_over(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = start({"left_on": {**SWITCH, "routes": ["ops", "boss"]}})

    def wrong_address(target: TalkingTarget, messages: Sequence[Message]) -> Sequence[Receipt]:
        told = [each for each in messages if each.to.number == BOSS]
        target.things.outbox += [(each.to.number, each.subject, each.text) for each in told]
        refused = Receipt.refused("no_such_address", "the address is not known", remedy="correct it")
        return [Receipt.done() if each in told else refused for each in messages]

    with monkeypatch.context() as patch:
        patch.setattr(TalkingTarget, "notify", wrong_address)
        throw(post)
        watched = post.look()
    assert [person for person, _ in post.told] == [BOSS]
    assert watched.refused == ["crm: no_such_address"]
    assert post.look().refused == [], "said once: what failed then is to be seen where it failed"


def test_a_rule_about_one_system_leaves_the_others_alone(start: Start) -> None:
    post = start({"old": {"measure": "success_age_s", "above": "1h", "only": ["elsewhere"], "routes": ["ops"]}})
    post.later(days=1)
    assert post.look().current == []


def test_the_rules_that_come_with_the_hub_hold_where_none_are_given(start: Start) -> None:
    post = start(None, default_routes=["ops"])
    post.later(seconds=3 * H)
    found = {(alarm.rule, alarm.subject) for alarm in post.look().current}
    assert ("sync_silent", "sync") in found
    assert not {rule for rule, _ in found} & {"database_down", "clock_off", "audit_key_missing", "queue_old"}
    assert {person for person, _ in post.told} == {OPS}

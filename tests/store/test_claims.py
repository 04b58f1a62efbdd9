"""Who may send what, and when: claims, epochs, order, batches, crashes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from baton.model.account import Action, Receipt
from baton.model.effect import batch_name
from baton.store.claims import ClaimRule
from baton.store.leases import CRASH_LIMIT, Settlement
from baton.store.tables import audit, effects
from tests.store.desk import SYSTEM, Desk

PLACES = [f"{number:04d}" for number in range(1, 10)]


def numbers(batch) -> list[str]:
    return [effect.number for effect in batch]


def test_a_claim_is_committed_as_sent_before_the_call(desk: Desk) -> None:
    desk.plan("0012")
    (effect,) = desk.claim("w1")
    assert desk.rows("state", "epoch", "attempts", "lease_owner") == [("sent", 1, 1, "w1")]
    assert (effect.epoch, effect.attempts, effect.fields) == (1, 1, {"name": "测试䶮"})


def test_what_is_claimed_is_claimed_by_nobody_else(desk: Desk) -> None:
    desk.plan_all(PLACES)
    first, second, third = desk.claim("w1", 4), desk.claim("w2", 4), desk.claim("w3", 4)
    assert numbers(first) + numbers(second) + numbers(third) == PLACES
    assert desk.claim("w4") == []


def test_a_batch_is_of_one_action(desk: Desk) -> None:
    desk.plan("0001", Action.PROVISION)
    desk.plan("0002", Action.DISABLE)
    assert numbers(desk.claim()) == ["0001"]
    assert numbers(desk.claim()) == ["0002"]


def test_several_calls_claimed_at_once_have_a_name_each(desk: Desk) -> None:
    desk.plan_all(PLACES[:5])
    rule = ClaimRule(SYSTEM, "w", 2, 60.0, whole_batches=False, calls=3)
    with desk.database.write() as connection:
        claimed = desk.leases.claim(connection, rule)
    keys = [effect.key for effect in claimed]
    names = [batch_name(call) for call in (keys[:2], keys[2:4], keys[4:])]
    wanted = [names[0], names[0], names[1], names[1], names[2]]
    assert [effect.batch_id for effect in claimed] == wanted
    assert desk.rows("batch_id", "state", "attempts") == [(name, "sent", 1) for name in wanted]
    with desk.database.read() as connection:
        bodies = connection.execute(sa.select(audit.entries.c.body).order_by(audit.entries.c.seq)).scalars()
        assert [json.loads(body)["batch"] for body in list(bodies)[-5:]] == wanted


def test_nothing_is_sent_before_it_is_due(desk: Desk) -> None:
    desk.plan("0001", due_in=3600)
    assert desk.claim() == []
    desk.clock.sleep(3599)
    assert desk.claim() == []
    desk.clock.sleep(1)
    assert numbers(desk.claim()) == ["0001"]


def test_a_zombie_s_receipt_changes_no_row(desk: Desk) -> None:
    desk.plan("0001")
    zombie = desk.claim("zombie")
    assert desk.crash() == 1
    before = desk.rows("state", "epoch", "code", "updated_at"), desk.moves()
    assert desk.settle(zombie, Receipt.done("x1")) == [None]
    assert (desk.rows("state", "epoch", "code", "updated_at"), desk.moves()) == before


def test_a_zombie_cannot_settle_what_was_claimed_anew(desk: Desk) -> None:
    desk.plan("0001")
    zombie = desk.claim("zombie")
    desk.crash()
    desk.settle(desk.doubtful(), Receipt.not_performed("not_there", "not found"))
    again = desk.claim("w2")
    assert again[0].epoch > zombie[0].epoch
    assert desk.settle(zombie, Receipt.refused("no", "no")) == [None]
    assert desk.settle(again, Receipt.done("x1")) == ["done"]


def test_what_is_given_back_unsent_was_no_attempt_and_its_claim_is_over(desk: Desk) -> None:
    desk.plan_all(["0001", "0002"])
    claimed = desk.claim("w1")
    unsent = [Settlement(effect, Receipt.not_performed("stopped", "stopped")) for effect in claimed]
    with desk.database.write() as connection:
        assert desk.leases.put_back(connection, unsent) == ["planned", "planned"]
        assert desk.leases.put_back(connection, unsent) == [None, None], "whoever had it claimed has it no longer"
    assert desk.rows("state", "epoch", "attempts", "lease_owner", "code") == [("planned", 1, 0, None, "stopped")] * 2
    assert desk.moves()[-2:] == [("sent", "planned")] * 2
    again = desk.claim("w2")
    assert [(effect.epoch, effect.attempts) for effect in again] == [(2, 1)] * 2
    assert desk.settle(claimed, Receipt.done("x1")) == [None, None]


def test_two_lookers_never_hold_the_same_doubt(desk: Desk) -> None:
    desk.plan("0001")
    desk.claim()
    desk.crash()
    first = desk.doubtful()
    assert (numbers(first), desk.doubtful()) == (["0001"], [])
    desk.clock.sleep(61)
    second = desk.doubtful()
    assert desk.settle(first, Receipt.done("x1")) == [None]
    assert desk.settle(second, Receipt.done("x1")) == ["done"]


def test_recover_puts_sent_without_receipt_in_doubt_and_counts_the_crash(desk: Desk) -> None:
    desk.plan_all(["0001", "0002"])
    desk.claim()
    assert desk.crash() == 2
    assert desk.rows("state", "crashes", "doubted", "lease_owner", "code") == [
        ("in_doubt", 1, True, None, "no_receipt"),
        ("in_doubt", 1, True, None, "no_receipt"),
    ]


def test_recover_leaves_a_living_worker_alone(desk: Desk) -> None:
    desk.plan("0001")
    desk.claim()
    with desk.database.write() as connection:
        assert desk.leases.recover(connection, "crm") == 0
    assert desk.rows("state") == [("sent",)]


def test_after_crashes_the_batch_shrinks_to_the_root_and_then_to_one(desk: Desk) -> None:
    desk.plan_all(PLACES)
    sizes = []
    for _ in range(CRASH_LIMIT):
        sizes.append(len(desk.claim(limit=9)))
        desk.crash()
        desk.settle(desk.doubtful(), Receipt.not_performed("not_there", "not found"))
    assert sizes == [9, 3, 1]
    assert desk.rows("crashes") == [(CRASH_LIMIT,), (2,), (2,)] + [(1,)] * 6
    assert numbers(desk.claim(limit=9)) == ["0001"], "it ends alone, where the applier puts it aside"


def test_an_open_lower_version_blocks_the_next_of_the_same_person_only(desk: Desk) -> None:
    desk.plan("0001", Action.UPDATE, Action.DISABLE)
    desk.plan("0002", Action.UPDATE)
    first = desk.claim()
    assert numbers(first) == ["0001", "0002"]
    assert desk.claim() == []
    desk.settle(first, Receipt.in_doubt("lost", "no answer"))
    assert desk.claim() == [], "in doubt blocks as well"
    desk.settle(desk.doubtful(), Receipt.done("x1"))
    assert [(e.number, e.action, e.version) for e in desk.claim()] == [("0001", Action.DISABLE, 2)]


@pytest.mark.parametrize("receipt", [Receipt.done("x1"), Receipt.refused("no", "no")])
def test_a_final_lower_version_blocks_nothing(desk: Desk, receipt: Receipt) -> None:
    desk.plan("0001", Action.UPDATE, Action.DISABLE)
    desk.settle(desk.claim(), receipt)
    assert [effect.version for effect in desk.claim()] == [2]


def test_managers_go_first_and_their_reports_wait_for_them(desk: Desk) -> None:
    desk.plan("0003", rank=2)
    desk.plan("0002", rank=1)
    desk.plan("0001", rank=0)
    chief = desk.claim()
    assert numbers(chief) == ["0001"]
    assert desk.claim() == [], "the account they refer to is being made right now"
    desk.settle(chief, Receipt.done("x1"))
    assert numbers(desk.claim()) == ["0002"]


def test_a_dead_manager_s_worker_does_not_stop_the_rest(desk: Desk) -> None:
    desk.plan("0001", rank=0)
    desk.plan("0002", rank=1)
    desk.claim()
    desk.clock.sleep(61)
    assert numbers(desk.claim()) == ["0002"]


def test_reports_wait_until_it_is_known_what_became_of_a_dead_worker_s_manager(desk: Desk) -> None:
    desk.plan("0001", rank=0)
    desk.plan("0002", rank=1)
    desk.claim()
    desk.crash()
    assert desk.claim() == [], "nobody asks yet"
    asked = desk.doubtful()
    assert numbers(asked) == ["0001"]
    assert desk.claim() == [], "the answer is on its way"
    desk.settle(asked, Receipt.done("x1"))
    assert numbers(desk.claim()) == ["0002"]


def test_what_a_clock_ahead_of_ours_has_put_in_doubt_is_asked_about_at_once(desk: Desk) -> None:
    desk.plan("0001")
    desk.settle(desk.claim(), Receipt.in_doubt("lost", "no answer"))
    with desk.database.write() as connection:
        connection.execute(sa.update(effects).values(updated_at=desk.clock.now() + timedelta(days=1)))
    assert numbers(desk.doubtful()) == ["0001"]


def test_who_waits_longest_is_asked_about_first(desk: Desk) -> None:
    desk.plan_all(["0001", "0002"])
    desk.settle(desk.claim(), Receipt.in_doubt("lost", "no answer"))
    first, _ = desk.doubtful()
    with desk.database.write() as connection:
        desk.leases.settle(connection, [Settlement(first, Receipt.in_doubt("timeout", "no answer"), 5.0)])
    desk.clock.sleep(90)
    assert numbers(desk.doubtful()) == ["0002", "0001"]


@pytest.mark.parametrize(("retry_in_s", "meanwhile"), [(2.0, []), (60.0, ["0002"])])
def test_reports_wait_for_a_manager_who_is_tried_again_in_a_moment_only(
    desk: Desk, retry_in_s: float, meanwhile: list[str]
) -> None:
    desk.plan("0001", rank=0)
    desk.plan("0002", rank=1)
    busy = Receipt.not_performed("busy", "the row is locked")
    with desk.database.write() as connection:
        claimed = desk.leases.claim(connection, ClaimRule(SYSTEM, "w", 50, 60.0, whole_batches=False))
        desk.leases.settle(connection, [Settlement(effect, busy, retry_in_s) for effect in claimed])
    assert numbers(desk.claim()) == meanwhile
    desk.clock.sleep(retry_in_s)
    assert numbers(desk.claim()) == ["0001"]


def test_whole_batches_are_repeated_unchanged(desk: Desk) -> None:
    desk.plan_all(PLACES[:3])
    first = desk.claim(limit=3, whole_batches=True)
    desk.crash()
    desk.plan_all(PLACES[3:5])
    desk.settle(desk.doubtful(), Receipt.not_performed("not_there", "not found"))
    again = desk.claim(limit=50, whole_batches=True)
    assert ([e.key for e in again], again[0].batch_id) == ([e.key for e in first], first[0].batch_id)
    assert numbers(desk.claim(limit=50, whole_batches=True)) == PLACES[3:5]


def test_a_whole_batch_waits_for_all_in_it_and_keeps_no_other(desk: Desk) -> None:
    desk.plan_all(PLACES[:3])
    batch = desk.claim(whole_batches=True)
    busy = Receipt.not_performed("busy", "later")
    with desk.database.write() as connection:
        waits = zip(batch, (0.0, 30.0, 0.0), strict=True)
        desk.leases.settle(connection, [Settlement(effect, busy, wait_s) for effect, wait_s in waits])
    desk.plan("0004")
    assert numbers(desk.claim(whole_batches=True)) == ["0004"]
    assert desk.claim(whole_batches=True) == []
    desk.clock.sleep(30)
    again = desk.claim(whole_batches=True)
    assert ([e.key for e in again], again[0].batch_id) == ([e.key for e in batch], batch[0].batch_id)


def test_a_whole_batch_waits_until_it_is_known_of_all_in_it_that_they_are_not_there(desk: Desk) -> None:
    desk.plan_all(PLACES[:3])
    desk.claim(whole_batches=True)
    desk.crash()
    doubtful = desk.doubtful()
    absent = Receipt.not_performed("not_there", "not found")
    desk.settle(doubtful[:2], absent)
    assert desk.claim(whole_batches=True) == []
    desk.settle(doubtful[2:], absent)
    assert numbers(desk.claim(whole_batches=True)) == PLACES[:3]


def test_a_whole_batch_is_not_divided_by_how_often_those_in_it_were_tried(desk: Desk) -> None:
    desk.plan_all(PLACES[:3])
    desk.claim(whole_batches=True)
    desk.crash()
    doubtful = desk.doubtful()
    desk.settle(doubtful, Receipt.not_performed("not_there", "not found"))
    with desk.database.write() as connection:
        connection.execute(sa.update(effects).where(effects.c.number == "0002").values(epoch=effects.c.epoch + 9))
    assert numbers(desk.claim(whole_batches=True)) == PLACES[:3]


@pytest.mark.parametrize("held", PLACES[:3])
def test_a_whole_batch_is_not_divided_by_who_has_one_of_it_at_that_moment(desk: Desk, held: str) -> None:
    desk.plan_all(PLACES[:3])
    desk.settle(desk.claim(whole_batches=True), Receipt.not_performed("busy", "later"))
    if desk.database.dialect == "postgresql":  # the other has one writer at a time
        with desk.database.write() as connection:
            connection.execute(sa.select(effects.c.id).where(effects.c.number == held).with_for_update())
            assert desk.claim("other", whole_batches=True) == []
    assert numbers(desk.claim(whole_batches=True)) == PLACES[:3]


def test_a_batch_s_name_follows_from_what_is_in_it(desk: Desk) -> None:
    desk.plan_all(PLACES[:2])
    batch = desk.claim()
    assert {effect.batch_id for effect in batch} == {batch_name([effect.key for effect in batch])}


def test_a_cut_batch_has_a_new_name_and_only_its_owner_may_cut_it(desk: Desk) -> None:
    desk.plan_all(PLACES[:4])
    batch = desk.claim()
    with desk.database.write() as connection:
        half = desk.leases.rebatch(connection, batch[:2], 60)
    assert half[0].batch_id == batch_name([effect.key for effect in half]) != batch[0].batch_id
    desk.crash()
    with desk.database.write() as connection:
        assert desk.leases.rebatch(connection, batch[2:], 60) == []


def test_a_paused_action_waits_and_the_others_go_on(desk: Desk) -> None:
    desk.plan("0001", Action.DISABLE)
    desk.plan("0002", Action.UPDATE)
    rule = ClaimRule("crm", "w", 50, 60, whole_batches=False, paused_actions=frozenset({"disable"}))
    with desk.database.write() as connection:
        assert numbers(desk.leases.claim(connection, rule)) == ["0002"]
        assert desk.leases.claim(connection, rule) == []


def test_what_was_put_off_is_due_again_at_its_time_and_not_before(desk: Desk) -> None:
    desk.plan("0001")
    (effect,) = desk.claim()
    with desk.database.write() as connection:
        desk.leases.settle(connection, [Settlement(effect, Receipt.not_performed("busy", "later"), retry_in_s=30)])
    assert desk.claim() == []
    desk.clock.sleep(30)
    assert numbers(desk.claim()) == ["0001"]

"""The shared allowance of one system."""

from datetime import timedelta

import pytest

from baton.contracts import Rate
from baton.engine.limiter import SharedLimiter, while_waiting
from baton.errors import RetryableError
from baton.store.database import Database
from baton.store.migrate import upgrade
from tests.rig.clock import VirtualClock


@pytest.fixture
def shared(database_url):
    database = Database(database_url)
    upgrade(database)
    clock = VirtualClock()

    def limiter(system="crm", calls=10.0, per_s=1.0, burst=1):
        return SharedLimiter(database, system, Rate(calls, per_s, burst), clock)

    limiter.clock = clock
    yield limiter
    database.close()


def elapsed(clock, work):
    began = clock.monotonic()
    work()
    return clock.monotonic() - began


def test_calls_are_spread_and_a_burst_runs_ahead(shared):
    even, burst = shared(), shared("erp", burst=5)
    assert elapsed(shared.clock, lambda: [even.acquire() for _ in range(11)]) == pytest.approx(1.0)
    assert elapsed(shared.clock, lambda: [burst.acquire() for _ in range(5)]) == 0
    assert elapsed(shared.clock, burst.acquire) == pytest.approx(0.1)


def test_two_jobs_share_one_allowance_and_two_systems_do_not(shared):
    one, other, elsewhere = shared(), shared(), shared("erp")
    assert elapsed(shared.clock, lambda: [limiter.acquire() for limiter in (one, other, one)]) == pytest.approx(0.2)
    assert elapsed(shared.clock, elsewhere.acquire) == 0


def test_a_short_pause_is_waited_for_by_everyone(shared):
    shared().pause(30)
    assert elapsed(shared.clock, shared(burst=5).acquire) >= 29.5


def test_nobody_sleeps_through_a_long_pause_holding_work(shared):
    """The lease would run out meanwhile, and the call be made when somebody else owns the effect."""
    shared().pause(1800)
    with pytest.raises(RetryableError) as caught:
        shared().acquire()
    assert caught.value.code == "paused"
    assert caught.value.retry_after_s == pytest.approx(1800)
    assert shared.clock.monotonic() == 0
    with pytest.raises(RetryableError) as again:
        shared().acquire()
    assert again.value.retry_after_s == pytest.approx(1800)  # being sent away reserves nothing
    shared.clock.advance(timedelta(seconds=1800))
    assert elapsed(shared.clock, shared().acquire) == 0


def test_a_pause_is_an_hour_at_most_and_a_clock_set_back_ends_it_too(shared):
    shared().pause(1e9)
    with pytest.raises(RetryableError) as caught:
        shared().acquire()
    assert caught.value.retry_after_s == pytest.approx(3600)
    shared.clock.advance(timedelta(days=-30))
    with pytest.raises(RetryableError) as caught:
        shared().acquire()
    assert caught.value.retry_after_s == pytest.approx(3600)
    shared.clock.advance(timedelta(hours=1))
    assert elapsed(shared.clock, shared().acquire) == 0


def test_a_slow_system_is_still_called_in_turn(shared):
    slow = shared(calls=1, per_s=120)
    assert elapsed(shared.clock, lambda: [slow.acquire() for _ in range(3)]) == pytest.approx(240)


def test_who_waits_for_long_is_asked_again_and_again_whether_the_call_is_wanted(shared):
    slow = shared(calls=1, per_s=120)
    asked = []
    with while_waiting(lambda: asked.append(shared.clock.monotonic())):
        slow.acquire()
        slow.acquire()
    assert asked == pytest.approx([10.0 * piece for piece in range(1, 13)])

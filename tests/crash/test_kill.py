"""A sync killed with SIGKILL is as if it had only been late. The long campaign: ``python -m tests.crash``."""

from tests.crash.campaign import campaign, undisturbed


def test_the_points_cover_every_step_of_the_way() -> None:
    names = {name for name, _ in undisturbed()}
    steps = {"planning", "planned", "claimed", "sending", "before_acting", "after_acting", "sent", "stored"}
    assert names >= steps


def test_killed_anywhere_nothing_is_lost_and_nothing_happens_twice() -> None:
    figures = campaign(points=12, seed=20261122)
    assert figures.points == 12
    assert figures.killed.total() >= 12

"""Bad feeds cannot take access away from many; ordinary ones pass. The long campaign: ``python -m tests.gate``."""

import random
from datetime import date

import pytest

from baton.engine import gate
from tests.gate.campaign import ORDINARY, Figures, UnapprovedError, campaign, stories_for, story
from tests.gate.feeds import HOSTILE, company
from tests.gate.races import races


def test_hostile_feeds_of_every_kind_and_a_drip() -> None:
    figures = campaign(stories_for(20), seed=20261122)
    assert figures.feeds >= 100
    assert figures.outcomes.keys() >= set(HOSTILE)
    assert set(figures.outcomes["40 % left"]) == {"held"}
    assert set(figures.outcomes["all left"]) == {"held"}
    assert set(figures.outcomes["40 % leave soon"]) == {"held"}
    assert set(figures.outcomes["emptied"]) == {"refused"}
    assert set(figures.outcomes[ORDINARY]) == {"ready"}
    assert (figures.hostile, figures.ordinary) == (20, 20)
    assert figures.outcomes["drip of 1 % an hour"]["held"] > 0


def test_as_many_are_hostile_as_were_asked_for() -> None:
    for feeds in (1, 10, 11, 1000):
        assert stories_for(feeds) * len(HOSTILE) >= feeds > (stories_for(feeds) - 1) * len(HOSTILE)


def test_without_the_gate_the_campaign_finds_the_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "trips", lambda *_: [])
    with pytest.raises(UnapprovedError), story("no gate", Figures()) as told:
        told.hostile("40 % left")


def test_whoever_is_faster_nothing_goes_that_nobody_released() -> None:
    raced = races(4, seed=20261126)
    assert raced.races == 4
    assert {"edit", "plan", "apply"} <= raced.did.keys()


def test_a_release_that_looks_at_no_hash_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "trips", lambda *_: [])
    with pytest.raises(UnapprovedError):
        races(1, seed=1)


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_feeds_are_what_their_names_say(kind: str) -> None:
    people = company(random.Random(1))
    bad = HOSTILE[kind](people, random.Random(2), date(2026, 11, 23))
    assert bad != HOSTILE["40 % left"](people, random.Random(3), date(2026, 11, 23))

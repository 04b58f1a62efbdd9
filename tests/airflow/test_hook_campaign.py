"""Vendors' calls copied, shuffled, late and forged, through the console's handler. The long one: `tests.webhooks`."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_what_is_believed_is_what_is_valid_once_each_and_the_newest_wins(airflow_home: Path) -> None:
    from tests.webhooks.campaign import campaign

    figures = campaign(events=150, seed=20261126, kills=2)
    assert figures.wrong == []
    assert figures.deliveries > 300
    assert {status for kind, status in figures.answers if kind == "forged"} == {401}
    assert figures.kills == 2


def test_a_handler_that_believes_everything_is_found_out(airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.oa.wecom import callbacks
    from tests.webhooks.campaign import campaign

    monkeypatch.setattr(callbacks.hmac, "compare_digest", lambda *_: True)
    wrong = campaign(events=100, seed=1, kills=0).wrong
    assert any("are too many" in each for each in wrong), wrong


def test_a_kill_of_which_nothing_was_stored_does_not_count(airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answered before it is stored: the process that dies in between has stored nothing."""
    from baton.store.runs import RunStore
    from tests.webhooks.campaign import campaign

    monkeypatch.setattr(RunStore, "add_hints", lambda *_: 1)
    assert any("died True, stored 0" in each for each in campaign(events=5, seed=1, kills=1).wrong)

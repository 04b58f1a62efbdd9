"""Long campaigns do not begin where something is missing, and the missing thing is named with what stays untried."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.rig import complete
from tests.servers.unprivileged import NoServerError


@contextmanager
def no_server() -> Iterator[None]:
    raise NoServerError("no binaries")
    yield


@pytest.mark.parametrize(("given", "ends"), [([], 1), (["--without-them"], 0)])
def test_without_a_server_they_begin_only_when_it_is_said(
    given: list[str], ends: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(complete, "postgres", no_server)
    monkeypatch.setattr(sys, "argv", ["complete", *given])
    assert complete.main() == ends
    assert "missing: PostgreSQL (no binaries): nothing is killed" in capsys.readouterr().out

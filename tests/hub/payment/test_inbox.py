"""Payroll files by their names: a folder that is not there is no empty one, and is in the way of nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from baton.errors import ConfigurationError
from baton.hub.payment.inbox import payroll_file
from tests.hub.payment.office import Office

# Folders are the same beside every database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def handing_in_at(office: Office, folder: Path) -> Path:
    """``payments.inbox`` names this folder."""
    settings = office.hub.settings
    office.hub.settings = replace(settings, payments=settings.payments.model_copy(update={"inbox": folder}))
    return folder


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        (lambda root: root / "gone", "there is no such folder"),
        (lambda root: root / "policy.yaml", "is a file, and no folder"),
        (lambda root: root / ("n" * 300), "cannot be read: File name too long"),
    ],
)
def test_an_inbox_that_is_not_there_is_named_with_what_to_do(
    office: Office, folder: Callable[[Path], Path], told: str
) -> None:
    place = handing_in_at(office, folder(office.company.folder))
    with pytest.raises(ConfigurationError) as refused:
        payroll_file(office.hub, "wages.csv")
    assert f"{place}: {told}" in str(refused.value)
    assert "payments.inbox" in refused.value.remedy
    office.hire("0001")
    office.check(office.draft({"0001": "8000.00"}).run.run_id)


def test_in_an_inbox_that_is_there_the_files_it_has_are_named(office: Office) -> None:
    place = handing_in_at(office, office.company.folder / "inbox")
    place.mkdir()
    with pytest.raises(ConfigurationError, match=r"no payroll file 'wages\.csv' in .*; there are: none"):
        payroll_file(office.hub, "wages.csv")
    for name in ("wages.csv", "notes.md"):
        (place / name).write_text("", "utf-8")
    assert payroll_file(office.hub, "wages.csv") == place / "wages.csv"
    with pytest.raises(ConfigurationError, match=r"there are: wages\.csv( |$)"):
        payroll_file(office.hub, "notes.md")

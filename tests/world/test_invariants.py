"""The table of invariants says where each is looked at: all of them are there, and so is every place it names."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.world import invariants

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| (I\d+) [^|]+\|([^|]+)\|([^|]+)\|([^|]+)\|$", invariants.__doc__ or "", re.MULTILINE)
NAMES = sorted({name for row in ROWS for cell in row for name in re.findall(r"`([^`]+)`", cell)})
CHECKED_HERE = ("tests.world.invariants", "tests.world.trouble", "tests.world.judges", "tests.rig.logbook")


def test_every_invariant_has_its_row_and_a_place() -> None:
    assert [number for number, *_ in ROWS] == [f"I{n}" for n in range(1, 25)]
    assert [number for number, *cells in ROWS if {cell.strip() for cell in cells} <= {"–", ""}] == []


def test_what_is_left_for_the_end_says_why() -> None:
    assert [number for number, _, finally_, _ in ROWS if finally_.strip() != "–" and ":" not in finally_] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_the_table_names_is_there(name: str) -> None:
    assert exists(name)


def test_a_place_that_is_not_there_would_be_noticed() -> None:
    assert not exists("tests.nowhere")
    assert not exists("tests/nowhere")
    assert not exists("looked_at_by_nobody")


def exists(name: str) -> bool:
    """Whether there are tests of that name: a folder of them, a file, a campaign, or a check beside this."""
    if not name.startswith("tests"):
        first, *rest = name.split(".")
        found = [getattr(import_module(module), first, None) for module in CHECKED_HERE]
        return any(each is not None and all(hasattr(each, part) for part in rest) for each in found)
    place = ROOT / (name if "/" in name else name.replace(".", "/"))
    return place.is_file() or (place / "__main__.py").is_file() or any(place.glob("test_*.py"))

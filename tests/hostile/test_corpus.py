"""The whole corpus of hostile inputs: each ends in a typed refusal, a quarantined row or exactly what it says.

In less than 2 seconds and 200 MiB, without a call to anywhere, a file touched or a value repeated in an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.hostile.ground import CORPUS, SECRET, Attempt, Ground, Sentinel

for _family in ("csv_files", "workbooks", "yaml_files", "xml_messages", "json_and_hooks", "sftp_and_files", "values"):
    import_module(f"tests.hostile.{_family}")
NUMBERS = range(1, 67)


@pytest.fixture(scope="module")
def sentinel() -> Iterator[Sentinel]:
    listening = Sentinel()
    yield listening
    listening.close()


@pytest.fixture
def ground(tmp_path: Path, sentinel: Sentinel) -> Ground:
    treasure = tmp_path / "elsewhere" / "treasure.txt"
    treasure.parent.mkdir()
    treasure.write_text(SECRET, "utf-8")
    folder = tmp_path / "here"
    folder.mkdir()
    return Ground(folder, sentinel, treasure)


@pytest.mark.filterwarnings("ignore:Duplicate name")  # a zip with two members of one name is made on purpose
@pytest.mark.parametrize("attempt", CORPUS, ids=[attempt.label for attempt in CORPUS])
def test_it_harms_nothing(attempt: Attempt, ground: Ground) -> None:
    attempt.make(ground)
    ground.unharmed()


def test_every_number_of_the_corpus_is_tried() -> None:
    assert sorted({attempt.number for attempt in CORPUS}) == list(NUMBERS)
    titles = {attempt.number: attempt.title for attempt in CORPUS}
    assert all(attempt.title == titles[attempt.number] for attempt in CORPUS), "one number, one title"
    assert len(set(titles.values())) == len(NUMBERS)
    assert len({attempt.label for attempt in CORPUS}) == len(CORPUS)

"""Files for a person: theirs alone, whatever the process' own habits are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from baton.errors import ConfigurationError
from baton.hub.handed_out import file_over, folder_for, new_file, new_folder


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """A process that would let everybody read what it writes."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_its_owners_and_never_takes_the_place_of_another(tmp_path: Path) -> None:
    with new_file(tmp_path / "letter.txt") as file:
        file.write(b"Dear")
    assert (mode(tmp_path / "letter.txt"), (tmp_path / "letter.txt").read_bytes()) == (0o600, b"Dear")
    with pytest.raises(FileExistsError):
        new_file(tmp_path / "letter.txt")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        new_file(tmp_path / "link")


def test_writing_over_a_file_takes_it_from_everybody_else(tmp_path: Path) -> None:
    path = tmp_path / "statement.csv"
    path.write_bytes(b"longer than what comes")
    path.chmod(0o644)
    with file_over(path) as file:
        assert mode(path) == 0o600
        file.write(b"short")
    assert path.read_bytes() == b"short"


def test_what_is_no_file_stays_as_it_is(tmp_path: Path) -> None:
    before = mode(Path(os.devnull))
    with file_over(Path(os.devnull)) as file:
        file.write(b"x")
    assert mode(Path(os.devnull)) == before
    with pytest.raises(IsADirectoryError):
        file_over(tmp_path)


def test_a_folder_is_made_for_its_owner_and_one_that_is_there_is_kept(tmp_path: Path) -> None:
    assert mode(folder_for(tmp_path / "letters")) == 0o700
    (tmp_path / "letters").chmod(0o750)
    assert mode(folder_for(tmp_path / "letters")) == 0o750


def test_a_new_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def break_off() -> None:
        with new_folder(tmp_path / "copy") as half:
            new_file(half / "data.csv").close()
            new_file(half / "data.csv")

    with pytest.raises(FileExistsError):
        break_off()
    assert not list(tmp_path.iterdir())
    with new_folder(tmp_path / "copy") as half:
        new_file(half / "data.csv").close()
        assert not (tmp_path / "copy").exists()
    assert (mode(tmp_path / "copy"), [path.name for path in (tmp_path / "copy").iterdir()]) == (0o700, ["data.csv"])
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


@pytest.mark.parametrize("there", ["copy", "copy.part"])
def test_a_new_folder_takes_nobodys_place_and_touches_no_unfinished_one(tmp_path: Path, there: str) -> None:
    (tmp_path / there).mkdir()
    with pytest.raises(ConfigurationError), new_folder(tmp_path / "copy"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [there]

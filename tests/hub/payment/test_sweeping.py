"""What interrupted builds leave is swept away; a file that a run knows, or that is not ours, never is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from baton.hub.payment.sweeping import strays, sweep
from tests.hub.payment.office import Office

TWO = {"0001": "8000.00", "0002": "12345.67"}


class CrashedError(Exception):
    """The process is gone."""


def aged(path: Path, hours: float = 48.0) -> Path:
    then = time.time() - hours * 3600
    os.utime(path, (then, then), follow_symlinks=False)
    return path


def folder(office: Office) -> Path:
    found: Path = office.company.folder / "state/payments"
    return found


def names(office: Office) -> set[str]:
    return {path.name for path in folder(office).iterdir()}


def crash_at(office: Office, point: str) -> None:
    def reached(name: str) -> None:
        if name == point:
            raise CrashedError(name)

    office.hub.crash_point = reached


def interrupted(office: Office) -> str:
    """A run whose file is finished and whose process ended before anybody knew of it; the file's name."""
    office.hire(*TWO)
    run_id = office.draft(TWO).run.run_id
    office.check(run_id)
    crash_at(office, "built")
    with pytest.raises(CrashedError):
        office.build(run_id)
    crash_at(office, "")
    (left,) = names(office)
    return left


def test_what_a_crash_left_goes_once_it_is_old_and_the_log_says_so(office: Office) -> None:
    left = interrupted(office)
    run_id = office.lines_run()
    office.build(run_id)
    (mine,) = names(office) - {left}
    part = folder(office) / ".abcd_123.part"
    part.write_bytes(b"half a file")
    assert strays(office.hub) == [], "a build may still be at work on it"
    for name in (left, mine, part.name):
        aged(folder(office) / name)
    assert [stray.name for stray in strays(office.hub)] == sorted([left, part.name])
    assert names(office) == {left, mine, part.name}, "looking deletes nothing"
    assert [stray.name for stray in sweep(office.hub)] == sorted([left, part.name])
    assert names(office) == {mine}
    assert sweep(office.hub) == []
    office.sign(run_id)
    office.release(run_id)
    assert +office.deliver().counts == {"accepted": 1}


def test_a_released_file_and_one_in_doubt_stay_whatever_their_age(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.signed(TWO)
    office.release(run_id)
    (mine,) = names(office)
    aged(folder(office) / mine, hours=24 * 365)
    assert sweep(office.hub) == []
    office.deliver()
    assert sweep(office.hub) == []
    assert names(office) == {mine}


def test_what_is_not_ours_is_left_alone(office: Office, tmp_path: Path) -> None:
    left = interrupted(office)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"somebody's")
    place = folder(office)
    strangers = [place / "notes.txt", place / "0123456789abcdef", place / ".hidden", place / "0123456789ABCDEF-x.hpf"]
    for path in strangers:
        path.write_bytes(b"x")
    link, inner = place / "0123456789abcdef-link.hpf", place / "0123456789abcdef-folder"
    link.symlink_to(elsewhere)
    inner.mkdir()
    for path in (*strangers, link, inner, place / left):
        aged(path)
    assert [stray.name for stray in sweep(office.hub)] == [left]
    assert names(office) == {path.name for path in (*strangers, link, inner)}
    assert elsewhere.read_bytes() == b"somebody's"


def test_a_sweep_that_is_interrupted_deletes_nothing_it_has_not_logged(office: Office) -> None:
    left = interrupted(office)
    aged(folder(office) / left)
    crash_at(office, "sweeping")
    with pytest.raises(CrashedError):
        sweep(office.hub)
    assert names(office) == {left}
    crash_at(office, "")
    assert [stray.name for stray in sweep(office.hub)] == [left]


def test_without_a_folder_there_is_nothing_to_sweep(office: Office) -> None:
    assert strays(office.hub) == []
    assert sweep(office.hub) == []


def test_a_piece_that_a_build_gives_its_name_while_the_folder_is_read_stops_no_sweep(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = interrupted(office)
    aged(folder(office) / left)
    (folder(office) / ".abcdefgh.part").write_bytes(b"sealed")
    real = os.scandir

    @contextmanager
    def read_then_renamed(path: Path) -> Iterator[list[os.DirEntry[str]]]:
        with real(path) as entries:
            found = list(entries)
        (folder(office) / ".abcdefgh.part").unlink()
        yield found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("baton.hub.payment.sweeping.os.scandir", read_then_renamed)
        assert [stray.name for stray in strays(office.hub)] == [left]

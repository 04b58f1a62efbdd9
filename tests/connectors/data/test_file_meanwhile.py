"""A data file that somebody else saves while it is being written: theirs stays, and the write is tried again."""

from __future__ import annotations

import os

import polars as pl
import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import RetryableError
from connectors.data.file.connector import DataFile, DataFileSettings

NAMES = ("staff.csv", "book.xlsx#S")


def files(path):
    layout = {name: {"key": ["k"], "fields": {"k": "text", "a": "text"}} for name in NAMES}
    settings = DataFileSettings.model_validate({"path": str(path), "layout": layout})
    return DataFile(settings, Client(EgressRule(frozenset())))


def records(*rows):
    return pl.DataFrame(rows, schema={"k": pl.String, "a": pl.String}, orient="row")


def made(folder, name, *rows):
    """A file with these records."""
    target = files(folder)
    assert not target.insert(target.collection(name), records(*rows)).others
    return folder / name.partition("#")[0]


def replaced(path, scratch, name):
    made(scratch, name, ("1", "x"), ("9", "theirs")).rename(path)


def rewritten(path, scratch, name):
    """The same file, as many bytes, its time put back."""
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    content = made(scratch, name, ("1", "y")).read_bytes()
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=times)


def removed(path, scratch, name):
    path.unlink()


def first_sync(monkeypatch, act):
    """Do something when the new content goes to the disk for the first time."""
    real, waiting = os.fsync, [act]

    def sync(descriptor):
        real(descriptor)
        while waiting:
            waiting.pop()()

    monkeypatch.setattr(os, "fsync", sync)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", [replaced, rewritten, removed])
def test_what_somebody_saves_while_the_file_is_written_stays(tmp_path, monkeypatch, name, change):
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    path = made(tmp_path / "ours", name, ("1", "x"))
    target = files(path.parent)
    collection = target.collection(name)
    left = []

    def act():
        change(path, tmp_path / "theirs", name)
        left.append(path.read_bytes() if path.exists() else None)

    first_sync(monkeypatch, act)
    with pytest.raises(RetryableError) as caught:
        target.amend(collection, records(("1", "ours")), records(("1", "x")))
    assert caught.value.code == "source_changed"
    assert caught.value.remedy
    assert [path.read_bytes() if path.exists() else None] == left
    assert {each.name for each in path.parent.iterdir()} <= {path.name, f".{path.name}.lock"}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_appears_while_it_is_being_made_stays(tmp_path, monkeypatch, name):
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    theirs = made(tmp_path / "theirs", name, ("9", "theirs"))
    path = tmp_path / "ours" / theirs.name
    first_sync(monkeypatch, lambda: theirs.rename(path))
    target = files(path.parent)
    collection = target.collection(name)
    with pytest.raises(RetryableError):
        target.insert(collection, records(("1", "x")))
    assert target.fetch(collection, records(("1", "x"), ("9", "x")).select("k"), ["a"]).rows() == [("9", "theirs")]
    assert not target.insert(collection, records(("1", "x"))).others

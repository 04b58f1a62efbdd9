"""A delimited file that does not stay as it is while it is read, and one that does."""

from __future__ import annotations

import hashlib
import os

import pytest

from baton.errors import FeedRefusedError
from baton.tables import Caps, DelimitedFile, Layout, stream

HEADER = "工号,姓名,状态"
TOP = Layout(header_depth=1)


@pytest.fixture
def walking(tmp_path, monkeypatch):
    """A file of which the first page has been read."""
    monkeypatch.setattr(stream, "_LEAST_BLOCK_BYTES", 16)
    monkeypatch.setattr(stream, "_MOST_BLOCK_BYTES", 64)
    path = tmp_path / "walked.csv"
    path.write_text(HEADER + "\n" + "0001,甲,在职\n" * 300, encoding="utf-8")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    pages = DelimitedFile.open(path, TOP, Caps()).pages(3)
    next(pages)
    return path, pages


def same_times(path):
    os.utime(path, (1_000_000_000, 1_000_000_000))


def appended(path):
    with path.open("ab") as file:
        file.write("0002,乙,在职\n".encode())


def altered_with_its_times_put_back(path):
    with path.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"x")
    same_times(path)


def broken_with_its_times_put_back(path):
    with path.open("r+b") as file:
        file.seek(-40, os.SEEK_END)
        file.write(b'\xff"\n\n\n,,,,')
    same_times(path)


def cut_off(path):
    os.truncate(path, 3000)
    same_times(path)


def replaced_by_the_same(path):
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes())
    same_times(other)
    other.rename(path)


def removed(path):
    path.unlink()


@pytest.mark.parametrize(
    "change",
    [appended, altered_with_its_times_put_back, broken_with_its_times_put_back, cut_off, replaced_by_the_same, removed],
)
def test_a_file_that_changes_while_it_is_read_ends_with_a_refusal(walking, change):
    path, pages = walking
    change(path)
    with pytest.raises(FeedRefusedError) as caught:
        list(pages)
    assert caught.value.breaches[0].guard == "source_changed"
    assert caught.value.remedy


def test_a_file_that_stays_is_read_to_its_end_and_told_by_its_digest(walking):
    path, pages = walking
    assert [page.cursor for page in pages][-1] is None
    file = DelimitedFile.open(path, TOP, Caps())
    assert sum(page.rows.height for page in file.pages(7)) == 300
    origin = file.origin
    assert origin.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert origin.as_of.timestamp() == 1_000_000_000

"""A reader of a command's words that goes away, or a disk that is full, stops nothing that the command does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pytest

from baton.cli import sync
from tests.cli.conftest import Company
from tests.cli.test_speaking import START, baton

EVERYTHING = [(30,)]
"""Effects that are done after the first sync of the company."""


@pytest.fixture
def gone() -> Iterator[IO[bytes]]:
    """Where to write to somebody who has stopped reading."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as stream:
        yield stream


@pytest.fixture
def ready(company: Company) -> Company:
    company.ok("keys", "init")
    return company


def said_to(company: Company, arguments: list[str], env: Mapping[str, str] = {}, **streams: Any) -> Any:
    """One command in a process of its own, with these streams."""
    where = {"PATH": "/usr/bin:/bin", "HOME": str(company.root), "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **env}
    command = [*START, "--systems", str(company.systems), *arguments]
    return subprocess.run(command, cwd=company.root, check=False, env=where, timeout=120, **streams)


def done(company: Company) -> tuple[Any, Any]:
    """How the run ended, and how many of its effects are done."""
    effects = company.query("select count(*) from effects where state = 'done'")
    return company.query("select state, verdict from runs"), effects


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["words", "json"])
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_sync_goes_on_when_its_reader_has_gone(
    ready: Company, gone: IO[bytes], form: list[str], unbuffered: str
) -> None:
    arguments = ["run", "sync", "--as", "hr1", *form]
    ended = said_to(ready, arguments, {"PYTHONUNBUFFERED": unbuffered}, stdout=gone, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert done(ready) == ([("settled", "clean")], EVERYTHING)


def test_it_goes_on_when_nobody_hears_its_complaints_either(ready: Company, gone: IO[bytes]) -> None:
    assert said_to(ready, ["run", "sync", "--as", "hr1"], stdout=gone, stderr=gone).returncode == 0
    assert done(ready) == ([("settled", "clean")], EVERYTHING)


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["words", "json"])
def test_the_exit_code_of_a_fault_is_its_own_when_the_reader_has_gone(
    ready: Company, gone: IO[bytes], form: list[str]
) -> None:
    ended = said_to(ready, ["runs", "nope", *form], stdout=gone, stderr=subprocess.PIPE)
    assert ended.returncode == 2
    assert b"nope" in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["words", "json"])
def test_what_found_no_room_is_said_and_is_no_clean_end(ready: Company, form: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = said_to(ready, ["run", "sync", "--as", "hr1", *form], stdout=full, stderr=subprocess.PIPE)
    assert ended.stderr.decode().splitlines() == [
        "baton: not all that was to be said could be written: No space left on device"
    ]
    assert ended.returncode == 2
    assert done(ready) == ([("settled", "clean")], EVERYTHING)


def test_a_pipe_that_breaks_elsewhere_is_no_reader_and_is_told(ready: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sync, "plan_sync", broken)
    said = ready.baton("run", "sync", "--json")
    assert said.code == 2
    assert "unexpected: BrokenPipeError" in said.err
    assert json.loads(said.out)["error"] == "unexpected"


KILLED = """
import os, sys
from baton.cli.streams import endure
endure()
for stream in (sys.stdout, sys.stderr):
    stream.write(f"{stream.name} half a line " + "…" * 3)
os._exit(9)
"""


def test_what_is_not_to_be_held_back_is_out_before_a_process_is_killed() -> None:
    """PYTHONUNBUFFERED is set in the image: warnings are written without a flush."""
    env = {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    ended = subprocess.run([sys.executable, "-c", KILLED], env=env, capture_output=True, check=False, timeout=60)
    said = ended.stdout.decode(), ended.stderr.decode()
    assert (ended.returncode, said) == (9, ("1 half a line ………", "2 half a line ………"))


def test_what_is_read_to_the_end_is_as_it_was(ready: Company) -> None:
    told = baton(ready, "--systems", str(ready.systems), "doctor", LC_ALL="C.UTF-8")
    assert told.stdout.decode().strip()


FILES = [
    ["report", "health", "--month", "2026-11", "--language", "zh"],
    ["mapping", "suggest", "hr", "employee"],
    ["metrics"],
]


@pytest.mark.parametrize("arguments", FILES, ids=lambda arguments: arguments[0])
def test_what_is_to_become_a_file_is_utf_8_whatever_the_terminal_is(ready: Company, arguments: list[str]) -> None:
    told = [
        said_to(ready, arguments, {"PYTHONIOENCODING": coding}, stdout=subprocess.PIPE).stdout.decode("utf-8")
        for coding in ("gbk", "utf-8")
    ]
    assert told[0].strip()
    shown = [re.sub(r"[0-9.:+e-]+", "", text) for text in told]  # figures and times change from one to the other
    assert shown[0] == shown[1]

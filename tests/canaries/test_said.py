"""What commands and children say is heard, and what is not of Baton's is its own affair."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import click
import pytest

from baton.cli.main import cli
from baton.cli.output import Voice
from tests.canaries.said import MEANT
from tests.canaries.watch import WATCH

pytestmark = pytest.mark.canaries_allowed
NAME = "测试0012"
Told = Callable[[], list[str]]


@pytest.fixture
def told() -> Iterator[Told]:
    """What the watch has to say until now."""
    WATCH.hits.clear()

    def so_far() -> list[str]:
        found, WATCH.hits[:] = sorted(set(WATCH.hits)), []
        return found

    yield so_far
    WATCH.hits.clear()


def saying(path: str, work: Callable[[], None]) -> None:
    """Do something as this command."""
    with click.Context(click.Command(path), info_name=path):
        work()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_command_is_heard_line_by_line(told: Told, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    voice = Voice("en", form)

    def speak() -> None:
        voice.say("{number}: {name}", number="0012", name=NAME)
        voice.document({"phone": "13800000012"})

    saying("baton runs", speak)
    assert told() == ["name in output baton runs" if form == "text" else "phone in output baton runs"]
    assert ("0012" in capsys.readouterr().out) is True, "and it is said all the same"


def test_a_table_and_an_error_are_heard(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    saying("baton effects", lambda: Voice("en", "text").table(["who"], iter([["0012"], [NAME]])))
    assert NAME in capsys.readouterr().out
    click.echo("baton: p12@example.com is no address", err=True)
    assert told() == ["mail in output baton", "name in output baton effects"]


@pytest.mark.parametrize("path", MEANT)
def test_what_a_command_shows_on_purpose_is_let_through(told: Told, path: str) -> None:
    command: click.Command = cli
    for word in path.split()[1:]:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    saying(path, lambda: click.echo(NAME))
    assert told() == []


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_python_child_answers_is_heard(told: Told, stream: str) -> None:
    child = f"import sys; sys.{stream}.buffer.write('{NAME}'.encode())"
    subprocess.run([sys.executable, "-c", child], capture_output=True, check=True)
    assert told() == ["name in output a child process"]


def test_what_another_program_answers_is_its_own_affair(told: Told) -> None:
    assert subprocess.run(["/bin/echo", NAME], capture_output=True, check=True).stdout
    assert told() == []

"""What every command needs: settings, the hub, a voice, and one way to end."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from baton.cli import airflow_connections
from baton.cli.output import Voice, plain
from baton.errors import BatonError, ConfigurationError, FeedRefusedError
from baton.hub import Hub
from baton.settings import HubSettings, load
from baton.whole_text import COMPLAINT, is_whole

BROKEN = 2


class _BrokenPipe(Exception):  # noqa: N818 - carries an error past click, and is none itself
    """A network's or a program's pipe broke: click ends with 1, without a word, as if stdout's reader were away."""

    def __init__(self, error: BrokenPipeError) -> None:
        super().__init__()
        self.error = error


@dataclass
class Context:
    """What the options before the command said."""

    systems: Path | None
    language: str
    form: str = "text"

    @property
    def voice(self) -> Voice:
        """How this command speaks."""
        return Voice(self.language, self.form)

    def settings(self) -> HubSettings:
        """The checked settings."""
        connections = airflow_connections
        return load(self.systems, read_connection=connections.read_connection, reach=connections.reach)

    def hub(self) -> Hub:
        """The hub, opened. Planning checks every mapping before it reads anything."""
        return Hub(self.settings())


def command(name: str, **options: Any) -> Callable[[Callable[..., int | None]], click.Command]:
    """A command that gets the `Context` and understands ``--json``."""
    make: Callable[[Callable[..., None]], click.Command] = click.command(name, **options)
    flag = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout and nothing else.")

    def decorate(function: Callable[..., int | None]) -> click.Command:
        @functools.wraps(function)
        def wrapped(*, as_json: bool, **values: Any) -> None:
            given: Context = click.get_current_context().obj
            given.form = "json" if as_json else "text"
            _require_whole(values)
            try:
                code = function(given, **values)
            except BrokenPipeError as error:
                raise _BrokenPipe(error) from None
            if code:
                raise click.exceptions.Exit(code)

        with_flag: Callable[..., None] = flag(wrapped)
        return make(with_flag)

    return decorate


def _require_whole(values: Mapping[str, Any]) -> None:
    """Refuse bytes of the command line that are no text: they would come to light in the store only."""
    context = click.get_current_context()
    for param in context.command.params:
        given = values.get(param.name or "")
        for text in given if isinstance(given, tuple) else (given,):
            if isinstance(text, str) and not is_whole(text):
                raise click.BadParameter(COMPLAINT, context, param)


def reported(work: Callable[[], Any], *, as_json: bool) -> int:
    """Run a command; say what went wrong where something did, as a document too for machines; the exit code."""
    try:
        result = work()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return _broken(as_json, {"error": "usage", "message": error.format_message(), "remedy": "see --help"})
    except click.Abort:
        click.echo("baton: stopped", err=True)
        return _broken(as_json, {"error": "stopped", "message": "stopped by a person", "remedy": ""})
    except BatonError as error:
        click.echo(f"baton: {error}", err=True)
        return _broken(as_json, error_document(error))
    except _BrokenPipe as carried:
        return _unexpected(carried.error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - whatever happens, the exit code must not say "incomplete"
        return _unexpected(error, as_json=as_json)
    return result if isinstance(result, int) else 0


def _unexpected(error: Exception, *, as_json: bool) -> int:
    if (about_file := _file_error(error)) is not None:
        click.echo(f"baton: {about_file}", err=True)
        return _broken(as_json, error_document(about_file))
    frames = "".join(traceback.format_tb(error.__traceback__))
    message = _foreign(error)
    click.echo(f"{frames}baton: unexpected: {message}", err=True)
    return _broken(as_json, {"error": "unexpected", "message": message, "remedy": "see the lines on stderr"})


def _broken(as_json: bool, document: Mapping[str, Any]) -> int:
    if as_json:
        Voice("en", "json").document(document)
    return BROKEN


def _file_error(error: Exception) -> BatonError | None:
    """What people are told where a file or folder that has a name cannot be used; None for any other error."""
    if not isinstance(error, OSError) or not error.strerror or not isinstance(error.filename, str | Path):
        return None
    if isinstance(error, FileNotFoundError):
        remedy = "name a file in a folder that is there, or make the folder first"
    elif isinstance(error, PermissionError):
        remedy = "name another place, or have its owner let you use this one"
    else:
        remedy = "see what is there, or name another place"
    return BatonError(f"{error.filename}: {error.strerror}", code="file", remedy=remedy)


def _foreign(error: Exception) -> str:
    """What a foreign error is, without the values it may repeat (rows, parameters)."""
    kind = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return f"{kind}: {error.strerror}" + (f": {error.filename}" if error.filename else "")
    cause = getattr(error, "orig", None)  # what the database itself said; its first line names no values
    return f"{kind}: {str(cause).splitlines()[0]}" if cause is not None and str(cause) else kind


def error_document(error: BatonError) -> dict[str, Any]:
    """An error for machines."""
    document: dict[str, Any] = {"error": error.code, "message": error.message, "remedy": error.remedy}
    if isinstance(error, ConfigurationError):
        document["faults"] = plain(error.faults)
    if isinstance(error, FeedRefusedError):
        document["breaches"] = plain(error.breaches)
        document["faults"] = plain(error.faults)
        document["feed"] = error.feed_digest
    return {**document, **plain(error.besides)}

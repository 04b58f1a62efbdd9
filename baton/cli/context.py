"""What every command needs: settings, the hub, a voice, and one way to end."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from baton.cli.output import Voice, plain
from baton.errors import BatonError, ConfigurationError, FeedRefusedError
from baton.hub import Hub
from baton.settings import HubSettings, load

BROKEN = 2


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
        return load(self.systems)

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
            code = function(given, **values)
            if code:
                raise click.exceptions.Exit(code)

        with_flag: Callable[..., None] = flag(wrapped)
        return make(with_flag)

    return decorate


def reported(work: Callable[[], Any]) -> int:
    """Run a command; say what went wrong where something did; the exit code."""
    try:
        result = work()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return BROKEN
    except BatonError as error:
        _show(error)
        return BROKEN
    return result if isinstance(result, int) else 0


def _show(error: BatonError) -> None:
    context = click.get_current_context(silent=True)
    given = context.obj if context is not None else None
    if isinstance(given, Context) and given.form == "json":
        Voice(given.language, "json").document(error_document(error))
    click.echo(f"baton: {error}", err=True)


def error_document(error: BatonError) -> dict[str, Any]:
    """An error for machines."""
    document: dict[str, Any] = {"error": error.code, "message": error.message, "remedy": error.remedy}
    if isinstance(error, ConfigurationError):
        document["faults"] = plain(error.faults)
    if isinstance(error, FeedRefusedError):
        document["breaches"] = plain(error.breaches)
        document["feed"] = error.feed_digest
    return document

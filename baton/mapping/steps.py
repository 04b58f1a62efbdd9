"""What a transform is, and how ``truncate(40)`` in a mapping file is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from baton.mapping.values import ValueType

if TYPE_CHECKING:
    import polars as pl

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CALL: Final = re.compile(r"([^()\s]+)(?:\((.*)\))?", re.DOTALL)
_ARGUMENT: Final = re.compile(r'\s*(?:"([^"]*)"|([^",()]*?))\s*(,|$)')


@dataclass(frozen=True, slots=True)
class Transform:
    """A named pure function over a column.

    ``function`` takes one polars expression (a list of them when ``many``) and the parsed arguments, and returns an
    expression of the same height. No value in gives no value out. A transform with ``refuses`` may answer "no value"
    for a value it does not accept: that cell is then at fault, and ``refuses`` is the message (never with the value).
    """

    function: Callable[..., pl.Expr]
    takes: ValueType = ValueType.TEXT
    gives: ValueType = ValueType.TEXT
    refuses: str = ""
    arguments: tuple[Callable[[str], Any], ...] = ()
    optional_arguments: int = 0
    """How many of the last arguments may be left out."""
    many: bool = False

    @property
    def about(self) -> str:
        """The first line of the function's docstring."""
        return (self.function.__doc__ or "").strip().split("\n", 1)[0]


@dataclass(frozen=True, slots=True)
class Step:
    """One transform with its arguments, as it stands in a ``via`` chain."""

    name: str
    transform: Transform
    arguments: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        """The step in one canonical spelling, for the digest."""
        return f"{self.name}({', '.join(repr(argument) for argument in self.arguments)})"

    def on(self, *columns: pl.Expr) -> pl.Expr:
        """The step applied to a column (to several, for a joining transform)."""
        if self.transform.many:
            return self.transform.function(list(columns), *self.arguments)
        (column,) = columns
        return self.transform.function(column, *self.arguments)


def split_call(text: str) -> tuple[str, tuple[str, ...]]:
    """The name and the argument texts of a call; ValueError says what is wrong with it.

    >>> split_call("truncate(40)")
    ('truncate', ('40',))
    >>> split_call('join(", ")')
    ('join', (', ',))
    """
    found = _CALL.fullmatch(text.strip())
    if not found or not _NAME.fullmatch(found[1]):
        raise ValueError("a transform is written as name or name(argument)")
    if found[2] is None:
        return found[1], ()
    arguments: list[str] = []
    position = 0
    while True:
        part = _ARGUMENT.match(found[2], position)
        if part is None:
            raise ValueError('put arguments that hold brackets, commas or quotes in double quotes: join(", ")')
        if part[1] is None and not part[2]:
            raise ValueError("an argument is empty")
        arguments.append(part[1] if part[1] is not None else part[2])
        position = part.end()
        if part[3] != ",":
            return found[1], tuple(arguments)


def bind(name: str, transform: Transform, arguments: tuple[str, ...]) -> Step:
    """A step from a transform and its argument texts; ValueError says which argument is wrong."""
    most = len(transform.arguments)
    least = most - transform.optional_arguments
    if not least <= len(arguments) <= most:
        wanted = str(most) if least == most else f"{least} to {most}"
        raise ValueError(f"{name} takes {wanted} argument(s), not {len(arguments)}")
    parsed = []
    for place, (parse, text) in enumerate(zip(transform.arguments, arguments, strict=False), start=1):
        try:
            parsed.append(parse(text))
        except ValueError as error:
            raise ValueError(f"argument {place} of {name}: {error}") from None
    return Step(name, transform, tuple(parsed))


def count(text: str) -> int:
    """An argument that is a number of characters or places, 0 to 9999."""
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise ValueError("expected a whole number from 0 to 9999")
    return int(text)

"""The part of SOQL the simulator understands: one object, AND/OR/NOT conditions, IN, LIKE, ORDER BY, LIMIT, COUNT().

Written from the public SOQL reference. Text comparison is case-insensitive, as it is there. `SoqlError` carries the
vendor's error code; a query outside the subset is MALFORMED_QUERY rather than a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<stamp>\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:Z|[+-]\d\d:?\d\d))?)"""
    r"""|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)|(?P<sign><=|>=|!=|<>|[=<>(),]))"""
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_SHORT_ID, _LONG_ID = 15, 18
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


class SoqlError(Exception):
    """A query the vendor would answer with HTTP 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Query:
    """A parsed query. ``columns`` is empty for COUNT()."""

    columns: tuple[str, ...]
    table: str
    where: Test
    order: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None
    used: tuple[str, ...] = ()
    """Every field named anywhere, for the check against the object's description."""

    def run(self, rows: Sequence[Row]) -> list[Row]:
        """The matching rows, sorted and cut. Nulls sort first, as documented."""
        found = [row for row in rows if self.where(row)]
        for name, descending in reversed(self.order):
            found.sort(key=_sort_key(name), reverse=descending)
        return found if self.limit is None else found[: self.limit]


def value(row: Row, path: str) -> Any:
    """A field, also through relationships (``Owner.Name``)."""
    at: Any = row
    for part in path.split("."):
        if at is None:
            return None
        at = at[part]
    return at


def parse(text: str) -> Query:
    """Parse a query, or raise `SoqlError`."""
    return _Parser(text).query()


def _fold(item: Any) -> Any:
    return item.casefold() if isinstance(item, str) else item


def _comparable(name: str, item: Any) -> Any:
    """Text without case; of an id, which may be asked for in its short form, the characters that both forms have."""
    is_id = name.endswith("Id") and isinstance(item, str) and len(item) in (_SHORT_ID, _LONG_ID)
    return item[:_SHORT_ID] if is_id else _fold(item)


def _sort_key(name: str) -> Callable[[Row], tuple[bool, Any]]:
    """Text sorts without case, ids by their very characters."""
    plain = name.endswith("Id")
    return lambda row: (value(row, name) is not None, (value(row, name) if plain else _fold(value(row, name))) or "")


def _like(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\\.|%|_)", pattern)
    wild = {"%": ".*", "_": "."}
    return re.compile(
        "".join(wild.get(p, re.escape(p[-1] if p[:1] == "\\" else p)) for p in parts), re.IGNORECASE | re.DOTALL
    )


@dataclass
class _Parser:
    text: str
    tokens: list[tuple[str, str]] = field(init=False)
    used: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens, at = [], 0
        body = self.text.rstrip()
        while at < len(body):
            match = _TOKEN.match(body, at)
            if match is None or match.lastgroup is None:
                raise SoqlError("MALFORMED_QUERY", f"unexpected token at {at}")
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            at = match.end()
        self.tokens.append(("end", ""))

    def peek(self, *words: str) -> bool:
        return self.tokens[0][1].upper() in words

    def take(self, *wanted: str) -> str:
        kind, token = self.tokens.pop(0)
        if (wanted and token.upper() not in wanted) or kind == "end":
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: {token or 'end of query'}")
        return token

    def name(self) -> str:
        kind, token = self.tokens[0]
        if kind != "word":
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: {token}")
        self.tokens.pop(0)
        self.used.append(token)
        return token

    def query(self) -> Query:
        self.take("SELECT")
        columns: list[str] = []
        if self.peek("COUNT"):
            for word in ("COUNT", "(", ")"):
                self.take(word)
        else:
            columns.append(self.name())
            while self.peek(","):
                self.take(",")
                columns.append(self.name())
        self.take("FROM")
        table = self.take()
        where: Test = self.any_of() if self.peek("WHERE") and self.take("WHERE") else lambda _row: True
        order: list[tuple[str, bool]] = []
        if self.peek("ORDER"):
            self.take("ORDER")
            self.take("BY")
            while True:
                order.append((self.name(), self.peek("ASC", "DESC") and self.take().upper() == "DESC"))
                if not self.peek(","):
                    break
                self.take(",")
        limit = self.count() if self.peek("LIMIT") and self.take("LIMIT") else None
        if self.tokens[0][0] != "end":
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: {self.tokens[0][1]}")
        return Query(tuple(columns), table, where, tuple(order), limit, tuple(self.used))

    def count(self) -> int:
        literal = self.literal()
        if not isinstance(literal, int):
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: {literal}")
        return literal

    def any_of(self) -> Test:
        tests = [self.all_of()]
        while self.peek("OR"):
            self.take("OR")
            tests.append(self.all_of())
        return lambda row: any(test(row) for test in tests)

    def all_of(self) -> Test:
        tests = [self.one()]
        while self.peek("AND"):
            self.take("AND")
            tests.append(self.one())
        return lambda row: all(test(row) for test in tests)

    def one(self) -> Test:
        if self.peek("("):
            self.take("(")
            inner = self.any_of()
            self.take(")")
            return inner
        if self.peek("NOT"):
            self.take("NOT")
            refused = self.one()
            return lambda row: not refused(row)
        return self.comparison()

    def comparison(self) -> Test:
        name = self.name()
        sign = self.take("=", "!=", "<>", "<", ">", "<=", ">=", "IN", "NOT", "LIKE").upper()
        if sign in ("IN", "NOT"):
            if sign == "NOT":
                self.take("IN")
            options = {_comparable(name, option) for option in self.options()}
            wanted = sign == "IN"
            return lambda row: (_comparable(name, value(row, name)) in options) is wanted
        literal = self.literal()
        if sign == "LIKE":
            pattern = _like(str(literal))
            return lambda row: pattern.fullmatch(str(value(row, name) or "")) is not None
        return _comparator(sign, name, _comparable(name, literal))

    def options(self) -> list[Any]:
        self.take("(")
        options = [self.literal()]
        while self.peek(","):
            self.take(",")
            options.append(self.literal())
        self.take(")")
        return options

    def literal(self) -> Any:
        kind, token = self.tokens.pop(0)
        if kind == "text":
            return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group(1)), token[1:-1])
        if kind == "stamp":
            return re.sub(r"(?:Z|[+]00:?00)$", "+0000", token)
        if kind == "number":
            return float(token) if "." in token else int(token)
        if kind == "word" and token.lower() in _WORDS:
            return _WORDS[token.lower()]
        raise SoqlError("MALFORMED_QUERY", f"unexpected token: {token}")


def _comparator(sign: str, name: str, literal: Any) -> Test:
    def compare(row: Row) -> bool:
        have = _comparable(name, value(row, name))
        if sign == "=":
            return bool(have == literal)
        if sign in ("!=", "<>"):
            return bool(have != literal)
        if have is None or literal is None:
            return False
        return bool({"<": have < literal, ">": have > literal, "<=": have <= literal, ">=": have >= literal}[sign])

    return compare

"""What an EXISTS says of a table that the statement around it has named already, and that it names once more.

SQLAlchemy ties a statement to the one just around it, not to the one around that: a column of two levels further out
silently becomes any row of its table, and "this case" any case of anybody. Whoever means another row takes an alias.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_PIECE: Final = re.compile(
    r"(?P<exists>EXISTS \(SELECT\b)|(?P<select>\(SELECT\b)|(?P<open>\()|(?P<close>\))"
    r"|(?P<end>\n ?(?:WHERE|GROUP|ORDER|HAVING|LIMIT|FOR)\b)"
    r"|(?P<lead>\nFROM|,|\bJOIN) (?P<table>(?!EXISTS\b)\w+)(?: AS (?P<alias>\w+))?(?![\w.(])"
)
_CHANGED: Final = re.compile(r"(?:UPDATE|DELETE FROM) (\w+)")


@dataclass
class _Select:
    around: list[_Select]
    exists: bool = False
    names: set[str] = field(default_factory=set)
    listing: bool = False
    """Whether its FROM is being read."""


def shadowed(sql: str) -> set[str]:
    """The tables, by name or alias, that an EXISTS in this statement of SQLAlchemy's names again."""
    changed = _CHANGED.match(sql)
    selects = [_Select([], names={changed[1]} if changed else set())]
    levels: list[_Select | None] = [selects[0]]
    for piece in _PIECE.finditer(sql):
        here = levels[-1]
        if piece["exists"] or piece["select"]:
            selects.append(_Select([each for each in levels if each], exists=bool(piece["exists"])))
            levels.append(selects[-1])
        elif piece["open"]:
            levels.append(None)
        elif piece["close"]:
            levels.pop()
        elif here is not None and piece["end"]:
            here.listing = False
        elif here is not None and piece["table"] and (here.listing or piece["lead"] == "\nFROM"):
            here.listing = True
            here.names.add(piece["alias"] or piece["table"])
    return {
        name
        for each in selects
        if each.exists
        for outer in each.around
        for name in each.names.intersection(outer.names)
    }

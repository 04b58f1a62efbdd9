"""How an amount of a settlement came about, in the reader's language.

Kept is the formula as it was worked out, with a few English words in it: the digest that is reviewed covers it.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from baton.console.payments.words import WORDS, words_in
from baton.languages import Language

PARTS: Final = (
    ("days", re.compile(r"(?P<number>[\d.]+) d\b")),
    ("hours", re.compile(r"(?P<number>[\d.]+) h\b")),
    ("most", re.compile(r"; together at most (?P<amount>\S+)$")),
    ("less", re.compile(r" \(less than (?P<other>[^()]+)\)")),
    ("more", re.compile(r" \(more than (?P<other>[^()]+)\)")),
    ("part", re.compile(r"(?P<taken>\S+) of (?P<claimed>\S+) \(limit: (?P<why>\w+)\)$")),
)
"""Each ``working.<name>`` among the words takes the groups of its pattern."""


def working_text(working: str, language: Language) -> str:
    """The formula of a line, with its words in this language."""
    for name, pattern in PARTS:
        working = pattern.sub(partial(_said, f"working.{name}", language), working)
    return working


def limit_text(why: str, language: Language) -> str:
    """What kept a deduction from being taken whole; a limit that no page knows stays as it is."""
    return WORDS[language].get(f"limit.{why}", why)


def _said(key: str, language: Language, found: re.Match[str]) -> str:
    told = found.groupdict()
    if "why" in told:
        told["why"] = limit_text(told["why"], language)
    return words_in(language)(key, **told)

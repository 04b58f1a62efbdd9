"""Drafts a mapping from two schemas: likeness of names, Chinese and English synonyms, what samples look like."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from baton.mapping.synonyms import STATUS_WORDS
from baton.mapping.values import EMPLOYEE_TYPES, ValueType
from baton.model.account import FieldSpec, FieldType
from baton.records.words import concept_of, plain_name

_SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "mobile": re.compile(r"(\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}"),
    "identity_number": re.compile(r"\d{17}[\dXx]"),
    "date": re.compile(r"\d{4}([-/.年]\d{1,2}[-/.月]\d{1,2}日?|[01]\d[0-3]\d)( 00:00:00)?"),
    "bank_account_number": re.compile(r"\d{15,19}"),
    "number": re.compile(r"[A-Za-z]{0,3}-?\d{3,8}"),
}
"""What samples may look like, the most telling first; named after the concept they speak for."""

CHAINS: Final[Mapping[str, str]] = {
    "full_name": "[trim, nfc]",
    "family_name": "[trim, nfc]",
    "given_name": "[trim, nfc]",
    "work_email": "[trim, nfkc, email_lower]",
    "personal_email": "[trim, nfkc, email_lower]",
    "mobile": "[trim, nfkc, phone_cn]",
    "bank_account_number": "[trim, nfkc, digits_only]",
    "identity_number": "[trim, nfkc, upper]",
    "time_zone": "[trim, default(Asia/Shanghai), zone]",
}
BY_TYPE: Final[Mapping[FieldType, str]] = {
    FieldType.DATE: "[trim, date]",
    FieldType.DATETIME: "[trim, datetime]",
    FieldType.INTEGER: "[trim, nfkc, integer]",
    FieldType.DECIMAL: "[trim, nfkc, decimal(2)]",
    FieldType.BOOLEAN: "[trim, boolean]",
}
ENOUGH: Final = 0.55
"""Guesses below this are not made."""


@dataclass(frozen=True, slots=True)
class Match:
    """A guess that a target field comes from a source column."""

    column: str
    confidence: float
    reason: str


def suggest(
    source_columns: Mapping[str, Sequence[str]],
    target_fields: Mapping[str, FieldSpec],
    *,
    source: str = "hr/file_export",
    target: str = "employee",
) -> str:
    """A draft mapping as YAML text, with the confidence of every guess as a comment.

    ``source_columns`` holds some sample values per column; they are looked at and never written, but for the words of
    a status column. The draft has no example: it loads once a person has checked it and written one.
    """
    matches = match(source_columns, target_fields)
    lines = [*heading(source, target)]
    if target != "employee":
        lines += ["lifecycle:", "  provision: {at: hire, lead_days: 0}", "  disable: last_working", "  remove: never"]
    lines.append("fields:")
    for name, spec in target_fields.items():
        found = matches.get(name)
        lines += _field(name, spec, found, source_columns[found.column], source) if found else [no_column(name, spec)]
    return "\n".join([*lines, *ending(source_columns, matches)])


def heading(source: str, target: str) -> tuple[str, ...]:
    """The first lines of every draft."""
    return (
        "# A draft: check every line, then write at least one example; until then it does not load.",
        "mapping: 1",
        f"source: {source}",
        f"target: {target}",
    )


def ending(columns: Iterable[str], matches: Mapping[str, Match]) -> Iterator[str]:
    """The last lines of every draft: what was not used, and the examples that are still missing."""
    used = {found.column for found in matches.values()}
    unused = [_on_one_line(column) for column in columns if column not in used]
    if unused:
        yield f"# not used: {', '.join(unused)}"
    yield from ("examples: []", "")


def _on_one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def no_column(name: str, spec: FieldSpec) -> str:
    """The line for a field that nothing was found for."""
    need = "required, " if spec.required else ""
    return f"  # {name}: {need}no likely column"


def match(source_columns: Mapping[str, Sequence[str]], target_fields: Mapping[str, FieldSpec]) -> dict[str, Match]:
    """The likeliest column for each target field, surest first; a column is given to one field only."""
    return assigned(
        (name, Match(column, *_likeness(column, samples, name, spec)))
        for name, spec in target_fields.items()
        for column, samples in source_columns.items()
    )


def assigned(guesses: Iterable[tuple[str, Match]]) -> dict[str, Match]:
    """Of guesses (field, match) those that are sure enough, surest first; a column is given to one field only."""
    likely = [(name, found) for name, found in guesses if found.confidence >= ENOUGH]
    likely.sort(key=lambda guess: (-guess[1].confidence, guess[0], guess[1].column))
    chosen: dict[str, Match] = {}
    taken: set[str] = set()
    for name, found in likely:
        if name not in chosen and found.column not in taken:
            chosen[name] = found
            taken.add(found.column)
    return chosen


def likeness_of_names(column: str, name: str) -> tuple[float, str]:
    """How sure the names alone make it (0 to 1) that a field comes from a column, and why."""
    left, right = concept_of(column), concept_of(name)
    if plain_name(column) == plain_name(name):
        return 0.95, "same name"
    if left is not None and left == right:
        return 0.9, "synonym"
    if left is not None and right is not None:
        return 0.0, ""
    return 0.8 * difflib.SequenceMatcher(None, plain_name(column), plain_name(name)).ratio(), "similar name"


def _likeness(column: str, samples: Sequence[str], name: str, spec: FieldSpec) -> tuple[float, str]:
    score, reason = likeness_of_names(column, name)
    right, shape = concept_of(name), shape_of(samples)
    if shape is None or not reason:
        return score, reason
    if shape == right or (shape == "date" and spec.type is FieldType.DATE) or (shape == "email" and _is_mail(right)):
        return min(0.99, score + 0.08) if score >= ENOUGH else max(score, ENOUGH), f"{reason}, samples fit"
    contradicts = (shape == "date") != (spec.type in (FieldType.DATE, FieldType.DATETIME)) or shape == "email"
    return (score - 0.3, f"{reason}, but samples look like {shape}") if contradicts else (score, reason)


def _is_mail(concept: str | None) -> bool:
    return concept in ("work_email", "personal_email")


def shape_of(samples: Sequence[str]) -> str | None:
    """What at least four in five of the non-empty samples look like."""
    texts = [text.strip() for text in samples if text and text.strip()]
    if not texts:
        return None
    for shape, pattern in _SHAPES.items():
        if sum(pattern.fullmatch(text) is not None for text in texts) * 5 >= len(texts) * 4:
            return shape
    return None


def _field(name: str, spec: FieldSpec, found: Match, samples: Sequence[str], source: str) -> list[str]:
    note = f"# {found.confidence:.0%} {found.reason}"
    if name == "status" and source != "employee":
        return [f"  status:  {note}", f"    from: {quoted(found.column)}", *_status_table(samples)]
    parts = [f"from: {quoted(found.column)}"]
    chain = _chain(name, spec, found.column, source)
    if chain:
        parts.append(f"via: {chain}")
    if spec.required:
        parts.append("required: yes")
    return [f"  {quoted(name)}: {{{', '.join(parts)}}}  {note}"]


def _chain(name: str, spec: FieldSpec, column: str, source: str) -> str:
    if source == "employee":
        day = EMPLOYEE_TYPES.get(column) is ValueType.DATE
        return "[date_text(iso)]" if day and spec.type is FieldType.TEXT else ""
    return BY_TYPE.get(spec.type) or CHAINS.get(concept_of(name) or "", "[trim]")


def _status_table(samples: Sequence[str]) -> list[str]:
    words = dict.fromkeys(text.strip() for text in samples if text and text.strip())
    rows = [
        f"      {quoted(word)}: {STATUS_WORDS[word]}"
        if word in STATUS_WORDS
        else f"      # {quoted(word)}: which status is this?"
        for word in words
    ]
    known = [f"      {word}: {status}" for word, status in STATUS_WORDS.items() if word not in words]
    return ["    via: [trim]", "    table:", *rows, *known, "    required: yes", "    otherwise: refuse"]


def quoted(text: str) -> str:
    """A text as YAML takes it back unchanged."""
    if re.fullmatch(r"[^\W\d][\w/]*", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'

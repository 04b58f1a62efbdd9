"""Drafts a mapping of records from two profiles: names, types, what is sensitive, and values both sides hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from baton.mapping.draft import (
    ENOUGH,
    Match,
    assigned,
    ending,
    heading,
    likeness_of_names,
    no_column,
    quoted,
)
from baton.mapping.draft_chains import chain_for, chain_from
from baton.mapping.schema import EMPLOYEE
from baton.mapping.values import EMPLOYEE_TYPES, ValueType
from baton.model.account import FieldSpec, FieldType
from baton.records.words import plain_name, sensitive_by_name

if TYPE_CHECKING:
    from baton.contracts import Collection
    from baton.records.column_profile import ColumnProfile, Profile

_SURE: Final = 0.99
_FEWEST_SHARED: Final = 3
_SAME_VALUES: Final = 0.5
_NUMERIC: Final = (FieldType.INTEGER, FieldType.DECIMAL)
_DATED: Final = (FieldType.DATE, FieldType.DATETIME)


def suggest_records(
    source_profile: Profile,
    target_collection: Collection,
    *,
    source: str,
    target: str,
    read: str,
    target_profile: Profile | None = None,
) -> str:
    """A draft mapping of records as YAML text: every guess with its confidence, every doubt with its rows.

    ``read`` names the source's collection; ``target_profile`` is of records that are in the target already, if there
    are any: values that both sides hold speak for a match. Values are never written, but for those of columns with few
    different ones that are not sensitive, as keys of a table.
    """
    columns, fields = source_profile.columns, target_collection.fields
    held = target_profile.columns if target_profile else {}
    matches = match_records(columns, fields, held)
    lines = [
        *heading(source, target),
        f"collection: {quoted(target_collection.name)}",
        _key(target_collection, source_profile, matches),
        f"read: {quoted(read)}",
        "fields:",
    ]
    for name, spec in fields.items():
        found = matches.get(name)
        if found is None:
            lines.append(no_column(quoted(name), spec))
        else:
            kind = EMPLOYEE_TYPES[found.column] if source == EMPLOYEE else ValueType.TEXT
            lines += _field(name, spec, found, columns[found.column], held.get(name), kind)
    return "\n".join([*lines, *ending(columns, matches)])


def match_records(
    columns: Mapping[str, ColumnProfile], fields: Mapping[str, FieldSpec], held: Mapping[str, ColumnProfile]
) -> dict[str, Match]:
    """The likeliest column for each field. ``held`` profiles what the target's fields hold already."""
    return assigned(
        (name, _weighed(column, name, spec, held.get(name)))
        for name, spec in fields.items()
        for column in columns.values()
    )


def overlap(one: ColumnProfile, other: ColumnProfile) -> float:
    """The share (0 to 1) of the smaller column's different values that the other holds too, from samples of both."""
    if not one.sketch or not other.sketch:
        return 0.0
    # Both samples are complete below the smaller of their largest hashes.
    limit = min(max(column.sketch) if len(column.sketch) < column.distinct else 1 << 64 for column in (one, other))
    left, right = ({value for value in column.sketch if value <= limit} for column in (one, other))
    smaller = min(len(left), len(right))
    return len(left & right) / smaller if smaller >= _FEWEST_SHARED else 0.0


def _weighed(column: ColumnProfile, name: str, spec: FieldSpec, held: ColumnProfile | None) -> Match:
    score, reason = likeness_of_names(column.name, name)
    said = [reason] if reason else []
    shared = overlap(column, held) if held else 0.0
    if shared >= _SAME_VALUES and (held is None or held.distinct > 2):
        score = max(score, min(_SURE, 0.55 + 0.4 * shared))
        said = [
            *(said if score >= ENOUGH and reason != "similar name" else []),
            f"{shared:.0%} of the values are shared",
        ]
    meant = sensitive_by_name(name)
    if column.sensitive is not None and meant is not None:
        if column.sensitive is meant:
            score = max(ENOUGH, min(_SURE, score + 0.05)) if said else score
            said.append(f"both hold {meant.value.replace('_', ' ')}")
        else:
            score -= 0.4
    if _contradicts(column, spec):
        score -= 0.4
        said.append(f"but the values look like {column.type}")
    return Match(column.name, max(score, 0.0), ", ".join(said))


def _contradicts(column: ColumnProfile, spec: FieldSpec) -> bool:
    """True when hardly any value can become what the field wants."""
    if column.rows == column.blanks:
        return False
    dated = column.type in ("date", "datetime")
    if spec.type in _DATED:
        return not dated and not (column.type == "text" and column.date_like)
    if spec.type in _NUMERIC:
        return dated or (column.type == "text" and not column.number_like)
    return False


def _key(collection: Collection, profile: Profile, matches: Mapping[str, Match]) -> str:
    if collection.key:
        return f"key: [{', '.join(map(quoted, collection.key))}]"
    fields = {found.column: name for name, found in matches.items()}
    for key in profile.keys:
        if all(column in fields for column in key):
            named = ", ".join(quoted(fields[column]) for column in key)
            return f"key: [{named}]  # the target enforces none; these name each record of the source"
    return "key: []  # the target enforces none: which fields name a record?"


def _field(
    name: str, spec: FieldSpec, found: Match, column: ColumnProfile, held: ColumnProfile | None, kind: ValueType
) -> Iterator[str]:
    for doubt in column.suspicions:
        rows = ", ".join(map(str, doubt.rows))
        yield f"  # {doubt.count} cells: {doubt.doubt.value.replace('_', ' ')} (rows {rows})"
    chain, questions = chain_for(name, spec, column) if kind is ValueType.TEXT else (chain_from(kind, spec), [])
    note = "; ".join([f"{found.confidence:.0%} {found.reason}", *questions])
    parts = [f"from: {quoted(column.name)}", f"via: [{', '.join(chain)}]"]
    rows_of_table = list(_table(spec, column, held)) if kind is ValueType.TEXT else []
    if rows_of_table:
        yield f"  {quoted(name)}:  # {note}"
        yield f"    from: {quoted(column.name)}"
        yield "    via: [trim]"
        yield "    table:"
        yield from rows_of_table
        if spec.required:
            yield "    required: yes"
        return
    if spec.required:
        parts.append("required: yes")
    yield f"  {quoted(name)}: {{{', '.join(parts)}}}  # {note}"


def _table(spec: FieldSpec, column: ColumnProfile, held: ColumnProfile | None) -> Iterator[str]:
    """A table for a column of few values, where the field takes only certain ones or holds others than these."""
    if spec.type not in (FieldType.TEXT, FieldType.REFERENCE) or not column.top:
        return
    words = list(dict.fromkeys(value.what.strip() for value in column.top if value.what.strip()))
    if spec.choices is not None:
        wanted = sorted(spec.choices)
    elif held is not None and held.top and overlap(column, held) < _SAME_VALUES:
        wanted = [value.what for value in held.top]
    else:
        return
    if set(words) <= set(wanted):
        return
    plain = {plain_name(word): word for word in wanted}
    known = [word for word in words if plain_name(word) in plain]
    yield f"      # the target knows: {', '.join(quoted(word) for word in wanted)}"
    for word in words:
        if word in known:
            yield f"      {quoted(word)}: {quoted(plain[plain_name(word)])}"
        else:
            yield f"      # {quoted(word)}: which one is this?"
    if not known:
        yield f"      {quoted(words[0])}: {quoted(wanted[0])}  # a guess, so that the table has an entry"

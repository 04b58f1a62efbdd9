"""Which transforms a column's values need to become what a field takes, as far as its profile can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from baton.mapping.draft import BY_TYPE, CHAINS
from baton.mapping.values import ValueType
from baton.model.account import FieldSpec, FieldType
from baton.records.suspicions import Doubt
from baton.records.words import Sensitive, concept_of

if TYPE_CHECKING:
    from baton.records.column_profile import ColumnProfile

_BY_KIND: Final[Mapping[Sensitive, tuple[str, ...]]] = {
    Sensitive.PHONE: ("phone_cn",),
    Sensitive.EMAIL: ("email_lower",),
    Sensitive.IDENTITY_NUMBER: ("upper",),
    Sensitive.BANK_ACCOUNT: ("digits_only",),
    Sensitive.PASSPORT: ("upper",),
}
_IN_HALF_WIDTH: Final = (*_BY_KIND, Sensitive.AMOUNT)
_ZONE: Final = "Asia/Shanghai"


def chain_for(name: str, spec: FieldSpec, column: ColumnProfile) -> tuple[list[str], list[str]]:
    """The transforms for one field in order, and what a person must still decide."""
    questions: list[str] = []
    match spec.type:
        case FieldType.DATE:
            last = _day(column, questions)
        case FieldType.DATETIME:
            last = _moment(column, questions)
        case FieldType.DECIMAL:
            last = _decimal(spec, column, questions)
        case FieldType.INTEGER | FieldType.BOOLEAN:
            last = [BY_TYPE[spec.type].strip("[]").rsplit(", ", 1)[-1]]
        case _:
            last = _text(name, spec, column, questions)
    return list(dict.fromkeys([*_cleaned(spec, column), *last])), questions


def chain_from(kind: ValueType, spec: FieldSpec) -> list[str]:
    """The transforms for a column that is typed already: a day becomes text where the field takes text."""
    return ["date_text(iso)"] if kind is ValueType.DATE and spec.type is FieldType.TEXT else []


def _cleaned(spec: FieldSpec, column: ColumnProfile) -> Iterator[str]:
    """What takes away what a profile found, before a value is read."""
    yield "trim"
    if column.doubts(Doubt.MOJIBAKE) or column.doubts(Doubt.LOST_CHARACTER):
        yield "unmojibake"
    numeric = spec.type in (FieldType.INTEGER, FieldType.DECIMAL)
    if numeric or column.doubts(Doubt.FULL_WIDTH) or column.sensitive in _IN_HALF_WIDTH:
        yield "half_width"
    yield from (f"empty_if({word})" for word in column.placeholders)
    if column.doubts(Doubt.SCIENTIFIC):
        yield "excel_scientific"
    if column.doubts(Doubt.POINT_ZERO):
        yield "strip_trailing_zero_decimal"


def _text(name: str, spec: FieldSpec, column: ColumnProfile, questions: list[str]) -> list[str]:
    if spec.max_length is not None and column.max_length > spec.max_length:
        questions.append(f"values have up to {column.max_length} characters, the field takes {spec.max_length}")
    if column.doubts(Doubt.ZEROS_LOST):
        return [f"zero_pad({max(length for length, _ in column.digits)})"]
    if column.sensitive is not None and column.sensitive in _BY_KIND:
        return list(_BY_KIND[column.sensitive])
    known = CHAINS.get(concept_of(name) or "")
    if known:
        return [call for call in known.strip("[]").split(", ") if call not in ("trim", "nfkc")]
    return ["nfc"] if column.type == "text" and not column.digits else []


def _day(column: ColumnProfile, questions: list[str]) -> list[str]:
    forms = {form.what for form in column.date_forms}
    order = {"dd/mm/yyyy": "date_dmy", "mm/dd/yyyy": "date_mdy", "dd/mm or mm/dd/yyyy": "date_dmy"}
    found = [order[form] for form in order if form in forms]
    if "dd/mm or mm/dd/yyyy" in forms:
        questions.append("is it the day or the month that comes first?")
    if "dd/mm/yy or mm/dd/yy" in forms:
        questions.append("years of two digits: from which year on do they mean 19..?")
        return ["date_dmy(50)"]
    if len(set(found)) > 1:
        questions.append("days and months are in mixed order")
    if found and len(forms) > len(found):
        questions.append("days are written in several forms: one transform reads only some of them")
    return found[:1] or ["date"]


def _moment(column: ColumnProfile, questions: list[str]) -> list[str]:
    if column.largest is not None and column.largest[-6:].count(":") == 1 and column.largest[-6] in "+-":
        return ["datetime"]
    questions.append("in which zone are these moments?")
    return [f"datetime({_ZONE})"]


def _decimal(spec: FieldSpec, column: ColumnProfile, questions: list[str]) -> list[str]:
    if column.places > spec.places:
        questions.append(f"values have up to {column.places} places, the field takes {spec.places}")
    plain = column.type in ("integer", "decimal") and not any("," in pattern.what for pattern in column.patterns)
    return [*([] if plain else ["money"]), f"decimal({spec.places})"]

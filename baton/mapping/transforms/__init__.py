"""The named transforms a mapping may use, and the one place to add a transform of one's own.

A company's own transform lives in a module beside systems.yaml (or installed), named there under ``hub.transforms``::

    from baton.mapping.transforms import transform

    @transform("shop_code", refuses="is not a shop code")
    def shop_code(column: pl.Expr) -> pl.Expr:
        '''A shop code such as S-012.'''
        return pl.when(column.str.contains(r"^S-[0-9]{3}$")).then(column)
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from baton.errors import ConfigurationError, Fault
from baton.mapping.steps import Step, Transform, bind, count, split_call
from baton.mapping.transforms import (
    calendars,
    dates,
    masking,
    money,
    numbers,
    own_modules,
    paths,
    people,
    repairs,
    text,
)
from baton.mapping.values import ValueType

_DATE, _TIME, _MOMENT = ValueType.DATE, ValueType.TIME, ValueType.DATETIME
_NO_DAY: Final = "is not an existing day in this form"
_NO_MOMENT: Final = "is not an existing moment in this form"
_NO_IDENTITY: Final = "is not a resident identity number (form, date or check)"
_NO_NUMBER: Final = "is not a plain number, or the result has more than nine places"

TRANSFORMS: Final[Mapping[str, Transform]] = {
    # text
    "trim": Transform(text.trim),
    "nfc": Transform(text.nfc),
    "nfkc": Transform(text.nfkc),
    "half_width": Transform(text.half_width),
    "upper": Transform(text.upper),
    "lower": Transform(text.lower),
    "squeeze": Transform(text.squeeze),
    "no_blanks": Transform(text.no_blanks),
    "prefix": Transform(text.prefix, arguments=(str,)),
    "suffix": Transform(text.suffix, arguments=(str,)),
    "strip_prefix": Transform(text.strip_prefix, arguments=(str,)),
    "last": Transform(text.last, arguments=(count,)),
    "default": Transform(text.default, arguments=(str,)),
    "empty_if": Transform(text.empty_if, arguments=(str,)),
    "truncate": Transform(text.truncate, arguments=(count,)),
    "zero_pad": Transform(text.zero_pad, arguments=(count,)),
    "before": Transform(text.before, arguments=(str,)),
    "after": Transform(text.after, arguments=(str,)),
    "join": Transform(text.join, arguments=(str,), many=True),
    "join_nospace": Transform(text.join_nospace, many=True),
    "coalesce": Transform(text.coalesce, many=True),
    "email_lower": Transform(text.email, refuses="is not a mail address"),
    # parts and paths
    "path_clean": Transform(paths.path_clean, arguments=(paths.separator,)),
    "path_last": Transform(paths.path_last, arguments=(paths.separator,)),
    "path_parent": Transform(paths.path_parent, arguments=(paths.separator,)),
    "path_level": Transform(paths.path_level, arguments=(paths.level, paths.separator)),
    "split_nth": Transform(paths.split_nth, arguments=(paths.separator, paths.level)),
    # repairs
    "excel_scientific": Transform(
        repairs.excel_scientific, refuses="is in E notation, and some of its digits are gone"
    ),
    "strip_trailing_zero_decimal": Transform(repairs.strip_trailing_zero_decimal),
    "strip_formula_prefix": Transform(repairs.strip_formula_prefix),
    "unmojibake": Transform(repairs.unmojibake, refuses="was decoded wrongly and cannot be put right"),
    # people
    "family_name_cn": Transform(people.family_name),
    "given_name_cn": Transform(people.given_name),
    "digits_only": Transform(people.digits_only, refuses="holds something other than digits, blanks and hyphens"),
    "phone_cn": Transform(people.phone_cn, refuses="is neither a mainland mobile nor a number with + and country code"),
    "identity_cn": Transform(people.identity_cn, refuses="is not a resident identity number (form, date or check)"),
    "bank_card": Transform(people.bank_card, refuses="is not a card number (12 to 19 digits with a fitting check)"),
    "identity_18": Transform(people.identity_18, refuses=_NO_IDENTITY),
    "identity_birthday": Transform(people.identity_birthday, gives=_DATE, refuses=_NO_IDENTITY),
    "identity_sex": Transform(people.identity_sex, refuses=_NO_IDENTITY, arguments=(str, str)),
    "phone_landline_cn": Transform(people.phone_landline_cn, refuses="is not a mainland landline with its area code"),
    "phone_e164": Transform(
        people.phone_e164,
        refuses="is not a telephone number, or without a + is none of the country",
        arguments=(people.country_code,),
    ),
    "family_name_latin": Transform(people.family_name_latin),
    "given_name_latin": Transform(people.given_name_latin),
    # masks
    "mask": Transform(masking.mask, arguments=(count, count)),
    "mask_identity": Transform(masking.mask_identity),
    "mask_card": Transform(masking.mask_card),
    "sha256_hex": Transform(masking.sha256_hex),
    # days, times, moments
    "date": Transform(
        dates.day,
        gives=_DATE,
        refuses="is not an existing day in one of the known forms",
        arguments=(dates.calendar,),
        optional_arguments=1,
    ),
    "date_text": Transform(dates.day_text, takes=_DATE, arguments=(dates.day_form,)),
    "time": Transform(dates.time_of_day, gives=_TIME, refuses="is not a time of day such as 18:00"),
    "datetime": Transform(
        dates.moment,
        gives=_MOMENT,
        refuses="is not a moment with an offset, or does not exist in its zone",
        arguments=(dates.zone_name,),
        optional_arguments=1,
    ),
    "zone": Transform(dates.zone, refuses="is not an IANA time zone such as Asia/Shanghai"),
    "date_dmy": Transform(
        calendars.day_first, gives=_DATE, refuses=_NO_DAY, arguments=(calendars.pivot_year,), optional_arguments=1
    ),
    "date_mdy": Transform(
        calendars.month_first, gives=_DATE, refuses=_NO_DAY, arguments=(calendars.pivot_year,), optional_arguments=1
    ),
    "date_yy": Transform(calendars.short_year_first, gives=_DATE, refuses=_NO_DAY, arguments=(calendars.pivot_year,)),
    "date_cn": Transform(calendars.chinese_numerals, gives=_DATE, refuses=_NO_DAY),
    "date_jp": Transform(calendars.japanese_era, gives=_DATE, refuses=_NO_DAY),
    "date_roc": Transform(calendars.republic_of_china, gives=_DATE, refuses=_NO_DAY),
    "datetime_compact": Transform(
        calendars.compact_moment, gives=_MOMENT, refuses=_NO_MOMENT, arguments=(dates.zone_name,)
    ),
    "datetime_epoch": Transform(calendars.epoch, gives=_MOMENT, refuses=_NO_MOMENT, arguments=(calendars.epoch_unit,)),
    # numbers
    "integer": Transform(numbers.integer, gives=ValueType.INTEGER, refuses="is not a whole number"),
    "integer_text": Transform(numbers.integer_text, takes=ValueType.INTEGER),
    "decimal": Transform(
        numbers.decimal,
        gives=ValueType.DECIMAL,
        refuses="is not a decimal number of that many places",
        arguments=(numbers.places,),
    ),
    "money": Transform(money.money, refuses="is not an amount in one of the known forms"),
    "money_capitals": Transform(money.amount_in_capitals, refuses="is not an amount in Chinese words"),
    "minor_units": Transform(
        money.minor_units,
        gives=ValueType.INTEGER,
        refuses="is not an amount of at most that many places",
        arguments=(numbers.places,),
    ),
    "percent": Transform(money.percent, refuses="is not a number with a percent sign"),
    "times": Transform(money.times, refuses=_NO_NUMBER, arguments=(money.factor,)),
    "divided_by": Transform(money.divided_by, refuses=_NO_NUMBER, arguments=(money.factor,)),
    "boolean": Transform(numbers.boolean, gives=ValueType.BOOLEAN, refuses="is neither yes nor no"),
}

_own: dict[str, Transform] = {}


def transform(
    name: str,
    *,
    takes: ValueType = ValueType.TEXT,
    gives: ValueType = ValueType.TEXT,
    refuses: str = "",
    arguments: tuple[Callable[[str], Any], ...] = (),
) -> Callable[[Callable[..., pl.Expr]], Callable[..., pl.Expr]]:
    """Add a transform of one's own under a name that is still free; ValueError when it is not."""
    split_call(name)

    def register(function: Callable[..., pl.Expr]) -> Callable[..., pl.Expr]:
        known = _own.get(name)
        again = known is not None and known.function.__module__ == function.__module__
        if name in TRANSFORMS or (known is not None and not again):
            raise ValueError(f"there is a transform {name!r} already")
        _own[name] = Transform(function, takes, gives, refuses, arguments)
        return function

    return register


def load_transforms(module_names: Sequence[str], *, file: Path | None = None) -> None:
    """Import the modules that define own transforms; ConfigurationError lists every one that fails.

    ``file`` is the one that names them: a module may lie in its folder as well as anywhere on the import path.
    """
    faults = []
    if file is not None and module_names:
        own_modules.look_in(file.resolve().parent)
    for name in module_names:
        try:
            if file is not None:
                own_modules.require_guarded(name, file.resolve().parent)
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a module of the user's may fail in any way; all are reported
            reason = f"{type(error).__name__}: {error}"
            place = str(file or "systems.yaml")
            faults.append(Fault(place, "transforms", f"the module {name!r} cannot be loaded: {reason}"))
    if faults:
        raise ConfigurationError(faults)


def transform_names() -> tuple[str, ...]:
    """Every name a ``via`` chain may use."""
    return (*TRANSFORMS, *_own)


def step(call: str) -> Step:
    """The step that ``name(argument)`` means; ValueError says what is wrong with it."""
    name, arguments = split_call(call)
    found = TRANSFORMS.get(name) or _own.get(name)
    if found is None:
        near = difflib.get_close_matches(name, transform_names(), n=1)
        raise ValueError(f"there is no transform {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    return bind(name, found, arguments)


def one(call: str, *values: object) -> Any:
    """One transform applied to one value (several for a joining one), as the doctests do."""
    bound = step(call)
    columns = {f"c{place}": [value] for place, value in enumerate(values)}
    kind = pl.String if bound.transform.takes is ValueType.TEXT else None
    frame = pl.DataFrame(columns, schema_overrides=dict.fromkeys(columns, kind) if kind else None)
    return frame.select(bound.on(*(pl.col(name) for name in columns)).alias("out")).item()

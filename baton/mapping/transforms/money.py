"""Transforms on amounts and measures: exact decimals throughout, never a float."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

import polars as pl

from baton.mapping.transforms.stages import first_of, once
from baton.mapping.transforms.text import nfkc

_SIGNS: Final = r"(?i)^(?:rmb|cny|人民币|usd|hkd|jpy|eur|krw|us\$|hk\$|[¥$€£₩])|(?:元整?|圆整?|円|원)$"
_TENS_OF_THOUSANDS: Final = r"^(-?[0-9]+)(?:\.([0-9]{1,4}))?万$"
_PLAIN: Final = r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$"
_USUAL: Final = r"^-?([0-9]{1,18}|[0-9]{1,3}(,[0-9]{3}){1,5})(\.[0-9]{1,9})?$"
_SEPARATED: Final = r"^-?[0-9]{1,3}((,[0-9]{3})+|( [0-9]{3})+)(\.[0-9]+)?万?$"
_BLANK: Final = r"[\s\u200b]"
_BLANK_BEHIND: Final = r"(^|[^0-9.,\s\u200b])[\s\u200b]+"
_BLANK_BEFORE: Final = r"[\s\u200b]+($|[^0-9.,\s\u200b])"
_CAPITALS: Final = dict(zip("零壹贰叁肆伍陆柒捌玖〇一二三四五六七八九两", (*range(10), *range(10), 2), strict=True))
_SMALL_UNITS: Final = {"拾": 10, "十": 10, "佰": 100, "百": 100, "仟": 1000, "千": 1000}
_NUMERAL: Final = r"(?:[零〇]?(?:[壹贰叁肆伍陆柒捌玖一二三四五六七八九两][仟佰拾千百十]?|[拾十]))"
_CAPITAL_FORM: Final = re.compile(
    rf"(?P<yi>{_NUMERAL}+亿)?(?P<wan>{_NUMERAL}+万)?(?P<yuan>{_NUMERAL}+|零)?(?P<unit>[元圆])?"
    r"(?:零?(?P<jiao>[壹贰叁肆伍陆柒捌玖])角)?(?:零?(?P<fen>[壹贰叁肆伍陆柒捌玖])分)?[整正]?"
)
_NUMBERS: Final = ("yi", "wan", "yuan", "jiao", "fen")
_BARE_DIGIT: Final = re.compile("[壹贰叁肆伍陆柒捌玖一二三四五六七八九两]")
"""Behind 万 or 亿 without 零 it may stand for thousands: 一万二 is 12000 to most people."""
_DIGITS: Final = 38
_FACTOR: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")
_FACTOR_PLACES: Final = 9


def money(column: pl.Expr) -> pl.Expr:
    """An amount as people write it becomes plain digits: ￥1,234.50, 1234元, 1.5万元, (300), full-width digits.

    A minus may stand in front or behind (300-). Currency signs and names are taken off, not checked. Separators must
    stand between groups of three digits: commas, or single blanks (also no-break and narrow ones), not both. Any other
    white space between digits is refused, since two amounts may stand in one cell, one below the other.

    >>> [one("money", t) for t in ("￥1,234.50", "１２３４元", "1.5万元", "(300.00)", "RMB 12", "-￥5", "12 000")]
    ['1234.50', '1234', '15000', '-300.00', '12', '-5', '12000']
    >>> [one("money", t) for t in ("1,23", "1.234,50", "12元5角", "面议", "1e3", "8000 500", "8000①")]
    [None, None, None, None, None, None, None]
    """
    return first_of(column, _usual_amount, _any_amount)


def _usual_amount(column: pl.Expr) -> pl.Expr:
    """Digits, with separators or without."""
    return pl.when(column.str.contains(_USUAL)).then(column.str.replace_all(",", "", literal=True))


def currencies(column: pl.Expr) -> pl.Expr:
    """The currency signs and names that `money` takes off an amount, as a list.

    >>> pl.select(currencies(pl.lit(pl.Series(["￥1,234.50", "-HK$5", "(RMB 12元)", "1234"])))).to_series().to_list()
    [['¥'], ['HK$'], ['RMB', '元'], []]
    """
    return _bare(column).str.replace_all(r"^[(+-]+|[)-]+$", "").str.extract_all(_SIGNS)


def _bare(column: pl.Expr) -> pl.Expr:
    """In the plain forms of characters, without the white space at the ends and beside anything but digits.

    Between digits it stays: there it either separates groups of three, or stands between two numbers. All blanks that
    are one character wide or less (no-break, narrow, ideographic) are a space by then.
    """
    return first_of(
        nfkc(column),
        lambda text: pl.when(~text.str.contains(_BLANK)).then(text),
        lambda text: text.str.replace_all(_BLANK_BEHIND, "${1}").str.replace_all(_BLANK_BEFORE, "${1}"),
    )


def _any_amount(column: pl.Expr) -> pl.Expr:
    bare = _bare(column)
    # (300) is -300, and a minus stands before the currency sign or behind it: it is put in front at the end.
    unsigned = bare.str.replace(r"^\((.+)\)$", "-${1}").str.replace(r"^-(.*)$", "${1}-").str.replace(r"^\+", "")
    amount = once(unsigned, _without_currency)
    grouped = once(
        amount,
        lambda text: pl.when(text.str.contains(_SEPARATED)).then(text.str.replace_all("[, ]", "")).otherwise(text),
    )
    return once(grouped, _in_ones)


def _without_currency(text: pl.Expr) -> pl.Expr:
    """The amount without its currency; a minus at the end goes to the front."""
    amount = text.str.strip_suffix("-").str.replace_all(_SIGNS, "")
    return pl.when(text.str.ends_with("-")).then(pl.lit("-") + amount).otherwise(amount)


def _in_ones(text: pl.Expr) -> pl.Expr:
    """Plain digits; tens of thousands (万) are written out."""
    behind = pl.coalesce(text.str.extract(_TENS_OF_THOUSANDS, 2), pl.lit("")).str.pad_end(4, "0")
    shifted = text.str.extract(_TENS_OF_THOUSANDS, 1) + behind
    return pl.when(text.str.contains(_PLAIN)).then(text).otherwise(shifted)


def amount_in_capitals(column: pl.Expr) -> pl.Expr:
    """A Chinese amount in words (壹万贰仟元整, 三千五百) becomes plain digits. One Python call per different value.

    >>> [one("money_capitals", t) for t in ("壹万贰仟叁佰元整", "叁佰零伍元陆角柒分", "壹拾亿零贰万元", "伍角")]
    ['12300', '305.67', '1000020000', '0.5']
    >>> [one("money_capitals", t) for t in ("12元", "贰壹元", "元", "仟元", "三千五", "一万二", "一亿二千")]
    [None, None, None, None, None, None, None]
    """
    return column.map_batches(_read_capitals, return_dtype=pl.String)


def _read_capitals(column: pl.Series) -> pl.Series:
    values = column.unique().drop_nulls().to_list()
    known = {value: read for value in values if (read := _capital_amount(value)) is not None}
    return column.replace_strict(known, default=None, return_dtype=pl.String)


def _capital_amount(text: str) -> str | None:
    form = _CAPITAL_FORM.fullmatch(text.strip())
    if form is None or not any(form[name] for name in _NUMBERS):
        return None
    parts = [_numeral((form[name] or "").rstrip("亿万")) for name in ("yi", "wan", "yuan")]
    bare_after_large = _BARE_DIGIT.fullmatch(form["yuan"] or "") and (form["yi"] or form["wan"])
    # 一亿二千 is 1.2亿 when spoken; with 元 behind it, or 零 in front, the thousands are thousands.
    bare_after_yi = form["yi"] and form["yuan"] and not (form["wan"] or form["unit"] or form["yuan"][0] in "零〇")
    if None in parts or bare_after_large or bare_after_yi:
        return None
    hundred_millions, ten_thousands, ones = (part or 0 for part in parts)
    jiao, fen = (_CAPITALS[form[name]] if form[name] else 0 for name in ("jiao", "fen"))
    whole = hundred_millions * 10**8 + ten_thousands * 10**4 + ones
    if fen:
        return f"{whole}.{jiao}{fen}"
    return f"{whole}.{jiao}" if jiao else str(whole)


def _numeral(text: str) -> int | None:
    """A numeral below ten thousand; None when its units do not fall from left to right, or a place is left open."""
    total, digit, last_unit, after_zero = 0, None, 10_000, False
    for char in text:
        if char in _SMALL_UNITS:
            unit = _SMALL_UNITS[char]
            if unit >= last_unit or digit == 0:
                return None
            total, digit, last_unit = total + (1 if digit is None else digit) * unit, None, unit
        elif digit:
            return None
        else:
            after_zero = digit == 0
            digit = _CAPITALS[char]
    if digit and 100 <= last_unit < 10_000 and not after_zero:
        return None  # 三千五: spoken it is 3500, by the digits 3005
    return total + (digit or 0)


def minor_units(column: pl.Expr, places: int) -> pl.Expr:
    """An amount becomes a whole number of its smallest unit (yuan to fen with 2); more places are refused.

    >>> one("minor_units(2)", "10.5"), one("minor_units(2)", "-0.07"), one("minor_units(0)", "12")
    (1050, -7, 12)
    >>> one("minor_units(2)", "10.555"), one("minor_units(2)", "1,000")
    (None, None)
    """
    fraction = rf"(?:\.([0-9]{{1,{places}}}))?" if places else "()"
    form = rf"^([+-]?[0-9]{{1,{18 - places}}}){fraction}$"
    whole = column.str.extract(form, 1).str.strip_prefix("+")
    behind = pl.coalesce(column.str.extract(form, 2), pl.lit("")).str.pad_end(places, "0")
    return (whole + behind).cast(pl.Int64)


def percent(column: pl.Expr) -> pl.Expr:
    """A percentage becomes the share it means, as plain digits: 12.5% is 0.125; without its sign it is refused.

    >>> one("percent", "12.5%"), one("percent", "100％"), one("percent", "-3 %"), one("percent", "0.125")
    ('0.125', '1', '-0.03', None)
    """
    number = nfkc(column).str.extract(r"^\s*([+-]?[0-9]{1,15}(?:\.[0-9]{1,7})?)\s*%$", 1)
    return _plain(number.str.strip_prefix("+").cast(pl.Decimal(_DIGITS, 9)) * Decimal("0.01"))


def times(column: pl.Expr, factor: Decimal) -> pl.Expr:
    """A number is multiplied, exactly (万元 to 元: ``times(10000)``); at most nine places may come out.

    >>> one("times(10000)", "1.25"), one("times(0.5)", "3"), one("times(60)", "1h")
    ('12500', '1.5', None)
    """
    places = -int(factor.as_tuple().exponent)
    return _plain(_number(column, _FACTOR_PLACES - places) * factor)


def divided_by(column: pl.Expr, divisor: Decimal) -> pl.Expr:
    """A number is divided, exactly (fen to yuan: ``divided_by(100)``); more than nine places are refused.

    >>> one("divided_by(100)", "1250"), one("divided_by(3)", "10"), one("divided_by(8)", "1")
    ('12.5', None, '0.125')
    """
    places = -int(divisor.as_tuple().exponent)
    whole = int(divisor.scaleb(places))
    # In whole billionths, so that the remainder tells whether the division comes out.
    billionths = (_number(column, 9).cast(pl.Decimal(_DIGITS, 9)) * Decimal(10**9)).cast(pl.Int128) * 10**places
    exact = pl.when(billionths % whole == 0).then(billionths // whole)
    sign = pl.when(exact < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    digits = exact.abs().cast(pl.String).str.pad_start(10, "0")
    return _plain_text(sign + digits.str.head(-9) + "." + digits.str.tail(9))


def _number(column: pl.Expr, places: int) -> pl.Expr:
    form = rf"^[+-]?[0-9]{{1,15}}(\.[0-9]{{1,{places}}})?$"
    return pl.when(column.str.contains(form)).then(column.str.strip_prefix("+")).cast(pl.Decimal(_DIGITS, places))


def _plain(number: pl.Expr) -> pl.Expr:
    return _plain_text(number.cast(pl.String))


def _plain_text(text: pl.Expr) -> pl.Expr:
    """Digits without zeros behind the last place that counts."""
    return text.str.replace(r"(\.[0-9]*?)0+$", "${1}").str.strip_suffix(".").str.replace(r"^-0$", "0")


def factor(text: str) -> Decimal:
    """The argument of ``times`` and ``divided_by``: a positive number of at most nine digits and six places."""
    if not _FACTOR.fullmatch(text) or not Decimal(text):
        raise ValueError("expected a positive number such as 100 or 0.5")
    number = Decimal(text).normalize()
    return number if "." in str(number) else number.quantize(Decimal(1))

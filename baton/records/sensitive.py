"""Columns that say something about a person, recognised by their header or by what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from baton.records.check_digits import identity_15_fits, identity_fits, luhn_fits
from baton.records.suspicions import Doubt
from baton.records.words import Sensitive

_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪"
    "范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤欧"
)
_OLD_LENGTH: Final = 15
_MOBILE: Final = r"^(?:\+?86[- ]?|0086[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}$"
_OTHER_PHONE: Final = (
    r"^(?:\+?86[- ]?|0086[- ]?)?\(?0?[1-9][0-9]{1,2}\)?[- ]?[2-9][0-9]{6,7}(?:[-转][0-9]{1,6})?$"
    r"|^[2-9][0-9]{6,7}$|^[48]00[- ]?[0-9]{3}[- ]?[0-9]{4}$|^\+(?:[0-79]|8[0-57-9])[0-9][0-9 \-]{4,15}$"
)
_OTHER_DOCUMENT: Final = r"^[A-Za-z]{1,2}[0-9]{6,10}(\([0-9A]\))?$|^[0-9]{8}$"
"""Passports and the permits of Hong Kong, Macau and Taiwan, which stand in the same column."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Tells what a column holds by how many of its values fit."""

    sensitive: Sensitive
    shape: str
    """Shapes of which at least half the values must be before any is looked at."""
    enough: float
    """The share of the values that must fit for the content alone to say so."""
    doubt: Doubt | None = None
    """What a value that does not fit is suspected of, in a column recognised by its values or its header."""
    least_fitting: float = 0.0
    """Below this share the values are of another kind altogether, and none is suspected."""

    def fits(self, values: pl.Series) -> pl.Series:
        """True for each value that is what the judge looks for."""
        fits = self._fits(pl.col("value"))
        if self.sensitive is Sensitive.IDENTITY_NUMBER and (values.str.len_bytes() == _OLD_LENGTH).any():
            fits |= identity_15_fits(pl.col("value"))
        return values.alias("value").to_frame().select(fits.fill_null(value=False).alias("fits"))["fits"]

    def _fits(self, value: pl.Expr) -> pl.Expr:
        match self.sensitive:
            case Sensitive.IDENTITY_NUMBER:
                return identity_fits(value)
            case Sensitive.BANK_ACCOUNT:
                return luhn_fits(value.str.replace_all("[ -]", ""))
            case Sensitive.PHONE:
                return value.str.contains(_MOBILE)
            case Sensitive.EMAIL:
                return value.str.contains(r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$")
            case Sensitive.PASSPORT:
                return value.str.contains(r"^(?:[EeGgDdSsPpKkHhMm][0-9]{8}|E[A-HJ-NP-Z][0-9]{7})$")
            case Sensitive.ADDRESS:
                return value.str.contains(r"[省市区县州盟旗].*[路街道巷村镇乡号弄里]|[0-9]+[号弄][0-9]*")
            case Sensitive.NAME:
                return value.str.contains(f"^[{_SURNAMES}]")
            case _:
                return pl.lit(value=False)

    def tolerates(self, value: pl.Expr) -> pl.Expr:
        """True for each value that does not fit and yet has its reason to stand in such a column."""
        match self.sensitive:
            case Sensitive.IDENTITY_NUMBER:
                return value.str.contains(_OTHER_DOCUMENT)
            case Sensitive.PHONE:
                return value.str.contains(_OTHER_PHONE)
            case _:
                return pl.lit(value=False)


JUDGES: Final = (
    Judge(Sensitive.IDENTITY_NUMBER, "^(9{17}[9a]|9{15})$", 0.5, Doubt.IDENTITY_CHECK),
    Judge(Sensitive.PHONE, r"^[+9][9 \-]{10,16}$", 0.8, Doubt.PHONE_FORM),
    Judge(Sensitive.BANK_ACCOUNT, "^9{4}[ -]?9{4}[ -]?9{4}[ -]?9{3,4}([ -]?9{1,4})?$", 0.8, Doubt.CARD_CHECK, 0.5),
    Judge(Sensitive.EMAIL, "@", 0.8),
    Judge(Sensitive.PASSPORT, "^(a9{8}|aa9{7})$", 0.9),
    Judge(Sensitive.ADDRESS, "^.*H.*H.*H.*H.*H", 0.6),
    Judge(Sensitive.NAME, "^H{2,4}$", 0.85),
)
"""The surest first."""

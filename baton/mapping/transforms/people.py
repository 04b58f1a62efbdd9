"""Transforms on what identifies a person: names, telephone, identity and card numbers."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from baton.mapping.transforms.text import present
from baton.records.blanks import BLANKS
from baton.records.check_digits import identity_fits, luhn_fits

COMPOUND_SURNAMES: Final = tuple(
    re.findall(
        "..",
        "欧阳司马上官诸葛东方皇甫尉迟公孙慕容令狐司徒司空夏侯闻人澹台宗政濮阳淳于单于太叔"
        "申屠仲孙轩辕钟离宇文长孙鲜于闾丘亓官司寇子车颛孙端木巫马公西漆雕壤驷公良拓跋夹谷"
        "宰父百里东郭南门呼延羊舌微生东门西门南宫第五赫连独孤万俟纳兰完颜歐陽司馬諸葛東方"
        "尉遲公孫長孫鍾離軒轅聞人濮陽獨孤納蘭完顏葉赫",
    )
)
"""Surnames of two characters. A name of two characters is never taken for one of them alone (欧阳 may be 欧 + 阳).

Rare ones that begin with a common surname (梁丘, 段干, 左丘 …) are left out: 梁丘白 is far more often 梁 + 丘白.
"""

_LAST_WORD: Final = r"^(\S.*?)[\s·•・‧]+([^\s·•・‧]+)$"
_LATIN: Final = r"^[\x00-\x7f]+$"


def _width(column: pl.Expr) -> pl.Expr:
    """How many characters of a name in Chinese form are the surname."""
    compound = column.str.head(2).is_in(COMPOUND_SURNAMES) & (column.str.len_chars() > 2)
    return pl.when(compound).then(2).otherwise(1)


def family_name(column: pl.Expr) -> pl.Expr:
    """The family name out of a full name: compound surnames known, last word of a dotted or spaced name.

    >>> [one("family_name_cn", name) for name in ("张三", "欧阳䶮", "欧阳", "䶮", "San Zhang", "阿依古丽·买买提")]
    ['张', '欧阳', '欧', '䶮', 'Zhang', '买买提']
    """
    last = column.str.extract(_LAST_WORD, 2)
    whole = pl.when(column.str.contains(_LATIN)).then(column).otherwise(column.str.slice(0, _width(column)))
    return pl.coalesce(last, whole)


def given_name(column: pl.Expr) -> pl.Expr:
    """The given name out of a full name; no value where there is only one part.

    >>> [one("given_name_cn", name) for name in ("张三", "欧阳䶮", "欧阳", "䶮", "San Zhang", "阿依古丽·买买提")]
    ['三', '䶮', '阳', None, 'San', '阿依古丽']
    """
    words = column.str.extract(_LAST_WORD, 1)
    rest = pl.when(~column.str.contains(_LATIN)).then(column.str.slice(_width(column)))
    return present(pl.coalesce(words, rest))


def digits_only(column: pl.Expr) -> pl.Expr:
    """A number without the blanks and hyphens it was grouped with; anything else in it is refused, not dropped.

    >>> one("digits_only", "6222 0000-0000"), one("digits_only", "62A2")
    ('622200000000', None)
    """
    return column.str.replace_all(rf"[{BLANKS}\-]", "").str.extract("^([0-9]+)$", 1)


def phone_cn(column: pl.Expr) -> pl.Expr:
    """A mainland mobile as +86 and 11 digits; another country's number is kept if it starts with + and its code.

    >>> [one("phone_cn", n) for n in ("138-0000 0001", "0086 13800000001", "+86 13800000001", "+852 51230001")]
    ['+8613800000001', '+8613800000001', '+8613800000001', '+85251230001']
    >>> one("phone_cn", "1380000"), one("phone_cn", "+86 12345678901")
    (None, None)
    """
    bare = column.str.replace_all(rf"[{BLANKS}\-()（）]", "")
    mainland = bare.str.extract(r"^(?:\+86|0086|86)?(1[3-9][0-9]{9})$", 1)
    foreign = bare.str.contains(r"^\+[1-9][0-9]{6,14}$") & ~bare.str.starts_with("+86")
    return pl.when(mainland.is_not_null()).then(pl.lit("+86") + mainland).when(foreign).then(bare)


def identity_cn(column: pl.Expr) -> pl.Expr:
    """A resident identity number of 18 characters whose birth date exists and whose check character fits.

    >>> one("identity_cn", "11010519491231002x"), one("identity_cn", "110105194912310021")
    ('11010519491231002X', None)
    """
    number = column.str.to_uppercase()
    return pl.when(identity_fits(number)).then(number)


def bank_card(column: pl.Expr) -> pl.Expr:
    """A card number of 12 to 19 digits whose check digit (Luhn) fits. Not for passbook or company accounts.

    >>> one("bank_card", "6222 0000 0000 0000 004"), one("bank_card", "6222000000000000003")
    ('6222000000000000004', None)
    """
    number = digits_only(column)
    return pl.when(luhn_fits(number)).then(number)

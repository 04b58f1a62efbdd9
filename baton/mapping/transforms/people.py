"""Transforms on what identifies a person: names, telephone, identity and card numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from baton.mapping.transforms.stages import first_of, once
from baton.mapping.transforms.text import nfkc, present
from baton.records.blanks import BLANKS
from baton.records.check_digits import identity_15_fits, identity_birth, identity_check, identity_fits, luhn_fits

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

_DOTS: Final = "·•・‧･∙⋅\u0387"
"""What is written for the dot between the parts of a name."""
_STOPS: Final = ".．﹒․"
"""Full stops; such a dot too between two Chinese characters, an abbreviation's behind a Latin letter (J.R.)."""
_LAST_WORD: Final = rf"^(\S.*?)[\s{_DOTS}]+([^\s{_DOTS}]+)$"
_BEHIND_STOP: Final = rf"^((?:\S.*)?\p{{Han}})\s*[{_STOPS}]\s*(\p{{Han}}[^\s{_DOTS}{_STOPS}]*)$"
_SURNAME_FIRST: Final = rf"^(\p{{Han}}|{'|'.join(COMPOUND_SURNAMES)})\s+(\p{{Han}}[\p{{Han}}\s]*)$"
"""A Chinese name with a blank behind the surname, as in lists where names of two characters are drawn out to three."""
_COMMA: Final = r"^([^,]*[^,\s])\s*,\s*(\S.*?)\s*$"
_PARTICLES: Final = (
    "(?i:von|van|vom|zu|zur|zum|der|den|de|del|della|di|da|dos|das|du|la|le|el|al|bin|ibn|ter|ten|st\\.?)"
)
_LATIN_NAME: Final = rf"^(\S.*?)\s+((?:{_PARTICLES}\s+)*\S+)\s*$"
_AHEAD_OF_UTC: Final = timedelta(hours=14)
_LATIN: Final = r"^[\x00-\x7f]+$"
_AREA: Final = "(10|2[0-57-9]|[3-9][0-9]{2})"
"""A mainland area code without its 0."""
_MOBILE: Final = "1[3-9][0-9]{9}"
_NATIONAL: Final = {
    "1": "[2-9][0-9]{9}",
    "44": "[1-9][0-9]{8,9}",
    "65": "[3689][0-9]{7}|1?800[0-9]{7}",
    "81": "[1-9][0-9]{8}|[1-9]0[0-9]{8}",
    "82": "[1-7][0-9]{7,10}|80[0-9]{7}",
    "852": "[2-9][0-9]{7}|800[0-9]{6}",
    "853": "[2-9][0-9]{7}",
    "86": rf"{_MOBILE}|{_AREA}[2-8][0-9]{{6,7}}|[48]00[0-9]{{7}}",
    "886": "[2-9][0-9]{7,8}",
}
"""What a number without a country code, and without the 0 in front, must look like to be one of that country.

Long enough that none of them can be read with the code in front as another one without it. Of China it is a mobile, a
landline, or 400 and 800, since one of North America begins like a mobile.
"""
_BEHIND_CODE: Final = {**_NATIONAL, "86": _MOBILE}
"""What makes digits that begin with the country's own code, but without a +, a number with its code."""
_TRUNK: Final = r"^(\+(?:44|81|82|86|886))0"
"""The 0 for calls within the country, which none of its numbers has behind the code."""
_TRUNK_IN_BRACKETS: Final = (
    rf"^([{BLANKS}(（]*(?:\+|00)[{BLANKS}(（]*(?:[124-9][0-9]{{0,2}}|3[0-46]|3[58][0-9]|37[0-7]))"
    rf"[{BLANKS})）.\-]*[(（][{BLANKS}]*0[{BLANKS}]*[)）]"
)
"""The same 0 as +44 (0)20 has it. Not in Italy and San Marino (39, 378), where the 0 is part of the number."""


def _width(column: pl.Expr) -> pl.Expr:
    """How many characters of a name in Chinese form are the surname."""
    compound = column.str.head(2).is_in(COMPOUND_SURNAMES) & (column.str.len_chars() > 2)
    return pl.when(compound).then(2).otherwise(1)


def family_name(column: pl.Expr) -> pl.Expr:
    """The family name out of a full name: compound surnames known, last word of a dotted or spaced name.

    A blank behind a Chinese surname (张 三) does not turn the name round. The dot may be any that is written for it,
    between Chinese characters also a full stop.

    >>> [one("family_name_cn", name) for name in ("张三", "欧阳䶮", "欧阳", "䶮", "San Zhang", "阿依古丽·买买提")]
    ['张', '欧阳', '欧', '䶮', 'Zhang', '买买提']
    >>> one("family_name_cn", "张\u3000三"), one("family_name_cn", "欧阳 䶮")
    ('张', '欧阳')
    """
    drawn_out = column.str.extract(_SURNAME_FIRST, 1)
    last = pl.coalesce(column.str.extract(_BEHIND_STOP, 2), column.str.extract(_LAST_WORD, 2))
    whole = pl.when(column.str.contains(_LATIN)).then(column).otherwise(column.str.slice(0, _width(column)))
    return pl.coalesce(drawn_out, last, whole)


def given_name(column: pl.Expr) -> pl.Expr:
    """The given name out of a full name; no value where there is only one part.

    >>> [one("given_name_cn", name) for name in ("张三", "欧阳䶮", "欧阳", "䶮", "San Zhang", "阿依古丽·买买提")]
    ['三', '䶮', '阳', None, 'San', '阿依古丽']
    >>> one("given_name_cn", "张\u3000三"), one("given_name_cn", "欧阳 䶮")
    ('三', '䶮')
    """
    drawn_out = column.str.extract(_SURNAME_FIRST, 2).str.replace_all(r"\s+", "")
    words = pl.coalesce(column.str.extract(_BEHIND_STOP, 1), column.str.extract(_LAST_WORD, 1))
    rest = pl.when(~column.str.contains(_LATIN)).then(column.str.slice(_width(column)))
    return present(pl.coalesce(drawn_out, words, rest))


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
    return first_of(column, _bare_mobile, _any_phone)


def _bare_mobile(column: pl.Expr) -> pl.Expr:
    return pl.when(column.str.contains(r"^1[3-9][0-9]{9}$")).then(pl.lit("+86") + column)


def _any_phone(column: pl.Expr) -> pl.Expr:
    return once(_without_trunk(column).str.replace_all(rf"[{BLANKS}\-()（）]", ""), _bare_phone)


def _without_trunk(column: pl.Expr) -> pl.Expr:
    return column.str.replace(_TRUNK_IN_BRACKETS, "${1}")


def _bare_phone(bare: pl.Expr) -> pl.Expr:
    mainland = pl.lit("+86") + bare.str.extract(r"^(?:\+86|0086|86)?(1[3-9][0-9]{9})$", 1)
    foreign = bare.str.contains(r"^\+[1-9][0-9]{6,14}$") & ~bare.str.starts_with("+86")
    return pl.coalesce(mainland, pl.when(foreign).then(bare))


def identity_cn(column: pl.Expr) -> pl.Expr:
    """A resident identity number of 18 characters whose birth date exists and whose check character fits.

    A birth in the future is refused, by the day on which the rows are read.

    >>> one("identity_cn", "11010519491231002x"), one("identity_cn", "110105194912310021")
    ('11010519491231002X', None)
    """
    return once(column.str.to_uppercase(), _fitting_identity)


def bank_card(column: pl.Expr) -> pl.Expr:
    """A card number of 12 to 19 digits whose check digit (Luhn) fits. Not for passbook or company accounts.

    >>> one("bank_card", "6222 0000 0000 0000 004"), one("bank_card", "6222000000000000003")
    ('6222000000000000004', None)
    """
    return first_of(column, _fitting_card, lambda grouped: once(digits_only(grouped), _fitting_card))


def _fitting_card(number: pl.Expr) -> pl.Expr:
    return pl.when(luhn_fits(number)).then(number)


def identity_18(column: pl.Expr) -> pl.Expr:
    """An identity number in the form of 18 characters; the old one of 15 digits gets its century and check character.

    >>> one("identity_18", "110105491231002"), one("identity_18", "11010519491231002x")
    ('11010519491231002X', '11010519491231002X')
    >>> one("identity_18", "110105491331002"), one("identity_18", "110105194912310021")
    (None, None)
    """
    return first_of(column.str.to_uppercase(), _fitting_identity, _upgraded)


def _fitting_identity(number: pl.Expr) -> pl.Expr:
    born = identity_birth(number).map_batches(_has_come, return_dtype=pl.Boolean)
    return pl.when(identity_fits(number) & born).then(number)


def _has_come(days: pl.Series) -> pl.Series:
    """By the clock of this machine when rows are read, since a mapping knows of no day; somewhere it is tomorrow."""
    return days <= (datetime.now(UTC) + _AHEAD_OF_UTC).date()


def _upgraded(number: pl.Expr) -> pl.Expr:
    """Of 15 digits, those of 18 characters."""
    first17 = number.str.head(6) + "19" + number.str.slice(6)
    return pl.when(identity_15_fits(number)).then(first17 + identity_check(first17))


def identity_birthday(column: pl.Expr) -> pl.Expr:
    """The birth date in a resident identity number of 18 or 15 characters that fits.

    >>> str(one("identity_birthday", "11010519491231002X")), str(one("identity_birthday", "110105491231002"))
    ('1949-12-31', '1949-12-31')
    >>> one("identity_birthday", "110105194912310021")
    """
    return identity_birth(identity_18(column))


def identity_sex(column: pl.Expr, male: str, female: str) -> pl.Expr:
    """The sex in a resident identity number that fits, in the two words of the arguments: male, female.

    >>> one("identity_sex(男, 女)", "11010519491231002X"), one("identity_sex(M, F)", "110105491231003")
    ('女', 'M')
    """
    odd = identity_18(column).str.slice(16, 1).is_in(list("13579"))
    return once(odd, lambda is_odd: pl.when(is_odd).then(pl.lit(male)).when(~is_odd).then(pl.lit(female)))


def phone_landline_cn(column: pl.Expr) -> pl.Expr:
    """A mainland landline with its area code as +86-area-number, an extension as ``;ext=`` (RFC 3966).

    >>> [one("phone_landline_cn", n) for n in ("010-55550000", "(0755) 5555 0000", "+86 571 55550000转801")]
    ['+86-10-55550000', '+86-755-55550000', '+86-571-55550000;ext=801']
    >>> one("phone_landline_cn", "55550000"), one("phone_landline_cn", "13800000001")
    (None, None)
    """
    bare = _without_trunk(nfkc(column)).str.replace_all(rf"[{BLANKS}()\-]+", "-")
    return once(bare.str.strip_chars("-").str.replace(r"^(?:\+86|0086)-?0?", "0"), _landline)


def _landline(number: pl.Expr) -> pl.Expr:
    form = rf"^0{_AREA}-?" + r"([2-8](?:-?[0-9]){6,7})(?:-?(?:转|ext\.?|x|#)-?([0-9]{1,6}))?$"
    extension = pl.coalesce(pl.lit(";ext=") + number.str.extract(form, 3), pl.lit(""))
    local = number.str.extract(form, 2).str.replace_all("-", "", literal=True)
    return pl.lit("+86-") + number.str.extract(form, 1) + "-" + local + extension


def phone_e164(column: pl.Expr, country_code: str) -> pl.Expr:
    """A number in the international form (+ and at most 15 digits); without a country code it gets the argument's.

    Form only: whether a country has such a number is not looked up. A 0 in front of a national number goes, and so does
    the (0) behind a country code. For 1, 44, 65, 81, 82, 852, 853, 86 and 886 a number without a + must be as long as
    those of the country, and may begin with its code; for others one that begins like the code is refused. For China
    (86) it must be a mobile, a landline with its area code, or one of 400 and 800: 12025550101 is none of them. Only
    a mobile may begin with 86 there: a landline that does is refused, and wants +86 or nothing in front.

    >>> [one("phone_e164(81)", n) for n in ("090-0000-0001", "+82 10 0000 0001", "0082 10-0000-0001", "(03) 5555-0000")]
    ['+819000000001', '+821000000001', '+821000000001', '+81355550000']
    >>> one("phone_e164(852)", "852-5123 0001"), one("phone_e164(852)", "+44 (0)20 7946 0000")
    ('+85251230001', '+442079460000')
    >>> one("phone_e164(81)", "12"), one("phone_e164(81)", "call me"), one("phone_e164(49)", "49 30 5550000")
    (None, None, None)
    >>> [one("phone_e164(86)", n) for n in ("138-0000-0001", "010-55550000", "400-123-4567", "12025550101")]
    ['+8613800000001', '+861055550000', '+864001234567', None]
    >>> [one("phone_e164(86)", n) for n in ("86 138 0000 0001", "86-10-55550000", "+86-10-55550000")]
    ['+8613800000001', None, '+861055550000']
    """
    bare = _without_trunk(nfkc(column)).str.replace_all(rf"[{BLANKS}().\-]", "").str.replace("^00", "+")

    def completed(number: pl.Expr) -> pl.Expr:
        international = number.str.replace(_TRUNK, "${1}").str.extract(r"^(\+[1-9][0-9]{6,14})$", 1)
        return pl.coalesce(international, pl.lit(f"+{country_code}") + _national(number, country_code))

    return once(bare, completed)


def _national(number: pl.Expr, code: str) -> pl.Expr:
    """A number that has no +, without the country's code and the 0 in front."""
    if code in _NATIONAL:
        with_code = number.str.extract(rf"^{code}({_BEHIND_CODE[code]})$", 1)
        return pl.coalesce(with_code, number.str.extract(rf"^0?({_NATIONAL[code]})$", 1))
    national = number.str.extract(rf"^0?([1-9][0-9]{{5,{13 - len(code)}}})$", 1)
    return pl.when(~number.str.starts_with(code)).then(national)


def country_code(text: str) -> str:
    """An argument that is a country calling code: 1 to 3 digits."""
    if not re.fullmatch("[1-9][0-9]{0,2}", text):
        raise ValueError("expected a country calling code such as 86")
    return text


def family_name_latin(column: pl.Expr) -> pl.Expr:
    """The family name out of a name in Latin letters: before a comma, else the last word with its particles.

    >>> [one("family_name_latin", n) for n in ("San Zhang", "Zhang, San", "Anna van der Test", "Test")]
    ['Zhang', 'Zhang', 'van der Test', 'Test']
    """
    return pl.coalesce(column.str.extract(_COMMA, 1), column.str.extract(_LATIN_NAME, 2), column)


def given_name_latin(column: pl.Expr) -> pl.Expr:
    """The given names out of a name in Latin letters; no value where there is only one word.

    >>> [one("given_name_latin", n) for n in ("San Zhang", "Zhang, San", "Anna Maria van der Test", "Test")]
    ['San', 'San', 'Anna Maria', None]
    """
    return pl.coalesce(column.str.extract(_COMMA, 2), column.str.extract(_LATIN_NAME, 1))

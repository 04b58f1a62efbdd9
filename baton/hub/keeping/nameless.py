"""The reason of an erasure names nobody: it stands in the audit log for ever, and could never be taken out of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from baton.errors import ApprovalError
from baton.model.people import Employee
from baton.model.persons import alike

_NAMES: Final = ("full_name", "latin_name", "bank_account_holder")
_IDENTIFIERS: Final = ("work_email", "personal_email", "identity_number", "bank_account_number")
_BETWEEN: Final = "PSZ"
"""Punctuation, symbols and blanks, by their category in Unicode: who types a name or a number sets them at will."""
_SHORTEST_LATIN: Final = 4
_SHORTEST_OTHER: Final = 2
"""Letters. Shorter ones would be found within any word."""
_LONG: Final = 8
"""So many letters do not come one after the other by chance, wherever the words between them end."""
_SHORTEST_MOBILE: Final = 7
_MOBILE_DIGITS: Final = 8
"""The last ones are there however a number is dialled, with the code of its country, with a 0, or with neither."""
_CODE: Final = re.compile(r"(?:\+|00)(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3})(?=[0-9])")
"""The code of a country (ITU-T E.164) before a number: what begins with no other of these has three digits."""


def require_nameless(versions: Iterable[Employee], why: str) -> None:
    """Raise `ApprovalError` (``names_them``) for a reason with a name, number or address of this person.

    ``versions`` is the person as recorded, each time.
    """
    spelled, digits = _spelled(why), _digits(why)
    for employee in versions:
        names = list(_names(employee))
        other = [name for name in names if not _has_case(name)]
        other += [getattr(employee, field) or "" for field in _IDENTIFIERS]
        spelt = any(_is_spelled(name, spelled) for name in names if _has_case(name))
        if spelt or any(_is_in(written, why) for written in other):
            raise _named()
        mobile = _as_dialled(employee.mobile or "")
        if len(mobile) >= _SHORTEST_MOBILE and mobile in digits:
            raise _named()


def _names(employee: Employee) -> Iterator[str]:
    """The names of somebody; one of two words also the other way round, in letters that have capitals.

    Chinese, Japanese and Korean names have one order; the other would be found in plain words (``三张``: three sheets).
    """
    family, given = employee.family_name or "", employee.given_name or ""
    names = [f"{family} {given}", f"{given} {family}"] if family and given else []
    names += [getattr(employee, name) or "" for name in _NAMES]
    for name in names:
        yield name
        match unicodedata.normalize("NFKC", name).replace(",", " ").split():
            case [first, second] if _has_case(name):
                yield f"{second} {first}"


def _is_spelled(name: str, text: str) -> bool:
    """Whether a name in letters with capitals stands in a text as `_spelled` gives it, as words of its own.

    ``Li An`` is in ``letter of An Li`` the other way round, and not in ``compliance``, nor in ``Italian``.
    """
    words = re.split("[- ]+", _spelled(name).strip("- "))
    letters = "".join(words)
    if not _is_long_enough(letters):
        return False
    within = "[- ]*" if len(letters) >= _LONG else "-*"
    wanted = "[- ]*".join(within.join(map(re.escape, word)) for word in words)
    return any(
        not (_has_case(letters[0]) and _has_case(text[: found.start()][-1:]))
        and not (_has_case(letters[-1]) and _has_case(text[found.end() :][:1]))
        for found in re.finditer(wanted, text)
    )


def _spelled(text: str) -> str:
    """As `alike` compares it, with a blank for each blank and a hyphen for whatever else stands between letters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(" " if each.isspace() else "-" if _is_between(each) else alike(each) for each in folded)


def _is_in(written: str, text: str) -> bool:
    """Whether this stands in a text, whatever is around it and between its characters."""
    return any(_is_long_enough(form(written)) and form(written) in form(text) for form in (alike, _bare))


def _is_long_enough(word: str) -> bool:
    return len(word) >= (_SHORTEST_LATIN if word.isascii() else _SHORTEST_OTHER)


def _has_case(text: str) -> bool:
    return text.upper() != text.lower()


def _bare(text: str) -> str:
    return "".join(letter for letter in alike(text) if not _is_between(letter))


def _is_between(letter: str) -> bool:
    return unicodedata.category(letter)[0] in _BETWEEN


def _as_dialled(mobile: str) -> str:
    """The end of a number, as it is dialled in its country and from everywhere else."""
    bare = "".join(each for each in alike(mobile) if each.isdecimal() or each == "+")
    coded = _CODE.match(bare)
    national = bare[coded.end() :] if coded else bare
    return _digits(national).removeprefix("0")[-_MOBILE_DIGITS:]


def _digits(text: str) -> str:
    return "".join(letter for letter in alike(text) if letter.isdecimal())


def _named() -> ApprovalError:
    return ApprovalError(
        "the reason holds a name, a number or an address of whom it is about, and a reason stays for ever",
        code="names_them",
        remedy="say it without, such as: letter of 2026-11-20",
    )

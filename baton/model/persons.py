"""Who a person is when they decide something: a name as typed, and when two of them are the same one."""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSEEN: Final = ("Cc", "Cf")


def alike(person: str) -> str:
    r"""A name as compared: other letters, spaces or characters that nobody sees do not make a second person.

    >>> alike("Hr-Wang ") == alike("hr-\u200bwang")
    True
    """
    folded = unicodedata.normalize("NFKC", person).casefold()
    return "".join(letter for letter in folded if not letter.isspace() and unicodedata.category(letter) not in _UNSEEN)

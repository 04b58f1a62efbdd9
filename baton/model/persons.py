"""Who a person is when they decide something: a name as typed, and when two of them are the same one."""

from __future__ import annotations

import unicodedata


def alike(person: str) -> str:
    """A name as compared: other letters or spaces do not make a second person.

    >>> alike("Hr-Wang ") == alike("hr-wang")
    True
    """
    return "".join(unicodedata.normalize("NFKC", person).casefold().split())

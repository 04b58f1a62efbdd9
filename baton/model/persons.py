"""Who a person is when they decide something: a name as typed, and when two of them are the same one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from baton.errors import ApprovalError

NO_PERSONS: Final = frozenset({"schedule", "baton"})
"""Names under which the hub itself opens cases and speaks: nobody reads what is sent to them."""
_UNSEEN: Final = ("Cc", "Cf")


def alike(person: str) -> str:
    r"""A name as compared: other letters, spaces or characters that nobody sees do not make a second person.

    >>> alike("Hr-Wang ") == alike("hr-\u200bwang")
    True
    """
    folded = unicodedata.normalize("NFKC", person).casefold()
    return "".join(letter for letter in folded if not letter.isspace() and unicodedata.category(letter) not in _UNSEEN)


def is_among(person: str, others: Iterable[str]) -> bool:
    """Whether a name is that of one of the others.

    >>> is_among("hr-wang ", ["maker-li", "Hr-Wang"])
    True
    """
    return alike(person) in {alike(other) for other in others}


def require_reason(person: str, why: str) -> None:
    """Raise `ApprovalError` (``reason``) for a decision without a name that anybody sees, or without a reason."""
    if not alike(person) or not why.strip():
        raise ApprovalError("a decision needs a person and a reason", code="reason", remedy="give --as and --why")

"""Payees as a page may show them: enough to tell two apart, not enough to pay one."""

from __future__ import annotations

from typing import Final

from baton.records.masking import HIDDEN, visible

_ENDING: Final = 4
_LONG_ENOUGH: Final = 10
"""Shorter accounts would be told by their last digits."""


def masked_name(name: str) -> str:
    """The first character of a name.

    >>> masked_name("测试甲"), masked_name(""), masked_name("Example Person")
    ('测••', '', 'E••')
    """
    return f"{visible(name[0])}{HIDDEN * 2}" if name else ""


def masked_account(account: str) -> str:
    """The last four digits of an account.

    >>> masked_account("6222000000000000017"), masked_account("12345"), masked_account("")
    ('••••0017', '••••', '')
    """
    if not account:
        return ""
    return HIDDEN * 4 + (visible(account[-_ENDING:]) if len(account) >= _LONG_ENOUGH else "")

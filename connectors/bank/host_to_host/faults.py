"""The findings at the bank that stop everything until a person has looked."""

from __future__ import annotations

from baton.sdk import HaltError


def other_content(name: str) -> HaltError:
    """A file of ours has the right name and the wrong content."""
    return HaltError(
        f"{name} is at the bank with other content than ours",
        code="other_content",
        remedy="stop and ask the bank who put it there; nothing was overwritten",
    )


def never_sent(file: str) -> HaltError:
    """The bank answers something we have no trace of."""
    return HaltError(
        f"{file} answers a file that was never sent",
        code="never_sent",
        remedy="stop and ask the bank which file it received, and from whom",
    )


def forged(file: str) -> HaltError:
    """A file in the bank's directory is not provably from the bank and for us."""
    return HaltError(
        f"{file} is not signed by the bank for us under this name",
        code="forged",
        remedy="ask the bank; if it has a new signing key, add it to bank_signing_keys. Nothing was concluded from it",
    )

"""The findings at the bank that stop everything until a person has looked."""

from __future__ import annotations

from collections.abc import Sequence

from baton.sdk import HaltError, RetryableError


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


def not_the_approved_file(name: str, why: str) -> HaltError:
    """What lies on our own disk is not what was approved."""
    return HaltError(
        f"{name} is not the file that was approved ({why}); nothing was delivered",
        code="file_changed",
        remedy="find out who can write there, then build the run anew",
    )


def unfinished(names: Sequence[str]) -> RetryableError:
    """Files of the bank's that do not verify and were written at a moment ago."""
    return RetryableError(
        f"{_several(names)} may still be being written at the bank",
        code="unfinished",
        remedy="it is read again later; have the bank write under another name and rename what is complete",
    )


def not_an_answer(names: Sequence[str], young: Sequence[str]) -> HaltError:
    """Files in the bank's answers that are of no agreed kind, or that the bank has not signed for us.

    ``young`` are those beside them that may still be being written.
    """
    besides = f"; {_several(young)} may still be being written" if young else ""
    return HaltError(
        f"nothing was concluded from {_several(names)}{besides}",
        code="not_an_answer",
        remedy="ask the bank what these are; if it has a new signing key or new names, put them into systems.yaml",
    )


def _several(names: Sequence[str]) -> str:
    return f"{', '.join(names[:5])}{' and others' if len(names) > 5 else ''}"

"""The generic profile for files over HTTPS: what the bank's answers look like, and what its words mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from baton.sdk import AnswerKind, ConnectorError, HaltError, PaymentFile, Response

KINDS: Final[Mapping[str, AnswerKind]] = {
    "ACKNOWLEDGEMENT": AnswerKind.ACKNOWLEDGEMENT,
    "REPORT": AnswerKind.REPORT,
    "STATEMENT": AnswerKind.STATEMENT,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One answer in the bank's list."""

    name: str
    kind: AnswerKind
    sha256: str
    size_bytes: int


def same_file(told: Any, file: PaymentFile) -> bool:
    """Whether what the bank tells of a file is true of this one."""
    if not isinstance(told, Mapping):
        return False
    return (told.get("name"), told.get("sha256"), told.get("size_bytes")) == (file.name, file.sha256, file.size_bytes)


def says(answer: Response, error: str) -> bool:
    """Whether an error is the bank's own word, and not a proxy's that happens to have the same number."""
    told = answer.json()
    return isinstance(told, Mapping) and told.get("error") == error


def read_list(answer: Response) -> tuple[list[Listed | ConnectorError], str | None]:
    """One page of the list, and the cursor of the next. In the place of an entry that cannot be read stands the error:
    it is told when those beside it have been taken in.
    """
    told = answer.json()
    try:
        listed = [_listed(answer, each) for each in told["answers"]]
        cursor = told["next"]
    except (KeyError, TypeError):
        raise answer.unreadable("is no list of answers") from None
    if not isinstance(cursor, str | None) or cursor == "":
        raise answer.unreadable("has a cursor that is no text")
    return listed, cursor


def _listed(answer: Response, told: Any) -> Listed | ConnectorError:
    try:
        name, kind = str(told["name"]), told["kind"]
        if isinstance(kind, str) and kind not in KINDS:
            return HaltError(
                f"the bank lists {name} as an answer of a kind that the profile does not know; nothing was concluded",
                code="unmapped_status",
                remedy="ask the bank what it means and have it added to the connector's table",
            )
        return Listed(name, KINDS[kind], str(told["sha256"]), int(told["size_bytes"]))
    except (KeyError, TypeError, ValueError):
        return answer.unreadable("is no list of answers: one entry of it cannot be read")

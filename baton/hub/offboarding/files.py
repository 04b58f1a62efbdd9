"""Small files that the leaver (or who speaks for them) puts to an item: sealed at rest, named in a signed statement.

The statement says the file's name, size and SHA-256, so that it stands in the certificate like everything that was
said; what is downloaded is compared with it. The same content put to the same item twice is kept once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from baton.errors import ApprovalError, ConfigurationError, Fault, TamperedError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.saying import Saying, say
from baton.jobs.offboarding.policy import Files
from baton.model.attachment import Attachment
from baton.model.case import Act, Case, Role, Statement

_FOLDER: Final = "uploads"
_MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Attached:
    """A file and who has put it there."""

    file: Attachment
    said: Statement


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way to an item."""

    case_id: str
    item: int
    person: str
    role: Role
    name: str
    content: bytes


def attach(hub: Hub, upload: Upload) -> Attachment:
    """Keep a file and say so. Raises `ApprovalError` (``file``, or as `say`): then nothing is kept."""
    case = find_case(hub, upload.case_id)
    file = Attachment.of(upload.name, upload.content)
    known = attached(hub, case, upload.item)
    _require_fit(policy_of(hub, case).files, file, known)
    place = _place(case, upload.item, file)
    hub.kept_files.put(place, upload.content)
    try:
        say(hub, Saying(case.id, {upload.item: 0}, Act.ATTACH, upload.person, upload.role, file.text))
    except (ApprovalError, ConfigurationError):
        # Asked again: the same content may have been put there meanwhile by somebody who may.
        if all(each.file.digest != file.digest for each in attached(hub, case, upload.item)):
            hub.kept_files.drop(place)
        raise
    return file


def attached(hub: Hub, case: Case, item: int) -> list[Attached]:
    """The files of an item, in the order they came."""
    with hub.database.read() as connection:
        return files_of(hub.cases.said(connection, case.id, item))


def files_of(statements: list[Statement]) -> list[Attached]:
    """The files that these statements are about."""
    found = []
    for said in statements:
        file = Attachment.from_text(said.text) if said.act is Act.ATTACH else None
        if file is not None:
            found.append(Attached(file, said))
    return found


def content(hub: Hub, case: Case, item: int, digest: str) -> tuple[Attachment, bytes]:
    """A file of an item with its content. `ConfigurationError` where there is none, `TamperedError` for another."""
    file = next((each.file for each in attached(hub, case, item) if each.file.digest == digest), None)
    if file is None:
        raise ConfigurationError([Fault("FILE", "unknown_file", f"item {item} has no such file")])
    found = hub.kept_files.get(_place(case, item, file))
    if not file.holds(found):
        raise TamperedError("a kept file is not the one that was put there", code="kept_file")
    return file, found


def _require_fit(rule: Files, file: Attachment, known: list[Attached]) -> None:
    if not file.size:
        raise ApprovalError("the file is empty", code="file", remedy="choose another")
    if file.size > rule.largest_mb * _MB:
        raise ApprovalError(
            f"a file has at most {rule.largest_mb} MB",
            code="file",
            remedy="note where a large file is",
        )
    if file.kind not in rule.types:
        raise ApprovalError(
            f"files of this type are not taken ({file.kind[:20] or 'none'})",
            code="file",
            remedy=f"taken are: {', '.join(rule.types)}",
        )
    if len(known) >= rule.most:
        raise ApprovalError(f"an item has at most {rule.most} files", code="file", remedy="put several into one")


def _place(case: Case, item: int, file: Attachment) -> str:
    return f"{_FOLDER}/{case.id}/{item}-{file.digest}"

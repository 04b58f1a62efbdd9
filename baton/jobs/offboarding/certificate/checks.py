"""What must hold of a certificate, beyond its signature: worked out again from the document itself.

The hub's signature says that the hub has written this. These checks say that what it has written proves a finished
handover: every digest, every person's statement, the list without a gap, and for each item the way by which it ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from baton.errors import TamperedError
from baton.jobs.offboarding.certificate.building import summary
from baton.jobs.offboarding.certificate.manifest import (
    DOMAIN,
    Document,
    ItemPart,
    Manifest,
    ReadBackPart,
    StatementPart,
)
from baton.jobs.offboarding.checklist import WATCHED
from baton.jobs.offboarding.steps import MAY
from baton.model.case import STATEMENT_DOMAIN, Act, ItemState, document_digest
from baton.model.persons import alike

_OF_A_CASE: Final = frozenset({Act.OPEN, Act.PAUSE, Act.RETRACT, Act.REOPEN, Act.COMPLETE})
_OF_AN_ITEM: Final = frozenset({Act.NAME, Act.ACCEPT, Act.REFUSE, Act.APPROVE, Act.LEAVE, Act.CONFIRM})
_DECIDES: Final = (_OF_AN_ITEM | _OF_A_CASE | {Act.UNDO}) - {Act.OPEN}
"""What a leaver never does."""

_ONE_ACT: Final = timedelta(minutes=1)
"""So far apart may be what was written in one transaction: the case's end, and the statement that ends it."""


class Position(Protocol):
    """Where an audit log stood."""

    @property
    def size(self) -> int:
        """Entries."""

    @property
    def root(self) -> bytes:
        """The root over them."""

    @property
    def at(self) -> datetime:
        """When that was signed."""


class Key(Protocol):
    """A public key, as far as it is needed here."""

    def require(self, domain: bytes, content: bytes, signature: bytes) -> None:
        """Raise `TamperedError` unless this signature was made with the private half."""


class Keys(Protocol):
    """The public keys of a hub: `baton.audit.public_keys`."""

    def named(self, name: str, key_id: str, at: datetime) -> Key:
        """The key of that id; raises `TamperedError` where there is none, or it signed no more at that time."""

    def open(self, note: bytes) -> Position:
        """What a signed checkpoint says; raises `TamperedError` where it was not signed with one of them."""

    def require(self, domain: bytes, content: bytes, signature: bytes, at: datetime) -> None:
        """Raise `TamperedError` unless a key that signed at that time has made this signature."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that does not hold, and where."""

    what: str
    """``malformed wrong_key bad_signature pdf audit items summary digest versions statement open acceptance
    read_back completion``."""
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message} [{self.what}]"


def broken(manifest: Manifest, keys: Keys) -> list[Broken]:
    """Everything that does not hold; empty for a certificate that proves what it says."""
    document = manifest.document
    return [
        *_whole(manifest, keys),
        *_list(document),
        *(fault for item in document.items for fault in _content(document, item)),
        *_statements(document, keys),
        *_endings(document),
        *_completion(document),
    ]


def _whole(manifest: Manifest, keys: Keys) -> Iterator[Broken]:
    document = manifest.document
    try:
        key = keys.named(document.hub.name, document.hub.key_id, _at(document.issued_at))
    except TamperedError as error:
        yield Broken("wrong_key", "the certificate", error.message)
    else:
        try:
            key.require(DOMAIN, document.signed, bytes.fromhex(manifest.signature))
        except TamperedError:
            yield Broken("bad_signature", "the certificate", "the signature over the whole does not hold")
    audit = document.audit
    try:
        stood = keys.open(audit.note.encode())
    except TamperedError as error:
        yield Broken("audit", "the audit log", f"its checkpoint does not hold: {error.message}")
    else:
        ended = _moment(document.case.completed_at)
        if (stood.size, stood.root.hex(), stood.at) != (audit.entries, audit.root, _moment(audit.at)):
            yield Broken("audit", "the audit log", "its checkpoint says something else")
        elif ended is not None and stood.at < ended:
            yield Broken("audit", "the audit log", "its checkpoint is from before the case was completed")


def _moment(text: str) -> datetime | None:
    """A moment of a document; None for what is none."""
    try:
        return _at(text)
    except TamperedError:
        return None


def _at(text: str) -> datetime:
    """A moment of a document; `TamperedError` for what is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise TamperedError("a moment cannot be read", code="malformed") from None
    if at.tzinfo is None:
        raise TamperedError("a moment has no time zone", code="malformed")
    return at


def _list(document: Document) -> Iterator[Broken]:
    numbers = [item.item for item in document.items]
    if numbers != list(range(1, len(numbers) + 1)):
        yield Broken("items", "the list", "items are missing, there twice or out of order: they count from 1 on")
    if document.summary != summary(document.items):
        yield Broken("summary", "the summary", "it is not what the items come to")


def _content(document: Document, item: ItemPart) -> Iterator[Broken]:
    place = f"item {item.item}"
    found = document_digest(item.content.model_dump(mode="json"), bytes.fromhex(document.case.salt)).hex()
    if found != item.digest:
        yield Broken("digest", place, "its content does not have its digest")
    versions = [(each.version, each.digest) for each in item.versions]
    # The figure is whatever a file says: nothing of its size is made before it is known to be that of the list.
    if item.version != len(versions) or any(version != place for place, (version, _) in enumerate(versions, 1)):
        yield Broken("versions", place, f"its versions do not count from 1 to {item.version}")
    elif versions[-1][1] != item.digest:
        yield Broken("versions", place, "its last version has another digest")


def _statements(document: Document, keys: Keys) -> Iterator[Broken]:
    known = {(item.item, each.version): each.digest for item in document.items for each in item.versions}
    leaver = alike(document.case.number)
    for number, said in enumerate(document.statements, 1):
        place = f"statement {number}"
        try:
            keys.require(STATEMENT_DOMAIN, said.signed, bytes.fromhex(said.signature), _at(said.at))
        except TamperedError:
            yield Broken("statement", place, "its signature does not hold")
        if said.case != document.case.id:
            yield Broken("statement", place, "it belongs to another case")
        if said.item is not None and known.get((said.item, said.version)) != said.digest:
            yield Broken("statement", place, f"it is about a version of item {said.item} that is not on the list")
        if alike(said.person) == leaver and said.act in _DECIDES:
            yield Broken("statement", place, "the leaver decides about their own handover")
        if said.act is not Act.OPEN and said.role not in MAY.get(said.act, ()):
            yield Broken("statement", place, f"a {said.role} cannot {said.act}")


def _endings(document: Document) -> Iterator[Broken]:
    decided: dict[tuple[int, int], list[StatementPart]] = {}
    for said in document.statements:
        if said.item is not None and said.act in _OF_AN_ITEM:
            decided.setdefault((said.item, said.version), []).append(said)
    for item in document.items:
        yield from _Ending(item, decided.get((item.item, item.version), [])).faults()


@dataclass(frozen=True, slots=True)
class _Ending:
    """How one item ended, and whether what was decided about its newest version allows that."""

    item: ItemPart
    decided: Sequence[StatementPart]
    """Oldest first."""

    def faults(self) -> Iterator[Broken]:
        state = self.item.state
        if not state.closed:
            yield self._fault("open", f"it is {state}: nothing may be left to do")
        elif state is ItemState.LEFT and self.item.kind in WATCHED:
            # Whatever two people had agreed on: that word was for the time up to the last working moment.
            yield self._fault("open", f"it is {state}: an account or a right has to end")
        elif state is ItemState.GONE and self.item.kind in WATCHED and not self.item.not_asked:
            yield self._fault("read_back", "nothing proves that this account or right has ended")
        elif state is ItemState.LEFT and self._last(1) != [Act.LEAVE]:
            yield self._fault("acceptance", "nobody has decided to leave this version of it where it is")
        elif state is ItemState.DONE:
            yield from self._done()

    def _done(self) -> Iterator[Broken]:
        item = self.item
        if item.code == Act.CONFIRM.value:
            if self._last(1) != [Act.CONFIRM]:
                yield self._fault("acceptance", "nobody has confirmed this version of it")
        elif item.read_back is None:
            yield self._fault("read_back", "nothing proves that it has left the leaver")
        elif item.kind not in WATCHED:
            yield from self._passed_on(item.read_back)

    def _passed_on(self, read_back: ReadBackPart) -> Iterator[Broken]:
        item = self.item
        if read_back.holder == item.holder_id or not read_back.effect or not read_back.given_to:
            yield self._fault("read_back", "nothing proves that it was passed on, or the leaver holds it again")
        if self._last(2) != [Act.ACCEPT, Act.APPROVE] or item.accepted_version != item.version:
            yield self._fault("acceptance", "this version of it was not accepted and then approved")
            return
        accepting, approving = self.decided[-2:]
        if not accepting.person == item.accepted_by == item.successor:
            yield self._fault("acceptance", "it was accepted by somebody other than its successor")
        if approving.person != item.approved_by or alike(approving.person) == alike(accepting.person):
            yield self._fault("acceptance", "it was not approved by a second person")

    def _last(self, count: int) -> list[Act]:
        return [said.act for said in self.decided[-count:]]

    def _fault(self, what: str, message: str) -> Broken:
        return Broken(what, f"item {self.item.item}", message)


def _completion(document: Document) -> Iterator[Broken]:
    steps = [said for said in document.statements if said.act in _OF_A_CASE]
    if not steps or steps[0].act is not Act.OPEN or steps[-1].act is not Act.COMPLETE or not document.case.completed_at:
        yield Broken("completion", "the case", "nobody has completed it")
        return
    ended, said = _moment(document.case.completed_at), _moment(steps[-1].at)
    if ended is None or said is None or abs(said - ended) > _ONE_ACT:
        yield Broken("completion", "the case", "it was not completed when it says: the statement has another date")

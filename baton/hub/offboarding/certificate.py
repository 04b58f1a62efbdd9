"""Issuing the certificate of a completed case, and checking one with nothing but the file and the hub's public keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.audit.checkpoint import Signer
from baton.audit.public_keys import PublicKeys
from baton.errors import ApprovalError, ConfigurationError, Fault, TamperedError
from baton.hub import proof
from baton.hub.core import Hub
from baton.hub.offboarding.beside_log import beside_log
from baton.hub.offboarding.casework import find_case
from baton.hub.offboarding.intentions import leads_away, side
from baton.hub.offboarding.outstanding import unfinished
from baton.hub.offboarding.proving import holders
from baton.jobs.offboarding.certificate.binding import PDF_START, take_apart
from baton.jobs.offboarding.certificate.building import Evidence, document, moment, named, with_digest
from baton.jobs.offboarding.certificate.checks import Broken, broken
from baton.jobs.offboarding.certificate.manifest import (
    DOMAIN,
    LARGEST_BYTES,
    AuditPart,
    Document,
    HubPart,
    Manifest,
    ReadBackPart,
    parse,
)
from baton.jobs.offboarding.completion import obstacles
from baton.model.case import Act, Case, CaseState, Item, ItemState
from baton.model.effect import Effect
from baton.model.handover import HandoverAction
from baton.store.trail import Entry, append

UNSIGNED: Final = "0" * 128
"""Stands where the signature will: of the same length."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as issued."""

    case_id: str
    pdf: bytes
    """With the manifest attached."""
    manifest: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of a certificate has shown."""

    broken: Sequence[Broken]
    """What does not hold; empty when everything does."""
    document: Document | None
    """What it says, where it could be read at all. Believe it only if nothing is broken."""
    pages_checked: bool
    """Whether the PDF was there too, or only the manifest."""
    log_checked: bool = False
    """Whether it was held against an export of the audit log: only then is it known that nothing was left out."""

    @property
    def holds(self) -> bool:
        """True when the file is what the hub has signed, and proves what it says."""
        return not self.broken

    def shown(self) -> dict[str, Any]:
        """As plain values: what does not hold; what the file says, only where everything does."""
        broken_parts = [{"what": each.what, "place": each.place, "message": each.message} for each in self.broken]
        shown: dict[str, Any] = {"holds": self.holds, "broken": broken_parts, "pages": self.pages_checked}
        shown["log"] = self.log_checked
        said = self.document
        if self.holds and said is not None:
            shown |= {"case": said.case.id, "number": said.case.number, "completed_at": said.case.completed_at}
            shown["not_asked"] = [item.item for item in said.items if item.not_asked]
            shown |= {"items": len(said.items), "statements": len(said.statements), "issued_at": said.issued_at}
            shown |= {"hub": said.hub.name, "key": said.hub.key_id, "audit_entries": said.audit.entries}
        return shown


def issue(hub: Hub, case_id: str, person: str, language: str = "zh") -> Certificate:
    """The certificate of a completed case, by the state of every system at this moment.

    Raises `ApprovalError` for a case that is not completed, is no longer finished, or whose proof has a gap; a
    `ConnectorError` for a system that cannot be asked; `TamperedError` when the audit log is not what was signed.
    """
    key = proof.signer(hub)
    evidence = _evidence(hub, find_case(hub, case_id), key, person, language)
    certificate = drawn(document(evidence), key)
    verified = verify(certificate.pdf, proof.public_keys(hub))
    if not verified.holds:
        first = "; ".join(str(fault) for fault in verified.broken[:3])
        raise ApprovalError(f"{certificate.case_id} cannot be certified: {first}", code="unproven")
    with hub.database.write() as connection:
        digest = parse(certificate.manifest).document.pages.digest
        body: dict[str, Json] = {"case": certificate.case_id, "person": person, "language": language, "pages": digest}
        append(connection, [Entry(kind="certificate", at=hub.clock.now(), body=body)])
    return certificate


def verify_file(path: Path, keys: PublicKeys, log: Path | None = None) -> Verified:
    """Check a certificate (the PDF, or its manifest alone) offline, beside an export of the log if one is given."""
    with _opened(path) as file:
        verified = verify(file.read(LARGEST_BYTES + 1), keys)
    if log is None or verified.document is None:
        return verified
    with _opened(log) as export:
        faults = [*verified.broken, *beside_log(verified.document, export, keys)]
    return replace(verified, broken=faults, log_checked=True)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError([Fault(str(path), "unreadable", f"cannot be read: {reason}")]) from None


def verify(data: bytes, keys: PublicKeys) -> Verified:
    """Check the bytes of a certificate."""
    try:
        if len(data) > LARGEST_BYTES:
            raise TamperedError(f"a certificate has at most {LARGEST_BYTES} bytes", code="malformed")
        bound = take_apart(data) if data.startswith(PDF_START) else None
        manifest = parse(data if bound is None else bound.manifest)
    except TamperedError as error:
        return Verified([Broken(error.code, "the file", error.message)], None, pages_checked=False)
    faults = broken(manifest, keys)
    if bound is not None and bound.digest.hex() != manifest.document.pages.digest:
        faults.append(Broken("pdf", "the PDF", "it is not the PDF that was signed with this manifest"))
    return Verified(faults, manifest.document, pages_checked=bound is not None)


def drawn(unbound: Document, key: Signer) -> Certificate:
    """The pages around a manifest of the final length; then its digest and signature are filled in."""
    from baton.jobs.offboarding.certificate.pages import pages

    blank = Manifest(unbound, UNSIGNED).to_bytes()
    bound = take_apart(pages(unbound, blank))
    final = with_digest(unbound, bound.digest)
    manifest = Manifest(final, key.vouch(DOMAIN, final.signed).hex()).to_bytes()
    return Certificate(unbound.case.id, bound.holding(manifest), manifest)


def _who_holds(hub: Hub, case: Case) -> Mapping[int, str]:
    """Item number -> the external id of who holds it now, asked of each system anew."""
    with hub.database.read() as connection:
        items, effects = _done(hub, connection, case)
    asked: dict[str, list[Item]] = {}
    for item in items:
        if _passes_on(effects.get(item.effect_key)):
            asked.setdefault(item.system, []).append(item)
    found: dict[int, str] = {}
    for system, theirs in asked.items():
        now_with = holders(hub, system, [item.ref for item in theirs])
        found.update((item.id, holder or "") for item, holder in zip(theirs, now_with, strict=True))
    return found


def _done(hub: Hub, connection: sa.Connection, case: Case) -> tuple[list[Item], Mapping[str, Effect]]:
    items = hub.cases.items(connection, case.id, states=[ItemState.DONE])
    return items, hub.effects.by_key(connection, [item.effect_key for item in items if item.effect_key])


def _passes_on(effect: Effect | None) -> bool:
    return effect is not None and effect.action is HandoverAction.TRANSFER


def _evidence(hub: Hub, case: Case, key: Signer, person: str, language: str) -> Evidence:
    now_with = _who_holds(hub, case)
    asked_at = hub.clock.now()
    audit = _position(hub)
    with hub.database.read() as connection:
        known = hub.cases.get(connection, case.id) or case
        items = hub.cases.items(connection, case.id)
        _require_finished(hub, connection, known, items)
        done, effects = _done(hub, connection, known)
        statements = hub.cases.said(connection, case.id)
        people = hub.people.newest(connection, named(known, items, statements))
        return Evidence(
            case=known,
            items=items,
            statements=statements,
            people={number: newest.employee.full_name or "" for number, newest in people.items()},
            versions=hub.cases.digests(connection, case.id),
            read_backs={
                item.id: _read_back(known, item, effects.get(item.effect_key), now_with.get(item.id, ""), asked_at)
                for item in done
                if item.code != Act.CONFIRM.value
            },
            audit=audit,
            hub=HubPart(name=key.name, key_id=key.verifier.key_id),
            issued_at=hub.clock.now(),
            issued_by=person,
            language=language,
        )


def _position(hub: Hub) -> AuditPart:
    _, path = proof.checkpoint(hub)
    note = path.read_text(encoding="utf-8")
    signed = proof.public_keys(hub).open(note.encode())
    return AuditPart(entries=signed.size, root=signed.root.hex(), at=moment(signed.at), note=note)


def _read_back(case: Case, item: Item, effect: Effect | None, holder: str, asked_at: datetime) -> ReadBackPart:
    given_to = None
    if effect is not None and _passes_on(effect):
        # The newest may be a way back that was refused: it went to whom that would have taken it from.
        given_to = side(effect, "successor" if leads_away(effect, case) else "holder").external_id
    return ReadBackPart(
        effect=effect.key if effect is not None else "",
        code=item.code,
        holder=holder,
        given_to=given_to or "",
        asked_at=moment(asked_at),
    )


def _require_finished(hub: Hub, connection: sa.Connection, case: Case, items: Sequence[Item]) -> None:
    if case.state is not CaseState.COMPLETED:
        raise ApprovalError(
            f"{case.id} is {case.state}: only a completed case has a certificate",
            code="unfinished",
            remedy=f"see: baton offboard show {case.id}",
        )
    as_before = replace(case, state=CaseState.OPEN)
    missing = obstacles(as_before, items, (), unfinished(connection, case), hub.clock.now())
    if missing:
        what = "; ".join(each.message for each in missing)
        raise ApprovalError(f"{case.id} is not finished any more: {what}", code="unfinished")

"""From what the hub knows of a completed case to the document that is signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from baton.jobs.offboarding.certificate.manifest import (
    AuditPart,
    CasePart,
    ContentPart,
    Document,
    HubPart,
    ItemPart,
    PagesPart,
    ReadBackPart,
    StatementPart,
    SummaryPart,
    VersionPart,
)
from baton.model.case import Case, Item, ItemState, Statement, content_document, statement_document
from baton.model.handover import Undo

UNKNOWN_DIGEST = "0" * 64
"""Stands where the digest of the PDF will: of the same length."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that goes into a certificate."""

    case: Case
    items: Sequence[Item]
    statements: Sequence[Statement]
    versions: Mapping[int, Sequence[tuple[int, bytes, datetime]]]
    """Item number -> (version, digest, first seen)."""
    read_backs: Mapping[int, ReadBackPart]
    people: Mapping[str, str]
    """Employee number -> name, of `named`."""
    audit: AuditPart
    hub: HubPart
    issued_at: datetime
    issued_by: str
    language: str
    obstacles: Sequence[str] = field(default=())


def named(case: Case, items: Sequence[Item], statements: Sequence[Statement]) -> list[str]:
    """Everybody who is named in a certificate, by number (or by the name a person logged in with)."""
    numbers = {case.number, case.manager, *(said.person for said in statements)}
    return sorted((numbers | {item.successor for item in items}) - {""})


def document(evidence: Evidence) -> Document:
    """The document, with `UNKNOWN_DIGEST` in place of the PDF's digest."""
    items = [_item(item, evidence) for item in evidence.items]
    return Document(
        issued_at=moment(evidence.issued_at),
        issued_by=evidence.issued_by,
        hub=evidence.hub,
        pages=PagesPart.model_validate({"language": evidence.language, "digest": UNKNOWN_DIGEST}),
        case=_case(evidence.case),
        people=dict(evidence.people),
        items=items,
        statements=[_statement(said) for said in evidence.statements],
        obstacles=list(evidence.obstacles),
        summary=summary(items),
        audit=evidence.audit,
    )


def with_digest(document: Document, digest: bytes) -> Document:
    """The same document, bound to its PDF."""
    return document.model_copy(update={"pages": document.pages.model_copy(update={"digest": digest.hex()})})


def summary(items: Sequence[ItemPart]) -> SummaryPart:
    """What the items come to."""
    return SummaryPart(
        items=len(items),
        states=dict(Counter(item.state.value for item in items)),
        kinds=dict(Counter(item.content.kind for item in items)),
        left=[item.item for item in items if item.state is ItemState.LEFT],
        gone=[item.item for item in items if item.state is ItemState.GONE],
        irreversible=[item.item for item in items if _for_good(item)],
    )


def moment(at: datetime | None) -> str:
    """An instant as text; empty for none."""
    return "" if at is None else at.astimezone(UTC).isoformat()


def _for_good(item: ItemPart) -> bool:
    moved = item.state is ItemState.DONE and item.read_back is not None and item.read_back.given_to != ""
    return moved and item.undo is Undo.IRREVERSIBLE


def _case(case: Case) -> CasePart:
    return CasePart(
        id=case.id,
        number=case.number,
        name=case.name,
        department=case.department,
        cause=case.cause.value,
        policy=case.policy,
        manager=case.manager,
        salt=case.salt.hex(),
        opened_by=case.opened_by,
        opened_at=moment(case.opened_at),
        last_working_at=moment(case.dates.last_working_at),
        contract_end_at=moment(case.dates.contract_end_at),
        pay_end_at=moment(case.dates.pay_end_at),
        checked_at=moment(case.checked_at),
        completed_at=moment(case.completed_at),
        protected_until=moment(case.protected_until),
    )


def _item(item: Item, evidence: Evidence) -> ItemPart:
    versions = [
        VersionPart(version=version, digest=digest.hex(), seen_at=moment(seen))
        for version, digest, seen in evidence.versions[item.id]
    ]
    return ItemPart(
        item=item.id,
        system=item.system,
        content=ContentPart.model_validate(content_document(item.holding)),
        version=item.version,
        digest=item.digest.hex(),
        state=item.state,
        code=item.code,
        undo=item.undo,
        holder_id=item.holder_id,
        successor=item.successor,
        accepted_version=item.accepted_version,
        accepted_by=item.accepted_by,
        approved_by=item.approved_by,
        read_back=evidence.read_backs.get(item.id),
        versions=versions,
    )


def _statement(said: Statement) -> StatementPart:
    document = statement_document(said)
    # Enumerated values stay themselves: the form takes nothing that only looks like one.
    return StatementPart(**{**document, "act": said.act, "role": said.role}, signature=said.signature.hex())

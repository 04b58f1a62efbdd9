"""The evidence pack of a recovery case: issued under the hub's signature, and checked anywhere with its public keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
import sqlalchemy as sa

from baton.audit.public_keys import PublicKeys
from baton.errors import ApprovalError, ConfigurationError, Fault, TamperedError
from baton.hub import proof
from baton.hub.core import Hub
from baton.hub.payment.noticing import deliveries
from baton.hub.payment.policies import policy_of
from baton.hub.payment.recovering import find_case, zone
from baton.hub.payment.standing import DATES
from baton.jobs.payment.recovery_pack import DOMAIN, Evidence, Told, document, page, signed_bytes
from baton.jobs.payment.vouchers import Voucher, vouchers
from baton.model.recovery import RecoveryCase
from baton.store.trail import Entry, append

LARGEST_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as issued."""

    case_id: str
    manifest: bytes
    """JSON: the document and the signature over it."""
    page: str


def issue_pack(hub: Hub, case_id: str, person: str) -> Pack:
    """Everything the hub knows of a case, signed; that it was issued is an audit entry."""
    key = proof.signer(hub)
    case, entries = find_case(hub, case_id)
    _, path = proof.checkpoint(hub)
    sent = deliveries(hub, entries)
    policy = policy_of(hub).overpayment
    with hub.database.write() as connection:
        newest = hub.people.newest(connection, [case.number]).get(case.number)
        now = hub.clock.now()
        evidence = Evidence(
            case=case,
            name=(newest.employee.full_name or "") if newest is not None else "",
            entries=entries,
            told=_told(hub, connection, case),
            deliveries=sent,
            vouchers=() if policy.accounts is None else vouchers(case, entries, policy.accounts, zone(hub)),
            checkpoint=path.read_text("utf-8"),
            issued_at=now,
            issued_by=person,
            hub=key.name,
        )
        content = document(evidence)
        append(connection, [Entry(kind="recovery_pack", at=now, body={"case": case.id, "by": person})])
    signature = key.vouch(DOMAIN, signed_bytes(content)).hex()
    signed = {"document": content, "signature": signature}
    return Pack(case.id, orjson.dumps(signed, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS), page(content))


def verify_file(path: Path, keys: PublicKeys) -> Mapping[str, Any]:
    """The document of a pack in a file; `ConfigurationError` when it cannot be read, `TamperedError` as below."""
    try:
        with path.open("rb") as file:
            manifest = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError([Fault(str(path), "unreadable", f"cannot be read: {reason}")]) from None
    return verify_pack(manifest, keys)


def verify_pack(manifest: bytes, keys: PublicKeys) -> Mapping[str, Any]:
    """The document of a pack; `TamperedError` unless the hub has signed exactly this."""
    try:
        if len(manifest) > LARGEST_BYTES:
            raise ValueError("too large")
        found = orjson.loads(manifest)
        content, signature = found["document"], bytes.fromhex(found["signature"])
        signed, at = signed_bytes(content), datetime.fromisoformat(content["issued"]["at"])
        if at.tzinfo is None:
            raise ValueError("no time zone")
    except (ValueError, KeyError, TypeError):
        raise TamperedError("this is no evidence pack", code="malformed") from None
    keys.require(DOMAIN, signed, signature, at)
    return dict(content)


def vouchers_of(hub: Hub, case_id: str) -> tuple[RecoveryCase, Sequence[Voucher]]:
    """A case's vouchers; `ApprovalError` where the policy names no accounts."""
    case, entries = find_case(hub, case_id)
    accounts = policy_of(hub).overpayment.accounts
    if accounts is None:
        raise ApprovalError(
            "nobody has said which accounts vouchers name",
            code="accounts",
            remedy="write them into the policy: overpayment.accounts",
        )
    return case, vouchers(case, entries, accounts, zone(hub))


def _told(hub: Hub, connection: sa.Connection, case: RecoveryCase) -> list[Told]:
    first = min(line.cause_version for line in case.lines)
    versions = hub.people.versions(connection, [case.number]).get(case.number, [])
    return [
        Told(
            each.version,
            each.recorded_at,
            {name: str(getattr(each.employee, name) or "") for name in DATES},
        )
        for each in versions
        if each.version >= first
    ]

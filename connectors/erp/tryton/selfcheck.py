"""The self-check of a Tryton system: version, login, company, rights, fields. It writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from baton.sdk import ConnectorError, Finding
from connectors.erp.tryton.reader import OPPORTUNITY, PAYMENT, PAYMENT_JOURNAL, RECEIVABLE_LINE, SALE, USER, Reader
from connectors.erp.tryton.rpc import Rpc

SERIES = "8.2"
RIGHTS = {
    "party.party": ("read", "write", "create"),
    "party.contact_mechanism": ("read", "write", "create"),
    "company.company": ("read", "write"),
    "company.employee": ("read", "write", "create"),
}
HANDOVER_RIGHTS = {OPPORTUNITY: ("read", "write"), SALE: ("read",), RECEIVABLE_LINE: ("read",), USER: ("write",)}
"""What handovers need beyond accounts, as far as the models are there. Without them the rest works."""
PAYMENT_RIGHTS = {PAYMENT: ("read",), PAYMENT_JOURNAL: ("read",)}
"""What payments out of Tryton need, where its payment module is active."""
EMPLOYEE_FIELDS = ("party", "company", "start_date", "end_date", "supervisor")


def findings(rpc: Rpc, reader: Reader, company_id: int) -> list[Finding]:
    """One finding per question, up to the first that makes the following senseless."""
    found: list[Finding] = []
    try:
        series = rpc.version()
        found.append(
            Finding("server version", series == SERIES, series, "" if series == SERIES else f"use Tryton {SERIES}")
        )
        domain = [["id", "=", company_id]]
        companies = rpc.read("model.company.company.search", domain, 0, 1, None, context={})
        found.append(Finding("login", ok=True))
        remedy = "correct company_id, or add the company to the Tryton user"
        found.append(Finding("company", bool(companies), f"id {company_id}", "" if companies else remedy))
        found.append(_rights(rpc.read("model.ir.model.access.get_access", list(RIGHTS), context={})))
        offered = rpc.read("model.company.employee.fields_get", list(EMPLOYEE_FIELDS), context={})
        missing = [name for name in EMPLOYEE_FIELDS if name not in offered]
        found.append(
            Finding("fields", not missing, ", ".join(missing), f"use Tryton {SERIES}'s company module" * bool(missing))
        )
        found.append(
            _possible("handovers", reader, {m: r for m, r in HANDOVER_RIGHTS.items() if m == USER or reader.has(m)})
        )
        if reader.has(PAYMENT):
            found.append(_possible("payments", reader, PAYMENT_RIGHTS))
    except ConnectorError as error:
        found.append(Finding("connection", ok=False, detail=error.message, remedy=error.remedy))
    return found


def _possible(what: str, reader: Reader, wanted: Mapping[str, Sequence[str]]) -> Finding:
    """What this would miss here; no fault of an installation that does nothing of the kind."""
    missing = [
        f"{model}:{right}" for model, rights in wanted.items() for right in rights if not reader.may(model, right)
    ]
    detail = f"not possible without {', '.join(missing)}" if missing else ""
    return Finding(what, ok=True, detail=detail)


def _rights(access: Any) -> Finding:
    missing = [
        f"{model}:{right}" for model, rights in RIGHTS.items() for right in rights if not access[model].get(right)
    ]
    remedy = "put the user into the groups Company Administration and Employee Administration"
    return Finding("rights", not missing, ", ".join(missing), remedy if missing else "")

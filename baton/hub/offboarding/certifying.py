"""The certificate that a case gets by itself when it is completed: kept, sealed, beside the database.

A case is completed first: a certificate that cannot be issued just then (a system does not answer) is issued by the
next run of the schedule, and undoes nothing. Each completion has one of its own.
"""

from __future__ import annotations

import logging
from typing import Final

from baton.errors import ApprovalError, BatonError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case
from baton.hub.offboarding.certificate import Certificate, issue
from baton.model.case import Case, CaseState
from baton.store.instants import to_micros

log = logging.getLogger("baton.offboarding")
_FOLDER: Final = "certificates"
_PDF, _MANIFEST = "pdf", "json"


def certify(hub: Hub, case: Case, person: str) -> Certificate:
    """Issue the certificate of a completed case and keep it; raises as `issue`."""
    issued = issue(hub, case.id, person, hub.settings.offboarding.language)
    hub.kept_files.put(_place(case, _MANIFEST), issued.manifest)
    hub.kept_files.put(_place(case, _PDF), issued.pdf)
    return issued


def try_to_certify(hub: Hub, case: Case, person: str) -> bool:
    """The same for who has something else to say than why not; False where the schedule has to try again."""
    try:
        certify(hub, case, person)
    except BatonError as error:
        log.warning("%s is completed, its certificate comes later: %s", case.id, error)
        return False
    return True


def lacks_certificate(hub: Hub, case: Case) -> bool:
    """Whether a completed case still has to get its certificate."""
    if case.state is not CaseState.COMPLETED or case.completed_at is None or retention_over(hub, case):
        return False
    return _name(case, _PDF) not in hub.kept_files.names(f"{_FOLDER}/{case.id}")


def retention_over(hub: Hub, case: Case) -> bool:
    """Whether what is kept of a completed case, files and certificate, need not be kept any longer."""
    rule = hub.settings.retention
    return case.completed_at is not None and rule.end(case.completed_at, rule.handovers_years) <= hub.clock.now()


def kept(hub: Hub, case_id: str) -> Certificate:
    """The certificate that was kept when a case was completed; `ApprovalError` where there is none (yet)."""
    case = find_case(hub, case_id)
    if case.state is not CaseState.COMPLETED or lacks_certificate(hub, case):
        raise ApprovalError(
            f"{case.id} has no certificate of its completion",
            code="unfinished",
            remedy="a completed case gets it by the next run: baton offboard run",
        )
    if retention_over(hub, case):
        raise ApprovalError(f"the certificate of {case.id} was deleted when its retention ended", code="retention")
    pdf, manifest = (hub.kept_files.get(_place(case, part)) for part in (_PDF, _MANIFEST))
    return Certificate(case.id, pdf, manifest)


def _place(case: Case, part: str) -> str:
    return f"{_FOLDER}/{case.id}/{_name(case, part)}"


def _name(case: Case, part: str) -> str:
    assert case.completed_at is not None
    return f"{to_micros(case.completed_at)}-{part}"

"""Final settlements by API: worked out, kept, looked at, reviewed, drafted as a pay run; for who holds an office."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from baton.console.described import JSON, reads, reads_as
from baton.console.handover.routes import as_json, bounded_body, from_our_own_script
from baton.console.payments.deciding import LONGEST_WHY, Refusal, from_json, misnamed, refused_as
from baton.console.payments.officers import Holder
from baton.console.told import REFUSALS
from baton.errors import ApprovalError, ConfigurationError, TransitionError
from baton.hub.payment import settling
from baton.jobs.payment.roles import Role
from baton.jobs.payment.settlement.case_file import read_case
from baton.model.settlement import KeptSettlement

CASE: Final = "case"
"""What faults call the case in a body."""


Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)


class ReviewWords(_Words):
    """A second person's yes to the calculation they have seen."""

    digest: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")]
    role: Role


class WithdrawWords(_Words):
    """Why a settlement is given up."""

    why: Annotated[str, Field(min_length=1, max_length=LONGEST_WHY)]


class ImportWords(_Words):
    """Which settlements are drafted as one run, through which bank, for which day."""

    settlements: Annotated[tuple[Id, ...], Field(min_length=1, max_length=200)]
    bank: Annotated[str, Field(min_length=1, max_length=100)]
    on: date


Named = Annotated[str, Path(max_length=100)]
Body = Annotated[bytes, Depends(bounded_body)]
settlement_api: Final = APIRouter(prefix="/api/payments/settlements", responses=REFUSALS)
"""Before the routes of pay runs: ``settlements`` is no run's name."""
_OURS: Final = [Depends(from_our_own_script)]
_A_CASE: Final = reads_as({JSON: {"type": "object"}, "application/yaml": {"type": "object"}})
Result = TypeVar("Result")
Words = TypeVar("Words", bound=_Words)


@settlement_api.get("")
def listed(who: Holder) -> JSONResponse:
    """Every settlement that was kept, the oldest first, without its lines."""
    with who.hub.database.read() as connection:
        found = who.hub.settlements.listed(connection)
    return as_json({"settlements": [head(kept) for kept in found]})


@settlement_api.post("/calculate", dependencies=_OURS, openapi_extra=_A_CASE)
def calculate(who: Holder, body: Body) -> JSONResponse:
    """Work out the case in the body (a case file, YAML or JSON); nothing is kept."""
    return _told(lambda: settling.work_out(who.hub, read_case(body, CASE), CASE).settlement.document, lambda out: out)


@settlement_api.post("", status_code=201, dependencies=_OURS, openapi_extra=_A_CASE)
def prepare(who: Holder, body: Body) -> JSONResponse:
    """The same, and keep it for review, prepared by who asks."""
    return _told(lambda: settling.prepare(who.hub, read_case(body, CASE), CASE, who.person), _whole, status=201)


@settlement_api.post("/import", status_code=201, dependencies=_OURS, openapi_extra=reads(ImportWords))
def draft(who: Holder, body: Body) -> JSONResponse:
    """Draft a pay run of reviewed settlements, to the accounts that HR knows; by who prepared them."""
    words = _said(ImportWords, body)
    into = settling.Into(words.bank, words.on)
    return _told(
        lambda: settling.import_settlements(who.hub, words.settlements, into, who.person),
        lambda drafted: {"run": drafted.run.run_id, "lines": len(drafted.lines)},
        status=201,
    )


@settlement_api.get("/{settlement_id}")
def one(settlement_id: Named, who: Holder) -> JSONResponse:
    """One with every line, its rule, source and working, and what it was worked out from."""
    return _told(lambda: settling.find_settlement(who.hub, settlement_id), _whole)


@settlement_api.post("/{settlement_id}/review", dependencies=_OURS, openapi_extra=reads(ReviewWords))
def review(settlement_id: Named, who: Holder, body: Body) -> JSONResponse:
    """Say yes to it, in an office that reviews; never by who prepared it."""
    words = _said(ReviewWords, body)
    return _told(lambda: settling.review(who.hub, settlement_id, words.digest, who.person, words.role), head)


@settlement_api.post("/{settlement_id}/withdraw", dependencies=_OURS, openapi_extra=reads(WithdrawWords))
def withdraw(settlement_id: Named, who: Holder, body: Body) -> JSONResponse:
    """Give one up that is in no run."""
    words = _said(WithdrawWords, body)
    return _told(lambda: settling.withdraw_settlement(who.hub, settlement_id, who.person, words.why), head)


def _said(shape: type[Words], body: bytes) -> Words:
    """A body as words; an answer of 422 for one that is none."""
    words = from_json(shape, body)
    if isinstance(words, Refusal):
        raise HTTPException(words.status, words.message)
    return words


def _told(
    work: Callable[[], Result], document: Callable[[Result], Mapping[str, Any]], *, status: int = 200
) -> JSONResponse:
    """What came of it; or why nothing was done, with every fault of a case by its field."""
    try:
        return as_json(document(work()), status)
    except (ApprovalError, TransitionError) as error:
        refusal = refused_as(error)
        return as_json({"detail": refusal.message, "code": refusal.code, "remedy": error.remedy}, refusal.status)
    except ConfigurationError as error:
        rules = {fault.rule for fault in error.faults}
        if "unknown_settlement" in rules:
            return as_json({"detail": error.faults[0].message, "code": "unknown_settlement"}, 404)
        if (wrong := misnamed(error)) is not None:
            return as_json({"detail": wrong.message, "code": "unknown_bank"}, wrong.status)
        if any(not fault.place.startswith((CASE, "settle-")) for fault in error.faults):
            # Of the hub's own files: where they are is for who keeps them.
            return as_json({"detail": "there is no rule pack that can be used", "code": "pack"}, 409)
        faults = [{"place": fault.place, "code": fault.rule, "message": fault.message} for fault in error.faults]
        return as_json({"detail": "this cannot be worked out", "code": "case", "errors": faults}, 422)


def head(kept: KeptSettlement) -> dict[str, Any]:
    """One without its lines."""
    return {
        "id": kept.id,
        "number": kept.number,
        "period": kept.period,
        "state": kept.state.value,
        "total_minor": kept.result["total_minor"],
        "digest": kept.digest,
        "prepared_by": kept.prepared_by,
        "prepared_at": kept.prepared_at.isoformat(),
        "reviewed_by": kept.reviewed_by,
        "reviewed_as": kept.reviewed_as,
        "reviewed_at": "" if kept.reviewed_at is None else kept.reviewed_at.isoformat(),
        "run": kept.run_id,
    }


def _whole(kept: KeptSettlement) -> dict[str, Any]:
    return {**head(kept), "case": kept.case, "result": kept.result}

"""Final settlements on pages, for who holds an office: every line to look at, a second person's yes, giving one up."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Self
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from baton.console.described import FORM, ON, PAGES, reads
from baton.console.handover.routes import bounded_body, from_our_own_page
from baton.console.payments.deciding import LONGEST_WHY, Refusal, from_form, refused_as, typed_in
from baton.console.payments.officers import Holder, Officer
from baton.console.payments.reading import viewer
from baton.console.payments.rendering import Spoken, page
from baton.console.payments.settlement_routes import head
from baton.console.payments.words import WORDS, refusal_text
from baton.console.payments.workings import limit_text, working_text
from baton.errors import ApprovalError, TransitionError
from baton.hub.payment import settling
from baton.jobs.payment.roles import Role
from baton.languages import Language
from baton.model.money import major_text
from baton.model.settlement import KeptSettlement, SettlementState

_CURRENCY: Final = "CNY"
SHOWN: Final = 200
"""The newest ones; the rest is told by command and API."""


class Act(StrEnum):
    """What can be done here."""

    REVIEW = "review"
    GIVE_UP = "give_up"


class Words(BaseModel):
    """A yes to the calculation that was shown, in an office; or why it is given up."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)
    act: Act
    digest: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    role: Role | None = None
    why: Annotated[str, Field(max_length=LONGEST_WHY)] = ""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        reviews = self.act is Act.REVIEW
        if bool(self.digest and self.role) != reviews or bool(self.why) == reviews:
            raise ValueError("a review takes a digest and an office, giving up takes a reason")
        return self


Named = Annotated[str, Path(max_length=100)]
Body = Annotated[bytes, Depends(bounded_body)]
settlement_pages: Final = APIRouter(
    prefix="/payments/settlements", responses=PAGES, default_response_class=HTMLResponse
)
"""Before the pages of pay runs: ``settlements`` is no run's name."""


@settlement_pages.get("")
def settlements_page(request: Request, who: Holder) -> Response:
    """The newest settlements that were kept."""
    with who.hub.database.read() as connection:
        heads = [_head(kept) for kept in who.hub.settlements.newest(connection, SHOWN)]
        total = who.hub.settlements.count(connection)
    return page(request, "settlements", settlements=heads, total=total, **viewer(who))


@settlement_pages.get("/{settlement_id}")
def settlement_page(request: Request, settlement_id: Named, who: Holder, language: Spoken) -> Response:
    """One with every line, and what the person may do about it."""
    return _one(request, who, settlement_id, language)


@settlement_pages.post(
    "/{settlement_id}", dependencies=[Depends(from_our_own_page)], responses=ON, openapi_extra=reads(Words, FORM)
)
def act_on_settlement(request: Request, settlement_id: Named, who: Holder, body: Body, language: Spoken) -> Response:
    """Review it or give it up. A refusal comes back on the same page, with what to do."""
    words = from_form(Words, body)
    refusal = words if isinstance(words, Refusal) else _carry_out(who, settlement_id, words)
    if refusal is not None:
        return _one(request, who, settlement_id, language, refusal, typed_in(body))
    root = request.scope.get("root_path", "")
    address = f"{root}/payments/settlements/{quote(settlement_id, safe='')}?{urlencode({'lang': language})}"
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


def _carry_out(who: Officer, settlement_id: str, words: Words) -> Refusal | None:
    try:
        if words.act is Act.GIVE_UP:
            settling.withdraw_settlement(who.hub, settlement_id, who.person, words.why)
        else:
            assert words.role is not None
            settling.review(who.hub, settlement_id, words.digest, who.person, words.role)
    except (ApprovalError, TransitionError) as error:
        return refused_as(error)
    return None


def _one(
    request: Request,
    who: Officer,
    settlement_id: str,
    language: Language,
    refusal: Refusal | None = None,
    typed: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    kept = settling.find_settlement(who.hub, settlement_id)
    return page(
        request,
        "settlement",
        status=200 if refusal is None else refusal.status,
        refusal="" if refusal is None else _text(refusal, language),
        settlement=_head(kept),
        result=kept.result,
        lines=[_line(line, language) for line in kept.result["lines"]],
        remaining=[_remaining(rest, language) for rest in kept.result["remaining"]],
        may=_may(who, kept),
        longest_why=LONGEST_WHY,
        typed=typed,
        **viewer(who),
    )


def _may(who: Officer, kept: KeptSettlement) -> dict[str, Any]:
    """In which offices the person may review it, and whether it can be given up."""
    waits = kept.state is SettlementState.PREPARED
    offices = who.among(settling.REVIEWERS) if waits and not who.made([kept.prepared_by]) else []
    return {
        "review_as": [role.value for role in offices],
        "own": waits and who.made([kept.prepared_by]),
        "give_up": kept.state.open,
    }


def _head(kept: KeptSettlement) -> dict[str, Any]:
    return {**head(kept), "amount": _amount(kept.result["total_minor"])}


def _line(line: Mapping[str, Any], language: Language) -> dict[str, Any]:
    title = WORDS[language].get(f"settlement.line.{line['id']}", line["title"]["en"])
    working = working_text(line["working"], language)
    return {**line, "title": title, "working": working, "amount": _amount(line["amount_minor"])}


def _remaining(rest: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {**rest, "why": limit_text(rest["why"], language), "amount": _amount(rest["amount_minor"])}


def _amount(minor: int) -> str:
    return major_text(minor, _CURRENCY)


def _text(refusal: Refusal, language: Language) -> str:
    """What happened and what to do; of a settlement where it means something else there than of a run."""
    return WORDS[language].get(f"refusal.settlement.{refusal.code}") or refusal_text(refusal, language)

"""The writes of a handover as intentions, and what an effect of one says about who and which way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from baton.model.account import AccountRef, Scalar
from baton.model.case import Case, Item
from baton.model.effect import Effect, Intention
from baton.model.handover import HandoverAction
from baton.store.instants import to_micros

JOB: Final = "offboarding"
"""The job of every effect of a handover."""
SESSIONS: Final = "sessions"
"""What an effect that ends a person's sessions is about begins with this."""
FROZEN: Final = "frozen"
"""The mark of an effect that a freeze has made, and the code of what it was made in place of."""


def last_log_out(case: Case, reopened_at: datetime | None, now: datetime) -> str:
    """What the effect that ends a person's sessions at their last working moment is about.

    Another thing each time that moment has come, and after each reopening: whoever was let in since is logged in again.
    """
    over = [at for at in (case.dates.last_working_at, reopened_at) if at is not None and at <= now]
    return f"{SESSIONS}/{case.id}/last" + (f"/{to_micros(max(over))}" if over else "")


def transfer(item: Item, holder: AccountRef, successor: AccountRef, at: datetime) -> Intention:
    """Giving an item from one person to another."""
    what: dict[str, Scalar] = {"kind": item.kind.value, "external_id": item.ref.external_id}
    fields = {**what, **person_fields("holder", holder), **person_fields("successor", successor)}
    return Intention(item.system, str(item.ref), HandoverAction.TRANSFER, at, fields)


def side(effect: Effect, role: str) -> AccountRef:
    """One of the people an effect is about, as the effect names them."""
    external_id = effect.fields.get(f"{role}_id")
    return AccountRef(str(effect.fields[f"{role}_number"]), None if external_id is None else str(external_id))


def turned_round(effect: Effect) -> Effect:
    """An effect as it would be the other way round: what a transfer back asks for, and the transfer before it."""
    swap = {"holder": "successor", "successor": "holder"}
    turned = {f"{swap[role]}_{part}": effect.fields.get(f"{role}_{part}") for role in swap for part in ("number", "id")}
    return replace(effect, fields={**effect.fields, **turned})


def leads_away(effect: Effect, case: Case) -> bool:
    """Whether an effect takes something from the leaver (and is not the way back of that)."""
    if effect.action is HandoverAction.TRANSFER:
        return effect.fields["successor_number"] != case.number
    return effect.action is HandoverAction.REVOKE


def frozen(effect: Effect) -> bool:
    """Whether two people have agreed to an effect as a freeze: it is about now, and nobody's dates call it back."""
    return FROZEN in effect.digests


def grant_change(item: Item, action: HandoverAction, person: AccountRef, at: datetime) -> Intention:
    """Giving a person a right, or taking it from them."""
    fields: dict[str, Scalar] = {**person_fields("person", person), "grant_id": item.ref.external_id}
    return Intention(item.system, f"{item.ref}/{person.number}", action, at, fields)


def person_fields(role: str, ref: AccountRef) -> dict[str, Scalar]:
    """One of the people an effect is about, as its fields."""
    return {f"{role}_number": ref.number, f"{role}_id": ref.external_id}

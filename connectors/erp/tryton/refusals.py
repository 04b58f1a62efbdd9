"""What is refused without asking Tryton: writes that are unfit, or that would hide an end of employment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from baton.sdk import AccountWrite, Receipt
from connectors.erp.tryton import wire


def faults(writes: Sequence[AccountWrite], *rules: Callable[[AccountWrite], Receipt | None]) -> dict[str, Receipt]:
    """The first refusal of each write that a rule objects to, by effect key."""
    found: dict[str, Receipt] = {}
    for write in writes:
        for rule in rules:
            refusal = rule(write)
            if refusal is not None:
                found.setdefault(write.key, refusal)
    return found


def unfit(write: AccountWrite) -> Receipt | None:
    """Field names and values that no employee can have."""
    unknown = sorted(write.fields.keys() - wire.FIELDS.keys())
    if unknown:
        return Receipt.refused("unknown_field", f"no such field: {', '.join(unknown)}", remedy="correct the mapping")
    if "name" in write.fields and not write.fields["name"]:
        return Receipt.refused("no_name", "the name is empty", remedy="give the person a name in HR")
    chief = write.fields.get("supervisor")
    if chief is not None and not str(chief).isdecimal():
        return Receipt.refused("bad_supervisor", "not the id of an employee", remedy="map supervisor as a reference")
    return None


def nameless(write: AccountWrite) -> Receipt | None:
    """A new person without a name."""
    if write.fields.get("name"):
        return None
    return Receipt.refused("no_name", "a new person needs a name", remedy="map the field name, and fill it in HR")


def ends(write: AccountWrite) -> Receipt | None:
    """An end date in a write that begins an employment."""
    if write.fields.get("end_date") is None:
        return None
    return Receipt.refused(
        "end_date_given",
        "an employment cannot begin and end in one write",
        remedy="map end_date for disable only: an end must be counted as one",
    )


def endless(write: AccountWrite) -> Receipt | None:
    """An end without a date."""
    if isinstance(write.fields.get("end_date"), date):
        return None
    return Receipt.refused(
        "no_end_date",
        "ending an employment needs its last working day",
        remedy="map end_date for disable, and enter the last working day in HR",
    )


def moves_end(write: AccountWrite, employment: wire.Employment) -> Receipt | None:
    """An update that would end an employment, or lift its end, without being counted as that."""
    if "end_date" not in write.fields or (write.fields["end_date"] is None) == (employment.end is None):
        return None
    return Receipt.refused(
        "end_date_given",
        "an update may correct an end date, not set or lift one",
        remedy="map end_date for disable only: an end must be counted as one",
    )


def not_found() -> Receipt:
    """No employee of the company has this number."""
    return Receipt.refused(
        "not_found",
        "no employee of this company has a party with this code",
        remedy="provision the person first, or correct the party's code in Tryton",
    )


def stranger() -> Receipt:
    """The party with this code is no employee and has another name: a customer, perhaps."""
    return Receipt.refused(
        "code_taken",
        "a party that is no employee and has another name holds this code",
        remedy="set code_prefix for this system, give that party another code, or give it this person's exact name",
    )

"""The migrated clients as Tryton itself shows them, and what people do to them there behind the hub's back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from baton.sandbox.demo.clients import Client
from baton.sandbox.tryton_seed import TrytonAdmin

Party = Mapping[str, str]
"""What Tryton says of one party, in the words of `Client.in_tryton`."""
_ADDRESS: Final = ("street", "postal_code", "city")


def look_at_parties(admin: TrytonAdmin) -> dict[str, Party]:
    """Every party whose code is of the old list, by code."""
    rows = {row["id"]: row for row in admin.rows("party.party", [["code", "like", "K-%"]], ["code", "name"])}
    of_these = [["party", "in", list(rows)]]
    found: dict[int, dict[str, str]] = {number: {"name": row["name"]} for number, row in rows.items()}
    for contact in admin.rows("party.contact_mechanism", of_these, ["party", "type", "value"]):
        found[contact["party"]].setdefault(contact["type"], contact["value"])
    for address in admin.rows("party.address", of_these, ["party", *_ADDRESS]):
        for name in _ADDRESS:
            found[address["party"]].setdefault(name, address[name] or "")
    return {rows[number]["code"]: values for number, values in found.items()}


def cut_name(admin: TrytonAdmin, client: Client) -> None:
    """A program that cannot hold the whole name keeps the beginning of it."""
    admin.call("party.party.write", [_id(admin, client)], {"name": client.name[:-2]})


def change_mobile(admin: TrytonAdmin, client: Client) -> None:
    """Somebody enters another number."""
    contacts = [["party", "=", _id(admin, client)], ["type", "=", "mobile"]]
    (contact,) = admin.rows("party.contact_mechanism", contacts, ["value"])
    admin.call("party.contact_mechanism.write", [contact["id"]], {"value": f"{contact['value'][:-4]}9999"})


def delete(admin: TrytonAdmin, client: Client) -> None:
    """Somebody deletes the party."""
    admin.call("party.party.delete", [_id(admin, client)])


def _id(admin: TrytonAdmin, client: Client) -> int:
    rows: Iterable[Mapping[str, Any]] = admin.rows("party.party", [["code", "=", client.code]], ["code"])
    (row,) = rows
    return int(row["id"])

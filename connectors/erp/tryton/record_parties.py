"""The collection ``party.party``: the party with its language, contacts and first address as flat fields."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from baton.sdk import (
    Collection,
    ConnectorError,
    FieldSpec,
    FieldType,
    InDoubtError,
    Receipt,
    RecordTarget,
    RejectedError,
    Scalar,
)
from connectors.erp.tryton import wire
from connectors.erp.tryton.isolate import isolate
from connectors.erp.tryton.record_rows import Held, RecordKind, Values, text

_ADDRESS: Final = ("street", "postal_code", "city")
_PLAIN: Final = ("name", "active")
_CONTACT: Final = "party.contact_mechanism"
_PLACE: Final = "party.address"
_FIRST: Final = (("sequence", "ASC NULLS FIRST"), ("id", "ASC"))

PARTIES: Final = Collection(
    "party.party",
    {
        "code": FieldSpec(required=True, about="party.party code, unique in the database"),
        "name": FieldSpec(personal=True),
        "active": FieldSpec(FieldType.BOOLEAN, about="false hides the party in Tryton"),
        "lang": FieldSpec(about="code of an installed language, such as zh_CN"),
        "phone": FieldSpec(personal=True, about="the first telephone number"),
        "mobile": FieldSpec(personal=True, about="the first mobile number"),
        "email": FieldSpec(personal=True, about="the first e-mail address"),
        "street": FieldSpec(personal=True, about="street of the first address"),
        "postal_code": FieldSpec(personal=True, about="postal code of the first address"),
        "city": FieldSpec(personal=True, about="city of the first address"),
    },
    key=("code",),
    title="Parties",
)


class Parties(RecordKind):
    """Parties by code. Contacts and the address are parts with a mark of their own, written through the party.

    Tryton lets nobody change an inactive party, nor create one. So a new one is created active and then deactivated;
    one to be changed is activated first, and the change itself deactivates it again.
    """

    collection = PARTIES
    watched = ("party.party", _CONTACT, _PLACE)
    unstripped = ("name",)

    def read(self, keys: Sequence[str], fields: Names[str]) -> list[Held]:
        """One call for the parties, and one each for contacts and addresses when a field needs them."""
        rows = self._rows([["code", "in", list(keys)]], None)
        return self._with_parts(rows, fields)

    def page(self, after: int, limit: int) -> list[Held]:
        """By id."""
        return self._with_parts(self._rows([["id", ">", after]], limit), self.collection.fields)

    def prepare(self, rows: Sequence[Mapping[str, Scalar]]) -> list[Values | Receipt]:
        """Languages become ids; contacts and address stay as they are (see `create` and `change`)."""
        wanted = sorted({str(row["lang"]) for row in rows if row.get("lang")})
        known: dict[str, int] = {}
        if wanted:
            found = self.rpc.rows("ir.lang", [["code", "in", wanted]], ["id", "code"], dict, context=self.context)
            known = {str(row["code"]): int(row["id"]) for row in found}
        prepared: list[Values | Receipt] = []
        for row in rows:
            if "lang" not in row:
                prepared.append(row)
            elif row["lang"] is None or str(row["lang"]) in known:
                prepared.append({**row, "lang": known.get(str(row["lang"]))})
            else:
                prepared.append(_no_language())
        return prepared

    def create(self, rows: Sequence[tuple[str, Values]]) -> list[Receipt]:
        """The server itself refuses a code that exists."""
        values = [{"code": key, **_values(row, None), "active": True} for key, row in rows]
        try:
            ids = self.rpc.write("model.party.party.create", values, context=self.context)
        except RejectedError:
            # Was it the code that is unique, or a value? The sentence does not say for sure; looking does.
            if len(rows) == 1 and self.read([rows[0][0]], ()):
                return [Receipt.refused(RecordTarget.CHANGED, "a party with this code has come up meanwhile")]
            raise
        dormant = {int(number) for number, (_, row) in zip(ids, rows, strict=True) if row.get("active") is False}
        failure = self._deactivate(sorted(dormant))
        return [failure if failure and int(number) in dormant else Receipt.done(str(number)) for number in ids]

    def open(self, changes: Mapping[int, tuple[Held, Mapping[str, Scalar]]]) -> Mapping[int, Held | Receipt]:
        """Activate inactive parties of which more than ``active`` is to change, if they are as they were read."""
        places = [place for place, (held, row) in changes.items() if not held.values["active"] and _more(row)]
        asleep = [changes[place][0] for place in places]
        failures = isolate(asleep, self._wake)
        fields = {name for place in places for name in changes[place][1]}
        awake = self._reread([held for held, failure in zip(asleep, failures, strict=True) if failure is None], fields)
        opened: dict[int, Held | Receipt] = {}
        for place, held, failure in zip(places, asleep, failures, strict=True):
            now = awake.get(held.key)
            if failure is not None:
                opened[place] = failure
            elif now is None or {**now.values, "active": False} != {**now.values, **held.values}:
                self.close([held])
                opened[place] = Receipt.refused(RecordTarget.CHANGED, "the record was changed by others just now")
            else:
                opened[place] = replace(now, woken=True)
        return opened

    def close(self, opened: Sequence[Held]) -> None:
        """Deactivate them again."""
        failure = self._deactivate([held.id for held in opened])
        if failure is not None:
            raise InDoubtError(failure.message, code=failure.code)

    def _reread(self, woken: Sequence[Held], fields: Names[str]) -> dict[str, Held]:
        """By code. Should it fail, nothing of the change has been done, so the parties go back to sleep."""
        try:
            return {held.key: held for held in self.read([held.key for held in woken], fields)} if woken else {}
        except ConnectorError:
            self.close(woken)
            raise

    def _wake(self, asleep: Sequence[Held]) -> list[None]:
        self.write([(held, {"active": True}) for held in asleep])
        return [None] * len(asleep)

    def _deactivate(self, parties: Sequence[int]) -> Receipt | None:
        """The receipt for all of them when it did not work: they exist, as active ones."""
        try:
            if parties:
                self.rpc.write("model.party.party.write", list(parties), {"active": False}, context=self.context)
        except ConnectorError as error:
            return Receipt.in_doubt("left_active", f"the party may have been left active: {error.message}")
        return None

    def change(self, changes: Sequence[tuple[Held, Values]]) -> None:
        """Parties with their parts, in one transaction."""
        self.write([(held, _values(row, held)) for held, row in changes])

    def objection(self, held: Held, row: Mapping[str, Scalar]) -> Receipt | None:
        """Clearing one of several contacts of a type would bring the next one forward."""
        crowded = sorted(kind for kind in held.crowded if kind in row and row[kind] is None)
        if not crowded:
            return None
        return Receipt.refused(
            "several_contacts",
            f"the party has several contacts of this type, so {', '.join(crowded)} cannot be cleared",
            remedy="remove the surplus contacts in Tryton first, or leave the field out of the mapping",
        )

    def _rows(self, domain: Sequence[Any], limit: int | None) -> list[Held]:
        columns = ["id", "code", *_PLAIN, "lang.code", "_timestamp"]
        return self.rpc.rows(self.model, domain, columns, _party, context=self.context, limit=limit)

    def _with_parts(self, parties: Sequence[Held], fields: Names[str]) -> list[Held]:
        kinds = [kind for kind in wire.MECHANISMS if kind in fields]
        ids = [party.id for party in parties]
        contacts = self._parts(_CONTACT, [["type", "in", kinds]], ["type", "value"], ids) if kinds else {}
        addressed = any(name in fields for name in _ADDRESS)
        places = self._parts(_PLACE, [], list(_ADDRESS), ids) if addressed else {}
        return [_joined(party, contacts.get(party.id, []), places.get(party.id, [])[:1]) for party in parties]

    def _parts(
        self, model: str, domain: Sequence[Any], columns: Sequence[str], parties: Sequence[int]
    ) -> dict[int, list[Mapping[str, Any]]]:
        """The active parts of these parties, by party, in Tryton's own order."""
        found: dict[int, list[Mapping[str, Any]]] = {}
        rows = self.rpc.rows(
            model,
            [["party", "in", list(parties)], *domain],
            ["id", "party", *columns, "_timestamp"],
            lambda row: {**row, "party": int(row["party"])},
            context={**self.context, "active_test": True},
            order=_FIRST,
        )
        for row in rows:
            found.setdefault(row["party"], []).append(row)
        return found


def _party(row: Mapping[str, Any]) -> Held:
    language = row["lang."]["code"] if row["lang."] else None
    values = {"name": text(row["name"]), "active": bool(row["active"]), "lang": text(language)}
    code, number = str(row["code"]), int(row["id"])
    return Held(number, code, {"code": code, **values}, {f"party.party,{number}": str(row["_timestamp"])}, {})


def _joined(party: Held, contacts: Sequence[Mapping[str, Any]], places: Sequence[Mapping[str, Any]]) -> Held:
    """The party with the first contact of each type and the first address."""
    values: dict[str, Scalar] = {**party.values, **dict.fromkeys((*wire.MECHANISMS, *_ADDRESS))}
    marks, parts, crowded = dict(party.marks), {}, set()
    for row in contacts:
        if row["type"] in parts:
            crowded.add(str(row["type"]))
            continue
        parts[str(row["type"])] = int(row["id"])
        values[str(row["type"])] = text(row["value"])
        marks[f"{_CONTACT},{row['id']}"] = str(row["_timestamp"])
    for row in places:
        parts["address"] = int(row["id"])
        values |= {name: text(row[name]) for name in _ADDRESS}
        marks[f"{_PLACE},{row['id']}"] = str(row["_timestamp"])
    return Held(party.id, party.key, values, marks, parts, frozenset(crowded))


def _values(row: Values, held: Held | None) -> dict[str, Any]:
    """The row as values of a party.party create (without ``held``) or write."""
    parts = held.parts if held else {}
    values = {name: row[name] for name in (*_PLAIN, "lang") if name in row}
    if held and held.woken:
        values["active"] = bool(row.get("active", False))
    contacts = [command for kind in wire.MECHANISMS if kind in row for command in _contact(kind, row[kind], parts)]
    if contacts:
        values["contact_mechanisms"] = contacts
    place = {name: row[name] for name in _ADDRESS if name in row}
    if "address" in parts and place:
        values["addresses"] = [["write", [parts["address"]], place]]
    elif any(value is not None for value in place.values()):
        values["addresses"] = [["create", [place]]]
    return values


def _contact(kind: str, value: Scalar, parts: Mapping[str, int]) -> list[list[Any]]:
    if value is None:
        return [["write", [parts[kind]], {"active": False}]] if kind in parts else []
    return [
        ["write", [parts[kind]], {"value": value}] if kind in parts else ["create", [{"type": kind, "value": value}]]
    ]


def _more(row: Mapping[str, Scalar]) -> bool:
    return bool(row.keys() - {"code", "active"})


def _no_language() -> Receipt:
    return Receipt.refused(
        "unknown_language",
        "Tryton has no language with the code given in the field lang",
        remedy="map the language to a code of Tryton's, such as zh_CN or en",
    )

"""The collection ``company.employee``: the employments of one company, by the code of their party."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from baton.sdk import Collection, FieldSpec, FieldType, Receipt, RecordTarget, Scalar
from connectors.erp.tryton import wire
from connectors.erp.tryton.directory import Directory, chunks
from connectors.erp.tryton.record_rows import Held, RecordKind, Values, in_use
from connectors.erp.tryton.rpc import Rpc

_DAYS: Final = ("start_date", "end_date")
_COLUMNS: Final = ["id", "party.code", *_DAYS, "supervisor.party", "_timestamp"]

EMPLOYEES: Final = Collection(
    "company.employee",
    {
        "party": FieldSpec(FieldType.REFERENCE, required=True, refers_to="party.party", about="code of the party"),
        "start_date": FieldSpec(FieldType.DATE),
        "end_date": FieldSpec(FieldType.DATE, about="the last working day"),
        "supervisor": FieldSpec(FieldType.REFERENCE, refers_to="company.employee", about="party code of the superior"),
    },
    key=("party",),
    title="Employees",
)


class Employees(RecordKind):
    """Employments, created through the company's record so that nobody is employed twice (see `Directory.employ`)."""

    collection = EMPLOYEES
    watched = ("company.employee", "party.party")

    def __init__(self, rpc: Rpc, context: Mapping[str, Any], directory: Directory, company_id: int) -> None:
        super().__init__(rpc, context)
        self._directory = directory
        self._company_id = company_id

    @property
    def scope(self) -> Sequence[Any]:
        """The employments of the one company."""
        return [["company", "=", self._company_id]]

    def read(self, keys: Sequence[str], fields: Names[str]) -> list[Held]:
        """All employments of these parties: a party that has two gives two."""
        return self._rows([["party.code", "in", list(keys)]], None)

    def page(self, after: int, limit: int) -> list[Held]:
        """By id."""
        return self._rows([["id", ">", after]], limit)

    def prepare(self, rows: Sequence[Mapping[str, Scalar]]) -> list[Values | Receipt]:
        """Days in Tryton's JSON; the party and the supervisor as ids."""
        parties = self._parties([str(row["party"]) for row in rows])
        supervisors = self._ids_by_code([str(row["supervisor"]) for row in rows if row.get("supervisor")])
        return [_prepared(row, parties, supervisors) for row in rows]

    def create(self, rows: Sequence[tuple[str, Values]]) -> list[Receipt]:
        """One conditional write of the company; whoever is employed already is left alone."""
        employments = {int(row["party"]): {k: v for k, v in row.items() if k != "party"} for _, row in rows}
        ids, known = self._directory.employ(employments)
        taken = Receipt.refused(RecordTarget.CHANGED, "the party has become an employee meanwhile")
        return [taken if (party := int(row["party"])) in known else Receipt.done(str(ids[party])) for _, row in rows]

    def change(self, changes: Sequence[tuple[Held, Values]]) -> None:
        """Dates and supervisor; the party is the key and stays."""
        self.write([(held, {k: v for k, v in row.items() if k != "party"}) for held, row in changes])

    def guard_removal(self, doomed: Sequence[Held]) -> Mapping[int, Receipt]:
        """Tryton would clear the supervisor of the people below without a word; those not in this batch count."""
        ids = [held.id for held in doomed]
        below = self.rpc.rows(
            self.model,
            [["supervisor", "in", ids], ["id", "not in", ids]],
            ["id", "supervisor"],
            lambda row: int(row["supervisor"]),
            context=self.context,
        )
        return {chief: in_use() for chief in below}

    def _rows(self, domain: Sequence[Any], limit: int | None) -> list[Held]:
        rows = self.rpc.rows(self.model, [*self.scope, *domain], _COLUMNS, dict, context=self.context, limit=limit)
        superiors = sorted({int(row["supervisor."]["party"]) for row in rows if row["supervisor."]})
        codes: dict[int, str] = {}
        for some in chunks(superiors):
            found = self.rpc.rows("party.party", [["id", "in", some]], ["id", "code"], dict, context=self.context)
            codes |= {int(party["id"]): str(party["code"]) for party in found}
        return [_held(row, codes) for row in rows]

    def _parties(self, codes: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for some in chunks(sorted(set(codes))):
            rows = self.rpc.rows("party.party", [["code", "in", some]], ["id", "code"], dict, context=self.context)
            found |= {str(row["code"]): int(row["id"]) for row in rows}
        return found

    def _ids_by_code(self, codes: Sequence[str]) -> dict[str, int]:
        """Of several employments of one party, the one that counts (`wire.current`)."""
        parties = self._parties(codes)
        employments = self._directory.employments(list(parties.values()))
        chosen = {code: wire.current(employments[party]) for code, party in parties.items()}
        return {code: row.id for code, row in chosen.items() if row is not None}


def _held(row: Mapping[str, Any], codes: Mapping[int, str]) -> Held:
    code, number = str(row["party."]["code"]), int(row["id"])
    superior = row["supervisor."]
    values: dict[str, Scalar] = {name: wire.date_in(row[name]) for name in _DAYS}
    values |= {"party": code, "supervisor": codes[int(superior["party"])] if superior else None}
    return Held(number, code, values, {f"company.employee,{number}": str(row["_timestamp"])}, {})


def _prepared(
    row: Mapping[str, Scalar], parties: Mapping[str, int], supervisors: Mapping[str, int]
) -> Values | Receipt:
    if str(row["party"]) not in parties:
        return _nowhere("party", "no party has this code", "move the parties before the employees")
    values: dict[str, Any] = {"party": parties[str(row["party"])]}
    for name in _DAYS:
        if name in row:
            day = row[name]
            values[name] = wire.date_out(day) if isinstance(day, date) else None
    if "supervisor" in row:
        chief = row["supervisor"]
        if chief is not None and str(chief) not in supervisors:
            return _nowhere("supervisor", "no employee has a party with this code", "move superiors first")
        values["supervisor"] = None if chief is None else supervisors[str(chief)]
    return values


def _nowhere(field: str, message: str, remedy: str) -> Receipt:
    return Receipt.refused("unknown_reference", f"{field}: {message}", remedy=remedy)

"""The parties and employees of one company in Tryton: how they are read, and written under a condition.

Every write is conditional on what was read: changes carry the ``_timestamp`` of their records, and employees are
created *through* the company's record with the company's ``_timestamp``. ``company.employee`` has no unique key, so a
plain create that arrives late (after its answer was given up) would employ a person twice; this one is refused.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from baton.sdk import AccountRef, HaltError, InDoubtError, Intent, RetryableError
from connectors.erp.tryton import wire
from connectors.erp.tryton.rpc import Row, Rpc

PAGE = 500
_CONFLICTS = 5


class Directory:
    """What the connector needs of Tryton's ``party`` and ``company`` modules."""

    def __init__(self, rpc: Rpc, *, company_id: int, code_prefix: str) -> None:
        self._rpc = rpc
        self._company_id = company_id
        self._prefix = code_prefix
        self._employing = threading.Lock()
        # Leavers and retired parties are hidden without active_test; English makes refusals readable and redactable.
        self._everyone = {"company": company_id, "active_test": False, "language": "en"}
        self._active = {**self._everyone, "active_test": True}

    def code_of(self, number: str) -> str:
        """The party code that stands for an employee number."""
        return f"{self._prefix}{number}"

    def number_of(self, party: wire.Party) -> str | None:
        """The employee number a party code stands for."""
        return self.number_of_code(party.code)

    def number_of_code(self, code: str) -> str | None:
        """The same, of a code alone."""
        return code.removeprefix(self._prefix) if code.startswith(self._prefix) else None

    # --- reading

    def people(self, refs: Iterable[AccountRef]) -> dict[str, wire.Person]:
        """The parties with these employee numbers, by number; with an employment where there is one."""
        wanted = {self.code_of(ref.number): ref for ref in refs}
        parties: list[wire.Party] = []
        for codes in chunks(list(wanted)):
            parties += self._rows("party.party", [["code", "in", codes]], wire.PARTY_COLUMNS, wire.Party.read)
        employments = self.employments([party.id for party in parties])
        mechanisms = self._mechanisms([party.id for party in parties])
        found = {}
        for party in parties:
            ref = wanted[party.code]
            employment = wire.current(employments[party.id], ref.external_id)
            found[ref.number] = wire.Person(party, mechanisms[party.id], employment)
        return found

    def employee_ids(self, refs: Iterable[AccountRef]) -> dict[str, int]:
        """The ids of these employees, by employee number; asked of Tryton only where the hub does not know them."""
        known, unknown = dict[str, int](), dict[str, str]()
        for ref in refs:
            if ref.external_id is None:
                unknown[self.code_of(ref.number)] = ref.number
            elif ref.external_id.isdecimal():
                known[ref.number] = int(ref.external_id)
        found: defaultdict[str, list[wire.Employment]] = defaultdict(list)
        for codes in chunks(list(unknown)):
            domain = [["company", "=", self._company_id], ["party.code", "in", codes]]
            columns = [*wire.EMPLOYEE_COLUMNS, "party.code"]
            for code, row in self._rows("company.employee", domain, columns, _coded):
                found[code].append(row)
        chosen = {unknown[code]: wire.current(rows) for code, rows in found.items() if code in unknown}
        return known | {number: row.id for number, row in chosen.items() if row is not None}

    def employments(self, parties: Sequence[int]) -> defaultdict[int, list[wire.Employment]]:
        """All employments of these parties in the company, by party."""
        found = defaultdict(list)
        for ids in chunks(parties):
            domain = [["company", "=", self._company_id], ["party", "in", ids]]
            for row in self._rows("company.employee", domain, wire.EMPLOYEE_COLUMNS, wire.Employment.read):
                found[row.party].append(row)
        return found

    def everyone(self) -> Iterator[tuple[wire.Person, bool]]:
        """Every employment of the company with its party, and whether it is the one that counts for that party."""
        by_party = defaultdict(list)
        for employments in self._employment_pages():
            for row in employments:
                by_party[row.party].append(row)
        counting = {chosen.id for rows in by_party.values() if (chosen := wire.current(rows))}
        for employments in self._employment_pages():
            ids = sorted({row.party for row in employments})
            rows = self._rows("party.party", [["id", "in", ids]], wire.PARTY_COLUMNS, wire.Party.read)
            parties = {party.id: party for party in rows}
            mechanisms = self._mechanisms(ids)
            for row in employments:
                # A party can be replaced by another while we read; its employment then comes with the new one.
                if row.party in parties:
                    yield wire.Person(parties[row.party], mechanisms[row.party], row), row.id in counting

    def _employment_pages(self) -> Iterator[list[wire.Employment]]:
        last = 0
        while True:
            domain = [["company", "=", self._company_id], ["id", ">", last]]
            page = self._rows("company.employee", domain, wire.EMPLOYEE_COLUMNS, wire.Employment.read, limit=PAGE)
            if page and (page[0].id <= last or any(a.id >= b.id for a, b in pairwise(page))):
                raise wire.garbled(Intent.READ, "company.employee.search_read (out of order)")
            yield page
            if len(page) < PAGE:
                return
            last = page[-1].id

    def _mechanisms(self, parties: Sequence[int]) -> defaultdict[int, list[wire.Mechanism]]:
        found = defaultdict(list)
        for ids in chunks(parties):
            domain = [["party", "in", ids], ["type", "in", list(wire.MECHANISMS)]]
            rows = self._rows(
                "party.contact_mechanism",
                domain,
                wire.MECHANISM_COLUMNS,
                wire.Mechanism.read,
                order=[["sequence", "ASC NULLS FIRST"], ["id", "ASC"]],
                context=self._active,
            )
            for row in rows:
                found[row.party].append(row)
        return found

    def _rows(
        self,
        model: str,
        domain: Sequence[Any],
        columns: Sequence[str],
        read: Callable[[Mapping[str, Any]], Row],
        *,
        limit: int | None = None,
        order: Sequence[Sequence[str]] = (("id", "ASC"),),
        context: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        chosen = context or self._everyone
        return self._rpc.rows(model, domain, columns, read, context=chosen, limit=limit, order=order)

    # --- writing (each method is one transaction of the server)

    def create_parties(self, values: Sequence[Mapping[str, Any]]) -> list[int]:
        """Create parties and give their ids, in order."""
        ids = self._rpc.write("model.party.party.create", values, context=self._everyone)
        if not isinstance(ids, list) or len(ids) != len(values) or len(set(ids)) != len(ids):
            raise wire.garbled(Intent.WRITE, "party.party.create")
        return [int(each) for each in ids]

    def employ(self, values: Mapping[int, Mapping[str, Any]]) -> tuple[dict[int, int], set[int]]:
        """Make parties (by id, with the values of their employment) employees of the company, unless they are.

        Gives the employee id of every party, and the parties that turned out to be employees already.
        """
        with self._employing:
            for _ in range(_CONFLICTS):
                mark = self._company_mark()  # before looking: whoever employs after this invalidates it
                known = {party for party, rows in self.employments(list(values)).items() if rows}
                rows = [{"party": party, **each} for party, each in values.items() if party not in known]
                try:
                    if rows:
                        self._write_company({"employees": [["create", rows]]}, mark)
                except RetryableError as error:
                    if error.code == wire.CONCURRENCY:
                        continue
                    raise
                return self._employee_ids(list(values)), known
        raise RetryableError("others keep changing Tryton's company record", code="company_busy", retry_after_s=5.0)

    def _employee_ids(self, parties: Sequence[int]) -> dict[int, int]:
        try:
            employments = self.employments(parties)
        except RetryableError as error:
            raise InDoubtError("employees were created but could not be read back", code=error.code) from error
        ids = {party: chosen.id for party, rows in employments.items() if (chosen := wire.current(rows))}
        if len(ids) != len(parties):
            raise wire.garbled(Intent.WRITE, "company.company.write")
        return ids

    def _company_mark(self) -> str:
        domain = [["id", "=", self._company_id]]
        marks = self._rows("company.company", domain, ["id", "_timestamp"], lambda row: str(row["_timestamp"]))
        if not marks:
            raise HaltError(
                f"Tryton shows this user no company {self._company_id}",
                code="no_company",
                remedy="correct company_id, or add the company to the Tryton user",
            )
        return marks[0]

    def _write_company(self, values: Mapping[str, Any], mark: str) -> None:
        context = {**self._everyone, "_timestamp": {f"company.company,{self._company_id}": mark}}
        self._rpc.write("model.company.company.write", [self._company_id], values, context=context)

    def change_parties(self, changes: Sequence[tuple[wire.Party, Mapping[str, Any]]]) -> None:
        """Write values to parties that are as they were read."""
        self._change("party.party", [(party.id, party.mark, values) for party, values in changes])

    def change_employments(self, changes: Sequence[tuple[wire.Employment, Mapping[str, Any]]]) -> None:
        """Write values to employments that are as they were read."""
        self._change("company.employee", [(row.id, row.mark, values) for row, values in changes])

    def _change(self, model: str, changes: Sequence[tuple[int, str, Mapping[str, Any]]]) -> None:
        pairs = [part for record, _, values in changes for part in ([record], values)]
        marks = {f"{model},{record}": mark for record, mark, _ in changes}
        self._rpc.write(f"model.{model}.write", *pairs, context={**self._everyone, "_timestamp": marks})


def _coded(row: Mapping[str, Any]) -> tuple[str, wire.Employment]:
    return str(row["party."]["code"]), wire.Employment.read(row)


def chunks(items: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The items, `PAGE` at a time."""
    for start in range(0, len(items), PAGE):
        yield items[start : start + PAGE]

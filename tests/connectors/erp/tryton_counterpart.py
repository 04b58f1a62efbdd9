"""Tryton as the laws meet it: one real server, and for every bench a party-code prefix of its own.

What the server has accepted is read from its database, not with the connector's code.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

from baton.kit.servers import NoServerError
from baton.sandbox import tryton_payments
from baton.sandbox.tryton import TrytonServer, TrytonServerError
from baton.sandbox.tryton_sales import plant_clients, plant_drafts, plant_opportunities
from baton.sandbox.tryton_seed import TrytonAdmin, TrytonRefusedError, day
from tests.connectors.erp.tryton_ledger import Ledger

CACHE: Final = Path(__file__).parents[3] / ".servers" / "tryton"
_READS: Final = (".search_read", ".search", ".read", ".fields_get", ".get_access")
"""Methods that Tryton runs in a read-only transaction: nothing can have been written by them."""
_CROWD, _LED = 500, 7_000
"""How many a crowd is; and from which number on people are led by somebody."""
_START, _END = date(2026, 1, 5), date(2099, 11, 30)
_PASSWORD: Final = "sandbox-person-5"
_PAID: Final = ("salary", "expense")
"""What is paid from a journal of its own."""
_HELD: Final[Mapping[str, tuple[str, str]]] = {
    "opportunity": ("sale.opportunity", "employee"),
    "quote": ("sale.sale", "quoted_by"),
}
"""Kind -> the model, and the column that names who has it."""
_fresh = itertools.count(1)


@dataclass(frozen=True)
class JournalEntry:
    """One record that Tryton has created or written for this counterpart's people."""

    action: str
    number: str | None
    external_id: str
    at_call: int
    fields: Mapping[str, Any]


class Line:
    """The way to the server. A login answered before is answered again as long as its session lives.

    Every bench logs in, and each time Tryton computes an Argon2 hash on purpose slowly: that would be most of the time
    the laws take. The session given out is a real one; logging in itself is tried in test_tryton.py.
    """

    def __init__(self, server: TrytonServer) -> None:
        self.server = server
        self.ledger = Ledger(server.database_file)
        self._network = httpx.HTTPTransport()
        self._logins: dict[str, Any] = {}
        self.crowded = False
        """Whether there are more records than the connector reads at once."""

    def carry(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        call = orjson.loads(request.content)
        if call["method"] != "common.db.login":
            return self._network.handle_request(request)
        who = f"{request.url} {call['params']}"
        if who not in self._logins:
            answer = self._network.handle_request(request)
            body = orjson.loads(answer.read())
            if "result" not in body:
                return httpx.Response(answer.status_code, content=answer.content)
            self._logins[who] = body["result"]
        return httpx.Response(200, json={"id": call["id"], "result": self._logins[who]})

    def end(self, sessions: Iterable[str]) -> None:
        """Log out."""
        self._logins.clear()
        for session in sessions:
            ended = {"id": 1, "method": "common.db.logout", "params": []}
            url = f"{self.server.base_url}/{self.server.database}/rpc/"
            httpx.post(url, json=ended, headers={"Authorization": session}, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._network.close()
        self.ledger.close()


class TrytonCounterpart:
    """The part of a shared server whose party codes begin with one prefix."""

    holding_kinds = ("opportunity", "quote")
    record_collection = "party.party"
    record_text = "street"

    def __init__(self, line: Line, admin: TrytonAdmin, prefix: str) -> None:
        self.prefix = prefix
        self._line = line
        self._server = line.server
        self._admin = admin
        self._ledger = line.ledger
        self._entries: list[JournalEntry] = []
        self._marks: dict[tuple[str, int], str] = {}
        self._sessions: set[str] = set()
        self._calls = 0
        self._passwords: set[str] = set()
        self._visits: dict[str, TrytonAdmin] = {}
        self._journals: dict[str, int] = {}
        self._looked = threading.Lock()
        self._changed = self._touched = False

    @property
    def settings(self) -> Mapping[str, object]:
        server = self._server
        place = {"base_url": server.base_url, "database": server.database, "company_id": server.company_id}
        journals = {f"{self.prefix}{name}": name for name in _PAID}
        return {**place, "username": server.username, "code_prefix": self.prefix, "payment_journals": journals}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"password": self._server.password}

    def sample(self, n: int) -> Mapping[str, Any]:
        number = f"{n:05d}"
        reach = {"email": f"p{number}@example.com", "mobile": f"1380000{n:04d}", "phone": f"0105550{n:04d}"}
        return {"name": f"测试䶮{n}", "start_date": _START, **reach}

    def changed(self, n: int) -> Mapping[str, Any]:
        return {"name": f"测试改{n}", "email": f"new{n:05d}@example.com", "start_date": date(2026, 2, 2)}

    def bad(self, n: int) -> Mapping[str, Any]:
        """Tryton itself refuses it: there is no such supervisor in the company."""
        return {**self.sample(n), "supervisor": "2000000000"}

    def disabling(self, _n: int) -> Mapping[str, Any]:
        return {"end_date": _END}

    def seed(self, people: Iterable[Mapping[str, Any]]) -> None:
        """Plant employees: ``number``, ``name``."""
        for person in people:
            values = {"name": person["name"], "code": f"{self.prefix}{person['number']}"}
            (party,) = self._admin.call("party.party.create", [values])
            hired = {"party": party, "company": self._server.company_id, "start_date": day(_START)}
            self._admin.call("company.employee.create", [hired])

    def record(self, n: int) -> Mapping[str, Any]:
        """A party with contacts and an address."""
        reach = {"mobile": f"1380000{n:04d}", "email": f"r{n:05d}@example.com"}
        place = {"street": f"示例路{n}号", "postal_code": "200000", "city": "上海"}
        return {"code": f"{self.prefix}K{n:05d}", "name": f"测试䶮{n}", "active": True, "lang": "en", **reach, **place}

    def record_changed(self, n: int) -> Mapping[str, Any]:
        changed = {"name": f"测试改{n}", "email": f"new{n:05d}@example.com", "mobile": None, "city": None}
        return {**changed, "active": False}

    def bad_record(self, n: int) -> Mapping[str, Any]:
        """Tryton has no such language."""
        return {**self.record(n), "lang": "xx_没有"}

    def seed_records(self, numbers: Iterable[int]) -> None:
        """Plant parties in one call, as an administrator does; the first time so many others that pages are several."""
        if not self._line.crowded:
            crowd = [{"code": f"crowd-{n}", "name": f"测试{n}", "addresses": []} for n in range(_CROWD)]
            self._admin.call("party.party.create", crowd)
            self._line.crowded = True
        (language,) = self._admin.rows("ir.lang", [["code", "=", "en"]], ["id"])
        parties = []
        for row in map(self.record, numbers):
            contacts = [{"type": kind, "value": row[kind]} for kind in ("mobile", "email")]
            place = {name: row[name] for name in ("street", "postal_code", "city")}
            parts = {"contact_mechanisms": [["create", contacts]], "addresses": [["create", [place]]]}
            parties.append({"code": row["code"], "name": row["name"], "lang": language["id"], **parts})
        self._admin.call("party.party.create", parties)

    # --- handovers

    def seed_person(self, n: int) -> str:
        """Make sure that the n-th person is an employee."""
        code = f"{self.prefix}{n:04d}"
        known = self._ledger.employee(code)
        if known is None:
            with self._by_hand():
                self.seed([{"number": f"{n:04d}", "name": f"测试䶮{n}"}])
            known = self._ledger.employee(code)
        return str(known)

    def seed_holding(self, kind: str, n: int, holder: str) -> str:
        """Plant an opportunity, or a sale that is not quoted yet, each of a client of its own."""
        (planted,) = self.seed_holdings(kind, [n], holder)
        return planted

    def seed_holdings(self, kind: str, numbers: Sequence[int], holder: str) -> list[str]:
        """The same, many at once."""
        plant = {"opportunity": plant_opportunities, "quote": plant_drafts}[kind]
        with self._by_hand():
            clients = plant_clients(self._admin, [f"{self.prefix}{kind}-{n:05d}" for n in numbers])
            titles = [f"示例䶮{n}" for n in numbers]
            return [str(each) for each in plant(self._admin, clients, int(holder), titles)]

    def holder_of(self, kind: str, external_id: str) -> str | None:
        """Whom Tryton names."""
        model, column = _HELD[kind]
        holder = self._ledger.column(model, column, int(external_id))
        return None if holder is None else str(holder)

    def give_away(self, kind: str, external_id: str, holder: str) -> None:
        """Somebody else gives it to another person."""
        model, column = _HELD[kind]
        self._write(model, external_id, {column: int(holder)})

    def change_holding(self, kind: str, external_id: str) -> None:
        """It gets another title."""
        self._write(_HELD[kind][0], external_id, {"description": f"示例改{next(_fresh)}"})

    def seed_grant(self, n: int, person: str) -> str:
        """Put the person's login into the n-th group."""
        name = f"{self.prefix}组{n}"
        known = self._admin.rows("res.group", [["name", "=", name]], ["id"])
        group = known[0]["id"] if known else self._admin.call("res.group.create", [{"name": name}])[0]
        self._write("res.user", str(self._login(person)["id"]), {"groups": [["add", [group]]]})
        return f"group/{group}"

    def granted(self, person: str) -> set[str]:
        """The groups of the person's login, and the login itself where it may be used."""
        login = self._login(person)
        return {f"group/{group}" for group in login["groups"]} | ({"login"} if login["active"] else set())

    def seed_blocker(self, n: int, person: str) -> None:
        """The person leads somebody."""
        led = self.seed_person(_LED + n)
        self._write("company.employee", led, {"supervisor": int(person)})

    def seed_activity(self, n: int, person: str) -> None:
        """The person begins a sale."""
        if person not in self._visits:
            (sellers,) = self._admin.rows("res.group", [["name", "=", "Sales"]], ["id"])
            self._write("res.user", str(self._login(person)["id"]), {"groups": [["add", [sellers["id"]]]]})
            self.log_in(person)
        with self._by_hand():
            clients = plant_clients(self._admin, [f"{self.prefix}activity-{person}-{n:05d}"])
            plant_drafts(self._visits[person], clients, int(person), [f"示例䶮{n}"])

    def log_in(self, person: str) -> None:
        """Log the person in with a password, which is set only now because Tryton takes its time over it."""
        row = self._login(person)
        login = row["login"]
        if login not in self._passwords:
            self._write("res.user", str(row["id"]), {"password": _PASSWORD})
            self._passwords.add(login)
        self._visits[person] = TrytonAdmin(self._server.base_url, self._server.database, login, _PASSWORD)

    def logged_in(self, person: str) -> bool:
        """Whether the session of the last `log_in` still serves."""
        try:
            self._visits[person].call("res.user.get_preferences", True)
        except TrytonRefusedError:
            return False
        return True

    # --- payables

    def seed_payables(self, amounts: Mapping[int, str], period: str, component: str) -> None:
        """Payments of the last day of a month, handed in and approved."""
        self._employ(amounts)
        people = {f"{self.prefix}{n:04d}": amount for n, amount in amounts.items()}
        self._plant(component, people, _last_day(period), tryton_payments.approve_payments)

    def seed_unapproved(self, n: int) -> None:
        """One that is handed in and not approved."""
        self._employ([n])
        one = {f"{self.prefix}{n:04d}": "1.00"}
        self._plant("salary", one, date(2026, 11, 30), tryton_payments.submit_payments)

    def seed_stranger(self) -> None:
        """One to a supplier."""
        supplier = f"{self.prefix}S"
        with self._by_hand():
            self._admin.call("party.party.create", [{"name": "示例供应商", "code": supplier}])
        self._plant("salary", {supplier: "1.00"}, date(2026, 11, 30), tryton_payments.approve_payments)

    def _plant(self, component: str, amounts: Mapping[str, str], on: date, then: Callable[..., object]) -> None:
        owed = [tryton_payments.Owed(code, amount, on) for code, amount in amounts.items()]
        with self._by_hand():
            then(self._admin, tryton_payments.plant_payments(self._admin, self._journal(component), owed))

    def _employ(self, people: Iterable[int]) -> None:
        """Make sure that these people are employees, in two calls."""
        new = [n for n in people if self._ledger.employee(f"{self.prefix}{n:04d}") is None]
        parties = [{"name": f"测试䶮{n}", "code": f"{self.prefix}{n:04d}"} for n in new]
        with self._by_hand():
            ids = self._admin.call("party.party.create", parties) if parties else []
            hired = [{"party": party, "company": self._server.company_id, "start_date": day(_START)} for party in ids]
            if hired:
                self._admin.call("company.employee.create", hired)

    def _journal(self, component: str) -> int:
        """The journal of a component; all of them are made when the first is needed."""
        if not self._journals:
            with self._by_hand():
                self._journals = {
                    name: tryton_payments.plant_journal(self._admin, f"{self.prefix}{name}") for name in _PAID
                }
        return self._journals[component]

    def _login(self, person: str) -> dict[str, Any]:
        """The login of an employee; made when there is none."""
        wanted, columns = [["employees", "=", int(person)]], ["login", "active", "groups"]
        rows = self._admin.rows("res.user", wanted, columns)
        if not rows:
            member = {"companies": [["add", [self._server.company_id]]], "company": self._server.company_id}
            acts = {"employees": [["add", [int(person)]]], "employee": int(person)}
            login = {"name": f"测试{person}", "login": f"{self.prefix}{person}"}
            with self._by_hand():
                self._admin.call("res.user.create", [{**login, **member, **acts}])
            rows = self._admin.rows("res.user", wanted, columns)
        return rows[0]

    def _write(self, model: str, external_id: str, values: Mapping[str, Any]) -> None:
        with self._by_hand():
            self._admin.call(f"{model}.write", [int(external_id)], values, company=self._server.company_id)

    @contextmanager
    def _by_hand(self) -> Iterator[None]:
        """What is done in here is no write of the connector: it is looked at before the connector writes again."""
        assert self.journal is self._entries
        yield
        self._touched = True

    def expire_sessions(self) -> None:
        """End every session that has come by here."""
        self._line.end(self._sessions)
        self._sessions.clear()

    def forward(self, request: httpx.Request) -> httpx.Response:
        """Carry one request to the server."""
        self._calls += 1
        if "Authorization" in request.headers:
            self._sessions.add(request.headers["Authorization"])
        method = orjson.loads(request.content)["method"]
        writes = method.startswith("model.") and not method.endswith(_READS)
        if writes and self._touched:
            with self._looked:
                known = len(self._entries)
                self._look()
                del self._entries[known:]
                self._touched = False
        try:
            return self._line.carry(request)
        finally:
            self._changed = self._changed or writes

    @property
    def journal(self) -> Sequence[JournalEntry]:
        """What the server has written since the beginning, as far as looking at it after every request can tell."""
        with self._looked:
            if self._changed:
                self._changed = False
                self._look()
            return self._entries

    def _look(self) -> None:
        gone = set(self._marks)
        for record in self._ledger.records(self.prefix):
            place = (record.model, record.id)
            gone.discard(place)
            seen = self._marks.get(place)
            if seen != record.changed:
                self._marks[place] = record.changed
                action = f"{record.model}.{'create' if seen is None else 'write'}"
                number = record.code.removeprefix(self.prefix)
                self._entries.append(JournalEntry(action, number, str(record.id), self._calls, {}))
        for model, number in gone:
            del self._marks[model, number]
            self._entries.append(JournalEntry(f"{model}.delete", None, str(number), self._calls, {}))


def _last_day(period: str) -> date:
    return (date.fromisoformat(f"{period}-01") + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@contextmanager
def counterparts(scratch: Path) -> Iterator[Callable[[], TrytonCounterpart]]:
    """A started server, installed in the checkout's cache; its database is a fresh copy."""
    server = TrytonServer(CACHE)
    try:
        server.prepare()
    except TrytonServerError as error:
        raise NoServerError(f"no Tryton server can be had here: {error}") from error
    numbers = itertools.count(1)
    with server, server.admin() as admin, closing(Line(server)) as line:
        yield lambda: TrytonCounterpart(line, admin, f"L{next(numbers)}-")

"""What an employee may do in Tryton: the logins that act as this employee, their groups and keys.

A right of a person is named by an id: ``login`` (an active login), ``administrator``, ``group/<id>``, and ``keys``
(keys of the REST interface, which go on working when the login is deactivated).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from baton.sdk import AccountRef, Grant, GrantChange, HaltError, Outcome, Receipt, SessionEnd
from connectors.erp.tryton.directory import Directory, chunks
from connectors.erp.tryton.isolate import isolate
from connectors.erp.tryton.marked import Change, Look, write_marked
from connectors.erp.tryton.reader import USER, Reader

KEY: Final = "res.user.application"
_Values: TypeAlias = Mapping[str, Any]
_COLUMNS: Final = ("active", "administrator", "groups", "employees", "_timestamp")
_FLAGS: Final[Mapping[str, str]] = {"login": "active", "administrator": "administrator"}
"""Rights that are a field of the login."""
_GROUP: Final = "group/"
_NO_SUCH: Final = Receipt.refused(
    "no_such_right",
    "this is no right that can be given in Tryton",
    remedy="give a group that exists; a key is made by the person it belongs to, in Tryton's preferences",
)
_NO_RIGHT: Final = "the hub's Tryton user may not change users"
_SHARED: Final = "this login acts as other employees too"
_RIGHT_REMEDY: Final = "give the hub's Tryton user a group that may write User, or do it in Administration > Users"


@dataclass(frozen=True, slots=True)
class Login:
    """A row of res.user."""

    id: int
    active: bool
    administrator: bool
    groups: frozenset[int]
    employees: frozenset[int]
    mark: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Login:
        """From one row of an answer."""
        groups, employees = frozenset(row["groups"]), frozenset(row["employees"])
        active, administrator = bool(row["active"]), bool(row["administrator"])
        return cls(int(row["id"]), active, administrator, groups, employees, str(row["_timestamp"]))

    @property
    def shared(self) -> bool:
        """Whether taking something from it would take it from others as well."""
        return len(self.employees) > 1

    def has(self, grant_id: str) -> bool:
        """Whether it has this right; keys are not in this row."""
        if grant_id in _FLAGS:
            return {"active": self.active, "administrator": self.administrator}[_FLAGS[grant_id]]
        return _group(grant_id) in self.groups


_Step: TypeAlias = Callable[[str, Sequence[Login]], Receipt | Mapping[Login, _Values]]
"""What to write to which logins for one right of one person, or what becomes of it without."""


class Logins:
    """The logins of the employees of one company."""

    def __init__(self, reader: Reader, directory: Directory) -> None:
        self._reader = reader
        self._directory = directory

    def of(self, people: Iterable[AccountRef]) -> dict[str, list[Login]]:
        """The logins that act as these people, by employee number."""
        ids = self._directory.employee_ids(people)
        found: defaultdict[int, list[Login]] = defaultdict(list)
        for some in chunks(sorted(set(ids.values()))):
            for login in self._reader.rows(USER, [["employees", "in", list(some)]], _COLUMNS, Login.read):
                for employee in login.employees:
                    found[employee].append(login)
        return {number: found[employee] for number, employee in ids.items()}

    def keys(self, logins: Iterable[Login]) -> dict[int, int]:
        """The keys of these logins that are not cancelled, as far as the hub may see any: key to login."""
        domain = [["user", "in", sorted({login.id for login in logins})], ["state", "!=", "cancelled"]]
        return dict(self._reader.rows(KEY, domain, ["user"], lambda row: (int(row["id"]), int(row["user"]))))

    # --- rights

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        """Every right of this person, with why it cannot be taken here where it cannot."""
        (found,) = self.grants_of([person])
        return found

    def grants_of(self, people: Sequence[AccountRef]) -> Sequence[Sequence[Grant]]:
        """Every right of these people, in order; as many calls as for one."""
        of = self.of(people)
        known = {login.id: login for logins in of.values() for login in logins}
        if not known:
            return [[] for _ in people]
        powerless = "" if self._reader.may(USER, "write") else _NO_RIGHT
        names = self._group_names(set().union(*(login.groups for login in known.values())))
        keyed = set(self.keys(known.values()).values())
        rights = {login: _grants(login, names, keyed, powerless) for login in known.values()}
        named = [{grant.id: grant for login in of.get(one.number, ()) for grant in rights[login]} for one in people]
        return [list(grants.values()) for grants in named]

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Take rights away. Taking the login deactivates it, which also ends its sessions."""
        ends = [place for place, change in enumerate(changes) if change.grant_id == "keys"]
        rest = [place for place, change in enumerate(changes) if change.grant_id != "keys"]
        keys = self._keys_of([changes[place].person for place in ends])
        receipts = dict(zip(rest, self._change([changes[place] for place in rest], _taken), strict=True))
        receipts |= dict(zip(ends, self._cancelled(keys, split=len(rest)), strict=True))
        return [receipts[place] for place in range(len(changes))]

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Give rights to the one active login of each person.

        Tryton takes a group that does not exist without a word and gives nothing, so groups are looked up first.
        """
        groups = {group for change in changes if (group := _group(change.grant_id)) is not None}
        missing = groups - self._group_names(groups).keys()
        known = [place for place, change in enumerate(changes) if _group(change.grant_id) not in missing]
        written = self._change([changes[place] for place in known], _given)
        receipts = dict(zip(known, written, strict=True))
        return [receipts.get(place, _NO_SUCH) for place in range(len(changes))]

    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        """End all sessions, and cancel all keys.

        Tryton clears the sessions of a login whenever its field *active* is written, to whatever value. So it is
        written as it is, under the mark that says it still is.
        """
        people = [end.person for end in ends]
        keys = self._keys_of(people)  # all questions come before the first write
        ended = write_marked(self._reader, USER, len(people), partial(self._sessions, people), self._objections)
        due = [
            some if session.outcome is Outcome.DONE else frozenset() for session, some in zip(ended, keys, strict=True)
        ]
        cancelled = self._cancelled(due, split=len(people))
        return [_both(session, key) for session, key in zip(ended, cancelled, strict=True)]

    # --- inside

    def _change(self, changes: Sequence[GrantChange], step: _Step) -> list[Receipt]:
        look = partial(self._look, changes, step)
        return write_marked(self._reader, USER, len(changes), look, self._objections)

    def _look(self, changes: Sequence[GrantChange], step: _Step, places: Sequence[int]) -> Look:
        """All that is to be changed of one login goes into one change."""
        logins = self.of(changes[place].person for place in places)
        receipts: dict[int, Receipt] = {}
        values: defaultdict[Login, list[_Values]] = defaultdict(list)
        waiting: defaultdict[Login, list[int]] = defaultdict(list)
        for place in places:
            verdict = step(changes[place].grant_id, logins.get(changes[place].person.number, []))
            if isinstance(verdict, Receipt):
                receipts[place] = verdict
                continue
            for login, part in verdict.items():
                values[login].append(part)
                waiting[login].append(place)
        changed = [
            Change(login.id, login.mark, _merged(parts), tuple(waiting[login]), str(login.id))
            for login, parts in values.items()
        ]
        return Look(receipts, changed)

    def _sessions(self, people: Sequence[AccountRef], places: Sequence[int]) -> Look:
        logins = self.of(people[place] for place in places)
        receipts: dict[int, Receipt] = {}
        waiting: defaultdict[Login, list[int]] = defaultdict(list)
        for place in places:
            live = [login for login in logins.get(people[place].number, []) if login.active]
            if not live:
                receipts[place] = Receipt.done()
            elif any(login.shared for login in live):
                receipts[place] = _shared()
            for login in live if place not in receipts else []:
                waiting[login].append(place)
        changes = [
            Change(login.id, login.mark, {"active": True}, tuple(some), str(login.id))
            for login, some in waiting.items()
        ]
        return Look(receipts, changes)

    def _keys_of(self, people: Sequence[AccountRef]) -> list[frozenset[int] | None]:
        """The keys of each person that are not cancelled; None where a login is shared."""
        logins = self.of(people) if people else {}
        own = [logins.get(person.number, []) for person in people]
        keys = self.keys([login for some in own for login in some]) if any(own) else {}
        return [
            None
            if any(login.shared for login in some)
            else frozenset(key for key, user in keys.items() if user in {login.id for login in some})
            for some in own
        ]

    def _cancelled(self, keys: Sequence[frozenset[int] | None], *, split: int) -> list[Receipt]:
        """Cancel each person's keys, all in one call; ``split`` as in `isolate`."""
        found = {place: some for place, some in enumerate(keys) if some}
        sent = dict(zip(found, isolate(list(found.values()), self._send_cancel, split=split), strict=True))
        return [_shared() if some is None else sent.get(place, Receipt.done()) for place, some in enumerate(keys)]

    def _send_cancel(self, keys: Sequence[frozenset[int]]) -> list[Receipt]:
        wanted = sorted(frozenset[int]().union(*keys))
        self._reader.rpc.write(f"model.{KEY}.cancel", wanted, context=self._reader.context)
        return [Receipt.done()] * len(keys)

    def _group_names(self, groups: AbstractSet[int]) -> dict[int, str]:
        domain = [["id", "in", sorted(groups)]]
        return dict(self._reader.rows("res.group", domain, ["name"], lambda row: (int(row["id"]), str(row["name"]))))

    def _objections(self, _changes: Sequence[Change]) -> Mapping[int, Receipt]:
        if not self._reader.may(USER, "write"):
            raise HaltError(_NO_RIGHT, code="no_right", remedy=_RIGHT_REMEDY)
        return {}


def _taken(grant_id: str, logins: Sequence[Login]) -> Receipt | Mapping[Login, _Values]:
    holding = [login for login in logins if login.has(grant_id)]
    if not holding:
        return Receipt.done()
    if any(login.shared for login in holding):
        return _shared()
    group = _group(grant_id)
    off: _Values = {_FLAGS[grant_id]: False} if group is None else {"groups": [["remove", [group]]]}
    return dict.fromkeys(holding, off)


def _given(grant_id: str, logins: Sequence[Login]) -> Receipt | Mapping[Login, _Values]:
    group = _group(grant_id)
    if group is None and grant_id not in _FLAGS:
        return _NO_SUCH
    usable = logins if grant_id == "login" else [login for login in logins if login.active]
    if any(login.has(grant_id) for login in usable):
        return Receipt.done()
    if len(usable) != 1:
        return Receipt.refused(
            "several_logins" if usable else "no_login",
            f"{len(usable)} logins in Tryton act as this employee",
            remedy="in Administration > Users leave the person one active login with this employee",
        )
    if usable[0].shared:
        return _shared()
    on: _Values = {_FLAGS[grant_id]: True} if group is None else {"groups": [["add", [group]]]}
    return {usable[0]: on}


def _both(session: Receipt, key: Receipt) -> Receipt:
    """What became of sessions and keys together. Half of it done is neither done nor not performed."""
    if session.outcome is not Outcome.DONE:
        return session
    if key.outcome is Outcome.NOT_PERFORMED:
        return Receipt.in_doubt(key.code, f"the sessions have ended, the keys not yet: {key.message}")
    return key if key.outcome is not Outcome.DONE else session


def _merged(parts: Sequence[_Values]) -> _Values:
    """One set of values; commands to the list of groups one after another."""
    merged: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            merged[name] = [*merged.get(name, []), *value] if name == "groups" else value
    return merged


def _grants(login: Login, names: Mapping[int, str], keyed: AbstractSet[int], powerless: str) -> list[Grant]:
    """The rights of one login, with why they cannot be taken here where they cannot."""
    by_hand = powerless or (_SHARED if login.shared else "")
    found = [Grant("login", "Login", "login", by_hand=by_hand)] if login.active else []
    if login.administrator:
        found.append(Grant("administrator", "Administrator", "administrator", by_hand=by_hand))
    if login.id in keyed:
        found.append(Grant("keys", "Keys of the REST interface", "key", by_hand=by_hand))
    groups = [Grant(f"{_GROUP}{group}", names[group], "group", by_hand=by_hand) for group in sorted(login.groups)]
    return [*found, *groups]


def _group(grant_id: str) -> int | None:
    number = grant_id.removeprefix(_GROUP)
    return int(number) if number != grant_id and number.isdecimal() else None


def _shared() -> Receipt:
    return Receipt.refused(
        "shared_login",
        _SHARED,
        remedy="in Administration > Users take this employee out of the login",
    )

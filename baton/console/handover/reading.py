"""What pages and API show of a case, as plain values, and never more than the visitor may see.

The whole list costs the same few queries however long it is: the outline of every item, what was said about them, and
in full only the items of the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from baton.console.handover.listing import Asked, Group, listed, page_of
from baton.console.handover.visitors import DECISIONS, NoEntryError, Visitor
from baton.hub import Hub
from baton.hub.offboarding.ahead import last_look
from baton.hub.offboarding.deciders import concerning
from baton.hub.offboarding.files import files_of
from baton.hub.offboarding.links import login_lets_in
from baton.hub.offboarding.people import departed
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.standing import is_hr
from baton.jobs.offboarding.checklist import WATCHED
from baton.jobs.offboarding.deadlines import due_at, to_end_by_hand
from baton.jobs.offboarding.steps import exception_asked
from baton.model.account import Scalar
from baton.model.attachment import Attachment
from baton.model.case import Case, CaseState, Item, ItemState, Statement
from baton.model.handover import Holding, HoldingKind
from baton.model.persons import alike
from baton.store.checklists import Outline, Talk

STATEMENTS_SHOWN: Final = 200
CASES_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Names:
    """Employee number -> name; the number itself for whom nobody knows."""

    known: Mapping[str, str]
    time_zone: str
    """In whose days the leaver works."""

    def of(self, person: str) -> dict[str, str]:
        """A person as plain values."""
        return {"id": person, "name": self.known.get(person, "")}


def case_document(visitor: Visitor, asked: Asked) -> dict[str, Any]:
    """The case, how far it is, and one page of its list."""
    hub, case = visitor.hub, visitor.case
    with hub.database.read() as connection:
        outlines = hub.checklists.outline(connection, case.id, visitor.successor)
        talk = hub.checklists.talk(connection, case.id)
        waiting = _waiting(outlines, talk)
        ending = _ending(connection, visitor)
        part = listed(outlines, visitor.roles, waiting, asked, ending)
        ids = {number for group in part.groups for number in (group.head_item, *group.items)} - {0}
        items = {item.id: item for item in hub.cases.items(connection, case.id, ids=sorted(ids))} if ids else {}
        names = names_of(hub, connection, case, {outline.successor for outline in outlines})
        alerts = hub.alerts.undecided(connection, case.id) if visitor.oversees else 0
    groups = [_group(visitor, group, items, talk, names) for group in part.groups]
    offered = {act for group in groups for line in group["items"] for act in line["may"]}
    return {
        "case": case_line(case, names),
        "roles": [role.value for role in visitor.roles],
        "progress": progress(part.counts),
        "counts": dict(part.counts),
        "kinds": {kind.value: count for kind, count in part.kinds.items()},
        "show": part.show,
        "kind": asked.kind.value if asked.kind else "",
        "page": part.page,
        "pages": part.pages,
        "total": part.total,
        "groups": groups,
        "acts": [act.value for act in DECISIONS if act in offered],
        "alerts": alerts,
        "candidates": _candidates(case, outlines, names),
    }


def _ending(connection: Any, visitor: Visitor) -> set[int]:
    """The rights that somebody has to take away by hand now."""
    hub, case = visitor.hub, visitor.case
    rights = hub.cases.items(connection, case.id, states=[ItemState.OPEN], kinds=[HoldingKind.GRANT])
    policy, now = policy_of(hub, case), hub.clock.now()
    return {right.id for right in rights if to_end_by_hand(case, policy, right, now)}


def item_document(visitor: Visitor, number: int) -> dict[str, Any]:
    """One item, every version, everything said about it, what belongs to it; `NoEntryError` if it is not here."""
    hub, case = visitor.hub, visitor.case
    with hub.database.read() as connection:
        item = _seen(connection, visitor, number)
        versions = hub.cases.versions(connection, case.id, item.id)
        said = hub.cases.said(connection, case.id, item.id)
        outlines = hub.checklists.outline(connection, case.id, visitor.successor)
        near = [outline.id for outline in outlines if _near(item, outline)][:STATEMENTS_SHOWN]
        others = hub.cases.items(connection, case.id, ids=near) if near else []
        people = {outline.successor for outline in outlines} | {each.person for each in said}
        names = names_of(hub, connection, case, people)
    talk = Talk(*(sum(each.act == act for each in said) for act in ("ask", "answer", "note")))
    return {
        "case": case_line(case, names),
        "roles": [role.value for role in visitor.roles],
        "item": item_line(visitor, item, talk, names),
        "versions": _history(versions),
        "statements": [statement_line(each, names) for each in said],
        "files": [{**file_line(each.file), "at": instant(each.said.at)} for each in files_of(said)],
        "may_attach": visitor.may_attach(item),
        "related": [item_line(visitor, each, Talk(), names) for each in others],
        "candidates": _candidates(case, outlines, names),
    }


def ahead_document(visitor: Visitor) -> dict[str, Any] | None:
    """What will get in the way of a last day that is still to come, as found last; None for who does not oversee it."""
    last_day = visitor.case.dates.last_working_at
    over = last_day is not None and last_day <= visitor.hub.clock.now()
    if over or not visitor.oversees or visitor.case.state is not CaseState.OPEN:
        return None
    last = last_look(visitor.hub, visitor.case)
    return None if last is None else last.document()


def seen_item(visitor: Visitor, number: int) -> Item:
    """An item that is for these eyes; `NoEntryError` for every other."""
    with visitor.hub.database.read() as connection:
        return _seen(connection, visitor, number)


def _seen(connection: Any, visitor: Visitor, number: int) -> Item:
    found = visitor.hub.cases.items(connection, visitor.case.id, ids=[number])
    if not found or not visitor.sees(found[0]):
        raise NoEntryError("there is no such item, or it is not for you")
    return found[0]


def file_line(file: Attachment) -> dict[str, Any]:
    """A file as plain values."""
    return {"name": file.name, "size": file.size, "sha256": file.digest}


def statements_document(visitor: Visitor, after: int) -> dict[str, Any]:
    """What was said in a case, as far as the visitor sees what it is about; `STATEMENTS_SHOWN` are looked at."""
    hub, case = visitor.hub, visitor.case
    with hub.database.read() as connection:
        said = hub.cases.said(connection, case.id, after=after, limit=STATEMENTS_SHOWN)
        seen = {outline.id for outline in hub.checklists.outline(connection, case.id, visitor.successor)}
        names = names_of(hub, connection, case, {each.person for each in said})
    shown = [each for each in said if each.item_id in seen or not visitor.only_own]
    following = after + len(said) if len(said) == STATEMENTS_SHOWN else None
    return {"statements": [statement_line(each, names) for each in shown], "next": following}


def cases_document(hub: Hub, person: str, *, decides: bool, page: int = 1) -> dict[str, Any]:
    """The cases somebody may look into, with how far each is: one page of `CASES_SHOWN`, open ones first.

    Of who does not work here any more that is only their own; and whoever they are, that only while it is open to them.
    """
    with hub.database.read() as connection:
        cases, part = _cases_for(hub, connection, person, page, decides=decides)
        tallies = hub.checklists.tallies(connection, [case.id for case in cases])
        people = {case.number for case in cases} | {case.manager for case in cases}
        known = hub.people.newest(connection, sorted(people))
    names = Names({number: newest.employee.full_name or "" for number, newest in known.items()}, "UTC")
    return {"cases": [_case_with_progress(case, names, tallies[case.id]) for case in cases], **part}


def _cases_for(
    hub: Hub, connection: Any, person: str, page: int, *, decides: bool
) -> tuple[list[Case], Mapping[str, int]]:
    """The cases to show, and as which part of how many; what is hidden from them is not counted either."""
    if not (decides and is_hr(hub, connection, person)):
        cases = concerning(hub, connection, person)
        if departed(hub, connection, [person]):
            cases = [case for case in cases if case.number == person]
        seen = [case for case in cases if not _own(case.number, person) or login_lets_in(hub, connection, case)]
        shown, part = _part(len(seen), page)
        return seen[shown], part
    index = hub.cases.index(connection)
    own = hub.cases.by_id(connection, [case_id for case_id, number in index if _own(number, person)])
    hidden = {case.id for case in own if not login_lets_in(hub, connection, case)}
    ids = [case_id for case_id, _ in index if case_id not in hidden]
    shown, part = _part(len(ids), page)
    found = {case.id: case for case in hub.cases.by_id(connection, ids[shown])}
    return [found[case_id] for case_id in ids[shown]], part


def _part(total: int, asked: int) -> tuple[slice, Mapping[str, int]]:
    """Which of so many cases are on the page that is asked for, and what a document says of it."""
    page, pages = page_of(asked, total, CASES_SHOWN)
    return slice((page - 1) * CASES_SHOWN, page * CASES_SHOWN), {"page": page, "pages": pages, "total": total}


def _own(number: str, person: str) -> bool:
    """Whether this is the case of the person themselves, who may be HR for every other."""
    return alike(number) == alike(person)


def own_case_document(visitor: Visitor) -> dict[str, Any]:
    """The same for who is let into one case: that one, with no more than what they see of it."""
    with visitor.hub.database.read() as connection:
        outlines = visitor.hub.checklists.outline(connection, visitor.case.id, visitor.successor)
        names = names_of(visitor.hub, connection, visitor.case, ())
    tally = Counter(outline.state for outline in outlines)
    return {"cases": [_case_with_progress(visitor.case, names, tally)], **_part(1, 1)[1]}


def _case_with_progress(case: Case, names: Names, tally: Mapping[ItemState, int]) -> dict[str, Any]:
    return {**case_line(case, names), "progress": progress({state.value: n for state, n in tally.items()})}


def case_line(case: Case, names: Names) -> dict[str, Any]:
    """A case as plain values."""
    dates = case.dates
    return {
        "id": case.id,
        "number": case.number,
        "name": case.name,
        "state": case.state.value,
        "cause": case.cause.value,
        "department": case.department,
        "manager": names.of(case.manager),
        "opened_at": instant(case.opened_at),
        "last_working_at": instant(dates.last_working_at),
        "checked_at": instant(case.checked_at),
        "completed_at": instant(case.completed_at),
        "time_zone": names.time_zone,
        "open": case.state in (CaseState.OPEN, CaseState.PAUSED),
    }


def item_line(visitor: Visitor, item: Item, talk: Talk, names: Names) -> dict[str, Any]:
    """An item as plain values, with what the visitor may say about it."""
    now = visitor.hub.clock.now()
    due = item.due_at if item.kind not in WATCHED else due_at(visitor.case, policy_of(visitor.hub, visitor.case), item)
    return {
        "id": item.id,
        "version": item.version,
        "system": item.system,
        "kind": item.kind.value,
        "external_id": item.ref.external_id,
        "about": str(item.about) if item.about else "",
        "state": item.state.value,
        "title": item.title,
        "facts": {name: _plain(value) for name, value in item.facts.items()},
        "amount": "" if item.amount is None else f"{item.amount:,f}",
        "currency": item.currency,
        "by_hand": item.by_hand,
        "undo": item.undo.value,
        "successor": names.of(item.successor) if item.successor else None,
        "accepted_version": item.accepted_version,
        "exception_asked_by": names.of(item.accepted_by) if exception_asked(item) else None,
        "due_at": instant(due),
        "overdue": due is not None and due < now and not item.state.closed,
        "code": item.code,
        "message": item.message,
        "asked": talk.asked,
        "answered": talk.answered,
        "noted": talk.noted,
        "may": [act.value for act in visitor.acts_on(item)],
    }


def statement_line(said: Statement, names: Names) -> dict[str, Any]:
    """A statement as plain values."""
    return {
        "item": said.item_id,
        "version": said.item_version,
        "act": said.act.value,
        "person": names.of(said.person),
        "role": said.role.value,
        "at": instant(said.at),
        "text": said.text,
    }


def progress(counts: Mapping[str, int]) -> dict[str, int]:
    """How far a list is: everything, what is closed, and each part of the bar."""
    states = {state: counts.get(state.value, 0) for state in ItemState}
    closed = sum(count for state, count in states.items() if state.closed)
    going = states[ItemState.APPROVED] + states[ItemState.MOVING]
    waiting = states[ItemState.OFFERED] + states[ItemState.ACCEPTED]
    return {
        "all": sum(states.values()),
        "closed": closed,
        "going": going,
        "waiting": waiting,
        "stuck": states[ItemState.STUCK],
        "open": states[ItemState.OPEN],
    }


def _group(
    visitor: Visitor, group: Group, items: Mapping[int, Item], talk: Mapping[int, Talk], names: Names
) -> dict[str, Any]:
    head = items.get(group.head_item)
    return {
        "system": group.system,
        "kind": group.kind.value,
        "external_id": group.head.partition("/")[2],
        "title": head.title if head else "",
        "item": group.head_item,
        "items": [
            item_line(visitor, items[number], talk.get(number, Talk()), names)
            for number in group.items
            if number in items
        ],
    }


def _history(versions: Sequence[tuple[int, datetime, Holding]]) -> list[dict[str, Any]]:
    """Every version, newest first, with what differs from the one before."""
    lines = []
    before: dict[str, str] = {}
    for version, seen_at, holding in versions:
        now = _contents(holding)
        names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        changes = [{"name": name, "before": before.get(name, ""), "after": now.get(name, "")} for name in names]
        lines.append({"version": version, "seen_at": instant(seen_at), "changes": changes if before else []})
        before = now
    return lines[::-1]


def _contents(holding: Holding) -> dict[str, str]:
    """Everything a successor accepts; the names of facts stand beside ours, told apart by their dot."""
    own = {
        ".title": holding.title,
        ".amount": "" if holding.amount is None else f"{holding.amount:,f} {holding.currency}".strip(),
        ".about": str(holding.about) if holding.about else "",
        ".by_hand": holding.by_hand,
    }
    return own | {name: _plain(value) for name, value in holding.facts.items()}


def _near(item: Item, outline: Outline) -> bool:
    """Whether another item belongs to this one, or this one to it."""
    if outline.system != item.system or outline.id == item.id:
        return False
    return outline.about == str(item.ref) or outline.ref == str(item.about)


def _waiting(outlines: Iterable[Outline], talk: Mapping[int, Talk]) -> set[int]:
    return {outline.id for outline in outlines if outline.id in talk and talk[outline.id].waiting}


def _candidates(case: Case, outlines: Iterable[Outline], names: Names) -> list[dict[str, str]]:
    """Who is offered as a successor: whoever is to have something already, and the manager."""
    people = {outline.successor for outline in outlines} | {case.manager}
    return [names.of(person) for person in sorted(people - {""})]


def names_of(hub: Hub, connection: Any, case: Case, people: Iterable[str]) -> Names:
    """What the leaver, the manager and these people are called."""
    found = hub.people.newest(connection, sorted({case.number, case.manager, *people} - {""}))
    zone = found[case.number].employee.time_zone if case.number in found else "UTC"
    return Names({number: newest.employee.full_name or "" for number, newest in found.items()}, zone)


def instant(moment: datetime | None) -> str | None:
    """A moment as plain values have it."""
    return None if moment is None else moment.isoformat()


def _plain(value: Scalar) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode().strip('"')

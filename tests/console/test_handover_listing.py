"""Which items a page shows: narrowing, grouping, paging. And that a long list costs no more queries than a short one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from baton.console.handover import reading
from baton.console.handover.listing import PAGE_ITEMS, Asked, View, listed
from baton.console.handover.rendering import render
from baton.console.handover.visitors import NoEntryError, Visitor, by_login
from baton.hub import Hub
from baton.hub.offboarding import casework, links
from baton.model.case import NO_ACCOUNT, Act, Case, CaseState, Cause, ItemState, Role, content_digest
from baton.model.case import Item as CaseItem
from baton.model.handover import Holding, HoldingKind, HoldingRef
from baton.store.checklists import Outline
from tests.console.conftest import Place
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.hub.offboarding.test_standing import with_policy

CLIENT, DEAL, APPROVAL, TASK = (
    HoldingKind.CLIENT, HoldingKind.OPPORTUNITY, HoldingKind.APPROVAL, HoldingKind.TASK,
)  # fmt: skip
OFFERED = ItemState.OFFERED


def outline(number: int, kind: HoldingKind, name: str, about: HoldingRef | None = None, **more: Any) -> Outline:
    given = {"system": "crm", "state": OFFERED, "successor": SUCCESSOR, **more}
    return Outline(id=number, kind=kind, ref=f"{kind}/{name}", about=str(about or ""), **given)


def groups(outlines: list[Outline], **asked: Any) -> list[tuple[str, tuple[int, ...]]]:
    found = listed(outlines, [Role.MANAGER], (), Asked(show="all", **asked))
    return [(group.head or group.kind.value, group.items) for group in found.groups]


def test_what_belongs_to_a_client_stands_with_it_however_far_below() -> None:
    a, deal = HoldingRef(CLIENT, "a"), HoldingRef(DEAL, "d")
    outlines = [
        outline(1, APPROVAL, "x", deal),
        outline(2, TASK, "t"),
        outline(3, DEAL, "d", a),
        outline(4, CLIENT, "b"),
        outline(5, CLIENT, "a"),
        outline(6, TASK, "u"),
    ]
    assert groups(outlines) == [("client/a", (5, 1, 3)), ("client/b", (4,)), ("task", (2, 6))]


def test_a_client_that_is_not_on_the_list_still_heads_what_is_its() -> None:
    assert groups([outline(1, DEAL, "d", HoldingRef(CLIENT, "z"))]) == [("client/z", (1,))]


def test_things_that_belong_to_each_other_in_a_ring_end() -> None:
    one, two = HoldingRef(DEAL, "1"), HoldingRef(DEAL, "2")
    found = groups([outline(1, DEAL, "1", two), outline(2, DEAL, "2", one)])
    assert sorted(number for _, items in found for number in items) == [1, 2]


def test_the_same_name_in_two_systems_is_two_clients() -> None:
    found = groups([outline(1, CLIENT, "a"), outline(2, CLIENT, "a", system="erp")])
    assert [items for _, items in found] == [(1,), (2,)]


@pytest.mark.parametrize(
    ("role", "state", "mine"),
    [
        (Role.SUCCESSOR, ItemState.OFFERED, 1),
        (Role.SUCCESSOR, ItemState.ACCEPTED, 0),
        (Role.MANAGER, ItemState.ACCEPTED, 1),
        (Role.MANAGER, ItemState.OPEN, 1),
        (Role.MANAGER, ItemState.STUCK, 1),
        (Role.MANAGER, ItemState.OFFERED, 0),
        (Role.HR, ItemState.DONE, 0),
        (Role.LEAVER, ItemState.OPEN, 0),
    ],
)
def test_what_waits_for_whom(role: Role, state: ItemState, mine: int) -> None:
    found = listed([outline(1, CLIENT, "a", state=state)], [role], (), Asked())
    assert found.counts[View.MINE] == mine
    assert found.show == (View.MINE if mine else View.ALL)


def test_accounts_and_rights_that_end_by_themselves_wait_for_nobody() -> None:
    found = listed([outline(1, HoldingKind.GRANT, "a", state=ItemState.OPEN)], [Role.MANAGER], (), Asked())
    assert found.counts[View.MINE] == 0


def test_a_right_to_be_taken_away_by_hand_waits_for_who_decides() -> None:
    outlines = [outline(1, HoldingKind.GRANT, "a", state=ItemState.OPEN)]
    mine = [listed(outlines, [role], (), Asked(), {1}).counts[View.MINE] for role in Role]
    assert dict(zip(Role, mine, strict=True)) == {Role.LEAVER: 0, Role.SUCCESSOR: 0, Role.MANAGER: 1, Role.HR: 1}


def test_what_is_approved_for_who_has_no_account_waits_for_who_decides() -> None:
    outlines = [outline(1, CLIENT, "a", state=ItemState.APPROVED, code=NO_ACCOUNT), outline(2, CLIENT, "b")]
    outlines.append(outline(3, CLIENT, "c", state=ItemState.APPROVED))
    mine = [listed(outlines, [role], (), Asked()).counts[View.MINE] for role in Role]
    assert dict(zip(Role, mine, strict=True)) == {Role.LEAVER: 0, Role.SUCCESSOR: 1, Role.MANAGER: 1, Role.HR: 1}


def test_a_question_waits_for_the_leaver_until_the_item_is_closed() -> None:
    for state, mine in ((OFFERED, 1), (ItemState.DONE, 0)):
        found = listed([outline(1, CLIENT, "a", state=state)], [Role.LEAVER], {1}, Asked())
        assert (found.counts[View.MINE], found.counts[View.QUESTIONS]) == (mine, 1)


def test_pages_hold_everything_once_in_one_order() -> None:
    outlines = [outline(n, CLIENT if n % 3 else TASK, f"{n}") for n in range(1, 251)]
    seen: list[int] = []
    for page in (1, 2, 3):
        found = listed(outlines, [Role.HR], (), Asked(show="all", page=page))
        assert (found.pages, found.page, found.total) == (3, page, 250)
        numbers = [number for group in found.groups for number in group.items]
        assert len(numbers) == (PAGE_ITEMS if page < 3 else 50)
        seen += numbers
    assert sorted(seen) == list(range(1, 251))
    assert listed(outlines, [Role.HR], (), Asked(show="all", page=99)).page == 3
    assert listed(outlines, [Role.HR], (), Asked(show="all", kind=TASK)).total == 83
    assert listed([], [Role.HR], (), Asked()).pages == 1


# --- what it costs


@contextmanager
def counted(hub: Hub) -> Iterator[list[str]]:
    said: list[str] = []

    def note(*event: Any) -> None:
        said.append(event[2])

    sa.event.listen(hub.database.engine, "before_cursor_execute", note)
    yield said
    sa.event.remove(hub.database.engine, "before_cursor_execute", note)


def fill(hub: Hub, case: Case, count: int) -> None:
    with hub.database.write() as connection:
        first = 1 + max(each.id for each in hub.checklists.outline(connection, case.id))
        items = []
        for n in range(count):
            kind = (CLIENT, DEAL, APPROVAL)[n % 3]
            above = None if n % 3 == 0 else HoldingRef((CLIENT, DEAL)[n % 3 - 1], f"f{first + n - 1}")
            holding = Holding(HoldingRef(kind, f"f{first + n}"), f"测试{n}", {"region": "华东", "stage": "谈判"}, above)
            items.append(
                CaseItem(
                    case_id=case.id,
                    id=first + n,
                    system="crm",
                    ref=holding.ref,
                    state=OFFERED,
                    version=1,
                    digest=content_digest(holding, case.salt),
                    title=holding.title,
                    facts=holding.facts,
                    about=above,
                    successor=SUCCESSOR if n % 2 else MANAGER,
                )
            )
        hub.cases.add_items(connection, items)


def test_a_list_of_5000_opens_with_as_many_queries_as_one_of_20(place: Place) -> None:
    hub, base = place.desk.hub, place.path(Role.MANAGER)
    fill(hub, place.case, 20)
    place.client.get(f"{base}/?show=all")  # the link's first use is noted
    with counted(hub) as few:
        assert place.client.get(f"{base}/?show=all").status_code == 200
    fill(hub, place.case, 5000 - 24)
    with counted(hub) as many:
        page = place.client.get(f"{base}/?show=all")
    assert page.text.count('class="item ') == PAGE_ITEMS
    assert len(many) == len(few) <= 11


@pytest.mark.parametrize("role", [Role.HR, Role.SUCCESSOR])
def test_an_item_costs_the_same_queries_however_much_was_said(place: Place, role: Role) -> None:
    base = place.path(role)
    item = place.item("deal")
    place.client.get(f"{base}/items/{item.id}")
    with counted(place.desk.hub) as few:
        place.client.get(f"{base}/items/{item.id}")
    for n in range(30):
        place.desk.say(place.case, [item], Act.ASK, SUCCESSOR, Role.SUCCESSOR, f"问题 {n}")
    with counted(place.desk.hub) as many:
        assert "问题 29" in place.client.get(f"{base}/items/{item.id}").text
    assert len(many) == len(few)


def test_reading_the_outline_and_the_cases_that_concern_somebody(build: Callable[[], Desk]) -> None:
    desk = build()
    desk.plant(CLIENT, 1)
    case = desk.open()
    desk.tick()
    hub = desk.hub
    with hub.database.read() as connection:
        for person, found in ((LEAVER, [case.id]), (MANAGER, [case.id]), (SUCCESSOR, []), (HR, [])):
            assert [each.id for each in hub.cases.concerning(connection, person)] == found
    (item,) = desk.items(case, OFFERED)
    desk.say(case, [item], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    with hub.database.read() as connection:
        assert [each.id for each in hub.cases.concerning(connection, SUCCESSOR)] == [case.id]
        assert [each.id for each in hub.checklists.outline(connection, case.id, SUCCESSOR)] == [item.id]
    document = reading.case_document(Visitor(hub, case, SUCCESSOR, (Role.SUCCESSOR,), ""), Asked())
    assert document["total"] == 1


def test_a_deputy_finds_the_cases_that_they_may_decide_in(build: Callable[[], Desk], tmp_path: Path) -> None:
    desk = build()
    case = desk.open(Cause.RESIGNATION)

    def listed(person: str) -> list[str]:
        return [each["id"] for each in reading.cases_document(desk.hub, person, decides=False)["cases"]]

    assert listed(OTHER) == []
    desk.hub.settings = replace(desk.hub.settings, offboarding=with_policy(tmp_path, f"['{OTHER}', '{LEAVER}']"))
    with desk.hub.database.write() as connection:
        desk.hub.cases.change(connection, case, case.state, manager="")
    assert by_login(desk.hub, case.id, OTHER, decides=False, root="").roles == (Role.MANAGER,)
    assert [listed(person) for person in (OTHER, LEAVER, SUCCESSOR, "")] == [[case.id], [case.id], [], []]
    casework.open_case(desk.hub, casework.Opening(OTHER, Cause.EMERGENCY, HR, manager=SUCCESSOR))
    assert case.id not in listed(OTHER)


def test_who_is_out_is_told_of_no_case_not_even_of_their_own(build: Callable[[], Desk]) -> None:
    desk = build()
    case = desk.open(Cause.RESIGNATION)

    def listed(person: str) -> list[str]:
        return [each["id"] for each in reading.cases_document(desk.hub, person, decides=False)["cases"]]

    assert (listed(MANAGER), listed(LEAVER), listed(SUCCESSOR)) == ([case.id], [case.id], [])
    own = casework.open_case(desk.hub, casework.Opening(MANAGER, Cause.EMERGENCY, HR, manager=OTHER))
    for each in (case, own):
        with pytest.raises(NoEntryError):
            by_login(desk.hub, each.id, MANAGER, decides=False, root="")
    assert (listed(MANAGER), listed(OTHER)) == ([], [own.id])
    casework.decide(desk.hub, own.id, Act.RETRACT, HR, "a mistake")
    assert listed(MANAGER) == [case.id]


@pytest.mark.parametrize("cause", Cause)
def test_a_leavers_login_opens_what_their_link_would(build: Callable[[], Desk], cause: Cause) -> None:
    desk = build()
    hub = desk.hub
    case = desk.open(cause, last_working_at=hub.clock.now() + timedelta(days=9))

    def let_in(person: str = LEAVER) -> bool:
        seen = []
        for decides in (False, True):
            found = reading.cases_document(hub, person, decides=decides)["cases"]
            seen.append(case.id in {each["id"] for each in found})
            try:
                roles = by_login(hub, case.id, person, decides=decides, root="").roles
            except NoEntryError:
                seen.append(False)
            else:
                assert roles == (Role.LEAVER,)
                seen.append(True)
        assert len(set(seen)) == 1, seen
        return seen[0]

    assert let_in() is (cause is Cause.RESIGNATION)
    if cause is not Cause.EMERGENCY:
        links.make_token(hub, links.Offer(case.id, LEAVER, Role.LEAVER, HR))
        assert let_in()
        links.revoke(hub, case.id, HR, person=LEAVER)
        assert let_in() is (cause is Cause.RESIGNATION)
        links.make_token(hub, links.Offer(case.id, LEAVER, Role.LEAVER, HR))
        assert let_in()
        desk.company.clock.advance(timedelta(days=9))
        assert not let_in()


def test_hr_is_not_listed_a_case_of_their_own_that_they_are_not_told_of(build: Callable[[], Desk]) -> None:
    desk = build()
    hub = desk.hub
    hub.settings = replace(hub.settings, offboarding=hub.settings.offboarding.model_copy(update={"hr": (OTHER, HR)}))
    case = desk.open()
    own = casework.open_case(hub, casework.Opening(OTHER, Cause.BY_HAND, HR, manager=MANAGER))
    listed = [each["id"] for each in reading.cases_document(hub, OTHER, decides=True)["cases"]]
    assert listed == [case.id]
    assert own.id in {each["id"] for each in reading.cases_document(hub, HR, decides=True)["cases"]}


def shown(document: dict[str, Any]) -> str:
    query = dict.fromkeys(("show", "kind", "page", "said", "count"), "")
    return render("cases", "en", root="", asked="", place="/cases", query=query, **document)


def many(hub: Hub, case: Case, count: int) -> None:
    """So many cases of others, completed and newer."""
    with hub.database.write() as connection:
        for n in range(count):
            newer = case.opened_at + timedelta(minutes=n + 1)
            other = replace(case, id=f"case-{n:04d}", number=f"9{n:04d}", state=CaseState.COMPLETED, opened_at=newer)
            hub.cases.insert(connection, other)


@pytest.mark.parametrize(("person", "decides"), [(HR, True), (MANAGER, False)])
def test_the_list_of_cases_begins_with_what_is_open_and_says_how_many_there_are(
    build: Callable[[], Desk], person: str, decides: bool
) -> None:
    desk = build()
    case = desk.open()
    few = reading.cases_document(desk.hub, person, decides=decides)
    assert ([each["id"] for each in few["cases"]], few["total"]) == ([case.id], 1)
    many(desk.hub, case, reading.CASES_SHOWN + 4)
    found = reading.cases_document(desk.hub, person, decides=decides)
    newest = [f"case-{n:04d}" for n in range(reading.CASES_SHOWN + 3, 4, -1)]
    assert [each["id"] for each in found["cases"]] == [case.id, *newest]
    assert found["total"] == reading.CASES_SHOWN + 5
    assert "200 of 205 on this page" in shown(found)
    assert "on this page" not in shown(few)


@pytest.mark.parametrize(("person", "decides"), [(HR, True), (MANAGER, False)])
def test_every_case_is_on_some_page_of_the_list(build: Callable[[], Desk], person: str, decides: bool) -> None:
    """Managers and successors have no command line that would show them the others."""
    desk = build()
    many(desk.hub, desk.open(), reading.CASES_SHOWN + 4)
    first, second, beyond = (
        reading.cases_document(desk.hub, person, decides=decides, page=page) for page in (1, 2, 100_000)
    )
    assert [each["id"] for each in second["cases"]] == [f"case-{n:04d}" for n in range(4, -1, -1)]
    assert [[part[name] for name in ("page", "pages", "total")] for part in (first, second)] == [
        [1, 2, reading.CASES_SHOWN + 5], [2, 2, reading.CASES_SHOWN + 5],
    ]  # fmt: skip
    assert beyond == second
    assert 'rel="next" href="/cases?page=2"' in shown(first)
    assert 'rel="prev" href="/cases?page=1"' in shown(second)
    assert "5 of 205 on this page" in shown(second)
    assert "baton " not in shown(first)


def test_a_case_that_hr_is_not_told_of_is_not_counted_for_them_either(build: Callable[[], Desk]) -> None:
    desk = build()
    hub = desk.hub
    hub.settings = replace(hub.settings, offboarding=hub.settings.offboarding.model_copy(update={"hr": (OTHER, HR)}))
    many(hub, desk.open(), reading.CASES_SHOWN - 1)
    casework.open_case(hub, casework.Opening(OTHER, Cause.BY_HAND, HR, manager=MANAGER))
    for person, total in ((OTHER, reading.CASES_SHOWN), (HR, reading.CASES_SHOWN + 1)):
        found = reading.cases_document(hub, person, decides=True)
        assert (len(found["cases"]), found["total"]) == (reading.CASES_SHOWN, total)

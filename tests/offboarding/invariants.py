"""What must hold in every committed state of a handover, and at the end, whatever happened in between."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

import sqlalchemy as sa

from baton.hub.proof import signer
from baton.jobs.offboarding.checklist import WATCHED
from baton.model.alert import Rule
from baton.model.case import (
    STATEMENT_DOMAIN,
    Act,
    Case,
    CaseState,
    Item,
    ItemState,
    Statement,
    content_digest,
    statement_bytes,
)
from baton.model.effect import Effect, EffectState
from baton.model.handover import HandoverAction, Undo
from baton.store.tables import effects
from tests.offboarding.systems import HUB, Move
from tests.offboarding.world import SYSTEMS, World
from tests.simulation.invariants import BrokenInvariantError, audit_faults, left_sent, order_broken


class Memory(Protocol):
    """What the people of a world remember by themselves, whatever the hub has written down."""

    agreed: set[tuple[str, Act, str]]
    taken_back: set[tuple[str, int]]


class Books:
    """All that the hub has written down about handovers, read once."""

    def __init__(self, world: World) -> None:
        hub = world.hub
        self.world = world
        with hub.database.read() as connection:
            self.cases = {case.id: case for case in hub.cases.listed(connection, limit=None)}
            self.items = {case_id: hub.cases.items(connection, case_id) for case_id in self.cases}
            self.said = {case_id: hub.cases.said(connection, case_id) for case_id in self.cases}
            known = hub.effects.read(connection, effects.c.job == "offboarding")
            self.effects = {effect.key: effect for effect in known}
            rows = connection.execute(sa.select(effects.c.key, effects.c.mapping_digest, effects.c.doubted)).all()
            self.of_case = {row.key: row.mapping_digest for row in rows}
            self.doubted = {row.key for row in rows if row.doubted}
            raised = hub.alerts.of(connection)
            self.told_gone = {(each.case_id, each.system) for each in raised if each.rule is Rule.RIGHTS_GONE}
            self.new = world.logbook.catch_up(connection)
            """What has come into the log since the last look."""
            self.steps = [*world.replay.follow(self.new), *world.effect_replay.follow(self.new)]
            self.steps += world.effect_replay.differences(connection)
        self.order = world.replay.order
        self.steps += world.replay.differences(self)

    def case_of(self, effect: Effect) -> Case:
        return self.cases[self.of_case[effect.key]]


def check_always(world: World, memory: Memory, clients: dict[str, int]) -> Books:
    """What holds after every step; what was read for it. ``clients`` says how many there must be in each system."""
    books = Books(world)
    _raise_if(
        {
            "clients": [] if world.clients() == clients else [f"{world.clients()}, {clients} are expected"],
            "holders": list(_holders_broken(world)),
            "items": list(_items_broken(books)),
            "moves": list(_moves_broken(books, memory)),
            "believed": list(_believed(books)),
            "rights": list(_rights_broken(books)),
            "cases": list(_cases_broken(books)),
            "log": world.logbook.faults,
            "steps": books.steps,
            "signatures": list(
                _signatures_broken(books, {e.body["signature"] for e in books.new if e.kind == "statement"})
            ),
        }
    )
    return books


def check_finally(world: World, memory: Memory, clients: dict[str, int]) -> None:
    """What holds once everything has calmed down and everybody has done what was theirs."""
    books = check_always(world, memory, clients)
    with world.hub.database.read() as connection:
        audit_broken, sent, order = list(audit_faults(connection)), left_sent(connection), order_broken(connection)
    _raise_if(
        {
            "not ended": [f"{case.id} is {case.state}" for case in books.cases.values() if case.state in _UNFINISHED],
            "done": list(_done_broken(books)),
            "undone": list(_undone_broken(books)),
            "signatures": list(_signatures_broken(books, books.order.keys())),
            "audit": audit_broken,
            "order": order,
            "left as sent": [sent] if sent else [],
        }
    )


_UNFINISHED = (CaseState.OPEN, CaseState.PAUSED)


def _holders_broken(world: World) -> Iterator[str]:
    """Every thing has exactly one holder at every instant: each change begins where the one before has ended."""
    for system in SYSTEMS:
        things, last = world.things(system), {}
        for move in things.history:
            if move.ref in last and last[move.ref] != move.before:
                yield f"{system} {move.ref} went from {move.before}, and {last[move.ref]} had it"
            last[move.ref] = move.after
        yield from (f"{system} {ref}: {holder!r}" for ref, holder in things.holders.items() if not holder)


def _items_broken(books: Books) -> Iterator[str]:
    """Every item that is not closed stands where its state says who must act."""
    for case_id, items in books.items.items():
        for item in items:
            wrong = _item_broken(books, books.cases[case_id], item)
            if wrong:
                yield f"{case_id} item {item.id} ({item.kind}, {item.state}): {wrong}"


def _item_broken(books: Books, case: Case, item: Item) -> str:
    agreed = item.accepted_version == item.version and item.accepted_by == item.successor
    match item.state:
        case ItemState.OFFERED:
            return "" if item.successor and item.due_at else "nobody is named, or there is no deadline"
        case ItemState.ACCEPTED:
            return "" if agreed and item.accepted_by else "accepted by nobody, or in another version"
        case ItemState.APPROVED:
            apart = item.approved_by not in ("", item.accepted_by, case.number)
            return "" if agreed and apart else "approved by nobody, by the same person, or in another version"
        case ItemState.MOVING:
            return "" if item.effect_key in books.effects else "nothing moves it"
        case ItemState.STUCK:
            return "" if item.code else "nobody knows why"
        case _:
            return ""


def _moves_broken(books: Books, memory: Memory) -> Iterator[str]:
    """The hub moves only what was accepted and approved in this very version, from whom it was to be taken."""
    for system in SYSTEMS:
        things = books.world.things(system)
        for move in things.history:
            if move.by == HUB:
                wrong = _move_broken(books, memory, system, move)
                if wrong:
                    yield f"{system} {move.ref} at {move.serial}: {wrong}"


def _move_broken(books: Books, memory: Memory, system: str, move: Move) -> str:
    world, effect = books.world, books.effects[move.key]
    case = books.case_of(effect)
    leaver = world.id_of(system, case.number)
    if effect.fields["successor_number"] == case.number:
        return _return_broken(books, memory, effect, "" if move.after == leaver else move.after)
    if move.before != leaver:
        return f"taken from {move.before}, who was not the leaver: somebody else's change is overwritten"
    if move.after != world.id_of(system, str(effect.fields["successor_number"])):
        return "given to somebody else than the effect says"
    wanted, said = str(effect.fields["successor_number"]), _said_before(books, case, effect)
    accepted = [at for at, each in enumerate(said) if each.act is Act.ACCEPT and each.person == wanted]
    if not accepted or (wanted, Act.ACCEPT, effect.digests["item"]) not in memory.agreed:
        return f"{wanted} has not accepted what was moved, in this version"
    approved = [each.person for each in said[accepted[0] :] if each.act is Act.APPROVE and each.person != wanted]
    known = [person for person in approved if (person, Act.APPROVE, effect.digests["item"]) in memory.agreed]
    if not known or case.number in (wanted, *approved):
        return "not approved by a second person, in this version"
    return _stale(books, system, move, effect, case)


def _return_broken(books: Books, memory: Memory, effect: Effect, wrong_person: str) -> str:
    """What comes back comes to the leaver, and because somebody wanted it back."""
    case = books.case_of(effect)
    item = next(
        item for item in books.items[case.id] if str(item.ref) == effect.number and item.system == effect.system
    )
    retracted = any(said.act is Act.RETRACT for said in books.said[case.id])
    if wrong_person:
        return f"an undo gave it to {wrong_person}, who was not the leaver"
    return "" if retracted or (case.id, item.id) in memory.taken_back else "taken back, and nobody wanted that"


def _said_before(books: Books, case: Case, effect: Effect) -> list[Statement]:
    """What had been said about the very content that an effect was planned with, when it was planned."""
    digest, planned = effect.digests["item"], books.order[effect.key]
    about = [said for said in books.said[case.id] if said.item_digest.hex() == digest]
    return [said for said in about if books.order[said.signature.hex()] < planned]


def _stale(books: Books, system: str, move: Move, effect: Effect, case: Case) -> str:
    """Sent although a look that was written before had shown that it is no longer what was accepted.

    What was in doubt once may be under way: it cannot be called back, and is carried to its end.
    """
    if move.key in books.doubted:
        return ""
    things = books.world.things(system)
    sent = things.sent[move.key]
    began = max((b for written, b in books.world.looks.get((system, move.before), ()) if written <= sent), default=0)
    came = max((m.serial for m in things.history if m.ref == move.ref and m.serial < move.serial), default=0)
    if came >= began:
        return ""  # it was with somebody else when the hub looked
    seen = [content for serial, content in things.contents[move.ref] if serial < began]
    since = [content for serial, content in things.contents[move.ref] if serial >= began]
    current = {content_digest(content, case.salt).hex() for content in (*seen[-1:], *since)}
    if seen and effect.digests["item"] not in current:  # a look we know nothing of may have shown what came since
        return "moved in another version than the hub had seen before it sent it"
    return ""


def _believed(books: Books) -> Iterator[str]:
    """Nothing is called done that has not happened, not even until the next look."""
    for case_id, items in books.items.items():
        for item in items:
            effect = books.effects.get(item.effect_key)
            if item.state is not ItemState.DONE or effect is None or effect.action is not HandoverAction.TRANSFER:
                continue
            wanted = books.world.id_of(item.system, item.successor)
            history = books.world.things(item.system).history
            if not any(move.ref == item.ref and move.after == wanted for move in history):
                yield f"{case_id} item {item.id} is done, and {item.successor} has never had it"


def _rights_broken(books: Books) -> Iterator[str]:
    """Rights go when they are to go, and not before; where HR has put that off afterwards, people are told.

    But for what was undone, or whose case was retracted, by then: that is given back, and was not taken too early.
    """
    for system in SYSTEMS:
        for serial, person, right, key in books.world.things(system).revoked:
            taken = books.effects[key]
            case = books.case_of(taken)
            last = case.dates.last_working_at
            if person != books.world.id_of(system, case.number):
                yield f"{system}: {right} was taken from {person}, who does not leave"
                continue
            early, told = last is None or taken.due_at < last, (case.id, system) in books.told_gone
            if early and not told and not _given_back(books, taken):
                yield f"{system}: {right} was taken at {serial}, before the last working moment"


def _given_back(books: Books, taken: Effect) -> bool:
    """Whether a right has been given back since it was taken, or is about to be: by an undoing or a retraction."""
    undone = any(each.act in (Act.UNDO, Act.RETRACT) for each in books.said[books.case_of(taken).id])
    return undone and any(
        effect.action is HandoverAction.ENTITLE
        and (effect.system, effect.number) == (taken.system, taken.number)
        and effect.version > taken.version
        and (effect.state.open or effect.state is EffectState.DONE)
        for effect in books.effects.values()
    )


def _cases_broken(books: Books) -> Iterator[str]:
    """A completed case has nothing open on its list and nothing on its way."""
    for case_id, case in books.cases.items():
        if case.state is CaseState.COMPLETED:
            still = [item.id for item in books.items[case_id] if not item.state.closed]
            under_way = [e.key[:8] for e in books.effects.values() if e.state.open and books.case_of(e).id == case_id]
            if still or under_way:
                yield f"{case_id} is completed with {still} open and {under_way} under way"


def _done_broken(books: Books) -> Iterator[str]:
    """What is done is with who accepted it, unless somebody else has given it away since."""
    for case_id, items in books.items.items():
        if books.cases[case_id].state is not CaseState.COMPLETED:
            continue
        for item in items:
            if item.state is ItemState.DONE and item.system and item.kind not in WATCHED and not item.by_hand:
                things = books.world.things(item.system)
                wanted = books.world.id_of(item.system, item.successor)
                moves = [move for move in things.history if move.ref == item.ref]
                # Others may have given it to the very same person before we could: then that was the passing on.
                last = _ours(books, case_id, item) or [move for move in moves if move.after == wanted]
                since = [move for move in moves if last and move.serial > last[-1].serial]
                if things.holders.get(item.ref, wanted) != wanted and not since:
                    yield f"{case_id} item {item.id} is done and with {things.holders.get(item.ref)}, not {wanted}"
            if item.state is ItemState.GONE and item.system and _passed_on_last(books, case_id, item):
                yield f"{case_id} item {item.id} is called gone, and the hub has passed it on"
            if item.state is ItemState.DONE and item.kind.value == "grant":
                having = books.world.things(item.system).grants.get(item.holder_id, set())
                if item.ref.external_id in having:
                    yield f"{case_id} item {item.id}: the right is still there"


def _ours(books: Books, case_id: str, item: Item) -> list[Move]:
    """What this case has done with a thing."""
    moves = [move for move in books.world.things(item.system).history if move.ref == item.ref and move.by == HUB]
    return [move for move in moves if books.case_of(books.effects[move.key]).id == case_id]


def _passed_on_last(books: Books, case_id: str, item: Item) -> bool:
    """Whether the last that happened to a thing is that this case has given it to a successor."""
    moves = [move for move in books.world.things(item.system).history if move.ref == item.ref]
    ours = _ours(books, case_id, item)
    there = item.ref in books.world.things(item.system).holders
    return bool(there and ours and moves[-1] is ours[-1] and ours[-1].before == item.holder_id)


def _undone_broken(books: Books) -> Iterator[str]:
    """In a retracted case everything that can come back has come back, but for what others changed since.

    Nothing comes back to who leaves by a later case: it would be taken from them again.
    """
    for case_id, items in books.items.items():
        if books.cases[case_id].state is not CaseState.RETRACTED or _is_followed(books, books.cases[case_id]):
            continue
        for item in items:
            if not item.system or item.kind in WATCHED or item.undo is Undo.IRREVERSIBLE:
                continue
            things = books.world.things(item.system)
            moves = [move for move in things.history if move.ref == item.ref]
            ours = _ours(books, case_id, item)
            if ours and moves[-1] is ours[-1] and things.holders.get(item.ref, item.holder_id) != item.holder_id:
                refused = books.effects.get(item.effect_key)
                if not (item.state is ItemState.DONE and refused is not None and refused.state is EffectState.REFUSED):
                    yield f"{case_id} item {item.id} ({item.state}) is still with {things.holders[item.ref]}"


def _is_followed(books: Books, case: Case) -> bool:
    """Whether the same person leaves, or has left, by a case that was opened after this one."""
    return any(
        other.number == case.number and other.opened_at > case.opened_at and other.state is not CaseState.RETRACTED
        for other in books.cases.values()
    )


def _signatures_broken(books: Books, looked_at: Collection[str]) -> Iterator[str]:
    """Every statement with one of these signatures (hex) is as it was signed."""
    key = signer(books.world.hub)
    for case_id, said in books.said.items():
        for each in said:
            if each.signature.hex() in looked_at and each.signature != key.vouch(
                STATEMENT_DOMAIN, statement_bytes(each)
            ):
                yield f"{case_id}: a statement of {each.person} is not as it was signed"


def _raise_if(found: dict[str, list[object]]) -> None:
    broken = {name: wrong for name, wrong in found.items() if wrong}
    if broken:
        raise BrokenInvariantError("; ".join(f"{name}: {len(each)}, {each[:3]}" for name, each in broken.items()))


def require_finished(world: World, case: Case, began: int) -> None:
    """A case that was just completed is: nothing alive, nothing promised, nothing kept but what came since we looked."""
    for system, truth in world.company.truths.items():
        things = world.things(system)
        leaver = world.id_of(system, case.number)
        if any(
            getattr(promise, "holder", None) and promise.holder.external_id == leaver
            for promise in things.promises.values()
        ):
            raise BrokenInvariantError(f"{case.id} completed with a promise open in {system}")
        if truth.accounts[case.number].state.value == "enabled":
            raise BrokenInvariantError(f"{case.id} completed with a living account in {system}")
        with world.hub.database.read() as connection:
            left = {
                item.ref
                for item in world.hub.cases.items(connection, case.id, states=[ItemState.LEFT])
                if item.system == system
            }
        for ref, holder in things.holders.items():
            came = max((move.serial for move in things.history if move.ref == ref and move.after == holder), default=0)
            since = max(came, things.contents[ref][-1][0] if came == 0 else 0)
            if holder == leaver and ref not in left and since <= began:
                raise BrokenInvariantError(f"{case.id} completed while the leaver holds {ref} in {system}")

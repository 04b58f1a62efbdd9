"""What waits to be said to or about somebody who is erased is never said, and nobody else's messages are opened for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from baton.audit.verify import Verdict
from baton.errors import ApprovalError, ConfigurationError
from baton.hub import proof
from baton.hub.keeping import erasing, ledger, restoring, retention, subject_access
from baton.hub.keeping.reading_back import read_back
from baton.hub.offboarding import hourly
from baton.hub.offboarding.casework import Opening, open_case
from baton.hub.offboarding.moving import send_messages
from baton.model.account import Outcome, Receipt
from baton.model.case import Case, CaseState, Cause
from baton.model.effect import Effect, EffectState, Intention
from baton.model.handover import HandoverAction, HoldingKind
from baton.settings_shape import OffboardingPart
from baton.store.effects import Drafted
from baton.store.leases import Settlement
from baton.store.personal import Keyring
from baton.store.tables import cases, effects
from tests.hub.keeping.conftest import OPERATOR, OTHER, World
from tests.hub.keeping.leaver import CANARY, GONE, erase, lived, sync, words
from tests.hub.offboarding.conftest import NEXT_YEAR
from tests.rig.belongings import Belongings, TalkingTarget
from tests.rig.company import row

Make = Callable[..., World]
MESSAGE = HandoverAction.NOTIFY.value


def talking(world: Make) -> World:
    return world(targets={"crm": TalkingTarget}, offboarding=OffboardingPart(notifiers=("crm",)))


def unsent_about(it: World) -> Case:
    """Their handover is over, and messages about it have not gone out: somebody has stopped all messages."""
    it.company.rows = [
        row("0001", name=CANARY, manager="0002"),
        *(row(f"{n:04d}") for n in range(2, 12)),
    ]
    sync(it)
    truth = it.company.truths["crm"]
    truth.belongings = Belongings()
    truth.belongings.plant(HoldingKind.CLIENT, 1, truth.accounts["0001"].external_id)
    with it.hub.database.write() as connection:
        it.hub.runs.engage(connection, f"action:{MESSAGE}", OPERATOR, "too many messages")
    case = open_case(it.hub, Opening("0001", Cause.BY_HAND, "hr-wang", last_working_at=NEXT_YEAR))
    hourly.tick(it.hub)
    with it.hub.database.write() as connection:
        done = {"state": CaseState.COMPLETED.value, "completed_at": it.hub.clock.now()}
        connection.execute(sa.update(cases).values(**done))
    it.company.rows[0] = GONE
    sync(it)
    with it.hub.database.write() as connection:
        it.hub.runs.disengage(connection, f"action:{MESSAGE}", OPERATOR, "as before")
    return case


def messages(it: World) -> list[Effect]:
    with it.hub.database.read() as connection:
        return it.hub.effects.read(connection, effects.c.action == MESSAGE)


def to_send(it: World, number: str) -> None:
    """A message to somebody that waits, in no handover."""
    entity = f"alarm/0000/raised/{number}"
    fields = {"person_number": number, "person_id": "x", "address": "", "subject": CANARY, "text": "", "link": ""}
    now = it.hub.clock.now()
    what = Intention("crm", entity, HandoverAction.NOTIFY, now, fields)
    with it.hub.database.write() as connection:
        (run, *_) = it.hub.runs.latest(connection, 1)
        it.hub.effects.insert(connection, "alarms", run.id, [Drafted(what, 1, "", {})])


@pytest.mark.parametrize("state", ["planned", "held", "in_doubt", "accepted", "sent"])
def test_what_was_not_sent_about_an_ended_handover_is_gone_and_is_not_sent(world: Make, state: str) -> None:
    it = talking(world)
    unsent_about(it)
    (waiting,) = messages(it)
    assert (waiting.state, CANARY in str(waiting.fields)) == (EffectState.PLANNED, True)
    over = it.hub.clock.now() - timedelta(seconds=1)
    with it.hub.database.write() as connection:
        connection.execute(sa.update(effects).where(effects.c.id == waiting.id).values(state=state, lease_until=over))
    erase(it)
    (gone,) = messages(it)
    assert (gone.state.open, gone.code) == (False, "erased")
    assert CANARY not in str(gone.fields)
    it.company.clock.advance(timedelta(hours=1))
    send_messages(it.hub)
    assert it.company.truths["crm"].belongings.outbox == []
    proof.checkpoint(it.hub)
    assert proof.verify(it.hub).verdict is Verdict.PROVEN


def test_what_waits_for_them_in_no_handover_is_gone_and_nobody_elses(world: Make) -> None:
    it = talking(world)
    lived(it)
    for number in ("0001", "0002", "00011"):
        to_send(it, number)
    erase(it)
    assert {str(each.fields["person_number"]): (each.state, each.fields["subject"]) for each in messages(it)} == {
        "0001": (EffectState.SUPERSEDED, ""),
        "0002": (EffectState.PLANNED, CANARY),
        "00011": (EffectState.PLANNED, CANARY),
    }


def test_nobody_is_erased_while_a_message_about_them_is_being_sent(world: Make) -> None:
    it = talking(world)
    unsent_about(it)
    (waiting,) = messages(it)
    until = it.hub.clock.now() + timedelta(minutes=5)
    with it.hub.database.write() as connection:
        connection.execute(
            sa.update(effects).where(effects.c.id == waiting.id).values(state="sent", lease_until=until, epoch=1)
        )
    with pytest.raises(ApprovalError, match=f"message {waiting.key[:12]} in crm"):
        erasing.ask(it.hub, "0001", OPERATOR, "asked for it by letter")


def test_who_was_sending_it_when_a_restore_replays_the_erasure_stores_nothing_of_it(world: Make) -> None:
    """Asked for before, decided after: the ledger knows of it, and a worker has the message in its hands."""
    it = talking(world)
    unsent_about(it)
    ledger.note(it.hub, ledger.Forgotten("0001", it.hub.clock.now(), OTHER))
    (waiting,) = messages(it)
    with it.hub.database.write() as connection:
        until = it.hub.clock.now() + timedelta(minutes=5)
        connection.execute(
            sa.update(effects).where(effects.c.id == waiting.id).values(state="sent", lease_until=until, epoch=1)
        )
    (sending,) = messages(it)
    assert erasing.replay(it.hub).numbers == ["0001"]
    with it.hub.database.write() as connection:
        later = Settlement(sending, Receipt(Outcome.NOT_PERFORMED, code="busy"))
        assert it.hub.leases.settle(connection, [later]) == [None]
    assert [each.code for each in messages(it)] == ["erased"]


def test_nobody_elses_messages_are_opened_for_it(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    it = talking(world)
    lived(it)
    for n in range(2, 42):
        to_send(it, f"{n:04d}")
    to_send(it, "0001")
    opened: list[str] = []
    opening = Keyring.open

    def counted(keyring: Keyring, sealed: bytes, **place: object) -> bytes:
        opened.append(str(place["row"]))
        return opening(keyring, sealed, **place)  # type: ignore[arg-type]

    theirs = {each.key for each in messages(it) if each.fields["person_number"] == "0001"}
    others = {each.key for each in messages(it)} - theirs
    monkeypatch.setattr(Keyring, "open", counted)
    assert len(subject_access.answer(it.hub, "0001", OPERATOR).sections["messages"]) == 1
    erase(it)
    assert theirs <= set(opened)
    assert not others & set(opened)


def said_again(it: World, case: Case) -> None:
    """A message about their handover that names them, made after they were erased: an earlier version did that."""
    fields = {"person_number": "0002", "person_id": "x", "address": "", "subject": "", "text": CANARY, "link": ""}
    what = Intention("crm", f"alerts/{case.id}/0002", HandoverAction.NOTIFY, it.hub.clock.now(), fields)
    with it.hub.database.write() as connection:
        (run, *_) = it.hub.runs.latest(connection, 1)
        it.hub.effects.insert(connection, "offboarding", run.id, [Drafted(what, 1, case.id, {})])


def test_a_backup_with_their_handover_open_tells_nobody_of_them(world: Make) -> None:
    it = talking(world)
    it.company.rows = [row("0001", name=CANARY, manager="0002"), *(row(f"{n:04d}") for n in range(2, 12))]
    sync(it)
    truth = it.company.truths["crm"]
    truth.belongings = Belongings()
    truth.belongings.plant(HoldingKind.CLIENT, 1, truth.accounts["0001"].external_id)
    case = open_case(it.hub, Opening("0001", Cause.BY_HAND, "hr-wang", last_working_at=NEXT_YEAR))
    kept = it.back_up()
    with it.hub.database.write() as connection:
        done = {"state": CaseState.COMPLETED.value, "completed_at": it.hub.clock.now()}
        connection.execute(sa.update(cases).values(**done))
    it.company.rows[0] = GONE
    sync(it)
    erase(it)
    it.company.clock.advance(timedelta(hours=2))
    assert it.restore(kept).erased == ["0001"]
    read_back(it.hub)
    restoring.open_systems(it.hub, OTHER, "looked at all of it")
    sync(it)
    it.company.clock.advance(timedelta(hours=1))
    hourly.tick(it.hub)
    send_messages(it.hub)
    assert truth.belongings.outbox == []
    assert CANARY not in words(it)
    with it.hub.database.read() as connection:
        (known,) = it.hub.cases.of_person(connection, "0001")
    assert (known.id, known.state) == (case.id, CaseState.RETRACTED)
    proof.checkpoint(it.hub)
    assert proof.verify(it.hub).verdict is Verdict.PROVEN


def test_what_names_somebody_erased_all_the_same_can_be_erased_as_well(world: Make) -> None:
    it = talking(world)
    case = unsent_about(it)
    erase(it)
    with pytest.raises(ConfigurationError, match="nobody has the number"):
        erase(it)
    it.company.clock.advance(timedelta(days=1))
    said_again(it, case)
    erase(it)
    assert CANARY not in words(it)
    assert [each.state.open for each in messages(it)] == [False, False]
    with pytest.raises(ConfigurationError, match="nobody has the number"):
        erase(it)


def test_what_was_said_of_their_handover_goes_with_its_record_whenever_it_was_said(world: Make) -> None:
    it = talking(world)
    case = unsent_about(it)
    erase(it)
    it.company.clock.advance(timedelta(days=1))
    said_again(it, case)
    it.company.clock.advance(timedelta(days=3700))
    retention.carry_out(it.hub, retention.due(it.hub))
    assert CANARY not in words(it)
    assert [each.state.open for each in messages(it)] == [False, False]

"""A salesperson hands over: the hourly DAG, people who accept, refuse and change their mind, a client who says no."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from baton.model.case import CaseState, ItemState
from baton.model.handover import HoldingKind
from baton.sandbox.demo import belongings
from baton.sandbox.demo.belongings import MANAGER, SUCCESSORS, Thing
from baton.sandbox.demo.case_desk import CaseDesk, Item
from baton.sandbox.demo.holders import Sighting, sight
from baton.sandbox.demo.narrator import DemoFailedError
from baton.sandbox.demo.passing import Passing, kinds_table
from baton.sandbox.demo.play import Play
from baton.sandbox.demo.scheduler import OFFBOARDING, DagRun
from baton.sandbox.demo.story import HANDING_OVER

HR: Final = "hr-wang"
_REFUSED: Final = 2
"""The exit code of a command that may not do what it is asked to do."""


class Handover:
    """One performance, after everything else in the story. Failures and figures go to the play."""

    def __init__(self, play: Play, baton: Callable[..., Any]) -> None:
        self.play = play
        self.around = play.around
        self._baton = baton
        self.things: list[Thing] = []
        self._before: Sighting | None = None
        self._after: Sighting | None = None
        self._won: Thing | None = None
        self._agreed: dict[tuple[str, str], str] = {}
        """Thing -> who has said last that they take it."""
        self._desk: CaseDesk | None = None

    def perform(self) -> None:
        """Everything, in order."""
        self._resigns()
        self._people_decide()
        self._something_changes()
        self._goes_over()
        refusing = self._day_at_wecom()
        self._not_finished()
        self._manager_decides(refusing)
        self._two_people_freeze()
        self._last_day()
        self._completed()
        self._read_back()

    # --- steps

    def _resigns(self) -> None:
        """HR says so; within the hour there is a case with everything on its list, offered to the team in turns."""
        self.things = belongings.plant(self.around)
        self._won = belongings.plant_won_deal(self.around)
        self._before = sight(self.around, [*self.things, self._won])
        self.play.story.salesperson_resigns()
        self.play.sync("a salesperson resigns", "success")
        self._hour("the case is opened, every system is asked", "success")
        cases = [found["case"] for found in self._baton("offboard", "list", "--state", "open")]
        (case,) = [each["id"] for each in cases if each["number"] == HANDING_OVER]
        self._desk = CaseDesk(self._baton, case)
        listed = [item for item in self.desk.items() if item.passed_on]
        self.require(
            {item.place for item in listed} == {thing.place for thing in self.things},
            "the list is not what the leaver holds",
        )
        turns = Counter(item.successor for item in listed if not item.about)  # what is about a client goes with it
        self.require(
            turns.keys() == set(SUCCESSORS) and max(turns.values()) - min(turns.values()) <= 1,
            f"the clients were not offered in turns: {dict(turns)}",
        )
        shares = ", ".join(f"{count} to {who}" for who, count in sorted(turns.items()))
        self.say(f"  {len(self.desk.items())} items on the list, offered in turns: {shares}, and what belongs to each")

    def _people_decide(self) -> None:
        """One colleague refuses a client and what belongs to it; the manager names the other; all accept."""
        first, second = SUCCESSORS
        offered = self.desk.items(ItemState.OFFERED)
        client = next(item for item in offered if item.successor == first and any(item.ref == o.about for o in offered))
        whole = [client, *(item for item in offered if item.about == client.ref)]
        self.desk.say("refuse", whole, first, "--why", "a relative works there")
        self.desk.say("name", whole, MANAGER, "--successor", second)
        self.say(f"  {first} refuses {len(whole)} items with a reason; {MANAGER} names {second}")
        self._accept()

    def _something_changes(self) -> None:
        """A deal changes in Salesforce after it was accepted: that version is nobody's any more."""
        deal = next(thing for thing in self.things if thing.kind is HoldingKind.OPPORTUNITY and thing.system == "crm")
        (seen,) = [item for item in self.desk.items(ItemState.ACCEPTED) if item.place == deal.place]
        self.around.crm.change_holding(deal.kind.value, deal.id)
        self.desk.ask("refresh")
        self.say("  a deal changes in Salesforce, and the list with it")
        (item,) = self.desk.items(ItemState.OFFERED)[-1:]
        self.require((item.place, item.version) == (deal.place, seen.version + 1), "the change was not noticed")
        refusal = self.desk.say("accept", [seen], item.successor, expect=_REFUSED)
        self.require(refusal["error"] == "version", "the version before the change could be accepted")
        self.say(f"  item {item.id} is at version {item.version}: accepting version {seen.version} is refused")
        self._accept()
        self._approve()

    def _goes_over(self) -> None:
        """What is accepted and approved goes; WeCom only promises."""
        self._hour("what is approved goes over", "success")
        states = Counter(item.state for item in self.desk.items() if item.passed_on)
        promised = [item for item in self.desk.items(ItemState.MOVING) if item.passed_on]
        self.require(
            {item.system for item in promised} == {"wecom"} and states.keys() <= {ItemState.DONE, ItemState.MOVING},
            f"after the transfers the items are {dict(states)}",
        )
        self.say(f"  {states[ItemState.DONE]} read back with their successors, {len(promised)} promised by WeCom")

    def _day_at_wecom(self) -> Item:
        """24 hours pass at WeCom, in which a client says no; the leaver enters an order. The DAG run is red."""
        refusing = next(item for item in self.desk.items(ItemState.MOVING) if item.system == "wecom")
        self.around.wecom.refuse(refusing.ref.partition("/")[2])
        self.around.wecom.settle()
        client = next(thing for thing in self.things if thing.kind is HoldingKind.CLIENT and thing.system == "crm")
        self.things.append(belongings.place_order(self.around, client.id))
        run = self._hour("a day later: a client has refused, the leaver has placed an order", "failed")
        failed = self.around.airflow.failed_tasks(run)
        self.require(failed == ["read_back"], f"the DAG run is red at {failed}, not at what is stuck")
        (stuck,) = self.desk.items(ItemState.STUCK)
        self.require((stuck.place, stuck.code) == (refusing.place, "client_refused"), "another item is stuck")
        self.play.figures["refused_by_client"] = 1
        self.say("  the client who refused is somebody's work again; the DAG run is red, so that it is seen")
        return stuck

    def _not_finished(self) -> None:
        """The gate says what is missing, and nobody can overrule it."""
        refusal = self.desk.ask("complete", "--as", HR, "--why", "she wants to go", expect=_REFUSED)
        self.require(refusal["error"] == "unfinished", "an unfinished handover could be completed")
        missing = self.desk.missing()
        self.play.figures["obstacles_first"] = len(missing)
        self.say(f"  completing is refused: {'; '.join(missing)}")

    def _manager_decides(self, refusing: Item) -> None:
        """Two alerts: the client's no is looked into, and the client given to the other colleague."""
        alerts = {alert["rule"]: alert for alert in self.desk.ask("alerts", expect=1)}
        self.require(
            alerts.keys() == {"order_by_leaver", "client_refused"}, f"the alerts are about {', '.join(sorted(alerts))}"
        )
        self.play.figures["alerts"] = len(alerts)
        self._alert("dismiss", alerts["client_refused"], MANAGER, "talked to them: they want somebody else")
        (other,) = set(SUCCESSORS) - {refusing.successor}
        self.desk.say("name", [refusing], MANAGER, "--successor", other, "--why", "the client knows this colleague")
        self.around.wecom.customers.refusing.clear()
        self.say(f"  {MANAGER} has talked to the client and names {other}; that alert is dismissed")
        self._alert("ask-freeze", alerts["order_by_leaver"], MANAGER, "no longer theirs to do")
        self._alert("freeze", alerts["order_by_leaver"], MANAGER, "no longer theirs to do", expect=_REFUSED)
        self._alert("freeze", alerts["order_by_leaver"], HR, "agreed")
        self.say(f"  an order by the leaver: {MANAGER} wants them stopped there, {HR} agrees")
        self._accept()
        self._approve()

    def _two_people_freeze(self) -> None:
        """The freeze takes effect; the client goes to the other colleague, or so WeCom promises."""
        self._hour("the freeze, and the client's second try", "success")
        now = sight(self.around, ())
        self.require(now.rights + now.sessions == 0, f"{now.rights} rights, {now.sessions} sessions after the freeze")
        self.say("  Salesforce: every right of the leaver taken away, every session ended")
        self.around.wecom.settle()

    def _last_day(self) -> None:
        """By hand what no system knows; the account is closed by sync; what was given again is taken away again."""
        by_hand = [item for item in self.desk.items() if not item.system]
        self.desk.say("confirm", by_hand, MANAGER, "--why", "seen in cabinet 4, signed receipt 17")
        self.say(f"  {len(by_hand)} items that no system knows: confirmed by {MANAGER} with evidence")
        belongings.let_in_again(self.around)
        self.play.story.salesperson_has_left()
        self.play.sync("the last day was yesterday", "success")
        self._hour("accounts are closed, what is left of rights goes", "success")

    def _completed(self) -> None:
        missing = self.desk.missing()
        if missing:
            raise DemoFailedError(f"the handover is not finished: {'; '.join(missing)}")
        done = self.desk.ask("complete", "--as", HR, "--why", "everything is handed over")
        self.require(done["state"] == CaseState.COMPLETED, f"the case is {done['state']}")
        self.say("  nothing is missing: the case is completed")

    def _read_back(self) -> None:
        """Who holds what now, against who has said that they take it."""
        if self._before is None or self._won is None:
            raise DemoFailedError("nothing was planted")
        self._after = sight(self.around, [*self.things, self._won])
        passing = Passing(self._before, self._after, self._agreed, self._won)
        wrong = passing.wrong()
        for line in wrong:
            self.require(False, line)
        told = len(self.around.wecom.outbox)
        self.require(told > 0, "nobody was told anything")
        self.play.figures.update(
            handover_items=len(self.desk.items()),
            handed_over=len(self._agreed),
            people_told=told,
            read_back_compared=passing.compared,
            handover_wrong=len(wrong),
        )
        self.say(f"  read back: {passing.compared} compared, {len(wrong)} wrong; {told} messages sent to people")

    # --- words for what is done often

    @property
    def desk(self) -> CaseDesk:
        """The case."""
        if self._desk is None:
            raise DemoFailedError("there is no case yet")
        return self._desk

    def say(self, text: str) -> None:
        """Tell the audience."""
        self.play.narrator.say(text)

    def require(self, holds: bool, otherwise: str) -> None:
        """Note what is not as the story says."""
        self.play.require(holds, otherwise)

    def _hour(self, title: str, wanted: str) -> DagRun:
        self.say(f"the hour strikes: {title}")
        return self.play.perform(OFFBOARDING, title, wanted)

    def _accept(self) -> None:
        """Whoever is offered something takes it; what no system knows is confirmed later."""
        offered = [item for item in self.desk.items(ItemState.OFFERED) if item.system]
        for person in sorted({item.successor for item in offered}):
            theirs = [item for item in offered if item.successor == person]
            self.desk.say("accept", theirs, person)
            self._agreed.update((item.place, person) for item in theirs)

    def _approve(self) -> None:
        self.desk.say("approve", self.desk.items(ItemState.ACCEPTED), MANAGER)

    def _alert(self, act: str, alert: Any, person: str, why: str, *, expect: int = 0) -> None:
        self._baton("offboard", act, alert["key"], "--as", person, "--why", why, expect=expect)

    # --- what is shown

    def names(self) -> frozenset[str]:
        """What clients, contacts and business are called: none of it may be found where only ids belong."""
        return frozenset(thing.title for thing in self.things)

    def tables(self) -> Iterable[str]:
        """Each kind of thing: who held it, and with whom it is now."""
        if self._before is None or self._after is None:
            raise DemoFailedError("nothing was read back")
        yield "\nWhat the salesperson held, and with whom it is now, read back from each system:\n"
        yield kinds_table(self.things, self._before, self._after)

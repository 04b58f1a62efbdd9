"""Playing the story: each event is a new HR export and a DAG run; each is checked where it arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from baton.hub import Hub
from baton.sandbox.demo.company import CLIENTS, publish, salespeople
from baton.sandbox.demo.expected import Cell, compare
from baton.sandbox.demo.hub_cli import baton
from baton.sandbox.demo.narrator import DemoFailedError, Narrator
from baton.sandbox.demo.reaching import by_event
from baton.sandbox.demo.scheduler import CHECKER, RECONCILE, SYNC, DagRun
from baton.sandbox.demo.seen import SYSTEMS, look
from baton.sandbox.demo.story import DEPARTED, Story
from baton.sandbox.demo.surroundings import Surroundings
from baton.sandbox.tryton_seed import seed_clients
from baton.settings import load
from baton.store.runs import Run, RunState

_ERP_CLIENTS: Final = 60


class Play:
    """One performance. ``failures`` collects whatever is not as the story says."""

    def __init__(self, surroundings: Surroundings, narrator: Narrator) -> None:
        self.around = surroundings
        self.narrator = narrator
        self.story = Story.begin()
        self.failures: list[str] = []
        self.figures: dict[str, int] = {}
        self.runs: list[tuple[str, DagRun]] = []
        self.first_checkpoint: Future[Any] | None = None
        self._failed_run = ""
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="demo-aside")

    # --- parts

    def opening(self) -> None:
        """The initial load, and the clients that the salespeople own."""
        self.sync("initial load: 200 people into five systems", "success")
        self.check("after the initial load")
        sales = salespeople(self.story.people.values())
        owners = [sales[n % len(sales)] for n in range(CLIENTS)]
        self.around.crm.seed_accounts({"Name": f"示例客户{n:04}", "owner": owner} for n, owner in enumerate(owners, 1))
        self.narrator.say(f"{CLIENTS} clients given to {len(sales)} salespeople")

    def story_unfolds(self) -> None:
        """Everything that happens to people, then what happens to feeds and targets."""
        deals: Future[Any] = self._aside.submit(self._seed_deals)
        self.story.first_day()
        self.sync(
            "a hire, a move, a promotion, resignations, a departure, a new account, a last day in two zones", "success"
        )
        self.check("after the first day")
        self._acceptors()
        deals.result()
        self.first_checkpoint = self._aside.submit(baton, self.around.place, "audit", "checkpoint")
        self.story.retraction()
        self.sync("one resignation is taken back", "success")
        self.check("after the retraction")
        self._told_at_once()
        self._held_feed()
        self._dying_target()
        settled: Future[Any] = self._aside.submit(baton, self.around.place, "settle", self._failed_run)
        self._reconcile()
        verdict = settled.result()["run"]["verdict"]
        self.require(verdict == "clean", f"{self._failed_run} is {verdict} after the next run")
        self._aside.shutdown()

    def _seed_deals(self) -> None:
        """Opportunities in the ERP, owned by employees that the hub has created."""
        with self.around.tryton.admin() as admin:
            employees = [row["id"] for row in admin.rows("company.employee", [], ["party"])]
            seed_clients(admin, employees[:20], count=_ERP_CLIENTS)

    def _acceptors(self) -> None:
        """Whoever leaves Feishu leaves everything to the manager: nine kinds of things."""
        manager = self.story.people[DEPARTED].manager
        (removal,) = [entry for entry in self.around.oa.journal if entry.action == "remove"]
        given = {
            value.get("acceptor_user_id") if isinstance(value, dict) else value for value in removal.fields.values()
        }
        self.require(
            (removal.number, given) == (DEPARTED, {manager}),
            f"Feishu: the resources of {DEPARTED} went to {sorted(map(str, given))}, not all to {manager}",
        )
        self.figures["acceptors"] = len(removal.fields)

    def _told_at_once(self) -> None:
        """A vendor's event starts a run: how long until the last target has the change, Airflow's own part included."""
        self.story.promotion()
        self.narrator.say("HR export: one promotion; Feishu tells the hub of it")
        reached = by_event(self.around, self.story)
        self.runs.append(("an event of Feishu", reached.run))
        self.require(reached.run.state == "success", f"the run that Feishu's event started ended {reached.run.state}")
        self.figures["event_to_all_targets_ms"] = round(1000 * reached.seconds)
        self.narrator.say(f"  every target had it {reached.seconds:.1f} s after the event: {reached}")
        self.check("after the event")

    def _held_feed(self) -> None:
        """40 % leavers by mistake: the gate stops all of it, a second person rejects it, the next feed goes on."""
        before = self._writes()
        wrong = self.story.broken_feed()
        publish(wrong, self.around.place.feed)
        leavers = sum(person.status == "离职" for person in wrong)
        run = self._trigger(f"a feed in which {leavers} of {len(wrong)} people have left", "failed")
        (held,) = [found for found in self._latest_runs() if found.state is RunState.HELD]
        self.require(self.around.airflow.failed_tasks(run) == ["settle"], "the held DAG run is not red at `settle`")
        self.require(self._writes() == before, "the held feed wrote to a target")
        for reason in held.reasons[-1:]:
            self.narrator.say(f"held by the gate: {reason}")
        baton(self.around.place, "reject", held.id, "--as", CHECKER, "--why", "HR exported the wrong file")
        self.narrator.say(f"rejected by {CHECKER}: HR exported the wrong file")
        self.figures["held_runs"] = 1
        self.figures["held_effects"] = held.counts["effects"]
        self.figures["writes_while_held"] = sum(self._writes().values()) - sum(before.values())

    def _dying_target(self) -> None:
        """The right feed again, with thirty new titles; Feishu answers 429, works, then dies half-way."""
        moved = self.story.reorganisation()
        before = len(self.around.oa.journal)
        sandbox = self.around.sandbox
        sandbox.arrange("oa", "429", calls=2, retry_after_s=1)
        sandbox.arrange("oa", "drop_after", calls=2, skip=len(moved) // 2)  # done, and nobody was told
        sandbox.arrange("oa", "drop", calls=100_000)
        run = self.sync("thirty new titles; Feishu answers 429, then dies half-way", "failed")
        half = self._updates(before)
        self.require(0 < len(half) < len(moved), f"Feishu had taken {len(half)} of {len(moved)} when it died")
        self.narrator.say(f"Feishu had taken {len(half)} of {len(moved)} changes when it died ({run.state})")
        self._failed_run = self._latest_runs()[0].id
        sandbox.clear("oa")
        self.sync("Feishu is back; the next run takes up what was left", "success")
        all_of_them = self._updates(before)
        self.require(sorted(all_of_them) == sorted(moved), "Feishu: a change was lost or sent twice")
        self.figures["changes_before_death"] = len(half)
        self.figures["changes_in_all"] = len(all_of_them)

    def _updates(self, start: int) -> list[str]:
        return [entry.number for entry in self.around.oa.journal[start:] if entry.action == "update"]

    def _reconcile(self) -> None:
        """Every account of every system against what the hub has proven."""
        self.narrator.say("reconcile: scanning every system")
        run = self.around.airflow.run(RECONCILE)
        self.runs.append(("reconcile", run))
        counts = self.around.airflow.results(run, "reconcile")
        drifted = sum(found.get("drifted", 0) for found in counts)
        alike = sum(found.get("alike", 0) for found in counts)
        self.require(run.state == "success" and len(counts) == len(SYSTEMS), f"reconcile ended {run.state}")
        self.require(drifted == 0, f"reconcile found {drifted} accounts drifted")
        self.figures.update(reconciled=alike, drifted=drifted)
        self.narrator.say(f"reconcile: {alike} accounts alike, {drifted} drifted ({run.seconds} s)")

    # --- steps

    def sync(self, title: str, wanted: str) -> DagRun:
        """HR exports the people as the story has them now, and a DAG run carries that on."""
        publish(self.story.people.values(), self.around.place.feed)
        return self._trigger(title, wanted)

    def _trigger(self, title: str, wanted: str) -> DagRun:
        self.narrator.say(f"HR export: {title}")
        return self.perform(SYNC, title, wanted)

    def perform(self, dag: str, title: str, wanted: str, form: Mapping[str, Any] | None = None) -> DagRun:
        """A DAG run (with its form filled in) that must end as wanted (``success`` or ``failed``)."""
        run = self.around.airflow.run(dag, form)
        self.runs.append((title, run))
        self.narrator.say(
            f"  DAG run {run.state} after {run.seconds} s" + (" (as it must be)" if wanted == "failed" else "")
        )
        if run.state != wanted:
            raise DemoFailedError(
                f"the DAG run `{title}` ended {run.state} instead of {wanted}",
                log=self.around.airflow.task_log(run),
                remedy=f"BATON_SYSTEMS={self.around.place.systems} .venv/bin/baton runs",
            )
        return run

    def check(self, when: str) -> list[Cell]:
        """Read everything back and compare it with the story."""
        story = self.story
        cells = compare(story.people, story.fates, look(self.around, list(story.people)))
        wrong = [cell for cell in cells if not cell.right]
        self.narrator.say(f"  read back {when}: {len(cells)} values compared, {len(wrong)} wrong")
        for cell in wrong[:10]:
            self.failures.append(
                f"{when}: {cell.system} {cell.number} {cell.what}: expected {cell.expected!r}, found {cell.found!r}"
            )
        return cells

    def require(self, holds: bool, otherwise: str) -> None:
        """Note what is not as the story says."""
        if not holds:
            self.failures.append(otherwise)
            self.narrator.say(f"  WRONG: {otherwise}")

    def _latest_runs(self) -> Sequence[Run]:
        with Hub(load(self.around.place.systems)) as hub, hub.database.read() as connection:
            return hub.runs.latest(connection, 10)

    def _writes(self) -> dict[str, int]:
        """Accepted writes so far, by the targets' own count (Tryton: its records with their last change)."""
        with self.around.tryton.admin() as admin:
            touched = admin.rows("company.employee", [], ["write_date", "create_date"])
        return {
            "crm": len(self.around.crm.journal),
            "oa": len(self.around.oa.journal),
            "wecom": len(self.around.wecom.journal),
            "bank": len(self.around.bank.journal),
            "erp": sum((row["write_date"] is not None) + 1 for row in touched),
        }

"""Pay day: a payroll file checked against HR, signed for, stopped by a departure, paid, and reconciled to zero."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

from baton.model.pay_run import LineState
from baton.sandbox.demo.canaries import Marks
from baton.sandbox.demo.narrator import DemoFailedError
from baton.sandbox.demo.paid import Books, Judgement, Outcome, look_at_books, outcomes_table
from baton.sandbox.demo.payroll import Payroll, money, payroll_of, publish_payroll
from baton.sandbox.demo.play import Play
from baton.sandbox.demo.scheduler import BANKS, PAYROLL
from baton.sandbox.demo.story import DEPARTED, NEW_ACCOUNT, TOLD_LATE
from baton.sandbox.demo.workplace import BANK, OFFICES

SIGNERS: Final = {offices[0]: person for person, offices in OFFICES.items()}
HR, TREASURY = SIGNERS["hr"], SIGNERS["treasury"]
RETURNED: Final = "0127"
"""Whose account turns out to be closed."""
OUTCOMES: Final = {
    NEW_ACCOUNT: Outcome.WAIVED,
    DEPARTED: Outcome.LEFT_OUT,
    TOLD_LATE: Outcome.LEFT_LATE,
    RETURNED: Outcome.CAME_BACK,
}
_REFUSED: Final = 2
"""The exit code of a command that may not do what it is asked to do."""
_BANK_S: Final = 30.0


class PayDay:
    """One performance. Failures and figures go to the play; amounts are shown to people and to nobody else."""

    def __init__(self, play: Play, baton: Callable[..., Any]) -> None:
        self.play = play
        self.around = play.around
        self._baton = baton
        self.payroll: Payroll = payroll_of(play.story)
        self._run = ""
        self._totals: list[int] = []
        """Of the files that were built."""
        self._before: Books = look_at_books(self.around.paying)
        self._judgement: Judgement | None = None

    def perform(self) -> None:
        """Everything, in order."""
        self._prepared()
        self._waived()
        self._two_sign("two people sign for it")
        self._departure_arrives()
        self._without_them()
        self._delivered()
        self._one_comes_back()
        self._every_cent()

    # --- steps

    def _prepared(self) -> None:
        """Finance hands in its file; a DAG run drafts, checks and builds. One leaver is out, one line is held."""
        publish_payroll(self.payroll, self.play.story.people, self.around.place.payroll)
        count = len(self.payroll.amounts)
        self.say(f"finance hands in {count} salaries for {self.payroll.period}, {money(self.payroll.total_minor)} CNY")
        form = {
            "file": self.around.place.payroll.name,
            "bank": BANK,
            "period": self.payroll.period,
            "pay_day": f"{self.payroll.pay_day:%Y-%m-%d}",
            "count": count,  # the control total: how many lines there must be
        }
        self.play.perform(PAYROLL, "a payroll file is drafted, checked and built", "success", form)
        self._run = str(self._baton("pay", "list")[0]["run"])
        lines = self._lines()
        self.require(
            self._other_than(lines, LineState.FILED) == {DEPARTED: "left_out", NEW_ACCOUNT: "held"},
            f"the checks kept back {self._other_than(lines, LineState.FILED)}",
        )
        states = Counter(line["state"] for line in lines.values())
        self.say(
            f"  {states['filed']} lines in the file; left out: {DEPARTED} (departed);"
            f" held: {NEW_ACCOUNT} ({lines[NEW_ACCOUNT]['code'].replace('_', ' ')})"
        )
        self.play.figures["payroll_lines"] = count

    def _waived(self) -> None:
        """HR has called back about the new account; the file is made again with that line in it."""
        found = [each for each in self.pay("check")["findings"] if each["severity"] == "hold"]
        place = self._lines()[NEW_ACCOUNT]["place"]
        self.require([each["place"] for each in found] == [place], "another line is held")
        self.pay("waive", found[0]["key"][:12], "--role", "hr", "--as", HR, "--why", "called back on the known number")
        self.say(f"  {HR} has called back and waives it; whoever made the run could not have")

    def _two_sign(self, title: str) -> None:
        """The file is built, and signed for by two: who, the amount and the warnings decide."""
        (file,) = self.pay("build")["files"]
        self._totals.append(file["total_minor"])
        offices = [str(office) for office in self.pay("show")["missing"]]
        for office in offices:
            signed = self.pay("sign", "--role", office, "--as", SIGNERS[office])
        self.require(len(offices) == 2 and signed["sufficient"], f"it took {offices} to sign, and still {signed}")
        self.say(
            f"  {title} ({' and '.join(SIGNERS[office] for office in offices)}):"
            f" {file['count']} lines, {money(file['total_minor'])} CNY"
        )

    def _departure_arrives(self) -> None:
        """HR enters a departure of five weeks ago: what was signed for may not be released."""
        self.play.story.departure_told_late()
        self.play.sync("a departure of five weeks ago is entered only now, after the signatures", "success")
        refusal = self.pay("release", "--as", TREASURY, "--why", "pay day", expect=_REFUSED)
        self.require(refusal["error"] == "people_changed", f"the release was refused with {refusal['error']}")
        self.say("  the release is refused: somebody in the file is not who they were when it was signed for")
        self.play.figures["releases_refused"] = 1

    def _without_them(self) -> None:
        """Checked again, built without that person, signed for again, released."""
        self.pay("check")
        left_out = self._other_than(self._lines(), LineState.DRAFT)
        self.require(
            left_out == {DEPARTED: "left_out", TOLD_LATE: "left_out"}, f"checked again, it kept back {left_out}"
        )
        self.say(f"  checked again: {TOLD_LATE} is left out as well; both signatures are void")
        self._two_sign("signed for once more")
        self.pay("release", "--as", TREASURY, "--why", "pay day")
        self.say(f"  {TREASURY} releases it, once")

    def _delivered(self) -> None:
        """A DAG run takes the file to the bank, which accepts it: nobody is paid by that."""
        self.around.paying.mood.returns[self.payroll.reference(RETURNED)] = "AC04"
        self.say("the quarter of an hour strikes: the file goes to the bank over SFTP, sealed for it")
        self.play.perform(BANKS, "the file is delivered", "success")
        self._await_bank()
        self._baton("pay", "answers")  # what the bank has said since the DAG run looked
        states = Counter(line["state"] for line in self._lines().values())
        self.require(
            states == {"accepted": len(self.payroll.amounts) - 2, "left_out": 2},
            f"once the bank had the file, the lines were {dict(states)}",
        )
        self.require(sum(self.around.paying.paid.values()) == 0, "the bank has paid before the pay day")
        self.say(f"  the bank's pain.002: {states['accepted']} lines accepted, none of them paid yet")

    def _await_bank(self) -> None:
        """The bank works in rounds of its own."""
        end = time.monotonic() + _BANK_S
        while not self.around.paying.orders:
            if time.monotonic() > end:
                raise DemoFailedError("the file is not at the bank")
            time.sleep(0.05)

    def _one_comes_back(self) -> None:
        """Pay day at the bank, and the day after, on which one payment is back. The DAG run is red."""
        bank, pay_day = self.around.paying, self.payroll.pay_day
        booked = [bank.book(pay_day), bank.book(pay_day + timedelta(days=1))]
        self.say(f"pay day at the bank: {booked[0]} bookings; the day after {booked[1]}, since an account is closed")
        run = self.play.perform(BANKS, "the bank's answers: one salary has come back", "failed")
        failed = self.around.airflow.failed_tasks(run)
        self.require(failed == ["read_answers"], f"the DAG run is red at {failed}, not at the money that came back")
        self.say("  camt.053 read: the line is returned, no longer paid; the DAG run is red, so that it is seen")

    def _every_cent(self) -> None:
        """The hub's reconciliation, and everybody's salary in the bank's own books."""
        view = self._baton("pay", "reconcile", "--bank", BANK, "--period", self.payroll.period)
        found = view["runs"][self._run]
        kinds = Counter(each["kind"] for each in view["differences"])
        filed = len(self.payroll.amounts) - 2
        self.require(
            (view["verdict"], found["rest_minor"], found["compared"], kinds) == ("clean", 0, filed, {"returned": 1}),
            f"reconciliation: {view['verdict']}, {found['compared']} of {found['lines']} lines, {dict(kinds)}",
        )
        lines = {number: line["state"] for number, line in self._lines().items()}
        after = look_at_books(self.around.paying)
        judgement = Judgement(self.payroll, self.play.story.people, OUTCOMES, self._before, after, lines)
        wrong = judgement.wrong()
        for line in wrong:
            self.require(False, line)
        self.play.figures.update(
            lines_paid=sum(state == LineState.PAID for state in lines.values()),
            lines_returned=sum(state == LineState.RETURNED for state in lines.values()),
            lines_left_out=sum(state == LineState.LEFT_OUT for state in lines.values()),
            unexplained_minor=found["rest_minor"],
            payments_compared=judgement.compared,
            payments_wrong=len(wrong),
        )
        self.say(
            f"  reconciled: {view['entries']} bookings, {found['rest_minor']} fen unexplained;"
            f" the bank's books: {judgement.compared} values compared, {len(wrong)} wrong"
        )
        self._judgement = judgement

    # --- words for what is done often

    def pay(self, command: str, *arguments: str, expect: int = 0) -> Any:
        """Perform ``baton pay <command> RUN …``; its document."""
        return self._baton("pay", command, self._run, *arguments, expect=expect)

    def say(self, text: str) -> None:
        """One line of progress."""
        self.play.narrator.say(text)

    def require(self, holds: bool, otherwise: str) -> None:
        """Note what is not as the story says."""
        self.play.require(holds, otherwise)

    def _lines(self) -> dict[str, Any]:
        """Number -> line of the run."""
        return {line["number"]: line for line in self.pay("show")["lines"]}

    def _other_than(self, lines: dict[str, Any], usual: LineState) -> dict[str, str]:
        """Whose lines are in another state than the others, and in which."""
        return {number: line["state"] for number, line in lines.items() if line["state"] != usual}

    # --- what is shown

    def marks(self) -> Marks:
        """Amounts: none of them may be found where only ids belong."""
        return self.payroll.marks(self._totals)

    def tables(self) -> Iterable[str]:
        """What became of the payroll, to the cent."""
        if self._judgement is None:
            raise DemoFailedError("nobody was paid")
        yield "\nWhat became of the payroll, read back from the bank's own books (not from the hub):\n"
        yield outcomes_table(self._judgement)

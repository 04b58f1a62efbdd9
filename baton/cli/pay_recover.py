"""baton pay overpaid, recover …: what was paid and not owed, and how it comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from baton.cli.context import BROKEN, Context, command
from baton.cli.offboard_verify import trusted_keys
from baton.cli.output import Voice, working
from baton.cli.pay_options import as_person, minor_of
from baton.cli.pay_options import role as with_role
from baton.cli.pay_options import why as with_why
from baton.errors import TamperedError
from baton.model.money import major_text as amount

if TYPE_CHECKING:
    from baton.jobs.payment.overpayment import NotOwed, Overpaid
    from baton.model.recovery import Instalment, RecoveryCase, RecoveryEntry

_DAY: Final = click.DateTime(["%Y-%m-%d"])


@command("overpaid")
@click.option("--person", "numbers", multiple=True, help="Only this person (may be given again).")
def overpaid_command(context: Context, numbers: tuple[str, ...]) -> int:
    """What was paid and not owed, by what HR says now; changes nothing. Exit code 1 when somebody has to act."""
    from baton.hub.payment.overpayments import figures, find

    voice = context.voice
    with context.hub() as hub, working(voice, "comparing"):
        found = find(hub, numbers)
    _show_found(voice, found)
    voice.document({"counts": figures(found), "people": {number: _found(one) for number, one in found.items()}})
    return int(any(_to_do(one) for one in found.values()))


@click.group("recover")
def recover() -> None:
    """Get back what was overpaid: told politely, agreed on, taken in, accounted for."""


@command("open")
@click.argument("number", metavar="PERSON")
@with_why
@as_person
@click.option("--dry-run", is_flag=True, help="Only show what would be claimed; the same as: baton pay overpaid.")
def open_command(context: Context, number: str, why: str, person: str, dry_run: bool) -> None:
    """Open a case for all that was overpaid to somebody and has left our account."""
    from baton.hub.payment.overpayments import find
    from baton.hub.payment.recovering import open_cases

    voice = context.voice
    with context.hub() as hub:
        if dry_run:
            found = find(hub, [number])
            _show_found(voice, found)
            voice.document({name: _found(one) for name, one in found.items()})
            return
        opened = open_cases(hub, number, person, why)
    if not opened:
        voice.say("{person}: nothing to claim", person=number)
    for case in opened:
        voice.say("{case}: {amount} claimed; look at the letter: baton pay recover notice {case} --dry-run --as YOU",
                  case=case.id, amount=amount(case.amount_minor, case.currency))  # fmt: skip
    voice.document([_case(case) for case in opened])


@command("list")
@click.option("--person", "number", default="", help="Only this person's.")
def list_command(context: Context, number: str) -> None:
    """The recovery cases, oldest first."""
    voice = context.voice
    with context.hub() as hub, hub.database.read() as connection:
        cases = hub.recoveries.listed(connection, number=number)
    rows = [
        (case.id, case.number, voice.words(case.state.value), amount(case.amount_minor, case.currency),
         amount(case.back_minor, case.currency), amount(case.open_minor, case.currency),
         amount(case.repaid_minor, case.currency), amount(case.owed_back_minor, case.currency))
        for case in cases
    ]  # fmt: skip
    voice.table(["case", "person", "state", "amount", "back", "open", "paid back", "owed back"], rows)
    voice.document([_case(case) for case in cases])


@command("show")
@click.argument("case")
def show_command(context: Context, case: str) -> None:
    """A case: what it claims and why, and its ledger."""
    from baton.hub.payment.noticing import deliveries
    from baton.hub.payment.recovering import find_case

    voice = context.voice
    with context.hub() as hub:
        found, entries = find_case(hub, case)
        sent = deliveries(hub, entries)
    _tell(voice, found)
    voice.table(["period", "component", "pay day", "amount", "why"], [
        (line.period, voice.words(line.component), line.pay_day, amount(line.amount_minor, found.currency),
         line.working)
        for line in found.lines
    ])  # fmt: skip
    voice.table(["at", "what", "person", "state", "amount", "result"], [
        (f"{entry.at:%Y-%m-%d %H:%M} UTC", voice.words(entry.kind.value), entry.person, voice.words(entry.state.value),
         amount(entry.amount_minor, found.currency), _results(entry, sent))
        for entry in entries
    ])  # fmt: skip
    voice.document(_case(found) | {"lines": found.lines, "plan": found.plan, "ledger": entries, "deliveries": sent})


@command("notice")
@click.argument("case")
@as_person
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where the letter is written.")
@click.option("--dry-run", is_flag=True, help="Only show the letter.")
def notice_command(context: Context, case: str, person: str, folder: Path | None, dry_run: bool) -> None:
    """Write to the person: through a notifier where one reaches them, else as files for a registered letter."""
    from baton.hub.payment.noticing import drafted_letters, notice

    voice = context.voice
    with context.hub() as hub:
        if dry_run:
            drafted = drafted_letters(hub, case)
            for letter in drafted:
                voice.text(f"{letter.subject}\n\n{letter.text}\n")
            voice.document(drafted)
            return
        noticed = notice(hub, case, person, folder)
    if noticed.system:
        voice.say("{case}: sent through {system}", case=case, system=noticed.system)
    if noticed.announced_by:
        voice.say("{case}: announced through {system}", case=case, system=noticed.announced_by)
    for path in noticed.files:
        voice.say("written: {path}", path=path)
    voice.document(_case(noticed.case) | {"system": noticed.system, "files": list(noticed.files),
                                         "announced_by": noticed.announced_by})  # fmt: skip


@command("agree")
@click.argument("case")
@as_person
@click.option("--paper", required=True, help="The name of the paper that the person has signed.")
@click.option("--on", "given_on", type=_DAY, required=True, help="The day it was signed on.")
@click.option("--part", "parts", multiple=True, required=True, metavar="DAY:AMOUNT[:wages]",
              help="An instalment, such as 2026-12-31:1000.00; :wages for one that is kept from wages.")  # fmt: skip
@click.option("--wage", default=None, metavar="AMOUNT", help="The month's wage, where something is kept from it.")
def agree_command(
    context: Context, case: str, person: str, paper: str, given_on: datetime, parts: Sequence[str], wage: str | None
) -> None:
    """Keep the plan that the person has agreed to in writing."""
    from baton.hub.payment.recovering import Consent, agree, find_case

    with context.hub() as hub:
        currency = find_case(hub, case)[0].currency
        plan = [_instalment(part, currency) for part in parts]
        wage_minor = None if wage is None else minor_of(wage, currency, "--wage")
        agreed = agree(hub, case, person, plan, Consent(given_on.date(), paper), wage_minor)
    _done(context.voice, agreed)


@command("take")
def take_command(context: Context) -> None:
    """Take in what came back: by the reference on a statement, or returned by the bank."""
    from baton.hub.payment.money_back import take_back

    with context.hub() as hub:
        counts = take_back(hub)
    for case, count in counts.items():
        context.voice.say("{case}: {count} taken in", case=case, count=count)
    if not counts:
        context.voice.say("nothing to do")
    context.voice.document(counts)


@command("bookings")
def bookings_command(context: Context) -> None:
    """What came in on our accounts and is in no case's ledger, with the cases that it names.

    What may be counted already stands on another page or copy of a statement than one that is: somebody has to look.
    """
    from baton.hub.payment.money_back import credits_of, named_by, not_taken_in

    voice = context.voice
    with context.hub() as hub, hub.database.read() as connection:
        rest = not_taken_in(hub, connection, credits_of(hub, connection))
        cases = {case.reference: case for case in hub.recoveries.listed(connection)}
    named = [(each, [case.id for case in named_by(each, cases)]) for each in rest]
    voice.table(["key", "at", "amount", "names", "counted already"], [
        (each.evidence, each.entry.booked, amount(each.entry.amount_minor, each.entry.currency), ", ".join(names),
         voice.words("maybe") if each.doubtful else "")
        for each, names in named
    ])  # fmt: skip
    voice.document([
        {"key": each.evidence, "booked": each.entry.booked, "amount_minor": each.entry.amount_minor,
         "currency": each.entry.currency, "names": names, "may_be_counted": each.doubtful}
        for each, names in named
    ])  # fmt: skip


@command("credit")
@click.argument("case")
@click.argument("booking")
@with_why
@as_person
def credit_command(context: Context, case: str, booking: str, why: str, person: str) -> None:
    """Take in a booking that does not name the case (BOOKING: its key, as bookings tells it)."""
    from baton.hub.payment.money_back import credit_to

    with context.hub() as hub:
        after = credit_to(hub, case, booking, person, why)
    _done(context.voice, after)


@command("wages")
@click.argument("case")
@click.option("--period", required=True, metavar="MONTH", help="From which month's wage, such as 2026-12.")
@click.option("--amount", "kept", required=True, metavar="AMOUNT", help="What payroll has kept.")
@click.option("--due", type=_DAY, default=None,
              help="The day of the instalment, where the plan has several from that wage.")  # fmt: skip
@as_person
def wages_command(context: Context, case: str, period: str, kept: str, due: datetime | None, person: str) -> None:
    """Note what payroll has kept from a wage, as it was agreed: each instalment once."""
    from baton.hub.payment.money_back import kept_from_wages
    from baton.hub.payment.recovering import find_case

    with context.hub() as hub:
        minor = minor_of(kept, find_case(hub, case)[0].currency, "--amount")
        after = kept_from_wages(hub, case, person, period, minor, None if due is None else due.date())
    _done(context.voice, after)


def _decision(name: str, about: str) -> click.Command:
    @command(name, help=about)
    @click.argument("case")
    @with_role
    @with_why
    @as_person
    def decide_command(context: Context, case: str, role: str, why: str, person: str) -> None:
        from baton.hub.payment import recovering
        from baton.jobs.payment.roles import Role

        decide = {"write-off": recovering.write_off, "withdraw": recovering.withdraw_case}[name]
        with context.hub() as hub:
            after = decide(hub, case, person, Role(role), why)
        _done(context.voice, after)

    return decide_command


@command("vouchers")
@click.argument("case")
def vouchers_command(context: Context, case: str) -> None:
    """The entries for the ledger: the claim, what came back, what was given up."""
    from baton.hub.payment.recovery_evidence import vouchers_of

    voice = context.voice
    with context.hub() as hub:
        _, found = vouchers_of(hub, case)
    voice.table(["at", "debit", "credit", "amount", "what"], [
        (each.day, each.debit, each.credit, amount(each.amount_minor, each.currency),
         each.text_zh if voice.language == "zh" else each.text_en)
        for each in found
    ])  # fmt: skip
    voice.document(found)


@command("pack")
@click.argument("case")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to.")
@as_person
def pack_command(context: Context, case: str, folder: Path, person: str) -> None:
    """Everything that proves a case: a signed manifest (JSON), and a page to read. Both hold personal data."""
    from baton.hub.handed_out import file_over, folder_for
    from baton.hub.payment.recovery_evidence import issue_pack

    with context.hub() as hub:
        pack = issue_pack(hub, case, person)
    files = {folder / f"{pack.case_id}.json": pack.manifest, folder / f"{pack.case_id}.html": pack.page.encode()}
    folder_for(folder)
    for path, content in files.items():
        with file_over(path) as file:
            file.write(content)
        context.voice.say("written: {path}", path=path)
    context.voice.document({"case": pack.case_id, "files": list(files)})


@command("verify")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), help="The public keys (audit.pub).")
def verify_command(context: Context, file: Path, key: Path | None) -> int:
    """Check a pack's manifest against the hub's public keys; 2 when it does not hold."""
    from baton.hub.payment.recovery_evidence import verify_file

    try:
        content = verify_file(file, trusted_keys(context, key))
    except TamperedError as error:
        context.voice.say("{file}: {why}", file=file, why=str(error))
        context.voice.document({"holds": False, "why": error.code})
        return BROKEN
    context.voice.say("{file}: signed by the hub, unchanged; {case}", file=file, case=content["case"]["id"])
    context.voice.document({"holds": True, "case": content["case"]["id"], "state": content["case"]["state"]})
    return 0


def _instalment(text: str, currency: str) -> Instalment:
    from baton.model.recovery import Instalment, Way

    parts = text.split(":")
    try:
        day, minor = date.fromisoformat(parts[0]), minor_of(parts[1], currency, "--part")
        way = {"": Way.TRANSFER, "wages": Way.WAGES}[":".join(parts[2:])]
    except (ValueError, IndexError, KeyError):
        raise click.UsageError("--part takes DAY:AMOUNT or DAY:AMOUNT:wages, such as 2026-12-31:1000.00") from None
    return Instalment(day, minor, way)


def _done(voice: Voice, case: RecoveryCase) -> None:
    _tell(voice, case)
    voice.document(_case(case))


def _results(entry: RecoveryEntry, sent: Mapping[str, Mapping[str, Any]]) -> str:
    """What has become of a letter, and of the text message that told of it."""
    states = (sent.get(key, {}).get("state", "") for key in (entry.evidence, entry.announcement))
    return ", ".join(state for state in states if state)


def _tell(voice: Voice, case: RecoveryCase) -> None:
    voice.say("{case}: {state}; {amount} claimed, {back} back, {open} open", case=case.id,
              state=voice.words(case.state.value), amount=amount(case.amount_minor, case.currency),
              back=amount(case.back_minor, case.currency), open=amount(case.open_minor, case.currency))  # fmt: skip
    if case.repaid_minor:
        voice.say("{case}: {amount} of what came back too much is paid back", case=case.id,
                  amount=amount(case.repaid_minor, case.currency))  # fmt: skip
    if case.owed_back_minor:
        voice.say("{case}: {amount} came back too much: pay it with component recovery", case=case.id,
                  amount=amount(case.owed_back_minor, case.currency))  # fmt: skip


def _case(case: RecoveryCase) -> dict[str, Any]:
    names = ("id", "number", "reference", "state", "currency", "amount_minor", "back_minor", "open_minor")
    return {name: getattr(case, name) for name in (*names, "repaid_minor", "owed_back_minor")}


def _to_do(one: Overpaid) -> bool:
    return bool(one.unclear or one.claimed_too_much or any(each.amount_minor for each in one.not_owed))


def _show_found(voice: Voice, found: Mapping[str, Overpaid]) -> None:
    rows = [
        (number, each.line.key.period, amount(each.amount_minor, each.line.currency), voice.words(each.remedy.value),
         each.working.text, f"v{each.cause.version} {each.cause.recorded_at:%Y-%m-%d %H:%M} UTC")
        for number, one in found.items() for each in one.not_owed
    ]  # fmt: skip
    if rows:
        voice.table(["person", "period", "amount", "what to do", "why", "told"], rows)
    doubts = [
        (number, each.line.key.period, voice.words(each.line.key.component.value), voice.words(each.doubt.value))
        for number, one in found.items() for each in one.unclear
    ]  # fmt: skip
    if doubts:
        voice.say("somebody has to look at these:")
        voice.table(["person", "period", "component", "why"], doubts)
    for number, one in found.items():
        if one.claimed_too_much:
            voice.say("{person}: more is claimed than was not owed: baton pay recover withdraw", person=number)
    if not found:
        voice.say("nothing was overpaid")


def _found(one: Overpaid) -> dict[str, Any]:
    return {"not_owed": [_not_owed(each) for each in one.not_owed],
            "unclear": [{"reference": each.line.key.reference, "doubt": each.doubt} for each in one.unclear],
            "claimed_too_much": one.claimed_too_much}  # fmt: skip


def _not_owed(each: NotOwed) -> dict[str, Any]:
    key, cause = each.line.key, each.cause
    return {"reference": key.reference, "period": key.period, "component": key.component, "state": each.line.state,
            "paid_minor": each.line.amount_minor, "amount_minor": each.amount_minor,
            "claimed_minor": each.claimed_minor, "currency": each.line.currency, "remedy": each.remedy,
            "working": each.working.text, "cause": {"version": cause.version, "recorded_at": cause.recorded_at,
            "pay_end": cause.pay_end, "hire_day": cause.hire_day, "late": cause.late}}  # fmt: skip


for each in (
    *(open_command, list_command, show_command, notice_command, agree_command, take_command, bookings_command),
    *(credit_command, wages_command, vouchers_command, pack_command, verify_command),
    _decision("write-off", "Give up what is still open: by an office that the policy names."),
    _decision("withdraw", "Take the claim back, since it was owed after all: HR's to say."),
):
    recover.add_command(each)

COMMANDS = (overpaid_command, recover)

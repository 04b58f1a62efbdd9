"""Laws of account targets: what an account is after each action. The name of a law is its title."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from baton.contracts import LookupTarget, RemovalTarget
from baton.errors import RejectedError
from baton.kit.bench import Bench, LawBrokenError, NotApplicableError, Said, expect, not_applicable
from baton.model.account import AccountState, Action, FieldSpec, FieldType, Outcome, Scalar

FULL_BATCH = 250
"""A batch limit beyond this is tried with this many."""
AWKWARD = "0012 䶮 ‘引’ \"q\" \\ <b>&amp; %s {x} 'a';--"


def provision_then_find_gives_the_same_fields(bench: Bench) -> None:
    expect(bench.find(1) == [None], "find gives an account before one was provisioned")
    fields = bench.sample(1)
    (receipt,) = bench.do(Action.PROVISION, 1, fields=fields)
    account = bench.account(1)
    expect(account.number == "0001", "the account does not carry the employee number exactly as given (0001)")
    expect(account.state is AccountState.ENABLED, f"a new account is {account.state}, not enabled")
    expect(receipt.external_id in (None, account.external_id), "the receipt names another account than find does")
    bench.expect_fields(account, fields)


def provision_twice_with_the_same_key_makes_one_account(bench: Bench) -> None:
    write = bench.write(Action.PROVISION, 1)
    bench.perform(Action.PROVISION, [write])
    bench.perform(Action.PROVISION, [write])
    found = len(bench.accounts_of(1))
    expect(found == 1, f"the same provision sent twice left {found} accounts")


def provision_takes_over_an_existing_account(bench: Bench) -> None:
    bench.do(Action.PROVISION, 1)
    fields = {**bench.sample(1), **bench.changed(1)}
    bench.do(Action.PROVISION, 1, fields=fields)
    found = bench.accounts_of(1)
    expect(len(found) == 1, f"a second provision for the same number left {len(found)} accounts")
    bench.expect_fields(bench.account(1), fields)


def update_changes_only_the_given_fields(bench: Bench) -> None:
    fields = bench.sample(1)
    bench.do(Action.PROVISION, 1, 2, fields=None)
    before = bench.account(2)
    bench.do(Action.UPDATE, 1)
    account = bench.account(1)
    bench.expect_fields(account, {**fields, **bench.changed(1)})
    expect(account.state is AccountState.ENABLED, f"an update left the account {account.state}")
    after = bench.account(2)
    expect((after.fields, after.state) == (before.fields, before.state), "an update changed somebody else's account")


def update_of_an_unknown_person_is_refused_and_makes_no_account(bench: Bench) -> None:
    bench.do(Action.PROVISION, 1)
    writes = [bench.write(Action.UPDATE, 2)]
    said = bench.said(Action.UPDATE, writes)
    said = Said(bench.settled(writes, said.receipts), said.error)
    outcomes = {receipt.outcome for receipt in said.receipts}
    refused = isinstance(said.error, RejectedError) or outcomes == {Outcome.REFUSED}
    expect(refused, f"updating a person who has no account gave {said}, not a refusal")
    expect(bench.find(2) == [None], "updating a person who has no account made one")


def receipts_are_one_per_write_in_order(bench: Bench) -> None:
    count = max(2, min(bench.target.batch_limit, FULL_BATCH))
    people = list(range(count, 0, -1))
    receipts = bench.do(Action.PROVISION, *people)
    accounts = bench.find(*people)
    for n, receipt, account in zip(people, receipts, accounts, strict=True):
        if account is None:
            raise LawBrokenError(f"person {n:04d} has a receipt and no account")
        expect(account.number == f"{n:04d}", "find does not answer in the order it was asked")
        expect(receipt.external_id in (None, account.external_id), "a receipt names another person's account")


def a_bad_record_does_not_harm_its_neighbours(bench: Bench) -> None:
    bad = _bad_fields(bench)
    writes = [bench.write(Action.PROVISION, n, bad if n == 2 else None) for n in (1, 2, 3)]
    if bench.target.batch_limit == 1:
        said = bench.said(Action.PROVISION, [writes[1]])
        bench.perform(Action.PROVISION, [writes[0], writes[2]])
    else:
        receipts = bench.settled(writes, bench.call(Action.PROVISION, writes))
        said = Said((receipts[1],))
        neighbours = {receipts[0].outcome, receipts[2].outcome}
        expect(neighbours == {Outcome.DONE}, f"one bad record of three gave its neighbours {neighbours}")
    refused = isinstance(said.error, RejectedError) or {r.outcome for r in said.receipts} == {Outcome.REFUSED}
    expect(refused, f"a record the other side refuses gave {said}, not a refusal")
    expect([account is None for account in bench.find(1, 2, 3)] == [False, True, False], "the wrong accounts exist")
    for receipt in said.receipts:
        expect(receipt.code or receipt.message, "a refusal says neither a code nor a message")


def disable_then_enable_restores(bench: Bench) -> None:
    bench.do(Action.PROVISION, 1, 2)
    before = bench.account(1)
    bench.do(Action.DISABLE, 1)
    expect(bench.account(1).state is AccountState.DISABLED, f"a disabled account reads {bench.account(1).state}")
    expect(bench.account(2).state is AccountState.ENABLED, "disabling one person disabled another")
    bench.do(Action.ENABLE, 1)
    after = bench.account(1)
    expect(after.state is AccountState.ENABLED, f"an enabled account reads {after.state}")
    given = {*bench.needed(Action.DISABLE, 1), *bench.needed(Action.ENABLE, 1)}
    kept = [{k: v for k, v in account.fields.items() if k not in given} for account in (before, after)]
    expect(kept[0] == kept[1], "disable and enable changed fields that were not given")


def disable_twice_is_harmless(bench: Bench) -> None:
    bench.do(Action.PROVISION, 1)
    bench.do(Action.DISABLE, 1)
    bench.do(Action.DISABLE, 1)
    expect(bench.account(1).state is AccountState.DISABLED, "after two disables the account is not disabled")


def enable_sets_the_given_fields(bench: Bench) -> None:
    bench.do(Action.PROVISION, 1)
    bench.do(Action.DISABLE, 1)
    bench.do(Action.ENABLE, 1, fields={**bench.needed(Action.ENABLE, 1), **bench.changed(1)})
    bench.expect_fields(bench.account(1), bench.changed(1))


def scan_finds_everyone_once(bench: Bench) -> None:
    people = range(1, 8)
    bench.do(Action.PROVISION, *people)
    bench.do(Action.DISABLE, 3)
    scanned = [account for account in bench.target.scan() if account.number is not None]
    numbers = sorted(account.number for account in scanned if account.number)
    wanted = [f"{n:04d}" for n in people]
    expect(len(numbers) == len(set(numbers)), "scan gives somebody twice")
    expect(set(wanted) <= set(numbers), f"scan gives {len(set(wanted) & set(numbers))} of {len(wanted)} people")
    found = {account.number: account for account in bench.find(*people) if account is not None}
    for account in scanned:
        if account.number in found:
            one = found[account.number]
            same = (account.state, account.fields, account.external_id) == (one.state, one.fields, one.external_id)
            expect(same, "scan and find read the same account differently")


def text_survives_exactly(bench: Bench) -> None:
    name, spec = _free_text(bench)
    text = AWKWARD[: spec.max_length or len(AWKWARD)]
    bench.do(Action.PROVISION, 12)
    bench.do(Action.UPDATE, 12, fields={name: text})
    account = bench.account(12)
    expect(account.number == "0012", f"the number 0012 came back as {account.number!r}")
    expect(account.fields.get(name) == text, f"{text!r} written to {name} came back as {account.fields.get(name)!r}")


def many_threads_do_the_same_as_one(bench: Bench) -> None:
    people = range(1, 17)
    writes = [bench.write(Action.PROVISION, n) for n in people]
    with ThreadPoolExecutor(8) as pool:
        for receipts in pool.map(lambda write: bench.perform(Action.PROVISION, [write]), writes):
            expect(len(receipts) == 1, "a call for one record gave several receipts")
    for account, n in zip(bench.find(*people), people, strict=True):
        if account is None:
            raise LawBrokenError("a person provisioned from one of eight threads has no account")
        bench.expect_fields(account, bench.sample(n))


def remove_ends_the_account(bench: Bench) -> None:
    if not isinstance(bench.connector, RemovalTarget):
        not_applicable("the connector does not remove accounts")
    bench.do(Action.PROVISION, 1, 2)
    bench.do(Action.REMOVE, 1)
    (gone,) = bench.find(1)
    expect(gone is None or gone.state is AccountState.REMOVED, f"a removed account reads {gone and gone.state}")
    expect(bench.account(2).state is AccountState.ENABLED, "removing one person removed another")
    bench.do(Action.REMOVE, 1)


def look_up_tells_done_from_never_sent(bench: Bench) -> None:
    if not isinstance(bench.connector, LookupTarget):
        not_applicable("the connector has no look-up by key")
    sent, never = bench.write(Action.PROVISION, 1), bench.write(Action.PROVISION, 2)
    bench.perform(Action.PROVISION, [sent])
    known, unknown = bench.connector.look_up(bench.as_sent([sent, never]))
    expect(known.outcome in (Outcome.DONE, Outcome.ACCEPTED), f"look-up of a write that was done says {known.outcome}")
    expect(
        unknown.outcome in (Outcome.NOT_PERFORMED, Outcome.IN_DOUBT),
        f"look-up of a write that was never sent says {unknown.outcome}",
    )


def _bad_fields(bench: Bench) -> dict[str, Scalar]:
    """Fields of a person that the other side will not take."""
    fields = bench.sample(2)
    if hasattr(bench.counterpart, "bad"):
        return dict(bench.counterpart.bad(2))
    for name, spec in bench.target.fields.items():
        if spec.required and name in fields:
            return {key: value for key, value in fields.items() if key != name}
    for name, spec in bench.target.fields.items():
        if spec.max_length is not None and name in fields:
            return {**fields, name: "长" * (spec.max_length + 1)}
    raise NotApplicableError("no field is required or limited, and the counterpart has no bad(n)")


def _free_text(bench: Bench) -> tuple[str, FieldSpec]:
    """A readable field for free text, judged by what the counterpart itself puts there."""
    for name, value in {**bench.sample(12), **bench.changed(12)}.items():
        spec = bench.target.fields.get(name)
        if spec is None or spec.type is not FieldType.TEXT or not spec.readable or spec.choices is not None:
            continue
        if isinstance(value, str) and not value.isascii() and (spec.max_length or 99) >= 6:
            return name, spec
    raise NotApplicableError("no readable free-text field takes Chinese text in the counterpart's sample")


LAWS = (
    provision_then_find_gives_the_same_fields,
    provision_twice_with_the_same_key_makes_one_account,
    provision_takes_over_an_existing_account,
    update_changes_only_the_given_fields,
    update_of_an_unknown_person_is_refused_and_makes_no_account,
    receipts_are_one_per_write_in_order,
    a_bad_record_does_not_harm_its_neighbours,
    disable_then_enable_restores,
    disable_twice_is_harmless,
    enable_sets_the_given_fields,
    scan_finds_everyone_once,
    text_survives_exactly,
    many_threads_do_the_same_as_one,
    remove_ends_the_account,
    look_up_tells_done_from_never_sent,
)

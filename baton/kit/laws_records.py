"""Laws of record targets: what is there after each write, and what is said of it. The name of a law is its title."""

from __future__ import annotations

from typing import Final

from baton.contracts import RecordTarget
from baton.errors import ConfigurationError
from baton.kit.bench import Bench, Said, expect
from baton.kit.laws_accounts import FULL_BATCH
from baton.kit.record_desk import RecordDesk, collection_name, insist
from baton.model.account import Outcome

CHANGED: Final = RecordTarget.CHANGED
NOWHERE: Final = "no_such_collection_无"
_MANY_KEYS: Final = 2_500
"""Keys of one look-up: more than a vendor takes in a call."""


def a_collection_says_its_fields_and_its_key(bench: Bench) -> None:
    name = collection_name(bench)
    collection = RecordDesk(bench).collection
    expect(collection.name == name, f"the collection {name} calls itself {collection.name}")
    expect(collection.key, "the collection names no key, so no record can be found again")
    expect(set(collection.key) <= set(collection.fields), "the key names fields that the collection does not have")
    expect(all(collection.fields[field].readable for field in collection.key), "a field of the key cannot be read back")
    unknown = sorted(set(bench.counterpart.record(1)) - set(collection.fields))
    expect(not unknown, f"the collection does not have the fields {', '.join(unknown)} of the counterpart's record")


def an_unknown_collection_cannot_be_written_to(bench: Bench) -> None:
    try:
        bench.connector.collection(NOWHERE)
    except ConfigurationError:
        return
    expect(held=False, message="a collection that does not exist was described")


def records_inserted_are_found_as_they_were_given(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(n) for n in (1, 2, 3)]
    desk.expect_absent(rows, "before anything was inserted")
    desk.put(*rows)
    desk.expect_held(rows, "after an insert")


def records_are_counted(bench: Bench) -> None:
    desk = RecordDesk(bench)
    start = desk.count()
    rows = [desk.record(n) for n in (1, 2, 3)]
    desk.put(*rows)
    expect(desk.count() == start + 3, f"after three inserts count went from {start} to {desk.count()}")
    insist(Outcome.DONE, desk.delete(rows[:1]), "delete of a record as it is")
    expect(desk.count() == start + 2, f"after three inserts and a delete count went from {start} to {desk.count()}")


def one_receipt_per_record_in_order(bench: Bench) -> None:
    desk = RecordDesk(bench)
    count = max(1, min(desk.target.record_batch_limit, FULL_BATCH))
    there = [desk.record(n) for n in range(3, count // 2, 7)]
    if there:
        desk.put(*there)
    rows = [desk.record(n) for n in range(count, 0, -1)]
    taken = {desk.key(row) for row in there}
    for row, receipt in zip(rows, desk.insert(rows), strict=True):
        wanted = Outcome.REFUSED if desk.key(row) in taken else Outcome.DONE
        expect(receipt.outcome is wanted, f"a receipt says {receipt.outcome} of a record of which {wanted} is true")
    desk.expect_held(rows, f"after an insert of {count} records in one call")


def an_existing_key_is_refused_as_changed_and_left_as_it_is(bench: Bench) -> None:
    desk = RecordDesk(bench)
    old = [desk.record(n) for n in (1, 2)]
    desk.put(*old)
    other = [desk.record(n, desk.changes(n)) for n in (1, 2)]
    receipts = desk.insert([desk.record(3), other[0], desk.record(4), other[1]])
    insist(Outcome.DONE, receipts[::2], "insert beside records that exist")
    insist(Outcome.REFUSED, receipts[1::2], "insert of a key that exists", CHANGED)
    desk.expect_held([*old, desk.record(3), desk.record(4)], "after an insert of keys of which some existed")


def one_key_twice_in_a_call_makes_one_record(bench: Bench) -> None:
    desk = RecordDesk(bench)
    start = desk.count()
    twice = [desk.record(1), desk.record(1, desk.changes(1))]
    receipts = desk.insert([*twice, desk.record(2)])
    done = [place for place, receipt in enumerate(receipts[:2]) if receipt.outcome is Outcome.DONE]
    expect(len(done) == 1, f"one key twice in a call gave {Said(tuple(receipts[:2]))}")
    insist(Outcome.DONE, receipts[2:], "insert beside a key that came twice")
    expect(desk.count() == start + 2, f"two keys, one of them twice, made {desk.count() - start} records")
    desk.expect_held([twice[done[0]], desk.record(2)], "after an insert of one key twice")


def amend_sets_only_the_given_fields(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(n) for n in (1, 2, 3)]
    desk.put(*rows)
    for name, value in desk.changes(1).items():
        insist(
            Outcome.DONE,
            desk.amend([desk.only({**rows[0], name: value}, [name])], [desk.only(rows[0], [name])]),
            f"amend of the field {name}",
        )
        rows[0] = {**rows[0], name: value}
        desk.expect_held(rows, f"after the field {name} of one record was amended")
    names = list(desk.changes(2))
    before = [desk.only(row, names) for row in rows[1:]]
    after = [desk.only({**row, **desk.changes(n)}, names) for n, row in enumerate(rows[1:], start=2)]
    insist(Outcome.DONE, desk.amend(after, before), "amend of several fields")
    desk.expect_held([rows[0], *({**row, **new} for row, new in zip(rows[1:], after, strict=True))], "after an amend")
    insist(Outcome.DONE, desk.amend(before, after), "an amend that takes another one back")
    desk.expect_held(rows, "after an amend was taken back")


def amend_refuses_a_record_that_is_not_as_expected(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(n) for n in (1, 2, 3)]
    desk.put(*rows)
    for name in desk.changes(2):
        if not desk.collection.fields[name].readable:
            continue
        new = [desk.only({**row, **desk.changes(n)}, [name]) for n, row in enumerate(rows, start=1)]
        before = [desk.only(row, [name]) for row in rows]
        receipts = desk.amend(new, [before[0], new[1], before[2]])
        insist(Outcome.REFUSED, receipts[1:2], f"amend of a record whose {name} is not as before says", CHANGED)
        insist(Outcome.DONE, receipts[::2], "amend beside a record that is not as before says")
        desk.expect_held([{**rows[0], **new[0]}, rows[1], {**rows[2], **new[2]}], "after a refused amend")
        insist(Outcome.DONE, desk.amend(before[::2], new[::2]), "an amend that takes another one back")


def amend_refuses_a_record_that_is_not_there_and_makes_none(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(n) for n in (1, 2)]
    desk.put(rows[0])
    names = list(desk.changes(1))
    new = [desk.only({**row, **desk.changes(n)}, names) for n, row in enumerate(rows, start=1)]
    receipts = desk.amend(new, [desk.only(row, names) for row in rows])
    insist(Outcome.DONE, receipts[:1], "amend beside a record that is not there")
    insist(Outcome.REFUSED, receipts[1:], "amend of a record that is not there")
    desk.expect_absent(rows[1:], "after an amend of a record that was not there")


def delete_takes_out_that_record_and_no_other(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(n) for n in range(1, 6)]
    desk.put(*rows)
    insist(Outcome.DONE, desk.delete([rows[3], rows[0]]), "delete of records as they are")
    desk.expect_absent([rows[0], rows[3]], "after a delete")
    desk.expect_held([rows[1], rows[2], rows[4]], "after a delete of others")
    desk.put(rows[0])
    desk.expect_held(rows[:1], "inserted again after a delete")


def delete_refuses_a_record_that_is_not_as_expected(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(n) for n in (1, 2, 3)]
    desk.put(*rows)
    stale = {**rows[1], **desk.changes(2)}
    receipts = desk.delete([rows[0], stale, rows[2]])
    insist(Outcome.REFUSED, receipts[1:2], "delete of a record that is not as before says", CHANGED)
    insist(Outcome.DONE, receipts[::2], "delete beside a record that is not as before says")
    desk.expect_held([rows[1]], "after a refused delete")
    desk.expect_absent(rows[::2], "after a delete")


def delete_of_a_record_that_is_gone_is_done(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(n) for n in (1, 2)]
    desk.put(*rows)
    insist(Outcome.DONE, desk.delete(rows[:1]), "delete of a record as it is")
    insist(Outcome.DONE, desk.delete(rows), "delete of a record that is gone and one that is not")
    desk.expect_absent(rows, "after a repeated delete")


def fetch_leaves_out_what_is_not_there(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(n) for n in (1, _MANY_KEYS // 2, _MANY_KEYS)]
    desk.put(*rows)
    asked = [desk.only(desk.record(n), ()) for n in range(1, _MANY_KEYS + 1)]
    found = desk.held(asked, list(rows[0]))
    expect(set(found) == {desk.key(row) for row in rows}, f"of {len(asked)} keys fetch finds {len(found)}, not 3")
    desk.expect_held(rows, "asked for alone")
    expect(set(desk.held(rows, ())) == set(found), "without further fields fetch finds other records")
    nobody = desk.target.fetch(desk.collection, desk.frame([], desk.collection.key), ())
    desk.expect_shape(nobody, ())
    expect(nobody.is_empty(), "fetch of no keys finds records")


def a_bad_record_in_a_batch_is_refused_alone(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(1), desk.bad(2), desk.record(3)]
    receipts = desk.insert(rows)
    insist(Outcome.REFUSED, receipts[1:2], "insert of a record that the other side does not take")
    insist(Outcome.DONE, receipts[::2], "insert beside a record that is not taken")
    expect(receipts[1].code and receipts[1].message, "a refusal says no code or no message")
    desk.expect_held(rows[::2], "after a batch with a bad record")
    desk.expect_absent([desk.record(2)], "after the record was refused")


def writes_of_no_records_are_harmless(bench: Bench) -> None:
    desk = RecordDesk(bench)
    desk.put(desk.record(1))
    start = desk.count()
    none = desk.frame([], desk.record(1))
    answers = (
        desk.target.insert(desk.collection, none),
        desk.target.amend(desk.collection, none, none),
        desk.target.delete(desk.collection, none),
    )
    expect([len(answer) for answer in answers] == [0, 0, 0], "a write of no records has receipts")
    expect(desk.count() == start, "a write of no records changed their number")
    desk.expect_held([desk.record(1)], "after writes of no records")


LAWS = (
    a_collection_says_its_fields_and_its_key,
    an_unknown_collection_cannot_be_written_to,
    records_inserted_are_found_as_they_were_given,
    records_are_counted,
    one_receipt_per_record_in_order,
    an_existing_key_is_refused_as_changed_and_left_as_it_is,
    one_key_twice_in_a_call_makes_one_record,
    amend_sets_only_the_given_fields,
    amend_refuses_a_record_that_is_not_as_expected,
    amend_refuses_a_record_that_is_not_there_and_makes_none,
    delete_takes_out_that_record_and_no_other,
    delete_refuses_a_record_that_is_not_as_expected,
    delete_of_a_record_that_is_gone_is_done,
    fetch_leaves_out_what_is_not_there,
    a_bad_record_in_a_batch_is_refused_alone,
    writes_of_no_records_are_harmless,
)

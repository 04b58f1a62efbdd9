"""Connectors broken in just one way each, to show that the law of that name bites."""

import dataclasses
import time

from baton.sdk import (
    AccountState,
    LookupTarget,
    Outcome,
    Receipt,
    RemovalTarget,
)

BREAKERS = {}


def breaks(*titles):
    def keep(breaker):
        for title in titles:
            BREAKERS.setdefault(title, []).append(breaker)
        return breaker

    return keep


# Each breaker takes the good connector and simulator and gives a broken pair.


@breaks("provision_then_find_gives_the_same_fields")
def loses_a_field(toy, simulator):
    class Broken(toy):
        def find(self, refs):
            found = super().find(refs)
            return [
                a and dataclasses.replace(a, fields={k: v for k, v in a.fields.items() if k != "title"}) for a in found
            ]

    return Broken, simulator


@breaks("provision_then_find_gives_the_same_fields", "text_survives_exactly")
def makes_the_number_a_number(toy, simulator):
    class Broken(toy):
        def find(self, refs):
            return [a and dataclasses.replace(a, number=str(int(a.number))) for a in super().find(refs)]

    return Broken, simulator


@breaks(
    "provision_twice_with_the_same_key_makes_one_account",
    "provision_takes_over_an_existing_account",
    "a_late_commit_does_not_double",
)
def the_other_side_doubles(toy, simulator):
    class Doubling(simulator):
        def _operate(self, operation):
            before = self._users.get(operation["number"])
            answer = super()._operate(operation)
            if operation["op"] == "upsert" and before is not None:
                self._users[f"{operation['number']}#{len(self._users)}"] = before
            return answer

    return toy, Doubling


@breaks("provision_takes_over_an_existing_account")
def leaves_an_existing_account_as_it_is(toy, simulator):
    class Broken(toy):
        def provision(self, writes):
            return [
                Receipt.done(found.external_id) if found else super(Broken, self).provision([write])[0]
                for write, found in zip(writes, self.find([write.ref for write in writes]), strict=True)
            ]

    return Broken, simulator


@breaks("update_changes_only_the_given_fields")
def clears_what_was_not_given(toy, simulator):
    class Broken(toy):
        def update(self, writes):
            return super().update([dataclasses.replace(w, fields={"email": None, **w.fields}) for w in writes])

    return Broken, simulator


@breaks("update_of_an_unknown_person_is_refused_and_makes_no_account")
def makes_an_account_on_update(toy, simulator):
    class Broken(toy):
        def update(self, writes):
            return self.provision([dataclasses.replace(w, fields={"name": "x", **w.fields}) for w in writes])

    return Broken, simulator


@breaks("receipts_are_one_per_write_in_order")
def gives_receipts_backwards(toy, simulator):
    class Broken(toy):
        def provision(self, writes):
            return super().provision(writes)[::-1]

    return Broken, simulator


@breaks("receipts_are_one_per_write_in_order", "many_threads_do_the_same_as_one")
def gives_one_receipt_too_many(toy, simulator):
    class Broken(toy):
        def provision(self, writes):
            return [*super().provision(writes), Receipt.done()]

    return Broken, simulator


@breaks("a_bad_record_does_not_harm_its_neighbours")
def refuses_all_for_one(toy, simulator):
    class Broken(toy):
        def provision(self, writes):
            receipts = super().provision(writes)
            return [next((r for r in receipts if r.outcome is Outcome.REFUSED), r) for r in receipts]

    return Broken, simulator


@breaks("disable_then_enable_restores", "enable_sets_the_given_fields")
def only_pretends_to_enable(toy, simulator):
    class Broken(toy):
        def enable(self, writes):
            return [Receipt.done() for _ in writes]

    return Broken, simulator


@breaks("disable_twice_is_harmless")
def refuses_a_second_disable(toy, simulator):
    class Broken(toy):
        def disable(self, writes):
            states = [a and a.state for a in self.find([w.ref for w in writes])]
            if AccountState.DISABLED in states:
                return [Receipt.refused("already", "locked already") for _ in writes]
            return super().disable(writes)

    return Broken, simulator


@breaks("enable_sets_the_given_fields")
def forgets_fields_on_enable(toy, simulator):
    class Broken(toy):
        def enable(self, writes):
            return super().enable([dataclasses.replace(w, fields={}) for w in writes])

    return Broken, simulator


@breaks("scan_finds_everyone_once")
def scans_one_page(toy, simulator):
    class Broken(toy):
        def scan(self):
            return iter(list(super().scan())[:3])

    return Broken, simulator


@breaks("scan_finds_everyone_once")
def scans_somebody_twice(toy, simulator):
    class Broken(toy):
        def scan(self):
            found = list(super().scan())
            return iter([*found, *found[:1]])

    return Broken, simulator


@breaks("text_survives_exactly")
def speaks_gbk(toy, simulator):
    class Broken(toy):
        def update(self, writes):
            spoilt = [{k: v.encode("gbk", "replace").decode("gbk") for k, v in w.fields.items()} for w in writes]
            return super().update([dataclasses.replace(w, fields=f) for w, f in zip(writes, spoilt, strict=True)])

    return Broken, simulator


@breaks("many_threads_do_the_same_as_one")
def keeps_the_call_in_itself(toy, simulator):
    class Broken(toy):
        def provision(self, writes):
            self.current = writes
            time.sleep(0.005)
            return super().provision(self.current)

    return Broken, simulator


def removing(simulator):
    class Removing(simulator):
        def _operate(self, operation):
            if operation["op"] != "remove":
                return super()._operate(operation)
            self._users.pop(operation["number"], None)
            return {"status": "ok", "id": "gone"}

    return Removing


@breaks("remove_ends_the_account")
def only_locks_on_remove(toy, simulator):
    class Broken(toy, RemovalTarget):
        def remove(self, writes):
            return self.disable(writes)

    return Broken, removing(simulator)


@breaks("look_up_tells_done_from_never_sent")
def knows_every_write(toy, simulator):
    class Broken(toy, LookupTarget):
        def look_up(self, writes):
            return [Receipt.done() for _ in writes]

    return Broken, simulator

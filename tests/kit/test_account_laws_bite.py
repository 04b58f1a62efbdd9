"""Every law of account targets holds for the example and fails for a connector broken in just that way."""

import dataclasses
import logging
import time

import pytest

from baton.errors import BatonError, HaltError, InDoubtError, RetryableError
from baton.kit.bench import Bench
from baton.kit.laws_troubles import LAWS as TROUBLE_LAWS
from baton.kit.run import LAWS, Verdict, run_laws, try_law, try_laws
from baton.sdk import (
    AccountState,
    AccountTarget,
    Action,
    Intent,
    LookupTarget,
    Outcome,
    Receipt,
    RemovalTarget,
    ResultSource,
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


@breaks(
    "a_lost_reply_is_in_doubt_never_done",
    "a_server_error_after_a_write_is_in_doubt",
    "a_garbled_answer_to_a_write_is_in_doubt",
    "an_answer_after_the_deadline_is_in_doubt",
)
def takes_silence_for_success(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except InDoubtError:
                return [Receipt.done() for _ in operations]

    return Broken, simulator


@breaks("a_lost_reply_is_in_doubt_never_done", "a_garbled_answer_to_a_write_is_in_doubt")
def repeats_blindly(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except InDoubtError as error:
                raise RetryableError("try again") from error

    return Broken, simulator


@breaks("nothing_happened_is_retryable", "a_429_is_retryable_and_keeps_retry_after")
def doubts_everything(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except RetryableError as error:
                raise InDoubtError("who knows") from error

    return Broken, simulator


@breaks("a_429_is_retryable_and_keeps_retry_after")
def forgets_retry_after(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except RetryableError as error:
                raise RetryableError("later") from error

    return Broken, simulator


@breaks("an_expired_token_is_renewed_once")
def never_renews(toy, simulator):
    class Broken(toy):
        def _valid_token(self, expired):
            return super()._valid_token(None)

    return Broken, simulator


@breaks("a_wrong_credential_halts")
def takes_401_for_a_passing_trouble(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except HaltError as error:
                raise RetryableError("later") from error

    return Broken, simulator


@breaks("a_wrong_credential_halts")
def knocks_again_and_again(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            for _ in range(20):
                try:
                    return super()._write(operations)
                except HaltError:
                    continue
            return super()._write(operations)

    return Broken, simulator


@breaks("reading_is_never_in_doubt")
def takes_trouble_for_absence(toy, simulator):
    class Broken(toy):
        def find(self, refs):
            try:
                return super().find(refs)
            except BatonError:
                return [None for _ in refs]

    return Broken, simulator


@breaks("reading_is_never_in_doubt")
def doubts_a_question(toy, simulator):
    class Broken(toy):
        def _fetch_token(self):
            try:
                return super()._fetch_token()
            except RetryableError as error:
                raise InDoubtError("who knows") from error

    return Broken, simulator


@breaks("secrets_never_appear_in_errors_or_logs")
def logs_its_secret(toy, simulator):
    class Broken(toy):
        def _fetch_token(self):
            logging.getLogger("x").debug("with %s", self.settings.client_secret.get_secret_value())
            return super()._fetch_token()

    return Broken, simulator


@breaks("secrets_never_appear_in_errors_or_logs")
def tells_its_secret_in_an_error(toy, simulator):
    class Broken(toy):
        def _fetch_token(self):
            try:
                return super()._fetch_token()
            except HaltError as error:
                raise HaltError(f"refused: {self.settings.client_secret.get_secret_value()}") from error

    return Broken, simulator


@breaks("personal_data_never_appears_in_errors_or_receipts")
def tells_who_it_was(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except RetryableError as error:
                raise RetryableError(f"not sent: {operations}") from error

    return Broken, simulator


@breaks("check_reports_and_does_not_write")
def checks_nothing(toy, simulator):
    class Broken(toy):
        def check(self):
            return []

    return Broken, simulator


@breaks("what_is_said_of_a_broken_batch_is_true")
def sends_one_by_one_and_tells_only_of_the_last(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            return [super(Broken, self)._write([operation])[0] for operation in operations]

    return Broken, simulator


@breaks("what_is_said_of_a_broken_batch_is_true")
def calls_a_lost_answer_done(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except RetryableError:
                return [Receipt.done("1") for _ in operations]

    return Broken, simulator


@breaks("a_short_list_of_results_leaves_a_write_in_doubt")
def zips_and_hopes(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            body = self._send("POST", "/v1/users/batch", intent=Intent.WRITE, json={"operations": operations}).json()
            return [Receipt.done(str(result["id"])) for result in (body["results"] * 2)[: len(operations)]]

    return Broken, simulator


@breaks("a_short_list_of_results_leaves_a_write_in_doubt")
def takes_the_missing_one_for_refused(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            body = self._send("POST", "/v1/users/batch", intent=Intent.WRITE, json={"operations": operations}).json()
            done = [Receipt.done(str(result.get("id"))) for result in body["results"]]
            return done + [Receipt.refused("missing", "not in the answer")] * (len(operations) - len(done))

    return Broken, simulator


TITLES = [law.__name__ for law in LAWS[AccountTarget]]
CASES = [(title, breaker) for title, breakers in BREAKERS.items() for breaker in breakers]


def test_every_law_has_a_breaker():
    assert set(BREAKERS) == set(TITLES)


@pytest.mark.parametrize(("title", "breaker"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_the_law_bites(toy, simulator, title, breaker):
    law = next(law for law in LAWS[AccountTarget] if law.__name__ == title)
    broken, make = breaker(toy, simulator)
    result = try_law(law, broken, make)
    assert result.verdict is Verdict.FAILED, result


def test_the_generated_connector_keeps_every_law(toys):
    results = {result.title: result for result in run_laws("crm/example", registry=toys)}
    assert list(results) == TITLES
    others = {title: result.verdict for title, result in results.items() if result.verdict is not Verdict.OK}
    assert others == {
        "remove_ends_the_account": Verdict.NOT_APPLICABLE,
        "look_up_tells_done_from_never_sent": Verdict.NOT_APPLICABLE,
    }


def test_removal_and_look_up_hold_where_they_are_done_right(toy, simulator):
    class Right(toy, RemovalTarget, LookupTarget):
        def remove(self, writes):
            return self._write([{"op": "remove", "number": w.ref.number, "fields": {}} for w in writes])

        def look_up(self, writes):
            found = self.find([w.ref for w in writes])
            return [Receipt.done(a.external_id) if a else Receipt.not_performed("absent", "no") for a in found]

    verdicts = {result.title: result for result in try_laws(Right, removing(simulator))}
    assert verdicts["remove_ends_the_account"].verdict is Verdict.OK, verdicts["remove_ends_the_account"]
    assert verdicts["look_up_tells_done_from_never_sent"].verdict is Verdict.OK


def test_exemptions_are_strict(toy, simulator):
    broken, _ = scans_one_page(toy, simulator)
    excused = type("Excused", (simulator,), {"exempt": {"scan_finds_everyone_once": "the vendor has no list"}})
    verdicts = {result.title: result for result in try_laws(broken, excused)}
    assert verdicts["scan_finds_everyone_once"].verdict is Verdict.EXEMPT
    assert "the vendor has no list" in verdicts["scan_finds_everyone_once"].detail
    needless = {result.title: result for result in try_laws(toy, excused)}
    assert needless["scan_finds_everyone_once"].verdict is Verdict.FAILED
    wrong = type("Wrong", (simulator,), {"exempt": {"no_such_law": "because"}})
    first = next(iter(try_laws(toy, wrong)))
    assert (first.title, first.verdict) == ("exemptions_name_laws", Verdict.FAILED)


def test_a_counterpart_without_handle_gets_no_troubles(toy, simulator):
    class Silent:
        settings = simulator().settings
        secrets = simulator().secrets

    for result in try_laws(toy, Silent):
        if result.title in {law.__name__ for law in TROUBLE_LAWS[:4]}:
            assert result.verdict is not Verdict.OK


def test_troubles_are_played_on_the_way_to_a_real_server(toy, simulator):
    class Server:
        """Has no handle, only a way to a server somewhere else."""

        def __init__(self):
            self._far = simulator()
            self.forward = self._far.handle

        def __getattr__(self, name):
            if name == "handle":
                raise AttributeError(name)
            return getattr(self._far, name)

    verdicts = {result.title: result.verdict for result in try_laws(toy, Server)}
    assert {verdicts[law.__name__] for law in TROUBLE_LAWS} == {Verdict.OK}


def test_all_writes_of_one_call_share_a_batch_id_and_a_repeat_has_it_again(toy, simulator):
    seen = []

    class Watched(toy):
        batch_limit = 2

        def provision(self, writes):
            seen.append([write.batch_id for write in writes])
            return super().provision(writes)

    bench = Bench(Watched, simulator)
    writes = [bench.write(Action.PROVISION, n) for n in (1, 2, 3)]
    bench.perform(Action.PROVISION, writes)
    bench.perform(Action.PROVISION, writes)
    bench.perform(Action.PROVISION, writes[:1])
    assert seen[:2] == seen[2:4]
    assert [len(set(ids)) for ids in seen] == [1] * 5
    assert len({ids[0] for ids in seen}) == 3
    assert [write.batch_id for write in bench.as_sent(writes)] == [seen[4][0], seen[0][0], seen[1][0]]
    bench.close()


def test_what_is_only_refused_later_counts_as_a_refusal(toy, simulator):
    class Later(toy, ResultSource):
        def update(self, writes):
            self.said = super().update(writes)
            return [Receipt.accepted(write.ref.number) for write in writes]

        def results(self, writes):
            return self.said

    title = "update_of_an_unknown_person_is_refused_and_makes_no_account"
    law = next(law for law in LAWS[AccountTarget] if law.__name__ == title)
    assert try_law(law, Later, simulator).verdict is Verdict.OK

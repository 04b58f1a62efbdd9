"""Every law of account targets holds for the example and fails for a connector broken in just that way."""

import pytest

from baton.kit.bench import Bench
from baton.kit.laws_troubles import LAWS as TROUBLE_LAWS
from baton.kit.run import LAWS, Verdict, run_laws, try_law, try_laws
from baton.sdk import (
    AccountTarget,
    Action,
    LookupTarget,
    Receipt,
    RemovalTarget,
    ResultSource,
)
from tests.kit import breakers_in_trouble
from tests.kit.breakers import BREAKERS, removing, scans_one_page

TITLES = [law.__name__ for law in LAWS[AccountTarget]]
CASES = [(title, breaker) for title, breakers in BREAKERS.items() for breaker in breakers]


def test_every_law_has_a_breaker():
    assert breakers_in_trouble.__doc__, "importing it is what adds its breakers"
    assert set(BREAKERS) == set(TITLES)


@pytest.mark.canaries_allowed  # some of these say what must not be said
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

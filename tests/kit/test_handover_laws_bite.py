"""Every law of handovers holds for small good connectors and fails for one broken in just that way."""

import pytest

from baton.errors import InDoubtError, RetryableError
from baton.kit.run import LAWS, Verdict, laws_for, try_law, try_laws
from baton.sdk import Receipt, TransferResults
from tests.kit import (
    breakers_of_giving,
    breakers_of_handovers_in_trouble,
    breakers_of_looks,
    breakers_of_rights,
    breakers_of_scans,
)
from tests.kit.breakers_of_handovers import BREAKERS
from tests.kit.estate import PROMISED, Estate
from tests.kit.estate_hub import EstateHub

ALL = {law.__name__: law for law in laws_for(EstateHub)}
CASES = [(title, broken) for title, several in BREAKERS.items() for broken in several]


@pytest.mark.parametrize("title", ALL)
def test_the_good_connector_keeps_the_law(title):
    result = try_law(ALL[title], EstateHub, Estate)
    assert result.verdict is Verdict.OK, result


@pytest.mark.canaries_allowed  # some of these say what must not be said
@pytest.mark.parametrize(("title", "broken"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_the_law_bites(title, broken):
    result = try_law(ALL[title], broken, Estate)
    assert result.verdict is Verdict.FAILED, result


def test_every_law_has_a_breaker():
    imported = (
        breakers_of_giving,
        breakers_of_rights,
        breakers_of_looks,
        breakers_of_scans,
        breakers_of_handovers_in_trouble,
    )
    assert all(module.__doc__ for module in imported), "importing them is what adds their breakers"
    assert set(BREAKERS) == set(ALL)


class OneByOne(EstateHub):
    """Sends each write alone and says of each what became of it: as good as one call for all."""

    def write(self, path, name, items, **more):
        receipts = []
        for item in items:
            try:
                receipts += super().write(path, name, [item], **more)
            except InDoubtError as error:
                receipts.append(Receipt.in_doubt(error.code, error.message))
            except RetryableError as error:
                receipts.append(Receipt.not_performed(error.code, error.message, retry_after_s=error.retry_after_s))
        return receipts


class LooksAfterwards(EstateHub):
    """After a lost answer it asks who holds each, and says "done" only of what it has seen to be."""

    def give(self, transfers):
        try:
            return super().give(transfers)
        except InDoubtError as error:
            try:
                now = self.holders([each.ref for each in transfers])
            except RetryableError:
                raise error from None
            doubt = Receipt.in_doubt(error.code, error.message)
            there = [each.successor.external_id for each in transfers]
            return [Receipt.done() if a == b else doubt for a, b in zip(now, there, strict=True)]


@pytest.mark.parametrize("other", [OneByOne, LooksAfterwards])
def test_other_good_ways_keep_every_law(other):
    others = [result for result in try_laws(other, Estate) if result.verdict is not Verdict.OK]
    assert others == []


def test_where_every_transfer_is_decided_at_once_the_laws_of_results_do_not_apply():
    class Prompt(Estate):
        holding_kinds = tuple(kind for kind in Estate.holding_kinds if kind != PROMISED)

    verdicts = {try_law(law, EstateHub, Prompt).verdict for law in LAWS[TransferResults]}
    assert verdicts == {Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize("missing", ["seed_person", "holding_kinds", "seed_grant", "log_in", "outbox"])
def test_a_counterpart_that_cannot_show_it_excuses_nobody(missing):
    class Silent(Estate):
        def __getattribute__(self, name):
            if name == missing:
                raise AttributeError(name)
            return super().__getattribute__(name)

    results = list(try_laws(EstateHub, Silent))
    silent = [result for result in results if f"has no {missing}" in result.detail]
    assert silent
    assert {result.verdict for result in silent} == {Verdict.FAILED}

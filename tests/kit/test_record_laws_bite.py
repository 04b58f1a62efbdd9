"""Every law of records holds for a small good connector and fails for one broken in just that way."""

import pytest

from baton.kit.run import LAWS, Verdict, try_law, try_laws
from baton.sdk import RecordSource, RecordTarget
from tests.kit import breakers_of_record_sources
from tests.kit.breakers_of_records import BREAKERS
from tests.kit.shelf import Shelf, ShelfRecords

ALL = {law.__name__: law for capability in (RecordSource, RecordTarget) for law in LAWS[capability]}
CASES = [(title, broken) for title, several in BREAKERS.items() for broken in several]


@pytest.mark.parametrize("title", ALL)
def test_the_good_connector_keeps_the_law(title):
    result = try_law(ALL[title], ShelfRecords, Shelf)
    assert result.verdict is Verdict.OK, result


@pytest.mark.parametrize(("title", "broken"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_the_law_bites(title, broken):
    result = try_law(ALL[title], broken, Shelf)
    assert result.verdict is Verdict.FAILED, result


def test_every_law_has_a_breaker():
    assert breakers_of_record_sources.__doc__, "importing it is what adds its breakers"
    assert set(BREAKERS) == set(ALL)


def test_no_law_has_the_name_of_another():
    titles = [law.__name__ for laws in LAWS.values() for law in laws]
    assert len(titles) == len(set(titles))


def test_a_counterpart_that_offers_no_collection_excuses_nobody():
    class Silent(Shelf):
        record_collection = None

    verdicts = {result.title: result.verdict for result in try_laws(ShelfRecords, Silent)}
    assert set(verdicts) == set(ALL)
    unknown = {title for title in ALL if title.startswith("an_unknown_collection")}
    assert {title for title, verdict in verdicts.items() if verdict is not Verdict.FAILED} == unknown

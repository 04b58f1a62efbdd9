"""Every law of payment channels holds for a good connector and fails for one broken in just that way."""

import pytest

from baton.kit.run import LAWS, Verdict, try_law, try_laws
from baton.sdk import PaymentChannel
from connectors.bank.https_files.connector import HttpsFiles
from connectors.bank.https_files.simulator import Simulator
from tests.kit.breakers_of_payments import BREAKERS

ALL = {law.__name__: law for law in LAWS[PaymentChannel]}
CASES = [(title, *pair) for title, several in BREAKERS.items() for pair in several]


@pytest.mark.parametrize("title", ALL)
def test_the_good_connector_keeps_the_law(title):
    result = try_law(ALL[title], HttpsFiles, Simulator)
    assert result.verdict is Verdict.OK, result


@pytest.mark.parametrize(("title", "broken", "bank"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_the_law_bites(title, broken, bank):
    result = try_law(ALL[title], broken, bank)
    assert result.verdict is Verdict.FAILED, result


def test_every_law_has_a_breaker():
    assert set(BREAKERS) == set(ALL)


def test_a_counterpart_that_shows_no_files_excuses_nobody():
    class Silent:
        def __init__(self):
            bank = Simulator()
            self.settings, self.secrets, self.journal = bank.settings, bank.secrets, []
            self.handle = bank.handle

    verdicts = {result.title: result.verdict for result in try_laws(HttpsFiles, Silent)}
    assert set(verdicts.values()) == {Verdict.FAILED}

"""Every law of handovers holds for a small good connector and fails for one broken in just that way."""

import pytest

from baton.kit.run import Verdict, laws_for, try_law
from tests.kit.estate import Estate
from tests.kit.estate_hub import EstateHub

ALL = {law.__name__: law for law in laws_for(EstateHub)}


@pytest.mark.parametrize("title", ALL)
def test_the_good_connector_keeps_the_law(title):
    result = try_law(ALL[title], EstateHub, Estate)
    assert result.verdict is Verdict.OK, result

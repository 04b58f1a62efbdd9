"""Every connector that has a simulator keeps every law of its capabilities; a new folder is picked up by itself."""

import pytest

from baton.kit.run import Verdict, laws_for, try_law
from baton.registry import Registry

REGISTRY = Registry()


def laws():
    for name in REGISTRY.names():
        simulator = REGISTRY.simulator(name)
        if simulator is not None and hasattr(simulator, "handle"):
            exempt = getattr(simulator, "exempt", {})
            for law in laws_for(REGISTRY.load(name)):
                reason = exempt.get(law.__name__)
                marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
                yield pytest.param(name, law, simulator, id=f"{name}-{law.__name__}", marks=marks)


@pytest.mark.parametrize(("name", "law", "simulator"), list(laws()))
def test_law(name, law, simulator):
    result = try_law(law, REGISTRY.load(name), simulator)
    if result.verdict is Verdict.NOT_APPLICABLE:
        pytest.skip(result.detail)
    assert result.verdict is Verdict.OK, result.detail

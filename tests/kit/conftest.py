"""The generated example connector, written once to a throw-away package, as the subject of the kit's own tests."""

import sys

import pytest

from baton.kit.scaffold import new_connector
from baton.registry import Registry


@pytest.fixture(scope="session")
def toys(tmp_path_factory):
    """The registry whose only connector is the freshly generated crm/example."""
    root = tmp_path_factory.mktemp("toys")
    new_connector("crm/example", root, package="baton_toys")
    sys.path.insert(0, str(root))
    yield Registry("baton_toys")
    sys.path.remove(str(root))


@pytest.fixture(scope="session")
def toy(toys):
    return toys.load("crm/example")


@pytest.fixture(scope="session")
def simulator(toys):
    return toys.simulator("crm/example")

"""The generated example connector, written once to a throw-away package, as the subject of the kit's own tests."""

import sys
import tempfile
from pathlib import Path

from baton.kit.scaffold import new_connector
from baton.registry import Registry

PACKAGE = "baton_toys"
_folder = tempfile.TemporaryDirectory(prefix="baton-toys-")
new_connector("crm/example", Path(_folder.name), package=PACKAGE)
sys.path.insert(0, _folder.name)
REGISTRY = Registry(PACKAGE)
Toy = REGISTRY.load("crm/example")
Simulator = REGISTRY.simulator("crm/example")
assert Simulator is not None

"""Finding, loading and describing connectors, with throw-away packages on disk."""

import itertools
import sys
import textwrap
from pathlib import Path

import pytest
from pydantic import SecretStr

from baton.contracts import ConnectorSettings
from baton.describe import connection_type, connection_types, describe
from baton.errors import ConfigurationError
from baton.model.account import Action
from baton.registry import Registry, egress_rule

HEAD = """
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import ClassVar
from pydantic import Field, SecretStr
from baton.sdk import *
"""
GOOD = (
    HEAD
    + """
class Region(StrEnum):
    CN = "cn"
    EU = "eu"

class ToySettings(ConnectorSettings):
    base_url: str = Field("https://toy.example", description="Where it lives")
    app_key: SecretStr
    spare_token: SecretStr | None = None
    size: int = Field(10, ge=1, le=200)
    region: Region = Region.CN
    dry: bool = False
    note: str | None = None
    names: list[str] = []

class _Base(AccountTarget):
    def check(self): return []
    def find(self, refs): return []
    def provision(self, writes): return []
    def update(self, writes): return []
    def disable(self, writes): return []
    def enable(self, writes): return []
    def scan(self): return iter([])

class Toy(_Base, LookupTarget):
    title: ClassVar[str] = "Toy 玩具"
    Settings: ClassVar[type[ConnectorSettings]] = ToySettings
    rate: ClassVar[Rate] = Rate(5)
    promise = Promise.KEY
    batch_limit = 7
    fields = {"name": FieldSpec(required=True)}
    def look_up(self, writes): return []
"""
)
_fresh = itertools.count()


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = f"shop{next(_fresh)}"
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("")

    def write(name: str, text: str, file: str = "connector.py") -> Registry:
        folder = tmp_path / package / name
        folder.mkdir(parents=True, exist_ok=True)
        for inside in (folder, folder.parent):
            (inside / "__init__.py").write_text("")
        (folder / file).write_text(textwrap.dedent(text), encoding="utf-8")
        return Registry(package)

    yield write
    for module in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[module]


def test_listing_imports_nothing(put):
    put("crm/toy", "raise SystemExit('imported')")
    put("crm/Bad-Name", "")
    registry = put("erp/other", "raise SystemExit('imported')")
    assert registry.names() == ("crm/toy", "erp/other")


def test_load_gives_the_one_public_class(put):
    registry = put("crm/toy", GOOD)
    assert registry.load("crm/toy").title == "Toy 玩具"
    assert registry.simulator("crm/toy") is None
    registry = put("crm/toy", "class Simulator: pass", "simulator.py")
    assert registry.simulator("crm/toy").__name__ == "Simulator"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "one_class"),
        (GOOD + "\nclass Toy2(Toy): pass\n", "one_class"),
        (HEAD + "class Half(AccountTarget): pass\n", "one_class"),
        (HEAD + "class Bare(Connector):\n    def check(self): return []\n", "class_attributes"),
        ("import no_such_module_anywhere", "import"),
        ("def (", "import"),
    ],
)
def test_a_wrong_connector_module_is_a_fault_with_its_file(put, text, rule):
    registry = put("crm/toy", text)
    with pytest.raises(ConfigurationError) as caught:
        registry.load("crm/toy")
    (fault,) = caught.value.faults
    assert (fault.rule, fault.place.endswith("crm/toy/connector.py")) == (rule, True)


def test_an_unknown_name_is_answered_with_close_ones(put):
    registry = put("crm/toy", GOOD)
    for name in ("crm/tou", "../../etc", "crm"):
        with pytest.raises(ConfigurationError, match="unknown_connector"):
            registry.load(name)
    with pytest.raises(ConfigurationError, match="did you mean 'crm/toy'"):
        registry.folder("crm/tou")
    with pytest.raises(ConfigurationError, match="not installed"):
        Registry("no_such_package_anywhere").names()


def test_describe(put):
    facts = describe("crm/toy", put("crm/toy", GOOD).load("crm/toy"))
    assert (facts.kind, facts.title, facts.capabilities) == ("crm", "Toy 玩具", ("AccountTarget", "LookupTarget"))
    assert facts.actions == (Action.PROVISION, Action.UPDATE, Action.DISABLE, Action.ENABLE)
    assert (facts.promise, facts.batch_limit, facts.rate.calls) == ("A", 7, 5)
    assert [(s.name, s.type, s.required, s.secret, s.default) for s in facts.settings] == [
        ("base_url", "string", False, False, "https://toy.example"),
        ("app_key", "string", True, True, None),
        ("spare_token", "string", False, True, None),
        ("size", "integer", False, False, 10),
        ("region", "cn | eu", False, False, "cn"),
        ("dry", "boolean", False, False, False),
        ("note", "string", False, False, None),
        ("names", "array", False, False, []),
    ]
    assert facts.settings[0].about == "Where it lives"


def test_connection_form(put):
    registry = put("crm/toy", GOOD)
    form = connection_type("crm/toy", registry=registry)
    assert form["connection-type"] == "baton_crm_toy"
    assert "port" in form["ui-field-behaviour"]["hidden-fields"]
    fields = form["conn-fields"]
    assert fields["app_key_secret"] == {
        "label": "App Key",
        "schema": {"type": ["string", "null"], "format": "password"},
    }
    assert fields["spare_token"]["schema"]["format"] == "password"
    assert fields["size"]["schema"] == {"type": ["integer", "null"], "minimum": 1, "maximum": 200, "default": 10}
    assert fields["region"]["schema"] == {"type": ["string", "null"], "enum": ["cn", "eu"], "default": "cn"}
    assert fields["dry"]["schema"] == {"type": "boolean", "default": False}
    assert fields["note"]["schema"] == {"type": ["string", "null"]}
    assert fields["base_url"]["description"] == "Where it lives"
    assert connection_types(registry=registry, hook_class="x.Y")[0]["hook-class-name"] == "x.Y"


class Urls(ConnectorSettings):
    base_url: str
    login_url: str | None = None
    database_url: str = "postgresql+psycopg://h/db"
    callback_url: SecretStr = SecretStr("not looked at")
    more: tuple[str, ...] = ()

    def hosts(self) -> tuple[str, ...]:
        return self.more


def test_egress_follows_the_settings():
    rule = egress_rule(Urls(base_url="https://A.example/x", more=("sftp://b.example", "C.example:2222")))
    assert rule.origins == {"a.example:443", "b.example:22", "c.example:2222"}
    abroad = egress_rule(Urls(base_url="https://例え.jp", more=("例え.jp:2222",)))
    assert abroad.origins == {"xn--r8jz45g.jp:443", "xn--r8jz45g.jp:2222"}
    assert not rule.allow_private
    with pytest.raises(ConfigurationError) as caught:
        egress_rule(Urls(base_url="https://a.example", more=("例_え.jp:22",)), place="systems.yaml:3")
    assert [fault.place for fault in caught.value.faults] == ["systems.yaml:3"]
    with pytest.raises(ConfigurationError) as caught:
        egress_rule(Urls(base_url="htps://a.example", login_url="https://u:p@a.example"), place="systems.yaml:3")
    assert [fault.place for fault in caught.value.faults] == ["systems.yaml:3", "systems.yaml:3"]

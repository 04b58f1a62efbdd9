"""systems.yaml: what it gives when right, and every fault at once when wrong."""

import textwrap
from decimal import Decimal
from pathlib import Path

import pytest

from baton.contracts import Rate
from baton.errors import ConfigurationError
from baton.registry import Registry
from baton.settings import load, locate
from baton.settings_shape import RatePart

CONNECTOR = """
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from pydantic import Field, SecretStr
from baton.sdk import Connector, ConnectorSettings, Finding, Rate

class ToySettings(ConnectorSettings):
    base_url: str
    token: SecretStr
    spare_token: SecretStr | None = None
    size: int = Field(default=10, ge=1, le=200)
    drop: Path = Path("in")

class ToyConnector(Connector):
    title: ClassVar[str] = "Toy"
    Settings: ClassVar[type[ConnectorSettings]] = ToySettings
    rate: ClassVar[Rate] = Rate(5)
    def check(self) -> Sequence[Finding]:
        return []
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    package = f"toys_{abs(hash(tmp_path))}"
    folder = tmp_path / "code" / package / "crm" / "toy"
    folder.mkdir(parents=True)
    for inside in (folder, folder.parent, folder.parent.parent):
        (inside / "__init__.py").write_text("")
    (folder / "connector.py").write_text(CONNECTOR)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    return Registry(package)


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "systems.yaml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


def faults(file: Path, registry: Registry, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(file, registry=registry, environ=environ or {})
    return [f"{fault.place.rpartition('/')[2]} {fault.rule}: {fault.message}" for fault in caught.value.faults]


def test_a_good_file(tmp_path, registry):
    (tmp_path / "m.yaml").write_text("x: y")
    file = written(
        tmp_path,
        """
        hub:
          time_zone: Europe/Berlin
          protected: [0012, 0099]
          transforms: [acme.transforms]
        gate:
          run: {share: 2.5%, at_least: 5, at_most: 50}
        sources: {guards: {least_share: 80%, stale_after_h: 12}}
        systems:
          crm:
            connector: crm/toy
            mapping: m.yaml
            settings: {base_url: "https://crm.example", size: 0020}
            rate: {calls: 5, per_s: 2}
            threads: 2
            allow_private: yes
            deadline_s: 12.5
          old: {connector: crm/toy, enabled: no}
        """,
    )
    hub = load(file, registry=registry, environ={"BATON_SECRET__CRM__TOKEN": "s3cret-value"})
    crm = hub.system("crm")
    assert hub.hub.protected == ("0012", "0099")
    assert hub.hub.time_zone == "Europe/Berlin"
    assert hub.database.get_secret_value() == f"sqlite:///{tmp_path}/state/baton.sqlite3"
    assert hub.gate.run.share == Decimal("0.025")
    assert hub.gate.week.share == Decimal("0.10")
    assert [hub.gate.run.limit(people) for people in (10, 1000, 100_000)] == [5, 25, 50]
    assert (hub.guards.least_share, hub.guards.stale_after_h) == (Decimal("0.8"), 12.0)
    assert crm.mapping == tmp_path / "m.yaml"
    assert crm.settings.size == 20
    assert crm.settings.drop == tmp_path / "in"
    assert crm.settings.token.get_secret_value() == "s3cret-value"
    assert (crm.rate, crm.threads, crm.allow_private, crm.deadline_s) == (Rate(5.0, 2.0, 1), 2, True, 12.5)
    assert list(hub.enabled) == ["crm"]
    assert "s3cret" not in repr(hub)
    built = registry.build(crm, limiter=None, clock=None)
    assert built.client.egress.origins == {"crm.example:443"}
    with pytest.raises(ConfigurationError, match="disabled"):
        registry.build(hub.system("old"), limiter=None, clock=None)
    with pytest.raises(ConfigurationError, match="did you mean 'crm'"):
        hub.system("crmm")


def test_every_fault_is_reported_at_once(tmp_path, registry):
    file = written(
        tmp_path,
        """\
        hub:
          time_zone: Mars/Olympus
          databse: x
          database: postgresql+psycopg://u:p@h/db
        gate:
          run: {share: -2%, at_least: 5, at_most: 50}
          day: {share: 5%, at_least: 50, at_most: 5}
          week: {share: inf, at_least: 5}
        systems:
          crm:
            connector: crm/tyo
          CRM: {connector: crm/toy, enabled: no}
          two:
            connector: crm/toy
            threads: 0
            threads: 3
            settings:
              base_url: nonsense
              sise: 3
              size: 500
              token: in-the-file
          three:
            mapping: no.yaml
          four: {connector: crm/toy, settings: {base_url: "https://x.example"}, mapping: gone.yaml}
          five: {connector: crm/toy, settings: {base_url: "ftp://u:p@x"}, deadline_s: nan}
          off: {connector: crm/nope, enabled: no}
        """,
    )
    found = faults(file, registry, {"BATON_SECRET__FIVE__TOKEN": "x"})
    joined = "\n".join(found)
    for expected in (
        "systems.yaml:2 value_error: hub.time_zone: must be an IANA time zone",
        "systems.yaml:3 unknown_key: hub.databse is not known here; did you mean 'database'?",
        "systems.yaml:4 secret_in_file: hub.database holds a password",
        "systems.yaml:6 value_error: gate.run.share: must be a percentage",
        "systems.yaml:7 value_error: gate.day: at_least is greater than at_most",
        "systems.yaml:8 value_error: gate.week.share: must be a percentage",
        "systems.yaml:8 missing: gate.week.at_most is missing",
        "systems.yaml:11 unknown_connector: there is no connector 'crm/tyo'; did you mean 'crm/toy'?",
        "systems.yaml:12 value_error: systems.CRM: a system is named by",
        "systems.yaml:15 greater_than_equal: systems.two.threads",
        "systems.yaml:16 duplicate_key: 'threads' already stands on line 15",
        "systems.yaml:19 unknown_key: systems.two.settings.sise is not known here; did you mean 'size'?",
        "systems.yaml:20 less_than_equal: systems.two.settings.size",
        "systems.yaml:21 secret_in_file: two.token is a secret; keep it in: environment variable BATON_SECRET__TWO__TOKEN",
        "systems.yaml:22 missing: systems.three.connector is missing",
        "systems.yaml:24 no_such_file: four.mapping",
        f"systems.yaml:24 missing_secret: four needs the secret token; looked in: environment variable BATON_SECRET__FOUR__TOKEN; file {tmp_path}/secrets/four/token",
        "systems.yaml:25 finite_number: systems.five.deadline_s",
        "systems.yaml:25 url: base_url is not an http(s)",
        "systems.yaml:26 unknown_connector: there is no connector 'crm/nope'",
    ):
        assert expected in joined
    assert len(found) == 20
    assert found == sorted(found, key=lambda fault: int(fault.split(":")[1].split(" ")[0]))
    assert "in-the-file" not in joined


def test_a_file_that_cannot_be_looked_at_is_a_fault_with_its_field(tmp_path, registry):
    long = "m" * 300
    system = "{connector: crm/toy, enabled: no, mapping: %s, ca_bundle: %s}"
    file = written(
        tmp_path,
        f"""\
        systems:
          crm: {system % (long, tmp_path / "systems.yaml" / "ca")}
        """,
    )
    assert faults(file, registry) == [
        f"systems.yaml:2 unreadable_file: crm.mapping: cannot be read: File name too long: {tmp_path / long}",
        f"systems.yaml:2 no_such_file: crm.ca_bundle: there is no such file: {tmp_path / 'systems.yaml' / 'ca'}",
    ]


def test_settings_at_a_place_of_too_long_a_name_are_a_fault(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        locate(tmp_path / ("s" * 300))
    assert [fault.rule for fault in caught.value.faults] == ["unreadable_file"]


def test_a_path_with_a_nul_is_a_fault_on_its_line(tmp_path, registry):
    file = written(
        tmp_path,
        """\
        systems:
          crm:
            connector: crm/toy
            enabled: no
            mapping: "m\\0.yaml"
        """,
    )
    assert faults(file, registry)[0].startswith("systems.yaml:5 nul: ")


@pytest.mark.parametrize("share", ["2", "-1%", "101%", "inf%", "nan", "", "２%", "1e1%", "2%%", "[2%]"])
def test_only_plain_percentages_pass(tmp_path, registry, share):
    file = written(tmp_path, f"gate:\n  run: {{share: {share}, at_least: 1, at_most: 2}}\nsystems: {{}}\n")
    assert [fault.split(" ")[0] for fault in faults(file, registry)] == ["systems.yaml:2"]


def test_reports_of_migrations_are_in_english_and_chinese_unless_others_are_named(tmp_path, registry):
    file = written(tmp_path, "systems: {}\n")
    assert load(file, registry=registry, environ={}).migrations.report_languages == ("en", "zh")
    named = written(tmp_path, "systems: {}\nmigrations: {report_languages: [ja, ko]}\n")
    assert load(named, registry=registry, environ={}).migrations.report_languages == ("ja", "ko")


@pytest.mark.parametrize("languages", ["[]", "[fr]", "ja", "[ja, JA]"])
def test_a_report_in_no_language_or_in_one_that_there_is_not_is_a_fault_on_its_line(tmp_path, registry, languages):
    file = written(tmp_path, f"systems: {{}}\nmigrations: {{report_languages: {languages}}}\n")
    told = faults(file, registry)
    assert told != []
    assert [fault for fault in told if not fault.startswith("systems.yaml:2 ") or "report_languages" not in fault] == []


def test_a_file_of_the_wrong_shape(tmp_path, registry):
    assert "shape" in faults(written(tmp_path, "- a\n"), registry)[0]
    assert "systems is missing" in faults(written(tmp_path, "hub: {}\n"), registry)[0]
    assert "systems: has no value" in faults(written(tmp_path, "systems:\n"), registry)[0]


def test_locate_lists_every_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        locate(None, {})
    assert "no path was given; BATON_SYSTEMS is not set; " + str(tmp_path / "systems.yaml") in str(caught.value)
    (tmp_path / "systems.yaml").write_text("systems: {}")
    assert locate(None, {}) == Path("systems.yaml")
    with pytest.raises(ConfigurationError, match="gone"):
        locate(None, {"BATON_SYSTEMS": "gone.yaml"})
    other = tmp_path / "other.yaml"
    other.write_text("systems: {}")
    assert locate(None, {"BATON_SYSTEMS": str(other)}) == other
    with pytest.raises(ConfigurationError, match="missing"):
        locate("missing.yaml", {"BATON_SYSTEMS": str(other)})


def test_secrets_come_in_the_order_environment_files_connection(tmp_path, registry):
    file = written(
        tmp_path,
        "systems:\n  crm: {connector: crm/toy, airflow_connection: toy_default, settings: {base_url: 'https://a.example'}}\n",
    )

    def read(connection: str) -> dict[str, str | None] | None:
        return {"token": "from-airflow"} if connection == "toy_default" else None

    def token(**environ: str) -> str:
        hub = load(file, registry=registry, environ=environ, read_connection=read)
        return hub.system("crm").settings.token.get_secret_value()

    assert token() == "from-airflow"
    (tmp_path / "secrets" / "crm").mkdir(parents=True)
    (tmp_path / "secrets" / "crm" / "token").write_text("from-file\n")
    assert token() == "from-file"
    assert token(BATON_SECRET__CRM__TOKEN="from-env") == "from-env"


def test_the_database_url_with_its_password_comes_from_the_vault(tmp_path, registry):
    hub = load(
        written(tmp_path, "systems: {}\n"),
        registry=registry,
        environ={"BATON_SECRET__HUB__DATABASE": "postgresql+psycopg://u:pw-word@h/db"},
    )
    assert hub.database.get_secret_value().endswith("u:pw-word@h/db")
    assert "pw-word" not in repr(hub)


def test_a_database_url_that_is_none_is_a_fault_with_its_line(tmp_path, registry):
    file = written(tmp_path, "hub:\n  database: 'postgresql+psycopg://u:p[w@h/db'\nsystems: {}\n")
    (fault,) = faults(file, registry)
    assert fault.startswith("systems.yaml:2 database_url: hub.database")
    assert "p[w" not in fault


def test_hashicorp_needs_its_token(tmp_path, registry):
    file = written(tmp_path, "hub:\n  hashicorp: {url: 'https://vault.example'}\nsystems: {}\n")
    assert "hub needs the secret hashicorp_token" in faults(file, registry)[0]


@pytest.mark.parametrize("calls", [0.99, 1e-300])
def test_an_allowance_too_small_to_be_kept_is_refused(calls: float) -> None:
    assert RatePart(calls=1.0, per_s=300.0).calls == 1.0
    with pytest.raises(ValueError, match="less than one call in 300 s cannot be kept"):
        RatePart(calls=calls, per_s=300.0)

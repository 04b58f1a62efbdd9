"""docker-compose.yml and the Dockerfile: what can be judged without a container engine."""

from __future__ import annotations

import os
import re
import resource
import runpy
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
OWN = {name: service for name, service in SERVICES.items() if "build" in service}
LONG_RUNNING = sorted(set(SERVICES) - {"migrate", "keys"})
SECRET_WORD = re.compile(r"password|secret|token|fernet|_url|database|conn|result_backend", re.IGNORECASE)


def settings(service):
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def schema_says(file):
    """The compose format's own schema, as the validator brings it along."""
    command = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_keeps_the_compose_schema():
    told = schema_says(ROOT / "docker-compose.yml")
    assert told.returncode == 0, told.stdout


def test_a_file_that_does_not_is_noticed(tmp_path):
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(text.replace("restart: unless-stopped", "restart: {always: maybe}", 1), encoding="utf-8")
    assert schema_says(wrong).returncode == 1


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_is_root_or_can_become_it(name):
    service = SERVICES[name]
    assert name in OWN or service["user"] == name, "the image's own user"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_is_pinned_by_a_tag_that_names_one_release(name):
    assert re.fullmatch(r"[a-z-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", SERVICES[name]["image"])


def test_the_services_of_airflow_are_all_there():
    assert set(SERVICES) == {
        "postgres", "redis", "migrate", "api-server", "scheduler", "dag-processor", "triggerer", "worker", "keys",
    }  # fmt: skip
    commands = {name: " ".join(service["command"]) for name, service in OWN.items()}
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        assert f"airflow {name}" in commands[name]
    assert commands["worker"].startswith("airflow celery worker")
    assert all(settings(service)["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor" for service in OWN.values())


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_service_tells_whether_it_is_well(name):
    check = SERVICES[name]["healthcheck"]
    assert check["test"]
    assert {"interval", "timeout", "retries"} <= set(check)
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_stands_in_the_file(name):
    for key, value in settings(SERVICES[name]).items():
        if SECRET_WORD.search(key) and not key.endswith(("EXECUTION_API_SERVER_URL", "TEST_CONNECTION", "CONN_NAMES")):
            assert key.endswith(("_CMD", "_FILE")), key
            assert value.startswith(("cat /run/secrets/", "/run/secrets/", "/tmp/")), key
        assert not re.search(r"://[^/\s]*:[^/\s]*@", value), key


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_secret_that_is_read_is_granted_and_declared(name):
    service = SERVICES[name]
    text = " ".join([*settings(service).values(), str(service.get("command", "")), str(service.get("healthcheck", ""))])
    read = set(re.findall(r"/run/secrets/([a-z_]+)", text))
    if name == "postgres":
        read |= {f"{role}_password" for role in ("airflow", "celery", "baton")}
    granted = set(service.get("secrets", []))
    assert read <= granted
    assert granted <= set(COMPOSE["secrets"])


def test_workers_cannot_read_airflows_own_database():
    assert not set(SERVICES["worker"]["secrets"]) & {"airflow_database", "fernet_key", "api_secret_key", "logins"}
    assert "SQL_ALCHEMY_CONN" not in str(settings(SERVICES["worker"]))
    mounted = [volume.split(":")[0] for volume in SERVICES["worker"]["volumes"]]
    assert not [place for place in mounted if place in {".", "./", "./.deployment"}]


def mounts(service):
    return {volume.split(":")[1]: volume.split(":")[2:] for volume in service["volumes"]}


def test_only_what_makes_keys_can_write_to_the_secrets():
    assert [name for name, service in OWN.items() if mounts(service)["/app/secrets"] != ["ro"]] == ["keys"]
    assert OWN["keys"]["profiles"], "never started by itself"
    for service in OWN.values():
        assert len(mounts(service)) == len(service["volumes"])
    assert {place: how for place, how in mounts(OWN["keys"]).items() if place != "/app/secrets"} == {
        place: how for place, how in mounts(OWN["worker"]).items() if place != "/app/secrets"
    }


def test_no_document_mounts_what_is_mounted_already():
    """Compose takes the access of the first mount at a place: a read-only one stays so, whatever the command says."""
    said = [(path.name, line) for path in (ROOT / "docs").glob("*.md") for line in path.read_text("utf-8").splitlines()]
    commands = [(name, line) for name, line in said if "docker compose run" in line]
    assert commands
    assert [each for each in commands if re.search(r"--volume|\s-v\s", each[1])] == []


def test_who_installs_is_told_that_every_dag_is_paused_at_first():
    """Airflow pauses what it meets for the first time: until somebody starts it nothing is sent, and no alarm told."""
    paused = all("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION" not in settings(service) for service in OWN.values())
    install = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("\n## Install")[2].partition("\n## ")[0]
    assert paused == ("airflow dags unpause" in install)
    assert not re.search(r"docker compose up(?!.*--detach)", install), "in the foreground it ends with its terminal"


def test_postgres_is_well_only_when_others_can_reach_it():
    """While it makes the databases it listens on its socket alone: what asks there would let the migration begin."""
    assert "--host=127.0.0.1" in SERVICES["postgres"]["healthcheck"]["test"]


def test_nothing_is_open_to_the_network():
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:8080:8080"]


@pytest.mark.parametrize("name", sorted(OWN))
def test_no_proxy_of_the_company_stands_between_the_services(name):
    """Docker sets one from its own configuration in every container; a service's settings go before it."""
    for spelling in ("NO_PROXY", "no_proxy"):
        beside = settings(SERVICES[name]).get(spelling, "").split(",")
        assert {"localhost", "127.0.0.1", *LONG_RUNNING} == set(beside)


def test_airflow_knows_every_setting(airflow_options):
    for service in OWN.values():
        assert {key for key in settings(service) if not key.startswith("AIRFLOW__")} == {"NO_PROXY", "no_proxy"}
        for key in settings(service).keys() - {"NO_PROXY", "no_proxy"}:
            section, option = key.removeprefix("AIRFLOW__").lower().split("__")
            name = option.removesuffix("_cmd")
            if option.endswith("_cmd"):
                assert (section, name) in airflow_options["sensitive"], f"Airflow reads no {key}"
            elif section not in {"celery", "celery_broker_transport_options"}:  # the provider is not installed here
                assert (section, name) in airflow_options["known"], f"Airflow has no {key}"


@pytest.fixture(scope="module")
def airflow_options():
    code = (
        "from airflow.configuration import conf, retrieve_configuration_description as d\n"
        "import json\n"
        "known = [(s, o) for s, v in d(include_providers=False).items() for o in v['options']]\n"
        "sensitive = list(conf.sensitive_config_values)\n"
        "print('|' + json.dumps([known, sensitive]))"
    )
    import json

    clean = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW__")}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean).stdout
    known, sensitive = json.loads(told.rpartition("|")[2])
    celery = [("celery", "broker_url"), ("celery", "result_backend")]
    return {"known": {tuple(pair) for pair in known}, "sensitive": {tuple(pair) for pair in [*sensitive, *celery]}}


def test_the_files_it_names_are_made(tmp_path):
    (tmp_path / "tools").mkdir()
    script = tmp_path / "tools" / "deployment_secrets.py"
    script.write_bytes((ROOT / "tools" / "deployment_secrets.py").read_bytes())
    runpy.run_path(str(script), run_name="__main__")
    before = {}
    for secret in COMPOSE["secrets"].values():
        path = tmp_path / secret["file"]
        before[path] = path.read_text("utf-8")
        assert len(before[path]) >= 30
    assert len(set(before.values())) == len(before)
    assert (tmp_path / ".deployment").stat().st_mode & 0o077 == 0
    assert (tmp_path / "secrets/hub/database").stat().st_mode & 0o077 == 0
    runpy.run_path(str(script), run_name="__main__")
    assert {path: path.read_text("utf-8") for path in before} == before, "made once, never over a value in use"


@pytest.fixture
def making(tmp_path):
    """Runs the tool in a project of its own; with a limit, as on a disk on which so many bytes of a file find room."""
    script = tmp_path / "tools" / "deployment_secrets.py"
    script.parent.mkdir()
    script.write_bytes((ROOT / "tools" / "deployment_secrets.py").read_bytes())

    def run(room: int | None = None) -> subprocess.CompletedProcess[str]:
        def limit() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails then, as on a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

        command = [sys.executable, "-I", str(script)]
        before = None if room is None else limit
        return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=before)

    return run


def secrets_in(folder):
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob(".deployment/*"))}


@pytest.mark.parametrize("room", [0, 20, 60])
def test_secrets_that_found_no_room_are_made_by_the_next_run(making, tmp_path, room):
    assert making(room).returncode != 0
    left = secrets_in(tmp_path)
    assert "" not in left.values()
    assert not any(name.startswith(".") for name in left)
    assert making().returncode == 0
    assert {len(text) > 20 for text in secrets_in(tmp_path).values()} == {True}


def test_empty_secrets_and_what_was_built_of_them_are_made_anew_and_no_others(making, tmp_path):
    making()
    folder, before = tmp_path / ".deployment", secrets_in(tmp_path)
    for name in ("airflow_password", "fernet_key"):
        (folder / name).write_text("", "utf-8")
    (folder / "airflow_database").write_text("postgresql+psycopg2://airflow:@postgres/airflow", "utf-8")
    (folder / "result_backend").write_text("postgresql+psycopg2://me:@elsewhere/results", "utf-8")
    told = making()
    made = ("airflow_password", "airflow_database", "fernet_key")
    assert told.stdout.splitlines() == [f"made .deployment/{name}" for name in made]
    after = secrets_in(tmp_path)
    assert after["airflow_password"] in after["airflow_database"]
    assert after["fernet_key"] not in ("", before["fernet_key"])
    assert after["result_backend"] == "postgresql+psycopg2://me:@elsewhere/results"
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"airflow_password", "airflow_database", "fernet_key", "result_backend"}


def test_secrets_that_belong_to_the_containers_by_now_are_named_and_the_others_made(
    making, tmp_path, monkeypatch, capsys
):
    """The guide hands secrets/ to the containers' user; the tool may be run again, for a file that was added since."""
    making()
    (tmp_path / ".deployment" / "logins").unlink()
    exists = Path.exists

    def closed(path: Path, **more: bool) -> bool:
        if path.is_relative_to(tmp_path / "secrets" / "hub") and path != tmp_path / "secrets" / "hub":
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path, **more)

    monkeypatch.setattr(Path, "exists", closed)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(tmp_path / "tools" / "deployment_secrets.py"), run_name="__main__")
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert told.out.splitlines() == ["made .deployment/logins"]
    (line,) = told.err.splitlines()
    assert "secrets/hub/database, secrets/hub/metrics_token" in line


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_makes_belongs_to_whoever_has_the_folder(making, tmp_path):
    making()
    folder = tmp_path / "secrets" / "hub"
    (folder / "metrics_token").unlink()
    os.chown(folder, 10001, 10001)
    assert making().stdout.splitlines() == ["made secrets/hub/metrics_token"]
    made = (folder / "metrics_token").stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o777) == (10001, 10001, 0o600)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("there", [True, False], ids=["secrets are there", "nothing is there"])
def test_a_folder_that_root_makes_belongs_to_whoever_has_the_one_above_it(making, tmp_path, there):
    os.chown(tmp_path, 10002, 10003)
    folder = tmp_path / "secrets"
    if there:
        folder.mkdir()
        os.chown(folder, 10001, 10001)
    assert making().returncode == 0
    owned = {
        str(path.relative_to(tmp_path)): (path.stat().st_uid, path.stat().st_gid)
        for path in (folder, *folder.rglob("*"), *tmp_path.glob(".deployment"), *tmp_path.glob(".deployment/*"))
    }
    assert {"secrets/hub", "secrets/hub/database", ".deployment/logins"} < set(owned)
    whose = {True: (10001, 10001), False: (10002, 10003)}
    assert {path: owner for path, owner in owned.items() if owner != whose[there and path.startswith("secrets")]} == {}
    assert {path.stat().st_mode & 0o777 for path in (folder / "hub", tmp_path / ".deployment")} == {0o700}


def test_the_deployments_secrets_are_not_for_git():
    told = subprocess.run(
        ["git", "-C", str(ROOT), "check-ignore", ".deployment/fernet_key", "secrets/hub/database"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.split() == [".deployment/fernet_key", "secrets/hub/database"]


def test_the_image_runs_as_nobody_in_particular_from_the_lock():
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if line.startswith("USER")] == ["USER baton"]
    assert lines.index("USER baton") > max(number for number, line in enumerate(lines) if line.startswith("RUN"))
    for line in lines:
        if line.startswith("FROM"):
            assert re.search(r":\d+\.\d+\.\d+-", line), "a base image is pinned by its tag"
    assert all("--frozen" in line for line in lines if "uv sync" in line)
    assert "ARG" not in {line.split()[0] for line in lines}, "no secret can come in as a build argument"


def test_the_image_has_the_programs_that_the_banks_envelopes_need():
    """What a slim image lacks is missed on pay day only: gpg (with its agent, for the private key) and openssl."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    installed = re.search(r"apt-get install --yes --no-install-recommends ([a-z -]+?) \\\n", last)
    assert installed, "no package is installed"
    assert installed[1].split() == ["gpg", "gpg-agent", "openssl"]
    assert last.index("rm --recursive --force /var/lib/apt/lists") < last.index("\nUSER baton")


def test_the_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {service["image"] for service in OWN.values()} == {f"baton-hub:{project['version']}"}
    bootstrap = runpy.run_path(str(ROOT / "tools" / "bootstrap.py"))
    assert f"uv=={bootstrap['UV_VERSION']}" in DOCKERFILE


def test_what_the_image_copies_is_not_kept_from_it():
    sources = {word for line in DOCKERFILE.splitlines() if re.match("COPY (?!--)", line) for word in line.split()[1:-1]}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert sources <= allowed
    assert all((ROOT / source).exists() for source in sources)


def test_a_file_that_is_mounted_alone_is_said_to_need_a_restart():
    """Whoever replaces it changes nothing for a container that runs."""
    mounts = {volume.split(":")[0] for service in OWN.values() for volume in service["volumes"] if volume[0] == "."}
    alone = {mount for mount in mounts if Path(mount).suffix}
    told = (ROOT / "docs/operations.md").read_text("utf-8")
    assert alone == {"./systems.yaml"}
    assert "**After a change of `systems.yaml`**: `docker compose restart`" in told

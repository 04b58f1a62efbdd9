"""Every command, setting and health check of docker-compose.yml can be started on this machine as it stands."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.deployment.compose import (
    COMPOSE,
    Place,
    Ports,
    UntranslatedError,
    databases_script,
    image_environment,
    service,
)

HERE = Place(Path("/somewhere/shared"), Path("/somewhere/home-of-one"), Ports(1, 2, 3, 4, (5,)))
OWN = sorted(name for name in COMPOSE["services"] if service(name).own and name != "keys")
"""Of Airflow; the one that makes keys is started by hand."""
DOCKERS_PROXY = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
"""What Docker sets in every container where its own configuration has a proxy."""


@pytest.mark.parametrize("name", OWN)
def test_a_service_of_ours_is_started_with_what_the_file_says(name):
    one = service(name)
    command, settings = one.command(HERE), one.environment(HERE)
    assert "airflow" in " ".join(command)
    assert settings["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:3/execution/"
    assert settings["AIRFLOW__CORE__DAGS_FOLDER"] == "/somewhere/shared/dags"
    assert settings["BATON_SYSTEMS"] == "/somewhere/shared/systems.yaml"
    assert settings["AIRFLOW_HOME"] == "/somewhere/home-of-one"
    assert settings.keys() >= set(one.described["environment"])
    for key, value in settings.items():
        if key.endswith("_CMD"):
            assert value == f"cat /somewhere/home-of-one/granted/{Path(value).name}"
            assert Path(value).name in one.secrets


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("asked", ["http://127.0.0.1:8974/health", "http://api-server:8080/execution/"])
def test_what_a_service_asks_beside_it_goes_through_no_proxy(name, asked, monkeypatch):
    """As the clients decide it: the health checks by the standard library, Airflow's tasks by httpx."""
    for spelling, said in {**DOCKERS_PROXY, **service(name).described["environment"]}.items():
        monkeypatch.setenv(spelling, said)
    assert urllib.request.proxy_bypass(urlsplit(asked).hostname)
    with httpx.Client() as http:
        assert http._transport_for_url(httpx.URL(asked)) is http._transport
        assert http._transport_for_url(httpx.URL("http://crm.example")) is not http._transport


@pytest.mark.parametrize("name", sorted(set(COMPOSE["services"]) - {"migrate", "keys"}))
def test_a_health_check_is_a_command_of_this_machine(name):
    assert service(name).health_check(HERE)


def test_redis_is_told_its_port_and_reads_its_password_from_the_file():
    command = " ".join(service("redis").command(HERE))
    assert command.endswith("exec redis-server --port 2 --bind 127.0.0.1 -")
    assert '"$(cat /somewhere/home-of-one/granted/redis_password)"' in command


def test_the_script_of_the_databases_reads_the_granted_passwords():
    assert '"$(cat "/somewhere/home-of-one/granted/${role}_password")"' in databases_script(HERE)


@pytest.mark.parametrize("text", ["curl api-server:99", "airflow api-server --bind :8080", "see /app/../x:8974"])
def test_what_cannot_be_translated_is_refused(text):
    with pytest.raises(UntranslatedError):
        HERE.native(text)


def test_this_machine_s_own_folders_may_be_called_anything():
    odd = Place(Path("/home/app/airflow"), Path("/srv/airflow/app"), HERE.ports)
    assert (
        odd.native("cat /run/secrets/x > /app/state/y") == "cat /srv/airflow/app/granted/x > /home/app/airflow/state/y"
    )


def test_the_image_sets_what_every_service_needs():
    assert image_environment().keys() >= {"AIRFLOW_HOME", "BATON_SYSTEMS", "LANG", "PATH"}

import os
from pathlib import Path

import httpx
import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import ConfigurationError, HaltError, RetryableError
from baton.vault import (
    ConnectionSecrets,
    EnvironmentSecrets,
    FileSecrets,
    HashiCorpSecrets,
    Vault,
    connection_field,
)


def kept(root: Path, name: str, content: bytes) -> Path:
    (root / "crm").mkdir(parents=True, exist_ok=True)
    path = root / "crm" / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"abc\n", "abc"), (b"abc\r\n", "abc"), (b"abc\n\n", "abc\n"), (b" abc ", " abc "), ("甲".encode(), "甲"), (b"\n", None), (b"", None),
     (b"\xef\xbb\xbfabc\r\n", "abc"), (b"\xef\xbb\xbf", None)],
)  # fmt: skip
def test_one_newline_at_the_end_is_not_part_of_the_value(tmp_path, content, value):
    kept(tmp_path, "token", content)
    assert FileSecrets(tmp_path).get("crm", "token") == value


def test_a_link_that_leads_out_is_a_fault(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("x")
    root = tmp_path / "secrets"
    kept(root, "inner", b"inside")
    (root / "crm" / "token").symlink_to(outside)
    (root / "crm" / "alias").symlink_to(root / "crm" / "inner")
    (root / "crm" / "loop").symlink_to(root / "crm" / "loop")
    assert FileSecrets(root).get("crm", "alias") == "inside"
    for name in ("token", "loop"):
        with pytest.raises(ConfigurationError, match=f"crm/{name}"):
            FileSecrets(root).get("crm", name)


def test_what_is_no_plain_text_file_is_a_fault(tmp_path):
    kept(tmp_path, "binary", b"\xff\xfe")
    kept(tmp_path, "huge", b"x" * 70_000)
    os.mkfifo(tmp_path / "crm" / "pipe")
    (tmp_path / "crm" / "folder").mkdir()
    for name in ("binary", "huge", "pipe", "folder"):
        with pytest.raises(ConfigurationError, match=name):
            FileSecrets(tmp_path).get("crm", name)


def test_world_readable_files_are_listed(tmp_path):
    open_file, closed = kept(tmp_path, "open", b"1"), kept(tmp_path, "closed", b"1")
    example = kept(tmp_path, "token.example", b"1")
    for path, mode in ((open_file, 0o644), (closed, 0o640), (example, 0o644)):
        path.chmod(mode)
    assert FileSecrets(tmp_path).exposed() == (open_file,)
    assert FileSecrets(tmp_path).shared() == (closed,)
    assert FileSecrets(tmp_path / "none").exposed() == FileSecrets(tmp_path / "none").shared() == ()


@pytest.mark.parametrize("name", ["../x", "a/b", "A", "", "a__b", "a.b", ".", "ä", "a_", "a\n"])
def test_names_that_could_mean_another_place_are_refused(tmp_path, name):
    vault = Vault([FileSecrets(tmp_path)])
    with pytest.raises(ConfigurationError):
        vault.find("crm", name)
    with pytest.raises(ConfigurationError):
        vault.find(name, "token")


def test_the_first_provider_wins_and_the_error_names_all_places(tmp_path):
    kept(tmp_path, "token", b"from-file")
    environ = {"BATON_SECRET__CRM__TOKEN": "from-env"}
    connections = ConnectionSecrets({"crm": "crm_default"}, lambda _: {"token": "from-airflow", "key_secret": "k1"})
    vault = Vault([EnvironmentSecrets(environ), FileSecrets(tmp_path), connections])
    assert vault.get("crm", "token") == "from-env"
    environ.clear()
    assert vault.get("crm", "token") == "from-file"
    assert vault.get("crm", "key") == "k1"
    with pytest.raises(ConfigurationError) as caught:
        vault.get("erp", "key")
    message = str(caught.value)
    for place in ("BATON_SECRET__ERP__KEY", str(tmp_path / "erp" / "key"), "airflow_connection of erp"):
        assert place in message
    assert "Airflow connection crm_default, field key_secret" in vault.places("crm", "key")


def test_nothing_prints_a_value_and_mask_hides_it():
    vault = Vault(
        [EnvironmentSecrets({"BATON_SECRET__CRM__TOKEN": "abcd1234", "BATON_SECRET__CRM__LONG": "abcd12345"})]
    )
    vault.get("crm", "token")
    vault.get("crm", "long")
    assert "abcd" not in repr(vault)
    assert vault.mask("x abcd12345 y abcd1234") == "x *** y ***"


def test_airflow_masks_by_name():
    assert [connection_field(name) for name in ("app_secret", "access_token", "app_key")] == [
        "app_secret", "access_token", "app_key_secret",
    ]  # fmt: skip


def hashicorp(answer: httpx.Response, seen: list[httpx.Request]) -> HashiCorpSecrets:
    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer

    client = Client(EgressRule(frozenset({"vault.example:443"})), transport=httpx.MockTransport(handle))
    return HashiCorpSecrets(client, "https://vault.example/", "t0ken")


def test_hashicorp_kv_version_2():
    seen: list[httpx.Request] = []
    secrets = hashicorp(httpx.Response(200, json={"data": {"data": {"token": "v1"}, "metadata": {}}}), seen)
    assert (secrets.get("crm", "token"), secrets.get("crm", "other")) == ("v1", None)
    assert str(seen[0].url) == "https://vault.example/v1/secret/data/baton/crm"
    assert seen[0].headers["x-vault-token"] == "t0ken"
    assert "t0ken" not in secrets.describe("crm", "token")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(403), HaltError),
        (httpx.Response(503), RetryableError),
        (httpx.Response(200, json={"data": 3}), RetryableError),
        (httpx.Response(200, text="<html>"), RetryableError),
    ],
)
def test_hashicorp_trouble_is_not_a_missing_secret(answer, error):
    with pytest.raises(error):
        hashicorp(answer, []).get("crm", "token")
    assert hashicorp(httpx.Response(404), []).get("crm", "token") is None

"""No personal data and no secret in Airflow's database or logs: plant what is easy to recognise, run, search the bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.airflow.installation import Installation, person
from tests.canaries.files import fresh

NAMES = ["司徒䶮霈", "金丝雀甲"]
MOBILES = ["13987650413", "13987650414"]
IDENTITIES = ["11010119900307803X", "110101199003078048"]
ACCOUNTS = ["6222021234509876543", "6222021234509876550"]
MAILS = ["canary.zhang@example.com", "canary.li@example.com"]
SECRETS = ["canary-client-secret-7f31", "canary-client-id-55a2"]
CANARIES = [*NAMES, *MOBILES, *IDENTITIES, *ACCOUNTS, *MAILS, *SECRETS]


def forms(text: str) -> set[bytes]:
    """Every way in which a text is likely to be written down; what is too short to mean anything is left out."""
    found = {quote(text).encode(), repr(text.encode())[2:-1].encode()}
    escaped = json.dumps(text)[1:-1]
    found |= {escaped.encode(), escaped.replace("\\", "\\\\").encode(), escaped.upper().encode()}
    for encoding in ("utf-8", "gb18030", "utf-16-le"):
        raw = text.encode(encoding)
        found |= {raw, raw.hex().encode()}
        for shift in range(3):  # base64 of something that has the text inside
            found.add(base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4])
    return {form for form in found if len(form) >= 6}


def written(home: Path) -> dict[str, bytes]:
    """Airflow's database with its side files, and every log."""
    files = [*home.glob("airflow.db*"), *(home / "logs").rglob("*")]
    return {str(file.relative_to(home)): file.read_bytes() for file in files if file.is_file()}


def found(home: Path, texts: list[str], before: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Which texts are where, in what has been written since: pages of the database that have changed, new log lines."""
    contents = {name: since(content, before.get(name, b"")) for name, content in written(home).items()}
    return [
        (text, name)
        for text in texts
        for wanted in [forms(text)]
        for name, content in contents.items()
        if any(form in content for form in wanted)
    ]


def since(content: bytes, before: bytes) -> bytes:
    return content[len(before) :] if content.startswith(before) else fresh(content, before)


@pytest.fixture
def before(airflow_home: Path) -> dict[str, bytes]:
    """What was there when the test began: other tests have searched it."""
    return written(airflow_home)


def canary(n: int, which: int, **more: str) -> dict[str, str]:
    return {
        **person(n),
        "姓名": NAMES[which],
        "手机": MOBILES[which],
        "证件号码": IDENTITIES[which],
        "银行账号": ACCOUNTS[which],
        "开户名": NAMES[which],
        "工作邮箱": MAILS[which],
        **more,
    }


@pytest.fixture
def planted(installation: Installation) -> Installation:
    """Canaries in the roster, in rows that pass and in rows that do not, and in the secrets."""
    installation.hand_in([canary(1, 0), canary(2, 1), *[person(n) for n in range(3, 20)]])
    return installation


def test_the_search_finds_what_is_written_down(airflow_home: Path, before: dict[str, bytes]) -> None:
    planted = {}
    for text in CANARIES:
        for form in forms(text):
            place = airflow_home / "logs" / f"control-{len(planted)}.log"
            place.write_bytes(b"<" + form + b">")
            planted[f"logs/{place.name}"] = text
    seen = found(airflow_home, CANARIES, before)
    for name, text in planted.items():
        assert (text, name) in seen
        (airflow_home / name).unlink()


def test_nothing_personal_gets_into_airflow(
    run_dag: Any,
    planted: Installation,
    airflow_home: Path,
    before: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert str(run_dag().state) == "success"
    assert str(run_dag("reconcile_systems").state) == "success"
    moved = [{**row, "岗位": "总监"} if row["工号"] in ("0001", "0002") else row for row in planted.people]
    bad = [
        canary(90, 0, 员工状态=NAMES[1]),
        canary(91, 1, 入职日期=MOBILES[0]),
        canary(92, 0, 手机="x" + IDENTITIES[0]),
    ]
    planted.hand_in([*moved, *bad])
    run_dag(dry_run=True)
    run_dag()
    planted.hand_in_leavers([1, 2, 3, 4, 5])
    assert str(run_dag().state) == "failed"  # held
    planted.hand_in(planted.people[:3])
    assert str(run_dag().state) == "failed"  # refused
    states = [str(run.state) for run in planted.runs()]
    assert {"refused", "held", "settled"} <= set(states)
    known = b"".join(written(airflow_home).values())
    assert all(run.id.encode() in known for run in planted.runs() if run.state == "settled")  # the search does look
    assert found(airflow_home, CANARIES, before) == []


def test_secrets_stay_out_wherever_they_come_from(
    run_dag: Any,
    planted: Installation,
    airflow_home: Path,
    before: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = {"client_secret": SECRETS[0], "client_id": SECRETS[1]}
    planted.keep_secrets("crm", wrong)
    assert str(run_dag().state) == "failed"
    planted.forget_secrets("crm")
    connection = {"conn_type": "baton_crm_salesforce", "extra": {**wrong, "client_id_secret": SECRETS[1]}}
    monkeypatch.setenv("AIRFLOW_CONN_CRM_DEFAULT", json.dumps(connection))
    assert str(run_dag().state) == "failed"
    assert found(airflow_home, CANARIES, before) == []


@pytest.mark.parametrize("place", ["find", "provision", "besides"])
def test_an_error_nobody_foresaw_tells_its_type_and_place_only(
    run_dag: Any,
    planted: Installation,
    airflow_home: Path,
    before: dict[str, bytes],
    said: Any,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    from connectors.crm.salesforce.connector import SalesforceConnector
    from connectors.hr.file_export.connector import FileExport

    def broken(*_: Any) -> Any:
        try:
            raise KeyError(MOBILES[0])
        except KeyError as error:
            raise ValueError(f"cannot read {NAMES[0]} {IDENTITIES[0]}") from error

    monkeypatch.setattr(FileExport if place == "besides" else SalesforceConnector, place, broken)
    assert str(run_dag().state) == "failed"
    log = said()
    assert "unexpected ValueError" in log
    assert "ValueError at test_canaries.py:" in log
    assert found(airflow_home, CANARIES, before) == []

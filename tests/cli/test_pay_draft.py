"""baton pay draft, sweep: of a file or of a system's payables, and away with what interrupted builds left."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from baton.cli.context import Context
from baton.cli.main import execute
from tests.cli.conftest import Said
from tests.hub.payment.office import Office
from tests.rig.clock import VirtualClock
from tests.rig.erp import Erp
from tests.rig.payroll import Payroll, payroll_file
from tests.rig.targets import KeyTarget

NOVEMBER = ("--bank", "bank", "--period", "2026-11", "--on", "2026-11-30", "--as", "maker-li")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    company = Payroll(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget})
    company.erp = Erp()
    with company.open() as hub:
        monkeypatch.setattr(Context, "hub", lambda _: nullcontext(hub))
        yield Office(company, hub)


def baton(*arguments: object, lang: str = "en") -> Said:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = execute(["--lang", lang, "pay", *map(str, arguments)])
    return Said(code, *(stream.buffer.getvalue().decode("utf-8") for stream in (out, err)))


def test_a_run_of_a_systems_payables_is_told_like_one_of_a_file(office: Office) -> None:
    office.company.erp.approved = [
        {"number": "0001", "amount": "8000.00", "place": "P-1"},
        {"number": "0002", "amount": "0.001", "place": "P-2"},
    ]
    told = baton("draft", "--from", "erp", *NOVEMBER)
    assert told.code == 1, "a payable that cannot be paid is not passed over"
    assert "1 lines, 0 left out, 1 rows could not be read" in told.out
    assert "erp:P-2" in told.out
    again = baton("draft", "--from", "erp", *NOVEMBER, "--json").json
    assert [(each["place"], each["code"]) for each in again["left_out"]] == [("erp:P-1", "claimed")]


def test_it_takes_a_file_or_a_system_and_not_both(office: Office, tmp_path: Path) -> None:
    path = payroll_file(tmp_path, {"0001": "1.00"})
    for given in ((), (path, "--from", "erp")):
        refused = baton("draft", *given, *NOVEMBER)
        assert refused.code == 2
        assert "give one of the two" in refused.err
    assert baton("draft", path, *NOVEMBER).code == 0


def test_a_sweep_tells_first_and_then_deletes(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "state/payments"
    folder.mkdir(parents=True)
    left = folder / "0123456789abcdef-PAIN_X.xml.hpf"
    left.write_bytes(b"half a build")
    assert "0 files" in baton("sweep", "--dry-run").out
    then = time.time() - 3 * 86_400
    os.utime(left, (then, then))
    shown = baton("sweep", "--dry-run")
    assert (shown.code, left.name in shown.out, left.exists()) == (0, True, True)
    assert "1 files of interrupted builds would be deleted" in shown.out
    assert baton("sweep", "--older-than-h", "100", "--json").json == {"dry_run": False, "files": []}
    assert "已删除 1 个" in baton("sweep", lang="zh").out
    assert not left.exists()
    assert baton("sweep", "--older-than-h", "0").code == 2, "what is being built is never swept"

"""The watch over the whole suite sees what it is for: a log line, an error, a database file, its log."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from baton.errors import HaltError
from tests import canary_watch
from tests.canary_watch import BYTES, Watch, in_text
from tests.rig.company import row
from tests.rig.payroll import card, person


def test_the_rigs_people_carry_them() -> None:
    assert in_text(row("0012")["name"]) == ["name"]
    somebody = person("0012")
    assert in_text(f"{somebody.full_name} {somebody.bank_account_number}") == ["name", "card"]
    assert in_text(f"0012 测试甲 {card(12)[:-1]}") == []


@pytest.mark.canaries_allowed
def test_a_log_line_and_an_error_are_heard() -> None:
    canary_watch._WATCH.hits.clear()
    logging.getLogger("baton.hub").warning("could not write %s", "测试0012")
    logging.getLogger("elsewhere").warning("测试0012")
    HaltError(f"no such account: {card(12)}")
    assert [hit.partition(" ")[0] for hit in canary_watch._WATCH.hits] == ["name", "card"]


@pytest.mark.parametrize("writing", ["utf-8", "gb18030", "utf-16-le", "json"])
def test_a_database_file_is_searched_in_every_writing(tmp_path: Path, writing: str) -> None:
    text = "测试0012"
    data = b"\\u6d4b\\u8bd50012" if writing == "json" else text.encode(writing)
    folder = tmp_path / "elsewhere" / "state"
    folder.mkdir(parents=True)
    (folder / "hub.sqlite3-wal").write_bytes(b"SQLite" + data)
    watch = Watch()
    watch.look_at_files(folder.parent)
    assert watch.hits == ["canary in hub.sqlite3-wal"]
    assert BYTES.search(b"0012 hub 6222001234567890123") is None

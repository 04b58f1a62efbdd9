"""Log lines: one line each, an allow-list of fields, nothing that deceives a terminal, no message of an error."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from baton.structured_log import FIELDS, LONGEST, JsonLines, PlainLines, write_harmless_lines

HOSTILE = "a\nb\r\x1b[31mred\x00\u202egnp.exe\u2028\ud800测试䶮"


def record(message: str = "said {}", *values: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("baton.test", logging.WARNING, "/somewhere/module.py", 7, message, values, None)
    made.__dict__.update(extra)
    return made


def test_a_json_line_is_one_line_that_says_what_is_allowed() -> None:
    line = JsonLines().format(record("%s", HOSTILE, run="sync-1", person="测试甲", count=3, system=HOSTILE))
    assert line.isprintable()
    told = json.loads(line)
    assert told["message"].endswith("测试䶮")
    assert (told["run"], told["count"], told["level"], told["where"]) == ("sync-1", 3, "warning", "module:7")
    assert told["message"] == told["system"] == r"a\u000ab\u000d\u001b[31mred\u0000\u202egnp.exe\u2028\ud800测试䶮"
    assert set(told) <= {"at", "level", "logger", "message", "where", *FIELDS}
    assert "测试甲" not in line


def test_a_plain_line_is_one_line_as_well() -> None:
    line = PlainLines().format(record("%s", HOSTILE))
    assert line.isprintable()
    assert "\\u001b[31m" in line


@pytest.mark.parametrize("form", [JsonLines(), PlainLines()])
def test_an_error_is_told_by_type_and_place_only(form: logging.Formatter) -> None:
    made = record("failed")
    try:
        raise ValueError("测试甲 13800000001")
    except ValueError:
        made.exc_info = sys.exc_info()
    line = form.format(made)
    assert "ValueError at test_structured_log.py" in line
    assert "测试甲" not in line


def test_a_message_has_an_end() -> None:
    told = json.loads(JsonLines().format(record("x" * 10 * LONGEST)))
    assert len(told["message"]) == LONGEST + 1


def test_a_wrong_number_of_values_loses_no_line() -> None:
    assert json.loads(JsonLines().format(record("%s and %s", "one")))["message"] == "%s and %s"
    assert json.loads(JsonLines().format(record("%(who)s", {"what": "one"})))["message"] == "%(who)s"


@pytest.mark.parametrize(("form", "first"), [("json", "{"), ("", "2")])
def test_the_environment_chooses_the_form_and_the_level(monkeypatch, form: str, first: str) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    before = (list(logging.root.handlers), logging.root.level)
    try:
        write_harmless_lines({"BATON_LOG_FORMAT": form, "BATON_LOG_LEVEL": "info"})
        logging.getLogger("elsewhere.test").info("here")  # the suite hears Baton's own at every level
        logging.getLogger("elsewhere.test").debug("not here")
    finally:
        logging.root.handlers[:], logging.root.level = before
    assert out.getvalue().startswith(first)
    assert out.getvalue().count("\n") == 1

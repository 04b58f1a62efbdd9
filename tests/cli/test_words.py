"""Everything the commands say can be said in Chinese, and means the same."""

import ast
import re
import string
from pathlib import Path

import pytest

from baton.cli.language import CHINESE
from baton.cli.output import language_of
from baton.engine.settle import Verdict
from baton.hub.migration.extraction import Phase
from baton.hub.migration.verifying import Proof
from baton.jobs.payment.checks.findings import LineVerdict
from baton.jobs.payment.differences import Weight
from baton.jobs.payment.overpayment import Doubt, Remedy
from baton.jobs.payment.reconciliation import Verdict as Reconciled
from baton.model.account import AccountState, Action
from baton.model.alert import AlertState, Rule
from baton.model.case import Act, CaseState, ItemState, Role
from baton.model.effect import EffectState
from baton.model.handover import HoldingKind
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.people import EmploymentStatus
from baton.model.recovery import EntryKind, RecoveryState
from baton.model.settlement import SettlementState
from baton.store.runs import RunState

CLI = Path(__file__).parents[2] / "baton" / "cli"


def literals(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, (ast.List, ast.Tuple)):
        for item in node.elts:
            yield from literals(item)


def spoken():
    """(file, line, text) of every literal handed to a Voice or a spinner."""
    for file in sorted(CLI.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = {"say": 0, "words": 0, "table": 0, "working": 1}.get(name)
            if place is not None and len(node.args) > place:
                for text in literals(node.args[place]):
                    yield file.name, node.lineno, text


def test_every_message_is_known_in_chinese():
    found = list(spoken())
    assert len(found) > 60
    assert [item for item in found if item[2] not in CHINESE] == []


def test_no_translation_is_left_over():
    values = {
        str(value)
        for kind in (
            *(Verdict, RunState, EffectState, Action, AccountState, EmploymentStatus, Phase, Proof),
            *(CaseState, ItemState, HoldingKind, Act, Role, Rule, AlertState),
            *(EntryKind, RecoveryState, Doubt, Remedy, SettlementState),
            *(LineState, Component, LineVerdict, Reconciled, Weight),
        )
        for value in kind
        if value
    }
    used = {text for _, _, text in spoken()} | values
    assert sorted(set(CHINESE) - used) == []
    assert sorted(values - set(CHINESE)) == []


def test_translations_have_the_same_blanks():
    def blanks(text):
        return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)

    for english, chinese in CHINESE.items():
        assert blanks(english) == blanks(chinese), english
        said = any(letter.isalpha() for part, *_ in string.Formatter().parse(english) for letter in part)
        assert not said or any("\u4e00" <= letter <= "\u9fff" for letter in chinese), english


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "de_DE"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
    ],
)
def test_the_locale_decides(environ, language):
    assert language_of(None, environ) == language
    assert language_of("zh", environ) == "zh"
    assert language_of("en", environ) == "en"


def test_no_command_shows_an_instant_without_saying_that_it_is_utc():
    shown = [
        f"{path.name}: {line.strip()}"
        for path in sorted(CLI.glob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"%H:%M(:%S)?\}", line) and "UTC" not in line
    ]
    assert shown == []

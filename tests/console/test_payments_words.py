"""Both languages say everything about pay runs, with the same values in it."""

from __future__ import annotations

import re
import string

from baton.console.pages import FOLDER
from baton.console.payments.deciding import Act
from baton.console.payments.month import SUMS
from baton.console.payments.settlement_pages import Act as Pressed
from baton.console.payments.words import WORDS
from baton.jobs.payment.approval_policy import Refusal
from baton.jobs.payment.checks.rules import Severity
from baton.jobs.payment.checks.waivers import Refusal as WaiverRefusal
from baton.jobs.payment.differences import DifferenceKind, Weight
from baton.jobs.payment.reconciliation import Verdict
from baton.jobs.payment.roles import Role
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.settlement import SettlementState
from baton.store.runs import RunState

TEMPLATES = "\n".join(path.read_text("utf-8") for path in sorted((FOLDER / "templates" / "payments").glob("*.html")))
COMPOSED = {
    f"{group}.{member}"
    for group, members in {
        "act": Act, "said": Act, "consequence": Act, "office": Role, "component": Component, "run": RunState,
        "line": LineState, "delivery": EffectState, "severity": [each.name.lower() for each in Severity],
        "refusal": [*Refusal, *WaiverRefusal], "decided": [Act.RELEASE, Act.CANCEL, Act.WITHDRAW],
        "verdict": Verdict, "difference": DifferenceKind, "sum": SUMS, "weight": [each for each in Weight if each],
        "settlement": [*Pressed, *(f"{each}_state" for each in SettlementState)],
        "settlement.consequence": Pressed,
        "total": ["payable", "held", "left_out", "filed", "declared"],
    }.items()
    for member in members
}  # fmt: skip


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_values() -> None:
    english, chinese = WORDS["en"], WORDS["zh"]
    assert set(english) == set(chinese)
    assert [key for key, text in english.items() if values(text) != values(chinese[key])] == []
    assert [key for key, text in english.items() if not text.strip() or text == chinese[key]] == []


def test_what_is_asked_for_is_there_and_nothing_else() -> None:
    plain = set(re.findall(r"\bt\(['\"]([a-z_.]+[a-z_])['\"]", TEMPLATES))
    assert sorted((plain | COMPOSED) - set(WORDS["en"])) == []
    rest = set(WORDS["en"]) - plain - COMPOSED
    assert {key for key in rest if not key.startswith("refusal.")} == set()

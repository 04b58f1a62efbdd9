"""What the pages about payments say of rules, policy and settlements is what the code does."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from baton.jobs.payment.checks.catalogue import RULES
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.jobs.payment.checks.rules import Rule, Severity
from baton.jobs.payment.settlement.calculator import calculate
from baton.jobs.payment.settlement.case_file import load_case
from baton.jobs.payment.settlement.pack import RulePack, load_pack
from baton.jobs.payment.settlement.reckoning import yuan
from baton.jobs.payment.settlement.statement import LineId

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAYMENT = DOCS.parent / "mappings" / "payment"
SHIPPED = load_pack(PAYMENT / "settlement-china.yaml")
CHECKS = (DOCS / "payment-checks.md").read_text("utf-8")
SETTLEMENT = (DOCS / "final-settlement.md").read_text("utf-8")


def row(rule: Rule) -> str:
    severity = rule.severity.name.lower()
    if rule.least is not rule.severity:
        severity += f" (may be {rule.least.name.lower()})"
    waivers = ", ".join(role.value for role in rule.waived_by) if rule.severity is Severity.HOLD else "–"
    return f"| `{rule.id}` | {severity} | {rule.scope.value} | {waivers} | {rule.en} |"


def section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_column(text: str) -> set[str]:
    """Every name in backquotes in the first column of the tables of a section."""
    return {name for cell in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)}


def test_the_table_of_rules_is_what_the_code_says():
    told = [line for line in section(CHECKS, "The rules").splitlines() if line.startswith("| `")]
    assert told == [row(rule) for rule in RULES.values()]


def test_every_part_of_the_policy_is_told():
    assert first_column(section(CHECKS, "Policy")) == set(CheckPolicy.model_fields)


def test_every_line_of_a_settlement_is_told():
    assert first_column(section(SETTLEMENT, "The lines")) == {line.value for line in LineId}


def test_the_example_comes_to_what_the_page_says():
    settlement = calculate(load_case(PAYMENT / "settlement-case.yaml").leaving(date.min, date.min), SHIPPED)
    rows = [
        f"| `{line.id}` (`{line.rule}`) | {line.working} | {yuan(line.amount_minor)} |" for line in settlement.lines
    ]
    told = section(SETTLEMENT, "From the case to the pay run").splitlines()
    assert [line for line in told if line.startswith("| ")][1:] == [
        *rows, f"| **total** | | **{yuan(settlement.total_minor)}** |"
    ]  # fmt: skip


def test_every_part_of_the_pack_is_told():
    names = {field.alias or name for name, field in RulePack.model_fields.items()}
    assert first_column(section(SETTLEMENT, "The pack")) == (names - {"rounding"}) | {"verified"}
    assert "Rounding" in SETTLEMENT

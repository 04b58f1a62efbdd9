"""All rules by their id, and what a finding says in a person's language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.rules import Rule
from baton.jobs.payment.checks.rules_of_money import ACCOUNT_RULES, AMOUNT_RULES, DAY_RULES, REPEAT_RULES
from baton.jobs.payment.checks.rules_of_people import PEOPLE_RULES
from baton.jobs.payment.checks.texts import ja, ko
from baton.languages import Language

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {rule.id: rule for rule in (*PEOPLE_RULES, *ACCOUNT_RULES, *REPEAT_RULES, *AMOUNT_RULES, *DAY_RULES)}
)
_FURTHER: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType({"ja": ja.TEXTS, "ko": ko.TEXTS})


def explain(finding: Finding, language: Language) -> str:
    """What was found and what to do, with the figures filled in."""
    return text_of(RULES[finding.rule], language).format_map(dict(finding.detail) | {"code": finding.code})


def text_of(rule: Rule, language: Language) -> str:
    """What the rule says, with figures still to be filled in."""
    return {"zh": rule.zh, "en": rule.en}.get(language) or _FURTHER[language][rule.id]

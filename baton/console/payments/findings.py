"""What the checks of a run have found, as they were kept with it, and who has taken which of them upon themself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from baton.console.payments.officers import Officer
from baton.hub.payment.checking import waiver_of
from baton.hub.payment.policies import holders_of, policy_of
from baton.jobs.payment.checks.catalogue import RULES, explain, text_of
from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.rules import Severity
from baton.jobs.payment.checks.waivers import may_waive, refusal
from baton.kept_reasons import in_language
from baton.languages import Language
from baton.model.pay_run import PayRun
from baton.store.pay_decisions import WaiverRow

SHOWN: Final = 50
KEY_DIGITS: Final = 16
"""Of a finding's digest: what a waiver names it by."""


def kept(run: PayRun) -> list[Any]:
    """The findings of the last checks as documents, the run's own first."""
    found = run.facts.get("findings", [])
    assert isinstance(found, list)
    return found


def counted(run: PayRun) -> list[dict[str, Any]]:
    """How many findings there are of each rule, the gravest first: what everybody sees."""
    counts = Counter((document[2], document[1]) for document in kept(run))
    ordered = sorted(counts.items(), key=lambda each: (-Severity[each[0][0].upper()], each[0][1]))
    return [{"severity": severity, "rule": rule, "count": count} for (severity, rule), count in ordered]


def shown(
    who: Officer, run: PayRun, makers: frozenset[str], waivers: Sequence[WaiverRow], after: int, language: Language
) -> Iterator[dict[str, Any]]:
    """Some findings with what they mean, who may waive them and who has."""
    policy, holders, now = policy_of(who.hub).checks, holders_of(who.hub), who.hub.clock.now()
    found = [Finding.of_document(document) for document in kept(run)[after : after + SHOWN]]
    references = sorted({finding.reference for finding in found if finding.reference})
    with who.hub.database.read() as connection:
        numbers = who.hub.pay_runs.numbers(connection, run.run_id, references)
    for finding in found:
        may = may_waive(finding, policy)
        given = [row for row in waivers if row.finding == finding.digest]
        in_force = [
            row
            for row in given
            if refusal(waiver_of(row), finding, policy, makers=makers, holders=holders, now=now) is None
        ]
        yield {
            "key": finding.digest[:KEY_DIGITS],
            "rule": finding.rule,
            "severity": finding.severity.name.lower(),
            "message": explain(finding, language),
            "person": finding.number or numbers.get(finding.reference, ""),
            "place": finding.place,
            "reference": finding.reference,
            "may_waive": [role.value for role in may],
            "waived": [_told(row) for row in in_force],
            "yours_in": [] if who.made(makers) or in_force else [role.value for role in who.among(may)],
        }


def meaning(rule: str, language: Language) -> str:
    """What a rule that keeps a run says, without its figures; other reasons as they are."""
    known = RULES.get(rule)
    if known is None or "{" in known.en:
        return in_language(rule, language)
    return text_of(known, language)


def _told(row: WaiverRow) -> dict[str, Any]:
    return {"by": row.person, "role": row.role, "why": row.reason, "until": row.until.isoformat()}

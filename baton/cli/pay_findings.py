"""What the checks of a run have found, for people and for machines, with who may take it upon themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from baton.cli.output import Voice

if TYPE_CHECKING:
    from baton.jobs.payment.checks.findings import Finding
    from baton.jobs.payment.checks.policy import CheckPolicy
    from baton.model.pay_run import PayRun

_SHOWN: Final = 200


def kept_findings(run: PayRun) -> list[Finding]:
    """What the last checks of a run have found; none where it was not checked yet."""
    from baton.jobs.payment.checks.findings import Finding

    kept = run.facts.get("findings", [])
    assert isinstance(kept, list)
    return [Finding.of_document(document) for document in kept]


def table_of_findings(voice: Voice, findings: Sequence[Finding], policy: CheckPolicy) -> None:
    """The first findings, and how many more there are."""
    from baton.jobs.payment.checks.catalogue import explain
    from baton.jobs.payment.checks.waivers import may_waive

    if not findings:
        return
    rows = []
    for finding in findings[:_SHOWN]:
        offices = ", ".join(may_waive(finding, policy))
        text = explain(finding, "zh" if voice.language == "zh" else "en")
        severity = finding.severity.name.lower()
        rows.append(
            (finding.digest[:12], severity, finding.rule, finding.place, text, offices or voice.words("nobody"))
        )
    voice.table(["key", "severity", "rule", "place", "message", "may waive"], rows)
    if len(findings) > _SHOWN:
        voice.say("and {count} more: --json has all", count=len(findings) - _SHOWN)


def finding_document(finding: Finding, policy: CheckPolicy) -> dict[str, Any]:
    """A finding for machines: ``key`` is what a waiver names it by, ``may_waive`` the offices it is given in."""
    from baton.jobs.payment.checks.waivers import may_waive

    names = ("rule", "reference", "place", "number", "code")
    detail = {name: str(value) for name, value in finding.detail}
    return {"key": finding.digest, "severity": finding.severity.name.lower(), "detail": detail,
            "may_waive": [role.value for role in may_waive(finding, policy)],
            **{name: getattr(finding, name) for name in names}}  # fmt: skip

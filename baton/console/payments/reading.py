"""What pages and API show of pay runs. Figures of single people are for who holds an office; the others get counts.

A run is read in a fixed number of queries, however many lines it has: lines and findings come a page at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from baton.console.payments import findings
from baton.console.payments.masking import masked_account, masked_name
from baton.console.payments.officers import Officer
from baton.hub.payment.checking import unknown_run
from baton.hub.payment.makers import makers
from baton.hub.payment.signing import Signed, reach
from baton.hub.payment.standing import files_digest
from baton.jobs.payment.approval_policy import Refusal
from baton.languages import Language
from baton.model.effect import Effect
from baton.model.money import major_text
from baton.model.pay_run import LineState, PayFile, PayLine, PayRun
from baton.store.pay_decisions import SignatureRow
from baton.store.runs import Run, RunState
from baton.store.tables import effects

RUNS_SHOWN: Final = 50
LINES_SHOWN: Final = 50
FAULTS_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a run's lines and findings is asked for."""

    state: LineState | None = None
    after: int = 0
    """Lines behind this place in the run."""
    findings_after: int = 0
    """Findings without the first so many."""

    @property
    def states(self) -> tuple[LineState, ...]:
        """The states of lines that are asked for; none: all."""
        return () if self.state is None else (self.state,)


def runs_document(who: Officer, limit: int = RUNS_SHOWN) -> dict[str, Any]:
    """The newest runs of ``total``, and as what the person looks at them."""
    hub = who.hub
    with hub.database.read() as connection:
        latest = hub.pay_runs.latest(connection, limit)
        total = hub.pay_runs.count(connection)
        ids = [run.run_id for run in latest]
        heads = hub.runs.several(connection, ids)
        tallies = hub.pay_runs.tallies(connection, ids)
    return {
        "runs": [{**_head(run, heads[run.run_id]), "lines": _counts(tallies[run.run_id])} for run in latest],
        "total": total,
        "months": sorted({run.period for run in latest}, reverse=True),
        **viewer(who),
    }


def run_document(who: Officer, run_id: str, part: Part, language: Language) -> dict[str, Any]:
    """One run: where its lines stand, what the checks say, its files, who has signed and who still has to."""
    hub = who.hub
    with hub.database.read() as connection:
        run, head = hub.pay_runs.get(connection, run_id), hub.runs.get(connection, run_id)
        if run is None or head is None:
            raise unknown_run(hub, connection, run_id)
        tally = hub.pay_runs.tally(connection, run_id)
        waivers = hub.pay_decisions.waivers(connection, run_id)
        signatures = hub.pay_decisions.signatures(connection, run_id)
        files = hub.pay_runs.files(connection, run_id)
        deliveries = hub.effects.read(connection, effects.c.run_id == run_id)
        decisions = hub.runs.decisions(connection, run_id)
        faults = hub.runs.faults(connection, run_id)
        made_by = makers(hub, connection, run, head)
        signed = reach(hub, connection, run, head) if files and head.state is RunState.HELD else None
        lines = (
            hub.pay_runs.some_lines(connection, run_id, part.states, part.after, LINES_SHOWN) if who.sees_people else []
        )
    return {
        "run": {
            **_head(run, head),
            "lines": _counts(tally),
            "reasons": [findings.meaning(reason, language) for reason in head.reasons],
            "checked": bool(run.report_digest),
            **({"totals": _totals(run, files)} if who.sees_people else {}),
        },
        "counted": findings.counted(run),
        "findings": list(findings.shown(who, run, made_by, waivers, part.findings_after, language))
        if who.sees_people
        else [],
        "findings_total": len(findings.kept(run)),
        "lines": [_line(line) for line in lines],
        "files": [_file(who, run, file, deliveries) for file in files],
        "files_sha256": files_digest(files) if files else "",
        **_signatures(signatures, signed),
        "stale": signed is not None and signed.stale,
        "decisions": [
            {
                "decision": each.decision,
                "by": each.person,
                "at": each.decided_at.isoformat(),
                **({"why": each.why} if who.sees_people else {}),
            }
            for each in decisions
        ],
        "faults": [{"place": fault.place, "rule": fault.rule, "message": fault.message} for fault in faults][
            :FAULTS_SHOWN
        ]
        if who.sees_people
        else [],
        "faults_total": len(faults),
        "may": _may(who, head, signed, files, made_by),
        **viewer(who),
    }


def lines_document(who: Officer, run_id: str, part: Part) -> dict[str, Any]:
    """One page of lines; none for who holds no office. ``next`` is the place to go on after, or None."""
    hub = who.hub
    with hub.database.read() as connection:
        if hub.pay_runs.get(connection, run_id) is None:
            raise unknown_run(hub, connection, run_id)
        found = (
            hub.pay_runs.some_lines(connection, run_id, part.states, part.after, LINES_SHOWN) if who.sees_people else []
        )
    lines = [_line(line) for line in found]
    return {"lines": lines, "next": lines[-1]["line"] if len(lines) == LINES_SHOWN else None}


def viewer(who: Officer) -> dict[str, Any]:
    """As what the person looks at it."""
    return {"you": {"person": who.person, "offices": [office.value for office in who.offices]}}


def _head(run: PayRun, head: Run) -> dict[str, Any]:
    return {
        "id": run.run_id,
        "component": run.component.value,
        "period": run.period,
        "system": run.system,
        "pay_day": run.execution_day.isoformat(),
        "currency": run.currency,
        "state": head.state.value,
        "made_by": head.requested_by,
        "made_at": run.created.isoformat(),
        "warnings": head.counts.get("warnings", 0),
    }


def _counts(tally: Mapping[LineState, int]) -> dict[str, int]:
    return {state.value: tally[state] for state in LineState if tally.get(state)}


def _totals(run: PayRun, files: Sequence[PayFile]) -> dict[str, str]:
    """What the lines add up to, by the last checks; in the files; and as declared beforehand."""
    counted, declared = run.facts.get("totals", {}), run.facts.get("declared", {})
    assert isinstance(counted, dict)
    assert isinstance(declared, dict)
    totals = {state: major_text(int(minor), run.currency) for state, minor in counted.items()}
    if files:
        totals["filed"] = major_text(sum(file.total_minor for file in files), run.currency)
    if declared.get("minor") is not None:
        totals["declared"] = major_text(declared["minor"], run.currency)
    return totals


def _line(line: PayLine) -> dict[str, Any]:
    what = line.payable
    return {
        "line": line.line,
        "reference": line.reference,
        "person": what.key.number,
        "attempt": what.key.attempt,
        "name": masked_name(what.payee.holder),
        "account": masked_account(what.payee.account),
        "amount": major_text(what.amount_minor, what.currency),
        "amount_minor": what.amount_minor,
        "state": line.state.value,
        "codes": [code for code in line.code.split(",") if code],
        "place": what.place,
    }


def _file(who: Officer, run: PayRun, file: PayFile, deliveries: Sequence[Effect]) -> dict[str, Any]:
    delivery = next((each for each in deliveries if each.key == file.effect_key), None)
    return {
        "name": file.name,
        "message_id": file.message_id,
        "lines": file.count,
        "size_bytes": file.size_bytes,
        "plain_sha256": file.plain_digest,
        "sealed_sha256": file.sealed_digest,
        "delivery": "" if delivery is None else delivery.state.value,
        "message": "" if delivery is None else delivery.message,
        **({"total": major_text(file.total_minor, run.currency)} if who.sees_people else {}),
    }


def _signatures(rows: Sequence[SignatureRow], signed: Signed | None) -> dict[str, Any]:
    """Every signature given, whether it counts now, and the roles that are still missing."""
    told = [{"by": row.person, "role": row.role, "at": row.at.isoformat(), "void": ""} for row in rows]
    if signed is None:
        return {"signatures": told, "missing": [], "sufficient": False, "valid_until": None}
    decision = signed.decision
    void: dict[tuple[str, str, Any], Refusal] = {
        (signature.person, signature.role.value, signature.at): why for signature, why in decision.refused
    }
    for row, line in zip(rows, told, strict=True):
        why = void.get((row.person, row.role, row.at))
        line["void"] = "" if why is None else why.value
    return {
        "signatures": told,
        "missing": [role.value for role in decision.missing],
        "sufficient": decision.sufficient,
        "valid_until": decision.valid_until.isoformat() if decision.valid_until else None,
    }


def _may(
    who: Officer, head: Run, signed: Signed | None, files: Sequence[PayFile], made_by: frozenset[str]
) -> dict[str, Any]:
    """What there is to offer to this person now. The hub decides anew when they do it."""
    own = who.made(made_by)
    held = head.state is RunState.HELD
    missing = () if signed is None else signed.decision.missing
    stale = signed is not None and signed.stale
    already = signed is not None and who.made(each.person for each in signed.decision.counted)
    return {
        "waive": bool(who.offices) and held and not own,
        "sign_as": [] if own or already or stale else [role.value for role in who.among(missing)],
        "release": bool(who.offices) and not own and not stale and signed is not None and signed.decision.sufficient,
        "cancel": bool(who.offices) and held,
        "withdraw": bool(who.offices) and head.state is RunState.READY and bool(files),
        "own": own,
    }

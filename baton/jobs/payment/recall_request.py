"""The letter that asks a bank to stop what it has taken and not carried out, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from baton.jobs.payment.recovery_letters import Letter, written
from baton.model.money import major_text
from baton.model.pay_run import PayFile, PayLine, PayRun

KIND: Final = "recall"
"""Templates are ``recall.<language>.txt``."""
BLANKS: Final = frozenset(
    {
        *("file", "message", "holder", "account", "day", "lines", "count", "amount"),
        *("reason", "company", "asked_by", "today"),
    }
)
_LINE: Final = {
    "zh": "· 第 {line} 笔，业务编号 {reference}：{holder}，账号 {account}，{amount}",
    "en": "- line {line}, reference {reference}: {holder}, account {account}, {amount}",
}


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what to be stopped, and why: lines of one file."""

    run: PayRun
    file: PayFile
    lines: Sequence[PayLine]
    reason: str
    asked_by: str
    today: date


def requests(request: Request, texts: Mapping[str, str]) -> list[Letter]:
    """The letter in every language."""
    run, file = request.run, request.file
    plain = {
        "file": file.name,
        "message": file.message_id,
        "holder": run.payer.holder,
        "account": run.payer.account,
        "day": run.execution_day.isoformat(),
        "count": str(len(request.lines)),
        "amount": major_text(sum(line.payable.amount_minor for line in request.lines), run.currency),
        "reason": request.reason,
        "company": run.initiator,
        "asked_by": request.asked_by,
        "today": request.today.isoformat(),
    }
    return [written(language, text, {**plain, "lines": _lines(request, language)}) for language, text in texts.items()]


def _lines(request: Request, language: str) -> str:
    return "\n".join(
        _LINE[language].format(
            line=line.line,
            reference=line.reference,
            holder=line.payable.payee.holder,
            account=line.payable.payee.account,
            amount=major_text(line.payable.amount_minor, line.payable.currency),
        )
        for line in request.lines
    )

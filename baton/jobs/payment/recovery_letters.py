"""Letters about what was overpaid, in Chinese and English: templates with named blanks, in the package or one's own.

Other letters about payments come from templates in the same way.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from baton.errors import ConfigurationError, Fault
from baton.model.money import major_text
from baton.model.payable import BankAccount
from baton.model.recovery import RecoveryCase
from baton.strict_yaml import require_folder

KIND: Final = "overpaid"
LANGUAGES: Final = ("zh", "en")
BLANKS: Final = frozenset(
    {
        *("case", "name", "lines", "amount", "back", "open", "told", "answer_by"),
        *("reference", "holder", "account", "company", "today"),
    }
)
"""What a template may leave blank; the first line is the subject."""
ANNOUNCED: Final = "一封关于薪资的书面通知 · a letter about your pay"
"""What a text message says of a letter: neither whom, nor how much, nor that anything is owed."""
_PACKAGED: Final = files("baton.jobs.payment") / "letters"
_COMPONENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {"salary": "工资", "bonus": "奖金"},
    "en": {"salary": "salary", "bonus": "bonus"},
}
_LINE: Final = {
    "zh": "· {period} {component}，{pay_day} 支付 {paid}，其中 {amount} 不属应付",
    "en": "- {component} for {period}, {paid} paid on {pay_day}, of which {amount} was not due",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, where the money is to go, and by whose clock days are told."""

    company: str
    account: BankAccount
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Letter:
    """A finished letter in one language."""

    language: str
    subject: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what was written."""
        return hashlib.sha256(f"{self.subject}\n{self.text}".encode()).hexdigest()


def templates(folder: Path | None = None, kind: str = KIND, fills: frozenset[str] = BLANKS) -> dict[str, str]:
    """The templates by language: ``<kind>.<language>.txt`` in the folder where there is one, else those packaged.

    `ConfigurationError` for every template with a blank that nothing ``fills``, that says nothing, or that cannot be
    read; and for a folder that is not there: it does not mean that the packaged wording is wanted.
    """
    if folder is not None:
        require_folder(folder)
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for language in LANGUAGES:
        name = f"{kind}.{language}.txt"
        own = None if folder is None else folder / name
        place = name if own is None else str(own)
        try:
            text = own.read_text("utf-8-sig") if own is not None and own.is_file() else _packaged(name)
            blanks = _blanks(text)
        except ValueError as error:  # no UTF-8, or a brace that is not closed
            faults.append(Fault(place, "unreadable", f"is no template: {type(error).__name__}"))
            continue
        except OSError as error:
            faults.append(Fault(place, "unreadable", f"cannot be read: {error.strerror or type(error).__name__}"))
            continue
        faults += [Fault(place, "unknown_blank", f"nothing fills {{{each[:40]}}}") for each in sorted(blanks - fills)]
        subject, _, body = text.partition("\n")
        if not (subject.strip() and body.strip()):
            faults.append(Fault(place, "empty", "has no subject in its first line, or nothing below it"))
        found[language] = text
    if faults:
        raise ConfigurationError(faults)
    return found


def _blanks(template: str) -> set[str]:
    """The blanks of a template as they are written; anything but a plain name is none of ours."""
    parts = string.Formatter().parse(template)
    return {f"{name}{form}{shown or ''}" for _, name, form, shown in parts if name is not None}


def _packaged(name: str) -> str:
    return (_PACKAGED / name).read_text("utf-8")


def letters(
    case: RecoveryCase, name: str, sender: Sender, today: date, answer_by: date, texts: Mapping[str, str]
) -> list[Letter]:
    """The letter about a case in every language, the person's own name and amounts in it."""
    told = max(line.cause_recorded_at for line in case.lines).astimezone(sender.zone).date()
    plain = {
        "case": case.id,
        "name": name,
        "amount": major_text(case.amount_minor, case.currency),
        "back": major_text(case.kept_minor, case.currency),
        "open": major_text(case.open_minor, case.currency),
        "told": told.isoformat(),
        "answer_by": answer_by.isoformat(),
        "reference": case.reference,
        "holder": sender.account.holder,
        "account": sender.account.account,
        "company": sender.company,
        "today": today.isoformat(),
    }
    return [written(language, text, {**plain, "lines": _lines(case, language)}) for language, text in texts.items()]


def written(language: str, template: str, blanks: Mapping[str, str]) -> Letter:
    """A template with its blanks filled: its first line is the subject."""
    subject, _, body = template.format(**blanks).partition("\n")
    return Letter(language, subject.strip(), body.strip())


def _lines(case: RecoveryCase, language: str) -> str:
    return "\n".join(
        _LINE[language].format(
            period=line.period,
            component=_COMPONENTS[language].get(line.component, line.component),
            pay_day=line.pay_day.isoformat(),
            paid=major_text(line.paid_minor, case.currency),
            amount=major_text(line.amount_minor, case.currency),
        )
        for line in case.lines
    )

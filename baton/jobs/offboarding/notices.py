"""What people are told, in Chinese and English: how many items wait for what, never more of them than needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from baton.jobs.offboarding.deadlines import Turn, Wait
from baton.model.case import Case, Item

_SHOWN: Final = 5
_SUBJECTS: Final[Mapping[Turn, tuple[str, str]]] = {
    Turn.ANSWER: ("{n} 项离职交接待您接受", "{n} items are waiting for you to accept them"),
    Turn.APPROVE: ("{n} 项离职交接待您批准", "{n} items are waiting for your approval"),
    Turn.NAME: ("{n} 项离职交接待您指定承接人", "{n} items need somebody to take them over"),
    Turn.UNSTICK: ("{n} 项离职交接受阻，请处理", "{n} items are stuck and need you"),
    Turn.DO: ("{n} 项离职交接需您线下办理", "{n} items have to be passed on by hand"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One message."""

    subject: str
    body: str


def notice(case: Case, items: Sequence[Item], wait: Wait) -> Notice:
    """The message for somebody who is waited for (or whose person lets it wait)."""
    chinese, english = (text.format(n=len(wait.items)) for text in _SUBJECTS[wait.turn])
    late = wait.items == wait.overdue
    head = f"{case.name}（{case.number}）"
    lines = [f"{head}：{'已逾期：' if late else ''}{chinese}", f"{'Overdue: ' if late else ''}{english}", ""]
    lines += [f"· {item.title}" for item in items[:_SHOWN]]
    if len(items) > _SHOWN:
        lines.append(f"… +{len(items) - _SHOWN}")
    return Notice(f"{'【逾期】' if late else ''}{chinese} · {english}", "\n".join(lines))

"""What people are told, in Chinese and English: how many items wait for what, never more of them than needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from baton.jobs.offboarding.deadlines import Turn, Wait
from baton.model.alert import Alert, Rule
from baton.model.case import Case, Item

_SHOWN: Final = 5
_SUBJECTS: Final[Mapping[Turn, tuple[str, str]]] = {
    Turn.ANSWER: ("{n} 项离职交接待您接受", "{n} handover {items} for you to accept"),
    Turn.APPROVE: ("{n} 项离职交接待您批准", "{n} handover {items} for you to approve"),
    Turn.NAME: ("{n} 项离职交接待您指定承接人", "{n} handover {items} for you to name a successor for"),
    Turn.UNSTICK: ("{n} 项离职交接受阻，请处理", "{n} handover {items} stuck, for you to see to"),
    Turn.DO: ("{n} 项离职交接需您线下办理", "{n} handover {items} for you to pass on by hand"),
    Turn.BEGIN: (
        "您的离职交接已开始，请填写交接说明",
        "your handover has begun: tell your successors what they should know",
    ),
    Turn.REPLY: ("{n} 项离职交接有提问待答复", "{n} handover {items} with a question that waits for an answer"),
    Turn.RESUME: (
        "离职交接已暂停，离职人权限未收回，请恢复或撤销",
        "a handover is paused, and the leaver keeps rights that should have gone: let it go on, or retract it",
    ),
    Turn.CLOSE: ("离职交接已无待办，可以结案", "nothing is left to do in a handover: it can be completed"),
    Turn.AGREE: (
        "{n} 项权限例外申请待您作为第二人决定",
        "{n} {exceptions} for rights, for you to decide as the second person",
    ),
    Turn.FREEZE: ("{n} 项冻结申请待您作为第二人决定", "{n} {freezes} for you to decide as the second person"),
    Turn.END: ("{n} 项离职人权限需您手工收回", "{n} {rights} of the leaver for you to take away by hand"),
}
_ABOVE: Final[Mapping[Turn, tuple[str, str]]] = {
    Turn.ANSWER: ("{n} 项离职交接待他人接受", "{n} handover {items} for somebody else to accept"),
    Turn.APPROVE: ("{n} 项离职交接待他人批准", "{n} handover {items} for somebody else to approve"),
    Turn.NAME: ("{n} 项离职交接待他人指定承接人", "{n} handover {items} for somebody else to name a successor for"),
    Turn.UNSTICK: ("{n} 项离职交接受阻，待他人处理", "{n} handover {items} stuck, for somebody else to see to"),
    Turn.DO: ("{n} 项离职交接待他人线下办理", "{n} handover {items} for somebody else to pass on by hand"),
    Turn.REPLY: ("{n} 项离职交接有提问待他人答复", "{n} handover {items} with a question for somebody else to answer"),
    Turn.CLOSE: (
        "离职交接已无待办，待他人结案",
        "a handover with nothing left to do, for somebody else to complete",
    ),
    Turn.AGREE: (
        "{n} 项权限例外申请待他人作为第二人决定",
        "{n} {exceptions} for rights, for somebody else to decide as the second person",
    ),
    Turn.FREEZE: (
        "{n} 项冻结申请待他人作为第二人决定",
        "{n} {freezes} for somebody else to decide as the second person",
    ),
    Turn.END: ("{n} 项离职人权限待他人手工收回", "{n} {rights} of the leaver for somebody else to take away by hand"),
}
"""For who is only to know that something waits: the subject is all that a text message carries."""
_COUNTED: Final = ("items", "exceptions", "freezes", "rights")


@dataclass(frozen=True, slots=True)
class Notice:
    """One message."""

    subject: str
    body: str


def notice(case: Case, items: Sequence[Item], wait: Wait) -> Notice:
    """The message for somebody who is waited for (or whose person lets it wait)."""
    subjects = _SUBJECTS if wait.instead is None else {**_SUBJECTS, **_ABOVE}
    n = len(wait.items)
    counted = {name: name if n != 1 else name.removesuffix("s") for name in _COUNTED}
    chinese, english = (text.format(n=n, **counted) for text in subjects[wait.turn])
    late = wait.items == wait.overdue
    head = _head(case)
    lines = [f"{head}：{'已逾期：' if late else ''}{chinese}", f"{'Overdue: ' if late else ''}{english}"]
    if wait.instead is not None:
        lines.append(f"待办人 · waiting for: {wait.instead or 'HR'}")
    lines.append("")
    lines += [f"· {_named(item, wait.turn)}" for item in items[:_SHOWN]]
    if len(items) > _SHOWN:
        lines.append(f"… +{len(items) - _SHOWN}")
    return Notice(f"{'【逾期】' if late else ''}{chinese} · {english}", "\n".join(lines))


def _head(case: Case) -> str:
    """Who leaves; by their number alone where no name is left of them."""
    return f"{_in_line(case.name)}（{case.number}）" if case.name else case.number


def in_the_way(case: Case, found: Sequence[tuple[str, str]]) -> Notice:
    """The message about what will get in the way of the last day: each with what to do."""
    lines = [_head(case), ""]
    lines += [f"· {_in_line(title)}: {_in_line(remedy)}" for title, remedy in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"… +{len(found) - _SHOWN}")
    n = len(found)
    return Notice(f"最后工作日前须先处理 {n} 项 · things to see to before the last day: {n}", "\n".join(lines))


def link_notice(case: Case) -> Notice:
    """The message that brings somebody the personal link they have asked for."""
    lines = [
        _head(case),
        "",
        "这是您本人进入该离职交接的链接，请勿转发。",
        "This link lets you, and only you, into this handover: please do not pass it on.",
    ]
    return Notice("您的离职交接个人链接 · Your personal link into a handover", "\n".join(lines))


def _named(item: Item, turn: Turn) -> str:
    """A right is no more than a word without the system in which it has to be taken away."""
    title = _in_line(item.title)
    return f"{item.system}: {title}" if turn in (Turn.END, Turn.AGREE) else title


def _in_line(text: str) -> str:
    """What others have written, on our line: whoever names a client must not add lines to what the hub says."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


_RULES: Final[Mapping[Rule, tuple[str, str]]] = {
    Rule.ORDER_BY_LEAVER: ("离职人下单", "order placed by the leaver"),
    Rule.ORDER_IN_WINDOW: ("交接期内客户订单由他人下达", "order for a client by somebody who does not have them"),
    Rule.BULK_EXPORT: ("批量导出", "bulk export"),
    Rule.DISCOUNT: ("折扣变大", "discount raised"),
    Rule.REASSIGNED_BACK: ("又转回离职人名下", "assigned back to the leaver"),
    Rule.CLIENT_REFUSED: ("客户拒绝移交", "a client refuses to be passed on"),
    Rule.RIGHTS_GONE: ("离职日推迟前权限已收回", "rights had gone before the last day was put off"),
}


def alarm(case: Case, alerts: Sequence[Alert]) -> Notice:
    """The message about alerts that nobody has decided on."""
    lines = [_head(case), ""]
    for alert in alerts[:_SHOWN]:
        chinese, english = _RULES[alert.rule]
        lines.append(f"· {alert.at:%Y-%m-%d %H:%M} UTC {alert.system} {chinese} {english}: {_in_line(alert.text)}")
    if len(alerts) > _SHOWN:
        lines.append(f"… +{len(alerts) - _SHOWN}")
    return Notice(f"【警报】{len(alerts)} 条离职交接异常 · alerts: {len(alerts)}", "\n".join(lines))

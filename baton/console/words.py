"""What the pages say, in English and Chinese, and which of the two a reader gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

LANGUAGES: Final = ("en", "zh")
CHINESE: Final[Mapping[str, str]] = {
    "Runs": "运行记录",
    "Run": "运行",
    "State": "状态",
    "Verdict": "结论",
    "Effects": "写入",
    "People changed": "变更人数",
    "Asked by": "发起人",
    "At": "时间",
    "There are no runs yet.": "还没有运行记录。",
    "In doubt": "结果不明",
    "Sent, and no proof yet of what became of it. The next run asks the system; where it cannot tell, "
    "a person decides: baton resolve KEY done|resend|give-up --as NAME --why TEXT": (
        "已发送，但尚无结果证据。下次运行会向该系统查询；系统也无法回答时由人决定："
        "baton resolve 键 done|resend|give-up --as 姓名 --why 理由"
    ),
    "Nothing is in doubt.": "没有结果不明的写入。",
    "Kill switch": "停止开关",
    "No kill switch is on.": "没有打开任何停止开关。",
    "events wait for the next run": "个事件等待下次运行处理",
    "The next run starts by the schedule.": "下次运行按计划开始。",
    "System": "系统",
    "Action": "动作",
    "Count": "数量",
    "Figures": "数字",
    "Reasons": "原因",
    "Faults": "无法使用的数据",
    "Place": "位置",
    "Field": "字段",
    "Fields": "字段",
    "Rule": "规则",
    "Message": "消息",
    "Person": "人员",
    "Due": "生效时间",
    "Attempts": "尝试次数",
    "What happened": "结果",
    "What to do": "处理办法",
    "Key": "键",
    "Decisions": "决定",
    "Decision": "决定",
    "By": "决定人",
    "Why": "理由",
    "Plan": "计划",
    "Settled": "结算时间",
    "All runs": "全部运行",
    "all": "全部",
    "shown": "条显示",
    "of": "／共",
    "Release": "放行",
    "Reject": "拒绝",
    "Cancel": "取消",
    "Reason": "理由",
    "It goes into the audit log.": "理由会写入审计日志。",
    "Release this run": "放行此次运行",
    "Reject this run": "拒绝此次运行",
    "Everything it holds is sent with the next run.": "其中拦截的全部写入将随下次运行发送。",
    "Everything it holds is discarded; these people stay as they are until the source says something new.": (
        "其中拦截的全部写入将作废；在来源数据再次变化前，这些人员保持现状。"
    ),
    "This run is held: nothing of it is sent until a person has decided.": (
        "此次运行已被拦截：在有人决定之前不会发送任何内容。"
    ),
    "You asked for this run: a second person must decide.": "此次运行由您发起：必须由另一人决定。",
    "Your role may look, not decide.": "您的角色只能查看，不能决定。",
    "Only field names are shown here, never values.": "此处只显示字段名，从不显示字段值。",
    "The hub cannot be opened": "无法打开系统",
    "Not found": "未找到",
    "This DAG run has no run of the hub (yet).": "此 DAG 运行（尚）没有对应的记录。",
    # states, verdicts, actions
    "held": "已拦截",
    "ready": "就绪",
    "settled": "已结算",
    "rejected": "已拒绝",
    "replaced": "已被替代",
    "refused": "被拒绝",
    "clean": "无误",
    "incomplete": "未完成",
    "broken": "失败",
    "planned": "已计划",
    "sent": "已发送",
    "accepted": "已受理",
    "in_doubt": "结果不明",
    "done": "完成",
    "superseded": "已作废",
    "provision": "开通",
    "update": "更新",
    "disable": "停用",
    "enable": "启用",
    "remove": "移除",
    "release": "放行",
    "reject": "拒绝",
}
_ENGLISH: Final[Mapping[str, str]] = {"in_doubt": "in doubt"}


def language_of(asked: str | None, accepted: str | None) -> str:
    """``en`` or ``zh``: what the address asks for, else the best of the Accept-Language header."""
    if asked in LANGUAGES:
        return asked
    ranked = []
    for position, part in enumerate((accepted or "").split(",")[:20]):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        language = name.strip().lower().partition("-")[0]
        if language in LANGUAGES and weight > 0:
            ranked.append((-weight, position, language))
    return min(ranked)[2] if ranked else "en"


def words_in(language: str) -> Callable[[str], str]:
    """Gives a text in this language; what has no translation stays as it is."""
    return (
        (lambda text: CHINESE.get(text, text))
        if language == "zh"
        else (lambda text: text.replace("in_doubt", "in doubt"))
    )

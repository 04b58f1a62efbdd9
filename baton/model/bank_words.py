"""What a bank's own words about a failed payment ask of us, by pieces of them: a bank that has no codes has sentences.

The table is ours, from what Chinese banks are known to write; a bank's profile adds to it, or says otherwise of one of
its pieces. Where several pieces are found, what forbids most holds: a payment that the bank has already must never be
taken for one that is only wrong in a detail.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from baton.model.bank_answers import ReasonKind

_PIECES: Final = {
    ReasonKind.DUPLICATE: (
        *("重复", "已处理", "已入账", "已支付", "流水号已存在", "参考号已存在", "业务编号已存在", "duplicate"),
    ),
    # As ISO's AC04, AC06 and AC07: the account is closed or blocked, and only another one helps.
    ReasonKind.DEAD_ACCOUNT: ("销户", "已销", "注销", "冻结", "止付", "挂失", "久悬", "睡眠户", "账户状态", "帐户状态"),
    # As ISO's AC01, BE01 and RC01: wrong as it stands, and can be corrected.
    ReasonKind.DATA: (
        *("户名", "账号不存在", "帐号不存在", "账户不存在", "帐户不存在", "卡号不存在", "无此账", "无此帐", "无此户"),
        *("账号有误", "帐号有误", "账号错", "帐号错", "卡号错", "卡号有误", "行号", "开户行", "格式", "身份证", "证件"),
    ),
    ReasonKind.LIMIT: ("限额", "超限"),
    ReasonKind.CUT_OFF: ("营业时间", "工作时间", "受理时间"),
    ReasonKind.FUNDS: ("余额不足", "头寸不足"),
}
WORDS: Final[Mapping[str, ReasonKind]] = MappingProxyType(
    {piece: kind for kind, pieces in _PIECES.items() for piece in pieces}
)
"""Pieces of words, and what they mean."""
_FORBIDDING: Final = tuple(ReasonKind[name] for name in (
    *("DUPLICATE", "DEAD_ACCOUNT", "DATA", "REGULATORY", "LIMIT", "CUT_OFF", "FUNDS", "UNREAD", "UNNAMED", "NONE"),
))  # fmt: skip
"""From what forbids most to what forbids least."""
_OF_PAYEES: Final = frozenset({ReasonKind.DATA, ReasonKind.DEAD_ACCOUNT})
_OUR_SIDE: Final = ("付款账", "付款帐", "付款人", "付款方", "付款户", "付方", "代发账", "代发帐")
"""Where the words are about our own account, no other account of the payee corrects anything."""


def kind_of(words: str, kinds: Mapping[str, ReasonKind] = WORDS) -> ReasonKind | None:
    """What these words mean by the pieces that ``kinds`` has; None where it has none of them.

    Large and small letters are alike. Of our own account nothing is said that a payee could correct.
    """
    said = words.casefold()
    found = {kind for piece, kind in kinds.items() if piece.casefold() in said}
    if any(piece in said for piece in _OUR_SIDE):
        found -= _OF_PAYEES
    return next((kind for kind in _FORBIDDING if kind in found), None)

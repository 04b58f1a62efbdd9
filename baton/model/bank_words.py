"""What a bank's own words about a failed payment ask of us, by pieces of them: a bank that has no codes has sentences.

The table is ours, from what Chinese banks are known to write; a bank's profile adds to it, or says otherwise of one of
its pieces. Where several pieces are found, what forbids most holds: a payment that the bank has already must never be
taken for one that is only wrong in a detail. What words were read as is a reading and no code: whoever holds an office
may say otherwise of it, so that its piece is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from baton.model.bank_answers import BankState, Reason, ReasonKind

_DONE: Final = ("已处理", "已入账", "已支付")
_PIECES: Final = {
    ReasonKind.DUPLICATE: f"重复 {' '.join(_DONE)} 流水号已存在 参考号已存在 业务编号已存在 duplicate",
    # As ISO's AC04, AC06 and AC07: the account is closed or blocked, and only another one helps.
    ReasonKind.DEAD_ACCOUNT: (
        "销户 已销 注销 冻结 止付 挂失 久悬 睡眠户 账户状态异常 帐户状态异常 账户状态不 帐户状态不"
        " 账户状态非 帐户状态非 账户状态有误 账户状态错"
    ),
    # As ISO's AC01, BE01 and RC01: wrong as it stands, and can be corrected.
    ReasonKind.DATA: (
        "户名 账号不存在 帐号不存在 账户不存在 帐户不存在 卡号不存在 无此账 无此帐 无此户"
        " 账号有误 帐号有误 账号错 帐号错 卡号错 卡号有误 账号格式 帐号格式 卡号格式"
        " 收款行号 收款行行号 行号不存在 行号有误 行号错 行号不 无此行号 收款开户行 收款人开户行"
        " 开户行名 开户行信息 开户行不 开户行有误 开户行错 身份证号 身份证不 身份证有误"
        " 收款人证件 证件号 证件不符 证件类型不"
    ),
    ReasonKind.LIMIT: "限额 超限",
    ReasonKind.CUT_OFF: "营业时间 工作时间 受理时间",
    ReasonKind.FUNDS: "余额不足 头寸不足",
}
WORDS: Final[Mapping[str, ReasonKind]] = MappingProxyType(
    {piece: kind for kind, pieces in _PIECES.items() for piece in pieces.split()}
)
"""Pieces of words, and what they mean."""
OF_RETURNS: Final[Mapping[str, ReasonKind]] = MappingProxyType(
    {piece: kind for piece, kind in WORDS.items() if piece not in _DONE}
)
"""The same of money that came back: that it had arrived is how it could."""
_FORBIDDING: Final = tuple(ReasonKind[name] for name in (
    *("DUPLICATE", "DEAD_ACCOUNT", "DATA", "REGULATORY", "LIMIT", "CUT_OFF", "FUNDS", "UNREAD", "UNNAMED", "NONE"),
))  # fmt: skip
"""From what forbids most to what forbids least."""
_OF_PAYEES: Final = frozenset({ReasonKind.DATA, ReasonKind.DEAD_ACCOUNT})
_WARNING: Final = (
    r"请?(?:切?勿|不要|不得|不可|不能|避免|防止|以免|以防)(?:再次?|多次)?重复"
    r"(?:提交|发送|发起|支付|付款|操作|指令|交易|申请)*"
)
_WARNED: Final = re.compile(_WARNING + r"[\W_]*")
"""A warning is no reason, unless it is all that the bank says."""
_BESIDE: Final = re.compile(
    _WARNING + r"|(?:非|未|不|无|没有)重复|重复(?:输入|录入|登录|尝试)|(?:not|no|non)[ -](?:an? )?duplicate"
    r"|(?:批次|文件)已处理|已处理失败|累计已(?:处理|支付)|已支付(?:总?金额|总额|总?笔数|额度)|状态正常|户名(?:正确|相符|一致)"
    r"|(?:联系|咨询|询问|致电|通知|与|向|到|至|前往)(?:您的?|贵?方?|收款人?|客户|账户)?开户行"
)
"""What says nothing of why it failed, or the contrary of the piece in it."""
_GIVEN_BACK: Final = re.compile(r"退[回还到至给入我原方]{0,4}(?:付|单位|企业|公司|代发)")
"""Where money goes back to is not what anything is said of."""
_OUR_SIDE: Final = re.compile(
    r"(?<!收)付款(?:账|帐|人|方|户|银行|行|单位|企业|公司)|付方|代发[账帐]|操作员|经办|授权人|复核人|证书"
    r"|(?<!收款)(?:企业|单位|公司)|余额|头寸"
)
"""Where the words are about our own account, no other account of the payee corrects anything."""
_THEIR_SIDE: Final = re.compile("收款|收方|对方")
_CLAUSE: Final = re.compile(r"[，,。；;!！\n]+")
_SHORTEST_PIECE: Final = 2
"""One character is in many words that are not about it."""
_KEPT: Final = 1024
"""A bank has few words, and says them of many lines."""
_NO_MORE: Final[Mapping[str, ReasonKind]] = MappingProxyType({})


class Meaning(NamedTuple):
    """What was read, and the piece it was read from; empty where it is the bank's code."""

    kind: ReasonKind
    piece: str


class BankWords:
    """A table of pieces, and what a bank's profile has besides. Large and small letters are alike."""

    def __init__(self, own: Mapping[str, ReasonKind] = _NO_MORE, table: Mapping[str, ReasonKind] = WORDS) -> None:
        """``own`` are codes and pieces of words as a profile or a person has them: taken as they are said."""
        self._own = {piece.casefold(): kind for piece, kind in own.items()}
        self._table = {piece: kind for piece, kind in table.items() if piece not in self._own}
        self._read: dict[tuple[str, str], Meaning | None] = {}

    def meaning(self, code: str, words: str) -> Meaning | None:
        """What this code and these words mean; None where nothing of them is known.

        A code means something whole, and before any words; a piece of digits is never looked for in words, and one
        with letters only as a whole word. Of our own account nothing is said that a payee could correct.
        """
        asked = (code, words)
        if asked not in self._read:
            if len(self._read) >= _KEPT:
                self._read.clear()
            self._read[asked] = self._meaning(code.casefold(), words.casefold())
        return self._read[asked]

    def _meaning(self, code: str, words: str) -> Meaning | None:
        if code and code in self._own:
            return Meaning(self._own[code], "")
        said = f"{code} {words}".strip()
        told = said if _WARNED.fullmatch(said) else _BESIDE.sub(" ", said)
        found = [Meaning(kind, piece) for piece, kind in self._own.items() if names(piece, code, words)]
        found += [Meaning(kind, piece) for piece, kind in self._table.items() if piece in told]
        if not _OF_PAYEES.isdisjoint(each.kind for each in found):
            theirs = _of_their_side(said)
            found = [each for each in found if each.kind not in _OF_PAYEES or each.piece in theirs]
        return min(found, key=lambda each: _FORBIDDING.index(each.kind), default=None)


class Tables:
    """A bank's tables by what it says became of a payment."""

    def __init__(self, own: Mapping[str, ReasonKind] = _NO_MORE) -> None:
        """``own`` as in `BankWords`."""
        self._usual, self._of_returns = BankWords(own), BankWords(own, OF_RETURNS)

    def of(self, state: BankState) -> BankWords:
        """The one for words about a payment in this state."""
        return self._of_returns if state is BankState.RETURNED else self._usual


OURS: Final = Tables()
"""Ours alone."""


def names(piece: str, code: str, words: str) -> bool:
    """Whether ``piece`` is this code, or stands in it or in the words as a word of its own; all in small letters."""
    if piece in (code, words):
        return True
    if len(piece) < _SHORTEST_PIECE or piece.isdecimal():
        return False
    said = f"{code} {words}"
    if not piece.isascii():
        return piece in said
    return re.search(f"(?<![0-9a-z_]){re.escape(piece)}(?![0-9a-z_])", said) is not None


def overruled(reason: Reason, meanings: Mapping[str, ReasonKind]) -> ReasonKind | None:
    """What somebody's ``meanings`` make of a reason that nobody has read, or that was read from words; else None.

    To say otherwise of what was read they must name the piece that it was read from: what they name is taken out of
    the words, and what the rest says holds beside it.
    """
    code, words = reason.code.casefold(), reason.text.casefold()
    given = {piece.casefold(): kind for piece, kind in meanings.items()}
    if reason.kind is ReasonKind.UNREAD:
        return _worst(kind for piece, kind in given.items() if names(piece, code, words))
    if not reason.piece:
        return None
    # The bank's words may be in the place of its code, and are blanked in their time: the piece is what is left then.
    said = next(each for each in (words, code, reason.piece) if reason.piece in each)
    kinds = []
    for piece in sorted(given, key=len, reverse=True):
        if names(piece, "", said):
            kinds.append(given[piece])
            said = said.replace(piece, " ")
    if reason.piece in _BESIDE.sub(" ", said):
        return None
    rest = OURS.of(BankState.REJECTED).meaning("", said)
    return _worst(kinds if rest is None else [*kinds, rest.kind])


def _worst(kinds: Iterable[ReasonKind]) -> ReasonKind | None:
    return min(kinds, key=_FORBIDDING.index, default=None)


def _of_their_side(said: str) -> str:
    """The clauses that are not about our own account; one that names nobody goes on about whom the last was about."""
    theirs, ours = [], False
    for clause in _CLAUSE.split(_GIVEN_BACK.sub(" ", said)):
        if _OUR_SIDE.search(clause):
            ours = True
        elif _THEIR_SIDE.search(clause):
            ours = False
        if not ours:
            theirs.append(clause)
    return "，".join(theirs)

"""Messages to members: a text card where there is a link, else plain text."""

from __future__ import annotations

from typing import Any, Final

from baton.sdk import Intent, Message, Receipt
from connectors.oa.wecom.codes import CODES, Verdict
from connectors.oa.wecom.members import LINK, NO_MEMBER, Directory
from connectors.oa.wecom.open_api import OpenApi
from connectors.oa.wecom.receipts import not_done

_TITLE_BYTES: Final = 128
_CARD_BYTES: Final = 512
_TEXT_BYTES: Final = 2048
_PLAIN: Final = str.maketrans({"<": "＜", ">": "＞"})
"""Cards and texts know some markup; what people write is none."""
_NOBODY: Final = 81013


class Messages:
    """Sends in the name of one app."""

    def __init__(self, app: OpenApi, directory: Directory, agent_id: int) -> None:
        self._app = app
        self._directory = directory
        self._agent_id = agent_id

    def send(self, message: Message) -> Receipt:
        """One message to one member. The same content within half an hour is shown once, says WeCom."""
        userid = self._directory.known(message.to)
        if userid is None:
            return Receipt.refused("no_account", NO_MEMBER, remedy=LINK)
        body = {
            "touser": userid,
            "agentid": self._agent_id,
            "enable_duplicate_check": 1,
            **_content(message),
        }
        answer = self._app.call("POST", "message/send", json=body, intent=Intent.WRITE)
        if answer.verdict is not Verdict.DONE:
            return not_done(answer.code, answer.meaning, answer.hint)
        if answer.body.get("invaliduser"):
            return not_done(_NOBODY, CODES[_NOBODY])
        if answer.body.get("unlicenseduser"):
            return Receipt.refused(
                "unlicensed",
                "this member has no licence for messages of this app",
                remedy="give the member a basic-interface licence (基础接口许可) in the admin console",
            )
        return Receipt.done(None, msgid=str(answer.body.get("msgid") or ""))


def _content(message: Message) -> dict[str, Any]:
    text = message.text.translate(_PLAIN)
    if not message.link:
        whole = f"{message.subject.translate(_PLAIN)}\n{text}"
        return {"msgtype": "text", "text": {"content": _within(whole, _TEXT_BYTES)}}
    card = {
        "title": _within(message.subject.translate(_PLAIN), _TITLE_BYTES),
        "description": _within(text, _CARD_BYTES) or "…",
        "url": message.link,
    }
    return {"msgtype": "textcard", "textcard": card}


def _within(text: str, most: int) -> str:
    """The text, cut at a character where its UTF-8 would be too long (WeCom would cut it anywhere)."""
    raw = text.encode()
    if len(raw) <= most:
        return text
    return raw[: most - len("…".encode())].decode(errors="ignore") + "…"

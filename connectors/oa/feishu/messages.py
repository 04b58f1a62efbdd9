"""Messages to people by the app's bot, as rich text with a link."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from baton.sdk import Message, Receipt
from connectors.oa.feishu.codes import Verdict
from connectors.oa.feishu.open_api import OpenApi
from connectors.oa.feishu.receipts import receipt

_LARGEST_BYTES: Final = 30 * 1024
"""Of the body of a rich-text message, as documented."""
_TO: Final = (("receive_id_type", "user_id"),)
_UUID_DIGITS: Final = 32
"""Feishu takes at most 50 characters, and sends at most one message under one ``uuid`` within an hour."""


class Messages:
    """Sends one message a call: there is no call that says what became of each of several."""

    def __init__(self, api: OpenApi) -> None:
        self._api = api

    def send(self, message: Message, user_id: str) -> Receipt:
        """Hand one message to Feishu; whether it was read is another matter."""
        body = {
            "receive_id": user_id,
            "msg_type": "post",
            "content": json.dumps(_post(message), ensure_ascii=False),
            "uuid": hashlib.sha256(message.key.encode()).hexdigest()[:_UUID_DIGITS],
        }
        if _size(body) > _LARGEST_BYTES:
            return Receipt.refused("too_long", "the message is longer than Feishu takes (30 KB)", remedy="shorten it")
        answer = self._api.call("POST", "/im/v1/messages", _TO, json=body)
        if answer.verdict is not Verdict.DONE:
            return receipt(answer, user_id)
        return Receipt.done(str(answer.data.get("message_id") or "") or None, log_id=answer.log_id)


def _size(body: dict[str, str]) -> int:
    """How many bytes are sent: as `Client` writes JSON, in UTF-8 and without blanks."""
    return len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def _post(message: Message) -> dict[str, Any]:
    """Every line a paragraph, the link in one of its own. Text is text here: nothing in it becomes a mention."""
    lines: list[list[dict[str, str]]] = [[{"tag": "text", "text": line}] for line in message.text.splitlines()]
    if message.link:
        lines.append([{"tag": "a", "text": message.link, "href": message.link}])
    return {"zh_cn": {"title": message.subject, "content": lines or [[{"tag": "text", "text": ""}]]}}

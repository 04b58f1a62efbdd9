"""A message as a letter: headers that cannot be forged by what is in it, plain text, and the same as small HTML.

`email` writes the body. The headers are written here: it reads what stands in a value as a header's own spelling, so
that an encoded word (RFC 2047) in somebody's text would be decoded, line ends and all, before it is sent.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Final

from baton.sdk import Message, RejectedError

ADDRESS: Final = re.compile(
    r"(?=.{3,254}\Z)(?!.*=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
"""One plain address in ASCII: no quote, comment, list or encoded word, nothing that could end a line or a command."""
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINK: Final = re.compile(r"https?://[^\s<>\"\x00-\x1f\x7f]+")
_POLICY: Final = SMTP.clone(cte_type="7bit")
"""Seven bits: every relay carries it, and no relay recodes it."""
_ID_DIGITS: Final = 40
_PLAIN_WORDS: Final = re.compile(r"[A-Za-z0-9 -]{0,60}")
"""What a header may hold as it is: no special character of a name (RFC 5322), no encoded word, no need to fold."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes to the relay: the envelope's receiver and the bytes, lines ended by CR LF."""

    receiver: str
    content: bytes
    message_id: str


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name letters are written."""

    address: str
    name: str

    def letter(self, message: Message, at: datetime) -> Letter:
        """Compose one. Raises `RejectedError` for an address that is none, and for text that no letter can hold.

        The Message-ID follows from the effect's key: the same message sent twice can be told to be one.
        """
        receiver = message.address
        if not ADDRESS.fullmatch(receiver):
            raise RejectedError(
                "there is no mail address for this person" if not receiver else "the mail address is not a plain one",
                code="no_address" if not receiver else "bad_address",
                remedy="enter a plain work address (ASCII) in HR",
            )
        digest = hashlib.sha256(message.key.encode()).hexdigest()[:_ID_DIGITS]
        identity = f"<{digest}@{self.address.rpartition('@')[2]}>"
        try:
            headers = {
                "From": f"{_words('From', self.name)} <{self.address}>" if self.name.strip() else self.address,
                "To": receiver,
                "Subject": _words("Subject", message.subject),
                "Date": format_datetime(at),
                "Message-ID": identity,
                "Auto-Submitted": "auto-generated",
            }
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii")
            return Letter(receiver, head + _body(message), identity)
        except (MessageError, ValueError, LookupError):  # without its cause: that may hold the text
            raise RejectedError(
                "the message cannot be written as a letter",
                code="bad_text",
                remedy="look for half characters (lone surrogates) in the names and titles that it tells",
            ) from None


def _words(header: str, text: str) -> str:
    """A header's words: as they are where they are plain, else all of them encoded, and folded to lines of 76.

    Whatever could end a line becomes a blank. Raises `UnicodeEncodeError` for half a character.
    """
    line = _CONTROLS.sub(" ", text).strip()
    if _PLAIN_WORDS.fullmatch(line):
        return line
    return Header(line, "utf-8", header_name=header).encode(linesep="\r\n")


def _body(message: Message) -> bytes:
    """The headers that tell the form, an empty line, and both forms."""
    mail = EmailMessage(policy=_POLICY)
    mail.set_content(_plain(message), charset="utf-8")
    mail.add_alternative(_html(message), subtype="html", charset="utf-8")
    return mail.as_bytes()


def _plain(message: Message) -> str:
    parts = [message.text.rstrip("\n"), message.link]
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(message: Message) -> str:
    """The text line by line, nothing in it a tag; the link can be clicked when it leads to a web page."""
    lines = "<br>\n".join(escape(line) for line in message.text.rstrip("\n").split("\n"))
    link = escape(message.link)
    if _LINK.fullmatch(message.link):
        link = f'<a href="{link}">{link}</a>'
    paragraphs = "".join(f"<p>{part}</p>\n" for part in (lines, link) if part)
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{paragraphs}</body></html>\n'

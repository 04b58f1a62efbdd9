"""Log lines of the hub's own processes: one line each, nothing in them that a terminal or a reader could be fooled by.

``BATON_LOG_FORMAT=json`` gives JSON lines with an allow-list of fields. In Airflow's processes Airflow writes the lines
(``[logging] json_logs``).
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from baton.tracing import place

FIELDS: Final = ("run", "job", "system", "action", "state", "verdict", "code", "count")
"""What a line may say besides its message (``extra`` of the logging call); anything else is left out."""
LONGEST: Final = 4000
"""Characters of a message; the rest is cut off."""
_HARMFUL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
"""Control characters, line and paragraph separators, what is invisible or turns the direction of the text."""


def harmless(text: str) -> str:
    r"""A text on one line: what could break it or deceive is written out (``\u202e``)."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", cut)


class PlainLines(logging.Formatter):
    """``2026-11-26 08:10:00 WARNING baton.hub: …`` on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC)
        return f"{at:%Y-%m-%d %H:%M:%S} {record.levelname} {record.name}: {harmless(_message(record))}{_error(record)}"


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, message, where, the fields of `FIELDS`, the span it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": harmless(_message(record)),
            "where": f"{record.module}:{record.lineno}",
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = place(record.exc_info[1])
        line |= {name: _plain(getattr(record, name)) for name in FIELDS if hasattr(record, name)}
        return json.dumps(line | _span(), ensure_ascii=False)


def write_harmless_lines(environ: Mapping[str, str] = os.environ) -> None:
    """Have this process log to stderr, in the form and from the level that the environment asks for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if environ.get("BATON_LOG_FORMAT") == "json" else PlainLines())
    level = environ.get("BATON_LOG_LEVEL", "WARNING").upper()
    known = level in logging.getLevelNamesMapping()
    logging.basicConfig(handlers=[handler], level=level if known else logging.WARNING, force=True)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # values that do not fit: the text alone is better than no line
        return str(record.msg)


def _error(record: logging.LogRecord) -> str:
    """What was raised, by type and place: a message may repeat what it choked on."""
    return f" [{place(record.exc_info[1])}]" if record.exc_info and record.exc_info[1] is not None else ""


def _plain(value: object) -> str | int | float:
    return value if isinstance(value, int | float) else harmless(str(value))


def _span() -> dict[str, str]:
    """The ids of the span that is open here; nothing where nobody traces."""
    traces = sys.modules.get("opentelemetry.trace")
    if traces is None:
        return {}
    context = traces.get_current_span().get_span_context()
    return {"trace": f"{context.trace_id:032x}", "span": f"{context.span_id:016x}"} if context.is_valid else {}

"""Several requests of one org in one call: queries of any length, descriptions, and writes that belong together.

A query as a subrequest is not bound by the length of a request line, so one takes as many ids as a page has rows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import quote

import requests
from simple_salesforce.exceptions import SalesforceError

from baton.sdk import Intent, RejectedError
from connectors.crm.salesforce.org import Org, Row, call_error, lost

PAGE_ROWS: Final = 2_000
"""Rows of one page of a query's answer, so that a query for that many ids has one page."""
_QUERIES: Final = 5
_REQUESTS: Final = 25
_AUTO_ASSIGN_OFF: Final = {"Sforce-Auto-Assign": "FALSE"}
"""Subrequests have headers of their own; nothing says that those of the whole call reach them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one subrequest was answered."""

    status: int
    body: Any


class Composite:
    """Composite calls of one org. Thread-safe."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._lock = threading.Lock()
        self._described: dict[str, Described | None] = {}

    def ask(self, queries: Sequence[str]) -> Iterator[Iterator[list[Row]]]:
        """The pages of each query, in order; five queries are one call, and further pages are asked for as needed."""
        for some in portions(queries, _QUERIES):
            asked = [("GET", f"query/?q={quote(soql)}", None) for soql in some]
            for answer in self.send(asked, Intent.READ):
                if answer.status >= 400:
                    raise _refused(answer)
                yield self._org.pages(answer.body)

    def rows(self, queries: Sequence[str]) -> list[list[Row]]:
        """All rows of each query, in order."""
        return [[row for page in pages for row in page] for pages in self.ask(queries)]

    def describe(self, names: Iterable[str]) -> Mapping[str, Described]:
        """Those of these objects that the org has and the integration user may see. Each is asked for once."""
        wanted = list(dict.fromkeys(names))
        with self._lock:
            unknown = [name for name in wanted if name not in self._described]
            for some in portions(unknown, _REQUESTS):
                asked = [("GET", f"sobjects/{name}/describe", None) for name in some]
                for name, answer in zip(some, self.send(asked, Intent.READ), strict=True):
                    if answer.status not in (200, 404):
                        raise _refused(answer)
                    self._described[name] = Described.of(answer.body) if answer.status == 200 else None
            return {name: found for name in wanted if (found := self._described[name]) is not None}

    def send(self, requested: Sequence[tuple[str, str, Row | None]], intent: Intent) -> Sequence[Answer]:
        """One call: method, path below the version and body of each subrequest; one answer each, in order."""
        names = [f"r{number}" for number in range(len(requested))]
        subrequests = [
            {
                "method": method,
                "url": self._org.place(path),
                "referenceId": name,
                "httpHeaders": _AUTO_ASSIGN_OFF,
                **({"body": body} if body is not None else {}),
            }
            for name, (method, path, body) in zip(names, requested, strict=True)
        ]
        call = {"allOrNone": False, "compositeRequest": subrequests}
        answer = self._org.exchange("POST", "composite", json=call, intent=intent)
        try:
            body = answer.json(parse_float=Decimal)
        except requests.exceptions.InvalidJSONError:
            raise lost(intent, "the answer is not JSON", "garbled") from None
        told = body.get("compositeResponse") if isinstance(body, dict) else None
        if not isinstance(told, list) or not all(isinstance(item, dict) for item in told):
            raise lost(intent, "the answer is not that of a composite call", "garbled")
        if [item.get("referenceId") for item in told] != names:
            raise lost(intent, f"{len(told)} answers came back for {len(names)} requests", "incomplete")
        if not all(isinstance(item.get("httpStatusCode"), int) for item in told):
            raise lost(intent, "an answer of a composite call has no status", "garbled")
        return [Answer(item["httpStatusCode"], item.get("body")) for item in told]


@dataclass(frozen=True, slots=True)
class Described:
    """What ``describe`` says of one object, as far as it is needed here."""

    name: str
    prefix: str
    """The first three characters of the ids of its records."""
    fields: Mapping[str, Row]

    @classmethod
    def of(cls, body: Any) -> Described:
        """Read a description. Raises `RetryableError` when it is none."""
        columns = body.get("fields") if isinstance(body, dict) else None
        if not isinstance(columns, list) or not all(isinstance(each, dict) and each.get("name") for each in columns):
            raise lost(Intent.READ, "the description of an object has no fields", "garbled")
        prefix = str(body.get("keyPrefix") or "")
        return cls(str(body.get("name") or ""), prefix, {str(each["name"]): each for each in columns})

    def visible(self, names: Iterable[str]) -> list[str]:
        """Those of these fields that are there and may be seen."""
        return [name for name in names if name in self.fields]


def _refused(answer: Answer) -> Exception:
    """What a refused subrequest means: the same as that call alone."""
    return call_error(SalesforceError("", answer.status, "", answer.body), Intent.READ)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    return len(text) in (15, 18) and text.isascii() and text.isalnum()


def id_list(ids: Iterable[str]) -> str:
    """Ids as the list of an IN. Raises `RejectedError` for what is no id, so that nothing else gets into a query."""
    wanted = list(dict.fromkeys(ids))
    if wrong := [each for each in wanted if not is_id(each)]:
        raise RejectedError(f"{len(wrong)} of {len(wanted)} ids are not Salesforce's", code="MALFORMED_ID")
    return "(" + ",".join(f"'{each}'" for each in wanted) + ")"


def portions(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """The items in runs of at most ``most``."""
    for start in range(0, len(items), most):
        yield items[start : start + most]

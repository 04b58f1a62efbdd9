"""Where people come from: HR systems, and vendors that call when something has changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from baton.contracts.base import Connector
from baton.model.source_rows import Origin, SourcePage
from baton.model.told_lines import LinesBefore, OtherLines


@dataclass(frozen=True, slots=True)
class Feed:
    """One reading of a source. ``pages`` may be walked once."""

    origin: Origin
    pages: Iterator[SourcePage]


class EmployeeSource(Connector):
    """An HR system, or an export of one."""

    @abstractmethod
    def census(self) -> Feed:
        """Everyone, leavers the source still knows included."""

    @abstractmethod
    def changes(self, since: str | None) -> Feed:
        """Those changed since a cursor; a source that cannot tell gives the census."""


class RepeatingSource(EmployeeSource):
    """A source that says nearly the same every time, and can tell without reading it which lines are the same."""

    @abstractmethod
    def besides(self, before: LinesBefore) -> OtherLines | None:
        """The census without the lines that stand as they stood before; None when only the census itself can tell.

        Together with the lines left out it is exactly what `census` gives. What is wrong with the source as a whole is
        for `census` to say.
        """


class Hint(BaseModel):
    """An inbound event, already verified. It never carries data into the hub: it only causes a poll."""

    model_config = ConfigDict(frozen=True)
    event_id: str
    kind: str
    numbers: tuple[str, ...] = ()
    """Employee numbers it is about, when the event says; empty means: look at everything."""


@dataclass(frozen=True, slots=True)
class HintReply:
    """What to answer the sender, and the hints to store before answering."""

    status: int
    body: bytes
    hints: Sequence[Hint] = ()
    content_type: str = "application/json"


class HintSource(Connector):
    """A vendor that calls us when something has changed."""

    @abstractmethod
    def receive(self, headers: Mapping[str, str], body: bytes) -> HintReply:
        """Verify, decrypt and answer one callback. An invalid one gives a 4xx reply and no hints; nothing is raised.

        ``headers`` has lower-case names, and besides them what HTTP/2 calls pseudo-headers: ``:method``, and ``:path``
        with the query, for vendors who sign there. A GET, by which some check the address, has an empty body.
        """

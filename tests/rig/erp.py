"""An ERP held in memory that knows what is approved to be paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

import polars as pl

from baton.contracts import Connector, Finding, PayableSource, Rate
from baton.errors import RetryableError
from baton.model.payable import Component
from baton.model.source_rows import RejectedRow, SourcePage
from tests.rig.targets import NoClient, NoSettings

COLUMNS: Final = ("number", "amount", "currency", "holder", "account", "bank_code", "remark", "place")


class Erp(Connector, PayableSource):
    """An ERP that has approved what ``approved`` holds, two rows a page."""

    title: ClassVar[str] = "ERP in memory"
    Settings = NoSettings
    rate: ClassVar[Rate] = Rate(1000, burst=1000)

    def __init__(self) -> None:
        super().__init__(NoSettings(), NoClient())  # type: ignore[arg-type]
        self.approved: list[Mapping[str, str]] = []
        self.rejected: Sequence[RejectedRow] = ()
        self.fails_after: int | None = None
        self.asked: list[tuple[str, Component]] = []

    def check(self) -> Sequence[Finding]:
        return []

    def payables(self, period: str, component: Component) -> Iterator[SourcePage]:
        self.asked.append((period, component))
        for start in range(0, len(self.approved), 2):
            if self.fails_after is not None and start >= self.fails_after:
                raise RetryableError("the ERP has gone", code="gone")
            rows = self.approved[start : start + 2]
            frame = pl.DataFrame(
                [{name: row.get(name) for name in COLUMNS} for row in rows], schema=dict.fromkeys(COLUMNS, pl.String)
            )
            yield SourcePage(frame, start + 1, self.rejected if start == 0 else ())

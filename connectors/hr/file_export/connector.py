"""Employees from a roster that the HR system (or a person) drops as a CSV, TSV or XLSX file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import Field, field_validator

from baton.sdk import (
    BatonError,
    ConnectorSettings,
    Feed,
    Finding,
    LinesBefore,
    Origin,
    OtherLines,
    Rate,
    RepeatingSource,
    TimeZone,
    tables,
)

_SOME_DAY: Final = datetime(2026, 11, 22, tzinfo=UTC)


class FileExportSettings(ConnectorSettings):
    """Where the roster lies and what it must look like."""

    path: Path = Field(description="a file, a directory, or a directory with a glob: /srv/hr/roster*.csv")
    sheet: str | None = Field(None, description="the XLSX sheet; needed when several sheets hold data")
    columns: tuple[str, ...] = Field((), description="headers that must be there, e.g. 工号, 姓名, 状态")
    number_column: str | None = Field(None, description="the header of the employee number, e.g. 工号")
    encoding: Literal["utf-8", "gbk", "gb18030", "utf-16", "big5"] | None = Field(
        None, description="only when the file is taken for the wrong encoding"
    )
    as_of_name: str | None = Field(None, description="strptime pattern of the file name, e.g. roster_%Y%m%d.csv")
    time_zone: TimeZone = Field("Asia/Shanghai", description="where the date in the file name is meant")
    max_age_h: float = Field(36.0, gt=0, allow_inf_nan=False, description="an older file is stale")
    settle_s: float = Field(2.0, ge=0, le=3600, description="a file written more recently is not complete yet")
    header_depth: int = Field(20, ge=1, le=200, description="how far down the header row may be")
    page_rows: int = Field(20_000, ge=1, le=1_000_000)
    max_bytes: int = Field(512 * 1024 * 1024, ge=1)
    max_inflated_bytes: int = Field(256 * 1024 * 1024, ge=1, description="of an XLSX file")
    max_rows: int = Field(1_000_000, ge=1)
    max_columns: int = Field(500, ge=1, le=16_384)
    max_field_chars: int = Field(32_767, ge=1)
    max_rejected_rows: int = Field(1_000, ge=0, description="more broken rows than this refuse the file")

    @field_validator("as_of_name")
    @classmethod
    def _pattern(cls, given: str | None) -> str | None:
        try:
            if given is not None:
                datetime.strptime(_SOME_DAY.strftime(given), given)  # noqa: DTZ007 - only whether it can be read
        except ValueError:
            raise ValueError("is no strptime pattern, such as roster_%Y%m%d.csv") from None
        return given


class FileExport(RepeatingSource):
    """The newest complete roster file. A file cannot tell what changed, so `changes` gives everyone."""

    title: ClassVar[str] = "Roster file (CSV, XLSX)"
    Settings: ClassVar[type[ConnectorSettings]] = FileExportSettings
    rate: ClassVar[Rate] = Rate(calls=1000, burst=1000)

    settings: FileExportSettings

    def check(self) -> Sequence[Finding]:
        """Find and read the newest file, and say what it looks like."""
        try:
            choice = self._place().newest(self._now())
            feed = self.census()
        except tables.FileError as fault:
            return [Finding("roster file", ok=False, detail=fault.message, remedy=fault.remedy)]
        except BatonError as error:
            return [Finding("roster file", ok=False, detail=error.message, remedy=error.remedy)]
        age_h = (self._now() - choice.as_of).total_seconds() / 3600
        shape = ", ".join(f"{key} {value}" for key, value in feed.origin.detail.items())
        return [
            Finding("roster file", ok=True, detail=f"{feed.origin.name}: {shape}"),
            Finding(
                "roster age",
                ok=age_h <= self.settings.max_age_h,
                detail=f"{age_h:.1f} h, at most {self.settings.max_age_h:g} h",
                remedy="" if age_h <= self.settings.max_age_h else "see why the HR export has not run",
            ),
        ]

    def census(self) -> Feed:
        """Everyone in the newest file. Raises `FeedRefusedError` with place and rule when it cannot be trusted."""
        place = self._place()
        digest = ""
        try:
            choice = place.newest(self._now())
            data = place.read(choice)
            digest = hashlib.sha256(data).hexdigest()
            table = self._table(data)
        except tables.FileError as fault:
            raise tables.refused(fault, digest) from fault
        return Feed(self._origin(choice, digest, table), tables.pages(table, self.settings.page_rows))

    def changes(self, since: str | None) -> Feed:
        """The census: a file cannot tell what changed."""
        return self.census()

    def besides(self, before: LinesBefore) -> OtherLines | None:
        """The census without the lines that are the same; None for any doubt."""
        try:
            choice = self._place().newest(self._now())
            data = self._place().read(choice)
            others = self._others(data, before)
        except tables.FileError:
            return None
        if others is None:
            return None
        found = others.table
        return OtherLines(
            self._origin(choice, hashlib.sha256(data).hexdigest(), found),
            others.context,
            found.frame,
            found.row_numbers,
            others.marks,
            found.rejected,
            others.standing,
        )

    def _others(self, data: bytes, before: LinesBefore) -> tables.Others | None:
        layout, caps = self._shape()
        if tables.kind_of(data) is tables.Kind.WORKBOOK:
            return tables.other_rows(self._table(data), before, layout, caps)
        decoded = tables.decode(data, self.settings.encoding)
        others = tables.read_others(decoded.utf8, before, layout, caps)
        return None if others is None else replace(others, table=_encoded(others.table, decoded.encoding))

    def _now(self) -> datetime:
        return self.client.clock.now()

    def _place(self) -> tables.Place:
        given = self.settings
        return tables.Place(str(given.path), given.settle_s, given.max_bytes, given.as_of_name, given.time_zone)

    def _origin(self, choice: tables.Choice, digest: str, table: tables.Table) -> Origin:
        detail = {
            **table.detail,
            "max_age_h": f"{self.settings.max_age_h:g}",
            "rejected_rows": str(len(table.rejected)),
        }
        return Origin(choice.path.name, digest, choice.as_of, detail)

    def _shape(self) -> tuple[tables.Layout, tables.Caps]:
        given = self.settings
        return (
            tables.Layout(given.columns, given.number_column, given.header_depth),
            tables.Caps(given.max_rows, given.max_columns, given.max_field_chars, given.max_rejected_rows),
        )

    def _table(self, data: bytes) -> tables.Table:
        layout, caps = self._shape()
        return tables.settled(self._found(data, layout, caps), layout, caps)

    def _found(self, data: bytes, layout: tables.Layout, caps: tables.Caps) -> tables.Table:
        """The table, read as what the content is; the file's name does not matter."""
        if tables.kind_of(data) is tables.Kind.WORKBOOK:
            archive = tables.ArchiveCaps(inflated_bytes=self.settings.max_inflated_bytes)
            return tables.read_workbook(data, self.settings.sheet, layout, caps, archive)
        decoded = tables.decode(data, self.settings.encoding)
        return _encoded(tables.read_delimited(decoded.utf8, layout, caps), decoded.encoding)


def _encoded(table: tables.Table, encoding: str) -> tables.Table:
    """The table, telling its encoding."""
    return replace(table, detail={**table.detail, "encoding": encoding})


__all__ = ["FileExport"]

"""Settings of the data files, and what they declare about files to be written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from baton.sdk import ConnectorSettings, FieldSpec, FieldType

_FORM: Final = re.compile(r"(text|integer|date|datetime|boolean)|decimal\(([0-9]|[12][0-9]|3[0-7])\)")
Form = Annotated[str, StringConstraints(pattern=f"^(?:{_FORM.pattern})$")]
"""``text``, ``integer``, ``decimal(2)``, ``date``, ``datetime`` or ``boolean``."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r'^[^\s,;|"][^,;|"\t\r\n]*$')]
"""A header that reads back as it was written, whatever the delimiter."""
Encoding = Literal["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "big5"]


def spec_of(form: str) -> FieldSpec:
    """The field that a form such as ``decimal(2)`` declares."""
    match = _FORM.fullmatch(form)
    if match is None:
        raise ValueError(f"{form!r} is no field type")
    if match[2] is not None:
        return FieldSpec(FieldType.DECIMAL, places=int(match[2]))
    return FieldSpec(FieldType(match[1]))


class FileLayout(BaseModel):
    """What is declared about one collection: which fields name a record, and the types of its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: tuple[Name, ...] = Field((), description="the headers that together name one record; needed for writing")
    fields: dict[Name, Form] = Field(
        default={}, description="header: text, integer, decimal(2), date, datetime, boolean; in order for a new file"
    )

    @model_validator(mode="after")
    def _key_is_of_the_fields(self) -> Self:
        missing = [name for name in self.key if self.fields and name not in self.fields]
        if missing or len(set(self.key)) != len(self.key):
            raise ValueError("key must name fields that are declared, each once")
        return self

    @property
    def specs(self) -> dict[str, FieldSpec]:
        """The declared fields."""
        return {name: spec_of(form) for name, form in self.fields.items()}


class DataFileSettings(ConnectorSettings):
    """Where the files lie, how they are read, and what is declared about files to be written."""

    path: Path = Field(description="a file, or a directory in which every file is a collection")
    layout: dict[str, FileLayout] = Field(
        default={}, description="by collection (staff.csv, book.xlsx#Sheet1): key and field types, for writing"
    )
    encoding: Encoding | None = Field(
        None,
        description="of all files here, when they are taken for another; files to be made are UTF-8 unless it is set",
    )
    header_depth: int = Field(1, ge=1, le=200, description="raise it when titles stand above the header row")
    page_rows: int = Field(50_000, ge=1, le=1_000_000)
    lock_wait_s: float = Field(30.0, ge=0, le=3600, description="how long to wait for another writer of the file")
    max_bytes: int = Field(64 * 1024**3, ge=1, description="of a text file")
    max_workbook_bytes: int = Field(512 * 1024**2, ge=1)
    max_inflated_bytes: int = Field(1024**3, ge=1, description="of an XLSX file")
    max_rows: int = Field(100_000_000, ge=1)
    max_columns: int = Field(500, ge=1, le=16_384)
    max_field_chars: int = Field(32_767, ge=1)
    max_rejected_rows: int = Field(1_000, ge=0, description="more broken rows than this refuse the file")

"""Records in data files: delimited text and XLSX, read as a source and rewritten as a target."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

import polars as pl

from baton.sdk import (
    BatonError,
    Collection,
    ConfigurationError,
    ConnectorSettings,
    Fault,
    Feed,
    FieldSpec,
    Finding,
    Origin,
    Promise,
    Rate,
    Receipt,
    RecordSource,
    RecordTarget,
    RejectedError,
    frame_schema,
    tables,
)
from connectors.data.file.changes import Change, Delete, Insert, Update
from connectors.data.file.delimited import StoredText
from connectors.data.file.folder import WORKBOOK, Address, Folder, missing
from connectors.data.file.replacement import Replacement, locked
from connectors.data.file.settings import DataFileSettings, FileLayout
from connectors.data.file.stored import Stored
from connectors.data.file.values import as_types
from connectors.data.file.workbook import StoredSheet, without_empty

_KIND_BYTES = 1 << 20
_CHECKED = 20


class DataFile(RecordSource, RecordTarget):
    """Every text file of a folder is a collection, and every sheet of its workbooks.

    A write compares and replaces the whole file in one step, under a lock: promise class B.
    """

    title: ClassVar[str] = "Data file (CSV, XLSX)"
    Settings: ClassVar[type[ConnectorSettings]] = DataFileSettings
    rate: ClassVar[Rate] = Rate(calls=1000, burst=1000)
    record_promise: ClassVar[Promise] = Promise.CONDITION
    record_batch_limit: ClassVar[int] = 200_000

    settings: DataFileSettings

    def check(self) -> Sequence[Finding]:
        """Look at the folder and at the first files in it: encoding, delimiter, headers, sheets."""
        try:
            files = self._folder.files()
            names = self.collections()
        except BatonError as error:
            return [Finding("data files", ok=False, detail=error.message, remedy=error.remedy)]
        declared = sorted(set(self.settings.layout) - set(names))
        detail = f"{len(files)} files, {len(names)} collections, {len(declared)} declared to be made"
        none = not names and not declared
        remedy = "put files where path points, or declare those to be made in layout" if none else ""
        return [Finding("data files", ok=not none, detail=detail, remedy=remedy), *map(self._look, names[:_CHECKED])]

    def collections(self) -> Sequence[str]:
        """File names; of workbooks, ``book.xlsx#Sheet`` for every visible sheet that holds anything."""
        found: list[str] = []
        for path in self._folder.files():
            if path.suffix.lower() != WORKBOOK:
                found.append(path.name)
                continue
            try:
                sheets = tables.sheet_names(self._workbook(Address(path)), self._archive)
            except tables.FileError as fault:
                raise tables.refused(fault, "") from fault
            found += [f"{path.name}#{sheet}" for sheet in sheets]
        return found

    def records(self, collection: str) -> Feed:
        """The records of a text file page by page; a sheet is read whole. Every value is text as it stands."""
        address = self._there(collection)
        if address.sheet is None:
            file = self._text(address)
            return Feed(file.origin, file.pages(self.settings.page_rows))
        with tables.open_plain(address.path) as seen:  # looked at first: it may be moved as soon as it has been read
            as_of = datetime.fromtimestamp(os.fstat(seen.fileno()).st_mtime, UTC)
        data = self._workbook(address)
        digest = hashlib.sha256(data).hexdigest()
        table = self._sheet(data, address, digest)
        blank = pl.all_horizontal(pl.all().is_null() | (pl.all().str.strip_chars() == ""))
        filled = ~table.frame.select(blank).to_series() if table.frame.width else pl.Series([], dtype=pl.Boolean)
        frame, rows = without_empty(table.frame.filter(filled)), table.row_numbers.filter(filled)
        kept = tables.Table(frame, rows, table.header_row, sorted(table.rejected, key=lambda bad: bad.row))
        detail = {**table.detail, "header_row": str(table.header_row)}
        return Feed(Origin(collection, digest, as_of, detail), tables.pages(kept, self.settings.page_rows))

    def collection(self, name: str) -> Collection:
        """The headers of the file, as text unless declared; the declared fields while there is no file."""
        address = self._folder.address(name)
        layout = self.settings.layout.get(name, FileLayout())
        declared = layout.specs
        if not address.exists:
            if not declared:
                raise missing(name, "put it there, or declare its fields and key in layout")
            return Collection(name, declared, layout.key)
        headers = self._stored(name, {}).headers
        lacking = sorted({*declared, *layout.key} - set(headers))
        if lacking:
            fault = f"the file has no column {', '.join(map(repr, lacking))}"
            raise ConfigurationError([Fault(name[:200], "missing_column", f"{fault}; correct layout or the file")])
        return Collection(name, {header: declared.get(header, FieldSpec()) for header in headers}, layout.key)

    def count(self, collection: Collection) -> int:
        stored = self._stored(collection.name, collection.fields)
        return sum((block.height for block in stored.blocks()), start=0)

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        names = [*collection.key, *(name for name in fields if name not in collection.key)]
        found = [pl.DataFrame(schema=frame_schema(collection.fields, names))]
        for block in self._stored(collection.name, collection.fields).blocks():
            typed, _ = as_types(block.select(collection.key), collection.fields)
            at = typed.with_row_index("\x00at").join(keys, on=list(collection.key), how="semi").get_column("\x00at")
            rows, wrong = as_types(block.select(names)[at], collection.fields)
            for name in names:
                if wrong.get_column(name).any():
                    raise RejectedError(
                        f"a value of {name!r} is no {collection.fields[name].type.value} as layout declares it",
                        code="unreadable_value",
                        remedy="correct the file, or declare the field as text",
                    )
            found.append(rows)
        return pl.concat(found)

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        return self._write(collection, lambda stored: Insert(stored, collection, rows))

    def amend(self, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> Sequence[Receipt]:
        return self._write(collection, lambda stored: Update(stored, collection, rows, before))

    def delete(self, collection: Collection, before: pl.DataFrame) -> Sequence[Receipt]:
        return self._write(collection, lambda stored: Delete(stored, collection, before))

    def _write(self, collection: Collection, change_of: Callable[[Stored], Change]) -> Sequence[Receipt]:
        """Make the change, or nothing: compared and written under the lock of the file."""
        if not collection.key:
            message = "no key is declared; name it in layout before records are written"
            raise ConfigurationError([Fault(collection.name[:200], "no_key", message)])
        path = self._folder.address(collection.name).path
        with locked(path, self.settings.lock_wait_s):
            replacement = Replacement(path)
            stored = self._stored(collection.name, collection.fields)
            change = change_of(stored)
            with replacement as new:
                stored.write(change.run(), new.file)
                if change.made:
                    new.commit()
        return change.receipts()

    @property
    def _folder(self) -> Folder:
        return Folder(self.settings.path)

    @property
    def _archive(self) -> tables.ArchiveCaps:
        return tables.ArchiveCaps(inflated_bytes=self.settings.max_inflated_bytes)

    @property
    def _caps(self) -> tables.Caps:
        given = self.settings
        return tables.Caps(given.max_rows, given.max_columns, given.max_field_chars, given.max_rejected_rows)

    def _look(self, name: str) -> Finding:
        try:
            origin = self.records(name).origin
        except BatonError as error:
            return Finding(name, ok=False, detail=error.message, remedy=error.remedy)
        return Finding(name, ok=True, detail=", ".join(f"{key} {value}" for key, value in origin.detail.items()))

    def _there(self, collection: str) -> Address:
        address = self._folder.address(collection)
        if not address.exists:
            raise missing(collection, "see baton check for those there are")
        return address

    def _stored(self, name: str, fields: Mapping[str, FieldSpec]) -> Stored:
        """The collection as its file holds it; one to be made has these fields."""
        address = self._folder.address(name)
        if address.sheet is None:
            if not address.exists:
                return StoredText.to_be_made(address.path, list(fields), self.settings.encoding or "utf-8", self._caps)
            return StoredText.there(self._text(address), self._caps)
        if not address.exists:
            return StoredSheet(address.path, address.sheet, list(fields), None)
        data = self._workbook(address)
        table = self._sheet(data, address, hashlib.sha256(data).hexdigest())
        return StoredSheet.there(address.path, address.sheet, table)

    def _text(self, address: Address) -> tables.DelimitedFile:
        given = self.settings
        layout = tables.Layout(header_depth=given.header_depth)
        try:
            with tables.open_plain(address.path) as file:
                kind = tables.kind_of(file.read(_KIND_BYTES))
            if kind is tables.Kind.WORKBOOK:
                raise tables.FileError("not_text", "the file is a workbook", "have it named .xlsx")
            return tables.DelimitedFile.open(
                address.path, layout, self._caps, encoding=given.encoding, max_bytes=given.max_bytes
            )
        except tables.FileError as fault:
            raise tables.refused(fault, "") from fault

    def _workbook(self, address: Address) -> bytes:
        try:
            data = tables.read_plain(address.path, self.settings.max_workbook_bytes)
            if tables.kind_of(data) is tables.Kind.WORKBOOK:
                return data
            raise tables.FileError("not_a_workbook", "the file is no workbook", "have it saved as .xlsx, or named .csv")
        except tables.FileError as fault:
            raise tables.refused(fault, "") from fault

    def _sheet(self, data: bytes, address: Address, digest: str) -> tables.Table:
        layout = tables.Layout(header_depth=self.settings.header_depth)
        try:
            return tables.read_workbook(data, address.sheet, layout, self._caps, self._archive)
        except tables.FileError as fault:
            if fault.rule == "no_sheet":
                raise missing(f"{address.path.name}#{address.sheet}", fault.message) from fault
            raise tables.refused(fault, digest) from fault


__all__ = ["DataFile"]

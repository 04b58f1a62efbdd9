"""An HR system's nightly export: writes real roster files into a directory of its own, never through the connector.

CSV after RFC 4180; the workbook after ECMA-376, with the least parts that spreadsheet programs open.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final
from xml.sax.saxutils import escape

COLUMNS: Final = ("工号", "姓名", "状态", "部门", "手机", "备注")
_WRITTEN: Final = datetime(2026, 1, 4, 18, tzinfo=UTC)
_TITLE: Final = "示例科技有限公司 员工花名册"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


class Simulator:
    """One export directory. ``form`` is how this HR system writes: see `FORMS`."""

    prefixes: ClassVar[tuple[str, ...]] = ()
    FORMS: ClassVar[Mapping[str, str]] = {
        "csv-gb18030": "roster.csv",
        "csv-gbk": "roster.csv",
        "csv-utf-8-sig": "roster.csv",
        "tsv-utf-16": "roster.tsv",
        "xlsx": "roster.xlsx",
    }

    def __init__(self, form: str = "csv-gb18030") -> None:
        self.form = form
        self.directory = Path(tempfile.mkdtemp(prefix="baton-roster-"))
        self._removed = weakref.finalize(self, shutil.rmtree, self.directory)
        self._people: list[dict[str, str | None]] = []

    @property
    def settings(self) -> Mapping[str, object]:
        """Small pages, so that a small roster takes several."""
        columns = {"columns": ["工号", "姓名", "状态"], "number_column": "工号"}
        return {"path": str(self.directory), "page_rows": 3, "settle_s": 0, **columns}

    @property
    def secrets(self) -> Mapping[str, str]:
        """None: who may read the directory may read the roster."""
        return {}

    @property
    def people(self) -> Sequence[Mapping[str, str | None]]:
        """Everyone in the file, as it holds them; a blank cell is None."""
        return tuple(self._people)

    def sample(self, n: int) -> Mapping[str, str | None]:
        """The n-th synthetic person. Only GB 18030 and Unicode have the character 䶮."""
        family = "测" if self.form == "csv-gbk" else "䶮"
        awkward = ("", '含"引号"与,逗号', "=1+1", "第一行\n第二行", "０１２")[n % 5]
        return {
            "工号": f"{n:04d}",
            "姓名": f"{family}试{n}",
            "状态": "离职" if n % 4 == 0 else "在职",
            "部门": "研发部",
            "手机": f"1380000{n:04d}",
            "备注": awkward or None,
        }

    def seed(self, rows: Iterable[Mapping[str, str | None]]) -> None:
        """Add people (keys: `COLUMNS`) and write the export anew, complete before it has its name."""
        self._people += [{name: row.get(name) for name in COLUMNS} for row in rows]
        table = [list(COLUMNS), *[[person[name] or "" for name in COLUMNS] for person in self._people]]
        part = self.directory / "roster.part"
        part.write_bytes(workbook([[_TITLE], *table]) if self.form == "xlsx" else self._delimited(table))
        os.utime(part, (_WRITTEN.timestamp(), _WRITTEN.timestamp()))
        part.replace(self.directory / self.FORMS[self.form])

    def _delimited(self, table: Sequence[Sequence[str]]) -> bytes:
        kind, _, encoding = self.form.partition("-")
        text = io.StringIO(newline="")
        csv.writer(text, delimiter="\t" if kind == "tsv" else ",", lineterminator="\r\n").writerows(table)
        return text.getvalue().encode(encoding)


def workbook(table: Sequence[Sequence[str]]) -> bytes:
    """A workbook with one sheet of text cells; the same bytes for the same table."""
    rows = "".join(
        f'<row r="{at}">' + "".join(_cell(at, column, text) for column, text in enumerate(row)) + "</row>"
        for at, row in enumerate(table, start=1)
    )
    main, package, relation = f"{_TYPES}.sheet.main+xml", f"{_PACKAGE}/relationships", f"{_OFFICE}/worksheet"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main}"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="花名册" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">'
        f'<Relationship Id="rId1" Type="{relation}" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), f"{_HEAD}{text}".encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _cell(row: int, column: int, text: str) -> str:
    if not text:
        return ""
    return f'<c r="{chr(65 + column)}{row}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'

"""An old system's export folder: invented records as real files, in the encodings such systems write."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final

import xlsxwriter

HEADER: Final = ("工号", "姓名", "部门", "备注")
RECORDS: Final = (
    ("0001", "测试甲", "示例部", "第一行\n第二行"),
    ("0002", "测试𠮷", "示例部", ""),
    ("0003", "测试䶮", "示例部", "=1+1"),
)
TYPES: Final[Mapping[str, str]] = {
    "code": "text",
    "name": "text",
    "note": "text",
    "number": "integer",
    "salary": "decimal(2)",
    "active": "boolean",
    "born": "date",
    "seen": "datetime",
}


class Simulator:
    """A folder with the same records in several files, gone when the simulator is.

    ``form`` says which file that is still to be made is for `record`.
    """

    prefixes: ClassVar[tuple[str, ...]] = ()
    FILES: ClassVar[Mapping[str, str]] = {
        "staff_utf8.csv": "utf-8",
        "staff_bom.csv": "utf-8-sig",
        "staff_gb.csv": "gb18030",
        "staff_16.csv": "utf-16",
    }
    FORMS: ClassVar[Mapping[str, str]] = {"csv": "typed.csv", "xlsx": "typed.xlsx#Sheet1"}

    def __init__(self, form: str = "csv") -> None:
        self.record_collection = self.FORMS[form]
        self.record_text = "note"
        self._planted: list[list[str]] = []
        self.directory = Path(tempfile.mkdtemp(prefix="baton-data-"))
        self._removed = weakref.finalize(self, shutil.rmtree, self.directory)
        text = io.StringIO()
        csv.writer(text).writerows([HEADER, *RECORDS])
        for name, encoding in self.FILES.items():
            (self.directory / name).write_bytes(text.getvalue().encode(encoding))

    @property
    def settings(self) -> Mapping[str, object]:
        """The folder, and files that may be made in it."""
        made = {"key": ["工号"], "fields": dict.fromkeys(HEADER, "text")}
        typed = {"key": ["code"], "fields": dict(TYPES)}
        return {"path": str(self.directory), "layout": {"made.csv": made, self.record_collection: typed}}

    @property
    def secrets(self) -> Mapping[str, str]:
        """None: who may read the folder may read the records."""
        return {}

    def record(self, n: int) -> Mapping[str, Any]:
        """The n-th invented record."""
        return {
            "code": f"K{n:05d}",
            "name": f"测试{n}",
            "note": f'备注, "{n}"',
            "number": n,
            "salary": Decimal(n) + Decimal("0.10"),
            "active": n % 2 == 0,
            "born": date(1990, 1, 31),
            "seen": datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC),
        }

    def record_changed(self, n: int) -> Mapping[str, Any]:
        """Other values of some of its fields."""
        other = {
            "name": f"测试改{n}",
            "note": None,
            "number": -n,
            "salary": Decimal("99.90"),
            "born": date(1991, 2, 28),
        }
        return {**other, "active": n % 2 == 1, "seen": datetime(2025, 12, 31, 16, 0, 1, tzinfo=UTC)}

    def bad_record(self, n: int) -> Mapping[str, Any]:
        """One that no file can hold so that it reads back: a NUL."""
        return {**self.record(n), "name": "测试\0坏"}

    def seed_records(self, numbers: Iterable[int]) -> None:
        """Write these records too, as another program would: the whole file anew."""
        self._planted += [[_written(value) for value in self.record(n).values()] for n in numbers]
        name, _, sheet = self.record_collection.partition("#")
        path = self.directory / name
        if sheet:
            book = xlsxwriter.Workbook(path)
            page = book.add_worksheet(sheet)
            for place, row in enumerate([list(TYPES), *self._planted]):
                page.write_row(place, 0, row)
            book.close()
            return
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([list(TYPES), *self._planted])
        path.write_bytes(text.getvalue().encode())

    def close(self) -> None:
        self._removed()


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)

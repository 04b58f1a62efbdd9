"""An old system's export folder: invented records as real files, in the encodings such systems write."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

HEADER: Final = ("工号", "姓名", "部门", "备注")
RECORDS: Final = (
    ("0001", "测试甲", "示例部", "第一行\n第二行"),
    ("0002", "测试𠮷", "示例部", ""),
    ("0003", "测试䶮", "示例部", "=1+1"),
)


class Simulator:
    """A folder with the same records in several files, gone when the simulator is."""

    prefixes: ClassVar[tuple[str, ...]] = ()
    FILES: ClassVar[Mapping[str, str]] = {
        "staff_utf8.csv": "utf-8",
        "staff_bom.csv": "utf-8-sig",
        "staff_gb.csv": "gb18030",
        "staff_16.csv": "utf-16",
    }

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="baton-data-"))
        self._removed = weakref.finalize(self, shutil.rmtree, self.directory)
        text = io.StringIO()
        csv.writer(text).writerows([HEADER, *RECORDS])
        for name, encoding in self.FILES.items():
            (self.directory / name).write_bytes(text.getvalue().encode(encoding))

    @property
    def settings(self) -> Mapping[str, object]:
        """The folder, and a file that may be made in it."""
        made = {"key": ["工号"], "fields": dict.fromkeys(HEADER, "text")}
        return {"path": str(self.directory), "layout": {"made.csv": made}}

    @property
    def secrets(self) -> Mapping[str, str]:
        """None: who may read the folder may read the records."""
        return {}

    def close(self) -> None:
        self._removed()

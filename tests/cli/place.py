"""An old system of CSV files, a new one in SQLite, and a hub between them, in one folder: for baton migrate."""

import csv
import io
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout

from baton.cli.main import execute
from tests.cli.conftest import Said
from tests.rig.schema import lay_out_state

SYSTEMS = """hub: {{state_dir: state, secrets_dir: secrets}}
systems:
  old:
    connector: data/file
    settings: {{path: old}}
  new:
    connector: data/sql
    settings: {{database_url: "sqlite:///{root}/new.sqlite3"}}
"""
TABLE = """create table staff (
  code varchar(10) not null primary key, name varchar(40), pay decimal(12, 2), hired date, boss varchar(10)
)"""
MAPPING = """mapping: 1
source: data/file
target: data/sql
collection: staff
key: [code]
read: staff.csv
cleaning:
  - {column: 薪资, fix: [trim, half_width]}
fields:
  code: {from: 工号, via: [trim], required: yes}
  name: {from: 姓名, via: [trim, nfc]}
  pay: {from: 薪资, via: [trim, decimal(2)]}
  hired: {from: 入职日期, via: [trim, date]}
examples:
  - given: {工号: 0012, 姓名: 测试甲, 薪资: "1.50", 入职日期: 2020-01-01}
    expect: {code: 0012, name: 测试甲, pay: "1.50", hired: 2020-01-01}
"""
COLUMNS = ("工号", "姓名", "薪资", "入职日期")


class Place:
    """One installation."""

    def __init__(self, root):
        self.root = root
        self.systems = root / "systems.yaml"
        lay_out_state(root)
        self.systems.write_text(SYSTEMS.format(root=root), "utf-8")
        self.mapping = root / "staff.yaml"
        self.mapping.write_text(MAPPING, "utf-8")
        (root / "old").mkdir()
        self.write([self.row(n) for n in range(1, 41)])
        self.sql(TABLE)

    @staticmethod
    def row(n, **more):
        row = {"工号": f"{n:04d}", "姓名": f"测试甲{n}", "薪资": f"{1000 + n}.50", "入职日期": "2020-01-01"}
        return {**row, **more}

    def write(self, rows):
        lines = [",".join(COLUMNS), *(",".join(row[column] for column in COLUMNS) for row in rows)]
        (self.root / "old/staff.csv").write_bytes("\n".join(lines).encode("gb18030"))

    def sql(self, text):
        with closing(sqlite3.connect(self.root / "new.sqlite3")) as connection, connection:
            return connection.execute(text).fetchall()

    def baton(self, *arguments, lang="en", err=None):
        """One command, in this process; what it says on a stderr of the test's own is not repeated."""
        out, own = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err or own):
            code = execute(["--systems", str(self.systems), "--lang", lang, *map(str, arguments)])
        return Said(code, *(stream.buffer.getvalue().decode("utf-8") for stream in (out, own)))

    def migrate(self, *arguments, **given):
        return self.baton("migrate", *arguments, **given)

    def run(self, *arguments):
        """A migration of everything; its document."""
        return self.migrate("run", self.mapping, "--as", "hr1", "--json", *arguments).json

    def state(self):
        """Every file below, but for the databases' own side files; the new system by what it holds."""
        files = (path for path in self.root.rglob("*") if path.is_file() and "sqlite3" not in path.name)
        return {str(path.relative_to(self.root)): path.read_bytes() for path in files}, self.sql("select * from staff")

    def aside(self, path):
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

"""A small company whose HR feed is a file and whose CRM is the Salesforce simulator behind a real HTTP port."""

import hashlib
import io
import json
import shutil
import sqlite3
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from baton.cli.main import execute
from baton.sandbox.server import serve
from connectors.crm.salesforce.simulator import Simulator
from tests.rig.schema import lay_out_state

REPO = Path(__file__).parents[2]
COLUMNS = [
    "工号",
    "姓名",
    "部门编码",
    "岗位",
    "员工状态",
    "直属上级工号",
    "入职日期",
    "最后工作日",
    "合同终止日",
    "发薪截止日",
    "手机",
    "工作邮箱",
    "时区",
    "职级",
    "用工类型",
    "工作地点",
    "成本中心",
    "生效日期",
    "证件号码",
    "开户名",
    "银行账号",
    "联行号",
    "开户行",
]


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def person(n, **more):
    row = {
        "工号": f"{n:04d}",
        "姓名": "测试䶮" if n == 12 else f"测试甲{n}",
        "部门编码": "D01",
        "岗位": "客户经理",
        "员工状态": "在职",
        "直属上级工号": "" if n == 1 else "0001",
        "入职日期": "2020-01-01",
        "手机": f"138{n:08d}",
        "工作邮箱": f"p{n}@example.com",
        "时区": "Asia/Shanghai",
        "用工类型": "正式",
    }
    return {**row, **more}


def leaver(n):
    return person(n, 员工状态="离职", 最后工作日="2024-03-01")


class Company:
    """One installation in a folder of its own."""

    def __init__(self, root, sandbox):
        self.root = root
        self.sandbox = sandbox
        self.crm = sandbox.simulators["crm"]
        self.systems = root / "systems.yaml"
        lay_out_state(root)
        mapping = (REPO / "mappings/sync/employee--crm_salesforce.yaml").read_text("utf-8")
        (root / "crm.yaml").write_text(mapping.replace("00eSIM000000001YBA", self.crm.profile_id), "utf-8")
        self.systems.write_text(
            f"""hub: {{state_dir: state, secrets_dir: secrets}}
systems:
  hr:
    connector: hr/file_export
    mapping: {REPO}/mappings/sync/hr_file_export--employee.yaml
    settings: {{path: feed, settle_s: 0}}
  crm:
    connector: crm/salesforce
    mapping: crm.yaml
    allow_private: yes
    rate: {{calls: 10000, burst: 1000}}
    settings: {{login_url: "{sandbox.base_url}", instance_url: "{sandbox.base_url}"}}
""",
            "utf-8",
        )
        (root / "secrets/crm").mkdir(parents=True)
        for name, value in self.crm.secrets.items():
            (root / "secrets/crm" / name).write_text(value)
            (root / "secrets/crm" / name).chmod(0o600)
        self.feed([person(n) for n in range(1, 31)])

    def begin_anew(self):
        """Take away the store that was laid out: nothing has been opened here yet."""
        shutil.rmtree(self.root / "state")

    def feed(self, rows, encoding="gb18030"):
        (self.root / "feed").mkdir(exist_ok=True)
        lines = [",".join(COLUMNS), *(",".join(row.get(column, "") for column in COLUMNS) for row in rows)]
        (self.root / "feed/people.csv").write_bytes("\n".join(lines).encode(encoding))

    def edit(self, old, new, file=None):
        path = file or self.systems
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def baton(self, *arguments):
        """One command, in this process."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = execute(["--systems", str(self.systems), "--lang", "en", *arguments])
        texts = [stream.buffer.getvalue().decode("utf-8") for stream in (out, err)]
        return Said(code, *texts)

    def ok(self, *arguments):
        said = self.baton(*arguments)
        assert said.code == 0, (arguments, said)
        return said

    def rows(self):
        """Every row of the hub's database."""
        connection = sqlite3.connect(self.root / "state/baton.sqlite3")
        try:
            tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            return {table: sorted(connection.execute(f'select * from "{table}"'), key=repr) for table in tables}
        finally:
            connection.close()

    def query(self, text, *values):
        connection = sqlite3.connect(self.root / "state/baton.sqlite3")
        try:
            found = connection.execute(text, values).fetchall()
            connection.commit()
            return found
        finally:
            connection.close()

    def held(self):
        """A synced company, then a feed in which a third has left: its run is held."""
        self.ok("keys", "init")
        self.ok("run", "sync", "--as", "hr1")
        self.feed([leaver(n) if n % 3 == 0 else person(n) for n in range(1, 31)])
        said = self.baton("plan", "sync", "--save", "--as", "hr1", "--json")
        assert said.code == 3
        return said.json["run"]["id"]

    def files(self):
        """A digest of every file below."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture
def sandbox():
    with serve({"crm": Simulator}) as running:
        yield running


@pytest.fixture
def company(tmp_path, sandbox, monkeypatch):
    for name in ("BATON_SYSTEMS", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    sys.stdout.flush()
    return Company(tmp_path, sandbox)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An installation with an old system and a new one, for migrations."""
    from tests.cli.place import Place

    for name in ("BATON_SYSTEMS", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    found = Place(tmp_path)
    assert found.baton("keys", "init").code == 0
    return found

"""The synthetic company: about 200 people in five departments, as its HR system would export them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

SIZE: Final = 200
CLIENTS: Final = 600
DEPARTMENTS: Final = {"D01": "销售部", "D02": "市场部", "D03": "研发部", "D04": "财务部", "D05": "人力资源部"}
WECOM_DEPARTMENTS: Final = {department: place for place, department in enumerate(DEPARTMENTS, start=2)}
"""WeCom numbers departments itself; 1 is the corporation."""
_POSITIONS: Final = {
    "D01": "客户经理",
    "D02": "市场专员",
    "D03": "研发工程师",
    "D04": "会计",
    "D05": "招聘专员",
}
_SHARES: Final = ("D01", "D01", "D03", "D02", "D01", "D03", "D04", "D05", "D01", "D02")
_FAMILY_NAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何"
_GIVEN_NAMES: Final = "甲乙丙丁戊己庚辛壬癸"
RARE: Final = "0012"
"""The employee whose number looks like 12 and whose name needs GB18030."""


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the HR system, in its own words. Days are dates; None is an empty cell."""

    number: str
    name: str
    department: str
    position: str
    manager: str
    hired: date
    status: str = "在职"
    last_working: date | None = None
    contract_end: date | None = None
    pay_end: date | None = None
    zone: str = "Asia/Shanghai"
    accounts_before: int = 0
    """How many bank accounts the person had before the present one."""

    @property
    def serial(self) -> int:
        """The number as a number, for making up the rest."""
        return int(self.number)

    @property
    def mobile(self) -> str:
        """A synthetic mobile number."""
        return f"1380000{self.serial:04}"

    @property
    def email(self) -> str:
        """A synthetic address."""
        return f"p{self.number}@example.com"

    @property
    def identity(self) -> str:
        """A synthetic identity number (region 99 does not exist)."""
        return f"99{self.serial:04}19900101{self.serial:04}"

    @property
    def account(self) -> str:
        """A synthetic bank account, with the check digit that cards have."""
        return _with_check_digit(f"622200{self.accounts_before:03}{self.serial:09}")


def found_company(today: date) -> dict[str, Person]:
    """The company before the story: a managing director, a head per department, four sales teams, and their people."""
    heads = {department: f"{serial:04}" for serial, department in enumerate(DEPARTMENTS, start=2)}
    people = {"0001": Person("0001", _name(1), "D05", "总经理", "", today - timedelta(days=4000))}
    for serial in range(2, SIZE + 1):
        number = f"{serial:04}"
        hired = today - timedelta(days=200 + serial * 11)
        head_of = next((department for department, head in heads.items() if head == number), None)
        if head_of is not None:
            people[number] = Person(number, _name(serial), head_of, f"{DEPARTMENTS[head_of]}经理", "0001", hired)
            continue
        leads = [heads["D01"], "0007", "0008", "0009"]
        department = "D01" if number in (*leads, RARE) else _SHARES[serial % len(_SHARES)]
        manager = heads[department] if department != "D01" or number in leads else leads[serial % len(leads)]
        position = "销售组长" if number in leads else _POSITIONS[department]
        people[number] = Person(number, _name(serial), department, position, manager, hired)
    return people


def salespeople(people: Iterable[Person]) -> list[str]:
    """The numbers of those who own clients."""
    return [person.number for person in people if person.position == _POSITIONS["D01"]]


def _with_check_digit(digits: str) -> str:
    """By Luhn's rule: every second digit, from the right, counts double."""
    doubled = (2 * int(digit) for digit in digits[::-2])
    return f"{digits}{-(sum(value - 9 * (value > 9) for value in doubled) + sum(map(int, digits[-2::-2]))) % 10}"


def _name(serial: int) -> str:
    if f"{serial:04}" == RARE:
        return "测试䶮"
    family, given = divmod(serial - 1, len(_GIVEN_NAMES))
    return f"{_FAMILY_NAMES[family]}测{_GIVEN_NAMES[given]}"


def export(people: Iterable[Person]) -> bytes:
    """The HR system's file: CSV in GB18030 with Chinese headers."""
    rows = [_row(person) for person in people]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("gb18030")


def publish(people: Iterable[Person], feed: Path) -> None:
    """Put a new export in place, whole or not at all."""
    part = feed.with_suffix(".part")
    part.write_bytes(export(people))
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(feed)


def _row(person: Person) -> dict[str, str]:
    return {
        "工号": person.number,
        "姓名": person.name,
        "部门编码": person.department,
        "岗位": person.position,
        "员工状态": person.status,
        "直属上级工号": person.manager,
        "入职日期": f"{person.hired:%Y/%m/%d}",
        "最后工作日": _day(person.last_working),
        "合同终止日": _day(person.contract_end),
        "发薪截止日": _day(person.pay_end),
        "时区": person.zone,
        "用工类型": "正式",
        "工作地点": "上海",
        "成本中心": f"CC-{person.department}",
        "职级": "P5",
        "生效日期": "",
        "手机": person.mobile,
        "工作邮箱": person.email,
        "证件号码": person.identity,
        "开户名": person.name,
        "银行账号": person.account,
        "联行号": "001200000010",
        "开户行": "示例银行测试支行",
    }


def _day(value: date | None) -> str:
    return "" if value is None else f"{value:%Y-%m-%d}"

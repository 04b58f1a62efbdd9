"""One pydantic model per row with the rules of the mapping: ``pydantic_rows.py CSV``.

Says how many rows fit, and how long they took once they had been read.
"""

import csv
import sys
import time
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Annotated

import rules
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

Text = Annotated[str | None, BeforeValidator(rules.text)]
Required = Annotated[str, BeforeValidator(rules.required)]


class Employee(BaseModel):
    number: Required = Field(alias="工号")
    full_name: Annotated[str, BeforeValidator(rules.name)] = Field(alias="姓名")
    identity_number: Annotated[str, BeforeValidator(rules.identity)] = Field(alias="证件号码")
    mobile: Annotated[str | None, BeforeValidator(rules.mobile)] = Field(alias="手机")
    email: Annotated[str | None, BeforeValidator(rules.email)] = Field(alias="工作邮箱")
    department: Required = Field(alias="部门编码")
    department_name: Annotated[str | None, BeforeValidator(rules.last_part)] = Field(alias="部门路径")
    position: Text = Field(alias="岗位")
    grade: Annotated[str | None, BeforeValidator(str.upper)] = Field(alias="职级")
    employment_type: Annotated[str | None, BeforeValidator(lambda v: rules.word(rules.EMPLOYMENT, v))] = Field(
        alias="用工类型"
    )
    status: Annotated[str, BeforeValidator(rules.status)] = Field(alias="员工状态")
    manager_number: Text = Field(alias="直属上级工号")
    hire_day: Annotated[date, BeforeValidator(rules.hire_day)] = Field(alias="入职日期")
    contract_end_day: Annotated[date | None, BeforeValidator(rules.day)] = Field(alias="合同终止日")
    salary: Annotated[Decimal, BeforeValidator(rules.amount)] = Field(alias="月薪")
    bank_account: Annotated[str, BeforeValidator(rules.card)] = Field(alias="银行卡号")
    cost_centre: Text = Field(alias="成本中心")
    place: Text = Field(alias="工作地点")
    updated_at: Annotated[datetime | None, BeforeValidator(rules.moment)] = Field(alias="更新时间")

    @property
    def birthday(self) -> date:
        return rules.birthday(self.identity_number)


def main():
    fitting, took_s = 0, 0.0
    with open(sys.argv[1], encoding="utf-8", newline="") as file:  # noqa: PTH123
        rows = csv.DictReader(file)
        while page := list(islice(rows, 50_000)):
            started = time.perf_counter()
            fitting += sum(map(fits, page))
            took_s += time.perf_counter() - started
    sys.stdout.write(f"{fitting} fit\n{took_s:.3f}\n")


def fits(row):
    try:
        return Employee.model_validate(row).birthday is not None
    except ValidationError:
        return False


main()

"""The rules of mapping.yaml as one writes them in plain Python: a row in, a typed row out, `Unfit` for one that no rule
accepts. Used by the peers that work row by row.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

BLANKS = " \t\r\n\u3000\u00a0\u200b\ufeff"
SHANGHAI = ZoneInfo("Asia/Shanghai")
EMPLOYMENT = {"正式": "regular", "实习": "intern", "外包": "contractor", "兼职": "part_time"}
STATUS = {"在职": "active", "试用": "probation", "离职": "departed", "停薪留职": "on_leave"}
_IDENTITY = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_GROUPING = re.compile(r"[\s\u3000\u00a0\u200b\ufeff\-()（）]")
_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_FOREIGN = re.compile(r"\+(?!86)[1-9][0-9]{6,14}")
_EMAIL = re.compile(r"[^@\s,;<>\"()]{1,64}@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_DAY = re.compile(r"((?:19|20|21)[0-9]{2})([-/.]?)([0-9]{1,2})\2([0-9]{1,2})")
_AMOUNT = re.compile(r"-?(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]{1,2})?")
_CARD = re.compile(r"[0-9]{12,19}")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


class Unfit(ValueError):
    """A cell that no rule accepts."""


def text(value: str) -> str | None:
    return value.strip(BLANKS) or None


def required(value: str) -> str:
    found = value.strip(BLANKS)
    if not found:
        raise Unfit("required")
    return found


def name(value: str) -> str:
    return unicodedata.normalize("NFC", required(value))


def identity(value: str) -> str:
    number = required(value).upper()
    if not _IDENTITY.fullmatch(number):
        raise Unfit("identity number")
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    if "10X98765432"[total % 11] != number[17]:
        raise Unfit("identity number")
    birthday(number)
    return number


def birthday(number: str) -> date:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise Unfit("identity number") from None


def mobile(value: str) -> str | None:
    if not value:
        return None
    bare = _GROUPING.sub("", value)
    mainland = _MOBILE.fullmatch(bare)
    if mainland:
        return "+86" + mainland[1]
    if not _FOREIGN.fullmatch(bare):
        raise Unfit("mobile")
    return bare


def email(value: str) -> str | None:
    if not value:
        return None
    low = value.lower()
    if len(low) > 254 or not _EMAIL.fullmatch(low):
        raise Unfit("email")
    return low


def last_part(path: str) -> str | None:
    return path.rpartition("/")[2] or None


def word(table: dict[str, str], value: str) -> str | None:
    if not value:
        return None
    if value not in table:
        raise Unfit("word")
    return table[value]


def status(value: str) -> str:
    found = word(STATUS, value)
    if found is None:
        raise Unfit("status")
    return found


def day(value: str) -> date | None:
    if not value:
        return None
    form = _DAY.fullmatch(value)
    try:
        return date(int(form[1]), int(form[3]), int(form[4])) if form else _no_day()
    except ValueError:
        return _no_day()


def _no_day() -> date:
    raise Unfit("day")


def hire_day(value: str) -> date:
    return day(value) or _no_day()


def amount(value: str) -> Decimal:
    plain = unicodedata.normalize("NFKC", value.strip(BLANKS)).strip("¥$元")
    if not _AMOUNT.fullmatch(plain):
        raise Unfit("amount")
    return Decimal(plain.replace(",", "")).quantize(Decimal("0.01"))


def card(value: str) -> str:
    digits = _GROUPING.sub("", value)
    if not _CARD.fullmatch(digits):
        raise Unfit("card")
    figures = [int(digit) for digit in reversed(digits)]
    if (sum(figures[::2]) + sum(_DOUBLED[figure] for figure in figures[1::2])) % 10:
        raise Unfit("card")
    return digits


def moment(value: str) -> datetime | None:
    if not value:
        return None
    try:
        local = datetime.fromisoformat(value)
    except ValueError:
        raise Unfit("moment") from None
    return local.replace(tzinfo=SHANGHAI).astimezone(UTC)


def employee(row: dict[str, str]) -> dict[str, object]:
    """One row of the export as one row of the table; raises `Unfit`."""
    number = identity(row["证件号码"])
    return {
        "number": required(row["工号"]),
        "full_name": name(row["姓名"]),
        "identity_number": number,
        "birthday": birthday(number),
        "mobile": mobile(row["手机"]),
        "email": email(row["工作邮箱"]),
        "department": required(row["部门编码"]),
        "department_name": last_part(row["部门路径"]),
        "position": text(row["岗位"]),
        "grade": row["职级"].upper() or None,
        "employment_type": word(EMPLOYMENT, row["用工类型"]),
        "status": status(row["员工状态"]),
        "manager_number": text(row["直属上级工号"]),
        "hire_day": hire_day(row["入职日期"]),
        "contract_end_day": day(row["合同终止日"]),
        "salary": amount(row["月薪"]),
        "bank_account": card(row["银行卡号"]),
        "cost_centre": text(row["成本中心"]),
        "place": text(row["工作地点"]),
        "updated_at": moment(row["更新时间"]),
    }

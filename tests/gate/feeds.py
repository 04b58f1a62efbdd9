"""HR feeds as files, and how they go wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

# fmt: off
HEADERS = (
    "工号", "姓名", "部门编码", "岗位", "员工状态", "直属上级工号", "入职日期", "最后工作日",
    "合同终止日", "发薪截止日", "手机", "工作邮箱", "时区", "职级", "用工类型", "工作地点",
    "成本中心", "生效日期", "证件号码", "开户名", "银行账号", "联行号", "开户行",
)
# fmt: on
Person = dict[str, str]
Feed = bytes


def company(chance: random.Random) -> list[Person]:
    """Everybody, all at work."""
    return [
        {
            "工号": f"{number:04d}",
            "姓名": f"测试䶮{number}",
            "部门编码": f"D{number % 7}",
            "岗位": "员工",
            "员工状态": "在职",
            "直属上级工号": "" if number == 1 else "0001",
            "入职日期": "2020-01-01",
            "手机": f"138{number:08d}",
            "用工类型": "正式",
        }
        for number in range(1, chance.randint(120, 400) + 1)
    ]


def written(people: Sequence[Mapping[str, str]], headers: Sequence[str] = HEADERS) -> Feed:
    """The file as HR systems here write it: GB18030, commas, CRLF."""
    lines = [",".join(headers), *(",".join(person.get(name, "") for name in HEADERS) for person in people)]
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


def leaving(people: Sequence[Person], chosen: Sequence[int], last_day: date) -> list[Person]:
    """The same people, of whom these have left (or are going to)."""
    gone = {"员工状态": "离职", "最后工作日": last_day.isoformat(), "合同终止日": last_day.isoformat()}
    return [{**person, **gone} if position in set(chosen) else person for position, person in enumerate(people)]


def share_of(people: Sequence[Person], share: float, chance: random.Random) -> list[int]:
    """Positions of a random share of the people who still work here; at least one."""
    here = [position for position, person in enumerate(people) if person["员工状态"] == "在职"]
    return sorted(chance.sample(here, min(len(here), max(1, round(share * len(people))))))


def _many_left(people: list[Person], chance: random.Random, today: date) -> Feed:
    return written(leaving(people, share_of(people, 0.4, chance), today - timedelta(days=chance.randint(1, 300))))


def _all_left(people: list[Person], chance: random.Random, today: date) -> Feed:
    return written(leaving(people, range(len(people)), today - timedelta(days=1)))


def _flood_to_come(people: list[Person], chance: random.Random, today: date) -> Feed:
    return written(leaving(people, share_of(people, 0.4, chance), today + timedelta(days=chance.randint(0, 2))))


def _emptied(people: list[Person], chance: random.Random, today: date) -> Feed:
    return chance.choice((written([]), b"", b"\r\n"))


def _halved(people: list[Person], chance: random.Random, today: date) -> Feed:
    return written(chance.sample(people, len(people) // 2))


def _cut(people: list[Person], chance: random.Random, today: date) -> Feed:
    whole = written(leaving(people, share_of(people, 0.2, chance), today - timedelta(days=1)))
    return whole[: chance.randrange(len(whole))]


def _shifted_headers(people: list[Person], chance: random.Random, today: date) -> Feed:
    by = chance.randint(1, len(HEADERS) - 1)
    return written(people, HEADERS[by:] + HEADERS[:by])


def _shifted_cells(people: list[Person], chance: random.Random, today: date) -> Feed:
    at = chance.randrange(len(HEADERS))
    moved = [dict(zip(HEADERS, _without([p.get(n, "") for n in HEADERS], at), strict=True)) for p in people]
    return written(moved)


def _without(cells: list[str], at: int) -> list[str]:
    return [*cells[:at], *cells[at + 1 :], ""]


def _duplicates(people: list[Person], chance: random.Random, today: date) -> Feed:
    some = share_of(people, 0.1, chance)
    return written([*people, *(leaving(people, some, today - timedelta(days=1))[position] for position in some)])


def _renumbered(people: list[Person], chance: random.Random, today: date) -> Feed:
    """A spreadsheet has eaten the leading zeros, and a third seem to have left."""
    gone = leaving(people, share_of(people, 0.3, chance), today - timedelta(days=1))
    return written([{**person, "工号": person["工号"].lstrip("0")} for person in gone])


HOSTILE: Mapping[str, Callable[[list[Person], random.Random, date], Feed]] = {
    "40 % left": _many_left,
    "all left": _all_left,
    "40 % leave soon": _flood_to_come,
    "emptied": _emptied,
    "halved": _halved,
    "cut at a random byte": _cut,
    "headers shifted": _shifted_headers,
    "cells shifted": _shifted_cells,
    "duplicate numbers": _duplicates,
    "leading zeros lost": _renumbered,
}

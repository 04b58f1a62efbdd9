"""Invented employees in any number: ``python -m tests.bench.migration.data ROWS FILE`` writes them as CSV.

A row is a function of its number alone, so that every run and every tool has the same data. One row in a thousand has a
cell that no rule may accept. Written piece by piece, so that four million rows take no more memory than fifty thousand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

PIECE_ROWS: Final = 50_000
BAD_EVERY: Final = 1000
_PRIME: Final = 2_147_483_647
_IDENTITY_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SALARY_CENTS: Final = 4_000_000
_NAMES: Final = tuple("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉䶮")
_TEAMS: Final = ("销售部", "市场部", "研发部", "财务部", "人力资源部", "采购部", "客服部", "法务部")
_POSITIONS: Final = ("客户经理", "工程师", "会计", "招聘专员", "采购专员", "法务专员", "客服专员", "总监")
_KINDS: Final = ("正式", "实习", "外包", "兼职")
_STATES: Final = ("在职", "在职", "在职", "在职", "在职", "试用", "离职", "停薪留职")
_PLACES: Final = ("北京", "上海", "深圳", "成都", "武汉", "西安")
_BANKS: Final = ("示例银行测试支行", "示例银行城东支行", "示例银行城西支行")

ROW: Final = pl.col("row")


def employees(rows: int) -> Iterator[pl.DataFrame]:
    """The rows as text, twenty columns, in pieces of `PIECE_ROWS`."""
    for start in range(1, rows + 1, PIECE_ROWS):
        numbers = pl.int_range(start, min(start + PIECE_ROWS, rows + 1), dtype=pl.Int64, eager=True).alias("row")
        yield _piece(numbers)


def write_csv(path: Path, rows: int) -> None:
    """All rows as a UTF-8 CSV."""
    with path.open("wb") as file:
        for number, piece in enumerate(employees(rows)):
            piece.write_csv(file, include_header=number == 0)


def _chance(salt: int, below: int) -> pl.Expr:
    """A number from 0 that looks drawn by lot and is not."""
    return ((ROW * (48_271 + 2 * salt) + 12_345 * salt) % _PRIME * 16_807 % _PRIME) % below


def _one_of(words: Sequence[str], salt: int) -> pl.Expr:
    return _chance(salt, len(words)).replace_strict(range(len(words)), words, return_dtype=pl.String)


def _digits(number: pl.Expr, width: int) -> pl.Expr:
    return number.cast(pl.String).str.zfill(width)


def _identity() -> pl.Expr:
    born = pl.date(1960, 1, 1) + pl.duration(days=_chance(1, 16_000))
    first17 = (110_101 * 10**8 + born.dt.strftime("%Y%m%d").cast(pl.Int64)) * 1000 + _chance(2, 999) + 1
    weighed = pl.sum_horizontal(
        (first17 // 10 ** (16 - place)) % 10 * weight for place, weight in enumerate(_IDENTITY_WEIGHTS)
    )
    check = (weighed % 11).replace_strict(range(11), list("10X98765432"), return_dtype=pl.String)
    return first17.cast(pl.String) + check


def _card() -> pl.Expr:
    first18 = 6222 * 10**14 + ROW * 10**4 + _chance(3, 10**4)
    doubled = [(first18 // 10**place) % 10 * (2 - place % 2) for place in range(18)]
    total = pl.sum_horizontal(digit // 10 + digit % 10 for digit in doubled)
    return first18.cast(pl.String) + ((10 - total % 10) % 10).cast(pl.String)


def _day(salt: int, first_year: int, days: int) -> pl.Expr:
    """A day, in two forms."""
    day = pl.date(first_year, 1, 1) + pl.duration(days=_chance(salt, days))
    return pl.when(ROW % 3 == 0).then(day.dt.strftime("%Y/%m/%d")).otherwise(day.dt.strftime("%Y-%m-%d"))


def _salary() -> pl.Expr:
    cents = _chance(5, _SALARY_CENTS) + 300_000
    yuan, behind = cents // 100, _digits(cents % 100, 2)
    thousands = (yuan // 1000).cast(pl.String) + "," + _digits(yuan % 1000, 3)
    return pl.when(ROW % 2 == 0).then(thousands + "." + behind).otherwise(yuan.cast(pl.String) + "." + behind)


def _mobile() -> pl.Expr:
    number = _digits(ROW, 8)
    grouped = pl.lit("+86 138-") + number.str.head(4) + "-" + number.str.tail(4)
    return pl.when(ROW % 5 == 0).then(grouped).otherwise(pl.lit("138") + number)


def _piece(numbers: pl.Series) -> pl.DataFrame:
    name = pl.lit("测试") + _one_of(_NAMES, 6) + _one_of(_NAMES, 7)
    columns = {
        "工号": _digits(ROW, 8),
        "姓名": pl.when(ROW % 50 == 0).then(name + " ").otherwise(name),
        "证件号码": _identity(),
        "手机": _mobile(),
        "工作邮箱": pl.lit("P") + ROW.cast(pl.String) + "@Example.com",
        "部门编码": pl.lit("D") + _digits(_chance(8, 400), 4),
        "部门路径": pl.lit("总部/") + _one_of(_TEAMS, 9) + "/第" + (_chance(10, 20) + 1).cast(pl.String) + "组",
        "岗位": _one_of(_POSITIONS, 11),
        "职级": pl.lit("p") + (_chance(12, 9) + 1).cast(pl.String),
        "用工类型": _one_of(_KINDS, 13),
        "员工状态": _one_of(_STATES, 14),
        "直属上级工号": pl.when(ROW > 20).then(_digits(ROW // 20, 8)),
        "入职日期": _day(15, 2005, 7000),
        "合同终止日": pl.when(ROW % 4 == 0).then(_day(16, 2027, 1500)),
        "月薪": _salary(),
        "银行卡号": _card(),
        "开户行": _one_of(_BANKS, 17),
        "成本中心": pl.lit("CC") + _digits(_chance(18, 90), 3),
        "工作地点": _one_of(_PLACES, 19),
        "更新时间": (pl.datetime(2026, 1, 1) + pl.duration(seconds=_chance(20, 20_000_000))).dt.strftime("%F %T"),
    }
    return pl.DataFrame([numbers]).select(
        pl.when(_is_bad(column)).then(pl.lit(BAD[column])).otherwise(text).alias(column)
        if column in BAD
        else text.alias(column)
        for column, text in columns.items()
    )


BAD: Final = {
    "证件号码": "110101199001011231",
    "手机": "13800",
    "入职日期": "2026-02-30",
    "月薪": "面议",
    "银行卡号": "6222000000000000003",
}


def _is_bad(column: str) -> pl.Expr:
    return (ROW % BAD_EVERY == BAD_EVERY // 2) & (ROW // BAD_EVERY % len(BAD) == list(BAD).index(column))


def bad_rows(rows: int) -> int:
    """How many of so many rows no tool may take."""
    return len(range(BAD_EVERY // 2, rows + 1, BAD_EVERY))


if __name__ == "__main__":
    write_csv(Path(sys.argv[2]), int(sys.argv[1]))

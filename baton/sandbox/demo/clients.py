"""The clients of the old system: 600 invented companies, and what years in that system have done to their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from baton.sandbox.demo.company import CLIENTS

COLUMNS: Final = ("客户编号", "客户名称", "手机", "座机", "邮箱", "地址", "邮编", "城市", "建档日期")
_STEMS: Final = "甲乙丙丁戊己庚辛癸子丑寅辰巳午申酉戌亥东"
_TRADES: Final = (
    "纸业玻璃机床食品纺织陶瓷电缆家具物流印刷照明水泵轴承茶叶涂料"
    "钟表雨具乐器文具木业气泵机电模具门窗地板橡胶塑料五金化工染料"
)
_TRADE_COUNT: Final = len(_TRADES) // 2
_CITIES: Final = (("北京", "100000", "010"), ("上海", "200000", "021"), ("杭州", "310000", "0571"))
_NORTH: Final = ("呼和浩特", "010000", "0471")
_FULL_WIDTH: Final = str.maketrans("0123456789", "０１２３４５６７８９")
_LOST: Final = "锟斤拷"
_SPREAD: Final = 229
"""Scatters what is wrong over the list: 601 is a prime, so each client is met once."""


class Condition(Enum):
    """What became of a client's row in the old system. In value order: title, and how many rows are so."""

    ZEROS = ("number without its zeros (41 for 0041)", 20)
    WIDE = ("telephone in full-width digits", 30)
    BLANKS = ("blanks behind the name", 24)
    GARBLED = ("name in UTF-8 that was read as GBK", 8)
    RARE = ("name with 䶮, which GBK lacks", 6)
    POSTCODE = ("postal code without its zero", 12)
    DAY = ("a day that does not exist", 3)
    SHORT = ("telephone a digit short", 3)
    LOST = ("name beyond repair (锟斤拷)", 1)
    TWICE = ("two rows with one number", 2)
    NAMELESS = ("no name", 1)
    COMMA = ("a comma too many", 3)
    SOUND = ("nothing wrong", CLIENTS)

    @property
    def title(self) -> str:
        """In words."""
        return str(self.value[0])


ASIDE: Final = (Condition.DAY, Condition.SHORT, Condition.LOST, Condition.TWICE, Condition.NAMELESS)
"""Kinds of row that nobody but a person can put right."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client as it truly is, and what the old list made of it."""

    serial: int
    condition: Condition = Condition.SOUND

    @property
    def code(self) -> str:
        """Its code in Tryton."""
        return f"K-{self.serial:04}"

    @property
    def name(self) -> str:
        """An invented company; every one of them can be read in the wrong encoding without losing a byte."""
        stem, trade = divmod(self.serial - 1, _TRADE_COUNT)
        word = "䶮" if self.condition is Condition.RARE else _STEMS[stem]
        return f"虚构{word}号{_TRADES[2 * trade : 2 * trade + 2]}商社"

    @property
    def mobile(self) -> str:
        """A synthetic mobile number."""
        return f"1380001{self.serial:04}"

    @property
    def email(self) -> str:
        """A synthetic address."""
        return f"k{self.serial:04}@example.com"

    @property
    def place(self) -> tuple[str, str, str]:
        """City, postal code, area code."""
        return _NORTH if self.condition is Condition.POSTCODE else _CITIES[self.serial % len(_CITIES)]

    @property
    def landline(self) -> str:
        """A synthetic landline with its area code."""
        return f"{self.place[2]}-5555{self.serial:04}"

    @property
    def street(self) -> str:
        """An invented address."""
        return f"测试路{self.serial}号"

    def in_tryton(self) -> dict[str, str]:
        """What Tryton must say of it once it is there."""
        city, postal_code, area = self.place
        return {
            "name": self.name,
            "mobile": f"+86{self.mobile}",
            "phone": f"+86-{area.removeprefix('0')}-5555{self.serial:04}",
            "email": self.email,
            "street": self.street,
            "postal_code": postal_code,
            "city": city,
        }

    def row(self) -> dict[str, str]:
        """Its row as it should be."""
        city, postal_code, _ = self.place
        opened = f"{2005 + self.serial % 20}/{1 + self.serial % 12}/{1 + self.serial % 28}"
        cells = (f"{self.serial:04}", self.name, self.mobile, self.landline, self.email, self.street, postal_code, city)
        return dict(zip(COLUMNS, (*cells, opened), strict=True))

    def exported(self) -> Iterator[dict[str, str]]:
        """What the old system says instead: one row, or two."""
        row = self.row()
        yield row | self._suffered(row)
        if self.condition is Condition.TWICE:
            yield row | {"手机": replace(self, serial=self.serial + CLIENTS).mobile}

    def _suffered(self, row: Mapping[str, str]) -> dict[str, str]:
        match self.condition:
            case Condition.ZEROS:
                return {"客户编号": row["客户编号"].lstrip("0")}
            case Condition.WIDE:
                return {"手机": row["手机"].translate(_FULL_WIDTH)}
            case Condition.BLANKS:
                return {"客户名称": f"{self.name}　 "}
            case Condition.GARBLED:
                return {"客户名称": self.name.encode("utf-8").decode("gbk")}
            case Condition.POSTCODE:
                return {"邮编": row["邮编"].lstrip("0")}
            case Condition.DAY:
                return {"建档日期": "2019/02/30"}
            case Condition.SHORT:
                return {"手机": row["手机"][:-1]}
            case Condition.LOST:
                return {"客户名称": f"虚构{_LOST}{self.name[-4:]}"}
            case Condition.NAMELESS:
                return {"客户名称": ""}
            case _:
                return {}


def old_clients() -> dict[int, Client]:
    """All clients by serial number, each in its condition."""
    conditions = [condition for condition in Condition for _ in range(condition.value[1])]
    scattered = (place * _SPREAD % (CLIENTS + 1) for place in range(1, CLIENTS + 1))
    found = {serial: Client(serial, condition) for serial, condition in zip(scattered, conditions, strict=False)}
    return dict(sorted(found.items()))

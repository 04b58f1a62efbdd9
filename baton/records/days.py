"""Days written with the year first: the one reading that profile and transforms share."""

from __future__ import annotations

from typing import Final

import polars as pl

WRITTEN: Final = (
    r"^(19|20|21)[0-9]{2}"
    r"(-[0-9]{1,2}-[0-9]{1,2}|/[0-9]{1,2}/[0-9]{1,2}|\.[0-9]{1,2}\.[0-9]{1,2}|年[0-9]{1,2}月[0-9]{1,2}日|[0-9]{4})$"
)
"""Each form with one kind of separator. Day-first forms are ambiguous and not among them."""


def written_day(bare: pl.Expr) -> pl.Expr:
    """The day in a text of one of the `WRITTEN` forms; null where there is no such day. The form is not checked."""
    return pl.coalesce(parted_day(bare), compact_day(bare))


def parted_day(bare: pl.Expr) -> pl.Expr:
    """The same for the forms with a separator."""
    return bare.str.replace_all("[/.年月]", "-").str.strip_suffix("日").str.to_date("%Y-%m-%d", strict=False)


def compact_day(bare: pl.Expr) -> pl.Expr:
    """The same for eight digits."""
    return bare.str.to_date("%Y%m%d", strict=False)

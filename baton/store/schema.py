"""What every table is made with: one metadata, the names of constraints, instants, sealed columns."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from baton.audit.tables import define
from baton.store.instants import from_micros, to_micros

NAMING: Final = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)
audit = define(metadata)

BigId: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class Instant(TypeDecorator[Any]):
    """A UTC instant as microseconds since 1970: compares and sorts alike on every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else from_micros(value)


def sealed_column(name: str = "sealed", *, nullable: bool = False) -> sa.Column[Any]:
    """A personal column: ciphertext of `baton.store.personal.Keyring`, bound to its row."""
    return sa.Column(name, sa.LargeBinary, nullable=nullable, info={"class": "personal", "sealed": True})

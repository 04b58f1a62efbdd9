"""What tables look like: read from the database's own catalogue, put into the hub's field types."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.exc import SAWarning

from baton.sdk import Collection, ConfigurationError, Fault, FieldSpec, FieldType
from connectors.data.sql.settings import Product, SqlSettings

_MOST_DIGITS: Final = 38
_UUID_FORM: Final = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class Kind(Enum):
    """How a column's values are written and read."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    """A point in time; the database knows its offset."""
    LOCAL = "local"
    """A clock reading without an offset, meant in the setting ``time_zone``."""


_FIELD_TYPES: Final[Mapping[Kind, FieldType]] = {
    Kind.TEXT: FieldType.TEXT,
    Kind.INTEGER: FieldType.INTEGER,
    Kind.DECIMAL: FieldType.DECIMAL,
    Kind.BOOLEAN: FieldType.BOOLEAN,
    Kind.DATE: FieldType.DATE,
    Kind.MOMENT: FieldType.DATETIME,
    Kind.LOCAL: FieldType.DATETIME,
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a reference leads whose stored value is not the other record's key: it is translated on the way."""

    table: str
    stored: str
    """The column the foreign key points at."""
    key: str
    """The column whose value travels."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that can be read."""

    name: str
    kind: Kind
    spec: FieldSpec
    nullable: bool
    writable: bool
    """False where the database computes it."""
    as_text: bool = False
    """True where reading and comparing goes through the database's text form (enum, uuid, char(n) …)."""
    pointer: Pointer | None = None
    form: str = ""
    """The pattern in which the database gives values back, where it takes others for the same."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table or view."""

    name: str
    schema: str | None
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    title: str = ""

    @property
    def collection(self) -> Collection:
        """What a target says of it: the columns that can be written."""
        fields = {name: column.spec for name, column in self.columns.items() if column.writable}
        return Collection(self.name, fields, self.key, self.title)

    def some(self, names: Sequence[str]) -> Sequence[Column]:
        """These columns, in that order."""
        return [self.columns[name] for name in names]


class Catalogue:
    """One look at a database's catalogue, through an open connection."""

    def __init__(self, connection: sa.Connection, settings: SqlSettings) -> None:
        self._connection = connection
        self._settings = settings
        self._schema = settings.schema_in_use
        self._inspector = sa.inspect(connection)
        self._product = settings.product

    def names(self) -> tuple[str, ...]:
        """The tables and views there are (or are allowed), sorted."""
        found = {*self._inspector.get_table_names(self._schema), *self._inspector.get_view_names(self._schema)}
        if self._settings.tables:
            found &= set(self._settings.tables)
        return tuple(sorted(found))

    def table(self, name: str) -> Table:
        """One table with its key and where its references lead. `ConfigurationError` when there is no such table."""
        plain, links = self._plain(name), self._links(name)
        columns = {column: self._linked(plain, column, links.get(column)) for column in plain.columns}
        return replace(plain, columns=columns)

    def _plain(self, name: str) -> Table:
        if name not in self.names():
            known = ", ".join(self.names()[:20]) or "none"
            raise _wrong(name, "unknown_table", f"there is no table {name[:80]!r} here; there are: {known}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # a type it does not know becomes text here
            described = self._inspector.get_columns(name, self._schema)
        self._all_understood(name, {each["name"] for each in described})
        if len(described) > self._settings.max_columns:
            raise _wrong(name, "max_columns", f"has {len(described)} columns, more than max_columns allows")
        primary = tuple(self._inspector.get_pk_constraint(name, self._schema)["constrained_columns"])
        columns = {each["name"]: column for each in described if (column := self._column(each, primary)) is not None}
        key = self._key(name, columns, primary, {each["name"]: each for each in described})
        return Table(name, self._schema, columns, key)

    def _all_understood(self, name: str, described: AbstractSet[str]) -> None:
        """SQLAlchemy reads MySQL's columns off the text of CREATE TABLE, and some names wrongly."""
        if self._product is Product.MYSQL:
            there = (
                "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = :n"
            )
            if set(self._connection.execute(sa.text(there), {"n": name}).scalars()) != described:
                raise _wrong(name, "column_name", "has a column whose name cannot be read (a backtick in it?)")

    def _column(self, described: Any, primary: Sequence[str]) -> Column | None:
        """None for a column of bytes: no field type can carry it."""
        type_ = getattr(described["type"], "data_type", described["type"])  # of a domain: what it is made of
        if isinstance(type_, sa.LargeBinary | sa.types._Binary | postgresql.BIT | mysql.BIT):
            return None
        kind, shape = _kind(type_)
        filled = _has_default(described) or _counts_itself(described, primary, self._product)
        identity = described.get("identity") or {}
        spec = FieldSpec(
            type=_FIELD_TYPES[kind],
            required=not described["nullable"] and not filled,
            about=described.get("comment") or "",
            **shape,
        )
        writable = not described.get("computed") and not identity.get("always")
        form = _UUID_FORM if isinstance(type_, sa.Uuid) else ""
        as_text = _through_text(kind, type_)
        return Column(described["name"], kind, spec, described["nullable"], writable, as_text, form=form)

    def _key(
        self, name: str, columns: Mapping[str, Column], primary: tuple[str, ...], described: Mapping[str, Any]
    ) -> tuple[str, ...]:
        unique = [found for found in self._uniques(name) if set(found) <= set(columns)]
        chosen = tuple(self._settings.keys.get(name, ()))
        if chosen:
            if not any(set(chosen) == set(found) for found in (primary, *unique)):
                message = (
                    f"the columns {', '.join(chosen)} are not unique in the database; add a unique constraint on them"
                )
                raise _wrong(name, "key_not_unique", message)
            return chosen
        generated = len(primary) == 1 and (
            _has_default(described[primary[0]]) or _counts_itself(described[primary[0]], primary, self._product)
        )
        return primary if primary and not (generated and unique) else next(iter(unique), ())

    def _uniques(self, name: str) -> list[tuple[str, ...]]:
        """The unique constraints and whole unique indexes, those that allow no blanks first."""
        if name in self._inspector.get_view_names(self._schema):
            return []
        found = [tuple(each["column_names"]) for each in self._inspector.get_unique_constraints(name, self._schema)]
        # SQLAlchemy reads SQLite's constraints off the table's text and overlooks some; their indexes are always there.
        more = {"include_auto_indexes": True} if self._product is Product.SQLITE else {}
        for index in self._inspector.get_indexes(name, self._schema, **more):
            options = index.get("dialect_options", {})
            partial = any(option.endswith(("_where", "_length")) and value for option, value in options.items())
            names = index["column_names"]
            if index["unique"] and not partial and not index.get("expressions") and None not in names:
                found.append(tuple(str(each) for each in names))
        return list(dict.fromkeys(found))

    def _links(self, name: str) -> dict[str, tuple[str, str]]:
        """Column -> (table, column) it refers to, for foreign keys of one column within the schema."""
        if name in self._inspector.get_view_names(self._schema):
            return {}
        return {
            key["constrained_columns"][0]: (key["referred_table"], key["referred_columns"][0])
            for key in self._inspector.get_foreign_keys(name, self._schema)
            if len(key["constrained_columns"]) == 1 and key["referred_schema"] in (None, self._schema)
        }

    def _linked(self, table: Table, name: str, link: tuple[str, str] | None) -> Column:
        column = table.columns[name]
        if link is None or link[0] not in self.names():
            return column
        other = table if link[0] == table.name else self._plain(link[0])
        if len(other.key) != 1 or self._translated(other):
            return column
        spec = replace(column.spec, type=FieldType.REFERENCE, refers_to=other.name, max_length=None)
        key = other.key[0]
        pointer = None if key == link[1] else Pointer(other.name, link[1], key)
        return replace(column, spec=spec, pointer=pointer)

    def _translated(self, table: Table) -> bool:
        """True where a table's own key leads elsewhere and is translated: what refers to it stays a plain value."""
        link = self._links(table.name).get(table.key[0])
        return link is not None and link[0] in self.names() and self._plain(link[0]).key != (link[1],)


def _kind(type_: Any) -> tuple[Kind, dict[str, Any]]:
    """How values of a database type travel, and what a `FieldSpec` says of them besides."""
    match type_:
        case mysql.BIGINT() if type_.unsigned:
            return Kind.DECIMAL, {"places": 0}
        case mysql.TINYINT() | sa.Boolean() if getattr(type_, "display_width", 1) == 1:
            return Kind.BOOLEAN, {}
        case sa.Integer():
            return Kind.INTEGER, {}
        case sa.Numeric() if (
            not isinstance(type_, sa.Float)
            and type_.precision
            and type_.precision <= _MOST_DIGITS
            and (type_.scale or 0) >= 0
        ):
            return Kind.DECIMAL, {"places": type_.scale or 0}
        case sa.DateTime():
            return (Kind.MOMENT if type_.timezone or isinstance(type_, mysql.TIMESTAMP) else Kind.LOCAL), {}
        case sa.Date():
            return Kind.DATE, {}
    return Kind.TEXT, _text_shape(type_)


def _text_shape(type_: Any) -> dict[str, Any]:
    if isinstance(type_, sa.Enum):
        return {"choices": frozenset(str(choice) for choice in type_.enums)}
    in_bytes = isinstance(type_, mysql.TINYTEXT | mysql.TEXT | mysql.MEDIUMTEXT | mysql.LONGTEXT)
    return {"max_length": type_.length} if isinstance(type_, sa.String) and not in_bytes else {}


def _through_text(kind: Kind, type_: Any) -> bool:
    plain = isinstance(type_, sa.Text | sa.VARCHAR) and not isinstance(type_, sa.Enum | postgresql.CITEXT)
    return kind is Kind.TEXT and not plain


def _has_default(described: Any) -> bool:
    return bool(described.get("default") is not None or described.get("identity") or described.get("computed"))


def _counts_itself(described: Any, primary: Sequence[str], product: Product) -> bool:
    """True where the database gives numbers by itself. SQLite does so for every lone INTEGER PRIMARY KEY."""
    if product is Product.SQLITE:
        return list(primary) == [described["name"]] and type(described["type"]) is sa.INTEGER
    return described.get("autoincrement") is True


def _wrong(table: str, rule: str, message: str) -> ConfigurationError:
    return ConfigurationError([Fault(f"table {table[:80]}", rule, message)])

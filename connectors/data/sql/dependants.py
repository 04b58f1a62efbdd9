"""Rows of other tables that a database takes along when a record is deleted: a record that has such is left alone.

A foreign key may say that what refers to a record goes with it, or loses its reference. What others have hung on a
record would be gone in silence then. So the records are locked first, which keeps others from hanging anything more on
them, and only then is looked at what hangs on each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
import sqlalchemy as sa

from baton.sdk import Receipt
from connectors.data.sql.backend import PLACE, Backend, Refusals, isolated
from connectors.data.sql.catalogue import Table

_TAKES_ALONG: Final = ("CASCADE", "SET NULL")
_ROOT: Final = "baton root"
"""The column that says of a record which one of the batch it would go with: its place."""


@dataclass(frozen=True, slots=True)
class _Link:
    """A foreign key that takes rows along, or their reference."""

    child: sa.FromClause
    columns: tuple[str, ...]
    refers_to: tuple[str, ...]

    def to(self, ours: sa.TableClause) -> sa.ColumnElement[bool]:
        """Where a row of the child refers to a record."""
        pairs = zip(self.columns, self.refers_to, strict=True)
        return sa.and_(*(self.child.c[name] == ours.c[other] for name, other in pairs))


@dataclass(frozen=True, slots=True)
class _Links:
    """All that leads to one table."""

    ours: sa.TableClause
    others: Sequence[_Link]
    """From other tables."""
    own: Sequence[_Link]
    """From the table itself, where the row goes too: what hangs on that one would go as well."""


def delete(backend: Backend, connection: sa.Connection, table: Table, before: pl.DataFrame) -> Refusals:
    """Take out records that are as expected and that nothing of another table would go with."""
    links = _links(connection, table)
    if not links.others:
        return backend.delete(connection, table, before)
    there, refused = _locked(backend, connection, table, links, before.select(table.key))
    refused |= dict.fromkeys(_in_use(backend, connection, table, links, there), _refusal())
    # Of those that are not there, none is deleted: one that came in this moment was not locked.
    free = [place for place in sorted(set(there[PLACE])) if place not in refused]
    if free:
        later = backend.delete(connection, table, before[free])
        refused |= {free[place]: receipt for place, receipt in later.items()}
    return refused


def _locked(
    backend: Backend, connection: sa.Connection, table: Table, links: _Links, keys: pl.DataFrame
) -> tuple[pl.DataFrame, Refusals]:
    """The records that are there, locked (place and key), and the keys that the database does not take."""
    found: list[pl.DataFrame] = []
    query = sa.select(*(links.ours.c[name] for name in table.key))
    again = links.ours.alias("baton_again")
    through = {link.refers_to for link in (*links.others, *links.own) if set(link.refers_to) != set(table.key)}

    def some(first: int, length: int) -> Refusals:
        part = keys.slice(first, length)
        met = backend.among(connection, table, part, links.ours, backend.lock(query))
        for names in sorted(through):
            # InnoDB locks a row and the index it was found by: who refers to it by another does not wait for that.
            same = query.where(*(again.c[name] == links.ours.c[name] for name in names))
            backend.among(connection, table, part, links.ours, backend.lock(same))
        found.append(met.with_columns(pl.col(PLACE) + first))
        return {}

    refused = isolated(connection, keys.height, some)
    return (pl.concat(found) if found else keys.clear().with_columns(pl.lit(0, pl.Int64).alias(PLACE))), refused


def _in_use(backend: Backend, connection: sa.Connection, table: Table, links: _Links, locked: pl.DataFrame) -> set[int]:
    """The places of those records with which, or with whose followers in the table itself, rows of others would go."""
    key = list(table.key)
    used: set[int] = set()
    level = locked.rename({PLACE: _ROOT})
    seen = level
    while level.height:
        for link in links.others:
            hung = sa.exists().where(link.to(links.ours)).correlate(links.ours)
            query = sa.select(*(links.ours.c[name] for name in key)).where(hung)
            met = backend.among(connection, table, level.select(key), links.ours, query)
            used |= set(level[_ROOT].gather(met[PLACE]))
        below = [level.clear()]
        for link in links.own:
            query = backend.lock(sa.select(*(link.child.c[name] for name in key)).where(link.to(links.ours)))
            met = backend.among(connection, table, level.select(key), links.ours, query)
            below.append(met.select(level[_ROOT].gather(met[PLACE]).alias(_ROOT), *key))
        level = pl.concat(below).unique().join(seen, on=[_ROOT, *key], how="anti")
        level = level.filter(~pl.col(_ROOT).is_in(list(used)))
        seen = pl.concat([seen, level])
    return used


def _links(connection: sa.Connection, table: Table) -> _Links:
    """The foreign keys that lead to the table and take rows, or their reference, along."""
    others: list[_Link] = []
    own: list[_Link] = []
    for (schema, name), keys in sa.inspect(connection).get_multi_foreign_keys(schema=table.schema).items():
        for key in keys:
            if key["referred_table"] != table.name or key["referred_schema"] not in (None, table.schema):
                continue
            rule, columns = str(key["options"].get("ondelete", "")).upper(), tuple(key["constrained_columns"])
            names = dict.fromkeys([*columns, *table.key] if name == table.name else columns)
            child = sa.table(name, *map(sa.column, names), schema=schema).alias("baton_child")
            link = _Link(child, columns, tuple(key["referred_columns"]))
            if name == table.name and rule == "CASCADE":
                own.append(link)
            elif name != table.name and rule in _TAKES_ALONG:
                others.append(link)
    referred = dict.fromkeys([*table.key, *(name for link in (*others, *own) for name in link.refers_to)])
    return _Links(sa.table(table.name, *map(sa.column, referred), schema=table.schema), others, own)


def _refusal() -> Receipt:
    return Receipt.refused(
        "in_use",
        "rows of another table would be deleted with the record, or lose what they refer to",
        remedy="take those rows out by hand if nobody needs them, then try again",
    )

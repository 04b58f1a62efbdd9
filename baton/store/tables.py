"""The tables. Personal columns hold ciphertext, never clear text; a test fails on a column that nobody has classed."""

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


def _sealed(name: str = "sealed", *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable, info={"class": "personal", "sealed": True})


people = sa.Table(
    "people",
    metadata,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
)
person_versions = sa.Table(
    "person_versions",
    metadata,
    sa.Column("number", sa.Text, sa.ForeignKey("people.number"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("effective_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    _sealed(),
)
person_indexes = sa.Table(
    "person_indexes",
    metadata,
    sa.Column("column", sa.Text, primary_key=True),
    sa.Column("blind", sa.LargeBinary, primary_key=True),
    sa.Column("number", sa.Text, sa.ForeignKey("people.number"), primary_key=True),
)
links = sa.Table(
    "links",
    metadata,
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("external_id", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("applied", sa.JSON, nullable=False),
    sa.Column("planned_version", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("mapping_digest", sa.Text, nullable=False),
    sa.Column("dirty", sa.Boolean, nullable=False),
)
sa.Index("ix_links_dirty", links.c.system, sqlite_where=links.c.dirty, postgresql_where=links.c.dirty)
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("job", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("plan_hash", sa.Text, nullable=False),
    sa.Column("feed_digest", sa.Text, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
)
run_faults = sa.Table(
    "run_faults",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)
effects = sa.Table(
    "effects",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("job", sa.Text, nullable=False),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("destructive", sa.Boolean, nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("mapping_digest", sa.Text, nullable=False),
    _sealed("payload"),
    sa.Column("digests", sa.JSON, nullable=False),
    sa.Column("batch_id", sa.Text),
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", Instant),
    sa.Column("epoch", sa.Integer, nullable=False, server_default="0"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("doubted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("code", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("remedy", sa.Text, nullable=False, server_default=""),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("approved", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("system", "number", "version", "job"),
)
sa.Index("ix_effects_claim", effects.c.system, effects.c.state, effects.c.rank, effects.c.id)
sa.Index("ix_effects_destructive", effects.c.created_at, effects.c.destructive)
approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("plan_hash", sa.Text, nullable=False),
    sa.Column("decided_at", Instant, nullable=False),
)
feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("cursor", sa.Text),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("row_count", sa.Integer, nullable=False),
    sa.Column("columns", sa.JSON, nullable=False),
    sa.Column("population", sa.Integer, nullable=False),
    sa.Column("approved_at", Instant, nullable=False),
)
hints = sa.Table(
    "hints",
    metadata,
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("numbers", sa.JSON, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("taken_by", sa.Text),
)
allowances = sa.Table(
    "allowances",
    metadata,
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("next_free", Instant, nullable=False),
)
switches = sa.Table(
    "switches",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("engaged_at", Instant, nullable=False),
)
migrations = sa.Table(
    "migrations",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("undoes", sa.Text, sa.ForeignKey("runs.id")),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("source_collection", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("collection", sa.Text, nullable=False),
    sa.Column("mapping_file", sa.Text, nullable=False),
    sa.Column("mapping_digest", sa.Text, nullable=False),
    sa.Column("shape", sa.JSON, nullable=False),
    sa.Column("waves", sa.JSON, nullable=False),
    sa.Column("retain_until", Instant, nullable=False),
    sa.Column("purged_at", Instant),
    sa.Column("version", sa.Integer, nullable=False),
    _sealed(),
)
staged = sa.Table(
    "staged",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("stage", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("row_count", sa.Integer, nullable=False),
    sa.Column("file_digest", sa.LargeBinary, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("department", sa.Text, nullable=False),
    sa.Column("manager", sa.Text, nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("last_working_at", Instant),
    sa.Column("contract_end_at", Instant),
    sa.Column("pay_end_at", Instant),
    sa.Column("checked_at", Instant),
    sa.Column("picture", sa.LargeBinary, nullable=False, default=b""),
    sa.Column("completed_at", Instant),
    sa.Column("protected_until", Instant),
    sa.Column("watched_until", Instant),
    sa.Column("version", sa.Integer, nullable=False),
    _sealed(),
)
case_items = sa.Table(
    "case_items",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("item", sa.Integer, nullable=False),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("undo", sa.Text, nullable=False),
    sa.Column("successor", sa.Text, nullable=False),
    sa.Column("accepted_version", sa.Integer, nullable=False),
    sa.Column("accepted_by", sa.Text, nullable=False),
    sa.Column("approved_by", sa.Text, nullable=False),
    sa.Column("holder_id", sa.Text, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("effect_key", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    _sealed(),
    sa.UniqueConstraint("case_id", "system", "kind", "external_id"),
)
sa.Index("ix_case_items_successor", case_items.c.successor, case_items.c.state)
item_versions = sa.Table(
    "item_versions",
    metadata,
    sa.Column("key", sa.Text, sa.ForeignKey("case_items.key"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    _sealed(),
)
statements = sa.Table(
    "statements",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("item", sa.Integer),
    sa.Column("item_version", sa.Integer, nullable=False),
    sa.Column("item_digest", sa.LargeBinary, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    _sealed(),
)
personal_links = sa.Table(
    "personal_links",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
    sa.Column("used_at", Instant),
)
tenures = sa.Table(
    "tenures",
    metadata,
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("external_id", sa.Text, primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Column("until", Instant),
    sa.Column("holder", sa.Text, nullable=False, index=True),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id"), nullable=False),
)
alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("raised_at", Instant, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    _sealed(),
    sa.UniqueConstraint("case_id", "rule", "event"),
)

"""The tables of the hub's own health: alarms, and when the schedule last went by."""

from __future__ import annotations

import sqlalchemy as sa

from baton.store.schema import Instant, metadata

alarms = sa.Table(
    "alarms",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("claim", sa.Text, unique=True),  # rule and subject while it is not over, so that there is one; then empty
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("since", Instant, nullable=False, index=True),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("told_at", Instant),
    sa.Column("escalated_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("until", Instant),
    sa.Column("person", sa.Text, nullable=False, server_default=""),
    sa.Column("why", sa.Text, nullable=False, server_default=""),
)
passes = sa.Table(
    "passes",
    metadata,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("about", sa.Text, primary_key=True),  # a system, or empty
    sa.Column("at", Instant, nullable=False),
)

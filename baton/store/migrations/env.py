"""Alembic's entry: runs the migrations on the connection handed over by `baton.store.migrate`."""

from alembic import context

from baton.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

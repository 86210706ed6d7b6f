"""Alembic's entry point: migrate over the connection that `arfeed.history.migrate` hands over."""

from alembic import context

from arfeed.history.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

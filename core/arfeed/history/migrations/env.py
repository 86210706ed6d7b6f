"""Alembic's entry point: migrate over the connection that `arfeed.history.migrate` hands over."""

from alembic import context

schema = context.config.attributes["schema"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    version_table=schema.versions,
)
with context.begin_transaction():
    context.run_migrations()

"""Alembic's entry point."""

from arfeed.history.migrate import run_migrations

run_migrations()

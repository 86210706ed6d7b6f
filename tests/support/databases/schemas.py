"""Tables as migrations make them, to compare with those that are created in one go."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from arfeed.history.migrate import Schema


def migrate_from_nothing(connection: sa.Connection, schema: Schema) -> None:
    """Make the tables by all migrations, one after the other."""
    config = Config()
    config.set_main_option("script_location", str(schema.migrations))
    config.attributes |= {"connection": connection, "schema": schema}
    command.upgrade(config, "head")


def describe(connection: sa.Connection) -> dict[str, Any]:
    """Return each table's columns, indexes and keys."""
    inspector = sa.inspect(connection)
    return {
        table: (
            [(each["name"], str(each["type"]), each["nullable"]) for each in inspector.get_columns(table)],
            sorted((each["name"], each["unique"]) for each in inspector.get_indexes(table)),
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(each["constrained_columns"] for each in inspector.get_foreign_keys(table)),
        )
        for table in inspector.get_table_names()
    }

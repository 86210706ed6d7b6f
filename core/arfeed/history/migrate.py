"""Bring a history database to this version's schema. Alembic is loaded only where there is something to do."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from arfeed.errors import ConfigError

HEAD = "0001"
_LOCK = 0x6172_6665  # any number, the same for all: two first runs must not create the tables at once


def migrate(engine: sa.Engine) -> None:
    """Create or upgrade the tables. Raise `ConfigError` for a database of a newer arfeed."""
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.begin() as connection:
        _lock(connection)
        revision = _revision(connection)
        if revision == HEAD:
            return
        if revision is not None and revision > HEAD:
            raise ConfigError(
                f"feed.history: this database has schema {revision}, newer than this arfeed's {HEAD}; upgrade arfeed"
            )
        _upgrade(connection)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _lock(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

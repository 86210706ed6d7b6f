"""Bring a history database to this version's schema. Alembic is imported only to upgrade an older one."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from arfeed.history.tables import metadata
from arfeed.model.errors import ConfigError

HEAD = "0006"
_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, exactly as it would create it, so that later versions can upgrade what was made without it."""

_LOCK = 0x6172_6665  # any number, the same for all: two first runs must not create the tables at once


def migrate(engine: sa.Engine) -> None:
    """Create or upgrade the tables. Raise `ConfigError` for a database of a newer arfeed."""
    with engine.connect() as connection:
        # Looked at without a lock first: nearly every run finds the schema up to date, and need not wait for
        # another's writing.
        if _revision(connection) == HEAD:
            return
    with engine.begin() as connection:
        _lock(connection)
        # Again, under the lock: another first run may have created the tables while this one waited.
        revision = _revision(connection)
        if revision == HEAD:
            return
        if revision is None:
            _create(connection)
            return
        # A newer arfeed may keep things that this one would neither read nor write, such as another run's evidence.
        if revision > HEAD:
            raise ConfigError(
                f"feed.history: this database has schema {revision}, newer than this arfeed's {HEAD}; upgrade arfeed"
            )
        _upgrade(connection)


def _revision(connection: sa.Connection) -> str | None:
    """Return the schema's revision: None for a new database, blank for one before the first."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none() or ""


def _lock(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    elif connection.dialect.name == "sqlite":
        # Python's driver begins a transaction only before it changes rows, so two runs could both find no tables.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _create(connection: sa.Connection) -> None:
    """Create all tables in one go and note the revision: importing Alembic alone takes longer than that."""
    metadata.create_all(connection)
    _VERSION.create(connection)
    connection.execute(sa.insert(_VERSION).values(version_num=HEAD))


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

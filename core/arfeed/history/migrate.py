"""Bring a history database to this version's schema. Alembic is imported only to upgrade an older one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from arfeed.history.tables import metadata
from arfeed.model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one kind of database, and how they came about.

    `name` is what messages call the database, `setting` where its URL stands. `migrations` is Alembic's folder, `head`
    the latest revision there, `versions` the table in which the database keeps its own. `lock` is any number: two
    programs must not create the tables at once.
    """

    name: str
    setting: str
    metadata: sa.MetaData
    migrations: Path
    head: str
    versions: str = "alembic_version"
    lock: int = 0x6172_6665

    @property
    def version(self) -> sa.Table:
        """Alembic's table, exactly as it would create it: later versions can upgrade what was made without it."""
        return sa.Table(
            self.versions,
            sa.MetaData(),
            sa.Column("version_num", sa.String(32), nullable=False),
            sa.PrimaryKeyConstraint("version_num", name=f"{self.versions}_pkc"),
        )


HISTORY = Schema("history database", "feed.history", metadata, Path(__file__).parent / "migrations", "0008")


def migrate(engine: sa.Engine, schema: Schema) -> None:
    """Create or upgrade the tables. Raise `ConfigError` for a database of a newer arfeed."""
    with engine.connect() as connection:
        # Looked at without a lock first: nearly every run finds the schema up to date, and need not wait for
        # another's writing.
        if _revision(connection, schema) == schema.head:
            return
    with engine.begin() as connection:
        lock(connection, schema)
        # Again, under the lock: another first run may have created the tables while this one waited.
        revision = _revision(connection, schema)
        if revision == schema.head:
            return
        if revision is None:
            _create(connection, schema)
            return
        # A newer arfeed may keep things that this one would neither read nor write, such as another run's evidence.
        if revision > schema.head:
            raise ConfigError(
                f"{schema.setting}: this database has schema {revision}, newer than this arfeed's {schema.head}; "
                "upgrade arfeed"
            )
        _upgrade(connection, schema)


def lock(connection: sa.Connection, schema: Schema) -> None:
    """Wait until no other connection writes, and keep others out until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(schema.lock)))
    elif connection.dialect.name == "sqlite":
        # Python's driver begins a transaction only before it changes rows, so two runs could both find no tables.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _revision(connection: sa.Connection, schema: Schema) -> str | None:
    """Return the schema's revision: None for a new database, blank for one before the first."""
    version = schema.version
    if not sa.inspect(connection).has_table(version.name):
        return None
    return connection.execute(sa.select(version.c.version_num)).scalar_one_or_none() or ""


def _create(connection: sa.Connection, schema: Schema) -> None:
    """Create all tables in one go and note the revision: importing Alembic alone takes longer than that."""
    version = schema.version
    schema.metadata.create_all(connection)
    version.create(connection)
    connection.execute(sa.insert(version).values(version_num=schema.head))


def _upgrade(connection: sa.Connection, schema: Schema) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(schema.migrations))
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    command.upgrade(config, "head")

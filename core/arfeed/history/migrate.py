"""Bring a history database to this version's schema. Alembic is imported only to upgrade an older one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from arfeed.history.tables import metadata
from arfeed.model.errors import ConfigError, LockedError

_PATIENCE = 60
"""Seconds for which another process may be migrating."""


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


HISTORY = Schema("history database", "feed.history", metadata, Path(__file__).parent / "migrations", "0010")


def migrate(engine: sa.Engine, schema: Schema) -> None:
    """Create or upgrade the tables. Raise `ConfigError` for a database of a newer arfeed."""
    with engine.connect() as connection:
        # Looked at without a lock first: nearly every run finds the schema up to date, and need not wait for
        # another's writing.
        if _revision(connection, schema) == schema.head:
            return
    with engine.connect() as connection:
        _keep_others_out(connection, schema)
        with connection.begin():
            _migrate(connection, schema)


def _migrate(connection: sa.Connection, schema: Schema) -> None:
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
            f"{schema.setting}: this database has schema {revision}, newer than this arfeed's {schema.head}; upgrade "
            "arfeed"
        )
    _upgrade(connection, schema)


def _keep_others_out(connection: sa.Connection, schema: Schema) -> None:
    """Keep others from migrating where a lock of the transaction would not. Raise `LockedError` if one takes too long.

    On MariaDB and MySQL every CREATE TABLE commits, and ends that lock. This one ends with the connection, which is
    closed and not kept: after the commit of the new revision, which others have to see.
    """
    if connection.dialect.name not in ("mysql", "mariadb"):
        return
    connection.detach()
    # Names are the server's, of at most 64 characters, so each has the database's in it.
    database = hashlib.sha256(str(connection.engine.url.database).encode()).hexdigest()
    name = f"arfeed {schema.lock} {database}"[:64]
    if connection.execute(sa.select(sa.func.get_lock(name, _PATIENCE))).scalar_one() != 1:
        raise LockedError(
            f"{schema.setting}: another process has been upgrading the {schema.name} for {_PATIENCE} seconds"
        )
    connection.commit()


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


def run_migrations() -> None:
    """Migrate over the connection that `_upgrade` hands over; Alembic asks for it by the env.py of each folder."""
    from alembic import context

    schema: Schema = context.config.attributes["schema"]
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=schema.metadata,
        version_table=schema.versions,
    )
    with context.begin_transaction():
        context.run_migrations()


def _upgrade(connection: sa.Connection, schema: Schema) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(schema.migrations))
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    command.upgrade(config, "head")

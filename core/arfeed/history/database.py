"""Open a history database; errors never show its URL, which may hold a password."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from arfeed.history.migrate import HISTORY, Schema, migrate
from arfeed.model.errors import ArfeedError, ConfigError, LockedError

PATIENCE = {"sqlite": {"timeout": 30}}
"""Seconds to wait for another process that is writing; Python's default for SQLite, 5, is too short on a busy disk."""

_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_RECOVERY")
_EXTRAS = {"psycopg": "postgresql", "pymysql": "mysql", "sqlcipher3": "sqlcipher", "duckdb_engine": "duckdb"}
"""Which of arfeed's extras installs a driver."""


def open_database(url: str, schema: Schema = HISTORY) -> sa.Engine:
    """Open a database and bring its schema up to date.

    Raise `ConfigError` if it can't be used, and `LockedError` if another process keeps it locked.
    """
    try:
        address = _prepare(sa.make_url(url))
        # A server may have been restarted since the last use of a connection; a file has not.
        ping = address.get_backend_name() != "sqlite"
        engine = sa.create_engine(
            address, connect_args=PATIENCE.get(address.get_backend_name(), {}), pool_pre_ping=ping
        )
        sa.event.listen(engine, "handle_error", partial(_explain, schema))
        if engine.dialect.name == "postgresql":
            sa.event.listen(engine, "connect", _limit)
        _migrate(engine, schema)
    except (sa.exc.SQLAlchemyError, OSError, ImportError, ValueError) as exc:
        # Without the cause, since its text may quote the URL and with it a password.
        raise _make_unusable_error(exc, schema) from None
    return engine


class OpenDatabase:
    """An open database; use it as a context manager. Safe for many threads."""

    def __init__(self, url: str, schema: Schema = HISTORY) -> None:
        """Open, and bring the schema up to date. Raise `ConfigError` if the database can't be used."""
        self._engine = open_database(url, schema)

    def __enter__(self) -> Self:
        """Return the open database."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        self.close()

    def without_transactions(self) -> Self:
        """Have each statement stand by itself, for whoever only reads: the server need not begin and end, too."""
        self._engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        return self

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _migrate(engine: sa.Engine, schema: Schema) -> None:
    try:
        migrate(engine, schema)
    except BaseException:
        # The caller gets no engine that it could close.
        engine.dispose()
        raise


def _prepare(url: sa.URL) -> sa.URL:
    """Create the folder of an SQLite file, for its owner only; name the PostgreSQL driver that arfeed comes with."""
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLAlchemy takes plain postgresql:// for psycopg2, which arfeed does not install.
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _limit(connection: Any, record: object) -> None:
    """Have the server end the transaction of a machine that went to sleep, so that no other run waits for it."""
    del record
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '20s'")
        cursor.execute("SET lock_timeout = '30s'")
    # SET belongs to its transaction: without the commit, the pool's rollback would undo it.
    connection.commit()


def _explain(schema: Schema, context: sa.ExceptionContext) -> None:
    """Turn the error of a database that is gone, full or locked into one that people can act on, without the URL."""
    cause = context.original_exception
    # Only errors of the database's state; a violated constraint is expected by callers, such as a lock that is taken.
    if isinstance(context.sqlalchemy_exception, sa.exc.OperationalError | sa.exc.InterfaceError):
        raise _make_unusable_error(cause, schema) from None


def _make_unusable_error(exc: BaseException, schema: Schema) -> ArfeedError:
    orig = getattr(exc, "orig", None) or exc
    if isinstance(orig, sqlite3.OperationalError) and getattr(orig, "sqlite_errorname", "") in _BUSY:
        return LockedError(
            f"{schema.setting}: another process has kept the {schema.name} locked for {PATIENCE['sqlite']['timeout']} "
            "seconds; try again when it is done"
        )
    if isinstance(orig, ModuleNotFoundError) and orig.name in _EXTRAS:
        extra = _EXTRAS[orig.name]
        return ConfigError(
            f"{schema.setting}: the database driver {orig.name!r} is not installed: pip install 'arfeed[{extra}]'"
        )
    if type(orig) is sa.exc.ArgumentError:
        return ConfigError(
            f"{schema.setting}: this is not a database's URL; for a file write sqlite:///{schema.name.split()[0]}.db"
        )
    # A ValueError quotes what it could not read, and that may be a piece of a password.
    why = "ValueError" if type(orig) is ValueError else f"{type(orig).__name__}: {orig}"
    return ConfigError(f"{schema.setting}: the {schema.name} can't be used: {why}; check its URL")

"""A database, opened for reading only: one snapshot, a time limit, and errors that show no secret."""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arfeed import SourceError
from arfeed_connectors.sql.urls import secrets

if TYPE_CHECKING:
    import sqlalchemy as sa

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
"""The drivers of arfeed's extras, for URLs that name none."""

_EXTRAS = {"psycopg": "arfeed[postgresql]", "pymysql": "arfeed[mysql]"}
_TOO_LONG = ("timeout", "max_statement_time", "maximum statement execution time", "interrupted")
_CONNECT_SECONDS = 30
_SQLITE_STEPS = 100_000
"""How many steps of its machine SQLite makes between two looks at the clock: some milliseconds."""


class Database:
    """One database of one source."""

    def __init__(self, source: str, url: str, timeout: int, isolation_level: str | None = None) -> None:
        """Keep where it is; `timeout` is for each statement, in seconds. Nothing is opened yet."""
        import sqlalchemy as sa

        self.source = source
        self.timeout = timeout
        self._isolation = isolation_level
        self._end = math.inf
        address = sa.make_url(url)
        self._url = address.set(drivername=_DRIVERS.get(address.drivername, address.drivername))

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Open a read-only transaction that sees one moment, as far as the database can. Raise `SourceError`."""
        with self._translated(), self._engine.connect() as connection:
            self.begin_again()
            try:
                yield self._begun(connection)
            except BaseException:
                connection.invalidate()  # a broken one could not even be rolled back
                raise

    def begin_again(self) -> None:
        """Count the seconds of SQLite's one limit from now on: between two readings it was not at work."""
        self._end = time.monotonic() + self.timeout

    @cached_property
    def _engine(self) -> sa.Engine:
        import sqlalchemy as sa

        arguments: dict[str, Any] = {}
        if self._url.get_backend_name() == "sqlite":
            arguments = {"creator": self._sqlite}
        elif self._url.drivername in _DRIVERS.values():
            arguments = {"connect_args": {"connect_timeout": _CONNECT_SECONDS}}
        engine = sa.create_engine(
            self._url, poolclass=sa.QueuePool, pool_size=1, pool_pre_ping=True, hide_parameters=True, **arguments
        )
        weakref.finalize(self, engine.dispose)
        return engine

    def _sqlite(self) -> Any:
        """Open a file so that SQLite itself refuses to write."""
        import sqlite3

        file = Path(self._url.database or "")
        if not file.is_file():
            raise SourceError(f"{self.source}: there is no database file {file}; look at `url`")
        return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=30, check_same_thread=False)

    def _begun(self, connection: sa.Connection) -> sa.Connection:
        dialect = connection.dialect.name
        if dialect == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {self.timeout * 1000}")
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")  # others are read meanwhile
        elif dialect in ("mysql", "mariadb"):
            maria = getattr(connection.dialect, "is_mariadb", False)
            limit = f"max_statement_time = {self.timeout}" if maria else f"max_execution_time = {self.timeout * 1000}"
            connection.exec_driver_sql(f"SET SESSION {limit}")
            connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        elif dialect == "sqlite":
            raw: Any = connection.connection.driver_connection
            raw.set_progress_handler(lambda: time.monotonic() > self._end, _SQLITE_STEPS)
            connection.exec_driver_sql("BEGIN")
        elif self._isolation:
            connection = connection.execution_options(isolation_level=self._isolation)
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what SQLAlchemy and drivers raise into `SourceError`, without statement, parameters and passwords."""
        import sqlalchemy as sa

        try:
            yield
        except ModuleNotFoundError as exc:
            driver = str(exc.name)
            raise SourceError(
                f"{self.source}: the database driver {driver!r} is not installed: "
                f"pip install '{_EXTRAS.get(driver, driver)}'"
            ) from None
        except sa.exc.NoSuchModuleError:
            raise SourceError(
                f"{self.source}: there is no SQLAlchemy dialect for {self._url.drivername!r}; install its package, or "
                "look at the beginning of `url`"
            ) from None
        except (sa.exc.SQLAlchemyError, OSError) as exc:
            raise SourceError(self._explained(getattr(exc, "orig", None) or exc)) from None
        except Exception as exc:
            if not isinstance(exc, self._engine.dialect.loaded_dbapi.Error):
                raise
            raise SourceError(self._explained(exc)) from None

    def _explained(self, exc: BaseException) -> str:
        """Return the first line of what the database said, and what to do where that is known."""
        said = str(exc.args[-1] if exc.args else exc).strip().partition("\n")[0] or type(exc).__name__
        for secret in sorted(secrets(self._url), key=len, reverse=True):
            said = said.replace(secret, "***") if secret else said
        late = any(word in said.lower() for word in _TOO_LONG)
        hint = f"; it may take timeout_seconds = {self.timeout}" if late else ""
        return f"{self.source}: the database says: {said}{hint}"

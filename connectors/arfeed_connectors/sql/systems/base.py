"""What all database systems have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from arfeed import SourceError

if TYPE_CHECKING:
    import sqlalchemy as sa

CONNECT_SECONDS = 30
LOCK_SECONDS = 30

_MOST = 500
"""Characters of a database's message that are shown."""


def backend(name: str) -> str:
    """Return SQLAlchemy's name of a database without the driver's: Firebird's dialect is called firebird.firebird."""
    return name.partition(".")[0]


class System:
    """Any other database system. Its snapshot is whatever `isolation_level` makes it."""

    driver: ClassVar[Mapping[str, str]] = {}
    """What the beginning of a URL stands for if it names no driver."""

    pooled: ClassVar[bool] = False
    """Whether connections are kept; each is tested before it is used again, which not every dialect can do."""

    one_snapshot: ClassVar[str | None] = None
    """What it is always read in, if `isolation_level` has no effect."""

    def __init__(self, source: str, url: sa.URL, timeout: int, isolation: str | None) -> None:
        """Keep where it is; nothing is opened yet."""
        self.source = source
        self.url = url.set(drivername=self.driver.get(url.drivername, url.drivername))
        self.timeout = timeout
        self.isolation = isolation

    @property
    def is_interruptible(self) -> bool:
        """Whether its driver is interrupted by Ctrl-C and has its own time limit, so that it needs no thread."""
        return False

    def arguments(self) -> dict[str, Any]:
        """Return arguments for SQLAlchemy's `create_engine`."""
        if self.url.get_driver_name() == "pyodbc":
            return {"connect_args": {"timeout": CONNECT_SECONDS}}
        return {}

    def begin(self, connection: sa.Connection) -> None:
        """Begin the transaction that everything is read in."""
        limit_statements(connection.connection.driver_connection, self.timeout)
        if self.isolation is None:
            return
        # SQLAlchemy writes levels as READ COMMITTED; people also copy them as read_committed.
        wanted = self.isolation.upper().replace("_", " ")
        if wanted in ("READ UNCOMMITTED", "UR", "AUTOCOMMIT"):
            raise SourceError(
                f"{self.source}: isolation_level = {self.isolation!r} would read uncommitted data, or a count and rows "
                "of different moments; leave it out, or name a stricter one"
            )
        dialect = connection.dialect
        try:
            # Asked first, so that the message can name what this dialect takes.
            taken, in_old_style = list(dialect.get_isolation_level_values(driver_connection(connection))), False
        # Those of Db2 and HANA set a level, but lack the method without which SQLAlchemy 2 refuses every one.
        except (NotImplementedError, AttributeError):
            taken, in_old_style = sorted(getattr(dialect, "_isolation_lookup", ())), True
        if wanted not in taken:
            known = f"takes {', '.join(map(repr, taken))}" if taken else "takes none; leave it out"
            raise SourceError(
                f"{self.source}: isolation_level = {self.isolation!r}: the dialect {dialect.name!r} {known}"
            )
        if in_old_style:
            dialect.set_isolation_level(driver_connection(connection), wanted)
        else:
            connection.execution_options(isolation_level=wanted)

    def end(self, connection: sa.Connection) -> None:
        """Close what stands beside a connection that is about to be closed."""

    def refuse_isolation(self) -> None:
        """Refuse the setting if the system is always read in the same kind of snapshot."""
        if self.isolation is not None and self.one_snapshot is not None:
            raise SourceError(
                f"{self.source}: isolation_level = {self.isolation!r} has no effect on this database, which is always "
                f"read in {self.one_snapshot}; leave it out"
            )

    def cancel(self, driver_connection: Any) -> None:
        """End what the driver is doing; called from another thread."""
        # oracledb calls it cancel, sqlite3 and DuckDB interrupt; a driver that has neither is left alone in the end.
        for name in ("cancel", "interrupt"):
            ending = getattr(driver_connection, name, None)
            if ending is not None:
                ending()
                return

    def holds_writers(self, connection: sa.Connection) -> bool:  # noqa: ARG002 - others look at it
        """Whether others can't write while it is read, so that all rows are fetched before they are worked on."""
        return False

    def verify(self) -> None:
        """Raise `SourceError` if what has been read may not be of one moment; called before it is worked on."""

    def prepare(self, engine: sa.Engine) -> None:
        """Correct what SQLAlchemy's dialect gets wrong."""

    def message_of(self, exc: BaseException) -> str:
        """Return the database's message, in one line."""
        # Drivers put a code or a state first and their text last; a UnicodeError's last argument is only its reason.
        whole = isinstance(exc, UnicodeError) or not exc.args
        return one_line(str(exc if whole else exc.args[-1])) or type(exc).__name__

    def advice(self, said: str) -> str:  # noqa: ARG002 - others look at it
        """Return what to do about it, beginning with "; ", or nothing."""
        return ""


def driver_connection(connection: sa.Connection) -> Any:
    """Return the driver's connection as SQLAlchemy's dialect takes it."""
    return connection.connection.dbapi_connection


def limit_statements(driver_connection: Any, seconds: int) -> None:
    """Set the driver's own limit for a statement, if it has one: pyodbc's in seconds, oracledb's in milliseconds."""
    module = type(driver_connection).__module__.partition(".")[0]
    # Not every ODBC driver knows the attribute; then the limit of `Patience` still holds.
    with suppress(Exception):
        if module == "pyodbc":
            driver_connection.timeout = seconds
        elif module in ("oracledb", "cx_Oracle"):
            driver_connection.call_timeout = seconds * 1000


def one_line(text: str) -> str:
    """Return a message's lines as one, of some hundred characters at most."""
    said = re.sub(r"\s+", " ", text).strip()
    return said if len(said) <= _MOST else f"{said[:_MOST]}…"

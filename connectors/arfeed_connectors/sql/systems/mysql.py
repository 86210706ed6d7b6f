"""MySQL and MariaDB: the server keeps the time limit; tables without transactions are read quickly and let go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from arfeed_connectors.sql.systems.base import CONNECT_SECONDS, System

if TYPE_CHECKING:
    import sqlalchemy as sa

_LOCKING = (
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() "
    "AND engine IN ('MyISAM', 'Aria', 'MEMORY', 'CSV', 'MERGE', 'MRG_MyISAM') LIMIT 1"
)
"""Whether the database has tables that are locked against writers until the last row has been fetched."""


class MySQL(System):
    """Read in START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY."""

    driver: ClassVar[Mapping[str, str]] = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
    pooled = True
    one_snapshot = "a consistent snapshot"

    @property
    def hears_signals(self) -> bool:
        """Whether it is PyMySQL, which is written in Python; others wait in C."""
        return self.url.get_driver_name() == "pymysql"

    def arguments(self) -> dict[str, Any]:
        """Limit the time to connect."""
        return {"connect_args": {"connect_timeout": CONNECT_SECONDS}} if self.hears_signals else super().arguments()

    def begin(self, connection: sa.Connection) -> None:
        """Begin a transaction that may only read."""
        maria = getattr(connection.dialect, "is_mariadb", False)
        # MariaDB counts this limit in seconds, MySQL in milliseconds.
        limit = f"max_statement_time = {self.timeout}" if maria else f"max_execution_time = {self.timeout * 1000}"
        connection.exec_driver_sql(f"SET SESSION {limit}")
        # In any other level the server ignores WITH CONSISTENT SNAPSHOT, with no more than a warning.
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def holds_writers(self, connection: sa.Connection) -> bool:
        """Whether there are MyISAM tables or their like."""
        return connection.exec_driver_sql(_LOCKING).first() is not None

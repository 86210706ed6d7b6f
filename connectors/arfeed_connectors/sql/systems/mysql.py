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
    def is_interruptible(self) -> bool:
        """Whether it is PyMySQL, which is written in Python; others wait in C."""
        return self.url.get_driver_name() == "pymysql"

    def arguments(self) -> dict[str, Any]:
        """Limit the time to connect, and take every text as it is."""
        if not self.is_interruptible:
            return super().arguments()
        # In any other charset the server would send a ? for each character that it lacks. "utf8" lacks some, too.
        self.url = self.url.difference_update_query(["charset"])
        return {"connect_args": {"connect_timeout": CONNECT_SECONDS, "charset": "utf8mb4", "conv": _conversions()}}

    def begin(self, connection: sa.Connection) -> None:
        """Begin a transaction that may only read."""
        maria = getattr(connection.dialect, "is_mariadb", False)
        # MariaDB counts this limit in seconds, MySQL in milliseconds.
        limit = f"max_statement_time = {self.timeout}" if maria else f"max_execution_time = {self.timeout * 1000}"
        connection.exec_driver_sql(f"SET SESSION {limit}")
        # In any other level the server ignores WITH CONSISTENT SNAPSHOT, with no more than a warning.
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if self.is_interruptible:
            # An init_command may have said SET NAMES, and the driver goes on reading UTF-8.
            connection.exec_driver_sql("SET SESSION character_set_results = utf8mb4")
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def holds_writers(self, connection: sa.Connection) -> bool:
        """Whether there are MyISAM tables or their like."""
        return connection.exec_driver_sql(_LOCKING).first() is not None


def _conversions() -> dict[Any, Any]:
    """Return PyMySQL's conversions, but for numbers that begin with 0: a column that is ZEROFILL holds 00001234."""
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions

    kinds = (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG)
    return {**conversions, **dict.fromkeys(kinds, _convert_number)}


def _convert_number(text: str) -> int | str:
    return text if text[0] == "0" and text != "0" else int(text)

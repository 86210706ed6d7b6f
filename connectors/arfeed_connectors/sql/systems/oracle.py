"""Oracle: one moment by a read-only transaction. We have never run it; the statements follow its documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from arfeed_connectors.sql.systems.base import System

if TYPE_CHECKING:
    import sqlalchemy as sa


class Oracle(System):
    """Read in SET TRANSACTION READ ONLY, unless `isolation_level` says otherwise."""

    driver: ClassVar[Mapping[str, str]] = {"oracle": "oracle+oracledb"}

    def begin(self, connection: sa.Connection) -> None:
        """Begin a transaction that sees what was committed before it, and may write nothing."""
        super().begin(connection)
        # With an isolation level, the lines above have begun the transaction already.
        if self.isolation is None:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

"""DuckDB: one program has the file, ours or another, never both; so it is closed as soon as the rows are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from arfeed import SourceError
from arfeed_connectors.sql.systems.base import System

if TYPE_CHECKING:
    import sqlalchemy as sa


class DuckDB(System):
    """Opened read-only, so that no other program writes meanwhile."""

    one_snapshot = "one state of its file, which nobody writes meanwhile"

    def arguments(self) -> dict[str, Any]:
        """Open an existing file for reading; DuckDB itself would create one under any other name."""
        import duckdb_engine  # noqa: F401 - a package that is not installed is reported before a file that is not there

        file = Path(self.url.database or "")
        if not file.is_file():
            raise SourceError(f"{self.source}: there is no database file {file}; look at `url`")
        # An access mode in the URL must not override `read_only`.
        self.url = self.url.difference_update_query(["access_mode"])
        return {"connect_args": {"read_only": True}}

    def begin(self, connection: sa.Connection) -> None:
        """Begin nothing: the open file is the snapshot."""

    def holds_writers(self, connection: sa.Connection) -> bool:  # noqa: ARG002 - others look at it
        """The program that owns the file can't open it while it is read."""
        return True

    def advice(self, said: str) -> str:
        """Return what to do if another program has the file."""
        if "Conflicting lock" in said or "Could not set lock" in said:
            return "; close the file there, or read a copy of it"
        return ""

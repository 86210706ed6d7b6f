"""Open the board's database, and write to it: one at a time, each change with its line in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from arfeed.history.database import OpenDatabase
from arfeed.history.migrate import Schema, lock
from arfeed.model.errors import ConfigError
from arfeed.operations.board.tables import APPEND_ONLY, metadata

BOARD = Schema(
    "board database",
    "--database",
    metadata,
    Path(__file__).parent / "migrations",
    "0005",
    versions="board_version",
    lock=0x6172_6262,
)


class Database(OpenDatabase):
    """The board's open database; use it as a context manager. Safe for many threads."""

    def __init__(self, url: str) -> None:
        """Open, and bring the schema up to date. Raise `ConfigError` if the database can't be used."""
        if not url.startswith(tuple(APPEND_ONLY)):
            # Without naming it, since the URL may hold a password.
            raise ConfigError("--database: the board keeps its data in SQLite or PostgreSQL; give a URL of one of them")
        super().__init__(url, BOARD)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection to read by, outside of a transaction."""
        with self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection whose changes are committed together, while nobody else writes."""
        with self._engine.begin() as connection:
            # Few people write to a board, and a chain of hashes has only one end to add to.
            lock(connection, BOARD)
            yield connection

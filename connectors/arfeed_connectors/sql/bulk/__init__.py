"""Long lists as Arrow columns from the start: the same rows, of the same moment, in less than half the time."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from arfeed_connectors.sql.bulk import postgresql, sqlite

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

LONG = postgresql.LONG
"""Rows from which on it pays in any database."""


def arrow_tables(
    connection: sa.Connection, query: str, company: object = None, rows: int | None = None
) -> Generator[pa.Table, None, None] | None:
    """Return the query's rows in tables, None if they are to be fetched over the connection itself.

    `rows` is how many there are. Those of an SQLite file have all been fetched by then.
    """
    if connection.dialect.name != "sqlite":
        return postgresql.arrow_tables(connection, query, company)
    return sqlite.arrow_tables(connection, query, company) if rows is None or rows >= sqlite.LONG else None

"""What is asked of the database: always the user's query, bare or as a table in parentheses."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arfeed import SourceError

if TYPE_CHECKING:
    import sqlalchemy as sa

BATCH = 50_000
"""Rows read at a time: few enough to be small, many enough to work on columns."""

Row = tuple[Any, ...]

_BARE = {"no_parameters": True}
_PLACEHOLDERS = {
    "qmark": "?",
    "format": "%s",
    "pyformat": "%(value)s",
    "named": ":value",
    "numeric": ":1",
    "numeric_dollar": "$1",
}


def asked(
    connection: sa.Connection, query: str, what: str, tail: str = "", equal: tuple[str, object] | None = None
) -> sa.CursorResult[Any]:
    """Select `what` from the query; `tail` is SQL that follows, `equal` a column and the value it must have.

    In parentheses stands only what yields rows: no second statement, no writing one. The line breaks end a comment in
    the query's last line. The driver gets the text itself, since SQLAlchemy's own reading of it knows no quotes.
    """
    statement = f"SELECT {what} FROM (\n{query}\n) arfeed {tail}"  # noqa: S608 - the feed's own query, and names of its columns
    if not equal:
        return connection.exec_driver_sql(statement, execution_options=_BARE)
    dialect = connection.dialect
    if "format" in dialect.paramstyle:
        statement = statement.replace("%", "%%")
    statement += f"WHERE {equal[0]} = {_PLACEHOLDERS[dialect.paramstyle]}"
    return connection.exec_driver_sql(statement, (equal[1],) if dialect.positional else {"value": equal[1]})


def answers(
    connection: sa.Connection, query: str, what: str, tail: str = "", equal: tuple[str, object] | None = None
) -> list[Row]:
    """Return all rows of a question about the query, such as its count; see `asked`."""
    cursor: Any = asked(connection, query, what, tail, equal).cursor
    return [tuple(row) for row in cursor.fetchall()]


def column_names(connection: sa.Connection, query: str, source: str) -> list[str]:
    """Return the names of the query's columns without reading a row."""
    result = asked(connection, query, "*", "WHERE 1 = 0")
    names = _names(connection, result)
    result.close()
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if twice:
        raise SourceError(f"{source}: the query has two columns named {twice[0]!r}; name each with AS")
    return names


def batches(connection: sa.Connection, query: str, company: object = None) -> Iterator[list[Row]]:
    """Yield the query's rows as the driver's own tuples: SQLAlchemy's rows take ten times as long to turn about."""
    streaming = connection.execution_options(stream_results=True)
    if company is None:
        result = streaming.exec_driver_sql(query, execution_options=_BARE)
    else:
        result = asked(streaming, query, "*", equal=("company", company))
    cursor: Any = result.cursor
    try:
        first = result.fetchone()  # it waits in SQLAlchemy's own buffer
        rows = [tuple(first), *_fetched(cursor, BATCH - 1)] if first is not None else []
        while rows:
            yield rows
            rows = _fetched(cursor, BATCH)
        result.close()
    except BaseException:
        _abandon(cursor)
        raise


def _fetched(cursor: Any, count: int) -> list[Row]:
    """Fetch without the collector of cycles, which looks through all these tuples again and again and finds none."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        rows: list[Row] = cursor.fetchmany(count)
        return rows
    finally:
        if collecting:
            gc.enable()


def _abandon(cursor: Any) -> None:
    """Close a cursor whose connection may be broken; PyMySQL's would first read the rest of its rows."""
    unread = getattr(cursor, "_result", None)
    if unread is not None:
        unread.unbuffered_active = False
    with suppress(Exception):
        cursor.close()


def _names(connection: sa.Connection, result: sa.CursorResult[Any]) -> list[str]:
    """Return the names as SQLAlchemy writes them: Oracle's INVOICE_REF is invoice_ref."""
    cursor: Any = result.cursor
    names = [str(column[0]) for column in cursor.description]
    if connection.dialect.requires_name_normalize:
        names = [str(connection.dialect.normalize_name(name)) for name in names]
    return names

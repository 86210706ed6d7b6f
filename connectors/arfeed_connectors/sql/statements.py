"""The statements sent to the database: always the user's query, bare or as a table in parentheses."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arfeed_connectors.sql.patience import run_within_limit
from arfeed_connectors.sql.systems.base import backend
from arfeed_connectors.sql.text.lexing import find_marks

if TYPE_CHECKING:
    import sqlalchemy as sa

BATCH = 50_000
"""Rows read at a time: few enough to be small, many enough to work on columns."""

Row = tuple[Any, ...]

# A driver that is passed even an empty set of parameters would take a % in the query for a placeholder.
_BARE = {"no_parameters": True}
_STREAMING = {"stream_results": True}
"""Set for one statement, never for the connection: SQLAlchemy would keep the first row of every later answer."""


class Parameters:
    """The values of one statement, and how the driver wants their places marked."""

    def __init__(self, dialect: sa.Dialect) -> None:
        """Begin without any."""
        self._dialect = dialect
        self._values: list[object] = []

    def place(self, value: object) -> str:
        """Take a value and return what stands for it in the statement."""
        self._values.append(value)
        number = len(self._values)
        if isinstance(value, str) and backend(self._dialect.name) == "firebird":
            # Without its own type it would get the column's, and there a text longer than the column is an error.
            return f"CAST(? AS VARCHAR({max(1, len(value))}))"
        # PEP 249's styles, and SQLAlchemy's own numeric_dollar.
        return {
            "qmark": "?",
            "format": "%s",
            "pyformat": f"%(value{number})s",
            "named": f":value{number}",
            "numeric": f":{number}",
            "numeric_dollar": f"${number}",
        }[self._dialect.paramstyle]

    def literal(self, sql: str) -> str:
        """Return SQL as it must be written if the statement has parameters."""
        return sql.replace("%", "%%") if "format" in self._dialect.paramstyle else sql

    @property
    def values(self) -> tuple[object, ...] | dict[str, object]:
        """The values, by place or by name."""
        if self._dialect.positional:
            return tuple(self._values)
        return {f"value{number}": value for number, value in enumerate(self._values, 1)}


def select_from(
    connection: sa.Connection,
    query: str,
    what: str,
    tail: str = "",
    among: Mapping[str, Sequence[object]] | None = None,
    since: object = None,
    options: Mapping[str, Any] | None = None,
) -> sa.CursorResult[Any]:
    """Select `what` from the query; `tail` is SQL that follows, `among` columns and the values they may have.

    A moment `since` replaces `:since` in the query. Only what yields rows may stand in parentheses, so neither a second
    statement nor one that writes. The line breaks end a comment in the query's last line. The driver gets the text as
    it is, since SQLAlchemy's own search for parameters ignores quotes.
    """
    parameters = Parameters(connection.dialect)
    places = [*find_marks(query, "SINCE", connection.dialect.name)] if since is not None else []
    # Without parameters the statement reaches the driver as it is, with any % in it.
    if not (among or places):
        statement = f"SELECT {what} FROM (\n{query}\n) arfeed {tail}"  # noqa: S608 - the feed's own query, and names of its columns
        return _execute(connection, statement, None, {**_BARE, **(options or {})})
    literal = parameters.literal
    pieces, written = [literal(f"SELECT {what} FROM (\n")], 0  # noqa: S608 - as above
    for start, end in places:
        pieces += [literal(query[written:start]), parameters.place(since)]
        written = end
    pieces.append(literal(f"{query[written:]}\n) arfeed {tail}"))
    conditions = [f"{literal(column)} {_any_of(parameters, values)}" for column, values in (among or {}).items()]
    pieces += [f" WHERE {' AND '.join(conditions)}"] if conditions else []
    return _execute(connection, "".join(pieces), parameters.values, {**(options or {})})


def _execute(
    connection: sa.Connection, statement: str, values: Any, options: Mapping[str, Any]
) -> sa.CursorResult[Any]:
    return run_within_limit(
        connection, lambda: connection.exec_driver_sql(statement, values, execution_options={**options}), first=True
    )


def _any_of(parameters: Parameters, values: Sequence[object]) -> str:
    places = [parameters.place(value) for value in values]
    return f"= {places[0]}" if len(places) == 1 else f"IN ({', '.join(places)})"


def answers(
    connection: sa.Connection,
    query: str,
    what: str,
    tail: str = "",
    among: Mapping[str, Sequence[object]] | None = None,
    since: object = None,
) -> list[Row]:
    """Return all rows of a question about the query, such as its count; see `select_from`."""
    result = select_from(connection, query, what, tail, among, since)
    cursor: Any = result.cursor
    rows = [tuple(row) for row in run_within_limit(connection, cursor.fetchall)]
    result.close()
    return rows


def column_names(connection: sa.Connection, query: str, since: object = None) -> tuple[str, ...]:
    """Return the names of the query's columns without reading a row."""
    result = select_from(connection, query, "*", "WHERE 1 = 0", since=since)
    names = _names(connection, result)
    result.close()
    # Only the bare query shows the names as they were written; a query that holds `:since` can't be sent bare.
    if since is None and _may_be_renamed(connection.dialect.name, names):
        result = _execute(connection, query, None, {**_BARE, **_STREAMING})
        names = _names(connection, result)
        result.close()
    return tuple(names)


def _may_be_renamed(database: str, names: Sequence[str]) -> bool:
    """Whether a name may be that of an earlier column plus a number: so SQLite and DuckDB tell twins apart."""
    mark = {"sqlite": ":", "duckdb": "_"}.get(database)
    there = {name.casefold() for name in names}
    return any(
        mark == name[-len(number) - 1 : -len(number)] and name[: -len(number) - 1].casefold() in there
        for name in names
        if mark and (number := name[len(name.rstrip("0123456789")) :])
    )


def holds_numbers(connection: sa.Connection, query: str, column: str) -> bool:
    """Whether a column of the query has a numeric type, according to the driver."""
    result = select_from(connection, query, column, "WHERE 1 = 0")
    cursor: Any = result.cursor
    kind = cursor.description[0][1]
    result.close()
    # PEP 249: the module's NUMBER compares equal to every type code that means a number.
    numbers = getattr(connection.dialect.loaded_dbapi, "NUMBER", None)
    return kind in (int, float, Decimal) or (kind is not None and bool(kind == numbers))


def batches(
    connection: sa.Connection, query: str, company: object = None, beside: str = "", rows: int | None = None
) -> Iterator[list[Row]]:
    """Yield the query's rows as the driver's own tuples: SQLAlchemy's rows take ten times as long to transpose.

    `beside` is SQL of further columns, behind those of the query; `company` the one whose rows are wanted; `rows` how
    many there are, if that is known: one batch need not be streamed, which takes databases half as long again.
    """
    options = {} if rows is not None and rows <= BATCH else _STREAMING
    if beside:
        result = select_from(connection, query, f"arfeed.*, {beside}", options=options)
    elif company is None:
        result = _execute(connection, query, None, {**_BARE, **options})
    else:
        result = select_from(connection, query, "*", among={"company": [company]}, options=options)
    cursor: Any = result.cursor
    try:
        fetched = run_within_limit(connection, lambda: _first(result))
        while fetched:
            yield fetched
            fetched = run_within_limit(connection, lambda: _fetch(cursor, BATCH))
        result.close()
    # Also GeneratorExit: a reader that stops early leaves rows behind on the server.
    except BaseException:
        _abandon(cursor)
        raise


def first_rows(connection: sa.Connection, query: str, count: int) -> tuple[list[str], list[Row]]:
    """Return the names of the bare query's columns, and its first rows."""
    result = _execute(connection, query, None, _BARE)
    cursor: Any = result.cursor
    try:
        rows = run_within_limit(connection, lambda: _fetch(cursor, count))
        return _names(connection, result), [tuple(row) for row in rows]
    finally:
        result.close()


def _first(result: sa.CursorResult[Any]) -> list[Row]:
    # Streaming, SQLAlchemy has already fetched one row into its own buffer; the driver's cursor begins with the second.
    first = result.fetchone()
    return [tuple(first), *_fetch(result.cursor, BATCH - 1)] if first is not None else []


def _fetch(cursor: Any, count: int) -> list[Row]:
    """Fetch without the garbage collector, which would search all these tuples for cycles again and again in vain."""
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
    """Return the names as SQLAlchemy writes them: Oracle's INVOICE_REF is invoice_ref.

    A name that is stored in lower case comes as a subclass of `str` that knows it must be quoted; it is kept as it is.
    """
    cursor: Any = result.cursor
    names = [str(column[0]) for column in cursor.description]
    if connection.dialect.requires_name_normalize:
        names = [connection.dialect.normalize_name(name) for name in names]
    return names

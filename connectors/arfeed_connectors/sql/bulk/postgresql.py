"""PostgreSQL's rows by ADBC, as Arrow columns from the start, in the snapshot of the connection that asks all else.

For long lists, since it takes a second connection. If there can't be one, or if it might see or format anything
differently, `arrow_tables` returns None, and the rows come over the first connection.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from concurrent.futures import Future, wait
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from arfeed_connectors.sql.bulk.postgresql_types import TEXT, Converter, converters
from arfeed_connectors.sql.patience import begin
from arfeed_connectors.sql.statements import BATCH, select_from

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

LONG = 20_000
"""Rows from which on it pays: opening it takes as long as psycopg needs for about that many."""

_DRIVER = "psycopg"
_PROVED = (1, 13)
"""The version of ADBC's driver that was compared with psycopg, type by type; others may write values otherwise."""

# As libpq numbers versions: 12.0.
_OLDEST = 120000
_GENUINE = re.compile(r"PostgreSQL \d+(\.\d+)* (\(|on )")
"""Others understand PostgreSQL's language and may share no snapshots: CockroachDB, Redshift, YugabyteDB."""

_MAY_SHARE = "SELECT version(), has_function_privilege('pg_export_snapshot()', 'EXECUTE')"
_CIRCUMSTANCES = """
SELECT md5(concat(current_database(), current_user, session_user, pg_postmaster_start_time(), (
    SELECT string_agg(concat(name, '=', setting), ';' ORDER BY name) FROM pg_settings
    WHERE name NOT IN ('application_name', 'client_encoding', 'client_min_messages', 'transaction_deferrable')
        AND NOT (strpos(name, '.') > 0 AND source = 'default')
)))
"""
"""Everything that decides what a query means and how its values are written: both connections must have the same.

Without the defaults of extensions, which a session has only once it has called one of their functions.
"""

_READ_ONLY = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_SAME = ("statement_timeout", "idle_in_transaction_session_timeout", "row_security")
_SECONDS_TO_CANCEL = 10
_SAID = re.compile(r"\w:  (.+)")
"""The server's message, behind libpq's word for its severity in any language: `ERROR:  division by zero`."""

Result = TypeVar("Result")


def arrow_tables(
    connection: sa.Connection, query: str, company: object = None
) -> Generator[pa.Table, None, None] | None:
    """Return the query's rows, as `batches` would, by ADBC: tables of `BATCH` rows, the last one of fewer.

    `company` is as the database writes it, if only its rows are wanted. None if ADBC is not to be used: the package
    is missing, the driver another one than psycopg, the database not PostgreSQL itself from version 12 on or without
    an encoding, a column of a type that is not in `postgresql_types`, or a second connection is refused or differs.
    """
    if connection.dialect.name != "postgresql" or connection.dialect.driver != _DRIVER:
        return None
    try:
        import adbc_driver_postgresql
        import adbc_driver_postgresql.dbapi as adbc
    except ModuleNotFoundError:
        return None
    if tuple(map(int, adbc_driver_postgresql.__version__.split(".")[:2])) < _PROVED:
        return None
    raw: Any = connection.connection.driver_connection
    found = _columns(connection, raw, query) if _may_share(connection, raw) else None
    if found is None:
        return None
    with ExitStack() as opened:
        try:
            second = opened.enter_context(closing(adbc.connect(_address(raw))))
            cursor = opened.enter_context(closing(second.cursor()))
            _join(connection, cursor)
            # A role or a pooler may set search_path for one session only, and the same query would read other tables.
            if _one(connection, _CIRCUMSTANCES) != _first(cursor, _CIRCUMSTANCES):
                return None
        # The first connection is unharmed, and can read everything itself.
        except adbc.Error:
            return None
        # From here on the reading owns the second connection; every return above has closed it.
        return _Reading(cursor, _statement(raw, query, company), found, opened.pop_all()).tables()


def _may_share(connection: sa.Connection, raw: Any) -> bool:
    """Whether the server is one that can share a snapshot with us: asking in vain would end the transaction."""
    info = raw.info
    if info.server_version < _OLDEST or info.parameter_status("server_encoding") == "SQL_ASCII":
        return False
    version, allowed = connection.exec_driver_sql(_MAY_SHARE).one()
    return bool(allowed) and _GENUINE.match(version) is not None


def _columns(connection: sa.Connection, raw: Any, query: str) -> dict[str, Converter] | None:
    """Return how each column is converted, None if one has a type that only psycopg reads correctly."""
    result = select_from(connection, query, "*", "WHERE 1 = 0")
    cursor: Any = result.cursor
    kinds = {str(column[0]): int(column[1]) for column in cursor.description}
    result.close()
    known = dict(converters(raw.info.parameter_status("TimeZone")))
    others = ", ".join(str(kind) for kind in {*kinds.values()} - known.keys())
    # Values of an enumeration are texts; its oid differs from database to database.
    if others:
        enums = f"SELECT oid::int8 FROM pg_type WHERE typtype = 'e' AND oid IN ({others})"  # noqa: S608 - numbers
        known |= {int(kind): known[TEXT] for (kind,) in connection.exec_driver_sql(enums).all()}
    return {name: known[kind] for name, kind in kinds.items()} if known.keys() >= {*kinds.values()} else None


def _address(raw: Any) -> str:
    """Return where the first connection leads, as libpq resolved it from services, variables and a choice of hosts."""
    from psycopg.conninfo import make_conninfo

    info = raw.info
    said = info.get_parameters()
    # The host has been chosen; choosing again could lead to another server of the list.
    for chosen in ("hostaddr", "target_session_attrs", "load_balance_hosts"):
        said.pop(chosen, None)
    said |= {"host": info.host, "port": str(info.port), "client_encoding": "UTF8"}
    return str(make_conninfo(**said, **({"password": info.password} if info.password else {})))


def _join(connection: sa.Connection, cursor: Any) -> None:
    """Bring the second connection into the first one's snapshot, with its time limits and view of policies."""
    snapshot = _one(connection, "SELECT pg_export_snapshot()")
    # PostgreSQL takes a snapshot only as the first thing in a transaction, and only in REPEATABLE READ or stricter.
    cursor.execute(_READ_ONLY)
    cursor.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
    # ADBC leaves notices to libpq, which writes them to our standard error.
    cursor.execute("SET LOCAL client_min_messages = error")
    for name in _SAME:
        cursor.execute(f"SET LOCAL {name} = '{_one(connection, f'SHOW {name}')}'")


def _one(connection: sa.Connection, statement: str) -> str:
    return str(connection.exec_driver_sql(statement).scalar_one())


def _first(cursor: Any, statement: str) -> str:
    cursor.execute(statement)
    return str(cursor.fetchone()[0])


def _statement(raw: Any, query: str, company: object) -> str:
    """Return the query as ADBC puts it into COPY (…), where a comment in its last line has to end."""
    if company is None:
        return f"{query}\n"
    # A literal, since ADBC binds parameters by type, and a company may be a uuid or a number.
    from psycopg.sql import Literal

    return f"SELECT * FROM (\n{query}\n) arfeed WHERE company = {Literal(company).as_string(raw)}"  # noqa: S608 - the feed's own query, and a literal


class _Reading:
    """One reading of all rows over the second connection, which it closes."""

    def __init__(self, cursor: Any, statement: str, columns: dict[str, Converter], opened: ExitStack) -> None:
        """Keep the open statement and what must be closed; nothing is read yet."""
        self._cursor = cursor
        self._statement = statement
        self._columns = columns
        self._opened = opened
        self._reader: Any = None
        self._rest: list[pa.RecordBatch] = []

    def tables(self) -> Generator[pa.Table, None, None]:
        """Yield the rows; the next ones are fetched while some are worked on."""
        coming = begin(self._begun)
        try:
            while (table := _of_psycopg(coming)) is not None:
                coming = begin(self._next)
                yield self._convert(table)
        finally:
            self._end(coming)

    def _end(self, coming: Future[Any]) -> None:
        """Close everything, unless the driver is still busy: if the network is gone, even cancelling may not end it."""
        if not coming.done():
            with suppress(Exception):
                self._cursor.adbc_cancel()
            wait([coming], _SECONDS_TO_CANCEL)
        if coming.done():
            with suppress(Exception):
                self._opened.close()

    def _begun(self) -> pa.Table | None:
        self._cursor.execute(self._statement)
        self._reader = self._cursor.fetch_record_batch()
        return self._next()

    def _next(self) -> pa.Table | None:
        """Return the next `BATCH` rows or what is left of them, None at the end."""
        import pyarrow as pa

        while sum(map(len, self._rest)) < BATCH:
            try:
                self._rest.append(self._reader.read_next_batch())
            except StopIteration:
                break
        if not any(map(len, self._rest)):
            return None
        # ADBC decides on the size of its batches; cut anew, rows come in the same portions as from psycopg.
        table = pa.Table.from_batches(self._rest)
        self._rest = table.slice(BATCH).to_batches()
        # Copied: a piece of one column, such as the texts of a name, keeps the whole batch of ADBC in memory.
        columns = [pa.concat_arrays(column.chunks) for column in table.slice(0, BATCH).columns]
        return pa.Table.from_arrays(columns, table.column_names)

    def _convert(self, table: pa.Table) -> pa.Table:
        import pyarrow as pa
        from psycopg import DataError

        arrays = []
        for (name, convert), column in zip(self._columns.items(), table.columns, strict=True):
            try:
                arrays.append(convert(column.chunk(0)))
            except ValueError as exc:
                raise DataError(f"column {name!r} {exc}") from None
        return pa.Table.from_arrays(arrays, names=[*self._columns])


def _of_psycopg(coming: Future[Result]) -> Result:
    """Return a result. Raise errors as psycopg's, so that they are explained and masked in the same way."""
    import adbc_driver_manager
    import psycopg
    import pyarrow as pa

    try:
        return coming.result()
    except (adbc_driver_manager.Error, pa.ArrowException, OSError) as exc:
        found = _SAID.search(str(exc))
        raise psycopg.OperationalError(found[1] if found else str(exc)) from None

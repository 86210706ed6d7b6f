"""The rows of an SQLite file by ADBC, in its own process: it takes half of the work, and no objects of Python.

SQLite's columns have no types, only values do, and ADBC gives each column that of its first rows. So the first rows
are looked at, a row in front gives each column its type, and a mark beside each row tells whether a value is of another
type. Whatever does not fit is left to the connection itself: `arrow_tables` returns None.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arfeed_connectors.sql.patience import patience_of, run_within_limit
from arfeed_connectors.sql.statements import BATCH, first_rows
from arfeed_connectors.sql.systems.base import LOCK_SECONDS
from arfeed_connectors.sql.systems.sqlite import Moment, moment_of

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

LONG = 200_000
"""Rows from which on it pays: starting the process takes as long as fetching about that many."""

_PROVED = (1, 13)
"""The version of ADBC's driver that was compared with Python's own module, value by value."""

_CHILD = Path(__file__).with_name("sqlite_child.py")
_FIRST_ROWS = 1_000
_MOST = 9e10
"""Up to here a double holds amounts with four decimals. A whole number beyond is exact in its own type only."""

_TEXT, _WHOLE, _NUMBER = "''", "0", "0.5"
"""Values that give a column its type, as the row in front holds them."""


class _UnfitError(Exception):
    """There are values that ADBC would change."""


def arrow_tables(
    connection: sa.Connection, query: str, company: object = None
) -> Generator[pa.Table, None, None] | None:
    """Return the query's rows, as `batches` would: all of them have been fetched.

    `company` is as the database writes it, if only its rows are wanted. None if ADBC is not to be used: the package is
    missing, the file encrypted or changed since this connection began to read, or a value is a BLOB, or of another type
    than most of its column.
    """
    moment = moment_of(connection)
    if moment is None or not _is_installed():
        return None
    names, rows = first_rows(connection, query, _FIRST_ROWS)
    kinds = [_kind(values) for values in zip(*rows, strict=True)]
    statement = _statement(query, names, kinds, company)
    if None in kinds or statement is None:
        return None
    asked = {"uri": moment.uri, "seconds": LOCK_SECONDS, "statement": statement, "batch": BATCH}
    with _started(asked) as process:
        patience = patience_of(connection)
        ending = patience.cancel if patience is not None else process.kill
        try:
            if patience is not None:
                patience.cancel = process.kill
            tables = run_within_limit(connection, lambda: _read(process, moment, names, kinds), first=True)
        # Whatever went wrong: the connection is unharmed, and reads the same rows or reports what is wrong.
        except (_UnfitError, OSError, ValueError):
            if patience is not None and patience.late:
                raise OSError("the statement takes too long") from None
            return None
        finally:
            if patience is not None:
                patience.cancel = ending
    return _drain(tables)


def _is_installed() -> bool:
    try:
        return tuple(map(int, version("adbc-driver-sqlite").split(".")[:2])) >= _PROVED
    except (PackageNotFoundError, ValueError):
        return False


def _kind(values: Iterable[object]) -> str | None:
    """Return the value that stands for a column's type, None if it has several. Nothing but NULL may become text."""
    found = {*map(type, values)} - {type(None)}
    if found <= {str}:
        return _TEXT
    if found == {int}:
        return _WHOLE
    return _NUMBER if found <= {int, float} else None


def _statement(query: str, names: list[str], kinds: list[str | None], company: object) -> str | None:
    """Return the query with a row in front, and a mark behind: whether one of its texts is none."""
    columns = [f"arfeed_{number}" for number in range(len(names))]
    # SQLite orders numbers before texts, and these before BLOBs, whatever they hold.
    others = [
        f"{column} COLLATE BINARY < '' OR {column} COLLATE BINARY >= x''"
        for column, kind in zip(columns, kinds, strict=True)
        if kind == _TEXT
    ]
    # A CASE stops at the first that is true and keeps none of what it compared: two thirds of the time of a plain OR.
    mark = f"CASE WHEN {' OR '.join(others)} THEN 1 ELSE 0 END" if others else "0"
    where = ""
    if company is not None:
        if type(company) not in (int, str) or "company" not in names:
            return None
        literal = "'" + company.replace("'", "''") + "'" if isinstance(company, str) else str(company)
        where = f" WHERE {columns[names.index('company')]} = {literal}"
    front = ", ".join(str(kind) for kind in kinds)
    listed = ", ".join(columns)
    return (
        f"WITH arfeed_list ({listed}) AS (\n{query}\n) "  # noqa: S608 - the feed's own query, and our own names
        f"SELECT {front}, 0 UNION ALL SELECT {listed}, {mark} FROM arfeed_list{where}"
    )


@contextmanager
def _started(asked: dict[str, object]) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process and send it the query; it is gone afterwards, whatever happens."""
    # -P: the script's own folder must not be searched for modules.
    command = [sys.executable, "-P", str(_CHILD)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own
        try:
            # A process that could not start has ended; the broken pipe adds nothing.
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.write(json.dumps(asked).encode())
                    process.stdin.close()
            yield process
        finally:
            process.kill()


def _read(
    process: subprocess.Popen[bytes], moment: Moment, names: list[str], kinds: list[str | None]
) -> deque[pa.Table]:
    """Return all rows, in the types that `batches` would give them. Raise `_UnfitError` if one can't be."""
    import pyarrow as pa

    out: Any = process.stdout
    # Looked at now and not at the end, unless nobody can have changed it: other programs go on writing.
    if out.readline() != b"begun\n" or not moment.is_same():
        raise _UnfitError
    tables = deque[pa.Table]()
    with pa.ipc.open_stream(out) as stream:
        # In its first batch ADBC gives a column of numbers with one text in it another type, without an error.
        types = {_TEXT: pa.string(), _WHOLE: pa.int64(), _NUMBER: pa.float64(), None: None}
        if stream.schema.types[:-1] != [types[kind] for kind in kinds]:
            raise _UnfitError
        for number, batch in enumerate(stream):
            tables.append(_convert(batch, names, in_front=1 if number == 0 else 0))
    # A stream that was cut off looks like one that has ended.
    if process.wait() != 0 or (moment.is_locked and not moment.is_same()):
        raise _UnfitError
    return tables


def _convert(batch: pa.RecordBatch, names: list[str], in_front: int) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    *columns, marks = batch.slice(in_front).columns
    if pc.any(pc.equal(marks, 1)).as_py():
        raise _UnfitError
    arrays = []
    for column in columns:
        if pa.types.is_float64(column.type) and not pc.all(pc.less(pc.abs(column), _MOST), min_count=0).as_py():
            raise _UnfitError
        # A column of nothing but None has no type either way.
        arrays.append(pa.nulls(len(column)) if column.null_count == len(column) else column)
    return pa.Table.from_arrays(arrays, names=names)


def _drain(tables: deque[pa.Table]) -> Generator[pa.Table, None, None]:
    """Yield tables and keep none of them."""
    while tables:
        table = tables.popleft()
        if len(table):
            yield table

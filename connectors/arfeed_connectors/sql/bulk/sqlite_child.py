"""Reads one query of an SQLite file by ADBC and writes it to standard output as an Arrow stream; started by `sqlite`.

A separate process, since ADBC brings a second SQLite: of two in one process, each would release the other's locks
on a file (https://www.sqlite.org/howtocorrupt.html, 2.2.1). It imports little, to start quickly: nothing of arfeed, and
not ADBC's `dbapi`, which imports pandas.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import adbc_driver_manager as manager
import adbc_driver_sqlite
import pyarrow as pa


def main() -> None:
    """Read what is asked for on standard input: `uri`, `seconds` to wait for a lock, `statement` and `batch`."""
    asked = json.load(sys.stdin)
    with adbc_driver_sqlite.connect(asked["uri"]) as database, manager.AdbcConnection(database) as connection:
        _execute(connection, f"PRAGMA busy_timeout = {int(asked['seconds']) * 1000}")
        _execute(connection, "PRAGMA query_only = 1")
        # One transaction for everything that follows; its first statement begins it.
        connection.set_autocommit(False)
        _execute(connection, "SELECT COUNT(*) FROM sqlite_master")
        out = sys.stdout.buffer
        # From here on this transaction sees one moment; whoever asked looks now whether it is theirs.
        out.write(b"begun\n")
        out.flush()
        with (
            _reading(connection, asked["statement"], asked["batch"]) as reader,
            pa.ipc.new_stream(out, reader.schema) as sink,
        ):
            for batch in reader:
                # ADBC takes texts for UTF-8 without looking.
                batch.validate(full=True)
                sink.write_batch(batch)


@contextmanager
def _reading(connection: manager.AdbcConnection, sql: str, batch: int = 1) -> Iterator[pa.RecordBatchReader]:
    """Execute a statement; `batch` is the number of rows that ADBC gives at a time, and infers types from."""
    with manager.AdbcStatement(connection) as statement:
        statement.set_options(**{"adbc.sqlite.query.batch_rows": str(batch)})
        statement.set_sql_query(sql)
        stream, _ = statement.execute_query()
        with pa.RecordBatchReader.from_stream(stream) as reader:
            yield reader


def _execute(connection: manager.AdbcConnection, sql: str) -> None:
    with _reading(connection, sql) as reader:
        reader.read_all()


if __name__ == "__main__":
    main()

"""Presets over 100,000 documents, beside their bare query by the driver: `python -m benchmarks.presets`.

The tables are made in a file, and in their own databases on the servers that ARFEED_BENCHMARK_POSTGRESQL and
ARFEED_BENCHMARK_MARIADB name, and dropped again; a tenth of the documents is open. Bare is the preset's own SQL, sent
by the driver and fetched at once as tuples. Both take turns.
"""

import argparse
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from benchmarks.contest import HERE

from arfeed_connectors.sql import Sql

MOST = 2.0
"""How many times the bare query reading by arfeed may take: the control is asked of the same query first."""

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "sqlite": "sqlite"}
_WORDS = {
    "postgresql": {
        "numbers": "(SELECT generate_series(1, {rows}) AS n) s",
        "moment": "TIMESTAMP",
        "double": "DOUBLE PRECISION",
    },
    "mysql": {"numbers": "(SELECT seq AS n FROM seq_1_to_{rows}) s", "moment": "DATETIME", "double": "DOUBLE"},
    "sqlite": {
        "numbers": "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows}) SELECT n FROM c)",
        "moment": "TEXT",
        "double": "REAL",
    },
}

BOOKS = {
    "erpnext": ("mysql",),
    "frontaccounting": ("mysql",),
    "dolibarr": ("mysql", "postgresql"),
    "invoiceplane": ("mysql",),
    "gnucash": ("sqlite", "mysql", "postgresql"),
    "odoo": ("postgresql",),
    "tryton": ("postgresql",),
    "sqlledger": ("postgresql",),
    "ledgersmb": ("postgresql",),
    "kivitendo": ("postgresql",),
}
"""The databases of each program; books/NAME.sql makes the tables, where {numbers} yields the numbers n of documents."""

_SETTINGS = {"dolibarr": {"currency": "EUR"}, "invoiceplane": {"currency": "EUR"}}

SERVERS = {"mysql": "ARFEED_BENCHMARK_MARIADB", "postgresql": "ARFEED_BENCHMARK_POSTGRESQL"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.presets", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("presets", nargs="*", choices=[*BOOKS, []], metavar="PRESET", help="all, if none is named")
    options = parser.parse_args()
    for name in options.presets or BOOKS:
        statements = (HERE / "books" / f"{name}.sql").read_text("utf-8").strip().rstrip(";").split(";\n")
        for server in BOOKS[name]:
            if server != "sqlite" and SERVERS[server] not in os.environ:
                print(f"{name}: left out, since {SERVERS[server]} names no server")
                continue
            place = _file() if server == "sqlite" else _database(os.environ[SERVERS[server]], server)
            with place as url:
                _fill(url, server, statements, options.rows)
                _compare(name, server, url, options.rounds)


def _compare(name: str, server: str, url: sa.URL, rounds: int) -> None:
    engine = sa.create_engine(url.set(drivername=_DRIVERS[url.drivername]))
    settings = {"url": url.render_as_string(hide_password=False), "preset": name, **_SETTINGS.get(name, {})}
    source = Sql(name, Sql.Settings.model_validate(settings))
    query = source.settings.statement(engine.dialect.identifier_preparer.quote)

    def bare() -> int:
        with engine.connect() as connection:
            return len(connection.exec_driver_sql(query, execution_options={"no_parameters": True}).cursor.fetchall())

    def whole() -> int:
        read = sum(len(frame) for frame in source.invoices())
        source.release()
        return read

    assert bare() == whole(), "both must read the same"
    pairs = [(_timed(bare), _timed(whole)) for _ in range(rounds)]
    ratio = median(ours / theirs for theirs, ours in pairs)
    theirs, ours = (median(times) for times in zip(*pairs, strict=True))
    # Other work on the machine lengthens the median of a short query at random, and the fastest of many least.
    fastest = min(ours for _, ours in pairs) / min(theirs for theirs, _ in pairs)
    met = "met" if ratio <= MOST else "NOT met"
    print(
        f"{name:16} {server:10} bare {theirs:6.2f} s, arfeed {ours:6.2f} s, {ratio:.2f} × (target {MOST} ×: {met}), "
        f"the fastest of each {fastest:.2f} ×, {bare():,} open",
        flush=True,
    )
    engine.dispose()


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def _file() -> Iterator[sa.URL]:
    with TemporaryDirectory() as folder:
        yield sa.make_url(f"sqlite:///{folder}/books.db")


@contextmanager
def _database(server: str, dialect: str) -> Iterator[sa.URL]:
    """Make a separate database on the server, and drop it in the end."""
    address, name = sa.make_url(server), f"arfeed_benchmark_{secrets.token_hex(4)}"
    plain = sa.create_engine(address.set(drivername=_DRIVERS[dialect]), isolation_level="AUTOCOMMIT")
    with plain.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield address.set(drivername=dialect, database=name)
    finally:
        with plain.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}{' WITH (FORCE)' if dialect == 'postgresql' else ''}")
        plain.dispose()


def _fill(url: sa.URL, dialect: str, statements: Sequence[str], rows: int) -> None:
    engine = sa.create_engine(url.set(drivername=_DRIVERS[dialect]))
    words = {name: text.format(rows=rows) for name, text in _WORDS[dialect].items()}
    with engine.begin() as connection:
        if dialect == "mysql":
            connection.exec_driver_sql("SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')")
        for statement in statements:
            for name, text in words.items():
                statement = statement.replace(f"{{{name}}}", text)
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        tables = ", ".join(f"`{table}`" for table in sa.inspect(connection).get_table_names())
        connection.exec_driver_sql(f"ANALYZE TABLE {tables}" if dialect == "mysql" else "ANALYZE")
    engine.dispose()


if __name__ == "__main__":
    main()

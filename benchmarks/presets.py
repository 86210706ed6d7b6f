"""Presets over 100,000 documents, beside their bare query by the driver: `python -m benchmarks.presets`.

The tables are made in databases of their own on the servers that ARFEED_BENCHMARK_POSTGRESQL and
ARFEED_BENCHMARK_MARIADB name, and dropped again; a tenth of the documents is open. Bare is the preset's own SQL, sent
by the driver and fetched at once as tuples. Both take turns.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import sqlalchemy as sa
from benchmarks.contest import HERE

from arfeed_connectors.sql import Sql

MOST = 2.0
"""How many times the bare query reading by arfeed may take: the control is asked of the same query first."""

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
_SEQUENCE = {
    "postgresql": "(SELECT generate_series(1, {rows}) AS n) s",
    "mysql": "(SELECT seq AS n FROM seq_1_to_{rows}) s",
}

BOOKS = {
    "erpnext": "mysql",
    "frontaccounting": "mysql",
    "sqlledger": "postgresql",
    "ledgersmb": "postgresql",
    "kivitendo": "postgresql",
}
"""The server of each program; books/NAME.sql makes the tables, where {numbers} yields the numbers n of documents."""

SERVERS = {"mysql": "ARFEED_BENCHMARK_MARIADB", "postgresql": "ARFEED_BENCHMARK_POSTGRESQL"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.presets", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name, server in BOOKS.items():
        if SERVERS[server] not in os.environ:
            print(f"{name}: left out, since {SERVERS[server]} names no server")
            continue
        statements = (HERE / "books" / f"{name}.sql").read_text("utf-8").strip().rstrip(";").split(";\n")
        with _made(os.environ[SERVERS[server]], server, statements, options.rows) as url:
            _compare(name, url, options.rounds)


def _compare(name: str, url: sa.URL, rounds: int) -> None:
    engine = sa.create_engine(url.set(drivername=_DRIVERS[url.drivername]))
    settings = {"url": url.render_as_string(hide_password=False), "preset": name}
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
    met = "met" if ratio <= MOST else "NOT met"
    print(
        f"{name:16} bare {theirs:6.2f} s, arfeed {ours:6.2f} s, {ratio:.2f} × (target {MOST} ×: {met}), {bare():,} open"
    )
    engine.dispose()


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def _made(server: str, dialect: str, statements: Sequence[str], rows: int) -> Iterator[sa.URL]:
    """Fill a database of its own on the server, and drop it in the end."""
    address, database = sa.make_url(server), "arfeed_benchmark_presets"
    plain = sa.create_engine(address.set(drivername=_DRIVERS[dialect]), isolation_level="AUTOCOMMIT")
    with plain.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {database}")
        connection.exec_driver_sql(f"CREATE DATABASE {database}")
    own = address.set(drivername=dialect, database=database)
    engine = sa.create_engine(own.set(drivername=_DRIVERS[dialect]), isolation_level="AUTOCOMMIT")
    try:
        numbers = _SEQUENCE[dialect].format(rows=rows)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(
                    statement.replace("{numbers}", numbers), execution_options={"no_parameters": True}
                )
            if dialect == "postgresql":
                connection.exec_driver_sql("ANALYZE")
        engine.dispose()
        yield own
    finally:
        engine.dispose()
        with plain.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {database}")
        plain.dispose()


if __name__ == "__main__":
    main()

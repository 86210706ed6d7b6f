"""Others write while arfeed reads, and connections are cut: a report is whole and of one moment, or there is none."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from arfeed import SourceError
from arfeed_connectors import sql as connector
from arfeed_connectors.sql.bulk import sqlite
from support.databases.tables import DATABASES, DRIVERS, execute, place, sql
from support.feeds.sources import balances, opened

WRITERS = 30
INVOICES = 200
CENTS = 100_000
QUERY = "SELECT * FROM ledger"
LEDGER = (
    "CREATE TABLE ledger (invoice_ref VARCHAR(20) PRIMARY KEY, customer_name VARCHAR(20), currency CHAR(3), "
    "issued_on DATE, balance DECIMAL(18, 2), pair INT)"
)


@pytest.fixture(params=[*DATABASES, "sqlite-wal", "sqlite-arrow", "sqlite-wal-arrow", "postgresql-arrow"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ledger of invoices of 1,000.00 each."""
    database, _, way = request.param.partition("-")
    monkeypatch.setattr(connector, "LONG", 0 if way.endswith("arrow") else 1_000_000)
    monkeypatch.setattr(sqlite, "LONG", 0)
    found = place(request, database, tmp_path)
    rows = ", ".join(
        f"('INV-{number}', 'Ada', 'EUR', '2026-04-07', {CENTS / 100:.2f}, {number // 2})" for number in range(INVOICES)
    )
    execute(found, LEDGER, f"INSERT INTO ledger VALUES {rows}")
    if way.startswith("wal"):
        execute(found, "PRAGMA journal_mode = WAL")
    return found


class Writers:
    """Threads that move money, each in transactions of two updates, and the longest that one has taken."""

    def __init__(self, url: str) -> None:
        address = sa.make_url(url)
        self.engine = sa.create_engine(
            address.set(drivername=DRIVERS.get(address.drivername, address.drivername)),
            pool_size=WRITERS,
            **({"connect_args": {"timeout": 60}} if address.drivername == "sqlite" else {}),
        )
        self.over = threading.Event()
        self.moved = 0
        self.longest = 0.0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
            self.engine.dispose()

    def _work(self, number: int) -> None:
        chance = random.Random(number)
        while not self.over.is_set():
            began = time.monotonic()
            with suppress(sa.exc.OperationalError):  # a deadlock, or busy for a minute: the other one won
                self._move(chance)
                self.moved += 1
            self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(chance.random() / 50)

    def _move(self, chance: random.Random) -> None:
        """Move money from one invoice to another."""
        one, other = chance.sample(range(INVOICES), 2)
        cents = chance.randrange(1, 500) / 100
        with self.engine.begin() as connection:
            for number, sign in sorted(((one, "-"), (other, "+"))):
                connection.exec_driver_sql(
                    f"UPDATE ledger SET balance = balance {sign} {cents:.2f} WHERE invoice_ref = 'INV-{number}'"
                )


def test_thirty_writers_tear_nothing(url: str) -> None:
    whole = Decimal(INVOICES * CENTS) / 100
    writers = Writers(url)
    with writers.at_work():
        for _ in range(6):
            found = balances(opened(sql(url, query=QUERY)))
            assert len(found) == INVOICES
            assert sum(found.values()) == whole
    assert writers.moved > WRITERS
    assert len({*found.values()}) > 2


@pytest.mark.soak
def test_nobody_waits_long_for_a_long_list_to_be_read(url: str) -> None:
    """Print the longest that moving money took, two updates and a commit, without a reader and beside one."""
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    numbers = " + ".join(f"{name}.d * {10**place}" for place, name in enumerate("abcde"))
    tables = ", ".join(f"({digits}) {name}" for name in "abcde")
    one = "CONCAT('LONG-', n)" if url.startswith("mysql") else "'LONG-' || n"
    values = f"{one}, 'Ada', 'EUR', '2026-04-07', 1, 0"
    if url.startswith("postgresql"):
        values = values.replace("'2026-04-07'", "DATE '2026-04-07'")
    execute(url, f"INSERT INTO ledger SELECT {values} FROM (SELECT {numbers} AS n FROM {tables}) numbers")
    writers = Writers(url)
    with writers.at_work():
        time.sleep(5)
        alone, writers.longest = writers.longest, 0.0
        begun = time.monotonic()
        assert sum(map(len, (sql(url, query=QUERY).invoices()))) == INVOICES + 100_000
        read = time.monotonic() - begun
    print(f"{url.partition(':')[0]}: {alone:.2f} s alone, {writers.longest:.2f} s beside {read:.2f} s")  # noqa: T201
    # Writers of SQLite wait for each other by polling, so that chance decides who waits longest.
    assert url.startswith("sqlite") or writers.longest < alone + read


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # psycopg's, of a cursor cut off
def test_a_cut_in_mid_fetch_leaves_no_partial_report(url: str) -> None:
    if url.startswith("sqlite"):
        pytest.skip("it has no connection that could be cut")
    both = "a.invoice_ref || b.invoice_ref" if url.startswith("postgresql") else "CONCAT(a.invoice_ref, b.invoice_ref)"
    query = (
        f"SELECT {both} AS invoice_ref, a.customer_name, a.currency, a.issued_on, 1 AS balance "
        "FROM ledger a, ledger b, (SELECT 1 UNION ALL SELECT 2) c"
    )
    said = [read_or_cut(url, query, seconds) for seconds in (0.03, 0.1, 0.2, 0.4, 0.8)]
    assert any(said)
    assert all("the database reports" in words for words in said if words)


def read_or_cut(url: str, query: str, seconds: float) -> str:
    """Read, and end the connection after so many seconds. Return what is said then, '' where all rows came first."""
    cutter = threading.Timer(seconds, cut, [url])
    cutter.start()
    try:
        assert sum(len(frame) for frame in sql(url, query=query).invoices()) == 2 * INVOICES**2
    except SourceError as exc:
        return str(exc)
    finally:
        cutter.join()
    return ""


def cut(url: str) -> None:
    """End all other connections to a database."""
    if url.startswith("postgresql"):
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        execute(url, f"SELECT pg_terminate_backend(pid) {others}")
        return
    address = sa.make_url(url)
    engine = sa.create_engine(address.set(drivername=DRIVERS["mysql"]))
    with engine.connect() as connection:
        others = (
            f"SELECT id FROM information_schema.processlist WHERE db = '{address.database}' AND id <> CONNECTION_ID()"
        )
        for (number,) in connection.exec_driver_sql(others).all():
            with suppress(sa.exc.OperationalError):
                connection.exec_driver_sql(f"KILL {number}")
    engine.dispose()

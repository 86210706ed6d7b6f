"""Firebird 3 with a server of its own: a user who may only read, a snapshot beside writers, and cut connections."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from arfeed import SourceError
from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.database import Database
from support.databases.firebird_books import thirty_writers
from support.databases.firebird_server import PASSWORD, READER, WRITER, FirebirdServer, firebird_server
from support.databases.tables import sql
from support.feeds.sources import balances, complete, failure, opened
from support.servers.openssh import free_port
from support.servers.relay import relaying

INVOICES = 60
BOOK = (
    "CREATE TABLE ledger (n INTEGER PRIMARY KEY, name VARCHAR(40), owed NUMERIC(15, 2))",
    "COMMIT",
    *(f"INSERT INTO ledger VALUES ({n}, 'Gärtnerei Löwenzahn €', 1000)" for n in range(INVOICES)),
    f"GRANT SELECT ON ledger TO USER {READER}",
    f"GRANT ALL ON ledger TO USER {WRITER}",
)
QUERY = (
    "SELECT n AS invoice_ref, name AS customer_name, 'EUR' AS currency, DATE '2026-05-04' AS issued_on, "
    "owed AS balance FROM ledger"
)
CLOSED = f"SELECT q.*, IIF(q.balance = 0, 'paid', 'open') AS status FROM ({QUERY}) q"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirebirdServer]:
    with firebird_server(tmp_path_factory.mktemp("firebird")) as running:
        yield running


_count = itertools.count()


@pytest.fixture
def book(server: FirebirdServer) -> str:
    """The name of a book of this test's own."""
    name = f"book {next(_count)}"
    server.new_database(name, *BOOK, charset="WIN1252")
    return name


def read(server: FirebirdServer, book: str, **settings: Any) -> Sql:
    return sql(server.url(READER, book), **{"query": QUERY, **settings})


def change(server: FirebirdServer, book: str, *statements: str, who: str = WRITER) -> None:
    """Run statements as another user of the server, and commit them."""
    from firebird.driver import connect

    with connect(server.place(book), user=who, password=PASSWORD, charset="UTF8") as connection:
        for statement in statements:
            connection.execute_immediate(statement)
        connection.commit()


def test_a_user_who_may_only_read_reads_everything(server: FirebirdServer, book: str) -> None:
    rows = opened(read(server, book))
    assert balances(rows) == {f"{n}": Decimal(1000) for n in range(INVOICES)}
    assert {*rows["customer_name"]} == {"Gärtnerei Löwenzahn €"}
    assert complete(read(server, book)).totals == {"EUR": Decimal(1000 * INVOICES)}


def test_a_table_that_the_user_may_not_read_is_named(server: FirebirdServer) -> None:
    server.new_database("not granted", *BOOK[:-2])
    assert "no permission for SELECT access to TABLE LEDGER" in failure(read(server, "not granted"))


def test_a_wrong_password_is_told_and_not_shown(server: FirebirdServer, book: str) -> None:
    said = failure(sql(server.url(READER, book).replace(PASSWORD, "another-word"), query=QUERY))
    assert "Your user name and password are not defined" in said
    assert "another-word" not in said


def test_the_list_and_what_became_of_it_are_of_one_moment_and_nobody_waits(server: FirebirdServer, book: str) -> None:
    source = read(server, book, closed_query=CLOSED)
    frames = source.invoices()
    first = next(frames)
    change(server, book, "UPDATE ledger SET owed = 0 WHERE n = 1", "DELETE FROM ledger WHERE n = 2")
    assert sum(map(len, [first, *frames])) == INVOICES
    said = source.explain(pd.DataFrame({"invoice_ref": ["1", "2"]}))
    assert said is not None
    assert said["status"].tolist() == ["open", "open"]
    assert complete(read(server, book)).rows == INVOICES - 1


@pytest.mark.parametrize(("who", "says"), [(READER, "no permission for UPDATE"), (WRITER, "read-only transaction")])
def test_nobody_writes_in_the_transaction_that_reads(server: FirebirdServer, book: str, who: str, says: str) -> None:
    with (
        pytest.raises(SourceError, match=says),
        Database("erp", server.url(who, book), 60).snapshot() as connection,
    ):
        connection.exec_driver_sql("UPDATE ledger SET owed = 0")
    assert complete(read(server, book)).totals == {"EUR": Decimal(1000 * INVOICES)}


def test_a_statement_that_takes_too_long_is_ended_at_the_server(server: FirebirdServer, book: str) -> None:
    slow = "SELECT COUNT(*) AS balance FROM rdb$fields a, rdb$fields b, rdb$fields c, rdb$fields d, rdb$fields e"
    assert failure(read(server, book, query=slow, timeout_seconds=1)).endswith("; it may take timeout_seconds = 1")
    assert complete(read(server, book)).rows == INVOICES


def test_a_connection_that_is_cut_in_mid_fetch_leaves_no_partial_report(server: FirebirdServer, book: str) -> None:
    query = QUERY.replace("n AS", "a.n || '/' || b.n || '/' || c.n AS", 1).replace("name AS", "a.name AS")
    query = query.replace("owed", "a.owed").replace("ledger", "ledger a, ledger b, ledger c")
    with relaying(server.port) as relay:
        url = server.url(READER, book).replace(f":{server.port}/", f":{relay.port}/")
        frames = sql(url, query=query).invoices()
        got = len(next(frames))
        relay.arm("cut", 0, for_good=True)
        with pytest.raises(SourceError, match="the database reports: Error reading data from the connection"):
            got += sum(map(len, frames))
    assert 0 < got < INVOICES**3


def test_a_process_that_ends_in_mid_reading_ends_as_it_means_to(server: FirebirdServer, book: str) -> None:
    asks = "import sys; from arfeed_connectors.sql import Sql; settings = Sql.Settings.model_validate("
    reads = f"{{'url': {server.url(READER, book)!r}, 'query': {QUERY!r}}}); rows = Sql('erp', settings).invoices(); "
    ends = "assert len(next(rows)); sys.exit(3)"
    done = subprocess.run(
        [sys.executable, "-c", asks + reads + ends], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (3, "")


def test_a_server_that_is_not_there_is_named(server: FirebirdServer, book: str) -> None:
    url = server.url(READER, book).replace(f":{server.port}/", f":{free_port()}/")
    assert 'Unable to complete network request to host "127.0.0.1"' in failure(sql(url, query=QUERY))


def test_money_of_dialect_1_is_read_to_the_cent(server: FirebirdServer) -> None:
    table, _, *_, reads, _ = BOOK
    inserts = [f"INSERT INTO ledger VALUES ({n}, 'Ada', 56.64 - 21.52)" for n in range(30)]
    server.new_database("dialect 1", table, "COMMIT", *inserts, reads, dialect=1)
    query = QUERY.replace("DATE '2026-05-04'", "CAST('2026-05-04' AS DATE)")
    assert complete(read(server, "dialect 1", query=query)).totals == {"EUR": 30 * Decimal("35.12")}


def test_thirty_writers_tear_nothing(server: FirebirdServer, book: str) -> None:
    with thirty_writers(server.place(book), INVOICES, user=WRITER, password=PASSWORD) as moved:
        seen = [balances(opened(read(server, book))) for _ in range(3)]
    assert [(len(rows), sum(rows.values())) for rows in seen] == [(INVOICES, Decimal(1000 * INVOICES))] * 3
    assert len(moved) > 30
    assert len({*seen[-1].values()}) > 2


READS = """
import sys
from arfeed_connectors.sql import Sql

settings = Sql.Settings.model_validate({"url": sys.argv[1], "query": sys.argv[2]})
assert sum(map(len, Sql("erp", settings).invoices())) == 100_000
"""


@pytest.mark.soak
def test_nobody_waits_long_for_a_long_list_to_be_read(server: FirebirdServer, book: str) -> None:
    """Print the longest that moving money took, two updates and a commit, without a reader and beside one."""
    more = "INSERT INTO ledger VALUES (:n, 'Ada', 1)"
    count = f"n = {INVOICES}; WHILE (n < 100000) DO BEGIN {more}; n = n + 1; END"
    change(server, book, f"EXECUTE BLOCK AS DECLARE n INTEGER; BEGIN {count} END")
    with thirty_writers(server.place(book), INVOICES, user=WRITER, password=PASSWORD) as moved:
        time.sleep(5)
        alone, before = max(moved), len(moved)
        began = time.monotonic()
        # In a process of its own, as users have it: threads of one would wait for Python, too.
        subprocess.run([sys.executable, "-c", READS, server.url(READER, book), QUERY], check=True)
        taken = time.monotonic() - began
        beside = max(moved[before:])
    print(f"firebird: {alone:.2f} s alone, {beside:.2f} s beside {taken:.2f} s")  # noqa: T201 - shown by -rP
    assert beside < alone + taken

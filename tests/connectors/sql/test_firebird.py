"""Firebird 3, as small ledgers use it: 18 digits, code pages, dialect 1, and a snapshot that may only read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from arfeed import SourceError
from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.proofs.control_totals import ControlTotals
from arfeed_connectors.sql.statements import batches, column_names
from arfeed_connectors.sql.text.names import Names
from support.databases.firebird_books import execute, new_database, thirty_writers
from support.databases.tables import sql
from support.feeds.sources import complete, failure, opened

BOOK = (
    "CREATE TABLE customers (id INTEGER, name VARCHAR(40), memo BLOB SUB_TYPE TEXT)",
    "CREATE TABLE documents (nr CHAR(12), customer INTEGER, sort CHAR(1), code CHAR(3), issued DATE, due TIMESTAMP, "
    "quantity NUMERIC(15, 4), price NUMERIC(15, 4), total COMPUTED BY (quantity * price))",
    "INSERT INTO customers VALUES (1, 'Gärtnerei Löwenzahn', 'späte Zahler €')",
    "INSERT INTO customers VALUES (2, 'Écluse & Fils', NULL)",
    "INSERT INTO documents VALUES ('A-1', 1, 'I', 'EUR', '2026-05-04', '2026-06-03 23:59:59', 3, 11.15)",
    "INSERT INTO documents VALUES ('A-2', 2, 'I', 'USD', '2026-05-05', NULL, 2, 1250)",
    "INSERT INTO documents VALUES ('A-3', 2, 'C', 'EUR', '2026-05-06', NULL, -1, 0.1)",
)
QUERY = (
    "SELECT d.nr AS invoice_ref, c.name AS customer_name, d.code AS currency, d.issued AS issued_on, d.due AS due_on, "
    "d.total AS balance, IIF(d.sort = 'C', 'credit_note', 'invoice') AS kind, c.memo "
    "FROM documents d JOIN customers c ON c.id = d.customer"
)
CLOSED = f"SELECT q.*, 'paid' AS status FROM ({QUERY}) q"
TRUTH = {"A-1": Decimal("33.45"), "A-2": Decimal(2500), "A-3": Decimal("-0.10")}
SLOW = "SELECT COUNT(*) AS balance FROM rdb$fields a, rdb$fields b, rdb$fields c, rdb$fields d, rdb$fields e"


@pytest.fixture
def book(tmp_path: Path) -> str:
    return new_database(tmp_path, *BOOK, charset="WIN1252")


def owed(source: Sql) -> dict[str, Decimal]:
    rows = opened(source)
    return dict(zip(rows["invoice_ref"], rows["balance"], strict=True))


def test_every_document_comes_as_it_is_whatever_the_file_keeps_texts_in(book: str) -> None:
    rows = opened(sql(book, query=QUERY)).set_index("invoice_ref")
    assert rows["balance"].to_dict() == TRUTH
    assert rows["customer_name"].to_dict()["A-1"] == "Gärtnerei Löwenzahn"
    assert rows["memo"].to_dict()["A-1"] == "späte Zahler €"
    assert (rows["due_on"]["A-1"], rows["kind"]["A-3"]) == (date(2026, 6, 3), "credit_note")


def test_the_control_fits_eighteen_digits(book: str) -> None:
    said = complete(sql(book, query=QUERY))
    assert (said.rows, said.totals) == (3, {"EUR": Decimal("33.35"), "USD": Decimal(2500)})


def test_names_that_are_quoted_in_small_letters_are_asked_for_so(book: str) -> None:
    query = QUERY.replace("AS balance", 'AS "balance"').replace("AS currency", 'AS "Currency"')
    assert complete(sql(book, query=query)).totals == {"EUR": Decimal("33.35"), "USD": Decimal(2500)}
    closed = (
        """SELECT d.nr AS "invoice_ref", 'Ada' AS customer_name, 0 AS "balance", 'paid' AS status FROM documents d"""
    )
    source = sql(book, query=query, closed_query=closed)
    assert sum(map(len, source.invoices())) == 3
    said = source.explain(pd.DataFrame({"invoice_ref": ["A-2"]}))
    assert said is not None
    assert said["status"].tolist() == ["paid"]


def test_a_sum_beyond_eighteen_digits_is_an_error_and_not_a_wrong_sum(tmp_path: Path) -> None:
    url = new_database(tmp_path, "CREATE TABLE big (n INTEGER, owed NUMERIC(18, 2))", *_big(12))
    plain = "n AS invoice_ref, 'Ada' AS customer_name, 'EUR' AS currency, DATE '2026-05-04' AS issued_on"
    query = f"SELECT {plain}, owed AS balance FROM big"
    assert "overflow" in failure(sql(url, query=query))
    few = sql(url, query=f"{query} WHERE n < 9")
    assert complete(few).totals == {"EUR": 9 * Decimal("99999999999999.99")}


def _big(count: int) -> Iterator[str]:
    return (f"INSERT INTO big VALUES ({number}, 99999999999999.99)" for number in range(count))


def test_a_database_of_dialect_1_is_read_to_the_cent(tmp_path: Path) -> None:
    inserts = [f"INSERT INTO t VALUES ('D-{n}', '2026-05-04 09:30', 56.64 - 21.52)" for n in range(30)]
    url = new_database(tmp_path, "CREATE TABLE t (nr CHAR(12), d DATE, b NUMERIC(15, 2))", *inserts, dialect=1)
    query = "SELECT nr AS invoice_ref, 'Ada' AS customer_name, 'EUR' AS currency, d AS issued_on, b AS balance FROM t"
    assert complete(sql(url, query=query)).totals == {"EUR": 30 * Decimal("35.12")}
    rows = opened(sql(url, query=query))
    assert {*rows["balance"]} == {Decimal("35.12")}
    assert {*rows["issued_on"]} == {date(2026, 5, 4)}


def test_a_sum_of_dialect_1_beyond_what_its_doubles_add_is_refused(tmp_path: Path) -> None:
    url = new_database(
        tmp_path,
        "CREATE TABLE t (nr INTEGER, b NUMERIC(15, 2))",
        "INSERT INTO t VALUES (1, 900000000000.01)",
        "INSERT INTO t VALUES (2, 900000000000.02)",
        dialect=1,
    )
    query = "SELECT nr AS invoice_ref, 'Ada' AS customer_name, 'EUR' AS currency, b AS balance FROM t"
    assert "more than a database of dialect 1 adds exactly" in failure(sql(url, query=query))


def test_what_is_written_meanwhile_is_not_seen_and_not_held_up(book: str) -> None:
    settings = sql(book, query=QUERY).settings
    with Database("erp", book, 60).snapshot() as connection:
        names = Names("erp", column_names(connection, QUERY), {})
        control = ControlTotals.asked(connection, QUERY, names, "erp", settings)
        execute(book, "UPDATE documents SET quantity = 0", "DELETE FROM documents WHERE nr = 'A-2'")
        rows = [row for batch in batches(connection, QUERY) for row in batch]
    assert control.rows == len(rows) == 3
    assert complete(sql(book, query=QUERY)).rows == 2


@pytest.mark.parametrize("statement", ["DELETE FROM documents", "UPDATE customers SET name = ''"])
def test_the_database_itself_refuses_to_write(book: str, statement: str) -> None:
    with pytest.raises(SourceError, match="read-only transaction"), Database("erp", book, 60).snapshot() as connection:
        connection.exec_driver_sql(statement)
    assert owed(sql(book, query=QUERY)) == TRUTH


def test_numbers_longer_than_their_column_are_asked_for_too(book: str) -> None:
    source = sql(book, query=QUERY, closed_query=CLOSED)
    assert sum(map(len, source.invoices())) == 3
    asked = ["A-1", "a number that is much longer than the column holds", "A-2 "]
    said = source.explain(pd.DataFrame({"invoice_ref": asked}))
    assert said is not None
    assert said["invoice_ref"].str.strip().tolist() == ["A-1", "A-2"]


def test_a_wrong_charset_is_named_with_what_to_write(tmp_path: Path) -> None:
    url = new_database(tmp_path, *BOOK, charset="WIN1252")
    said = failure(sql(f"{url}?charset=NONE", query=QUERY))
    assert "'utf-8' codec can't decode" in said
    assert "say which behind the URL, as in ?charset=WIN1252" in said
    assert owed(sql(f"{url}?charset=WIN1252", query=QUERY)) == TRUTH


def test_the_whole_of_an_error_is_told_and_nothing_on_stderr(book: str, capfd: pytest.CaptureFixture[str]) -> None:
    said = failure(sql(book, query="SELECT * FROM nowhere"))
    assert said == (
        "erp: the database reports: Dynamic SQL Error -SQL error code = -204 -Table unknown -NOWHERE -At line 2, "
        "column 15"
    )
    assert capfd.readouterr().err == ""


def test_a_statement_that_takes_too_long_is_ended(book: str) -> None:
    assert failure(sql(book, query=SLOW, timeout_seconds=1)).endswith("; it may take timeout_seconds = 1")
    assert owed(sql(book, query=QUERY)) == TRUTH


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, book: str) -> None:
    absent = book.replace("books.fdb", "boks.fdb")
    assert f"there is no database file {tmp_path / 'boks.fdb'}; look at `url`" in failure(sql(absent, query=QUERY))
    assert not tmp_path.joinpath("boks.fdb").exists()


def test_an_absent_client_library_is_named(book: str) -> None:
    url = f"{book}?fb_client_library=/nowhere/libfbclient.so"
    asks = f"from arfeed_connectors.sql.database import Database as D; D('erp', {url!r}, 9).snapshot().__enter__()"
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, timeout=60, check=False)
    assert "SourceError: erp: Firebird's client library was not found" in done.stderr


@pytest.mark.parametrize("level", ["SNAPSHOT", "READ COMMITTED"])
def test_isolation_level_is_refused_where_it_would_have_no_effect(book: str, level: str) -> None:
    said = failure(sql(book, query=QUERY, isolation_level=level))
    assert "has no effect on this database, which is always read in a SNAPSHOT that may only read" in said


def test_thirty_writers_tear_nothing(tmp_path: Path) -> None:
    url = new_database(
        tmp_path,
        "CREATE TABLE ledger (n INTEGER PRIMARY KEY, owed NUMERIC(15, 2))",
        "COMMIT",
        *(f"INSERT INTO ledger VALUES ({number}, 1000)" for number in range(60)),
    )
    query = "SELECT n AS invoice_ref, 'Ada' AS customer_name, 'EUR' AS currency, DATE '2026-05-04' AS issued_on, "
    with thirty_writers(url.removeprefix("firebird:///"), 60) as moved:
        seen = [owed(sql(url, query=f"{query} owed AS balance FROM ledger")) for _ in range(6)]
    assert [(len(rows), sum(rows.values())) for rows in seen] == [(60, Decimal(60_000))] * 6
    assert len(moved) > 30
    assert len({*seen[-1].values()}) > 2

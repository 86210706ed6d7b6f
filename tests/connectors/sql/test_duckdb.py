"""DuckDB: a file that is read-only, there, and given back as soon as its rows are."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from arfeed import SourceError
from arfeed.plugins.config import read_project
from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.database import Database
from support.databases.tables import sql
from support.feeds.command import write
from support.feeds.sources import balances, complete, failure, opened

BOOK = """
CREATE TABLE books AS SELECT 'D-' || i AS invoice_ref, 'Zoë' AS customer_name, IF(i = 3, 'JPY', 'EUR') AS currency,
    DATE '2026-05-04' + CAST(i AS INT) AS issued_on, TIMESTAMP '2026-06-03 14:30:00' AS due_on,
    CAST(IF(i = 3, 5000, i + 0.1) AS DECIMAL(18, 2)) AS balance FROM range(1, 5) r(i)
"""
QUERY = "SELECT * FROM books"
WRITER = """
import random, sys, time
import duckdb

chance = random.Random(7)
print("at work", flush=True)
while True:
    try:
        with duckdb.connect(sys.argv[1]) as connection:
            one, other = chance.sample(range(60), 2)
            connection.execute("BEGIN")
            connection.execute("UPDATE ledger SET owed = owed - 0.37 WHERE n = ?", [one])
            connection.execute("UPDATE ledger SET owed = owed + 0.37 WHERE n = ?", [other])
            connection.execute("COMMIT")
    except duckdb.IOException:  # the reader has the file
        pass
    time.sleep(0.05)
"""
SLOW = "SELECT COUNT(*) AS balance FROM range(9000000) a, range(9000000) b WHERE (a.range * b.range) % 7 = 3"


@pytest.fixture
def book(tmp_path: Path) -> str:
    with duckdb.connect(str(tmp_path / "books.duckdb")) as connection:
        connection.execute(BOOK)
    return f"duckdb:///{tmp_path / 'books.duckdb'}"


def test_values_and_control_are_exact(book: str) -> None:
    rows = opened(sql(book, query=QUERY)).set_index("invoice_ref")
    assert rows["balance"].to_dict() == {
        "D-1": Decimal("1.10"),
        "D-2": Decimal("2.10"),
        "D-3": Decimal(5000),
        "D-4": Decimal("4.10"),
    }
    assert (rows["issued_on"]["D-1"], rows["due_on"]["D-1"]) == (date(2026, 5, 5), date(2026, 6, 3))
    assert complete(sql(book, query=QUERY)).totals == {"EUR": Decimal("7.30"), "JPY": Decimal(5000)}


def test_a_mistyped_path_makes_no_new_database(tmp_path: Path, book: str) -> None:
    said = failure(sql(book.replace("books", "boks"), query=QUERY))
    assert said == f"erp: there is no database file {tmp_path / 'boks.duckdb'}; look at `url`"
    assert not tmp_path.joinpath("boks.duckdb").exists()


def test_a_relative_path_starts_at_the_folder_of_plugins_toml(tmp_path: Path, book: str) -> None:
    text = (
        f'plugins = ["sql", "kolleno"]\n[sources.erp]\nuse = "sql"\nurl = "duckdb:///books.duckdb"\nquery = "{QUERY}"\n'
    )
    out = f'[destination]\nuse = "kolleno"\nmode = "open-ar"\nurl = "{(tmp_path / "out").as_uri()}"\n'
    [source] = read_project(write(tmp_path, text + out)).sources
    assert isinstance(source, Sql)
    assert source.settings.url.get_secret_value() == book


@pytest.mark.parametrize("beside", ["", "?access_mode=read_write"])
def test_the_file_is_opened_read_only(book: str, beside: str) -> None:
    with (
        pytest.raises(SourceError, match=r"(?i)read.?only"),
        Database("erp", book + beside, 60).snapshot() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM books")
    assert complete(sql(book, query=QUERY)).rows == 4


def test_a_file_that_its_program_has_open_is_refused_with_what_to_do(tmp_path: Path, book: str) -> None:
    code = f"import duckdb; c = duckdb.connect({str(tmp_path / 'books.duckdb')!r}); print('open', flush=True); input()"
    program = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout
        assert program.stdout.readline() == "open\n"
        assert failure(sql(book, query=QUERY)).endswith("; close the file there, or read a copy of it")
    finally:
        program.communicate("\n", timeout=30)
    assert complete(sql(book, query=QUERY)).rows == 4


def test_what_writers_leave_between_two_writings_is_read_whole_or_refused(tmp_path: Path) -> None:
    import duckdb

    file = tmp_path / "ledger.duckdb"
    with duckdb.connect(str(file)) as made:
        made.execute("CREATE TABLE ledger AS SELECT n, 1000::DECIMAL(12, 2) AS owed FROM range(60) numbers(n)")
    query = (
        "SELECT n AS invoice_ref, 'Ada' AS customer_name, 'EUR' AS currency, DATE '2026-05-04' AS issued_on, "
        "owed AS balance FROM ledger"
    )
    program = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True)
    whole: list[dict[str, Decimal]] = []
    refused: list[str] = []
    try:
        assert program.stdout
        assert program.stdout.readline() == "at work\n"
        while len(whole) < 4:
            try:
                whole.append(balances(opened(sql(f"duckdb:///{file}", query=query))))
            except SourceError as exc:
                refused.append(str(exc))
    finally:
        program.kill()
        program.communicate(timeout=30)
    assert [(len(rows), sum(rows.values())) for rows in whole] == [(60, Decimal(60_000))] * 4
    assert all(said.endswith("; close the file there, or read a copy of it") for said in refused)


def test_its_program_may_have_the_file_while_rows_become_frames_and_before_the_missing_are_asked_for(
    tmp_path: Path, book: str
) -> None:
    closed = "SELECT 'D-9' AS invoice_ref, 'Zoë' AS customer_name, 0 AS balance, 'paid' AS status"
    source = sql(book, query=QUERY, closed_query=closed)
    rows = source.invoices()
    assert len(next(rows)) == 4
    code = f"import duckdb; duckdb.connect({str(tmp_path / 'books.duckdb')!r}).execute('DELETE FROM books')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert [*rows] == []
    said = source.explain(pd.DataFrame({"invoice_ref": ["D-9"]}))
    assert said is not None
    assert said["status"].tolist() == ["paid"]


def test_a_statement_that_takes_too_long_is_ended(book: str) -> None:
    assert failure(sql(book, query=SLOW, timeout_seconds=1)).endswith("; it may take timeout_seconds = 1")


def test_a_moment_with_a_zone_is_refused(book: str) -> None:
    moment = "TIMESTAMPTZ '2026-05-04 23:30:00+00' AS issued_on"
    one = f"SELECT invoice_ref, customer_name, currency, {moment}, balance FROM books"
    assert "which may fall on either of two dates; choose one in the query" in failure(sql(book, query=one))


@pytest.mark.parametrize("name", ["balance", "amount"])
def test_a_truth_is_no_amount(book: str, name: str) -> None:
    # DuckDB adds up truths as 0 and 1, so its control would agree with such debts.
    query = "SELECT *, balance > 2 AS amount FROM books"
    if name == "balance":
        query = "SELECT * REPLACE (balance > 2 AS balance) FROM books"
    assert f"column {name!r} holds true and false instead of amounts" in failure(sql(book, query=query))

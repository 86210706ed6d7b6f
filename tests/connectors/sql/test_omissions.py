"""What an honest query and a slip may both say is noted before the first delivery; cents that get lost are refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from arfeed_connectors.sql.text.omissions import describe_omissions
from support.databases.firebird_books import new_database
from support.databases.tables import DATABASES, place, sql, table
from support.feeds.feed import Feed
from support.feeds.sources import complete, failure

HEAD = "SELECT i.no AS invoice_ref, i.total AS balance FROM invoices i"
COUNTER = "WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 10)"


def noted(query: str, database: str = "postgresql") -> str:
    return "; ".join(describe_omissions(query, database, "invoice_ref"))


@pytest.mark.parametrize(
    ("tail", "without"),
    [
        ("JOIN payments p ON p.invoice = i.id", "payments"),
        ("INNER JOIN customers c USING (customer)", "customers"),
        ("LEFT JOIN customers c ON c.id = i.customer JOIN payments p ON p.invoice = i.id", "payments"),
        ("JOIN customers c ON c.id = i.customer JOIN regions r ON r.id = c.region", "customers and in regions"),
        (", customers c WHERE c.id = i.customer", "customers"),
        ("NATURAL JOIN customers c", "customers"),
        ("JOIN (SELECT invoice, SUM(paid) AS s FROM payments GROUP BY invoice) p ON p.invoice = i.id", "p"),
        ("JOIN (VALUES (1), (2)) AS v (id) ON v.id = i.id", "v"),
        ("LEFT JOIN payments p ON p.invoice = i.id WHERE p.state = 'booked'", "payments"),
        ("LEFT JOIN (customers c JOIN regions r ON r.id = c.region) ON c.id = i.customer WHERE r.x = 1", "regions"),
        ("JOIN generate_series(1, 10) g (k) ON g.k = i.id", "g"),
    ],
)
def test_a_join_that_leaves_documents_out_is_noted(tail: str, without: str) -> None:
    assert f"only documents that have a row in {without} are listed" in noted(f"{HEAD} {tail}")


def test_the_table_that_is_named_first_may_be_the_one_that_leaves_out() -> None:
    query = "SELECT i.no AS invoice_ref FROM customers c JOIN invoices i ON i.customer = c.id"
    assert "a row in customers are listed" in noted(query)
    assert "a row in customers are listed" in noted(f"SELECT * FROM ({query}) x")
    assert "a row in customers are listed" in noted(f"WITH x AS ({query}) SELECT * FROM x")


@pytest.mark.parametrize(
    ("tail", "chosen"),
    [
        ("WHERE i.id IN (1, 2, 3)", "i.id IN (1, 2, 3)"),
        ("WHERE id <= 100", "id <= 100"),
        ("WHERE 100 >= i.id", "i.id"),
        ("WHERE i.no BETWEEN '1000' AND '1999'", "i.no BETWEEN '1000'"),
        ("WHERE i.id % 2 = 0", "i.id % 2"),
        ("WHERE i.no = 'RE-7'", "i.no = 'RE-7'"),
        ("WHERE i.id > 4711", "i.id > 4711"),
        ("WHERE i.id IN (VALUES (1), (2))", "i.id IN (VALUES (1), (2))"),
        ("WHERE i.id IN (SELECT 1 UNION ALL SELECT 2)", "i.id IN (SELECT 1 UNION ALL SELECT 2)"),
        ("WHERE i.no = ANY (ARRAY['1', '2'])", "i.no = ANY"),
        ("WHERE i.id IN (SELECT value FROM json_each('[1, 2]'))", "i.id IN (SELECT value FROM json_each('[1, 2]'))"),
    ],
)
def test_documents_that_are_chosen_by_their_keys_are_noted(tail: str, chosen: str) -> None:
    assert f"documents are chosen by their numbers or keys, {chosen}" in noted(f"{HEAD} {tail}")
    assert "documents are chosen" in noted(f"SELECT x.no AS invoice_ref FROM (SELECT * FROM invoices i {tail}) x")


@pytest.mark.parametrize(
    "tail",
    [
        "JOIN n ON n.k = i.id",
        "WHERE i.id IN (SELECT k FROM n)",
    ],
)
def test_rows_that_are_counted_up_to_a_constant_are_noted(tail: str) -> None:
    assert "the rows of n are counted up, and only as far as k < 10" in noted(f"{COUNTER} {HEAD} {tail}")


HONEST = (
    "WHERE i.total <> i.paid",
    "LEFT JOIN customers c ON c.id = i.customer WHERE i.state = 'open' AND i.type IN (1, 2)",
    "LEFT JOIN payments p ON p.invoice = i.id WHERE p.id IS NULL OR p.amount < i.total",
    "LEFT JOIN payments p ON p.invoice = i.id GROUP BY i.id HAVING i.total > COALESCE(SUM(p.amount), 0)",
    "LEFT JOIN customers c ON c.id = i.customer AND c.active = 1",
    "LEFT JOIN customers c ON c.id = i.customer WHERE COALESCE(c.internal, 0) = 0",
    "LEFT JOIN (customers c JOIN regions r ON r.id = c.region) ON c.id = i.customer",
    "CROSS JOIN (SELECT MAX(day) AS day FROM rates) r WHERE i.day <= r.day",
    "JOIN (SELECT 1 AS rate) r ON true",
    "WHERE i.id > 0 AND i.no <> '' AND i.no NOT LIKE 'DRAFT%' AND i.no LIKE 'RE-%'",
    "WHERE i.id NOT IN (5, 6) AND i.no IS NOT NULL AND i.company = 1",
    "WHERE i.id NOT IN (SELECT invoice FROM cancelled)",
    "WHERE i.id IN (SELECT invoice FROM open_items WHERE state IN ('a', 'b'))",
    "WHERE i.state IN (VALUES ('open'), ('part'))",
    "LEFT JOIN customers c ON c.id = i.customer WHERE EXISTS (SELECT 1 FROM lines l WHERE l.invoice = i.id)",
    "RIGHT JOIN invoices j ON j.id = i.id",
)


@pytest.mark.parametrize("tail", HONEST)
@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb", "firebird"])
def test_honest_queries_are_not_commented_on(tail: str, database: str) -> None:
    said = noted(f"{HEAD.replace('i.no', 'j.no') if 'RIGHT' in tail else HEAD} {tail}", database)
    assert said == ""


COLUMNS = (
    "id INTEGER, num VARCHAR(9), customer VARCHAR(9), currency_code CHAR(3), issued DATE, cents INTEGER, "
    "total DECIMAL(12, 2)"
)
ROWS = ((1, "1001", "Ada", "USD", "2026-04-07", 12345, 10), (2, "1002", "Bo", "EUR", "2026-04-08", 100, 20))
PLAIN = (
    "SELECT i.num AS invoice_ref, i.customer AS customer_name, i.currency_code AS currency, i.issued AS issued_on, "
    "i.total AS balance FROM inv i"
)


@pytest.fixture(params=[*DATABASES, "duckdb", "firebird"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    made = [f"CREATE TABLE inv ({COLUMNS})", *(f"INSERT INTO inv VALUES {row}" for row in ROWS)]
    made += ["CREATE TABLE company (id INTEGER, cur CHAR(3))", "INSERT INTO company VALUES (1, 'EUR')"]
    if request.param == "firebird":
        return new_database(tmp_path, *made)
    if request.param == "duckdb":
        with duckdb.connect(str(tmp_path / "books.duckdb")) as connection:
            for statement in made:
                connection.execute(statement)
        return f"duckdb:///{tmp_path / 'books.duckdb'}"
    url = table(place(request, request.param, tmp_path), "inv", COLUMNS, *ROWS)
    return table(url, "company", "id INTEGER, cur CHAR(3)", (1, "EUR"))


WHOLE = ("i.cents / 100", "CAST(i.cents / 100 AS DECIMAL(12, 2))", "ROUND(i.cents / 100, 2)", "i.cents / 100 - 0.0")


@pytest.mark.parametrize("divided", WHOLE)
def test_a_division_of_whole_numbers_that_drops_cents_is_refused(url: str, divided: str) -> None:
    source = sql(url, query=PLAIN.replace("i.total AS", f"{divided} AS"))
    if url.startswith(("mysql", "duckdb")):
        assert str((complete(source).totals or {})["USD"]).startswith("123.45")
        return
    said = failure(source)
    assert "`query` divides whole numbers, which drops what is behind the point" in said
    assert "/ 100" in said
    inner = PLAIN.replace("i.total AS", "i.cents / 100 AS").replace("FROM inv i", "FROM (SELECT * FROM inv) i")
    assert "divides whole numbers" in failure(sql(url, query=f"SELECT * FROM ({inner}) x"))
    amount = PLAIN.replace("i.total AS balance", "i.total AS balance, i.cents / 100 AS amount")
    assert "divides whole numbers" in failure(sql(url, query=amount))


@pytest.mark.parametrize(
    "divided", ["i.cents / 100.00", "i.cents * 0.01", "i.total / 2", "CASE WHEN i.id / 2 = 5 THEN 1 ELSE i.total END"]
)
def test_divisions_that_lose_nothing_are_taken(url: str, divided: str) -> None:
    query = f"{PLAIN.replace('i.total AS', f'{divided} AS')} WHERE i.id / 2 < 9"
    assert complete(sql(url, query=query)).rows == 2


@pytest.mark.parametrize(
    ("instead", "says"),
    [
        ("c.cur AS currency", "but the query takes c.cur AS currency"),
        ("'EUR' AS currency", "but the query takes 'EUR' AS currency"),
        ("", "but all are taken as EUR"),
    ],
)
def test_a_currency_that_is_not_the_invoices_own_is_noted(url: str, instead: str, says: str) -> None:
    query = PLAIN.replace("i.currency_code AS currency,", f"{instead}," if instead else "")
    source = sql(url, query=f"{query} LEFT JOIN company c ON c.id = 1", currency="EUR")
    [note] = complete(source).notes
    assert "inv has a column currency_code" in note.lower()
    assert says in note
    assert complete(sql(url, query=f"{query} LEFT JOIN company c ON c.id = 1", currency="EUR")).rows == 2


@pytest.mark.parametrize("condition", ["", "WHERE i.currency_code = 'EUR'"])
def test_the_invoices_own_currency_is_not_commented_on(url: str, condition: str) -> None:
    query = PLAIN if not condition else PLAIN.replace("i.currency_code AS currency", "'EUR' AS currency")
    assert complete(sql(url, query=f"{query} {condition}")).notes == ()


def test_the_notes_are_in_the_first_plan_only(tmp_path: Path) -> None:
    url = table(f"sqlite:///{tmp_path / 'books.db'}", "inv", COLUMNS, *ROWS)
    table(url, "pay", "inv INTEGER", (1,), (2,))
    source: dict[str, object] = {"use": "sql", "url": url, "query": f"{PLAIN} JOIN pay p ON p.inv = i.id"}
    feed = Feed(tmp_path / "feed", {"erp": source}, plugins=("sql", "kolleno"))
    said = "only documents that have a row in pay are listed"
    assert any(said in note for note in feed.plan().notes)
    feed.approved()
    assert not any(said in note for note in feed.plan().notes)

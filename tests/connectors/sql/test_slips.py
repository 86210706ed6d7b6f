"""Slips that a lenient database takes without a word are refused, and so is what hides rows; sound queries are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest

from arfeed import SourceError
from arfeed_connectors import sql as connector
from arfeed_connectors.sql import bulk
from support.databases.tables import execute, place, sql, table
from support.feeds.sources import failure, opened

COLUMNS = (
    "id INTEGER, number VARCHAR(20), customer VARCHAR(40), currency VARCHAR(3), issued DATE, total DECIMAL(12, 2), "
    "paid DECIMAL(12, 2), state VARCHAR(9)"
)
ROWS = (
    (1, "1001", "Ada", "EUR", "2026-04-07", 100, 40, "open"),
    (2, "1002", "Ada", "EUR", "2026-04-07", 50, 0, "open"),
    (3, "1003", "Bo", "EUR", "2026-04-07", 20, 0, "void"),
)
PLAIN = (
    "SELECT i.number AS invoice_ref, i.customer AS customer_name, i.currency, i.issued AS issued_on, "
    "i.total AS amount, i.total - i.paid AS balance FROM inv i WHERE i.state = 'open'"
)


@pytest.fixture(params=["sqlite", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return table(place(request, request.param, tmp_path_factory.mktemp("books")), "inv", COLUMNS, *ROWS)


def said(url: str, query: str, **settings: object) -> str:
    return failure(sql(url, query=query, **settings))


@pytest.mark.parametrize(
    ("instead", "of", "says"),
    [
        ('i.total - "payd"', "i.total - i.paid", 'calculates with the text "payd"'),
        ('"totl" - i.paid', "i.total - i.paid", 'calculates with the text "totl"'),
        ("i.total - 'paid'", "i.total - i.paid", "calculates with the text 'paid'"),
        ('i.total - COALESCE("payd", 0)', "i.total - i.paid", 'COALESCE("payd"'),
        ('i.total - ROUND("payd")', "i.total - i.paid", 'ROUND("payd"'),
        ("'RE-' + i.number", "i.number", "calculates with the text 'RE-'"),
        ("i.number + '/a'", "i.number", "calculates with the text '/a'"),
        ("\"stat\" <> 'void'", "i.state = 'open'", 'compares the text "stat"'),
        ("i.total > 0 AND \"stat\" NOT IN ('void')", "i.state = 'open'", 'compares the text "stat"'),
    ],
)
def test_a_text_where_a_column_was_meant_is_refused(url: str, instead: str, of: str, says: str) -> None:
    assert says in said(url, PLAIN.replace(of, instead, 1))


def test_a_column_in_quotes_that_mysql_takes_for_a_text_is_refused(mariadb_url: str) -> None:
    table(mariadb_url, "inv", COLUMNS, *ROWS)
    query = PLAIN.replace("i.paid", '"paid"')
    assert 'calculates with the text "paid"' in said(mariadb_url, query)
    ansi = f"{mariadb_url}?sql_mode=ANSI_QUOTES"
    assert opened(sql(ansi, query=query))["balance"].sum() == 110


def test_bars_that_mean_or_are_refused_where_they_do(mariadb_url: str) -> None:
    table(mariadb_url, "inv", COLUMNS, *ROWS)
    query = PLAIN.replace("i.number AS", "'RE-' || i.number AS")
    assert "'RE-' beside ||, which is OR in this database" in said(mariadb_url, query)
    assert "beside ||" in said(mariadb_url, query.replace("'RE-' || i.number", "i.number || '-RE'"))
    joined = opened(sql(f"{mariadb_url}?sql_mode=PIPES_AS_CONCAT", query=query))
    assert [*joined["invoice_ref"]] == ["RE-1001", "RE-1002"]


GROUPED = (
    "SELECT i.number AS invoice_ref, i.customer AS customer_name, i.currency, i.issued AS issued_on, "
    "SUM(i.total - i.paid) AS balance FROM inv i WHERE i.state = 'open' GROUP BY "
)


@pytest.mark.parametrize("by", ["i.customer", "customer, i.currency", "2", "SUBSTR(i.customer, 1, 1)", "c.id"])
def test_a_group_of_which_one_invoice_is_listed_is_refused(url: str, by: str) -> None:
    query = GROUPED.replace("FROM inv i", "FROM inv i JOIN (SELECT 1 AS id) c") if by == "c.id" else GROUPED
    assert f"groups by {by} and lists one invoice_ref of each group" in said(url, query + by)
    with_more = said(url, f"{query}{by} HAVING SUM(i.total) > 0 ORDER BY 1")
    assert "add i.number to GROUP BY" in with_more


@pytest.mark.parametrize("by", ["i.number", "number", "i.id", "invoice_ref", "1", "i.customer, i.number", "id"])
def test_groups_that_are_one_invoice_each_are_read(url: str, by: str) -> None:
    assert len(opened(sql(url, query=GROUPED + by))) == 2


@pytest.mark.parametrize("by", ["i.customer", "customer, i.currency"])
def test_a_group_within_what_supplies_the_rows_is_refused(url: str, by: str) -> None:
    inner = f"{GROUPED}{by}".replace("i.number AS invoice_ref", "i.number")
    says = f"groups by {by} and lists one number of each group"
    assert says in said(url, f"SELECT g.number AS invoice_ref, g.* FROM ({inner}) g")
    assert says in said(url, f"WITH g AS ({inner}) SELECT g.number AS invoice_ref, g.* FROM g")
    star = f"SELECT number AS invoice_ref, g.* FROM (SELECT * FROM inv i WHERE state = 'open' GROUP BY {by}) g"
    assert says in said(url, star)


def test_a_group_of_all_columns_is_refused_unless_it_is_by_the_number(url: str) -> None:
    query = PLAIN.replace("FROM inv i", "FROM (SELECT * FROM inv GROUP BY customer) i")
    assert "lists one number of each group" in said(url, query)
    assert "add number to GROUP BY" in said(url, query)
    for by in ("number", "id"):
        assert len(opened(sql(url, query=query.replace("GROUP BY customer", f"GROUP BY {by}")))) == 2


def test_groups_that_only_join_the_invoices_are_read(url: str) -> None:
    joined = (
        "LEFT JOIN (SELECT customer AS c, number AS n, SUM(paid) AS p FROM inv GROUP BY customer) g ON g.c = i.customer"
    )
    assert len(opened(sql(url, query=PLAIN.replace("FROM inv i", f"FROM inv i {joined}")))) == 2


def test_a_union_is_looked_at_part_by_part_and_so_is_the_closed_query(url: str) -> None:
    union = f"{PLAIN} UNION ALL {GROUPED.replace('SUM', 'NULL, SUM')}i.customer"
    assert "groups by i.customer" in said(url, union)
    closed = f"{GROUPED}i.customer".replace("i.currency,", "i.currency, 'open' AS status,")
    with pytest.raises(SourceError, match="`closed_query` groups by"):
        sql(url, query=PLAIN, closed_query=closed).check()


@pytest.mark.parametrize(
    "query",
    [
        PLAIN.replace("'open'", '"open"'),
        PLAIN + " AND 'open' = i.state".replace("'open' = i.state", "i.state IN ('open', 'held')"),
        PLAIN.replace("i.currency", "CASE WHEN i.currency = 'EUR' THEN 'EUR' ELSE 'USD' END AS currency"),
        PLAIN.replace("i.currency", "COALESCE(i.currency, 'EUR') AS currency"),
        PLAIN + " AND i.customer NOT LIKE 'X%' AND i.total * '1.5' > 0",
        PLAIN + " AND i.customer <> 'a - b' AND 1 - 1 = 0",
        PLAIN.replace("i.customer AS", '"Ada" AS'),
        PLAIN.replace("i.total - i.paid", "i.total - COALESCE((SELECT 40 WHERE i.number = '1001'), 0)"),
        PLAIN.replace("SELECT", "SELECT /* 'a' - b */", 1) + " -- 'a' - b",
    ],
)
def test_texts_where_texts_belong_are_no_slips(url: str, query: str) -> None:
    assert [*opened(sql(url, query=query))["balance"]] == [60, 50]


def test_days_are_calculated_with_as_ever(mariadb_url: str) -> None:
    table(mariadb_url, "inv", COLUMNS, *ROWS)
    query = PLAIN + " AND i.issued > '2026-05-01' - INTERVAL 90 DAY AND i.issued < NOW() + INTERVAL '1' YEAR"
    assert len(opened(sql(mariadb_url, query=query))) == 2


def test_a_name_in_quotes_is_a_name_where_there_is_such_a_column(url: str) -> None:
    if url.startswith("sqlite"):
        query = PLAIN.replace("i.total - i.paid", 'i."total" - "paid"').replace("i.state", '"state"')
        assert len(opened(sql(url, query=query))) == 2


@pytest.mark.parametrize(
    "more", ["?charset=latin1", "?charset=ascii", "?charset=utf8", f"?init_command={quote('SET NAMES ascii')}"]
)
def test_no_charset_of_the_url_makes_question_marks_of_names(mariadb_url: str, more: str) -> None:
    table(mariadb_url, "inv", COLUMNS, (1, "1001", "Łódź 😀 Müller", "EUR", "2026-04-07", 1, 0, "open"))
    assert [*opened(sql(mariadb_url + more, query=PLAIN))["customer_name"]] == ["Łódź 😀 Müller"]


def test_a_number_that_is_shown_with_zeros_in_front_keeps_them(mariadb_url: str) -> None:
    zeros = COLUMNS.replace("number VARCHAR(20)", "number INT(8) ZEROFILL")
    rows = [(1, number, "Ada", "EUR", "2026-04-07", 1, 0, "open") for number in (7, 12345678)]
    table(mariadb_url, "inv", zeros, *rows)
    closed = PLAIN.replace("i.currency", "i.currency, 'open' AS status")
    source = sql(mariadb_url, query=PLAIN, closed_query=closed)
    (frame,) = source.invoices()
    assert [*frame["invoice_ref"]] == ["00000007", "12345678"]
    answer = source.explain(pd.DataFrame({"invoice_ref": ["00000007"]}))
    assert answer is not None
    assert [*answer["invoice_ref"]] == ["00000007"]


@pytest.fixture
def reader(postgresql: str) -> Iterator[str]:
    """The URL of somebody from whom a policy hides the second invoice."""
    role = "arfeed_policy_" + postgresql.rsplit("_", 1)[1]
    table(postgresql, "inv", COLUMNS, *ROWS)
    schema = postgresql.rsplit("%3D", 1)[1]
    execute(
        postgresql,
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT SELECT ON inv TO {role}",
        "ALTER TABLE inv ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY p ON inv FOR SELECT TO {role} USING (id <> 2)",
    )
    try:
        yield postgresql.replace("postgres@", f"{role}@")
    finally:
        execute(postgresql, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.parametrize("long", [20_000, 0])
def test_a_policy_that_hides_rows_is_refused_unless_the_url_says_that_it_is_meant(
    reader: str, postgresql: str, monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    monkeypatch.setattr(connector, "LONG", long)
    assert 'row-level security policy for table "inv", which may hide open invoices' in said(reader, PLAIN)
    assert len(opened(sql(f"{reader}%20-crow_security%3Don", query=PLAIN))) == 1
    took: list[object] = []

    def noted(*given: Any) -> object:
        took.append(bulk.arrow_tables(*given))
        return took[-1]

    monkeypatch.setattr(connector, "arrow_tables", noted)
    assert len(opened(sql(postgresql, query=PLAIN))) == 2
    assert [tables is not None for tables in took] == [True] * (long == 0)

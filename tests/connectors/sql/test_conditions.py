"""Conditions and portions of tables that leave rows out as a limit does, found in the text of a query."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from arfeed_connectors.sql.text.limits import find_row_limit
from support.databases.tables import DATABASES, place, sql, table
from support.feeds.sources import opened

TEN = "SELECT id FROM a ORDER BY id LIMIT 10"


@pytest.mark.parametrize(
    "condition",
    [
        f"id NOT IN ({TEN})",
        f"NOT id IN ({TEN})",
        f"(id, b) NOT IN (({TEN}))",
        f"id <> ALL ({TEN})",
        f"id > ALL ({TEN})",
        f"id <> ALL (ARRAY({TEN}))",
        f"ARRAY[id] <@ ARRAY({TEN})",
        f"id IN ((SELECT id FROM c) UNION ({TEN}))",
        f"id NOT IN (SELECT c.id FROM c JOIN ({TEN}) d ON d.id = c.id)",
        f"NOT EXISTS (SELECT 1 FROM ({TEN}) b WHERE b.id = a.id)",
        f"EXISTS (SELECT 1 FROM ({TEN}) b WHERE b.id = a.id)",
        f"id <= (SELECT MAX(id) FROM ({TEN}) b)",
        f"COALESCE((SELECT 1 FROM ({TEN}) b WHERE b.id = a.id), 0) = 1",
        f"(SELECT COUNT(*) FROM ({TEN}) b WHERE b.id = a.id) > 0",
        f"b = 1 GROUP BY id HAVING id IN ({TEN})",
    ],
)
def test_a_limit_in_what_a_condition_asks_is_found_whichever_way_it_asks(condition: str) -> None:
    assert find_row_limit(f"SELECT * FROM a WHERE {condition}", "postgresql") == "LIMIT 10"
    assert find_row_limit(f"SELECT * FROM (SELECT * FROM a WHERE {condition}) c", "postgresql") == "LIMIT 10"


@pytest.mark.parametrize(
    ("database", "condition", "found"),
    [
        ("postgresql", "id <= (SELECT id FROM a ORDER BY id LIMIT 1 OFFSET 9)", "OFFSET 9"),
        ("mysql", "id <= (SELECT id FROM a ORDER BY id LIMIT 9, 1)", "LIMIT 9"),
        ("firebird", "id <= (SELECT FIRST 1 SKIP 9 id FROM a ORDER BY id)", "FIRST 1"),
        ("firebird", "id <= (SELECT id FROM a ORDER BY id ROWS 10 TO 10)", "ROWS 10"),
        ("oracle", "id <= (SELECT MAX(id) FROM a WHERE ROWNUM < 10)", "ROWNUM"),
        ("postgresql", "EXISTS (SELECT 1 FROM b TABLESAMPLE SYSTEM (5) WHERE b.id = a.id)", "TABLESAMPLE SYSTEM"),
        ("postgresql", "id IN (SELECT DISTINCT ON (customer) id FROM a)", "ON (customer)"),
        ("postgresql", "id IN (SELECT id FROM (SELECT DISTINCT ON (c.e) c.id FROM c) b)", "ON (c.e)"),
        ("duckdb", "id IN (SELECT id FROM a QUALIFY ROW_NUMBER() OVER (ORDER BY id) < 9)", "QUALIFY ROW_NUMBER"),
        ("sqlite", "10 > (SELECT COUNT(*) FROM a b WHERE b.id < a.id)", "COUNT(*)"),
        ("sqlite", "(SELECT SUM(1) FROM a b WHERE b.id <= a.id AND b.c = 'x') <= 10", "SUM(1)"),
    ],
)
def test_a_page_that_is_turned_within_a_condition_is_found(database: str, condition: str, found: str) -> None:
    assert find_row_limit(f"SELECT invoice_ref FROM a WHERE {condition}", database) == found


RANKED = "(SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM a)"


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT * FROM a JOIN {RANKED} r ON r.id = a.id AND r.n <= 10",
        f"SELECT * FROM a WHERE id IN (SELECT id FROM {RANKED} r WHERE n BETWEEN 1 AND 10)",
        f"SELECT * FROM a WHERE NOT EXISTS (SELECT 1 FROM {RANKED} r WHERE r.n > 10 AND r.id = a.id)",
        f"SELECT * FROM (SELECT b.* FROM {RANKED} b) c WHERE n <= 10",
        f"SELECT * FROM (SELECT b.id, b.n + 0 AS k FROM {RANKED} b) c WHERE 10 >= k",
        f"WITH b AS {RANKED} SELECT * FROM (SELECT id, n AS k FROM b) c WHERE k = 1",
    ],
)
def test_a_number_of_rows_is_found_where_it_is_tested_however_far_away(query: str) -> None:
    assert str(find_row_limit(query, "postgresql")).startswith("ROW_NUMBER() OVER (ORDER BY id)")


@pytest.mark.parametrize(
    ("database", "tail", "found"),
    [
        ("postgresql", "FROM ONLY a", "ONLY a"),
        ("postgresql", "FROM b JOIN ONLY (a) ON a.id = b.id", "ONLY (a)"),
        ("postgresql", "FROM b, only a", "only a"),
        ("postgresql", "FROM b WHERE id IN (SELECT id FROM ONLY a)", "ONLY a"),
        ("postgresql", "FROM b WHERE NOT EXISTS (SELECT 1 FROM ONLY a WHERE a.id = b.id)", "ONLY a"),
        ("mysql", "FROM a PARTITION (p0, p1) AS b", "PARTITION (p0, p1)"),
        ("oracle", "FROM a PARTITION FOR (5)", "PARTITION FOR"),
        ("oracle", "FROM a SUBPARTITION (p) b", "SUBPARTITION (p)"),
        ("mariadb", "FROM a FOR SYSTEM_TIME AS OF '2024-01-01'", "FOR SYSTEM_TIME AS"),
        ("mssql", "FROM a FOR SYSTEM_TIME BETWEEN @b AND @c", "FOR SYSTEM_TIME BETWEEN"),
        ("oracle", "FROM a AS OF TIMESTAMP SYSDATE - 1 b", "AS OF TIMESTAMP"),
        ("oracle", "FROM a VERSIONS BETWEEN SCN 1 AND 2", "VERSIONS BETWEEN SCN"),
        ("cockroachdb", "FROM a AS OF SYSTEM TIME '-1h'", "AS OF SYSTEM"),
        ("snowflake", "FROM a AT (TIMESTAMP => '2024-01-01'::timestamp)", "AT (TIMESTAMP"),
        ("postgresql", "FROM a WHERE ctid < '(10,0)'", "ctid"),
        ("postgresql", "FROM a WHERE a.ctid = ANY (ARRAY['(0,1)']::tid[])", "ctid"),
        ("postgresql", "FROM a WHERE b > 0 AND (a.xmin::text::bigint > 5)", "xmin"),
        ("postgresql", "FROM a WHERE CAST(tableoid AS regclass) = 'a'::regclass", "tableoid"),
        ("sqlite", "FROM a WHERE rowid <= 10", "rowid"),
        ("sqlite", "FROM a WHERE 10 >= a._rowid_", "_rowid_"),
        ("sqlite", "FROM a WHERE oid % 2 = 0", "oid"),
        ("sqlite", "FROM a WHERE a.rowid BETWEEN :b AND :c", "rowid"),
        ("sqlite", "FROM a WHERE a.id IN (SELECT id FROM a WHERE rowid IN (1, 2))", "rowid"),
        ("duckdb", "FROM (SELECT *, rowid AS r FROM a) b WHERE b.r < 10", "rowid AS r"),
        ("oracle", "FROM a WHERE ROWID < 'AAAR3s'", "ROWID"),
        ("firebird", "FROM a WHERE a.rdb$db_key < x'80'", "rdb$db_key"),
        ("mysql", "FROM a WHERE _rowid <= 10", "_rowid"),
        ("mysql", "FROM a WHERE RAND(5) < 0.5", "RAND(5)"),
        ("mysql", "FROM a, (SELECT @n := 0) z WHERE (@n := @n + 1) <= 10", ":="),
        ("mysql", "FROM (SELECT b.*, @n := @n + 1 AS k FROM a b) c WHERE k <= 10", "@n := @n + 1 AS k"),
        (None, "FROM a WHERE rowid < 5", "rowid"),
    ],
)
def test_a_portion_of_a_table_is_found(database: str | None, tail: str, found: str) -> None:
    assert find_row_limit(f"SELECT invoice_ref {tail}", database) == found


@pytest.mark.parametrize(
    ("database", "tail"),
    [
        ("postgresql", "FROM a WHERE b = (SELECT c FROM d WHERE d.a = a.id ORDER BY e DESC LIMIT 1)"),
        ("postgresql", "FROM a LEFT JOIN p ON p.id = (SELECT id FROM p q WHERE q.a = a.id ORDER BY d LIMIT 1)"),
        ("postgresql", "FROM a WHERE d < COALESCE((SELECT d FROM p ORDER BY d DESC LIMIT 1), CURRENT_DATE)"),
        ("postgresql", "FROM a WHERE b <> ALL (SELECT c FROM d) AND NOT EXISTS (SELECT 1 FROM e LIMIT 1)"),
        ("postgresql", "FROM a WHERE id NOT IN (SELECT id FROM b ORDER BY c LIMIT 1)"),
        ("postgresql", "FROM a WHERE id IN (SELECT DISTINCT ON (invoice_ref) id FROM a ORDER BY invoice_ref, v DESC)"),
        ("postgresql", "FROM a JOIN (SELECT DISTINCT ON (p.a) p.a AS x, d FROM p ORDER BY p.a) l ON l.x = a.id"),
        ("postgresql", "FROM a JOIN (SELECT c, ROW_NUMBER() OVER (ORDER BY d DESC) n FROM rates) r ON r.n = 1"),
        ("postgresql", "FROM a JOIN (SELECT b.*, RANK() OVER (PARTITION BY i ORDER BY d) n FROM b) c ON c.n < 3"),
        ("sqlite", "FROM a WHERE 1 > (SELECT COUNT(*) FROM a b WHERE b.nr = a.nr AND b.version > a.version)"),
        ("sqlite", "FROM a WHERE 9 < (SELECT COUNT(*) FROM a b WHERE b.open)"),
        ("sqlite", "FROM a WHERE 9 > (SELECT COUNT(*) FROM holidays h WHERE h.day > a.due AND h.day < '2026-04-07')"),
        ("postgresql", "FROM a only JOIN b AS of ON of.id = only.id WHERE only.c = 'FROM ONLY a'"),
        ("sqlite", "FROM only o JOIN partition (b) ON true"),
        ("postgresql", "FROM (VALUES (1, 2)) partition (invoice_ref, b)"),
        ("mssql", "FROM a FOR SYSTEM_TIME ALL WHERE valid_to > GETDATE()"),
        ("oracle", "FROM a AS of, b at WHERE at.c = of.d"),
        ("sqlite", "FROM a JOIN b ON b.rowid = a.rowid WHERE a.rowid IS NOT NULL"),
        ("sqlite", "FROM a WHERE rowid = (SELECT MAX(b.rowid) FROM a b WHERE b.nr = a.nr) ORDER BY rowid"),
        ("sqlite", "FROM a WHERE rowid IN (SELECT MAX(rowid) FROM a GROUP BY nr)"),
        ("sqlite", "FROM a WHERE 'oid' <> b AND \"oid\" < 10"),
        ("sqlite", "FROM (SELECT *, rowid AS r FROM a) b JOIN c ON c.r = b.r"),
        ("mysql", "FROM llx_facture f WHERE f.rowid > 100"),
        ("mysql", "FROM (SELECT b.*, @n := IF(@c = c, @n + 1, 1) AS k FROM a b) d WHERE k = 1"),
        ("mysql", "FROM (SELECT b.*, @n := @n + 1 AS k FROM a b) c ORDER BY k"),
        ("postgresql", "FROM a WHERE f(x := 5) > 0 AND b = random"),
    ],
)
def test_what_leaves_nothing_out_unseen_is_taken(database: str, tail: str) -> None:
    assert find_row_limit(f"SELECT invoice_ref {tail}", database) is None


LISTED = "SELECT a.invoice_ref, a.customer_name, a.currency, a.issued_on, a.balance FROM books a"


IDS = "array_agg(id ORDER BY id)"


@pytest.mark.parametrize(
    ("database", "tail", "found"),
    [
        ("postgresql", f"FROM a JOIN unnest((SELECT ({IDS})[1:100] FROM a)) b(id) ON b.id = a.id", "[1:100]"),
        ("postgresql", f"FROM a WHERE id = ANY ((SELECT ({IDS})[:100] FROM a)::int[])", "[:100]"),
        (
            "postgresql",
            "FROM a WHERE id = ANY (trim_array(ARRAY(SELECT id FROM a), 5))",
            "trim_array(ARRAY(SELECT id FROM a), 5)",
        ),
        (
            "postgresql",
            "FROM a JOIN unnest(ARRAY(SELECT id FROM a)) WITH ORDINALITY b(id, n) USING (id) WHERE b.n <= 100",
            "n <= 100",
        ),
        ("duckdb", "FROM a WHERE id IN (SELECT unnest(list(id)[1:100]) FROM a)", "[1:100]"),
        ("duckdb", "FROM a WHERE id IN (SELECT unnest(max(id, 20)) FROM a)", "max(id, 20)"),
        ("duckdb", "FROM a WHERE list_contains((SELECT arg_max(id, day, 20) FROM a), id)", "arg_max(id, day, 20)"),
        (
            "sqlite",
            "FROM a JOIN json_each((SELECT json_group_array(id) FROM a)) j ON j.value = a.id AND j.key < 10",
            "key < 10",
        ),
        (
            "mariadb",
            "FROM a JOIN JSON_TABLE((SELECT JSON_ARRAYAGG(id) FROM a), '$[*]' COLUMNS (n FOR ORDINALITY, v INT PATH "
            "'$')) j ON j.v = a.id WHERE j.n <= 10",
            "n <= 10",
        ),
        (
            "sqlite",
            "FROM a WHERE instr((SELECT substr(group_concat(id), 1, 100) FROM a), id)",
            "substr(group_concat(id), 1, 100)",
        ),
        (
            "sqlite",
            "FROM a, (SELECT substr(group_concat(id), 1, 9) AS s FROM a) l WHERE l.s LIKE '%' || a.id || '%'",
            "substr(group_concat(id), 1, 9)",
        ),
        (
            "postgresql",
            "FROM a WHERE id::text IN (SELECT string_to_table(left(string_agg(id::text, ','), 9), ',') FROM a)",
            "left(string_agg(id::text, ','), 9)",
        ),
        (
            "mysql",
            "FROM a WHERE FIND_IN_SET(id, (SELECT GROUP_CONCAT(id) FROM a))",
            "FIND_IN_SET(id, (SELECT GROUP_CONCAT(id)…",
        ),
        ("sqlite", "FROM a JOIN a b ON b.id <= a.id GROUP BY a.id HAVING COUNT(*) <= 9", "HAVING COUNT(*) <= 9"),
        ("mariadb", "FROM a, a b WHERE b.id <= a.id GROUP BY a.id HAVING COUNT(b.id) < 9", "HAVING COUNT(b.id) < 9"),
        (
            "sqlite",
            "FROM a WHERE id IN (SELECT a.id FROM a LEFT JOIN a b ON b.id > a.id GROUP BY a.id HAVING COUNT(b.id) < 9)",
            "HAVING COUNT(b.id) < 9",
        ),
    ],
)
def test_a_part_of_a_list_of_rows_and_a_count_of_those_before_are_found(database: str, tail: str, found: str) -> None:
    assert find_row_limit(f"SELECT a.invoice_ref {tail}", database) == found


@pytest.mark.parametrize(
    ("database", "query"),
    [
        (
            "postgresql",
            f"SELECT no, (SELECT ({IDS})[1] FROM b WHERE b.a = a.id) FROM a WHERE s = ANY (ARRAY['x', 'y'])",
        ),
        ("postgresql", "SELECT no, tags[1:2] AS memo FROM a WHERE s = ANY ('{x}'::text[])"),
        ("postgresql", f"SELECT no, (SELECT ({IDS})[1:3]::text FROM b WHERE b.a = a.id) AS memo FROM a"),
        ("postgresql", "SELECT no, l.v FROM a LEFT JOIN LATERAL unnest(a.lines) WITH ORDINALITY l(v, n) ON l.n = 1"),
        ("sqlite", "SELECT no, max(balance, 0) AS balance FROM a"),
        ("sqlite", "SELECT no, substr(group_concat(l.text), 1, 80) AS memo FROM a JOIN l ON l.a = a.id GROUP BY no"),
        (
            "mariadb",
            "SELECT no, (SELECT LEFT(GROUP_CONCAT(t), 80) FROM l WHERE l.a = a.id) AS memo FROM a WHERE no LIKE 'R%'",
        ),
        ("sqlite", "SELECT no, j.value FROM a JOIN json_each(a.lines) j ON j.key = 0"),
        ("sqlite", "SELECT no, (SELECT group_concat(t) FROM l) AS memo FROM a WHERE substr(no, 1, 2) = 'RE'"),
        ("duckdb", "SELECT no, max(b.day) FROM a JOIN b ON b.a = a.id GROUP BY ALL"),
        ("sqlite", "SELECT a.no, SUM(b.x) FROM a JOIN b ON b.a = a.id GROUP BY a.no HAVING COUNT(*) > 1"),
        (
            "sqlite",
            "SELECT a.no FROM a JOIN a c ON c.credits = a.id AND c.day >= a.day GROUP BY a.no HAVING COUNT(*) >= 1",
        ),
    ],
)
def test_lists_and_counts_of_what_belongs_to_one_invoice_are_taken(database: str, query: str) -> None:
    assert find_row_limit(query, database, "no") is None


@pytest.mark.parametrize("database", DATABASES)
def test_real_databases_deliver_all_or_nothing(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> None:
    rows = [(number, f"INV-{number}", "Ada", "EUR", "2026-04-07", number) for number in range(1, 31)]
    columns = "id INT PRIMARY KEY, invoice_ref VARCHAR(9), customer_name VARCHAR(9), currency CHAR(3)"
    url = table(place(request, database, tmp_path), "books", f"{columns}, issued_on DATE, balance DECIMAL(9, 2)", *rows)
    ten = "SELECT b.id FROM (SELECT id FROM books ORDER BY id LIMIT 10) b"
    for condition in (f"a.id NOT IN ({ten})", f"NOT EXISTS ({ten} WHERE b.id = a.id)", f"a.id > ALL ({ten})"):
        with pytest.raises(ValidationError, match="it says LIMIT 10, which leaves out"):
            sql(url, query=f"{LISTED} WHERE {condition}")
    last = "SELECT issued_on FROM books ORDER BY issued_on DESC LIMIT 1"
    taken = f"{LISTED} WHERE a.issued_on <= ({last}) AND NOT EXISTS (SELECT 1 FROM books WHERE balance < 0 LIMIT 1)"
    assert len(opened(sql(url, query=taken))) == len(rows)

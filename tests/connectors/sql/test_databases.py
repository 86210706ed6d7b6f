"""The same ledger in SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from arfeed import Complete, SourceError
from arfeed.plugins.config import read_project
from arfeed.runs.pipeline import sync
from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.proofs.control_totals import ControlTotals
from arfeed_connectors.sql.statements import BATCH, answers, batches, column_names
from arfeed_connectors.sql.text.names import Names
from support.databases.servers import new_schema
from support.databases.tables import DATABASES, execute, place, sql, table
from support.feeds.command import write
from support.feeds.feed import Feed, Steps, codes, held
from support.feeds.sources import balances, failure, opened

LEDGER = (
    "invoice_ref VARCHAR(40), customer_name VARCHAR(80), currency CHAR(5), issued_on DATE, due_on DATE, "
    "amount DECIMAL(18, 2), balance DECIMAL(18, 2)"
)
ROWS = (
    ("INV/2026/0001", "Ångström & Söhne 株式会社", "EUR", "2026-03-01", "2026-03-31", 1234567890.12, 1234567890.12),
    ("00071", 'O\'Hara; "Ltd", 100 %', "JPY", "2026-03-02", "2026-04-01", 150000, 150000),
    ("RE-3", "Ada", "EUR", "2026-03-03", None, 10.10, 0.05),
)
QUERY = "SELECT * FROM ledger"
FEED = """
plugins = ["sql", "kolleno"]
[sources.erp]
use = "sql"
url = "{url}"
query = "SELECT * FROM ledger"
[destination]
use = "kolleno"
mode = "open-ar"
url = "{out}"
"""


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return place(request, request.param, tmp_path)


def test_three_databases_give_byte_identical_reports(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    reports = set()
    for database in DATABASES:
        folder = tmp_path / database
        folder.mkdir()
        url = table(place(request, database, folder), "ledger", LEDGER, *ROWS)
        project = read_project(write(folder, FEED.format(url=url, out=(folder / "out").as_uri())))
        plan = sync(project, Steps(), clock=lambda: datetime(2026, 4, 4, tzinfo=UTC)).plan
        assert [objection.code for objection in plan.objections] == ["unknown-baseline"]
        sync(project, Steps(), approve=plan.approval, clock=lambda: datetime(2026, 4, 4, tzinfo=UTC))
        [report] = held(folder / "out").values()
        reports.add(report)
    [only] = reports
    assert b'"INV/2026/0001"' in only
    assert b"1234567890.12" in only
    assert b'"150000"' in only
    assert "株式会社".encode() in only


def test_the_control_is_a_count_and_exact_sums_by_currency(url: str) -> None:
    source = sql(table(url, "ledger", LEDGER, *ROWS), query=QUERY)
    assert complete(source) == Complete(rows=3, totals={"EUR": Decimal("1234567890.17"), "JPY": Decimal(150000)})
    assert balances(opened(source)) == {
        "INV/2026/0001": Decimal("1234567890.12"),
        "00071": Decimal(150000),
        "RE-3": Decimal("0.05"),
    }


def test_rows_written_meanwhile_do_not_tear_rows_and_count_apart(url: str) -> None:
    table(url, "ledger", LEDGER, *ROWS)
    if url.startswith("sqlite"):
        execute(url, "PRAGMA journal_mode = WAL")  # in which a reader does not keep writers out
    settings = sql(url, query=QUERY).settings
    with Database("erp", url, 60).snapshot() as connection:
        names = Names("erp", column_names(connection, QUERY), {})
        control = ControlTotals.asked(connection, QUERY, names, "erp", settings)
        execute(url, "INSERT INTO ledger SELECT * FROM ledger", "UPDATE ledger SET balance = 1")
        rows = [row for batch in batches(connection, QUERY) for row in batch]
    assert control.rows == len(rows) == 3
    assert sum(Decimal(str(row[-1])) for row in rows) == sum((control.totals or {}).values())
    assert complete(sql(url, query=QUERY)).rows == 6


@pytest.mark.parametrize(
    "statement", ["DELETE FROM ledger", "UPDATE ledger SET balance = 0", "INSERT INTO ledger SELECT * FROM ledger"]
)
def test_the_database_itself_refuses_to_write_for_us(url: str, statement: str) -> None:
    table(url, "ledger", LEDGER, *ROWS)
    with pytest.raises(SourceError, match=r"(?i)read.?only"), Database("erp", url, 60).snapshot() as connection:
        connection.exec_driver_sql(statement)
    assert complete(sql(url, query=QUERY)).rows == 3


def test_a_select_that_writes_by_a_function_is_refused(postgresql: str) -> None:
    table(postgresql, "ledger", LEDGER, *ROWS)
    body = "BEGIN DELETE FROM ledger; RETURN 1; END"
    execute(postgresql, f"CREATE FUNCTION wipe() RETURNS INT LANGUAGE plpgsql AS $$ {body} $$")
    assert "read-only transaction" in failure(sql(postgresql, query=f"{QUERY} WHERE wipe() = 1"))
    assert complete(sql(postgresql, query=QUERY)).rows == 3


def test_a_with_that_writes_is_refused(postgresql: str) -> None:
    table(postgresql, "ledger", LEDGER, *ROWS)
    query = "WITH gone AS (DELETE FROM ledger RETURNING *) SELECT * FROM gone"
    assert "WITH clause containing a data-modifying statement" in failure(sql(postgresql, query=query))
    assert complete(sql(postgresql, query=QUERY)).rows == 3


SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS balance FROM n",
    "postgresql": "SELECT 1 AS balance FROM pg_sleep(30)",
    "mariadb": "SELECT SLEEP(30) AS balance",
}


@pytest.mark.parametrize("database", DATABASES)
def test_a_statement_that_takes_too_long_fails_the_source(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = table(place(request, database, tmp_path), "ledger", LEDGER)
    said = failure(sql(url, query=SLOW[database], timeout_seconds=1))
    assert said.endswith("; it may take timeout_seconds = 1")


LONG = {
    "postgresql": "SELECT n AS invoice_ref, repeat('x', 500) AS customer_name, 'EUR' AS currency, "
    "DATE '2026-01-01' AS issued_on, 1 AS balance FROM generate_series(1, {rows}) n",
    "mariadb": "SELECT seq AS invoice_ref, REPEAT('x', 500) AS customer_name, 'EUR' AS currency, "
    "CAST('2026-01-01' AS DATE) AS issued_on, 1 AS balance FROM seq_1_to_{rows}",
}
CUT = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mariadb": "KILL {id}",
}


@pytest.mark.parametrize("database", LONG)
def test_a_connection_that_breaks_in_mid_read_fails_the_source(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = place(request, database, tmp_path)
    rows = sql(url, query=LONG[database].format(rows=4 * BATCH)).invoices()
    assert len(next(rows)) == BATCH
    cut(url, CUT[database])
    # What was on its way already may still come, never all of it.
    with pytest.raises(SourceError, match=r"erp: the database reports: .*(?i:terminat|connection|lost|kill)"):
        list(rows)


def cut(url: str, statement: str) -> None:
    """End all other connections to a database."""
    if not url.startswith("mysql"):
        execute(url, statement)
        return
    address = sa.make_url(url).set(drivername="mysql+pymysql")
    engine = sa.create_engine(address)
    with engine.connect() as connection:
        others = (
            f"SELECT id FROM information_schema.processlist WHERE db = '{address.database}' AND id <> CONNECTION_ID()"
        )
        for (identity,) in connection.exec_driver_sql(others).all():
            connection.exec_driver_sql(statement.format(id=identity))
    engine.dispose()


def test_a_reader_without_rights_reads_nothing_and_one_with_select_suffices(postgresql: str) -> None:
    table(postgresql, "ledger", LEDGER, *ROWS)
    role = "arfeed_" + postgresql.rsplit("_", 1)[1]
    schema = f"test_{postgresql.rsplit('_', 1)[1]}"
    execute(postgresql, f"CREATE ROLE {role} LOGIN", f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    reader = postgresql.replace("postgres@", f"{role}@")
    try:
        assert failure(sql(reader, query=QUERY)) == "erp: the database reports: permission denied for table ledger"
        execute(postgresql, f"GRANT SELECT ON ledger TO {role}")
        assert complete(sql(reader, query=QUERY)).rows == 3
        execute(postgresql, f"REVOKE SELECT ON ledger FROM {role}")
        assert "permission denied" in failure(sql(reader, query=QUERY))
    finally:
        execute(postgresql, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_check_asks_the_database_without_reading(url: str) -> None:
    table(url, "ledger", LEDGER, *ROWS)
    sql(url, query=QUERY).check()
    with pytest.raises(SourceError, match=r"erp: the database reports: .*nowhere"):
        sql(url, query="SELECT * FROM nowhere").check()


def test_a_query_without_rows_fails(url: str) -> None:
    assert "it has no rows at all" in failure(sql(table(url, "ledger", LEDGER), query=QUERY))


@pytest.mark.parametrize("database", DATABASES)
def test_a_query_keeps_its_colons_per_cents_comments_and_its_last_semicolon(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = table(place(request, database, tmp_path), "ledger", LEDGER, *ROWS)
    query = "-- ours: 100 %\nSELECT l.*, '50% :x \\:y' AS memo FROM ledger l WHERE customer_name LIKE 'O%' /* ; */;"
    memo = "50% :x :y" if database == "mariadb" else "50% :x \\:y"  # where a backslash escapes
    assert opened(sql(url, query=query))["memo"].tolist() == [memo]


def test_another_schema_behind_the_question_mark_is_asked_about_when_its_invoices_are_fewer(
    postgresql_database: str, postgresql: str, tmp_path: Path
) -> None:
    table(postgresql, "ledger", LEDGER, *ROWS)
    source: dict[str, object] = {"use": "sql", "url": postgresql, "query": QUERY, "absent_means_paid": True}
    feed = Feed(tmp_path / "feed", {"erp": source}, plugins=("sql", "kolleno"))
    feed.approved()
    feed.sources["erp"]["url"] = table(new_schema(postgresql_database), "ledger", LEDGER, *ROWS[1:])
    result = feed.sync()
    assert result.receipt is None
    assert "config-changed" in codes(result)


def test_nothing_read_in_mid_reading_loses_its_first_row(url: str) -> None:
    table(url, "ledger", LEDGER, *ROWS)
    with Database("erp", url, 60).snapshot() as connection:
        assert [len(batch) for batch in batches(connection, QUERY)] == [3]
        assert len(answers(connection, QUERY, "*")) == 3


def complete(source: Sql) -> Complete:
    rows = source.invoices()
    frames: list[pd.DataFrame] = []
    try:
        while True:
            frames.append(next(rows))
    except StopIteration as end:
        said: Complete = end.value
        assert said.rows == sum(map(len, frames))
        return said


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("database", "parameter", "says"),
    [
        ("sqlite", "nonsense=1", "has no effect on SQLite"),
        ("sqlite", "mode=ro", "file is opened for reading only anyway"),
        ("sqlite", "timeout=soon", "could not convert string to float: 'soon'"),
        ("mariadb", "nonsense=1", "got an unexpected keyword argument 'nonsense'"),
        ("mariadb", "connect_timeout=soon", "invalid literal for int() with base 10: 'soon'"),
        ("mariadb", "cursorclass=Dict", "'str' object is not callable"),
        ("postgresql", "nonsense=1", 'invalid connection option "nonsense"'),
        ("postgresql", "prepare_threshold=often", "'>=' not supported between instances"),
    ],
)
def test_a_parameter_that_the_driver_does_not_take_is_named(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, parameter: str, says: str
) -> None:
    url = table(place(request, database, tmp_path), "ledger", LEDGER, *ROWS)
    with pytest.raises(SourceError) as caught:
        sql(f"{url}{'&' if '?' in url else '?'}{parameter}", query=QUERY).check()
    assert says in str(caught.value)
    assert repr(parameter.partition("=")[0]) in str(caught.value)
    assert "`url`" in str(caught.value)

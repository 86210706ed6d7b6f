"""Long lists in PostgreSQL come by ADBC: the same frames as by psycopg, in the same moment, with the same errors."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa

from arfeed import SourceError
from arfeed_connectors import sql as connector
from arfeed_connectors.sql.bulk import arrow_tables
from arfeed_connectors.sql.bulk import postgresql as bulk
from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.statements import BATCH
from support.databases.tables import execute, sql, table
from support.feeds.sources import failure

LEDGER = "invoice_ref VARCHAR(40), customer_name VARCHAR(80), currency CHAR(3), issued_on DATE, balance DECIMAL(18, 2)"
MANY = """
SELECT 'INV-' || n AS invoice_ref, 'Ada' AS customer_name, 'EUR' AS currency, DATE '2026-01-01' AS issued_on,
    n / 100.0 AS balance, repeat('x', 500) AS memo FROM generate_series(1, {rows}) n
"""

Sources = Callable[..., list[pd.DataFrame]]


@pytest.fixture(autouse=True)
def short_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "LONG", 0)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each reading was by ADBC."""
    took: list[bool] = []
    original = arrow_tables

    def noted(*arguments: object) -> object:
        tables = original(*arguments)  # type: ignore[arg-type]
        took.append(tables is not None)
        return tables

    monkeypatch.setattr(connector, "arrow_tables", noted)
    return took


def both(
    url: str, query: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch, **settings: object
) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """The frames by ADBC and those by psycopg."""
    first = list(sql(url, query=query, **settings).invoices())
    assert taken.pop()
    with monkeypatch.context() as without:
        without.setattr(connector, "arrow_tables", lambda *_: None)
        second = list(sql(url, query=query, **settings).invoices())
    return first, second


def same(first: list[pd.DataFrame], second: list[pd.DataFrame]) -> None:
    assert [len(frame) for frame in first] == [len(frame) for frame in second]
    for one, other in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(one, other)
        assert [*one.dtypes] == [*other.dtypes]


VALUES: dict[str, tuple[str, ...]] = {
    "bool": ("true", "false"),
    "int2": ("1", "-32768", "32767"),
    "int4": ("1", "-2147483648"),
    "int8": ("9223372036854775807", "0"),
    "float8": ("1.5", "0.1", "1e300", "-0.0", "1001", "'NaN'", "'-Infinity'"),
    "numeric": ("10.50", "0", "-0.05", "1e-10", "1e20", "100", "123456789012345678901234567890.12345", "1e-40"),
    "numeric(10, 2)": ("1.10", "-7", "0.00"),
    "numeric(50, 12)": ("1.10", "99999999999999999999999999999999999999.000000000001"),
    "numeric(4, -2)": ("12300",),
    "text": ("'x'", "''", "'Ångström 株式会社'", "'a\"b''c\\d'", "E'two\\nlines\\ttab'", "' padded '"),
    "varchar(9)": ("'x'",),
    "char(5)": ("'x'",),
    "name": ("'x'",),
    "date": ("'2026-01-01'", "'0001-01-01'", "'9999-12-31'", "'1900-01-01'"),
    "timestamp": ("'2026-01-01 10:00:00.5'", "'0001-01-01'", "'9999-12-31 23:59:59.999999'"),
    "timestamptz": ("'2026-07-01 10:00+02'", "'2026-01-01 00:00Z'"),
    "uuid": ("'12345678-1234-abcd-ef01-1234567890ab'", "'00000000-0000-0000-0000-000000000000'"),
    "mood": ("'glad'", "'sad, so sad'"),
    "price": ("1.50", "2"),
    "short": ("'abc'",),
}
"""By type: values that both ways must read alike. `mood` is an enumeration, `price` and `short` are domains."""

OTHERS = {
    "money": "12.50",
    "oid": "4294967295",
    "float4": "0.1",
    '"char"': "'c'",
    "time": "'10:00'",
    "timetz": "'10:00+02'",
    "interval": "'1 day 2 hours'",
    "json": "'{\"a\": 1}'",
    "jsonb": "'{\"a\": 1}'",
    "int4[]": "'{1, 2}'",
    "text[]": "'{a, b}'",
    "numeric[]": "'{1.50}'",
    "inet": "'192.0.2.1'",
    "int4range": "'[1, 5)'",
    "xml": "'<a/>'",
    "bit(3)": "B'101'",
    "point": "'(1, 2)'",
    "pair": "ROW(1, 'a')",
    "tsvector": "'a b'",
    "regclass": "'pg_class'",
}
"""Types that ADBC hands over as something else, or not at all: psycopg reads them."""

TYPES = (
    "CREATE TYPE mood AS ENUM ('glad', 'sad, so sad')",
    "CREATE DOMAIN price AS numeric(10, 2)",
    "CREATE DOMAIN short AS varchar(5)",
    "CREATE TYPE pair AS (a int, b text)",
)


def listed(column: str, kind: str, *values: str) -> str:
    rows = ", ".join(f"({number}, CAST({value} AS {kind}))" for number, value in enumerate(values, 1))
    return (
        f"SELECT 'INV-' || n AS invoice_ref, 'Ada' AS customer_name, 'EUR' AS currency, DATE '2026-04-07' AS issued_on,"
        f" 1.50 AS balance, v AS {column} FROM (VALUES {rows}) given (n, v) ORDER BY n"
    )


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns"])
def test_all_values_are_the_same_text_by_adbc_and_by_psycopg(
    postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    execute(postgresql, *TYPES)
    monkeypatch.setenv("PGTZ", zone)
    shapes = [VALUES, {kind: ("NULL", *given) for kind, given in VALUES.items()}]
    shapes += [dict.fromkeys(VALUES, ("NULL", "NULL"))]
    for place in range(max(map(len, VALUES.values()))):
        shapes.append({kind: (given[place % len(given)],) for kind, given in VALUES.items()})  # each alone
    for shape in shapes:
        columns = {f"note{number}": (kind, *given) for number, (kind, given) in enumerate(shape.items())}
        same(*both(postgresql, side_by_side(columns), taken, monkeypatch))


def side_by_side(columns: Mapping[str, Sequence[str]]) -> str:
    """A query of one row for each value, in columns that are NULL where their values are used up."""
    rows = max(map(len, columns.values())) - 1
    selects = []
    for row in range(1, rows + 1):
        values = [
            f"CAST({given[row] if row < len(given) else 'NULL'} AS {given[0]}) AS {name}"
            for name, given in columns.items()
        ]
        selects.append(
            f"SELECT 'INV-{row}' AS invoice_ref, 'Ada' AS customer_name, 'EUR' AS currency, "
            f"DATE '2026-04-07' AS issued_on, 1.50 AS balance, {', '.join(values)}"
        )
    return " UNION ALL ".join(selects)


@pytest.mark.parametrize("kind", ["numeric", "numeric(10, 2)", "int4", "float8"])
def test_an_amount_is_the_same_by_adbc_and_by_psycopg(
    postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    values = {"numeric": ("10.50", "-0.05", "7", "1234567890.12"), "float8": ("10.5", "0.1", "1001")}.get(kind, ("7",))
    for some in (values, ("NULL", *values), ("NULL",)):
        query = listed("amount", kind, *some)
        same(*both(postgresql, query, taken, monkeypatch))


@pytest.mark.parametrize("kind", ["date", "timestamp", "text"])
def test_a_day_is_the_same_by_adbc_and_by_psycopg(
    postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for some in (("'2026-01-01'", "'1900-01-01'", "'2026-12-31'"), ("NULL", "'2026-01-01'"), ("NULL",)):
        same(*both(postgresql, listed("due_on", kind, *some), taken, monkeypatch))


@pytest.mark.parametrize("value", ["'NaN'", "'Infinity'", "'-Infinity'"])
def test_no_number_among_numbers_is_written_as_python_does(
    postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    same(*both(postgresql, listed("note", "numeric", "1.50", value, "1e-10", "NULL"), taken, monkeypatch))


@pytest.mark.parametrize("kind", OTHERS)
def test_a_type_that_adbc_reads_otherwise_is_left_to_psycopg(postgresql: str, taken: list[bool], kind: str) -> None:
    execute(postgresql, *TYPES)
    list(sql(postgresql, query=listed("note", kind, OTHERS[kind])).invoices())
    assert taken == [False]


def test_bytes_are_refused_as_ever(postgresql: str, taken: list[bool]) -> None:
    assert "holds bytes" in failure(sql(postgresql, query=listed("note", "bytea", "'\\x00ff'")))
    assert taken == [False]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("date", "'infinity'"), ("date", "'0044-03-15 BC'"), ("date", "'10000-01-01'"), ("timestamp", "'-infinity'")],
)
def test_a_day_that_python_has_no_word_for_is_refused_by_both(
    postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch, kind: str, value: str
) -> None:
    query = listed("due_on", kind, "'2026-01-01'", value)
    assert failure(sql(postgresql, query=query)) == (
        "erp: the database reports: column 'due_on' holds a date outside the years 1 to 9999, such as infinity; select "
        "NULL instead"
    )
    assert taken == [True]
    monkeypatch.setattr(connector, "arrow_tables", lambda *_: None)
    assert "too large" in (said := failure(sql(postgresql, query=query))) or "too small" in said


def test_many_rows_come_in_the_same_order_and_batches(
    postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = MANY.format(rows=2 * BATCH + 7) + "ORDER BY n % 1000, n -- the last line"
    first, second = both(postgresql, query, taken, monkeypatch)
    assert [len(frame) for frame in first] == [BATCH, BATCH, 7]
    same(first, second)


def test_a_company_is_chosen_in_the_same_way(postgresql: str, taken: list[bool]) -> None:
    execute(
        postgresql,
        "CREATE TABLE ledger (company text, invoice_ref text)",
        "INSERT INTO ledger VALUES ('O''Hara \\ Co', 'a'), ('Ltd', 'b')",
    )
    query = "SELECT * FROM ledger -- all"
    with Database("erp", postgresql, 60).snapshot() as connection:
        tables = bulk.arrow_tables(connection, query, "O'Hara \\ Co")
        assert tables is not None
        assert [table["invoice_ref"].to_pylist() for table in tables] == [["a"]]
    assert not taken


def test_rows_written_meanwhile_are_not_seen(postgresql: str, taken: list[bool]) -> None:
    rows = [(f"INV-{number}", "Ada", "EUR", "2026-01-01", number) for number in range(1, 101)]
    table(postgresql, "ledger", LEDGER, *rows)
    with Database("erp", postgresql, 60).snapshot() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM ledger")
        execute(postgresql, "UPDATE ledger SET balance = 0", "DELETE FROM ledger WHERE invoice_ref = 'INV-1'")
        tables = bulk.arrow_tables(connection, "SELECT * FROM ledger")
        assert tables is not None
        (only,) = tables
    assert sum(only["balance"].to_pylist()) == sum(range(1, 101))


def test_the_second_connection_may_not_write(postgresql: str, taken: list[bool]) -> None:
    table(postgresql, "ledger", LEDGER, ("INV-1", "Ada", "EUR", "2026-01-01", 1))
    body = "BEGIN IF (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') > 0 THEN DELETE FROM ledger; END IF; "
    execute(postgresql, f"CREATE FUNCTION wipe() RETURNS INT LANGUAGE plpgsql AS $$ {body}RETURN 1; END $$")
    with Database("erp", postgresql, 60).snapshot() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_lock(1)")
        tables = bulk.arrow_tables(connection, "SELECT wipe() AS one")
        assert tables is not None
        with pytest.raises(connection.dialect.loaded_dbapi.Error, match="read-only transaction"):
            list(tables)


def test_it_keeps_the_time_limit(postgresql: str) -> None:
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"statement timeout; it may take timeout_seconds = 1$"):
        sleep(postgresql, 1)
    assert time.monotonic() - began < 10


def sleep(url: str, timeout: int) -> None:
    with Database("erp", url, timeout).snapshot() as connection:
        tables = bulk.arrow_tables(connection, "SELECT 'x' AS memo FROM pg_sleep(30)")
        assert tables is not None
        list(tables)


INTERRUPTED = """
import sys
from arfeed_connectors.sql.bulk import arrow_tables
from arfeed_connectors.sql.database import Database

with Database("erp", sys.argv[1], 600).snapshot() as connection:
    tables = arrow_tables(connection, "SELECT 'x' AS memo FROM pg_sleep(60)")
    print("reading", flush=True)
    list(tables)
"""


def test_ctrl_c_ends_the_statement_too(postgresql: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, postgresql], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "reading\n"
        assert wait_for(lambda: reading(postgresql) == 1)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert time.monotonic() - began < 8
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert wait_for(lambda: reading(postgresql) == 0)


def test_without_the_package_psycopg_reads(postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    assert len(read(postgresql)) == 3
    assert taken == [False]


def test_a_user_who_may_have_one_connection_is_read_by_that(postgresql: str, taken: list[bool]) -> None:
    role = "arfeed_one_" + postgresql.rsplit("_", 1)[1]
    execute(postgresql, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1")
    try:
        assert len(read(postgresql.replace("postgres@", f"{role}@"))) == 3
        assert taken == [False]
    finally:
        execute(postgresql, f"DROP ROLE {role}")


def test_a_user_who_may_not_share_a_snapshot_is_read_by_psycopg(postgresql: str, taken: list[bool]) -> None:
    role = "arfeed_own_" + postgresql.rsplit("_", 1)[1]
    execute(postgresql, f"CREATE ROLE {role} LOGIN", "REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC")
    try:
        assert len(read(postgresql.replace("postgres@", f"{role}@"))) == 3
        assert taken == [False]
    finally:
        execute(postgresql, "GRANT EXECUTE ON FUNCTION pg_export_snapshot() TO PUBLIC", f"DROP ROLE {role}")


def test_a_session_that_would_write_its_values_otherwise_is_not_used(
    postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = bulk._address
    monkeypatch.setattr(bulk, "_address", lambda raw: address(raw) + " options='-c DateStyle=SQL,DMY'")
    assert len(read(postgresql)) == 3
    assert taken == [False]


@pytest.mark.parametrize(
    "parameter", ["connect_timeout=5", "application_name=books%20%26%20co", "sslmode=disable", "keepalives=1"]
)
def test_parameters_of_the_url_are_taken_along(postgresql: str, taken: list[bool], parameter: str) -> None:
    assert len(read(f"{postgresql}&{parameter}")) == 3
    assert taken == [True]


@pytest.mark.parametrize(("encoding", "used"), [("LATIN1", True), ("SQL_ASCII", False)])
def test_another_encoding_of_the_database_is_read_alike(
    postgresql: str, taken: list[bool], encoding: str, used: bool
) -> None:
    name = f"arfeed_test_{encoding.lower()}_{postgresql.rsplit('_', 1)[1]}"
    server = postgresql.partition("?")[0].rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'".encode())
        try:
            [frame] = sql(
                f"{server}/{name}?client_encoding=utf8",
                query=listed("note", "text", "U&'\\00C5ngstr\\00F6m'" if used else "'Angstrom'"),
            ).invoices()
            assert frame["note"].tolist() == ["Ångström" if used else "Angstrom"]
            assert taken == [used]
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_texts_without_an_encoding_are_refused_with_what_to_write(postgresql: str) -> None:
    name = f"arfeed_test_no_encoding_{postgresql.rsplit('_', 1)[1]}"
    server = postgresql.partition("?")[0].rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'".encode())
        try:
            query = listed("note", "text", r"E'\xC5ngstr\xF6m'")
            said = failure(sql(f"{server}/{name}", query=query))
            assert said.startswith("erp: the database does not say how its texts are encoded (SQL_ASCII); set the")
            assert said.endswith("?client_encoding=utf8 or ?client_encoding=win1252")
            [frame] = sql(f"{server}/{name}?client_encoding=win1252", query=query).invoices()
            assert frame["note"].tolist() == ["Ångström"]
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def read(url: str) -> pd.DataFrame:
    [frame] = sql(url, query=listed("note", "text", "'a'", "'b'", "'c'")).invoices()
    return frame


def test_what_a_function_remarks_is_not_written_to_standard_error(
    postgresql: str, taken: list[bool], capfd: pytest.CaptureFixture[str]
) -> None:
    body = "BEGIN RAISE WARNING 'remark'; RETURN n; END"
    execute(postgresql, f"CREATE FUNCTION noisy(n INT) RETURNS INT LANGUAGE plpgsql AS $$ {body} $$")
    list(sql(postgresql, query=listed("note", "int4", "noisy(1)")).invoices())
    assert taken == [True]
    assert capfd.readouterr().err == ""


def test_an_error_in_mid_read_is_said_as_psycopg_does(
    postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = MANY.format(rows=2000).replace("'Ada'", "CASE WHEN 1 / (1000 - n) >= 0 THEN 'Ada' ELSE 'Bob' END")
    said = failure(sql(postgresql, query=query))
    assert (said, taken) == ("erp: the database reports: division by zero", [True])


def test_a_second_connection_that_is_cut_before_its_first_row_leaves_the_reading_to_psycopg(
    postgresql: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    join = bulk._join

    def joined_and_cut(connection: sa.Connection, cursor: Any) -> None:
        join(connection, cursor)
        pid = bulk._first(cursor, "SELECT pg_backend_pid()")
        execute(postgresql, f"SELECT pg_terminate_backend({pid})")

    monkeypatch.setattr(bulk, "_join", joined_and_cut)
    frames = [*sql(postgresql, query=listed("note", "text", "'one'", "'two'")).invoices()]
    assert [note for frame in frames for note in frame["note"]] == ["one", "two"]
    assert taken == [False]


def test_a_connection_that_is_cut_in_mid_read_fails(postgresql: str, taken: list[bool]) -> None:
    rows = sql(postgresql, query=MANY.format(rows=20 * BATCH)).invoices()
    assert len(next(rows)) == BATCH
    assert taken == [True]
    execute(
        postgresql,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    with pytest.raises(SourceError, match=r"erp: the database reports: .*(?i:terminat|connection|lost)"):
        list(rows)


def test_a_reading_that_is_given_up_leaves_no_connection(postgresql: str, taken: list[bool]) -> None:
    rows = sql(postgresql, query=MANY.format(rows=20 * BATCH)).invoices()
    next(rows)
    rows.close()
    del rows
    assert taken == [True]
    assert wait_for(lambda: reading(postgresql) == 0)


def reading(url: str) -> int:
    """How many statements run in the database besides this one."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND query LIKE 'COPY%'"
        ).fetchone()
    assert found
    return int(found[0])


def wait_for(done: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_no_table_keeps_a_whole_batch_of_the_driver_in_memory(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 1000)
    with Database("erp", postgresql, 60).snapshot() as connection:
        tables = arrow_tables(connection, MANY.format(rows=5000))
        assert tables is not None
        held = [(table.get_total_buffer_size(), table.nbytes) for table in tables]
    assert len(held) == 5
    assert all(whole < 2 * used for whole, used in held)

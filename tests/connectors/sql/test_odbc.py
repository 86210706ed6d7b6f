"""ODBC, by MariaDB's driver: the same report as without it."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from arfeed import SourceError
from arfeed_connectors.sql.database import Database
from support.databases.tables import sql, table
from support.feeds.sources import complete, explained, failure, opened

LEDGER = (
    "invoice_ref CHAR(12), customer_name VARCHAR(40), currency CHAR(3), issued_on DATE, due_on DATETIME, "
    "amount DECIMAL(18, 2), balance DECIMAL(18, 2), noise DOUBLE"
)
ROWS = (
    ("A-1", "Gärtnerei Łódź €", "EUR", "2026-05-04", "2026-06-03 14:30:00", 99999999999.99, 99999999999.99, 0.1),
    ("00071", "Ada; 'and' %s ?", "JPY", "2026-05-05", None, 5000, 5000, 0.3),
)
QUERY = "SELECT invoice_ref, customer_name, currency, issued_on, due_on, amount, balance FROM ledger"
STATUS = "'open' AS status"


@pytest.fixture
def odbc(mariadb_url: str) -> str:
    return by_odbc(table(mariadb_url, "ledger", LEDGER, *ROWS))


def by_odbc(url: str, **others: str) -> str:
    address = sa.make_url(url)
    parts = {
        "DRIVER": "{MariaDB Unicode}",
        "SERVER": str(address.host),
        "PORT": str(address.port),
        "UID": str(address.username),
        "PWD": str(address.password or ""),
        "DATABASE": str(address.database),
        **others,
    }
    return f"mariadb+pyodbc:///?odbc_connect={quote(';'.join(f'{key}={value}' for key, value in parts.items()))}"


def test_odbc_gives_the_report_that_the_driver_gives(mariadb_url: str, odbc: str) -> None:
    ours = opened(sql(mariadb_url, query=QUERY))
    assert opened(sql(odbc, query=QUERY)).equals(ours)
    assert complete(sql(odbc, query=QUERY)).totals == {"EUR": Decimal("99999999999.99"), "JPY": Decimal(5000)}


def test_the_database_refuses_to_write_by_odbc_too(odbc: str) -> None:
    with pytest.raises(SourceError, match=r"(?i)read.?only"), Database("erp", odbc, 60).snapshot() as connection:
        connection.exec_driver_sql("DELETE FROM ledger")


def test_what_was_closed_is_asked_by_odbc(odbc: str) -> None:
    closed = f"{QUERY.replace(' FROM', ', ' + STATUS + ' FROM')}"
    rows = explained(
        sql(odbc, query=f"{QUERY} WHERE currency = 'EUR'", closed_query=closed), ["00071", "no such", "71"]
    )
    assert dict(zip(rows["invoice_ref"], rows["status"], strict=True)) == {"00071": "open"}


def test_a_wrong_password_is_not_told(mariadb_url: str) -> None:
    said = failure(sql(by_odbc(mariadb_url, PWD="{se;cret-word}"), query="SELECT 1 AS balance"))
    assert "Access denied for user" in said
    assert "cret-word" not in said

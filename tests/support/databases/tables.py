"""Tables made on the spot in any database, and the sources that read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from arfeed_connectors.sql import Sql

DATABASES = ("sqlite", "postgresql", "mariadb")
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


def place(request: pytest.FixtureRequest, database: str, folder: Path) -> str:
    """Return the URL of an empty database."""
    if database == "sqlite":
        return f"sqlite:///{folder / 'books.db'}"
    return str(request.getfixturevalue("postgresql" if database == "postgresql" else "mariadb_url"))


def quoted(url: str, name: str) -> str:
    """Return a name as this database writes it where its case counts."""
    return f"`{name}`" if url.startswith("mysql") else f'"{name}"'


def execute(url: str, *statements: str) -> None:
    """Run statements, as the system that owns the database would; nothing in them is a parameter."""
    address = sa.make_url(url)
    engine = sa.create_engine(address.set(drivername=DRIVERS.get(address.drivername, address.drivername)))
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    finally:
        engine.dispose()


def table(url: str, name: str, columns: str, *rows: Sequence[object]) -> str:
    """Make a table of these columns, "a INT, b TEXT", and rows; return its URL."""
    execute(url, *statements(quoted(url, name), columns, *rows))
    return url


def statements(place: str, columns: str, *rows: Sequence[object]) -> list[str]:
    """Return what makes a table of these columns and rows, and fills it."""
    inserts = [f"INSERT INTO {place} VALUES ({', '.join(map(_literal, row))})" for row in rows]
    return [f"CREATE TABLE {place} ({columns})", *inserts]


def sql(url: str, **settings: object) -> Sql:
    return Sql("erp", Sql.Settings.model_validate({"url": url, **settings}))


def one_row(url: str, columns: str, *, headers: Mapping[str, str] | None = None, **settings: Any) -> Sql:
    """A source of one plausible invoice, with these columns (SQL, by semicolons) instead of its own or added."""
    plain = {
        "invoice_ref": "'INV-1'",
        "customer_name": "'Ada'",
        "currency": "'EUR'",
        "issued_on": "'2026-04-07'",
        "balance": "10",
    }
    parts = columns.split("; ")
    given = {*(part.rsplit(" AS ", 1)[1] for part in parts), *(headers or {})}
    parts += [f"{value} AS {name}" for name, value in plain.items() if name not in given]
    return sql(url, query=f"SELECT {', '.join(parts)}", columns=headers or {}, **settings)


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"

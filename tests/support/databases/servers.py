"""Databases on real servers, dropped when the tests have ended."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from support.databases.tables import DRIVERS


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """How databases are made and dropped on a server. `{name}` in a statement is the database's."""

    title: str
    variable: str
    """Names another server, by a URL without a database."""
    url: str
    administration: str
    """The path of the database to connect to while others are made."""
    create: str
    end_connections: str | None
    drop: str

    @property
    def address(self) -> str:
        """The server's URL, without a database."""
        return os.environ.get(self.variable, self.url)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Make a database and yield its URL; skip the test if no server answers, but never in CI."""
        server, name = self.address, f"arfeed_test_{secrets.token_hex(6)}"
        administration = f"{server}{self.administration}"
        try:
            run_statements(administration, self.create.format(name=name))
        except sa.exc.OperationalError as exc:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no {self.title} server answers: {exc}")
        try:
            yield f"{server}/{name}"
        finally:
            # A test that failed may still be reading, and the database would wait for it for ever.
            if self.end_connections:
                for end in run_statements(administration, self.end_connections.format(name=name)):
                    with suppress(sa.exc.OperationalError):  # it may have ended meanwhile
                        run_statements(administration, end)
            run_statements(administration, self.drop.format(name=name))


POSTGRESQL = DatabaseServer(
    "PostgreSQL",
    "ARFEED_TEST_POSTGRESQL",
    "postgresql://postgres@127.0.0.1:5432",
    "/postgres",
    "CREATE DATABASE {name}",
    None,
    "DROP DATABASE {name} WITH (FORCE)",
)
MARIADB = DatabaseServer(
    "MariaDB",
    "ARFEED_TEST_MARIADB",
    "mysql://root@127.0.0.1:3306",
    "",
    "CREATE DATABASE {name} CHARACTER SET utf8mb4",
    "SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE db = '{name}'",
    "SET STATEMENT lock_wait_timeout = 60 FOR DROP DATABASE {name}",
)


def new_schema(database: str) -> str:
    """Make an empty schema in a PostgreSQL database and return its URL; much quicker than a database for each test."""
    name = f"test_{secrets.token_hex(6)}"
    run_statements(database, f"CREATE SCHEMA {name}")
    return f"{database}?options=-csearch_path%3D{name}"


def run_statements(url: str, *statements: str) -> Sequence[str]:
    """Run statements outside of any transaction; return the first column of what they select."""
    address = sa.make_url(url)
    engine = sa.create_engine(
        address.set(drivername=DRIVERS[address.drivername]),
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 5},
    )
    selected: list[str] = []
    try:
        with engine.connect() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                selected += [row[0] for row in result] if result.returns_rows else []
    finally:
        engine.dispose()
    return selected

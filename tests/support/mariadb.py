"""Databases on a real MariaDB server, dropped when the tests have ended."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy as sa

from support.databases import execute

SERVER = "mysql://root@127.0.0.1:3306"


@contextmanager
def new_database() -> Iterator[str]:
    """Make a database and yield its URL; skip the test where there is no server, but never in CI.

    Another server can be named by ARFEED_TEST_MARIADB, a URL without a database.
    """
    server = os.environ.get("ARFEED_TEST_MARIADB", SERVER)
    name = f"arfeed_test_{secrets.token_hex(6)}"
    try:
        execute(server, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    except sa.exc.OperationalError as exc:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no MariaDB server answers: {exc}")
    try:
        yield f"{server}/{name}"
    finally:
        _end_connections(server, name)  # a test that failed may still read, and the database waits for it for ever
        execute(server, f"DROP DATABASE {name}")


def _end_connections(server: str, name: str) -> None:
    engine = sa.create_engine(sa.make_url(server).set(drivername="mysql+pymysql"))
    with engine.connect() as connection:
        left = f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"
        for (number,) in connection.exec_driver_sql(left).all():
            with suppress(sa.exc.OperationalError):  # it has ended meanwhile
                connection.exec_driver_sql(f"KILL {number}")
    engine.dispose()

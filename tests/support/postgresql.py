"""Databases on a real PostgreSQL server, dropped when the tests have ended."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

SERVER = "postgresql://postgres@127.0.0.1:5432"


@contextmanager
def new_database() -> Iterator[str]:
    """Make a database and yield its URL; skip the test where there is no server, but never in CI.

    Another server can be named by ARFEED_TEST_POSTGRESQL, a URL without a database.
    """
    server = os.environ.get("ARFEED_TEST_POSTGRESQL", SERVER)
    name = f"arfeed_test_{secrets.token_hex(6)}"
    try:
        _execute(f"{server}/postgres", f"CREATE DATABASE {name}")
    except psycopg.OperationalError as exc:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no PostgreSQL server answers: {exc}")
    try:
        yield f"{server}/{name}"
    finally:
        _execute(f"{server}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


def new_schema(database: str) -> str:
    """Make an empty place for tables in a database and return its URL; much quicker than a database a test."""
    name = f"test_{secrets.token_hex(6)}"
    _execute(database, f"CREATE SCHEMA {name}")
    return f"{database}?options=-csearch_path%3D{name}"


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute(statement.encode())

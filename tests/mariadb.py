"""Databases on a real MariaDB server, dropped when the tests have ended."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from databases import execute

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
        execute(server, f"DROP DATABASE {name}")

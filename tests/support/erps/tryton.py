"""Books that Tryton makes itself, through its own client library, and what it says of every invoice in them."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from support.database_servers import POSTGRESQL

Told = Mapping[str, Any]
"""What Tryton says of one invoice; see `told` in tryton_books.py."""

_SCRIPT = Path(__file__).with_name("tryton_books.py")
_QUICK = "-c synchronous_commit=off"
"""Tryton makes its hundreds of tables one by one, and these books need not outlive a power cut."""


@contextmanager
def made(seed: int) -> Iterator[tuple[str, list[Told]]]:
    """Have Tryton make books in a new database on PostgreSQL; yield its URL and what Tryton says of them."""
    server, name = sa.make_url(POSTGRESQL.address), f"arfeed_test_tryton_{secrets.token_hex(4)}"
    address = server.render_as_string(hide_password=False)
    try:
        psycopg.connect(f"{address}/postgres").close()
    except psycopg.OperationalError as exc:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no PostgreSQL server answers: {exc}")
    own = {"DB_NAME": name, "TRYTOND_DATABASE_URI": f"{address}/", "PGOPTIONS": _QUICK}
    try:
        done = subprocess.run(
            [sys.executable, "-IWignore", _SCRIPT, str(seed)], capture_output=True, text=True,
            env={**os.environ, **own}, check=False, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        yield f"{address}/{name}", json.loads(done.stdout)
    finally:
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

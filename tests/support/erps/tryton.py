"""Books that Tryton makes itself, through its own client library, and what it says of every invoice in them."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.erps.posting import books_of, server_url

Told = Mapping[str, Any]
"""What Tryton says of one invoice; see `told` in tryton_books.py."""

_SCRIPT = Path(__file__).with_name("tryton_books.py")
_QUICK = "-c synchronous_commit=off"
"""Tryton makes its hundreds of tables one by one, and these books need not outlive a power cut."""


@contextmanager
def made(seed: int) -> Iterator[tuple[str, list[Told]]]:
    """Have Tryton make books in a new database on PostgreSQL; yield its URL and what Tryton says of them."""
    name, address = f"arfeed_test_tryton_{secrets.token_hex(4)}", server_url()
    try:
        psycopg.connect(f"{address}/postgres").close()
    except psycopg.OperationalError as exc:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no PostgreSQL server answers: {exc}")
    own = {"DB_NAME": name, "TRYTOND_DATABASE_URI": f"{address}/", "PGOPTIONS": _QUICK}
    command = [sys.executable, "-IWignore", str(_SCRIPT), str(seed)]
    with books_of(command, name, own, seconds=900) as found:
        yield found

"""Books that a program's own code makes on PostgreSQL; those in Perl post what they are told, without a web server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from support.databases.servers import POSTGRESQL


def server_url() -> str:
    return sa.make_url(POSTGRESQL.address).render_as_string(hide_password=False)


@contextmanager
def posted(program: str, module: Path, actions: Sequence[dict[str, Any]], database: str) -> Iterator[tuple[str, Any]]:
    """Have a program post into a new database; yield its URL and the program's own report, as JSON.

    `program` names its Debian package and the script beside this file, `module` is a file of the program itself.
    """
    if not module.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no {module}: apt-get install {program}")
    server = sa.make_url(POSTGRESQL.address)
    known = {"PGHOST": server.host or "", "PGPORT": str(server.port or 5432), "PGUSER": server.username or ""}
    script = Path(__file__).with_name(f"{program.replace('-', '')}.pl")
    lines = "\n".join(json.dumps(action) for action in actions)
    with books_of(["perl", script, database], database, known, given=lines, seconds=240) as found:
        yield found


@contextmanager
def books_of(
    command: Sequence[str | Path], database: str, settings: Mapping[str, str], *, given: str = "", seconds: int
) -> Iterator[tuple[str, Any]]:
    """Have a command make books in a database; yield its URL and what it said, as JSON, and drop the database."""
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, env={**os.environ, **settings}, check=False,
            timeout=seconds,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        yield f"{server_url()}/{database}", json.loads(done.stdout)
    finally:
        with psycopg.connect(f"{server_url()}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())

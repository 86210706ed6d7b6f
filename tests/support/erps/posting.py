"""Programs in Perl that keep a ledger on PostgreSQL: their own code posts what it is told, without a web server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from support.database_servers import POSTGRESQL


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
    try:
        done = subprocess.run(
            ["perl", script, database], input=lines, capture_output=True, text=True, env={**os.environ, **known},
            check=False, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        yield f"{server_url()}/{database}", json.loads(done.stdout)
    finally:
        with psycopg.connect(f"{server_url()}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())

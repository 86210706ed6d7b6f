"""Firebird without a server: a file that the client's library opens itself, made by isql-fb."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.servers import program


def new_database(folder: Path, *script: str, dialect: int = 3, charset: str = "UTF8") -> str:
    """Make a database of these statements, told in UTF-8, and return its URL.

    Skip the test where Firebird is not installed, but never in CI. One process at a time may have the file.
    """
    isql = program("isql-fb")
    os.environ.setdefault("ISC_USER", "SYSDBA")
    os.environ.setdefault("FIREBIRD_LOCK", str(folder))
    create = f"CREATE DATABASE 'books.fdb' DEFAULT CHARACTER SET {charset};"
    lines = ["SET NAMES UTF8;", create, *(f"{statement};" for statement in script), "COMMIT;", ""]
    folder.joinpath("books.sql").write_text("\n".join(lines), "utf-8")
    command = [isql, "-q", "-b", "-sql_dialect", str(dialect), "-i", "books.sql"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return f"firebird:///{folder / 'books.fdb'}"


def execute(url: str, *statements: str) -> None:
    """Run statements in a connection of their own and commit them, as the program that owns the file would."""
    from firebird.driver import connect

    with connect(url.removeprefix("firebird:///"), charset="UTF8") as connection:
        for statement in statements:
            connection.execute_immediate(statement)
        connection.commit()

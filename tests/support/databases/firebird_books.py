"""Firebird without a server: a file that the client's library opens itself, made by isql-fb."""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.servers.makes import program


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


@contextmanager
def thirty_writers(place: str, invoices: int, **login: str) -> Iterator[list[float]]:
    """Move money between the invoices 0, 1, … of a table `ledger (n, owed)` meanwhile; list each move's seconds."""
    from firebird.driver import DatabaseError, connect

    over, moved = threading.Event(), list[float]()

    def move_money(seed: int) -> None:
        chance = random.Random(seed)
        with connect(place, **login) as connection:
            while not over.is_set():
                # In order, or two writers might wait for each other until Firebird looks for that, after ten seconds.
                one, other = sorted(chance.sample(range(invoices), 2))
                began = time.monotonic()
                try:
                    connection.execute_immediate(f"UPDATE ledger SET owed = owed - 0.37 WHERE n = {one}")
                    connection.execute_immediate(f"UPDATE ledger SET owed = owed + 0.37 WHERE n = {other}")
                    connection.commit()
                    moved.append(time.monotonic() - began)
                except DatabaseError:  # two at one row: the other one won
                    connection.rollback()

    writers = [threading.Thread(target=move_money, args=(seed,)) for seed in range(30)]
    for writer in writers:
        writer.start()
    try:
        yield moved
    finally:
        over.set()
        for writer in writers:
            writer.join()

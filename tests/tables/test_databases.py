"""Files of databases given as tables: each is told by its first bytes and sent where it is read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from arfeed import SourceError
from arfeed.tables.read import read_header
from support.databases.firebird_books import new_database
from support.feeds.sources import failure, folder


def made(kind: str, file: Path) -> Path:
    if kind == "sqlite":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE books (a)")
    elif kind == "duckdb":
        duckdb.connect(str(file)).close()
    elif kind == "firebird":
        new_database(file.parent)
        file.parent.joinpath("books.fdb").rename(file)
    else:
        mark = b"Standard Jet DB" if kind == "mdb" else b"Standard ACE DB"
        file.write_bytes(b"\x00\x01\x00\x00" + mark + b"\x00" * 4000)
    return file


@pytest.mark.parametrize("name", ["books", "invoices.csv"])
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("sqlite", 'it is an SQLite database; read it by the source `sql`, with use = "sql", url = "sqlite:///'),
        ("duckdb", 'it is a DuckDB database; read it by the source `sql`, with use = "sql", url = "duckdb:///'),
        ("firebird", 'it is a Firebird database; read it by the source `sql`, with use = "sql", url = "firebird:///'),
        ("mdb", "it is a database of Microsoft Access; export the table"),
        ("accdb", "it is a database of Microsoft Access; export the table"),
    ],
)
def test_a_database_is_named_with_how_to_read_it(tmp_path: Path, kind: str, says: str, name: str) -> None:
    file = made(kind, tmp_path / name)
    with pytest.raises(SourceError) as caught:
        read_header(str(file))
    assert says in str(caught.value)
    source = folder(tmp_path / "other.csv", "invoice_ref", path=str(file))
    assert says in failure(source)


@pytest.mark.parametrize("start", [b"\x01\x00;balance\n" + b"A" * 40, b"\x03;a;b\r\n" + b"1" * 90, b"DUCK;a\n1;2\n"])
def test_a_text_that_begins_a_little_like_one_is_a_text(tmp_path: Path, start: bytes) -> None:
    file = tmp_path / "invoices.csv"
    file.write_bytes(start)
    assert "database" not in str(_told(file))


def _told(file: Path) -> object:
    try:
        return read_header(str(file))
    except SourceError as exc:
        return exc

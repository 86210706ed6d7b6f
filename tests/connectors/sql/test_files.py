"""SQLite files in every state that their program leaves them in, and files that SQLCipher keeps."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from arfeed import SourceError
from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.systems import sqlite as module
from support.databases.tables import sql
from support.feeds.sources import complete, failure
from support.servers.openssh import user

BOOK = """
CREATE TABLE books (invoice_ref TEXT, customer_name TEXT, currency TEXT, issued_on TEXT, balance NUMERIC);
INSERT INTO books VALUES ('A-1', 'Ada', 'EUR', '2026-05-04', 12.34), ('A-2', 'Bob', 'EUR', '2026-05-05', 20);
"""
QUERY = "SELECT * FROM books"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    complete(sql(made(tmp_path / "other.db"), query=QUERY))  # which imports what root alone may
    with tempfile.TemporaryDirectory(prefix="arfeed-sqlite-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def made(file: Path, mode: str = "DELETE") -> str:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.executescript(BOOK)
    return f"sqlite:///{file}"


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Let the folder be one in which we may write nothing: root, which may anything, becomes another user meanwhile."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        shutil.chown(folder, user())
        import pwd

        os.seteuid(pwd.getpwnam(user()).pw_uid)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def cut_off(file: Path, statement: str) -> None:
    """Change a file as a program that is killed while it writes: its journal, or its log, stays behind."""
    code = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN'); [c.execute(sys.argv[2]) for _ in range(12)]; "
        "c.execute('COMMIT') if sys.argv[3] else None; os._exit(0)"
    )
    commit = "commit" if file.read_bytes()[18] == 2 else ""
    subprocess.run([sys.executable, "-c", code, str(file), statement, commit], check=True, timeout=60)


def test_a_file_in_wal_mode_whose_program_has_ended_is_read_where_nothing_may_be_written(folder: Path) -> None:
    url = made(folder / "books.db", "WAL")
    assert [each.name for each in folder.iterdir()] == ["books.db"]
    with unwritable(folder):
        assert complete(sql(url, query=QUERY)).rows == 2


def test_a_log_that_can_not_be_read_is_refused_and_not_left_out(folder: Path) -> None:
    url = made(folder / "books.db", "WAL")
    cut_off(folder / "books.db", "INSERT INTO books VALUES ('A-3', 'Ada', 'EUR', '2026-05-06', 1)")
    folder.joinpath("books.db-shm").unlink()
    with unwritable(folder):
        said = failure(sql(url, query=QUERY))
    assert f"{folder / 'books.db-wal'} holds what was written last, and can't be read in a folder where nothing" in said
    assert complete(sql(url, query=QUERY)).rows == 14, "where something may be written, nothing is missing"


def test_a_file_that_is_written_while_sqlite_can_not_watch_it_is_refused(folder: Path) -> None:
    url = made(folder / "books.db", "WAL")
    with unwritable(folder), pytest.raises(SourceError, match="was written while it was read; run it again"):
        _read_while_touched(url, folder / "books.db")


def _read_while_touched(url: str, file: Path) -> None:
    with Database("erp", url, 60).snapshot() as connection:
        connection.exec_driver_sql(QUERY).all()
        _touched(file)


def _touched(file: Path) -> None:
    before, root = os.geteuid(), os.getuid() == 0
    if root:
        os.seteuid(0)
    os.utime(file, (0, 0))
    if root:
        os.seteuid(before)


def test_the_journal_of_a_program_that_was_cut_off_is_named_with_what_to_do(folder: Path) -> None:
    url = made(folder / "books.db")
    with closing(sqlite3.connect(folder / "books.db")) as connection:
        connection.executescript("INSERT INTO books SELECT hex(randomblob(900)), 'x', 'x', 'x', 1 FROM books")
    for _ in range(9):
        with closing(sqlite3.connect(folder / "books.db")) as connection:
            connection.executescript("INSERT INTO books SELECT * FROM books")
    cut_off(folder / "books.db", "UPDATE books SET balance = balance + 1, customer_name = hex(randomblob(200))")
    assert folder.joinpath("books.db-journal").stat().st_size
    said = failure(sql(url, query=QUERY))
    assert "was cut off while it wrote, and left a journal: start that program once, which repairs the file" in said


def test_a_file_that_is_written_for_long_is_told_to_pass(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 1)
    url = made(folder / "books.db")
    with closing(sqlite3.connect(folder / "books.db", isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        said = failure(sql(url, query=QUERY))
    assert said.startswith("erp: the database reports: database is locked; another program writes to")
    assert said.endswith("run it again")
    assert complete(sql(url, query=QUERY)).rows == 2


def test_a_name_with_marks_of_urls_is_a_name(folder: Path) -> None:
    for name in ("100% (a?b#c).db", "books 'x'.db"):
        made(folder / name)
        assert complete(sql(f"sqlite:///{quote(str(folder / name))}", query=QUERY)).rows == 2


# --- SQLCipher ------------------------------------------------------------------------------------------------------

KEYS = ("plain", "with \"quotes\" and 'ticks'", "Schlüssel", "@:/?#%")


@pytest.mark.parametrize("key", KEYS)
def test_a_file_of_sqlcipher_is_read_with_its_key(tmp_path: Path, key: str) -> None:
    url = encrypted(tmp_path / "books.db", key)
    assert complete(sql(url, query=QUERY)).rows == 2
    with pytest.raises(SourceError, match="readonly"), Database("erp", url, 60).snapshot() as connection:
        connection.exec_driver_sql("DELETE FROM books")


def test_another_key_is_told_without_the_key_and_without_noise(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    encrypted(tmp_path / "books.db", "plain")
    said = failure(sql(f"sqlite+pysqlcipher://:another@/{tmp_path / 'books.db'}", query=QUERY))
    assert "file is not a database; the key in `url` is wrong" in said
    assert "plain" not in said.replace("books.db", "")
    assert capfd.readouterr().err == ""


def test_an_encrypted_file_read_as_a_plain_one_is_told_how(tmp_path: Path) -> None:
    encrypted(tmp_path / "books.db", "plain")
    said = failure(sql(f"sqlite:///{tmp_path / 'books.db'}", query=QUERY))
    assert "write sqlite+pysqlcipher://:KEY@/… (pip install 'arfeed[sqlcipher]')" in said


def encrypted(file: Path, key: str) -> str:
    from sqlcipher3 import dbapi2

    with closing(dbapi2.connect(str(file))) as connection:
        connection.execute('PRAGMA key = "{}"'.format(key.replace('"', '""')))
        connection.executescript(BOOK)
    return f"sqlite+pysqlcipher://:{quote(key, safe='')}@/{file}"

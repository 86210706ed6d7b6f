"""SQLite and SQLCipher: a file, in whatever state its program left it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from arfeed import SourceError
from arfeed_connectors.sql.systems.base import LOCK_SECONDS, System

if TYPE_CHECKING:
    import sqlalchemy as sa

_WAL = 2
"""What bytes 18 and 19 of the file are in WAL mode: https://www.sqlite.org/fileformat.html, 1.3.3."""

_CIPHER_PRAGMA = re.compile(r"(cipher\w*|kdf_\w+)$")
_PARAMETERS = frozenset(("uri", "timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements"))
"""What SQLAlchemy's dialect takes behind the ? of a URL; of others it would only warn, on stderr."""

_RESET = "attempt to write a readonly database"
_KEY = "arfeed moment"
_HEADER = 100

_headers: dict[tuple[int, int], int] = {}
"""Descriptors of database files by device and inode, for as long as this process runs."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a connection reads: the file as SQLite's URI, and whether whoever begins now would still see the same.

    `is_locked`: as long as the connection reads, nobody can change the file, so that others need no lock. They would
    not get one, either, once a writer waits for this connection to end, and would wait for each other in a ring.
    """

    uri: str
    is_locked: bool
    is_same: Callable[[], bool]
    close: Callable[[], None]


def moment_of(connection: sa.Connection) -> Moment | None:
    """Return what a connection to SQLite reads, None if another program could not read the same."""
    found: Moment | None = connection.info.get(_KEY)
    return found


class SQLite(System):
    """Opened so that SQLite itself refuses to write, in one transaction."""

    one_snapshot = "one transaction"

    def arguments(self) -> dict[str, Any]:
        """Open the file ourselves; SQLCipher with its own module, which SQLAlchemy's dialect would not use."""
        self._refuse_parameters()
        arguments: dict[str, Any] = {"creator": self._open}
        if self._encrypted:
            arguments["module"] = self._module
            self._key, self._pragmas = self.url.password, self.url.query
            self.url = self.url.create("sqlite", database=self.url.database)
        return arguments

    def _refuse_parameters(self) -> None:
        """Refuse what would have no effect; with `uri` SQLite itself takes more, such as `mode`."""
        query = self.url.query
        if "uri" in query:
            return
        pragmas = {name for name in query if self._encrypted and _CIPHER_PRAGMA.match(name)}
        if unknown := sorted(query.keys() - _PARAMETERS - pragmas):
            known = ", ".join(sorted(_PARAMETERS)) + (", cipher_… and kdf_…" if self._encrypted else "")
            raise SourceError(
                f"{self.source}: {', '.join(map(repr, unknown))} after the ? in `url` has no effect on SQLite, whose "
                f"file is opened for reading only anyway; take it out, or look at how it is spelt: there are {known}"
            )

    @cached_property
    def _encrypted(self) -> bool:
        return self.url.get_driver_name() in ("pysqlcipher", "sqlcipher")

    @cached_property
    def _module(self) -> Any:
        if self._encrypted:
            from sqlcipher3 import dbapi2

            return dbapi2
        import sqlite3

        return sqlite3

    @cached_property
    def _file(self) -> Path:
        return Path(self.url.database or "")

    def _open(self) -> Any:
        file = self._file
        if not file.is_file():
            raise SourceError(f"{self.source}: there is no database file {file}; look at `url`")
        # Before the file is opened, so that no change goes unseen.
        self._begun_with = _state(file)
        # In WAL mode SQLite creates files beside the database, unless told that nobody writes; `verify` looks itself.
        mode = "mode=ro&immutable=1" if self._is_left_alone() else "mode=ro"
        self._uri = f"file:{quote(str(file.absolute()))}?{mode}"
        opened = self._connect()
        if self._encrypted:
            key = str(self._key or "").replace('"', '""')
            # Its error says the same as what it would log to stderr.
            opened.execute("PRAGMA cipher_log_level = NONE")
            opened.execute(f'PRAGMA key = "{key}"')
            for name, value in self._pragmas.items():
                # A pragma takes no parameters, so its value becomes part of the statement: plain words only.
                if _CIPHER_PRAGMA.match(name) and re.fullmatch(r"\w+", str(value)):
                    opened.execute(f"PRAGMA {name} = {value}")
        opened.execute("PRAGMA query_only = 1")
        return opened

    def _connect(self) -> Any:
        # Not tied to one thread, since `Patience` does each piece of work in another one, never two at a time.
        return self._module.connect(self._uri, uri=True, timeout=LOCK_SECONDS, check_same_thread=False)

    def _is_left_alone(self) -> bool:
        """Whether it is in WAL mode, nobody has it open, and SQLite can't create the files that it wants beside it."""
        return self._is_unwatched and not _log(self._file).exists()

    def begin(self, connection: sa.Connection) -> None:
        """Begin the one transaction."""
        watched = not self._encrypted and _is_wal(self._file)
        if watched:
            connection.info[_KEY] = self._moment()
        # Python's sqlite3 begins a transaction before writes only; without one, each SELECT could see another state.
        connection.exec_driver_sql("BEGIN")
        if not watched and not self._encrypted:
            # Begins to read, and with that locks the file.
            connection.exec_driver_sql("SELECT COUNT(*) FROM sqlite_master").close()
            header = _header(self._file)
            # Looked at again under the lock, without which a program could have just changed it.
            if not _is_wal(self._file):
                uri = f"{self._uri}&immutable=1"
                connection.info[_KEY] = Moment(uri, True, lambda: _header(self._file) == header, lambda: None)

    def _moment(self) -> Moment:
        """Return what a transaction sees that begins after this."""
        # Only one connection can compare this number, which changes with each commit, so it stays open.
        beside, asked = self._connect(), "PRAGMA data_version"
        try:
            before = beside.execute(asked).fetchone()
        except BaseException:
            beside.close()
            raise
        return Moment(self._uri, False, lambda: beside.execute(asked).fetchone() == before, beside.close)

    def end(self, connection: sa.Connection) -> None:
        """Close what stood beside it."""
        moment = moment_of(connection)
        if moment is not None:
            moment.close()

    def verify(self) -> None:
        """Refuse what was read from a file that changed meanwhile, if SQLite could not see that itself."""
        if self._begun_with != _state(self._file) and self._is_unwatched:
            raise SourceError(f"{self.source}: {self._file} was written while it was read; run it again")

    @property
    def _is_unwatched(self) -> bool:
        return _is_wal(self._file) and not _is_writable(self._file.parent)

    def holds_writers(self, connection: sa.Connection) -> bool:
        """Whether it does without WAL, so that a reader keeps writers out."""
        return connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal"

    def advice(self, said: str) -> str:
        """Return what state the file is in, and what its user can do about it."""
        if "file is not a database" in said:
            if self._encrypted:
                return f"; the key in `url` is wrong, or {self._file} was made by another version of SQLCipher"
            return (
                f"; if {self._file} is encrypted by SQLCipher, write sqlite+pysqlcipher://:KEY@/… "
                "(pip install 'arfeed[sqlcipher]')"
            )
        if "locked" in said or "busy" in said:
            return f"; another program writes to {self._file} and took over {LOCK_SECONDS} seconds; run it again"
        if _RESET in said and Path(f"{self._file}-journal").exists():
            return (
                f"; the program of {self._file} was cut off while it wrote, and left a journal: start that program "
                "once, which repairs the file"
            )
        if "unable to open database file" in said or _RESET in said:
            if _log(self._file).exists():
                return (
                    f"; {_log(self._file)} holds what was written last, and can't be read in a folder where nothing "
                    "may be written: end the program of the file, or copy both to another folder"
                )
            return f"; look at who may read {self._file}, and its folder"
        return ""


def _log(file: Path) -> Path:
    return Path(f"{file}-wal")


def _is_writable(folder: Path) -> bool:
    # For the effective user: by itself, access() answers for the real one.
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _is_wal(file: Path) -> bool:
    return _header(file)[18:20] == bytes((_WAL, _WAL))


def _header(file: Path) -> bytes:
    """Return its first bytes, a counter of commits at 24 among them: https://www.sqlite.org/fileformat.html, 1.3."""
    if os.name != "posix":
        with file.open("rb") as opened:
            return opened.read(_HEADER)
    # Never closed: with any descriptor of a file all locks of this process on it would go, those of another source that
    # is reading it, too (https://www.sqlite.org/howtocorrupt.html, 2.2).
    about = file.stat()
    descriptor = _headers.get((about.st_dev, about.st_ino))
    if descriptor is None:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        about = os.fstat(descriptor)
        _headers[about.st_dev, about.st_ino] = descriptor
    return os.pread(descriptor, _HEADER, 0)


def _state(file: Path) -> tuple[int, int, bool]:
    """Return what changes when the file is written."""
    about = file.stat()
    return about.st_mtime_ns, about.st_size, _log(file).exists()

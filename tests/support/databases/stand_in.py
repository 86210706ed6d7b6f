"""A stand-in for the drivers of databases that no test can start: it notes what it is sent, and answers as told."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa


class Driver(SimpleNamespace):
    """A module of the kind that PEP 249 describes. `answers`: names of columns and rows, by a piece of a statement."""

    class Error(Exception):
        pass

    DatabaseError = OperationalError = InterfaceError = ProgrammingError = IntegrityError = Error

    def __init__(self, paramstyle: str, answers: dict[str, tuple[Sequence[str], Sequence[tuple[Any, ...]]]]) -> None:
        super().__init__(paramstyle=paramstyle, version="9.9.9", Cursor=_Cursor)
        self.answers = answers
        self.sent: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        """Have every constant: dialects look at dozens of types."""
        if not name.isupper():
            raise AttributeError(name)
        return f"<{name}>"

    def said(self) -> list[str]:
        """What was sent, each in one line."""
        return [" ".join(statement.split()) for statement, _ in self.sent]

    def makedsn(self, *_: Any, **__: Any) -> str:
        return "dsn"

    def connect(self, *_: Any, **__: Any) -> Any:
        return _Connection(self)


class OldDialect(sa.engine.default.DefaultDialect):
    """A dialect like those of HANA and Db2, which set levels as SQLAlchemy 1 had it."""

    name, driver, supports_statement_cache, requires_name_normalize = "old", "stand_in", True, True
    _isolation_lookup = frozenset(("READ COMMITTED", "REPEATABLE READ"))

    def do_ping(self, dbapi_connection: Any) -> bool:
        raise NotImplementedError

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        dbapi_connection.cursor().execute(f"SET TRANSACTION ISOLATION LEVEL {level}")


class _Connection:
    autocommit = False

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def cursor(self) -> Any:
        return _Cursor(self._driver)

    def commit(self) -> None:
        self._driver.sent.append(("COMMIT", None))

    def rollback(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Cursor:
    arraysize, rowcount = 1, -1
    description: Any = None

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, statement: str, values: Any = None) -> None:
        self._driver.sent.append((statement, values))
        for piece, (names, rows) in self._driver.answers.items():
            if piece in statement:
                self.description = [(name, str, None, None, None, None, None) for name in names]
                self._rows = [] if "1 = 0" in statement else [*rows]
                return

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, count: int) -> Any:
        taken, self._rows = self._rows[:count], self._rows[count:]
        return taken

    def fetchall(self) -> Any:
        return self.fetchmany(len(self._rows))

    def close(self) -> None:
        pass

    nextset = setinputsizes = close


def put_in(monkeypatch: pytest.MonkeyPatch, driver: Driver) -> None:
    """Let SQLAlchemy's own dialects talk to this driver, without asking what they ask of a server at first."""
    real = sa.create_engine

    def create_engine(*about: Any, **how: Any) -> sa.Engine:
        engine = real(*about, **how, module=driver, _initialize=False)
        engine.dialect.default_isolation_level = "READ COMMITTED"
        return engine

    monkeypatch.setattr(sa, "create_engine", create_engine)

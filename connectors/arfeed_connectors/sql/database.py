"""A database, opened for reading only: one snapshot, a time limit, and errors without secrets."""

from __future__ import annotations

import atexit
import logging
import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from arfeed import SourceError
from arfeed_connectors.sql.patience import Patience, keep, run_within_limit
from arfeed_connectors.sql.systems import system_of
from arfeed_connectors.sql.systems.base import one_line
from arfeed_connectors.sql.urls import secrets

if TYPE_CHECKING:
    import sqlalchemy as sa

_PACKAGES = {
    "psycopg": "arfeed[postgresql]",
    "pymysql": "arfeed[mysql]",
    "duckdb": "arfeed[duckdb]",
    "duckdb_engine": "arfeed[duckdb]",
    "firebird": "arfeed[firebird]",
    "sqlalchemy_firebird": "arfeed[firebird]",
    "sqlcipher3": "arfeed[sqlcipher]",
    "pyodbc": "arfeed[odbc]",
    "hana": "sqlalchemy-hana",
    "hdbcli": "sqlalchemy-hana",
    "db2": "ibm_db_sa",
    "ibm_db_sa": "ibm_db_sa",
    "ibm_db": "ibm_db_sa",
    "access": "sqlalchemy-access",
    "sybase": "sqlalchemy-sybase",
    "MySQLdb": "mysqlclient",
    "mssql_python": "mssql-python",
}
"""What to install, by the name of a module or of SQLAlchemy's dialect."""

_TOO_LONG = ("timeout", "max_statement_time", "maximum statement execution time", "interrupted")
_SHORT = 4
"""A secret of fewer characters is hidden only as a whole word: a password 1 must not riddle every port number."""

_left_alone: list[object] = []
"""Connections whose driver is busy with something that could not be ended: even closing one would mean waiting."""


class Database:
    """One database of one source."""

    def __init__(self, source: str, url: str, timeout: int, isolation_level: str | None = None) -> None:
        """Keep where it is; `timeout` is for each statement, in seconds. Nothing is opened yet."""
        import sqlalchemy as sa

        self.source = source
        self.timeout = timeout
        self._address = sa.make_url(url)
        self._system = system_of(source, self._address, timeout, isolation_level)

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Open a read-only transaction that sees one moment, as far as the database allows. Raise `SourceError`."""
        patience = self._patience()
        with self._translate_errors(patience):
            with self._parameters_named():
                connection = self._connect(patience)
            # Python frees what is still open at its end in any order, over which Firebird's driver would crash.
            ending = atexit.register(partial(self._give_up, connection, patience))
            try:
                keep(connection, patience)
                self._system.refuse_isolation()
                # Only the first statement shows some parameters of psycopg to be wrong.
                with self._parameters_named():
                    run_within_limit(connection, lambda: self._system.begin(connection), first=True)
                yield connection
                # Only now, after the last row, can it be seen whether anything changed meanwhile.
                self._system.verify()
            # Also Ctrl-C and GeneratorExit: a connection in mid-statement must not go back into the pool.
            except BaseException:
                self._give_up(connection, patience)
                raise
            finally:
                atexit.unregister(ending)
                with suppress(Exception):
                    self._system.end(connection)
            connection.close()

    def holds_writers(self, connection: sa.Connection) -> bool:
        """Whether others can't write while this is open: then fetch all rows and close it before working on them."""
        return run_within_limit(connection, lambda: self._system.holds_writers(connection), first=True)

    def _patience(self) -> Patience | None:
        if self._system.is_interruptible:
            return None
        return Patience(self.timeout, self._nothing)

    def _connect(self, patience: Patience | None) -> sa.Connection:
        """Connect; a driver in C does that, too, without hearing signals."""
        connect: Callable[[], sa.Connection] = self._engine.connect
        connection = connect() if patience is None else patience.wait_for(connect)
        if patience is not None:
            driver = connection.connection.driver_connection
            patience.cancel = lambda: self._system.cancel(driver)
        return connection

    def _nothing(self) -> None:
        """Nothing can be cancelled before there is a connection."""

    def _give_up(self, connection: sa.Connection, patience: Patience | None) -> None:
        """Close a connection that may be broken, which could not even be rolled back."""
        if patience is not None and patience.left_alone:
            _left_alone.append(connection)
            return
        with suppress(Exception):
            connection.invalidate()
        with suppress(Exception):
            connection.close()

    @cached_property
    def _engine(self) -> sa.Engine:
        import sqlalchemy as sa

        _silence_logging()
        arguments = self._system.arguments()
        # A file goes back to its program at once; a server's connection is kept, as each PDF takes another snapshot.
        pool: dict[str, Any] = {"poolclass": sa.NullPool}
        if self._system.pooled:
            # The ping finds a connection that a firewall or the server has cut while the run did something else.
            pool = {"poolclass": sa.QueuePool, "pool_size": 1, "pool_pre_ping": True}
        # Parameters are invoice numbers and companies, which error messages need not show.
        engine = sa.create_engine(self._system.url, hide_parameters=True, **pool, **arguments)
        self._system.prepare(engine)
        weakref.finalize(self, engine.dispose)
        return engine

    @contextmanager
    def _translate_errors(self, patience: Patience | None) -> Iterator[None]:
        """Turn what SQLAlchemy and drivers raise into `SourceError`, without statement, parameters or passwords."""
        import sqlalchemy as sa

        try:
            yield
        except ModuleNotFoundError as exc:
            module = str(exc.name)
            raise SourceError(
                f"{self.source}: the database driver {module!r} is not installed: pip install '{_package(module)}'"
            ) from None
        except sa.exc.NoSuchModuleError:
            raise SourceError(self._no_dialect()) from None
        except (sa.exc.SQLAlchemyError, OSError, UnicodeError) as exc:
            raise SourceError(self._explain(getattr(exc, "orig", None) or exc, patience)) from None
        # Rows are fetched from the driver's own cursor, whose errors SQLAlchemy does not wrap.
        except Exception as exc:
            if isinstance(exc, SourceError) or not isinstance(exc, self._driver_errors()):
                raise
            raise SourceError(self._explain(exc, patience)) from None

    @contextmanager
    def _parameters_named(self) -> Iterator[None]:
        """Name the parameter of the URL if a driver stumbles over one in Python, as with an unexpected argument."""
        try:
            yield
        except (TypeError, ValueError, AttributeError) as exc:
            given = self._address.query
            # Bytes that are not text are explained elsewhere.
            if isinstance(exc, UnicodeError) or not given:
                raise
            said = str(exc)
            meant = [name for name, value in given.items() if name in said or repr(value) in said] or list(given)
            named = " or ".join(map(repr, meant))
            raise SourceError(
                f"{self.source}: the driver does not accept {named} after the ? in `url`: "
                f"{self._mask(one_line(said))}; remove it or correct it"
            ) from None

    def _driver_errors(self) -> tuple[type[Exception], ...]:
        # The driver itself may be what could not be loaded.
        with suppress(Exception):
            return (self._engine.dialect.loaded_dbapi.Error, NotImplementedError)
        return (NotImplementedError,)

    def _no_dialect(self) -> str:
        name = self._address.drivername
        package = _PACKAGES.get(name) or _PACKAGES.get(self._address.get_backend_name())
        what = f"pip install '{package}'" if package else "install its package"
        return f"{self.source}: there is no SQLAlchemy dialect for {name!r}; {what}, or look at the beginning of `url`"

    def _explain(self, exc: BaseException, patience: Patience | None) -> str:
        """Return what the database said, and what to do if that is known."""
        said = self._mask(self._system.message_of(exc))
        late = (patience is not None and patience.late) or any(word in said.lower() for word in _TOO_LONG)
        hint = f"; it may take timeout_seconds = {self.timeout}" if late else self._system.advice(said)
        hint = hint or next((f"; look at {name!r} in `url`" for name in self._address.query if f'"{name}"' in said), "")
        return f"{self.source}: the database reports: {said}{hint}"

    def _mask(self, said: str) -> str:
        # The longest first: a secret that is part of another one would otherwise leave the rest of that in sight.
        for secret in sorted({one_line(secret) for secret in secrets(self._address)}, key=len, reverse=True):
            if len(secret) < _SHORT:
                said = re.sub(rf"(?<![\w.]){re.escape(secret)}(?![\w.])", "***", said) if secret else said
            else:
                said = said.replace(secret, "***")
        return said


def _package(module: str) -> str:
    return _PACKAGES.get(module) or _PACKAGES.get(module.partition(".")[0], module)


def _silence_logging() -> None:
    """Keep SQLAlchemy from writing a stack trace to stderr unless somebody has asked for its log."""
    logger = logging.getLogger("sqlalchemy")
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())

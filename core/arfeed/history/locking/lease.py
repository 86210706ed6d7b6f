"""The lock of a destination: a lease in the history database, kept alive by a heartbeat."""

from __future__ import annotations

import getpass
import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from arfeed.history.locking.process import HolderProcess, is_dead, this_process
from arfeed.history.tables import leases
from arfeed.model.errors import ArfeedError, LockedError

# Two renewals may fail in a row, and the third still comes in time.
_BEATS_PER_LEASE = 4
_OF_PROCESS = tuple(item.name for item in fields(HolderProcess))


class Lease:
    """Context manager that holds the lock.

    A holder that dies stops renewing, and its lease expires. One that died on this machine is replaced immediately.
    """

    def __init__(self, engine: sa.Engine, destination: str, run: str, seconds: float) -> None:
        """Keep the destination, the run, and the seconds that a lease lasts."""
        self._engine = engine
        self._destination = destination
        self._run = run
        self._seconds = seconds
        self._renewed_at = 0.0
        self._over = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name="arfeed-lease", daemon=True)

    def __enter__(self) -> Self:
        """Take the lock, or raise `LockedError` naming who holds it."""
        # Read before the database is asked, so that this run never believes in its lease for longer than the database
        # does.
        now = time.time()
        # Expired ones first: their row is still there, so an insert would fail. A dead holder is looked for last,
        # since that is hardly ever the case.
        if not self._replace_expired() and not self._insert() and not self._replace_dead():
            raise LockedError(self._describe_holder())
        self._renewed_at = now
        self._heartbeat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Release the lock if this run still holds it."""
        self._over.set()
        self._heartbeat.join()
        # A lock that can't be released expires by itself; an error from here would hide what the run itself ended
        # with.
        with suppress(sa.exc.SQLAlchemyError, ArfeedError), self._engine.begin() as connection:
            connection.execute(sa.delete(leases).where(_is_ours(self._destination, self._run)))

    def check_held(self) -> None:
        """Raise `LockedError` if another run has taken the lock.

        The database is asked only if the lease may have expired. The wall clock decides that, because a monotonic
        clock may stop while a machine sleeps.
        """
        # Half of the lease, so that what follows, such as a rename, is over before another run may take the lock.
        # Below 0 the clock was set back.
        if not 0 <= time.time() - self._renewed_at < self._seconds / 2 and not self._renew():
            raise lock_lost(self._run, self._destination)

    def _renew(self) -> bool:
        now = time.time()
        with self._engine.begin() as connection:
            held = renew(connection, self._destination, self._run, self._seconds)
        if held:
            self._renewed_at = now
        return held

    def _replace_expired(self) -> bool:
        """Replace an expired lease, in one statement, so that only one of two runs succeeds."""
        with self._engine.begin() as connection:
            now = _now(connection)
            expired = sa.and_(leases.c.destination == self._destination, leases.c.expires_at <= now)
            return connection.execute(sa.update(leases).where(expired).values(**self._values(now))).rowcount == 1

    def _replace_dead(self) -> bool:
        """Replace the lease of a process that has died on this machine, in one statement."""
        with self._engine.begin() as connection:
            query = sa.select(leases).where(leases.c.destination == self._destination)
            row = connection.execute(query).one_or_none()
            if row is None or not _has_died(row):
                return False
            # Only the very lease that was looked at: another run may have replaced it in between, and is alive.
            the_same = sa.and_(_is_ours(self._destination, row.run), leases.c.expires_at == row.expires_at)
            values = self._values(_now(connection))
            return connection.execute(sa.update(leases).where(the_same).values(**values)).rowcount == 1

    def _insert(self) -> bool:
        try:
            with self._engine.begin() as connection:
                values = {"destination": self._destination, **self._values(_now(connection))}
                connection.execute(sa.insert(leases).values(**values))
        except sa.exc.IntegrityError:
            return False
        return True

    def _values(self, now: datetime) -> dict[str, object]:
        expires_at = now + timedelta(seconds=self._seconds)
        process = this_process()
        return {
            "run": self._run,
            "holder": whoami(),
            "since": now,
            "expires_at": expires_at,
            **{name: getattr(process, name, None) for name in _OF_PROCESS},
        }

    def _describe_holder(self) -> str:
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(leases).where(leases.c.destination == self._destination)).one_or_none()
        if row is None:
            return f"another run held the lock on {self._destination} a moment ago; run sync again"
        return (
            f"run {row.run} by {row.holder} has held the lock on {self._destination} since "
            f"{row.since:%Y-%m-%d %H:%M:%S} UTC; wait for it to end. "
            f"If it has died, its lock expires at {row.expires_at:%H:%M:%S} UTC"
        )

    def _beat(self) -> None:
        """Renew until the end. A renewal that fails is tried again later; `check_held` decides when it matters."""
        while not self._over.wait(self._seconds / _BEATS_PER_LEASE):
            with suppress(sa.exc.SQLAlchemyError, ArfeedError):
                self._renew()


def renew(connection: sa.Connection, destination: str, run: str, seconds: float) -> bool:
    """Renew a run's lease; return False if another run has taken it."""
    expires_at = _now(connection) + timedelta(seconds=seconds)
    statement = sa.update(leases).where(_is_ours(destination, run)).values(expires_at=expires_at)
    return connection.execute(statement).rowcount == 1


def lock_lost(run: str, destination: str, *, published: bool = False) -> LockedError:
    """Return the error for a run that another one replaced while it slept or was cut off."""
    fate = "was published anyway, so it counts beside the other run's" if published else "was not published"
    return LockedError(
        f"run {run} lost its lock on {destination}: another run took over while it slept or was cut off. Its report "
        f"{fate}; run sync again"
    )


def find_holder(connection: sa.Connection, destination: str) -> str | None:
    """Return the run that holds an unexpired lease, unless it is known to have died."""
    query = sa.select(leases).where(leases.c.destination == destination, leases.c.expires_at > _now(connection))
    row = connection.execute(query).one_or_none()
    return None if row is None or _has_died(row) else str(row.run)


def whoami() -> str:
    """Return who runs this: user, machine and process."""
    return f"{getpass.getuser()}@{socket.gethostname()} (process {os.getpid()})"


def _has_died(lease: sa.Row[Any]) -> bool:
    """Whether the process that took a lease has ended; False if this machine can't tell."""
    known = [getattr(lease, name) for name in _OF_PROCESS]
    return None not in known and is_dead(HolderProcess(*known), this_process())


def _is_ours(destination: str, run: str) -> sa.ColumnElement[bool]:
    return sa.and_(leases.c.destination == destination, leases.c.run == run)


def _now(connection: sa.Connection) -> datetime:
    """Return the database's clock, which all machines share; SQLite is on this machine."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    # Not now(), which in PostgreSQL is when the transaction began: it may have waited for another one since.
    now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)

"""What the fleet's database knows of each feed: when it is due, and how its last run ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from arfeed.history.database import OpenDatabase
from arfeed.history.migrate import Schema
from arfeed.model.errors import ConfigError
from arfeed.operations.fleet import tables
from arfeed.operations.fleet.timetable import Timetable

FLEET = Schema(
    "fleet's database",
    "--database",
    tables.metadata,
    Path(__file__).parent / "migrations",
    "0001",
    versions="fleet_version",
    lock=0x6172_6666,
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A feed as it was registered; `mistake` says why it can't be run, and is blank if it can."""

    name: str
    place: str
    digest: str
    destination: str
    mistake: str = ""
    timetable: Timetable | None = None


class Origin(NamedTuple):
    """Where the feeds' plugins.toml come from, and a hash of all of them."""

    place: str
    digest: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a feed."""

    name: str
    place: str
    digest: str
    destination: str
    mistake: str
    cron: str | None
    timezone: str | None
    offset: int | None
    next_due: datetime | None
    done_due: datetime | None
    paused: bool
    worker: str | None
    begun_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    outcome: str | None
    message: str | None
    approval: str | None
    seconds: float | None
    in_a_row: int
    delivered_at: datetime | None

    @property
    def timetable(self) -> Timetable | None:
        """When it is due."""
        return Timetable(self.cron, self.timezone or "UTC", self.offset or 0) if self.cron else None

    @property
    def running(self) -> bool:
        """Whether a run was begun and did not report its end; its worker may have been killed."""
        return self.begun_at is not None and (self.ended_at is None or self.ended_at < self.begun_at)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: exit code, in words, what to do next, the approval that would deliver, seconds."""

    exit_code: int
    outcome: str
    message: str = ""
    approval: str | None = None
    seconds: float = 0


class Fleet(OpenDatabase):
    """The fleet's open database; use it as a context manager. Safe for many threads."""

    def __init__(self, url: str) -> None:
        """Open, and create what is missing. Raise `ConfigError` if the database can't be used."""
        if not url.startswith(("postgresql://", "postgresql+psycopg://")):
            # Without naming it, since the URL may hold a password.
            raise ConfigError("--database: the queue of a fleet is kept in PostgreSQL; give a URL of one")
        super().__init__(url, FLEET)

    def register(self, origin: Origin, feeds: Collection[Registered], now: datetime) -> None:
        """Replace what is registered; feeds that stay keep their outcomes, and their next run unless it was moved."""
        with self._engine.begin() as connection:
            # In one transaction with the feeds: a worker must not meet new texts under the old digest.
            connection.execute(sa.delete(tables.origin))
            connection.execute(sa.insert(tables.origin).values(id=1, registered_at=now, **origin._asdict()))
            before = {entry.name: entry for entry in _entries(connection)}
            gone = before.keys() - {feed.name for feed in feeds}
            if gone:
                connection.execute(sa.delete(tables.feeds).where(tables.feeds.c.name.in_(gone)))
            for feed in feeds:
                _write(connection, feed, before.get(feed.name), now)

    def origin(self) -> Origin:
        """Return where the feeds come from. Raise `ConfigError` if none are registered."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(tables.origin.c.place, tables.origin.c.digest)).one_or_none()
        if row is None:
            raise ConfigError("no feeds are registered yet: arfeed fleet register DIR")
        return Origin(*row)

    def entries(self, names: Iterable[str] | None = None) -> list[Entry]:
        """Return what is known of all feeds, or of some, by name."""
        with self._engine.connect() as connection:
            return _entries(connection, None if names is None else tables.feeds.c.name.in_([*names]))

    def due(self, now: datetime) -> list[Entry]:
        """Return the feeds that are due, the longest waiting first."""
        columns = tables.feeds.c
        with self._engine.connect() as connection:
            # Whether one of them is running is not asked here: the queue's locks decide that.
            due = _entries(connection, sa.and_(columns.next_due <= now, ~columns.paused, columns.mistake == ""))
        return sorted(due, key=lambda entry: entry.next_due or now)

    def next_at(self, name: str, at: datetime | None) -> None:
        """Record when a feed is due next."""
        self._update(name, {"next_due": at})

    def begin(self, name: str, worker: str, now: datetime) -> None:
        """Record that a run has begun."""
        self._update(name, {"worker": worker, "begun_at": now})

    def end(self, name: str, ended: Ended, due: datetime | None, now: datetime) -> int:
        """Record how a run ended; return how many have ended with this exit code, one after the other.

        `due` is the moment for which it was run, if that is settled now.
        """
        columns = tables.feeds.c
        # Counted by the database, since two workers may end runs of one feed at once.
        again = sa.case((columns.exit_code == ended.exit_code, columns.in_a_row + 1), else_=1)
        values: dict[str, Any] = {**_values(ended), "ended_at": now, "in_a_row": again}
        if due is not None:
            values["done_due"] = due
        if ended.exit_code == 0:
            values["delivered_at"] = now
        with self._engine.begin() as connection:
            change = sa.update(tables.feeds).where(columns.name == name).values(values)
            return connection.execute(change.returning(columns.in_a_row)).scalar_one_or_none() or 1

    def pause(self, names: Collection[str] | None, *, paused: bool) -> int:
        """Let feeds no longer become due, or again; return how many there are. None stands for all of them."""
        change = sa.update(tables.feeds).values(paused=paused)
        if names is not None:
            change = change.where(tables.feeds.c.name.in_(names))
        with self._engine.begin() as connection:
            return connection.execute(change).rowcount

    def _update(self, name: str, values: Mapping[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.update(tables.feeds).where(tables.feeds.c.name == name).values(values))


_COLUMNS = [tables.feeds.c[each.name] for each in fields(Entry)]


def _entries(connection: sa.Connection, which: sa.ColumnElement[bool] | None = None) -> list[Entry]:
    query = sa.select(*_COLUMNS).order_by(tables.feeds.c.name)
    rows: Sequence[Any] = connection.execute(query if which is None else query.where(which)).all()
    return [Entry(*row) for row in rows]


def _values(ended: Ended) -> dict[str, Any]:
    return {each.name: getattr(ended, each.name) for each in fields(Ended)}


def _write(connection: sa.Connection, feed: Registered, before: Entry | None, now: datetime) -> None:
    timetable = feed.timetable
    values: dict[str, Any] = {
        "place": feed.place,
        "digest": feed.digest,
        "destination": feed.destination,
        "mistake": feed.mistake,
        "cron": timetable.cron if timetable else None,
        "timezone": timetable.timezone if timetable else None,
        "offset": timetable.offset if timetable else None,
    }
    # A feed that is registered again keeps its turn, or each `register` would put everything off.
    if before is None or before.timetable != timetable:
        values["next_due"] = timetable.next(now) if timetable else None
    if before is None:
        connection.execute(sa.insert(tables.feeds).values(name=feed.name, paused=False, in_a_row=0, **values))
    else:
        connection.execute(sa.update(tables.feeds).where(tables.feeds.c.name == feed.name).values(values))

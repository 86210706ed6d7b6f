"""Sessions: who is logged in, for how long, and how many logins an address may try."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import NamedTuple

import sqlalchemy as sa

from arfeed.operations.board.access.people import Grant, Person, fingerprint
from arfeed.operations.board.audit import log
from arfeed.operations.board.database import Database
from arfeed.operations.board.tables import grants, now, sessions

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)
"""A session ends so long after it was last used, and so long after it began."""

_NOTED_EVERY = timedelta(minutes=1)


class Session(NamedTuple):
    """A person who is logged in; `form_token` stands in each of their forms. `by` is the token of a program."""

    person: Person
    form_token: str
    fingerprint: str
    by: str = ""


def begin(database: Database, person: Person) -> str:
    """Begin a session; return its token, a new one each time: none that a browser brought along is taken over."""
    token = secrets.token_urlsafe(32)
    moment = now()
    row = {"token": fingerprint(token), "person": person.name, "form_token": secrets.token_urlsafe(32)}
    with database.writing() as connection:
        ended = sa.or_(sessions.c.used_at < moment - IDLE, sessions.c.created_at < moment - ABSOLUTE)
        connection.execute(sa.delete(sessions).where(ended))
        connection.execute(sa.insert(sessions).values(**row, created_at=moment, used_at=moment))
    return token


def find_session(database: Database, token: str) -> Session | None:
    """Return the session of a token, unless it has ended; it lives on from now."""
    ours, moment = sessions.c.token == fingerprint(token), now()
    # Grants are read each time: one that is taken away counts at once.
    query = sa.select(sessions, grants.c.role, grants.c.pattern).where(ours)
    query = query.outerjoin_from(sessions, grants, grants.c.person == sessions.c.person)
    with database.reading() as connection:
        rows = connection.execute(query).all()
    if not rows or rows[0].used_at <= moment - IDLE or rows[0].created_at <= moment - ABSOLUTE:
        return None
    row = rows[0]
    person = Person(row.person, tuple(sorted(Grant(each.role, each.pattern) for each in rows if each.role)))
    if row.used_at <= moment - _NOTED_EVERY:
        with database.writing() as connection:
            connection.execute(sa.update(sessions).where(ours).values(used_at=moment))
    return Session(person, row.form_token, row.token)


def end(database: Database, session: Session, *, others: bool = False) -> None:
    """End a session, or with `others` all of the person's but this one."""
    mine = sessions.c.person == session.person.name
    this = sessions.c.token == session.fingerprint
    with database.writing() as connection:
        connection.execute(sa.delete(sessions).where(mine, ~this if others else this))
        log(connection, session.person.name, "other sessions ended" if others else "logged out", session.person.name)


@dataclass(slots=True)
class RateLimit:
    """How many attempts an address may make in a span of seconds."""

    most: int = 20
    seconds: float = 300
    _attempts: dict[str, deque[float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def allows(self, address: str) -> bool:
        """Count an attempt; return whether it may be made."""
        moment = monotonic()
        with self._lock:
            if len(self._attempts) > 10_000:  # a flood from ever new addresses must not fill the memory
                self._attempts = {
                    each: times for each, times in self._attempts.items() if times and times[-1] > moment - self.seconds
                }
            times = self._attempts.setdefault(address, deque(maxlen=self.most))
            while times and times[0] <= moment - self.seconds:
                times.popleft()
            if len(times) >= self.most:
                return False
            times.append(moment)
            return True

    def forgive(self, address: str) -> None:
        """Take the last attempt back, since it was right: an office comes from one address."""
        with self._lock:
            if self._attempts.get(address):
                self._attempts[address].pop()

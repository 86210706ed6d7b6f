"""Who may use the board: people, their passwords and roles, and the one-time links by which they begin."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Literal, NamedTuple

import sqlalchemy as sa

from arfeed.model.errors import ConfigError
from arfeed.operations.board.audit import log
from arfeed.operations.board.database import Database
from arfeed.operations.board.tables import grants, identities, invitations, now, people, sessions, tokens

if TYPE_CHECKING:
    from argon2 import PasswordHasher

Role = Literal["viewer", "approver", "operator"]
Permission = Literal["see", "look", "answer", "approve", "run", "audit"]

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "viewer": frozenset({"see"}),
    "approver": frozenset({"see", "look", "answer", "approve"}),
    # Whoever runs the machines is often not the one who knows what was paid.
    "operator": frozenset({"see", "look", "answer", "run", "audit"}),
}
EVERYTHING = "*"

LINK_LASTS = timedelta(hours=24)
SHORTEST, LONGEST = 12, 200
"""How many characters a password has."""

_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,31}")
_FREE_FAILURES = 5
"""So many wrong passwords in a row cost nothing; each one after that locks the person out, twice as long each time."""
_FIRST_LOCK, _LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=1)
# Each computation takes 64 MB: many at once would take the machine's memory, which is what a flood of logins is for.
_AT_ONCE = BoundedSemaphore(2)


class Grant(NamedTuple):
    """A role for all feeds whose names fit a pattern."""

    role: Role
    pattern: str


class Person(NamedTuple):
    """Somebody who may use the board; `only` is the one role that a program has which acts for them."""

    name: str
    grants: tuple[Grant, ...]
    only: Role | None = None

    def is_allowed(self, permission: Permission, feed: str) -> bool:
        """Whether a permission is theirs for a feed."""
        return self.allowed(permission)(feed)

    def allowed(self, permission: Permission) -> Callable[[str], bool]:
        """Return what says for which feeds a permission is theirs; for thousands of them that is quicker than `may`."""
        patterns = self._patterns(permission)
        if EVERYTHING in patterns:
            return lambda _: True
        return lambda feed: any(fnmatchcase(feed, pattern) for pattern in patterns)

    def may_everywhere(self, permission: Permission) -> bool:
        """Whether a permission is theirs for every feed there is or will be."""
        return EVERYTHING in self._patterns(permission)

    def _patterns(self, permission: Permission) -> list[str]:
        if self.only is not None and permission not in PERMISSIONS[self.only]:
            return []
        return [pattern for role, pattern in self.grants if permission in PERMISSIONS[role]]


class Listed(NamedTuple):
    """A person, whether they have a password, until when they are locked out, what an OpenID provider calls them."""

    person: Person
    has_password: bool
    locked_until: datetime | None
    subjects: list[str]


def fingerprint(token: str) -> str:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_name(name: str) -> str:
    """Return a name that is one; raise `ConfigError` for any other."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is not a name for the board: give 1 to 32 small letters, digits, dots, - or _, as in anna.berg"
        )
    return name


def describe_weakness(password: str, name: str) -> str | None:
    """Return what is wrong with a password, or None."""
    if not SHORTEST <= len(password) <= LONGEST:
        return (
            f"A password has {SHORTEST} to {LONGEST} characters. A few words that you do not use elsewhere are easiest."
        )
    if len(set(password)) < 5 or name in password.lower():
        return "This password is easily guessed: it repeats few characters, or holds the name."
    return None


def add(database: Database, name: str, given: Iterable[Grant], by: str) -> str:
    """Add a person, or give one that exists these grants in place of their own; return a token to set a password by."""
    roles = sorted(set(given))
    with database.writing() as connection:
        known = connection.execute(sa.select(people.c.name).where(people.c.name == check_name(name))).one_or_none()
        if known is None:
            connection.execute(sa.insert(people).values(name=name, created_at=now(), failures=0))
        connection.execute(sa.delete(grants).where(grants.c.person == name))
        connection.execute(sa.insert(grants), [{"person": name, **grant._asdict()} for grant in roles])
        log(connection, by, "person changed" if known else "person added", name, roles=describe(roles))
        return _invite(connection, name)


def set_password(database: Database, name: str, password: str, by: str) -> None:
    """Set a person's password, ending all their sessions. Raise `ConfigError` for a weak one."""
    if wrong := describe_weakness(password, name):
        raise ConfigError(wrong)
    hashed = _hash(password)
    with database.writing() as connection:
        _set(connection, name, hashed)
        log(connection, by, "password set", name)


def remove(database: Database, name: str, by: str) -> None:
    """Remove a person with their sessions, links and tokens; what they did stays in the log."""
    with database.writing() as connection:
        for table in (sessions, invitations, grants, tokens, identities):
            connection.execute(sa.delete(table).where(table.c.person == name))
        if connection.execute(sa.delete(people).where(people.c.name == name)).rowcount != 1:
            raise ConfigError(f"there is nobody called {name!r} on this board; `arfeed board user list` has all")
        log(connection, by, "person removed", name)


def list_people(connection: sa.Connection) -> list[Listed]:
    """Return everybody by name."""
    subjects: dict[str, list[str]] = {}
    for name, subject in connection.execute(sa.select(identities.c.person, identities.c.subject)):
        subjects.setdefault(name, []).append(subject)
    rows = connection.execute(
        sa.select(people.c.name, people.c.password, people.c.locked_until).order_by(people.c.name)
    )
    return [
        Listed(find(connection, name), bool(password), until, sorted(subjects.get(name, ())))
        for name, password, until in rows.all()
    ]


def has_password(connection: sa.Connection, name: str) -> bool:
    """Whether a person can log in by a password."""
    chosen = sa.select(people.c.password).where(people.c.name == name)
    return connection.execute(chosen).scalar_one_or_none() is not None


def describe(given: Iterable[Grant]) -> list[str]:
    """Return grants in words."""
    return [f"{role} of {pattern}" for role, pattern in given]


def find(connection: sa.Connection, name: str) -> Person:
    """Return a person with their grants."""
    rows = connection.execute(sa.select(grants.c.role, grants.c.pattern).where(grants.c.person == name))
    return Person(name, tuple(sorted(Grant(role, pattern) for role, pattern in rows)))


def is_empty(connection: sa.Connection) -> bool:
    """Whether nobody can log in yet, nor has come by a provider."""
    chosen = sa.select(sa.func.count()).select_from(people).where(people.c.password.is_not(None))
    came = sa.select(sa.func.count()).select_from(identities)
    return not any(connection.execute(count).scalar_one() for count in (chosen, came))


def invite_first(database: Database) -> str | None:
    """Return a token by which the first person begins, or None if there is somebody already."""
    with database.writing() as connection:
        if not is_empty(connection):
            return None
        # Those of earlier starts, which may have been printed into a log.
        connection.execute(sa.delete(invitations).where(invitations.c.person.is_(None)))
        return _invite(connection, None)


def check_invitation(connection: sa.Connection, token: str) -> tuple[bool, str | None]:
    """Return whether a token of a one-time link is good, and for whom; for nobody in particular if it is the first."""
    row = connection.execute(sa.select(invitations).where(invitations.c.token == fingerprint(token))).one_or_none()
    if row is None or row.expires_at <= now() or (row.person is None and not is_empty(connection)):
        return False, None
    return True, row.person


def accept(database: Database, token: str, name: str, password: str) -> bool:
    """Set the password of whoever was invited, once; return False if the link is used up.

    The first person on a board may do everything. `name` is theirs to choose, and ignored for anybody else.
    """
    hashed = _hash(password)
    with database.writing() as connection:
        # Asked again, now that nobody else writes: two may hold the link of the first person.
        good, person = check_invitation(connection, token)
        if not good:
            return False
        if person is None:
            if connection.execute(sa.select(people.c.name).where(people.c.name == name)).one_or_none() is None:
                connection.execute(sa.insert(people).values(name=check_name(name), created_at=now(), failures=0))
            connection.execute(sa.delete(grants).where(grants.c.person == name))
            every: list[Role] = ["approver", "operator"]
            rows = [{"person": name, "role": role, "pattern": EVERYTHING} for role in every]
            connection.execute(sa.insert(grants), rows)
        chosen = name if person is None else person
        _set(connection, chosen, hashed)
        log(connection, chosen, "password chosen", chosen, first=person is None)
        return True


def log_in(database: Database, name: str, password: str, address: str) -> Person | None:
    """Return who this is, or None, for a wrong name, a wrong password and a lock-out alike.

    A right password, too, is refused while somebody is locked out; and a name that nobody has takes as long as one.
    """
    with database.reading() as connection:
        row = connection.execute(sa.select(people).where(people.c.name == name)).one_or_none()
    right = _verify(row.password if row and row.password else _dummy_hash(), password)
    with database.writing() as connection:
        row = connection.execute(sa.select(people).where(people.c.name == name)).one_or_none()
        if row is None or row.password is None:
            # What was typed is not logged: it may be a password in the wrong field.
            log(connection, "", "login refused", address=address)
            return None
        this = people.c.name == name
        if row.locked_until is not None and row.locked_until > now():
            log(connection, name, "login refused", name, address=address, locked=True)
            return None
        if not right:
            failures = row.failures + 1
            lock = _lock_for(failures)
            until = now() + lock if lock else None
            connection.execute(sa.update(people).where(this).values(failures=failures, locked_until=until))
            log(connection, name, "login refused", name, address=address, failures=failures)
            return None
        connection.execute(sa.update(people).where(this).values(failures=0, locked_until=None))
        log(connection, name, "logged in", name, address=address)
        return find(connection, name)


def parse_grants(given: Sequence[str]) -> list[Grant]:
    """Read grants as they are typed: `approver`, or `approver:acme-*`. Raise `ConfigError` for any other."""
    found = []
    for each in given:
        role, _, pattern = each.partition(":")
        if role not in PERMISSIONS:
            raise ConfigError(
                f"{each}: there is no such role; give {', '.join(PERMISSIONS)}, for all feeds or for those that fit a "
                "pattern, as in approver:acme-*"
            )
        found.append(Grant(role, pattern or EVERYTHING))
    return found


def _invite(connection: sa.Connection, person: str | None) -> str:
    token = secrets.token_urlsafe(32)
    connection.execute(sa.delete(invitations).where(invitations.c.person == person))
    row = {"token": fingerprint(token), "person": person, "expires_at": now() + LINK_LASTS}
    connection.execute(sa.insert(invitations).values(**row))
    return token


def _set(connection: sa.Connection, name: str, hashed: str) -> None:
    values = {"password": hashed, "failures": 0, "locked_until": None}
    if connection.execute(sa.update(people).where(people.c.name == name).values(**values)).rowcount != 1:
        raise ConfigError(f"there is nobody called {name!r} on this board; `arfeed board user list` has all")
    # Whoever knew the old password, or has a link that was not used, is out.
    connection.execute(sa.delete(sessions).where(sessions.c.person == name))
    connection.execute(
        sa.delete(invitations).where(sa.or_(invitations.c.person == name, invitations.c.person.is_(None)))
    )


def _lock_for(failures: int) -> timedelta | None:
    over = failures - _FREE_FAILURES
    return min(_FIRST_LOCK * 2 ** min(over, 10), _LONGEST_LOCK) if over >= 0 else None


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()  # argon2id, with RFC 9106's parameters for little memory


@cache
def _dummy_hash() -> str:
    return _hash(secrets.token_urlsafe(32))


def _hash(password: str) -> str:
    with _AT_ONCE:
        return _hasher().hash(password)


def _verify(hashed: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    with _AT_ONCE:
        try:
            return _hasher().verify(hashed, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False

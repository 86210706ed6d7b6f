"""People who come by an OpenID provider: who they are here, and what they may do."""

from __future__ import annotations

import re
from typing import NamedTuple

import sqlalchemy as sa

from arfeed.model.errors import ConfigError
from arfeed.operations.board.access.people import Grant, Person, check_name, describe, find
from arfeed.operations.board.access.provider import Claimed
from arfeed.operations.board.audit import log
from arfeed.operations.board.database import Database
from arfeed.operations.board.tables import grants, identities, now, people, sessions


class Admission(NamedTuple):
    """Who came in, or why nobody did, in words for them."""

    person: Person | None
    why: str = ""


def come_in(database: Database, claimed: Claimed, address: str) -> Admission:
    """Log in whoever the provider says this is, with the roles of their groups now.

    Whoever has none may not come in, and what they had is taken away. A name is nobody's proof: the first time, one
    that somebody here has already is refused.
    """
    with database.writing() as connection:
        name = _find_name(connection, claimed.issuer, claimed.subject)
        # Asked at each login: whoever left a group at the provider must not stay in by an old grant.
        if not claimed.grants:
            if name is not None:
                _take_away(connection, name)
            return _refuse(connection, claimed, address, "You have an account there, but no role on this board.")
        if name is None:
            name = _shorten(claimed.name)
            if why := _check_new(connection, name):
                return _refuse(connection, claimed, address, why)
            connection.execute(sa.insert(people).values(name=name, created_at=now(), failures=0))
            _link(connection, claimed.issuer, claimed.subject, name)
            log(connection, name, "person added", name, subject=claimed.subject, issuer=claimed.issuer)
        _give(connection, name, claimed.grants)
        log(connection, name, "logged in", name, address=address, issuer=claimed.issuer)
        return Admission(find(connection, name))


def link(database: Database, name: str, issuer: str, subject: str, by: str) -> None:
    """Have a person come by the provider, too. Raise `ConfigError` if there is none, or the subject is somebody's."""
    with database.writing() as connection:
        if connection.execute(sa.select(people.c.name).where(people.c.name == name)).one_or_none() is None:
            raise ConfigError(f"there is nobody called {name!r} on this board; `arfeed board user list` has all")
        if (known := _find_name(connection, issuer, subject)) is not None:
            raise ConfigError(f"{subject!r} of {issuer} is {known} already; remove that person first")
        _link(connection, issuer, subject, name)
        log(connection, by, "person linked", name, subject=subject, issuer=issuer)


def _find_name(connection: sa.Connection, issuer: str, subject: str) -> str | None:
    ours = sa.and_(identities.c.issuer == issuer, identities.c.subject == subject)
    return connection.execute(sa.select(identities.c.person).where(ours)).scalar_one_or_none()


def _link(connection: sa.Connection, issuer: str, subject: str, name: str) -> None:
    row = {"issuer": issuer, "subject": subject, "person": name, "since": now()}
    connection.execute(sa.insert(identities).values(**row))


def _check_new(connection: sa.Connection, name: str) -> str:
    try:
        check_name(name)
    except ConfigError:
        return "Your name there can't be one here: it has no letters or digits that could be used."
    if connection.execute(sa.select(people.c.name).where(people.c.name == name)).one_or_none() is None:
        return ""
    return f"There is somebody called {name} here already. If that is you, ask whoever runs the board to link you."


def _give(connection: sa.Connection, name: str, given: list[Grant]) -> None:
    if find(connection, name).grants == tuple(given):
        return
    connection.execute(sa.delete(grants).where(grants.c.person == name))
    connection.execute(sa.insert(grants), [{"person": name, **grant._asdict()} for grant in given])
    log(connection, name, "person changed", name, roles=describe(given))


def _take_away(connection: sa.Connection, name: str) -> None:
    # Sessions too, or they would go on until their own end.
    for table in (sessions, grants):
        connection.execute(sa.delete(table).where(table.c.person == name))
    log(connection, name, "person changed", name, roles=[])


def _refuse(connection: sa.Connection, claimed: Claimed, address: str, why: str) -> Admission:
    # With the issuer: a subject means nothing without it.
    details = {"subject": claimed.subject, "issuer": claimed.issuer, "address": address, "why": why}
    log(connection, "", "login refused", _shorten(claimed.name), **details)
    return Admission(None, why)


def _shorten(name: str) -> str:
    """Return what a claim says as a name for the board: the part of an address before the @, in plain characters."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", name.partition("@")[0].lower())
    return plain.strip("-._")[:32]

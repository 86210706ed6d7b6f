"""Tokens, by which programs use the board as a person, with at most one of that person's roles, for a limited time."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from arfeed.model.errors import ConfigError
from arfeed.operations.board.access.people import Role, check_name, find, fingerprint
from arfeed.operations.board.access.sessions import Session
from arfeed.operations.board.audit import log
from arfeed.operations.board.database import Database
from arfeed.operations.board.tables import now, people, tokens

LONGEST_DAYS = 366
_NOTED_EVERY = timedelta(minutes=10)


class Token(NamedTuple):
    """A token as it is listed: what it is called, whose it is, and as which role it acts. Its text is not kept."""

    name: str
    person: str
    role: Role
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def add_token(database: Database, token: Token, by: str) -> str:
    """Add a token; return its text. Raise `ConfigError` if its name is taken or there is no such person."""
    text = f"arfeed_{secrets.token_urlsafe(32)}"
    with database.writing() as connection:
        if connection.execute(sa.select(people).where(people.c.name == token.person)).one_or_none() is None:
            raise ConfigError(
                f"there is nobody called {token.person!r} on this board; `arfeed board user list` has all"
            )
        if connection.execute(sa.select(tokens).where(tokens.c.name == check_name(token.name))).one_or_none():
            raise ConfigError(f"there is a token called {token.name!r} already; remove it, or give another name")
        connection.execute(sa.insert(tokens).values(token=fingerprint(text), **token._asdict()))
        until = token.expires_at.isoformat(timespec="seconds")
        log(connection, by, "token added", token.name, person=token.person, role=token.role, until=until)
    return text


def remove_token(database: Database, name: str, by: str) -> None:
    """Remove a token: it is worth nothing from now on. Raise `ConfigError` if there is none of this name."""
    with database.writing() as connection:
        if connection.execute(sa.delete(tokens).where(tokens.c.name == name)).rowcount != 1:
            raise ConfigError(f"there is no token called {name!r}; `arfeed board token list` has all")
        log(connection, by, "token removed", name)


def list_tokens(connection: sa.Connection) -> list[Token]:
    """Return all tokens by name, also those that have expired."""
    columns = [tokens.c[name] for name in Token._fields]
    return [Token(*row) for row in connection.execute(sa.select(*columns).order_by(tokens.c.name))]


def find_by_token(database: Database, text: str) -> Session | None:
    """Return the session of a token, unless that has expired; it has the roles that its person has now."""
    ours, moment = tokens.c.token == fingerprint(text), now()
    with database.reading() as connection:
        row = connection.execute(sa.select(tokens).where(ours)).one_or_none()
        if row is None or row.expires_at <= moment:
            return None
        person = find(connection, row.person)._replace(only=row.role)
    if row.used_at is None or row.used_at <= moment - _NOTED_EVERY:
        with database.writing() as connection:
            connection.execute(sa.update(tokens).where(ours).values(used_at=moment))
    return Session(person, "", row.token, row.name)

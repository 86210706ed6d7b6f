"""The addresses under which each receiver is known, and the signs that identify it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from arfeed.history import tables
from arfeed.history.receipts import has_shared_handles
from arfeed.history.transitions import forget_contents

_ARRIVING = ("publishing", "delivered", "unverified", "unsettled")
"""States of runs with a report that the receiver has, or may have."""

Shown = tuple[str, str, str]
"""A host key's fingerprint, a login, and the root with all links resolved."""


class Receivers:
    """What one history knows of receivers."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read and write an open database."""
        self._engine = engine

    @property
    def history(self) -> str:
        """The name of the database, without its password."""
        return self._engine.url.render_as_string(hide_password=True)

    def destinations(self) -> list[str]:
        """Return where reports were delivered, or may have been, the latest first."""
        runs = tables.runs.c
        query = sa.select(runs.destination).where(runs.state.in_(_ARRIVING)).group_by(runs.destination)
        with self._engine.connect() as connection:
            return list(connection.execute(query.order_by(sa.func.max(runs.started_at).desc())).scalars())

    def known_among(self, destinations: Iterable[str]) -> set[str]:
        """Return those of these to which reports were delivered, or may have been."""
        runs = tables.runs.c
        arriving = sa.select(runs.destination).where(runs.state.in_(_ARRIVING)).distinct()
        with self._engine.connect() as connection:
            some = (arriving.where(each) for each in tables.split_conditions(runs.destination, destinations))
            return {name for query in some for name in connection.execute(query).scalars()}

    def list_joined(self) -> dict[str, str]:
        """Return the destination of each address that was joined with one."""
        columns = tables.addresses.c
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(columns.address, columns.destination))
            return {row.address: row.destination for row in rows}

    def find_joined(self, address: str) -> tuple[str, str, datetime] | None:
        """Return the destination that an address was joined with, by whom and when, or None if it was not joined."""
        columns = tables.addresses.c
        query = sa.select(columns.destination, columns.by, columns.at).where(columns.address == address)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.destination, row.by, row.at)

    def find_by_signs(self, shown: Iterable[Shown]) -> set[str]:
        """Return the destinations that have ever shown one of these signs."""
        columns = tables.receivers.c
        signs = [_sign(each) for each in shown]
        with self._engine.connect() as connection:
            return set(connection.execute(sa.select(columns.destination).where(columns.sign.in_(signs))).scalars())

    def list_noted(self) -> set[str]:
        """Return the destinations with known signs."""
        with self._engine.connect() as connection:
            return set(connection.execute(sa.select(tables.receivers.c.destination).distinct()).scalars())

    def find_alike(self, shown: Shown) -> set[str]:
        """Return the destinations that have shown the same login and root, with any host key."""
        columns, (_, login, root) = tables.receivers.c, shown
        query = sa.select(columns.destination).where(columns.login == login, columns.root == root)
        with self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def note(self, destination: str, shown: Iterable[Shown], at: datetime) -> None:
        """Add signs to those already known for a destination."""
        columns, signs = tables.receivers.c, {_sign(each): each for each in shown}
        known = sa.select(columns.sign).where(columns.destination == destination)
        with self._engine.begin() as connection:
            # Signs are only added: a server that has renewed its key is still known by the old one.
            new = signs.keys() - set(connection.execute(known).scalars())
            for sign in sorted(new):
                host_key, login, root = signs[sign]
                values = {"sign": sign, "host_key": host_key, "login": login, "root": root, "seen_at": at}
                connection.execute(sa.insert(tables.receivers).values(destination=destination, **values))

    def may_have_arrived(self, run: str) -> bool:
        """Whether this history knows that a run's report has arrived, or may have."""
        runs = tables.runs.c
        query = sa.select(runs.id).where(runs.id == run, runs.state.in_(_ARRIVING))
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none() is not None

    def latest(self, destination: str) -> tuple[str, datetime] | None:
        """Return the last run with a report that a destination has, or may have, and when it began."""
        runs = tables.runs.c
        query = sa.select(runs.id, runs.started_at).where(runs.destination == destination, runs.state.in_(_ARRIVING))
        with self._engine.connect() as connection:
            row = connection.execute(query.order_by(runs.started_at.desc(), runs.id.desc()).limit(1)).one_or_none()
        return None if row is None else (row.id, row.started_at)

    def shares_handles(self, destination: str) -> bool:
        """Whether a destination's server is known, by the last delivery's receipt, to mix up files open at once."""
        runs = tables.runs.c
        query = sa.select(runs.receipt).where(runs.destination == destination, runs.receipt.is_not(None))
        with self._engine.connect() as connection:
            receipt = connection.execute(query.order_by(runs.started_at.desc(), runs.id.desc()).limit(1)).scalar()
        return receipt is not None and has_shared_handles(receipt)

    def join(self, address: str, here: str, there: str, *, by: str, at: datetime) -> None:
        """Add an address to a destination, and move what was kept under `here` to `there`.

        The reports of both count then, until the next one is delivered. If both know the name of a PDF, its content
        counts as unknown, and the name stays ours. The caller must hold the locks of both.
        """
        record = {"destination": there, "by": by, "at": at}
        with self._engine.begin() as connection:
            _move(connection, here, there)
            # A set, since the address is often the very name under which the destination was kept.
            for each in {address, here}:
                connection.execute(sa.delete(tables.addresses).where(tables.addresses.c.address == each))
                connection.execute(sa.insert(tables.addresses).values(address=each, **record))


def _move(connection: sa.Connection, here: str, there: str) -> None:
    """Keep as `there` whatever is kept as `here`."""
    for table, key in ((tables.known_reports, "name"), (tables.documents, "name"), (tables.receivers, "sign")):
        theirs = sa.select(table.c[key]).where(table.c.destination == there)
        both = list(
            connection.execute(sa.select(table.c[key]).where(_of(table, here), table.c[key].in_(theirs))).scalars()
        )
        # Of two PDFs sent under one name only one is there now, and nobody knows which: it is sent again.
        connection.execute(sa.delete(table).where(_of(table, here), table.c[key].in_(both)))
        if table is tables.documents:
            forget_contents(connection, there, both)
    for table in (*_KEPT_BY_DESTINATION, tables.known_reports, tables.documents, tables.receivers):
        connection.execute(sa.update(table).where(_of(table, here)).values(destination=there))


_KEPT_BY_DESTINATION = (
    *(tables.runs, tables.baselines, tables.expectations, tables.addresses),
    *(tables.reconciliations, tables.receiver_outcomes),
)


def _of(table: sa.Table, destination: str) -> sa.ColumnElement[bool]:
    return table.c.destination == destination


def _sign(shown: Shown) -> str:
    # A hash has one length, so that it can be a key whatever the root's path is; JSON keeps the three apart.
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()

"""`history join`: keep one history for two addresses of one receiver."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from arfeed.history.locking.lease import whoami
from arfeed.model.errors import ConfigError
from arfeed.plugins.loading import close_match
from arfeed.runs.addresses import normalize
from arfeed.runs.context import OpenContext, RunContext, open_context
from arfeed.runs.receiver.connection import connect
from arfeed.runs.receiver.recognition import find_same_receivers, note_receiver

if TYPE_CHECKING:
    from arfeed.delivery.remote import Remote


@dataclass(frozen=True, slots=True)
class Joined:
    """Which address was joined, and the name under which the history keeps both."""

    address: str
    where: str


def join(context: RunContext, known: str) -> Joined:
    """Keep one history for this feed's destination and for the address `known`, which lead to one receiver.

    Raise `ConfigError` if the history knows no such address, or if the receiver does not prove to be the same.
    """
    with open_context(context) as opened, ExitStack() as locks:
        there = _find_destination(opened, known)
        if there == opened.destination:
            return Joined(context.address, there)
        # Always locked in the same order, so that two joins never wait for each other.
        for destination in sorted({opened.destination, there}):
            locks.enter_context(opened.history.lock(destination, context.run, context.project.feed.lock_seconds))
        # Proven by what the server shows, never by the names: one mistaken join would mark the other receiver's
        # invoices as paid.
        with connect(context.project) as server:
            _check_same(opened, server, there)
            note_receiver(opened, server)
        opened.history.receivers.join(context.address, opened.destination, there, by=whoami(), at=context.clock())
    return Joined(context.address, there)


def _find_destination(context: OpenContext, known: str) -> str:
    """Return the history's destination that has this address. Raise `ConfigError` if there is none."""
    receivers, address = context.history.receivers, normalize(known)
    destinations = receivers.destinations()
    if known in destinations:
        return known  # first: it may be an older spelling, which would be normalized to a different destination
    if joined := receivers.find_joined(address):
        return joined[0]
    for each in destinations:
        if normalize(each) == address:
            return each
    raise ConfigError(f"{known}: this history knows no such destination{close_match(known, destinations)}")


def _check_same(context: OpenContext, server: Remote, there: str) -> None:
    if there not in find_same_receivers(context.project, context.history, context.destination, server):
        raise ConfigError(
            f"{context.address} is not the same receiver as {there}: the server's key, the login or the "
            "folder differs, so their histories were not joined. If the receiver has moved, `arfeed adopt FILE` "
            "takes the last report that it got as baseline"
        )

"""`history join`: let two addresses of one receiver have one history."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from arfeed.delivery.remote import Remote
from arfeed.history.lease import whoami
from arfeed.model.errors import ConfigError
from arfeed.plugins.config import Project
from arfeed.plugins.loading import close_match
from arfeed.runs.context import (
    Clock,
    Progress,
    RunContext,
    identity,
    new_run,
    normalized,
    open_context,
    remote,
    utc_now,
)
from arfeed.runs.recognition import note_receiver, same_receivers


@dataclass(frozen=True, slots=True)
class Joined:
    """Which address was joined, and the name that the history keeps both under."""

    address: str
    where: str


def join(project: Project, progress: Progress, known: str, *, clock: Clock = utc_now) -> Joined:
    """Say that this feed's destination is the receiver that the history knows as `known`; keep both as one from now on.

    Raise `ConfigError` where the history knows no such address, or the receiver does not show itself to be that one.
    """
    run = new_run(clock())
    with open_context(project, progress, clock) as context, ExitStack() as locks:
        there = _named(context, known)
        if there == context.destination:
            return Joined(identity(project), there)
        for destination in sorted(
            {context.destination, there}
        ):  # always in one order, so that two never wait for each other
            locks.enter_context(context.history.lock(destination, run, project.feed.lock_seconds))
        with remote(project) as server:
            _check_same(context, server, there)
            note_receiver(context, server)
        context.history.receivers.join(identity(project), context.destination, there, by=whoami(), at=clock())
    return Joined(identity(project), there)


def _named(context: RunContext, known: str) -> str:
    """Return the destination of the history that somebody named by any of its addresses."""
    receivers, address = context.history.receivers, normalized(known)
    destinations = receivers.destinations()
    if known in destinations:
        return known  # perhaps an older spelling of another one
    if joined := receivers.find_joined(address):
        return joined[0]
    for each in destinations:
        if normalized(each) == address:
            return each
    raise ConfigError(f"{known}: this history knows no such destination{close_match(known, destinations)}")


def _check_same(context: RunContext, server: Remote, there: str) -> None:
    if there not in same_receivers(context.project, context.history, context.destination, server):
        raise ConfigError(
            f"{identity(context.project)} does not show itself to be {there}: the server's key, the login or the "
            "folder is another, so their histories were not joined. If the receiver has moved, `arfeed adopt FILE` "
            "takes the last report that it got as baseline"
        )

"""How the feeds of a fleet stand, for people and programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from arfeed.operations.fleet.store import Entry

Standing = Literal[
    "mistaken", "to approve", "needs a person", "tried again", "running", "paused", "not run", "delivered"
]
"""Of a feed, the worst first."""

MOST_LOCKED = 5
"""Runs that may meet another's lock, one after the other, before a person has to look why."""

_PERSON = (1, 2, 3, 4)


def standing(entry: Entry) -> Standing:
    """Return how a feed stands."""
    if entry.mistake:
        return "mistaken"
    if entry.approval and entry.exit_code:
        return "to approve"
    if entry.exit_code in _PERSON or (entry.exit_code == 6 and entry.in_a_row > MOST_LOCKED):
        return "needs a person"
    if entry.exit_code:
        return "tried again"
    if entry.running:
        return "running"
    if entry.paused:
        return "paused"
    return "not run" if entry.exit_code is None else "delivered"


def rank(entries: Iterable[Entry]) -> list[Entry]:
    """Return feeds with the worst first."""
    order = get_args(Standing)
    return sorted(entries, key=lambda entry: (order.index(standing(entry)), entry.name))


def as_data(entry: Entry, now: datetime) -> Mapping[str, Any]:
    """Return a feed as JSON takes it; times in UTC, the age of the last delivery in seconds."""
    age = (now - entry.delivered_at).total_seconds() if entry.delivered_at else None
    return {
        "feed": entry.name,
        "standing": standing(entry),
        "outcome": entry.outcome,
        "exit_code": entry.exit_code,
        "in_a_row": entry.in_a_row,
        "message": entry.mistake or entry.message,
        "approval": entry.approval,
        "running": entry.running,
        "paused": entry.paused,
        "worker": entry.worker,
        "begun_at": _show(entry.begun_at),
        "ended_at": _show(entry.ended_at),
        "seconds": entry.seconds,
        "delivered_at": _show(entry.delivered_at),
        "age_seconds": age and round(age),
        "next_at": None if entry.paused else _show(entry.next_due),
    }


def _show(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None

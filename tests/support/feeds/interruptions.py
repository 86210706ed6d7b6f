"""Runs that end as a signal would end them, at a moment of our choice."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from support.feeds.feed import Feed


class KilledError(BaseException):
    """Ends a run as a signal would: nothing in arfeed catches it."""


def interrupt_before_the_report(feed: Feed, approve: str | None = None) -> None:
    """Kill a run when all its PDFs are there."""
    with pytest.raises(KilledError):
        die_before_the_report(feed, approve)


def interrupt_after_the_report(feed: Feed, approve: str | None = None) -> Path:
    """Kill a run between publishing its report and recording that; return the report."""
    with pytest.raises(KilledError):
        die_after_the_report(feed, approve)
    return feed.receiver / feed.reports()[-1]


def die_before_the_report(feed: Feed, approve: str | None = None) -> None:
    """Run sync, and raise `KilledError` before its report is sent, if it comes so far."""

    def die() -> None:
        raise KilledError

    feed.steps.during["Sending the report"] = die
    try:
        feed.sync(approve)
    finally:
        del feed.steps.during["Sending the report"]


def die_after_the_report(feed: Feed, approve: str | None = None) -> None:
    """Run sync, and raise `KilledError` when its report is there but not recorded, if it comes so far."""
    before, living = len(feed.reports()), feed.clock

    def clock() -> datetime:
        if len(feed.reports()) > before:
            raise KilledError
        return living()

    feed.clock = clock  # type: ignore[method-assign]
    try:
        feed.sync(approve)
    finally:
        feed.clock = living  # type: ignore[method-assign]

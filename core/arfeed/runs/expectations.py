"""Answers given in advance: closings that somebody expects, recorded with who and why, each for one delivery."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from arfeed.history.locking.lease import whoami
from arfeed.model.errors import ConfigError
from arfeed.model.results import Expectation
from arfeed.plugins.config import Project
from arfeed.runs.addresses import name_in_history
from arfeed.runs.context import Clock, open_history, utc_now

_LONGEST, _LONGEST_OF_ALL = timedelta(days=92), timedelta(days=31)
"""How far ahead an answer may reach: a quarter, or a month if it is about all invoices. A permanent answer would
amount to a guard that is switched off."""


@dataclass(frozen=True, slots=True)
class ExpectedClosings:
    """Which invoices somebody expects to be closed, and until when; of one customer, or below a balance, if given."""

    words: str
    until: date
    customer: str | None = None
    below: Decimal | None = None


def expect(project: Project, closings: ExpectedClosings, *, clock: Clock = utc_now) -> Expectation:
    """Record that invoices are expected to be closed until a day.

    Raise `ConfigError` for an answer without words, with a day that has passed or is too far ahead: a quarter, or a
    month if neither customer nor balance is named.
    """
    now, until, below = clock(), closings.until, closings.below
    # The day of the feed, not of UTC: in Auckland the answer for today would otherwise be one for yesterday.
    today = now.astimezone(ZoneInfo(project.feed.timezone or "UTC")).date()
    words = closings.words.strip()
    if not words:
        raise ConfigError(
            'describe what is expected; the receipt will keep your words: arfeed expect "write-off run" …'
        )
    of_all = closings.customer is None and below is None
    latest = today + (_LONGEST_OF_ALL if of_all else _LONGEST)
    if not today <= until <= latest:
        further = f", or to {today + _LONGEST} with --customer or --below" if of_all else ""
        raise ConfigError(f"--until {until}: give a day from {today} to {latest}{further}")
    # Below 0 it would cover nothing, and whoever typed it would believe that it does.
    if below is not None and below <= 0:
        raise ConfigError(f"--below {below}: give a balance above 0")
    # Typed by hand to withdraw it, so short; the random part keeps two of one day apart.
    made = f"{now:%Y%m%d}-{secrets.token_hex(3)}"
    expectation = Expectation(made, words, until, closings.customer, below, whoami(), now)
    with open_history(project) as history:
        history.expect(name_in_history(project, history), expectation)
    return expectation


def list_expectations(project: Project) -> list[tuple[Expectation, str | None]]:
    """Return every answer that was given, the newest first, and the run that used it, if any."""
    with open_history(project) as history:
        return history.all_expectations(name_in_history(project, history))


def withdraw(project: Project, expectation: str) -> None:
    """Withdraw an answer. Raise `ConfigError` for one that does not exist, or that a delivery has used."""
    with open_history(project) as history:
        if not history.withdraw(name_in_history(project, history), expectation):
            raise ConfigError(
                f"there is no unused expectation {expectation!r}; `arfeed expect` lists all that were given"
            )

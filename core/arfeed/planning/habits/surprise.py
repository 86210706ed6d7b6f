"""Whether more customers than on ordinary days have lost rows that are rarely paid at their age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arfeed.planning.habits.chances import Chances, compute_odds

PARTS = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
"""A row is rare if its chance is below such a part of the feed's mean."""

_LOOKED = 2
"""In a daily feed, looking at all parts finds something about twice as often as looking at one."""

_MEASURED = 20
"""Real business has more extremes than the distribution: beyond this caution, odds must be longer than it says."""

_ORDINARY = 1 / 2
_CUSTOMERS, _POWER, _MOST = 4, 0.4, 5
"""How many more rare rows may be expected on a lively day, measured by the rows that are not rare."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """How many customers have lost rare rows, how many were to be expected, and the odds of that many or more."""

    part: float
    customers: int
    expected: float
    odds: float


def find_surprises(chances: Chances) -> tuple[Surprise, ...]:
    """Count the customers for each part of the mean."""
    unproven = np.flatnonzero(chances.case.unproven)
    lively = _measure_liveliness(chances, unproven)
    return tuple(_find_surprise(chances, unproven, part, lively) for part in PARTS)


def _find_surprise(chances: Chances, unproven: np.ndarray, part: float, lively: float) -> Surprise:
    limit = part * chances.mean
    # Customers, not rows: whoever pays, pays several invoices at once, and rows would count one event several times.
    customers = _count_customers(chances, unproven[chances.each[unproven] < limit])
    expected = lively * _expect_customers(chances, chances.each < limit)
    return Surprise(part, customers, expected, compute_odds(customers, expected))


def _measure_liveliness(chances: Chances, unproven: np.ndarray) -> float:
    """Return by what factor more customers than usual have paid what is ordinary, dampened and at least 1.

    After the bookkeeper's week off everything is posted at once, the rare along with the ordinary.
    """
    ordinary = chances.each >= _ORDINARY * chances.mean
    paid = _count_customers(chances, unproven[ordinary[unproven]])
    # The same number added to both keeps the ratio near 1 in a small feed, where one customer more would double it.
    ratio = (paid + _CUSTOMERS) / (_expect_customers(chances, ordinary) + _CUSTOMERS)
    # Never below 1: a quiet day must not make ordinary payments look strange.
    return float(np.clip(ratio**_POWER, 1, _MOST))


def _count_customers(chances: Chances, rows: np.ndarray) -> int:
    return len(np.unique(chances.rows.customer[rows]))


def _expect_customers(chances: Chances, rows: np.ndarray) -> float:
    """Return how many customers could be expected to lose some of these rows."""
    sums = np.bincount(chances.rows.customer, np.where(rows, chances.each, 0))
    return abs(float(np.expm1(-sums).sum()))


def find_strangest(seen: Sequence[Surprise]) -> Surprise:
    """Return the surprise with the longest odds."""
    return min(seen, key=lambda surprise: surprise.odds)


def is_strange(surprise: Surprise, chances: Chances) -> bool:
    """Whether the odds are longer than caution allows. A feed that reports less often is asked less often anyway."""
    looked = 1 + (_LOOKED - 1) / chances.case.days
    beyond: float = max(chances.case.caution / _MEASURED, 1) ** 0.5
    return surprise.odds < 1 / (looked * chances.caution * beyond)

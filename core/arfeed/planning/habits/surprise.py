"""Whether more customers have lost rows that are hardly ever paid at such a time than ordinary days explain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from arfeed.planning.habits.chances import Chances

PARTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""Rare are rows whose chance is below such a part of the feed's mean."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """How many customers have lost rare rows, how many were to be expected, and the odds of so many or more."""

    part: float
    customers: int
    expected: float
    odds: float


def surprises(chances: Chances) -> Iterator[Surprise]:
    """Count the customers for each part of the mean."""
    rows, unproven = chances.rows, np.flatnonzero(chances.case.unproven)
    for part in PARTS:
        limit = part * chances.mean
        rare = np.where(chances.each < limit, chances.each, 0)
        lost = unproven[chances.each[unproven] < limit]
        customers = len(np.unique(rows.customer[lost]))
        expected = abs(float(np.expm1(-np.bincount(rows.customer, rare)).sum()))
        yield Surprise(part, customers, expected, odds(customers, expected))


def odds(customers: int, expected: float) -> float:
    """Return the chance of so many customers or more: negative binomial of shape 2, since days differ.

    The tail of (k + 1) (1 - q)² qᵏ from `customers` on, with q = expected / (2 + expected), has a closed form.
    """
    q = expected / (2 + expected)
    return float(q**customers * (1 + customers * (1 - q)))

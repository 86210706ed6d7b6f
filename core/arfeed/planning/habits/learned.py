"""What was learned about one source: how often rows are closed without proof, by days past due and by customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

LATE_FROM = np.array([-60, -30, -20, -13, -7, -3, 0, 1, 4, 8, 15, 31, 61, 121])
"""The first day past due of every band except the first, which holds all that is due in more than 60 days."""

BANDS = len(LATE_FROM) + 3
"""The bands of days past due, one for rows without any date, and one for credits, which leave with any payment."""

WIDE = 3
"""Coarse bands for single customers: not due yet, up to 30 days late (or undated, or a credit), later.

One customer closes far too few rows to fill the fine bands."""

_EXPECTED = np.array([1, 2, 3, 4, 5, 10, 30, 80, 100, 80, 70, 50, 30, 15, 6, 20, 40]) / 1000
"""Closings per row and working day expected of a feed about which nothing is known, by band."""

_EXPECTED_WEIGHT = 400
"""How many rows times working days this expectation counts as, in each band."""

_CUSTOMER_WEIGHT = 1
"""How many of a customer's own closings weigh as much as what is usual in the feed."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned about one source.

    It was learned from `reports` reports in `worked` working days. `open_days` (rows times working days) and `closings`
    have a number for each band; `closed` and `expected` (closings, and how many would have been usual) have one for
    each customer and coarse band. `references` are folded, and were closed on the days `gone` (since 1970); `proven`
    tells which of them with proof.
    """

    reports: int
    worked: int
    open_days: np.ndarray
    closings: np.ndarray
    customers: pa.Array
    closed: np.ndarray
    expected: np.ndarray
    references: pa.Array
    gone: np.ndarray
    proven: np.ndarray

    @property
    def reports_a_day(self) -> float:
        """Return reports per working day, at least one."""
        return max(self.reports / max(self.worked, 1), 1)

    @property
    def usual(self) -> np.ndarray:
        """Return closings per row and working day, by band."""
        # A weighted mean of what is expected and what was seen: a young feed leans on the former, an old one on the
        # latter.
        usual: np.ndarray = self.closings + _EXPECTED * _EXPECTED_WEIGHT
        usual /= self.open_days + _EXPECTED_WEIGHT
        return usual

    @property
    def mean(self) -> float:
        """Return closings per row and working day, over all bands."""
        # Weighted as in `usual`, of which this is the mean.
        weight = _EXPECTED_WEIGHT * BANDS
        return float((self.closings.sum() + _EXPECTED.sum() * _EXPECTED_WEIGHT) / (self.open_days.sum() + weight))

    @property
    def habit(self) -> np.ndarray:
        """Return how many times as often as usual each customer pays, by coarse band."""
        habit: np.ndarray = (self.closed + _CUSTOMER_WEIGHT) / (self.expected + _CUSTOMER_WEIGHT)
        return habit


NOTHING = Learned(
    *(0, 0),
    *(np.zeros(BANDS, np.float32),) * 2,
    pa.array([], pa.large_string()),
    *(np.zeros((0, WIDE), np.float32),) * 2,
    pa.array([], pa.large_string()),
    np.zeros(0, np.int32),
    np.zeros(0, bool),
)

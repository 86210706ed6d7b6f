"""What was learned of one source: how often rows are closed without proof, by days past due and by customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

LATE_FROM = np.array([-60, -30, -20, -13, -7, -3, 0, 1, 4, 8, 15, 31, 61, 121])
"""The first day past due of every band but the first, which is all that is due later than in 60 days."""

BANDS = len(LATE_FROM) + 3
"""Bands of days past due, one for rows without any date, and one for credits, which leave with any payment."""

WIDE = 3
"""Coarser bands, in which customers are known: not due yet, up to 30 days late (or undated, or a credit), later."""

_EXPECTED = np.array([1, 2, 3, 4, 5, 10, 30, 80, 100, 80, 70, 50, 30, 15, 6, 20, 40]) / 1000
"""Closings a row and working day that are expected of a feed that nothing is known of, by band."""

_EXPECTED_WEIGHT = 400
"""Rows times working days that this expectation counts as, in each band."""

_CUSTOMER_WEIGHT = 1
"""Closings of a customer that are as good as what is usual in the feed."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of one source.

    `reports` were learned from, in `worked` working days. `open_days` (rows times working days) and `closings` have a
    number a band; `closed` and `expected` (closings, and how many would have been usual) have one a customer and coarse
    band. `references` are folded, closed without proof on the days `gone` (since 1970).
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

    @property
    def reports_a_day(self) -> float:
        """Reports a working day, at least one."""
        return max(self.reports / max(self.worked, 1), 1)

    @property
    def usual(self) -> np.ndarray:
        """Closings a row and working day, by band."""
        usual: np.ndarray = self.closings + _EXPECTED * _EXPECTED_WEIGHT
        usual /= self.open_days + _EXPECTED_WEIGHT
        return usual

    @property
    def mean(self) -> float:
        """Closings a row and working day, over all bands."""
        weight = _EXPECTED_WEIGHT * BANDS
        return float((self.closings.sum() + _EXPECTED.sum() * _EXPECTED_WEIGHT) / (self.open_days.sum() + weight))

    @property
    def habit(self) -> np.ndarray:
        """How many times as often as usual each customer pays, by coarse band."""
        habit: np.ndarray = (self.closed + _CUSTOMER_WEIGHT) / (self.expected + _CUSTOMER_WEIGHT)
        return habit


NOTHING = Learned(
    *(0, 0),
    *(np.zeros(BANDS, np.float32),) * 2,
    pa.array([], pa.large_string()),
    *(np.zeros((0, WIDE), np.float32),) * 2,
    pa.array([], pa.large_string()),
    np.zeros(0, np.int32),
)

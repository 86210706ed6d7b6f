"""How likely each open row was to be closed without proof by the day of the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from arfeed.planning.habits.case import Case, Rows, number_rows
from arfeed.planning.habits.learned import WIDE, Learned

_LEAST, _MOST = 0.00001, 0.95
"""Nothing is impossible, and nothing is certain: a single chance of 0 would decide a product of chances by itself."""


@dataclass(frozen=True, slots=True)
class Chances:
    """A case with the chance of every row of the baseline, and `mean`, the average chance of a row of this feed.

    `caution` is meant per day: otherwise, a feed that reports eight times a day would be asked eight times as often.
    """

    case: Case
    rows: Rows
    learned: Learned
    each: np.ndarray
    mean: float

    @property
    def caution(self) -> float:
        """Return the number of reports in which something may happen once without a question."""
        return self.case.caution * self.learned.reports_a_day


def weigh_rows(learned: Learned, case: Case) -> Chances:
    """Weigh every row of the baseline by what was learned about its source and its customer."""
    rows = number_rows(case)
    rate = (learned.usual * case.days)[rows.band]
    known = pc.index_in(rows.names, value_set=learned.customers)
    if known.null_count < len(known):
        rate *= _get_habits(learned, np.asarray(pc.fill_null(known, -1)))[rows.wide]
    # 1 - exp(-rate), since over several days a rate may exceed 1 and a chance may not; expm1 stays exact for tiny
    # rates.
    each = np.clip(-np.expm1(-rate), _LEAST, _MOST)
    return Chances(case, rows, learned, each, learned.mean * case.days)


def _get_habits(learned: Learned, places: np.ndarray) -> np.ndarray:
    """Return how many times as often as usual each customer pays in each coarse band, as one flat array."""
    habit: np.ndarray = learned.habit[places]
    # A customer of whom nothing is known pays as usual; indexing with -1 has read the last customer's habit.
    habit[places < 0] = 1
    return habit.reshape(len(places) * WIDE)


def compute_odds(customers: int, expected: float) -> float:
    """Return the chance of this many customers or more: negative binomial of shape 2, since days differ.

    The tail of (k + 1) (1 - q)² qᵏ from `customers` on, with q = expected / (2 + expected), has a closed form.
    """
    q = expected / (2 + expected)
    return float(q**customers * (1 + customers * (1 - q)))

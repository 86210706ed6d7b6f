"""How likely each open row was to be closed without proof by the day of the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from arfeed.planning.habits.case import Case, Rows, number_rows
from arfeed.planning.habits.learned import WIDE, Learned

_LEAST, _MOST = 0.00001, 0.95
"""Nothing is impossible, and nothing is certain."""


@dataclass(frozen=True, slots=True)
class Chances:
    """A case with the chance of every row of the baseline, and `mean`, the chance of a row of this feed at large.

    `caution` is meant by the day: who reports eight times a day would else be asked eight times as often.
    """

    case: Case
    rows: Rows
    learned: Learned
    each: np.ndarray
    mean: float

    @property
    def caution(self) -> float:
        """Reports in which something may happen once without being asked about."""
        return self.case.caution * self.learned.reports_a_day


def weigh_rows(learned: Learned, case: Case) -> Chances:
    """Weigh every row of the baseline by what was learned of its source and its customer."""
    rows = number_rows(case)
    rate = (learned.usual * case.days)[rows.band]
    known = pc.index_in(rows.names, value_set=learned.customers)
    if known.null_count < len(known):
        rate *= _get_habits(learned, np.asarray(pc.fill_null(known, -1)))[rows.wide]
    each = np.clip(-np.expm1(-rate), _LEAST, _MOST)
    return Chances(case, rows, learned, each, learned.mean * case.days)


def _get_habits(learned: Learned, places: np.ndarray) -> np.ndarray:
    """Return how many times as often as usual each customer pays in each coarse band, one behind the other."""
    habit: np.ndarray = learned.habit[places]
    habit[places < 0] = 1
    return habit.reshape(len(places) * WIDE)


def compute_odds(customers: int, expected: float) -> float:
    """Return the chance of that many customers or more: negative binomial of shape 2, since days differ.

    The tail of (k + 1) (1 - q)² qᵏ from `customers` on, with q = expected / (2 + expected), has a closed form.
    """
    q = expected / (2 + expected)
    return float(q**customers * (1 + customers * (1 - q)))

"""One source's rows on one day, made on the spot: forty invoices of ten customers, but for what a test names."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from arfeed import Objection
from arfeed.planning.habits.case import Case
from arfeed.planning.habits.judgement import judge
from arfeed.planning.habits.memory import Habits
from support.feeds.plans import invoices

TODAY = date(2026, 4, 21)
"""A Tuesday."""

YESTERDAY = TODAY - timedelta(days=1)


def due_in(days: int) -> date:
    return TODAY + timedelta(days=days)


def listed(count: int = 40, customers: int = 10, **columns: Any) -> pd.DataFrame:
    """Invoices that are due in three weeks, of so many customers in turn; any further column is text."""
    known = {
        "customer_id": [f"C{number % customers}" for number in range(count)],
        "customer_name": [f"Customer {number % customers}" for number in range(count)],
        "issued_on": due_in(-9),
        "due_on": due_in(21),
    }
    extra = {name: columns.pop(name) for name in [*columns] if name not in invoices()}
    rows = invoices(count, **(known | columns))
    return rows.assign(**{name: _typed(values, count) for name, values in extra.items()})


def _typed(values: object, count: int) -> pd.Series[Any]:
    each = values if isinstance(values, list) else [values] * count
    numbers = isinstance(each[0], int)
    return pd.Series(each, dtype="int64[pyarrow]" if numbers else "str")


def case(before: pd.DataFrame, gone: Collection[int] = (), **known: Any) -> Case:
    """A case in which the rows at these places are missing without proof, and nothing is new."""
    missing = np.isin(np.arange(len(before)), [*gone])
    left = before[~missing].reset_index(drop=True)
    report = left.assign(change=pd.Series("unchanged", index=left.index, dtype="str"))
    plain: dict[str, Any] = {
        "missing": missing,
        "unproven": missing,
        "report": report,
        "on": TODAY,
        "since": YESTERDAY,
    } | known
    return Case(source="erp", before=before, **plain)


def heard(case: Case, habits: Habits | None = None) -> dict[str, Objection]:
    """What the guards object to, by code."""
    found, _ = judge((habits or Habits.none()).of(case.source), case)
    assert len({objection.code for objection in found}) == len(found)
    return {objection.code: objection for objection in found}


def after_days(before: pd.DataFrame, gone: Collection[int], days: int, habits: Habits | None = None) -> Habits:
    """What is known after so many deliveries of which each lost the rows at these places."""
    known = habits or Habits.none()
    for _ in range(days):
        day = case(before, gone)
        known = known.learn(day, day.unproven)
    return known

"""The guards on simulated business ask seldom and stop what matters. `python -m business` has the long tables."""

from __future__ import annotations

from typing import Any

import pytest

from support.business.measure import Feed
from support.business.table import Summary, summed

FIRST = 1_000
"""Seeds that neither shaped the rule (below) nor are held out for the published table (from 100,000 on)."""


def measured(feeds: int, size: int, **known: Any) -> Summary:
    seeds = range(FIRST, FIRST + feeds)
    return summed(outcome for seed in seeds for outcome in Feed(seed, size, **known).outcomes())


@pytest.mark.simulated
@pytest.mark.parametrize(
    ("feeds", "size", "known", "needless", "stopped", "money"),
    [
        (8, 20, {"measured": 60, "accidents": 0.7}, 0.045, 0.94, 0.88),
        (4, 200, {"measured": 50}, 0.05, 0.97, 0.97),
        (3, 200, {"measured": 40, "mode": "90 % proven"}, 0.025, 0.95, 0.96),
        (3, 200, {"measured": 30, "rhythm": "weekly"}, 0.07, 0.90, 0.94),
        (2, 20, {"measured": 40, "mode": "balanced"}, 0.02, 0.98, 0.95),
    ],
    ids=["20 invoices", "200 invoices", "90 % proven", "weekly", "balanced"],
)
def test_ordinary_days_pass_and_accidents_are_stopped(
    feeds: int, size: int, known: dict[str, Any], needless: float, stopped: float, money: float
) -> None:
    found = measured(feeds, size, **known)
    assert found.days > 50, "days that say anything"
    assert found.large > 20, "accidents that say anything"
    assert found.needless <= needless
    assert found.stopped_large >= stopped
    assert found.money >= money


@pytest.mark.soak
@pytest.mark.parametrize(
    ("feeds", "size", "known", "needless", "stopped", "money"),
    [
        (40, 20, {}, 0.025, 0.98, 0.95),
        (20, 200, {}, 0.025, 0.99, 0.99),
        (3, 5_000, {"measured": 120}, 0.03, 0.99, 0.995),
        (20, 200, {"mode": "90 % proven"}, 0.007, 0.975, 0.985),
        (20, 200, {"mode": "balanced"}, 0.007, 0.99, 0.99),
        (40, 20, {"rhythm": "weekly"}, 0.06, 0.96, 0.91),
        (20, 200, {"rhythm": "weekly"}, 0.035, 0.95, 0.97),
    ],
    ids=["20", "200", "5,000", "90 % proven", "balanced", "weekly 20", "weekly 200"],
)
def test_a_year_of_business_keeps_to_what_was_published(
    feeds: int, size: int, known: dict[str, Any], needless: float, stopped: float, money: float
) -> None:
    found = measured(feeds, size, **known)
    assert found.needless <= needless
    assert found.stopped_large >= stopped
    assert found.money >= money

"""When an office works: weekends, holidays, weeks without its bookkeeper, offices that post once a week."""

from __future__ import annotations

from datetime import date

import numpy as np

Days = np.ndarray
"""Days since 1970, int64."""

_HOLIDAYS = ((1, 1), (1, 6), (5, 1), (12, 25), (12, 26))
_FRIDAY = 4


def day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def weekday(days: Days) -> np.ndarray:
    """Monday is 0."""
    of_week: np.ndarray = (days + 3) % 7
    return of_week


def month_of(days: Days) -> np.ndarray:
    """Months since 1970."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def in_month(months: np.ndarray, day: np.ndarray | int) -> Days:
    """That day of a month, at most its last."""
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    found: np.ndarray = np.minimum(first + day - 1, after - 1)
    return found


def working_days(rng: np.random.Generator, start: int, end: int) -> np.ndarray:
    """Whether somebody works, a bool a day from start to end."""
    days = np.arange(start, end)
    works = weekday(days) < 5
    dates = days.astype("datetime64[D]").astype(object)
    closed_at_new_year = rng.random() < 0.5
    for place, day in enumerate(dates):
        new_year = (day.month, day.day) >= (12, 24) or (day.month, day.day) <= (1, 2)
        easter = day.month == 4 and 2 <= day.day <= 5
        if (day.month, day.day) in _HOLIDAYS or easter or (closed_at_new_year and new_year):
            works[place] = False
    return works


def postings(rng: np.random.Generator, start: int, end: int) -> Days:
    """The day on which money that arrives on each day is posted."""
    posts = working_days(rng, start, end)
    days = np.arange(start, end)
    for _ in range(rng.poisson((end - start) / 250)):
        away = int(rng.integers(0, end - start - 20))
        posts[away : away + int(rng.integers(4, 13))] = False
    if rng.random() < 0.1:
        posts &= weekday(days) == _FRIDAY
    following = np.where(posts, days, end)
    return np.minimum.accumulate(following[::-1])[::-1]

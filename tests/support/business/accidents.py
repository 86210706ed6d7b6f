"""What happens to a report: joins, filters, cuts, stale copies. Each returns the rows that the wrong report lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from support.business.books import Books


@dataclass(frozen=True)
class Day:
    """The day on which it happens: the rows of the last report, the true ones of this, and those of earlier days."""

    books: Books
    rng: np.random.Generator
    day: int
    before: np.ndarray
    now: np.ndarray
    earlier: Sequence[np.ndarray]

    def of(self, trait: str) -> np.ndarray:
        return self.books.traits[trait].take(self.now)

    @property
    def customer(self) -> np.ndarray:
        return self.books.customer.take(self.now)

    @property
    def late(self) -> np.ndarray:
        late: np.ndarray = self.day - self.books.due.take(self.now)
        return late

    @property
    def age(self) -> np.ndarray:
        age: np.ndarray = self.day - self.books.issued.take(self.now)
        return age

    @property
    def amount(self) -> np.ndarray:
        return self.books.amount.take(self.now)


Accident = Callable[[Day], np.ndarray]

_TRAITS = ("branch", "seller", "company", "currency", "method", "file", "prefix")


def _kept(day: Day, stays: np.ndarray) -> np.ndarray:
    return day.now.compress(stays)


def _some_customers(share: float) -> Accident:
    """A join or a right hides some customers; at least one."""

    def happens(day: Day) -> np.ndarray:
        every = np.unique(day.customer)
        hidden = day.rng.choice(every, min(max(round(share * len(every)), 1), len(every)), replace=False)
        return _kept(day, ~np.isin(day.customer, hidden))

    return happens


def _several(values: np.ndarray) -> bool:
    return len(values) > 0 and bool((values != values[0]).any())


def _missing(trait: str) -> Accident:
    def happens(day: Day) -> np.ndarray:
        values = day.of(trait)
        return _kept(day, values != day.rng.choice(values)) if _several(values) else day.now

    return happens


def _alone(trait: str) -> Accident:
    def happens(day: Day) -> np.ndarray:
        values = day.of(trait)
        return _kept(day, values == day.rng.choice(values)) if _several(values) else day.now

    return happens


def _blank_seller(day: Day) -> np.ndarray:
    return _kept(day, day.of("seller") != "")


def _sellers_rights(day: Day) -> np.ndarray:
    sellers = np.unique(day.of("seller"))
    hidden = day.rng.choice(sellers, max(len(sellers) // 3, 1), replace=False)
    return _kept(day, ~np.isin(day.of("seller"), hidden))


def _between(values: Callable[[Day], np.ndarray], *, lowest: bool, share: tuple[float, float]) -> Accident:
    """A filter leaves out the lowest or highest of an order."""

    def happens(day: Day) -> np.ndarray:
        order = values(day)
        if not len(order):
            return day.now
        part = day.rng.uniform(*share)
        limit = np.quantile(order, part if lowest else 1 - part)
        return _kept(day, order > limit if lowest else order < limit)

    return happens


def _issued(day: Day) -> np.ndarray:
    return -day.age


def _due(day: Day) -> np.ndarray:
    return -day.late


def _number(day: Day) -> np.ndarray:
    return np.argsort(np.argsort(day.books.table["invoice_ref"].to_numpy()[day.now]))


def _place(day: Day) -> np.ndarray:
    return np.arange(len(day.now))


def _size(day: Day) -> np.ndarray:
    size: np.ndarray = np.abs(day.amount)
    return size


def _not_due_lost(day: Day) -> np.ndarray:
    return _kept(day, day.late > 0)


def _overdue_lost(day: Day) -> np.ndarray:
    return _kept(day, day.late <= 0)


def _old_years_lost(day: Day) -> np.ndarray:
    return _kept(day, day.age <= day.rng.choice([30, 60, 90, 120]))


def _credits_lost(day: Day) -> np.ndarray:
    return _kept(day, day.amount > 0)


def _page_cap(day: Day) -> np.ndarray:
    pages = np.array([10, 25, 50, 100, 200, 500, 1000, 2000])
    fitting = pages[pages < len(day.now)]
    return day.now.take(np.arange(int(day.rng.choice(fitting[-3:])))) if len(fitting) else day.now


def _page_lost(day: Day) -> np.ndarray:
    size = max(int(day.rng.choice([len(day.now) // 20, len(day.now) // 8, len(day.now) // 4])), 1)
    first = int(day.rng.integers(0, max(len(day.now) // size, 1))) * size
    return np.delete(day.now, slice(first, first + size))


def _half_reload(day: Day) -> np.ndarray:
    stays = day.rng.random(len(day.now)) < day.rng.uniform(0.3, 0.8)
    return _kept(day, stays)


def _first_of_customer(day: Day) -> np.ndarray:
    """Each customer's first page only."""
    order = np.lexsort([_place(day), day.customer])
    mine = day.customer[order]
    start = np.append(True, mine[1:] != mine[:-1])
    nth = np.arange(len(mine)) - np.maximum.accumulate(np.where(start, np.arange(len(mine)), 0))
    stays = np.empty(len(mine), bool)
    stays[order] = nth < day.rng.choice([1, 2, 5, 10])
    return _kept(day, stays)


def _distinct(day: Day) -> np.ndarray:
    """DISTINCT over customer and issue date."""
    key = day.customer * 10**6 + day.age
    _, first = np.unique(key, return_index=True)
    return day.now[np.sort(first)]


def _stale(most: int) -> Accident:
    def happens(day: Day) -> np.ndarray:
        back = int(day.rng.integers(1, most + 1))
        return day.earlier[-min(back + 1, len(day.earlier))]

    return happens


def _stale_file(day: Day) -> np.ndarray:
    """One company's part is of some days ago."""
    company = day.books.traits["company"]
    wanted = day.rng.choice(day.of("company")) if len(day.now) else ""
    old = day.earlier[-min(int(day.rng.integers(2, 6)), len(day.earlier))]
    return np.concatenate([day.now[company[day.now] != wanted], old[company[old] == wanted]])


def _delta(day: Day) -> np.ndarray:
    return np.setdiff1d(day.now, day.before)


def _other_company(day: Day) -> np.ndarray:
    """Nothing of it is known."""
    return day.now[:0]


def _random(share: float) -> Accident:
    def happens(day: Day) -> np.ndarray:
        return _kept(day, day.rng.random(len(day.now)) >= share)

    return happens


def _inactive_customers(day: Day) -> np.ndarray:
    active = np.unique(day.customer[day.age < day.rng.choice([14, 30])])
    return _kept(day, np.isin(day.customer, active))


def _reminded(day: Day) -> np.ndarray:
    return _kept(day, (day.late < 10) | (day.rng.random(len(day.now)) < 0.5))


def _by_letter(day: Day) -> np.ndarray:
    limit = day.rng.choice(np.unique(day.customer)) if len(day.now) else 0
    return _kept(day, day.customer <= limit)


ACCIDENTS: Mapping[str, Accident] = {
    "join: one customer": _some_customers(0),
    "join: 1 % of customers": _some_customers(0.01),
    "join: 5 % of customers": _some_customers(0.05),
    "join: 20 % of customers": _some_customers(0.2),
    **{f"{trait} missing": _missing(trait) for trait in _TRAITS},
    **{f"{trait} alone": _alone(trait) for trait in _TRAITS},
    "blank seller": _blank_seller,
    "row rights by seller": _sellers_rights,
    "row rights by branch": _alone("branch"),
    "oldest issued": _between(_issued, lowest=True, share=(0.05, 0.6)),
    "newest issued": _between(_issued, lowest=False, share=(0.03, 0.4)),
    "earliest due": _between(_due, lowest=True, share=(0.05, 0.6)),
    "latest due": _between(_due, lowest=False, share=(0.05, 0.6)),
    "not due": _not_due_lost,
    "overdue": _overdue_lost,
    "old years": _old_years_lost,
    "small amounts": _between(_size, lowest=True, share=(0.03, 0.5)),
    "large amounts": _between(_size, lowest=False, share=(0.03, 0.3)),
    "credits": _credits_lost,
    "cut by number": _between(_number, lowest=False, share=(0.02, 0.6)),
    "cut by place": _between(_place, lowest=False, share=(0.02, 0.6)),
    "page cap": _page_cap,
    "a page lost": _page_lost,
    "half reload": _half_reload,
    "first page a customer": _first_of_customer,
    "DISTINCT": _distinct,
    "stale": _stale(5),
    "very stale": _stale(20),
    "stale part": _stale_file,
    "delta": _delta,
    "another company": _other_company,
    "customers by letter": _by_letter,
    "inactive customers": _inactive_customers,
    "reminded": _reminded,
    "random 1 %": _random(0.01),
    "random 5 %": _random(0.05),
    "random 20 %": _random(0.2),
}
"""Forty-odd kinds, by name."""

HIDDEN_FROM_THE_LEDGER = {"row rights by seller", "row rights by branch", "another company", "stale", "very stale"}
"""What a control account, read in the same way, does not see either."""

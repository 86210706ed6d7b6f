"""Customers by a power law, and the habits they pay by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from support.business.calendar import Days, in_month, month_of, weekday

SINGLY, PROMPT, WEEKLY, TWICE_A_MONTH, MONTHLY, DEBIT, AT_ONCE, NEVER, FACTORED = range(9)
_COMMON = np.array([34, 4, 16, 9, 9, 14, 4, 1.2, 2])
"""How many customers in a hundred pay each way, in the average feed."""

_NOT_YET = 10**6

_EARLIER = 0.6
"""How far people pay earlier than they use to, against how far later."""


@dataclass(frozen=True)
class Customers:
    """An array a property, one item a customer. `weight` is its share of all invoices; dates in days since 1970."""

    weight: np.ndarray
    way: np.ndarray
    term: np.ndarray
    lateness: np.ndarray
    spread: np.ndarray
    weekday: np.ndarray
    day: np.ndarray
    ahead: np.ndarray
    size: np.ndarray
    since: np.ndarray
    branch: np.ndarray
    seller: np.ndarray
    company: np.ndarray
    currency: np.ndarray
    debit_rhythm: int

    def __len__(self) -> int:
        return len(self.weight)


def customers(rng: np.random.Generator, count: int, start: int, end: int) -> Customers:
    weight = np.arange(1, count + 1) ** -rng.uniform(0.4, 1.1)
    ways = rng.dirichlet(_COMMON / 6 + 0.02)
    terms = rng.dirichlet([0.4, 2, 5, 1.5])
    early = rng.random(count) < 0.2
    branches = int(rng.integers(1, 7))
    opened = np.where(rng.random(branches) < 0.15, rng.integers(start, end, branches), start - 1)
    branch = rng.choice(branches, count, p=rng.dirichlet(np.full(branches, 3.0)))
    since = np.where(rng.random(count) < 0.25, rng.integers(start, end, count), start - 1)
    companies, currencies = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    return Customers(
        weight=weight / weight.sum(),
        way=rng.choice(len(ways), count, p=ways),
        term=rng.choice([7, 14, 30, 60], count, p=terms),
        lateness=np.where(early, rng.uniform(-14, -2, count), rng.gamma(1.3, 7, count)),
        spread=rng.gamma(2, 2, count),
        weekday=np.where(rng.random(count) < 0.5, rng.integers(0, 5, count), -1),
        day=rng.integers(1, 29, count),
        ahead=rng.choice([0, 0, 3, 7], count),
        size=rng.normal(0, 1, count),
        since=np.maximum(since, opened[branch]),
        branch=branch,
        seller=rng.choice(int(rng.integers(2, 9)), count),
        company=rng.choice(companies, count, p=rng.dirichlet(np.full(companies, 2.0))),
        currency=np.where(rng.random(count) < 0.8, 0, rng.choice(currencies, count)),
        debit_rhythm=int(rng.integers(0, 3)),
    )


def paid_on(rng: np.random.Generator, of: Customers, who: np.ndarray, issued: Days, due: Days) -> Days:
    """The day on which the money for each invoice arrives."""
    wanted = due - of.ahead[who]
    noise = rng.standard_t(2.5, len(who)) * of.spread[who]
    noise = np.where(noise < 0, noise * _EARLIER, noise)
    paid = due + of.lateness[who] + noise
    paid = np.minimum(paid, due + 200).astype(np.int64)
    paid = np.where(of.weekday[who] >= 0, _next_weekday(paid, of.weekday[who]), paid)
    skipped = rng.random(len(who)) < 0.04
    months = month_of(wanted)
    middle, end = in_month(months, 15), in_month(months, 31)
    ways = {
        SINGLY: paid,
        PROMPT: issued + rng.integers(0, 4, len(who)),
        WEEKLY: _next_weekday(wanted, np.maximum(of.weekday[who], 0)) + 7 * skipped,
        TWICE_A_MONTH: np.where(wanted <= middle, middle, end) + 15 * skipped,
        MONTHLY: in_month(month_of(issued) + 1 + skipped, of.day[who]),
        DEBIT: _debited(of.debit_rhythm, due, np.where(of.ahead[who] > 0, 2, 0)),
        AT_ONCE: _at_once(of, who, issued),
        NEVER: np.full(len(who), issued.max(initial=0) + _NOT_YET),
        FACTORED: _next_weekday(issued + 1, np.full(len(who), 3)),
    }
    paid = np.choose(of.way[who], [ways[way] for way in range(len(ways))])
    disputed = rng.random(len(who)) < 0.03
    paid = np.where(disputed, paid + rng.integers(30, 200, len(who)), paid)
    arrives: np.ndarray = np.maximum(paid, issued + 1)
    return arrives


def _next_weekday(days: Days, wanted: np.ndarray) -> Days:
    following: np.ndarray = days + (wanted - weekday(days)) % 7
    return following


def _debited(rhythm: int, due: Days, before: np.ndarray) -> Days:
    days = due - before
    if rhythm == 0:
        return _next_weekday(days, np.full(len(days), 1))
    months = month_of(days)
    if rhythm == 1:
        fifth, twentieth, fifth_after = in_month(months, 5), in_month(months, 20), in_month(months + 1, 5)
        return np.where(days <= fifth, fifth, np.where(days <= twentieth, twentieth, fifth_after))
    first = in_month(months, 10)
    return np.where(days <= first, first, in_month(months + 1, 10))


def _at_once(of: Customers, who: np.ndarray, issued: Days) -> Days:
    """All that is open every some weeks."""
    rhythm = 21 + of.day[who]
    paid: np.ndarray = issued + 3 + (of.day[who] * 7 - issued - 3) % rhythm
    return paid

"""Find the set of rows with one fact in common that has left almost completely, against the longest odds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from arfeed.planning.habits.chances import Chances
from arfeed.planning.habits.traits import Group, Order, find_groups, find_orders, write_value
from arfeed.planning.traces import PLACE
from arfeed.planning.wording import name_first

PURITY = 0.97
"""At least this share of a set must be missing."""

LEAST_ROWS, LEAST_CUSTOMERS = 4, 2
LEAST_OF_A_KIND = 3
"""All credit notes, each of another customer: a filter on the kind of document is a usual one, and they are few."""

_STAYED = 3
"""How much a row that stayed lowers a set's score."""

_ABOVE_CUSTOMERS = 3
"""How far one customer's part of a score may exceed the logarithm of the number of customers."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of rows of the baseline: `what` they share, the places of its missing rows, and the numbers of their
    customers and of its rows that `stayed`.

    `score` is the logarithm of the odds against it, less a price for how many sets were looked at.
    """

    what: str
    score: float
    rows: np.ndarray
    customers: int
    stayed: int


@dataclass(frozen=True, slots=True)
class _Lost:
    """The unproven missing rows: places, customers (numbered anew) and −ln(chance); and which rows have stayed."""

    at: np.ndarray
    customer: np.ndarray
    weight: np.ndarray
    stayed: np.ndarray
    cap: float

    def score(self, inside: np.ndarray) -> float:
        """Sum the weights of these rows, each customer counting at most the cap."""
        # A customer who settles everything is one event, however many invoices it has; uncapped, it would look like a
        # pattern.
        return float(np.minimum(np.bincount(self.customer[inside], self.weight[inside]), self.cap).sum())

    def customers(self, inside: np.ndarray) -> int:
        return len(np.unique(self.customer[inside]))


def find_strongest(chances: Chances) -> Pattern | None:
    """Return the set with the highest score, or None if no set qualifies."""
    case = chances.case
    at = np.flatnonzero(case.unproven)
    if len(at) < LEAST_OF_A_KIND:
        return None
    _, customer = np.unique(chances.rows.customer[at], return_inverse=True)
    lost = _Lost(
        at, customer, -np.log(chances.each[at]), ~case.missing, np.log(len(chances.rows.names)) + _ABOVE_CUSTOMERS
    )
    if int(customer.max()) + 1 < LEAST_CUSTOMERS:
        return None
    found = [
        *(pattern for group in find_groups(case) for pattern in _search_group(lost, group)),
        *(pattern for order in find_orders(case) for pattern in _search_order(lost, order, chances)),
    ]
    return max(found, key=lambda pattern: pattern.score, default=None)


def _search_group(lost: _Lost, group: Group) -> Iterator[Pattern]:
    """Yield what is gone of a column's values: some of them completely, or all but one."""
    values, mine = len(group.values), group.code[lost.at]
    gone = np.bincount(mine, minlength=values)
    stayed = np.bincount(group.code[lost.stayed], minlength=values)
    # The price of having looked: among many values, one is bound to have left by chance.
    price = np.log(values)
    worth = _weigh_values(lost, mine, values) - _STAYED * stayed - price
    taken = (gone > 0) & (gone >= PURITY * (gone + stayed)) & (worth > 0)
    # If nothing is left outside the set, everything is gone, and the column distinguishes nothing.
    if taken.any() and stayed[~taken].sum() + gone[~taken].sum():
        names = [group.values[place] for place in np.flatnonzero(taken)[np.argsort(-gone[taken])]]
        what, least = f"{group.name} = {_list_values(names)}", LEAST_OF_A_KIND if group.name == "kind" else LEAST_ROWS
        yield from _qualify(lost, taken[mine], int(stayed[taken].sum()), what, price * taken.sum(), least)
    all_gone, all_stayed = gone.sum(), stayed.sum()
    for value in np.flatnonzero(all_gone - gone >= PURITY * (all_gone - gone + all_stayed - stayed)):
        # Of two values, all but one is the other one, which was looked at above.
        if values > 2 and gone[value] + stayed[value]:
            what = f"{group.name} other than {_show_blank(group.values[value])}"
            yield from _qualify(lost, mine != value, int(all_stayed - stayed[value]), what, price)


def _weigh_values(lost: _Lost, mine: np.ndarray, values: int) -> np.ndarray:
    """Return the capped sum of weights of each value."""
    pairs, inverse = np.unique(lost.customer * values + mine, return_inverse=True)
    capped = np.minimum(np.bincount(inverse, lost.weight), lost.cap)
    return np.bincount(pairs % values, capped, minlength=values)


def _qualify(
    lost: _Lost, inside: np.ndarray, stayed: int, what: str, price: float, least: int = LEAST_ROWS
) -> Iterator[Pattern]:
    """Yield a set if it is large enough and nearly all gone; `least` rows will do if each is of another customer."""
    count, customers = int(inside.sum()), lost.customers(inside)
    if (
        count >= (least if customers == count else LEAST_ROWS)
        and customers >= LEAST_CUSTOMERS
        and count >= PURITY * (count + stayed)
    ):
        yield Pattern(what, lost.score(inside) - _STAYED * stayed - float(price), lost.at[inside], customers, stayed)


def _search_order(lost: _Lost, order: Order, chances: Chances) -> Iterator[Pattern]:
    """Yield what is gone of an order up to some place, and from some place on.

    Lists that break off are so common that the end of one is priced no higher than one look at every customer.
    """
    place, at, stays = order.place, lost.at, lost.stayed
    known = slice(None)
    if order.known is not None:
        known, stays = order.known[at], stays & order.known
    some = _Lost(at[known], lost.customer[known], lost.weight[known], stays, lost.cap)
    stayed = place[stays].astype(np.int64)
    if len(some.at) < LEAST_ROWS or not len(stayed):
        return
    mine = place[some.at].astype(np.int64)
    # An order can be cut at as many places as it has, from either end: that many sets were looked at.
    span = max(int(stayed.max()), int(mine.max())) - min(int(stayed.min()), int(mine.min())) + 1
    price = float(np.log(2 * min(span, len(place)) + 1))
    cut = min(price, float(np.log(2 * len(chances.rows.names) + 1))) if order.column == PLACE else price
    # "From x on" is "up to x" of the mirrored order, so one search serves both ends.
    for sign, words, paid in ((1, "up to", price), (-1, "from", cut)):
        best = _find_best_end(some, sign * mine, sign * stayed, paid)
        if best is not None:
            rows, score, customers, among = best
            value = _write_place(chances, order, int(rows[-1]))
            yield Pattern(f"{order.name} {words} {value}", score, rows, customers, among)


def _find_best_end(
    lost: _Lost, mine: np.ndarray, stayed: np.ndarray, price: float
) -> tuple[np.ndarray, float, int, int] | None:
    """Return the best of all sets "up to x": its rows in order, its score, its customers, and how many rows stayed."""
    # A set with more rows that stayed than this can't be pure enough, so only the lowest of them need sorting.
    most = int(len(mine) * (1 - PURITY) / PURITY) + 1
    lowest = np.sort(np.partition(stayed, min(most, len(stayed) - 1))[: most + 1])
    near = np.flatnonzero(mine <= lowest[-1]) if len(lowest) > most else np.arange(len(mine))
    by_place = near[np.argsort(mine[near], kind="stable")]
    among = np.searchsorted(lowest, mine[by_place], side="right")
    pure = _is_pure(mine[by_place], among)
    if not pure.any():
        return None
    end = int(np.flatnonzero(pure)[-1]) + 1
    by_place, among = by_place[:end], among[:end]
    gains, firsts = _find_gains(lost, by_place)
    customers = np.cumsum(firsts)
    fits = pure[:end] & (customers >= LEAST_CUSTOMERS)
    score = np.where(fits, np.cumsum(gains) - _STAYED * among - price, -np.inf)
    best = end - 1 - int(np.argmax(score[::-1]))  # of equal ones the largest
    if not fits[best]:
        return None
    return lost.at[by_place[: best + 1]], float(score[best]), int(customers[best]), int(among[best])


def _is_pure(places: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return where a set up to a row is large enough, nearly all missing, and does not split equal places."""
    rows = np.arange(1, len(places) + 1)
    last = np.append(places[1:] != places[:-1], True)[: len(places)]
    pure: np.ndarray = last & (rows >= LEAST_ROWS) & (rows >= PURITY * (rows + among))
    return pure


def _find_gains(lost: _Lost, by_place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return in order what each row adds to the score, with its customer's sum capped, and where a customer begins."""
    customer, weight = lost.customer[by_place], lost.weight[by_place]
    by_customer = np.argsort(customer, kind="stable")
    first = np.append(True, customer[by_customer][1:] != customer[by_customer][:-1])
    # A running sum within each customer, without a loop: what was summed up before its first row is taken off again.
    until = np.cumsum(weight[by_customer])
    start = np.maximum.accumulate(np.where(first, until - weight[by_customer], 0))
    capped = np.minimum(until - start, lost.cap)
    gain = np.where(first, capped, capped - np.roll(capped, 1))
    gains, firsts = np.empty(len(gain)), np.empty(len(gain), bool)
    gains[by_customer], firsts[by_customer] = gain, first
    return gains, firsts


def _write_place(chances: Chances, order: Order, row: int) -> str:
    return write_value(chances.case.before[order.column].iloc[row])


def _show_blank(value: str | None) -> str:
    return value or "(blank)"


def _list_values(values: list[str | None]) -> str:
    return name_first(_show_blank(value) for value in values)

"""The books of one business: every invoice from its issue to its end, and what of it each report lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from support.business.calendar import Days, day_number, month_of, postings, weekday
from support.business.customers import Customers, customers, paid_on

HOURS = 8
"""Hours in which an office works, and an hourly feed reports, from 0 on."""

BURN_IN, END = 170, 560
"""Days until the books look like any, and of the whole simulation."""

_DAILY_SHARE = 0.036
"""Of the open invoices, so many are issued and closed a working day."""

_CUSTOMERS = {20: (6, 16), 200: (30, 110), 5_000: (350, 2_500)}
_CURRENCIES = np.array(["EUR", "GBP", "USD"])
_VISIBLE = ("branch", "seller", "company", "method")


@dataclass(frozen=True)
class Books:
    """All invoices, in the order in which reports list them.

    `table` has those canonical columns that tell rows apart, the extra columns that the feed sends, and arfeed_file.
    The arrays have an item a row: days since 1970 of `issued`, `due` and `closed`; `event` marks what left by a
    write-off and the like.
    `traits` are properties that accidents go by, sent or not. `again` are rows that come back some days later.
    """

    table: pd.DataFrame
    customer: np.ndarray
    issued: Days
    due: Days
    closed: Days
    event: np.ndarray
    again: Days
    amount: np.ndarray
    traits: dict[str, np.ndarray]
    start: int

    def open_on(self, day: int, hour: int = HOURS - 1) -> np.ndarray:
        """The rows that are open after an hour of a day, in the evening where none is given."""
        left = (self.closed < day) | ((self.closed == day) & (self._hour(self.closed) <= hour))
        there = (self.issued < day) | ((self.issued == day) & (self._hour(self.issued) <= hour))
        return np.flatnonzero(there & (~left | (self.again <= day)))

    def _hour(self, of: Days) -> np.ndarray:
        """The hour in which something is posted: the same for all that a customer does on one day."""
        hour: np.ndarray = (self.customer * 7919 + of * 104_729) // 16 % HOURS
        return hour


def books(seed: int, size: int, *, due_dates: bool = True) -> Books:
    """Run one business of about so many open invoices: once to see how many are open, then at the right pace."""
    trial = _run(seed, size, 1, due_dates)
    days = trial.start + np.arange(BURN_IN, END, 30)
    usual = max(float(np.median([len(trial.open_on(int(day))) for day in days])), 1)
    return _run(seed, size, float(np.clip(size / usual, 0.3, 3)), due_dates)


def _run(seed: int, size: int, pace: float, due_dates: bool) -> Books:
    rng = np.random.default_rng([seed, size])
    start = day_number(date(2024, 1, 1)) + int(rng.integers(0, 365))
    end = start + END
    count = int(rng.integers(*_range(size)))
    of = customers(rng, count, start, end)
    issued, who = _issued(rng, of, size * pace, start, end)
    due = issued + np.where(rng.random(len(who)) < 0.06, rng.choice([0, 7, 45], len(who)), of.term[who])
    credit = rng.random(len(who)) < rng.uniform(0.01, 0.07)
    due = np.where(credit & (rng.random() < 0.5), issued, due)
    paid = _with_credits(rng, who, issued, paid_on(rng, of, who, issued, due), credit)
    posted = _posted(rng, paid, who, start, end)
    closed, event = _events(rng, of, who, issued, due, np.maximum(posted, issued + 1), start, end)
    returned = (rng.random(len(who)) < 0.002) & (closed < end) & ~event
    again = np.where(returned, closed + rng.integers(3, 12, len(who)), end + 10**7)
    cents = np.maximum(np.exp(rng.normal(6, 1, len(who)) + of.size[who]) * 100, 100).astype(np.int64)
    traits = _traits(rng, of, who, credit, issued)
    order = _listing(rng, who, due, issued)
    some = {name: values[order] for name, values in traits.items()}
    sign = np.where(credit, -1, 1)
    table = _table(rng, of, who[order], issued[order], due[order], (cents * sign)[order], some, order, due_dates)
    return Books(
        table=table,
        customer=who[order],
        issued=issued[order],
        due=due[order],
        closed=closed[order],
        event=event[order],
        again=again[order],
        amount=(cents * sign)[order],
        traits=some,
        start=start,
    )


def _range(size: int) -> tuple[int, int]:
    return _CUSTOMERS.get(size, (max(size // 12, 1), max(size // 2, 2)))


def _issued(rng: np.random.Generator, of: Customers, size: float, start: int, end: int) -> tuple[Days, np.ndarray]:
    days = np.arange(start, end)
    rate = np.where(weekday(days) < 5, size * _DAILY_SHARE, size * _DAILY_SHARE * rng.choice([0, 0.1]))
    last_days = month_of(days) != month_of(days + 3)
    wave = rng.choice([1, 1, 3, 10])
    rate *= np.where(last_days, wave, 1)
    rate *= size * _DAILY_SHARE * 5 / 7 / rate.mean()
    issued = np.repeat(days, rng.poisson(rate))
    who = rng.choice(len(of), len(issued), p=of.weight)
    there = issued >= of.since[who]
    return issued[there], who[there]


def _with_credits(rng: np.random.Generator, who: np.ndarray, issued: Days, paid: Days, credit: np.ndarray) -> Days:
    """A credit note leaves with its customer's next payment, or some time later."""
    key, span = who * 10**6, issued.min(initial=0)
    pays = np.sort((key + np.clip(paid - span, 0, 10**6 - 1))[~credit])
    wanted = key + issued - span + 1
    place = np.searchsorted(pays, wanted)
    found = pays[np.minimum(place, len(pays) - 1)]
    same = (place < len(pays)) & (found // 10**6 == who)
    later = issued + rng.integers(5, 60, len(who))
    return np.where(credit, np.where(same, found % 10**6 + span, later), paid)


def _posted(rng: np.random.Generator, paid: Days, who: np.ndarray, start: int, end: int) -> Days:
    """What is paid together is posted together, at once or a day later."""
    table = postings(rng, start, end)
    slow = rng.uniform(0, 0.5)
    lag = ((paid * 7919 + who * 104_729) % 1000 < slow * 1000).astype(np.int64)
    arrived = paid + lag
    inside = (arrived >= start) & (arrived < end)
    posted: np.ndarray = np.where(inside, table[np.clip(arrived - start, 0, end - start - 1)], np.maximum(arrived, end))
    return posted


def _events(
    rng: np.random.Generator,
    of: Customers,
    who: np.ndarray,
    issued: Days,
    due: Days,
    closed: Days,
    start: int,
    end: int,
) -> tuple[Days, np.ndarray]:
    """Close invoices by a write-off run, a sold portfolio, an insolvency, a customer who settles everything."""
    event = np.zeros(len(who), bool)
    closed = closed.copy()
    for kind in rng.choice(4, int(rng.integers(0, 4)), replace=False):
        day = int(rng.integers(start + BURN_IN, end))
        day += max(0, int(7 - (day + 3) % 7)) if (day + 3) % 7 > 4 else 0
        there = (issued < day) & (closed > day)
        if not there.any():
            continue
        if kind == 0:
            hit = there & (day - due > rng.integers(60, 150))
        elif kind == 1:
            hit = there & (day - due > 30) & (rng.random(len(who)) < 0.7)
        else:
            hit = there & (who == rng.choice(who[there]))
        event |= hit
        closed[hit] = day
    return closed, event


def _traits(
    rng: np.random.Generator, of: Customers, who: np.ndarray, credit: np.ndarray, issued: Days
) -> dict[str, np.ndarray]:
    method = np.where(of.way[who] == 5, "direct debit", np.where(who % 3 == 0, "cheque", "transfer"))
    prefix_by = rng.integers(0, 4)
    year = (issued.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970).astype(str)
    prefix = np.array(["INV-"] * len(who), object)
    if prefix_by == 1:
        prefix = np.char.add(year, "-").astype(object)
    elif prefix_by == 2:
        prefix = np.array([f"{chr(65 + branch)}-" for branch in of.branch[who]], object)
    if rng.random() < 0.5:
        prefix = np.where(credit, "CN-", prefix)
    file_by = rng.integers(0, 5)
    file = np.full(len(who), "open.csv", object)
    if file_by == 0:
        file = np.array([f"branch-{branch}.csv" for branch in of.branch[who]], object)
    elif file_by == 1:
        file = np.array([f"company-{company}.csv" for company in of.company[who]], object)
    return {
        "branch": np.array([f"B{value}" for value in of.branch[who]], object),
        "seller": np.array([f"seller {value}" if value else "" for value in of.seller[who]], object),
        "company": np.array([f"company {value}" for value in of.company[who]], object),
        "currency": _CURRENCIES[of.currency[who]].astype(object),
        "method": method.astype(object),
        "prefix": prefix,
        "file": file,
    }


def _listing(rng: np.random.Generator, who: np.ndarray, due: Days, issued: Days) -> np.ndarray:
    """The order in which reports list the rows: by number, customer, due date, or none."""
    by = int(rng.integers(0, 4))
    if by == 1:
        return np.lexsort([issued, who])
    if by == 2:
        return np.argsort(due, kind="stable")
    return np.argsort(issued, kind="stable") if by == 0 else rng.permutation(len(who))


def _table(
    rng: np.random.Generator,
    of: Customers,
    who: np.ndarray,
    issued: Days,
    due: Days,
    cents: np.ndarray,
    traits: dict[str, np.ndarray],
    order: np.ndarray,
    due_dates: bool,
) -> pd.DataFrame:
    count = len(who)
    numbers = order + 1001
    dates = [pa.array(days.astype(np.int32), pa.date32()) for days in (issued, due)]
    hundredth = pa.scalar(Decimal("0.01"), pa.decimal128(2, 2))
    balance = pc.multiply(pa.array(cents).cast(pa.decimal128(19, 0)), hundredth).cast(schema.arrow_type("balance"))
    columns = {
        "invoice_ref": pa.array([f"{prefix}{n:06d}" for prefix, n in zip(traits["prefix"], numbers, strict=True)]),
        "kind": pa.array(np.where(cents < 0, "credit_note", "invoice")),
        "customer_id": pa.array([f"C{n:05d}" for n in who]),
        "customer_name": pa.array([f"Customer {n}" for n in who]),
        "currency": pa.array(traits["currency"]),
        "issued_on": dates[0],
        "due_on": dates[1],
        "amount": balance,
        "balance": balance,
    }
    if not due_dates:
        columns["due_on"] = pa.nulls(count, pa.date32())
    extra = {name: pa.array(traits[name]) for name in _VISIBLE if rng.random() < 0.5}
    every = {**columns, **extra, "arfeed_file": pa.array(traits["file"])}
    return arrow.to_frame(pa.table(every))

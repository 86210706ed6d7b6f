"""The figures of a report: where its documents came from, how they are aged, and who owes most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

BUCKETS = ("not due", "1–30", "31–60", "61–90", "over 90", "no due date")
"""How documents are aged: by days past their due date."""


class Sum(NamedTuple):
    """So many documents, and the sum of their balances, sign included."""

    documents: int
    balance: Decimal


class Movement(NamedTuple):
    """How one source's documents of a currency came from the last report to this one.

    before + new + changed − missing = now, where the balance of `changed` is a difference. `moved` documents came from
    another source or currency, or left for one where it is negative; the difference counts them, too.
    """

    source: str
    currency: str
    before: Sum
    new: Sum
    changed: Sum
    missing: Sum
    now: Sum
    moved: int


class Reason(NamedTuple):
    """How much of a currency is missing for one reason, and how good the evidence for it is."""

    reason: str
    currency: str
    owed: Sum
    evidence: str = "unexplained"


class Aged(NamedTuple):
    """What is owed in a currency in one of the `BUCKETS`."""

    currency: str
    bucket: str
    owed: Sum


class Debtor(NamedTuple):
    """What one customer of a source owes in a currency, and how much of it is past due."""

    currency: str
    source: str
    customer_name: str
    owed: Sum
    overdue: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """What a report sums to; currencies are never added up.

    `aged_on` is the date that `ageing` speaks of, by source. `debtors` are the customers who owe most, a currency
    after the other.
    """

    movements: tuple[Movement, ...]
    reasons: tuple[Reason, ...]
    ageing: tuple[Aged, ...]
    aged_on: Mapping[str, date]
    debtors: tuple[Debtor, ...]

"""The figures of a report, and the control totals that a source states about its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

BUCKETS = ("not due", "1–30", "31–60", "61–90", "over 90", "no due date")
"""The buckets in which documents are aged, by days past their due date."""


class Sum(NamedTuple):
    """A number of documents and the sum of their balances, sign included."""

    documents: int
    balance: Decimal


class Movement(NamedTuple):
    """How one source's documents of a currency came from the last report to this one.

    before + new + changed − missing = now, where the balance of `changed` is a difference. `moved` documents came from
    another source or currency, or moved there if negative; the difference counts them, too.
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

    `aged_on` is the date of `ageing`, by source. `debtors` are the customers who owe most, one currency after the
    other.
    """

    movements: tuple[Movement, ...]
    reasons: tuple[Reason, ...]
    ageing: tuple[Aged, ...]
    aged_on: Mapping[str, date]
    debtors: tuple[Debtor, ...]


@dataclass(frozen=True, slots=True)
class ControlAccount:
    """What customers owe by the ledger, read from another place than the list of invoices.

    `balances` is the balance of the receivables account by currency, sign included; `customers` the same by
    (customer_id, currency), if the ledger has it, so that an objection can name them. `received` is what payments,
    credits and write-offs since `Connector.since` have taken off, by currency, as a positive sum. List and ledger
    need not agree: what counts is that their difference has not moved since the last delivery.
    """

    balances: Mapping[str, Decimal]
    customers: Mapping[tuple[str, str], Decimal] | None = None
    received: Mapping[str, Decimal] | None = None

    def __post_init__(self) -> None:
        """Raise `TypeError` for a sum that could not be compared exactly."""
        for name in ("balances", "customers", "received"):
            for key, total in (getattr(self, name) or {}).items():
                if type(total) is not Decimal:
                    raise TypeError(f"ControlAccount({name}={{{key!r}: {total!r}}}): give a Decimal, floats lose cents")


@dataclass(frozen=True, slots=True)
class Complete:
    """A source's own control totals and dates, never what was counted while yielding.

    `rows` is the number of rows of all frames and `totals` the sum of `balance` over them by currency, both from
    a count, a TOTAL line or an API. `None` means that the source has no such control. `as_of` is the date that the
    data describes. `lists_closed`: paid and void documents are listed beside the open ones. `capped`: it has as many
    documents as the system exports at most, so more may be missing, and absence is not payment. `notes` are shown in
    the plan and kept in the receipt: what a reader of the plan should know of this reading. `control_account` is
    the ledger's balance, from another place than these rows; sums by currency alone may be given as a mapping.
    """

    rows: int | None = None
    totals: Mapping[str, Decimal] | None = None
    as_of: date | None = None
    lists_closed: bool = False
    notes: tuple[str, ...] = ()
    control_account: ControlAccount | None = None
    capped: bool = False

    def __post_init__(self) -> None:
        """Raise `TypeError` for a control total that could not be compared exactly."""
        # The class is frozen, and this is the one value that may be given in a shorter form.
        if isinstance(self.control_account, Mapping):
            object.__setattr__(self, "control_account", ControlAccount(self.control_account))
        # The exact type: a bool is an int to Python, and True would pass as one row.
        if self.rows is not None and type(self.rows) is not int:
            raise TypeError(f"Complete(rows={self.rows!r}): give a whole number")
        for currency, total in (self.totals or {}).items():
            if type(total) is not Decimal:
                raise TypeError(f"Complete(totals={{{currency!r}: {total!r}}}): give a Decimal, floats lose cents")
        # A datetime is a date to Python, but can't be compared with one.
        if self.as_of is not None and type(self.as_of) is not date:
            raise TypeError(f"Complete(as_of={self.as_of!r}): give a datetime.date")

    @property
    def controlled(self) -> bool:
        """Whether the source stated a control total that its rows were checked against."""
        return self.rows is not None or self.totals is not None

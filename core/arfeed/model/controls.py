"""What a source itself states about its data: the controls that its rows are checked against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ControlAccount:
    """What the ledger says that customers owe, read from another place than the list of invoices.

    `balances` is the balance of the receivables account by currency, sign included; `customers` the same by
    (customer_id, currency), where the ledger has it, so that an objection can name them. `received` is what payments,
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
    """A source's own word on what it holds, never what was counted while yielding.

    `rows` is the number of rows of all frames and `totals` the sum of `balance` over them by currency, both from
    a count, a TOTAL line or an API. `None` means that the source has no such control. `as_of` is the date the data
    speaks of. `lists_closed` says that paid and void documents are listed beside the open ones. `notes` are shown in
    the plan and kept in the receipt: what a reader of the plan should know of this reading. `control_account` is
    what the ledger says, from another place than these rows; sums by currency alone may be given as a mapping.
    """

    rows: int | None = None
    totals: Mapping[str, Decimal] | None = None
    as_of: date | None = None
    lists_closed: bool = False
    notes: tuple[str, ...] = ()
    control_account: ControlAccount | None = None

    def __post_init__(self) -> None:
        """Raise `TypeError` for a control that could not be compared exactly."""
        if isinstance(self.control_account, Mapping):
            object.__setattr__(self, "control_account", ControlAccount(self.control_account))
        if self.rows is not None and type(self.rows) is not int:
            raise TypeError(f"Complete(rows={self.rows!r}): give a whole number")
        for currency, total in (self.totals or {}).items():
            if type(total) is not Decimal:
                raise TypeError(f"Complete(totals={{{currency!r}: {total!r}}}): give a Decimal, floats lose cents")
        if self.as_of is not None and type(self.as_of) is not date:
            raise TypeError(f"Complete(as_of={self.as_of!r}): give a datetime.date")

    @property
    def controlled(self) -> bool:
        """Whether the source gave anything that its rows were checked against."""
        return self.rows is not None or self.totals is not None

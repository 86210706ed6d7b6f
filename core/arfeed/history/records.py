"""What the history remembers: runs, the PDFs they were to send, and what a new report is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from arfeed.model.outcome import Rejection
    from arfeed.model.results import LedgerState, SourceRead

State = Literal["running", "publishing", "delivered", "unverified", "unsettled", "failed"]
"""running: no report is under its real name yet. publishing: asked for, not yet answered. unverified: sent, but the
receiver took the file away before it could be verified. unsettled: whether it arrived is not known."""

INTERRUPTED: tuple[State, ...] = ("running", "publishing")
ARRIVED: tuple[State, ...] = ("delivered", "unverified")
COMPARED = ("same", "differences")
"""Outcomes of a reconciliation that did take place; the third is that the export was not comparable."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a new report is compared with.

    `runs` are the deliveries behind it, more than one if it is not known which arrived; `report` has the rows of
    all of them. `settings` is the hash of the settings at the time, blank if the deliveries differ in it, `reads` how
    each source was read. `beside` are closed rows that were listed beside open ones of their number, None if not
    known; `habits` is what had been learned; `ledgers` are the balances of lists and control accounts by source and
    currency, those of the oldest of several deliveries, so that every movement since then is seen. `rejections` are
    what the receiver rejected since, and no delivery has answered.
    """

    runs: tuple[str, ...]
    settings: str
    report: pd.DataFrame
    reads: Mapping[str, SourceRead]
    beside: pd.DataFrame | None = None
    habits: bytes | None = None
    ledgers: Mapping[tuple[str, str], LedgerState] = field(default_factory=dict)
    rejections: Sequence[OutcomeOfDelivery] = ()

    @property
    def id(self) -> str:
        """The delivery's run, or all of them joined by +."""
        return "+".join(self.runs)


@dataclass(frozen=True, slots=True)
class OutcomeOfDelivery:
    """What a receiver said became of a run's delivery.

    `reopens` says that the delivery has not closed, or not surely, what it was to close.
    """

    run: str
    at: datetime
    state: Literal["taken", "rejected"]
    reopens: bool = False
    rejected: Sequence[Rejection] = ()

    @property
    def is_rejection(self) -> bool:
        """Whether the receiver did not take all of it."""
        return self.state == "rejected" or bool(self.rejected)


class Closing(NamedTuple):
    """How many documents of a source and currency a report marked as paid on one kind of evidence.

    `balance` is the sum of their absolute balances.
    """

    source: str
    currency: str
    evidence: str
    documents: int
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Memory:
    """What a run leaves in addition to its report, so that the next plan can weigh evidence.

    `beside` and `habits` are packed; `expected` are the ids of the expectations that it used.
    """

    beside: bytes | None = None
    habits: bytes | None = None
    ledgers: Sequence[LedgerState] = ()
    closings: Sequence[Closing] = ()
    expected: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PlannedDocument:
    """A PDF that a run is about to send, or has sent; `customer` is the id of its invoice's.

    See `SentDocument` for one whose content is not known.
    """

    name: str
    invoice_ref: str
    version: str
    sha256: str
    size: int
    customer: str | None = None
    issued_on: date | None = None


def forget_content(document: PlannedDocument) -> PlannedDocument:
    """Return a PDF whose name is ours while it is not known what stands under it."""
    return replace(document, version="", sha256="", size=-1)


@dataclass(frozen=True, slots=True)
class ReconciliationRecord:
    """What an export of the receiver's list said of the delivery `baseline`; `open_count` invoices are open there."""

    id: str
    feed: str
    destination: str
    at: datetime
    baseline: str
    export: str
    outcome: str
    open_count: int
    differences: int
    by: str
    receipt: str


@dataclass(frozen=True, slots=True)
class OutcomeRecord:
    """How the last run to a destination ended; `plan` is the packed JSON of a refused one's plan."""

    destination: str
    feed: str
    run: str
    at: datetime
    ending: Literal["delivered", "refused", "failed"]
    exit_code: int
    message: str = ""
    plan: bytes | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run that got as far as delivering."""

    id: str
    kind: Literal["sync", "resend", "adopt"]
    state: State
    feed: str
    destination: str
    settings: str
    started_at: datetime
    ended_at: datetime | None
    report_at: datetime
    report_name: str
    report_size: int
    open_count: int
    missing_count: int
    approval: str | None
    approved_by: str | None
    receipt: str | None

"""What one chapter of a run hands to the next: read, prepare, deliver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from arfeed.delivery.remote import Remote
    from arfeed.documents.finding import Found
    from arfeed.documents.staging import Staged
    from arfeed.history.locking.lease import Lease
    from arfeed.history.records import Baseline, Memory, RunRecord
    from arfeed.model.results import DocumentReading, LedgerState, Plan, Receipt, SourceRead, SourceReport
    from arfeed.planning.report import ReportFile
    from arfeed.runs.context import OpenContext
    from arfeed.runs.shipping import Shipped


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be reported: the invoices, and what explains the absence of others since `baseline`.

    `rows` are all rows that the sources listed, `removed` those that a step removed. `sources` are the feed's own
    names, None if no source was read; `reads` is how each was read for these invoices, `seconds` how long each source
    and step took, `notes` what the steps changed. `listed` are the open rows before any step, or None if the control
    accounts are given by `states`; `beside` is what `find_closed_beside` returns. `trace` returns the file and place
    of each invoice, and `content` their `hash_facts`, if that is being computed already.
    """

    baseline: Baseline | None
    invoices: pd.DataFrame
    rows: pd.DataFrame
    removed: pd.DataFrame
    found: Found
    reports: tuple[SourceReport, ...]
    sources: tuple[str, ...] | None
    reads: Mapping[str, SourceRead]
    seconds: Mapping[str, float]
    beside: pd.DataFrame | None
    listed: pd.DataFrame | None = None
    states: Sequence[LedgerState] = ()
    trace: Callable[[], pd.DataFrame] | None = None
    notes: tuple[str, ...] = ()
    content: Callable[[], str] | None = None

    @property
    def stating(self) -> list[str]:
        """The sources that state a status for each row."""
        return [report.source for report in self.reports if report.states_status]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that a delivery needs, staged on this machine.

    `packed` returns the report as the history keeps it, `memory` what the delivery leaves for the next plan. `touched`
    are the new versions, by name, of PDFs that need not be sent; `readings` what was read in PDFs, by name. `settings`
    is the hash of the resolved settings. Of a destination of contract 2, `shipped` are all files, and `report` is the
    last of them, which commits.
    """

    plan: Plan
    report: ReportFile
    packed: Callable[[], bytes]
    staged: Mapping[str, Staged]
    touched: Mapping[str, str]
    readings: Mapping[str, DocumentReading]
    reads: Mapping[str, SourceRead]
    baseline: Baseline | None
    settings: str
    plugins: Mapping[str, str]
    memory: Callable[[], Memory]
    shipped: Shipped | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A prepared delivery under way: the run as the history records it, the server, and the lock's lease."""

    context: OpenContext
    server: Remote
    prepared: Prepared
    record: RunRecord
    lease: Lease


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended: the plan, the receipt if it was delivered, and the page about it."""

    plan: Plan
    receipt: Receipt | None = None
    page: Path | None = None

"""What a plugin provides and what it is given. Nothing here does any work of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar, NamedTuple

from arfeed.model.settings import (
    DestinationSettings,
    GuardSettings,
    NotifierSettings,
    SourceSettings,
    TransformSettings,
)

if TYPE_CHECKING:
    import pandas as pd

CONTRACT = 1

REWRITABLE = frozenset({"balance", "amount", "currency", "customer_id", "customer_name"})
"""What a step changes only if its class declares it: who owes how much of what."""


# --- what a source says ---------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Document:
    """The PDF of an invoice. `version` is cheap (size and mtime, an ETag); `read` is called only when it is new."""

    invoice_ref: str
    version: str
    read: Callable[[], bytes] = field(repr=False, compare=False)


class Connector(ABC):
    """A source. Subclass it, name it, give it settings, and write `invoices`."""

    name: ClassVar[str]
    Settings: ClassVar[type[SourceSettings]] = SourceSettings
    columns: ClassVar[Mapping[str, str]] = {}
    """The source's own headers of canonical columns, where they are always the same; settings add to it."""

    settings: SourceSettings
    since: datetime | None = None
    """When core last read this source for a delivery; set by core before it reads."""

    def __init__(self, source: str, settings: SourceSettings) -> None:
        """Keep the source's name in plugins.toml and its validated settings; open nothing yet."""
        self.source = source
        self.settings = settings

    @abstractmethod
    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield frames with a row a document and *return* `Complete`.

        Columns are canonical names or the source's own headers, all text; core parses dates, money and currency.
        Typed columns (date32, decimal128) are taken as they are, floats are refused by name.
        """

    def explain(self, missing: pd.DataFrame) -> pd.DataFrame | None:
        """Return what became of invoices that `invoices` no longer listed; None where the source can't be asked.

        `missing` has a row for each, as it was delivered last: invoice_ref (as the source wrote it), kind,
        customer_id, customer_name, currency, issued_on, due_on, amount, balance, and extra columns. The answer is a
        frame like those of `invoices`, with `status`; numbers that the source does not know are left out, and stay
        unexplained. Called once, after `invoices` has ended, on the same moment of the data where that is possible.
        """
        del missing
        return None

    @property
    def explains(self) -> bool:
        """Whether `explain` can be asked, as far as the settings tell: `check` says so. Opens nothing."""
        return type(self).explain is not Connector.explain

    def release(self) -> None:  # noqa: B027 - may be left as it is
        """Let go of what `invoices` kept open for `explain`. Called at least once, when nothing is asked any more."""

    def documents(self, refs: pd.Series[str]) -> Iterable[Document]:
        """Yield the PDFs of the invoices named by `refs` (as the source wrote them), where the source keeps them."""
        del refs
        return ()

    def check(self) -> None:  # noqa: B027 - may be left as it is
        """Raise `SourceError` if the source can't be reached. Cheap; never writes."""

    def recognizes(self) -> bool:
        """Whether the files of the setting `path` come from this connector's system, those too that `check` refuses.

        `arfeed init` asks this of the connectors that come with arfeed; others are not imported unasked. Cheap; may
        raise `SourceError` for what is no table at all.
        """
        return False


class Transform(ABC):
    """A step from invoices to invoices."""

    name: ClassVar[str]
    Settings: ClassVar[type[TransformSettings]] = TransformSettings
    changes: Collection[str] = frozenset()
    """Which of balance, amount, currency, customer_id and customer_name it may change in a row; a change of any other
    fails the run. `__init__` may set it by the settings."""

    settings: TransformSettings

    def __init__(self, settings: TransformSettings) -> None:
        """Keep the validated settings."""
        self.settings = settings

    @abstractmethod
    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the invoices (canonical columns, typed) as they should be; `source_ref` may not change."""


class Destination(ABC):
    """A receiver's layout: how the report looks, what files are called, and where they go."""

    name: ClassVar[str]
    Settings: ClassVar[type[DestinationSettings]] = DestinationSettings
    report_folder: str = ""
    """Folder of the reports below the root."""
    document_folder: str = ""
    """Folder of the PDFs below the root."""

    settings: DestinationSettings

    def __init__(self, settings: DestinationSettings) -> None:
        """Keep the validated settings."""
        self.settings = settings

    @abstractmethod
    def report(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the report: a row an invoice, in order, under the receiver's headers. Core writes it as CSV."""

    @abstractmethod
    def report_name(self, at: datetime) -> str:
        """Return the file name of the report delivered at a moment (UTC, whole seconds)."""

    @abstractmethod
    def is_report(self, name: str) -> bool:
        """Whether a file in the report folder is a report, ours or anybody's."""

    @abstractmethod
    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Read a report back: text under canonical names, at least `invoice_ref` and `balance`."""

    def read_balances(self, file: IO[bytes]) -> pd.DataFrame:
        """Read back what every report is proven by before it is sent; of its columns, only these two are looked at.

        Reading fewer spares the memory of a million rows. A class that overrides `read_report` alone is asked that.
        """
        return self.read_report(file)

    @abstractmethod
    def document_name(self, ref: str) -> str:
        """Return the file name of an invoice's PDF."""


class Notifier(ABC):
    """Somebody to be told how runs end. Whatever it raises is reported, and changes nothing."""

    name: ClassVar[str]
    Settings: ClassVar[type[NotifierSettings]] = NotifierSettings

    settings: NotifierSettings

    def __init__(self, notifier: str, settings: NotifierSettings) -> None:
        """Keep the notifier's name in plugins.toml and its validated settings; connect to nothing yet."""
        self.notifier = notifier
        self.settings = settings

    @abstractmethod
    def delivered(self, receipt: Receipt) -> None:
        """Tell of a delivery."""

    @abstractmethod
    def refused(self, plan: Plan) -> None:
        """Tell of a plan that was refused, and what would approve it."""

    @abstractmethod
    def failed(self, failure: Failure) -> None:
        """Tell of a run that failed."""

    def check(self) -> None:  # noqa: B027 - many have nothing to try
        """Raise an `ArfeedError` if it could tell nobody. Cheap; tells nobody."""


# --- what a run says ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason not to deliver: a stable code, a message with the numbers and the way out, and refs concerned."""

    code: str
    message: str
    refs: tuple[str, ...] = ()


class SourceRead(NamedTuple):
    """When a source was last really read, its as-of date and its latest issue date then."""

    at: datetime
    as_of: date | None
    latest_issue: date | None


class SourceReport(NamedTuple):
    """How one source fared.

    `rows` were read, `open` of them are open invoices. `read` is this reading, or, where its rows are carried
    forward because it `failed`, the last real one. `before` is the reading behind the baseline. `inputs` are the
    files that were read, with their SHA-256, and `seconds` is how long the connector took to yield them.
    `states_status` says whether its rows have a status of their own.
    """

    source: str
    connector: str
    settings: SourceSettings
    rows: int
    open: int
    complete: Complete
    read: SourceRead
    before: SourceRead | None = None
    failed: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    states_status: bool = False


class Counts(NamedTuple):
    """How the report compares with the baseline, in documents."""

    new: int
    changed: int
    unchanged: int
    missing: int


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


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """What happens to the PDFs.

    `send` has the columns name, invoice_ref, source, source_ref, version and change (new, changed); `without` are the
    refs of invoices that have no PDF; `colliding` maps a file name to the refs that claim it; `broken` maps a ref to
    what is wrong with its file.
    """

    send: pd.DataFrame
    present: int
    without: pd.Series[str]
    colliding: Mapping[str, tuple[str, ...]]
    broken: Mapping[str, str]


class SentDocument(NamedTuple):
    """What was last sent under a PDF's file name: whose it is, the source's version, its SHA-256 and size in bytes."""

    invoice_ref: str
    version: str
    sha256: str
    size: int


class LedgerState(NamedTuple):
    """What one source's list and control account say in a currency at one moment, as the history keeps it.

    `differences` is by customer what the list has more than the account, None where the account is not by customer.
    """

    source: str
    currency: str
    listed: Decimal
    account: Decimal
    differences: Mapping[str, Decimal] | None = None
    received: Decimal | None = None


class Ledger(NamedTuple):
    """How one source's list and its control account compare in a currency, now and at the last delivery.

    `listed` is the sum of its open balances before any transform, `account` the ledger's. The `_before` are None
    where the last delivery knew no control account. `customers` are those where the difference moved, and by how much.
    `received` is what was booked as paid, credited or written off since, None where the source does not say.
    """

    source: str
    currency: str
    listed: Decimal
    account: Decimal
    listed_before: Decimal | None = None
    account_before: Decimal | None = None
    customers: tuple[tuple[str, Decimal], ...] = ()
    received: Decimal | None = None

    @property
    def moved(self) -> Decimal | None:
        """By how much list and ledger have come apart since the last delivery; None where that is not known."""
        if self.listed_before is None or self.account_before is None:
            return None
        return (self.listed - self.account) - (self.listed_before - self.account_before)


class GuardFigures(NamedTuple):
    """What the guards over missing invoices saw of one source, whether or not they objected.

    `rows` stood in the last report, `unproven` of them are missing without proof, `expected` is how many were to be
    expected; `reports` and `days` are how many reports are known and the working days since the last one. `odds` is
    the chance of what was seen on an ordinary day, the smallest of all parts; `customers` and `usual` are how many
    customers lost rows that are rarely paid at such a time, and how many were to be expected, in that part.
    """

    source: str
    reports: int
    days: int
    rows: int
    unproven: int
    expected: float
    customers: int
    usual: float
    odds: float
    pattern: str | None = None
    score: float | None = None


class Expectation(NamedTuple):
    """An answer given in advance: closings that somebody expects until a day, once."""

    id: str
    words: str
    until: date
    customer: str | None
    below: Decimal | None
    by: str
    at: datetime


class Forgotten(NamedTuple):
    """A delivery from this machine that the history does not know: its run, its time, its report, what that listed.

    `history` is the database that had the run, None where it is the feed's own. `known` is the last run that the
    history knows there, and `known_at` its time; None where it knows none.
    """

    run: str
    at: datetime
    report: str
    open_count: int
    history: str | None
    known: str | None
    known_at: datetime | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would deliver, and what that would mean at the receiver.

    `report`: canonical columns but `origin`, and `change` (new, changed, unchanged). `missing`: the baseline's rows
    that the report no longer lists, which the receiver will mark as paid, with `reason` and `evidence` (proven,
    balanced, asserted, unexplained). `ledgers` compare lists with control accounts, `expected` are the answers given in
    advance that this plan makes use of, `figures` what the guards over missing invoices saw. `before`: all rows of the
    baseline, None where there is none. `totals`: source, currency, count, balance. `at` is the time of the plan, in
    the feed's time zone. `foreign`: reports at the destination that the history does not know. `also_known`: other
    addresses under which the history knows this receiver. `forgotten`: a later delivery that the history does not
    know. `seconds`: how long each plugin worked, by what it is, such as "transform exclude".
    """

    feed: str
    destination: str
    at: datetime
    baseline: str | None
    before: pd.DataFrame | None
    report: pd.DataFrame
    missing: pd.DataFrame
    totals: pd.DataFrame
    counts: Counts
    sources: tuple[SourceReport, ...]
    documents: DocumentPlan
    guards: GuardSettings
    facts: Facts
    documents_required: bool = False
    settings_changed: bool = False
    foreign: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    objections: tuple[Objection, ...] = ()
    approval: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    ledgers: tuple[Ledger, ...] = ()
    expected: tuple[Expectation, ...] = ()
    figures: tuple[GuardFigures, ...] = ()
    also_known: tuple[str, ...] = ()
    forgotten: Forgotten | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """One file as it stands at the receiver: its folder below the root, name, size in bytes and SHA-256."""

    folder: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was delivered, and the proof. `body` is the canonical JSON document that is kept.

    Not `verified`: the receiver took the report away before it could be looked at. `page` is the delivery's HTML page,
    where one was written.
    """

    run: str
    destination: str
    report: Delivered
    documents: tuple[Delivered, ...]
    documents_failed: Mapping[str, str]
    body: str
    verified: bool = True
    page: Path | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that ended without a delivery and without a plan to refuse."""

    feed: str
    destination: str
    error: str
    exit_code: int

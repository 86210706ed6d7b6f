"""What a run reports: its sources, its plan and the objections to it, its receipt or its failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from arfeed.model.figures import Complete, Facts

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.model.settings import GuardSettings, SourceSettings


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason not to deliver: a stable code, a message with the figures and what to do, and the refs concerned."""

    code: str
    message: str
    refs: tuple[str, ...] = ()


class SourceRead(NamedTuple):
    """When a source was last really read, not carried forward, with its as-of date and latest issue date then."""

    at: datetime
    as_of: date | None
    latest_issue: date | None


class StatusWord(NamedTuple):
    """A word of a source's column of status, what arfeed takes it for, and how many rows have it."""

    word: str
    status: str
    rows: int


class Doubt(NamedTuple):
    """What makes the reading of a source doubtful, and the column that nobody has named, if that is why.

    `words` are those of its words that contradict the reading.
    """

    said: str
    column: str = ""
    words: frozenset[str] = frozenset()


class SourceReport(NamedTuple):
    """What was read from one source.

    `rows` were read, `open` of them are open invoices. `read` is this reading, or, if its rows are carried
    forward because it `failed`, the last real one. `before` is the reading behind the baseline. `inputs` are the
    files that were read, with their SHA-256, and `seconds` is how long the connector took to yield them.
    `states_status` is whether its rows have their own status, and `statuses` how many rows have which word for it.
    `doubts` are what a person should settle before the first delivery, or before one that has more of it. `headings`
    are pairs of a canonical column and its heading there.
    """

    source: str
    connector: str
    settings: SourceSettings
    rows: int
    open: int
    complete: Complete
    # Both, since an as-of date that is older than the last one is what shows a list of yesterday.
    read: SourceRead
    before: SourceRead | None = None
    failed: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    states_status: bool = False
    statuses: tuple[StatusWord, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    headings: tuple[tuple[str, str], ...] = ()


class Counts(NamedTuple):
    """How the report compares with the baseline, in documents."""

    new: int
    changed: int
    unchanged: int
    missing: int


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """What happens to the PDFs.

    `send` has the columns name, invoice_ref, source, source_ref, version and change (new, changed); `without` are the
    refs of invoices that have no PDF; `colliding` maps a file name to the refs that claim it; `broken` maps a ref to
    what is wrong with its file. `old` maps a ref to what is at the receiver under its PDF's name and stays there
    though it was sent for another invoice. `shared` are groups of refs, of invoices in this report or sent before,
    whose PDFs have one content, at least one of them to be sent now. `readings` maps the refs whose PDFs were verified
    to what was read in them; `withheld` are those of them that are not sent, being another invoice's. `unnumbered` are
    the sources whose PDFs never print a known number, so that nobody needs to be told of each.
    """

    send: pd.DataFrame
    present: int
    without: pd.Series[str]
    colliding: Mapping[str, tuple[str, ...]]
    broken: Mapping[str, str]
    old: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[tuple[str, ...], ...] = ()
    # By ref and not by name: the plan shows invoices, and names are the destination's.
    readings: Mapping[str, DocumentReading] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()
    unnumbered: tuple[str, ...] = ()


OUTCOMES: Mapping[str, str] = {
    "own": "with the right number",
    "another": "of another invoice",
    "mentioned": "that only mention the number",
    "none": "without a known number",
    "no text": "without text",
    "unreadable": "unreadable",
    "incomplete": "not read to the end",
}
"""What a PDF that was read may be, in the words that follow a count."""


class DocumentReading(NamedTuple):
    """What a PDF showed itself to be when it was read.

    `key` changes with its bytes, the invoice's facts and the rule. `outcome` is own, another, mentioned (its
    number is printed as a reference only), none (no known number), no text, unreadable or incomplete; `whose` is the
    other invoice's number, `words` what was read and where.
    """

    key: str
    source: str
    outcome: str
    whose: str | None
    words: str


class SentDocument(NamedTuple):
    """What was last sent under a PDF's file name: its invoice, the source's version, its SHA-256 and size in bytes.

    `customer` (its id) and `issued_on` tell the invoice from another of its number; None if not known.
    Version and hash are blank if the name is ours and its content is not known: a later PDF replaces it.
    """

    invoice_ref: str
    version: str
    sha256: str
    size: int
    customer: str | None = None
    issued_on: date | None = None


class LedgerState(NamedTuple):
    """The balances of one source's list and control account in a currency at one moment, as the history keeps them.

    `differences` is the list's balance less the account's by customer; None if the account is not by customer.
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
    if the last delivery had no control account. `customers` are those where the difference moved, and by how much.
    `received` is what was booked as paid, credited or written off since, None if the source does not state it.
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
        """By how much list and ledger have come apart since the last delivery; None if that is not known."""
        # None, not 0: a first reconciliation has no difference that could have stayed the same, so nothing is
        # balanced by it.
        if self.listed_before is None or self.account_before is None:
            return None
        return (self.listed - self.account) - (self.listed_before - self.account_before)


class GuardFigures(NamedTuple):
    """What the guards over missing invoices computed for one source, whether or not they objected.

    `rows` were in the last report, `unproven` of them are missing without proof, `expected` is how many were to be
    expected; `reports` and `days` are how many reports are known and the working days since the last one. `odds` is
    the chance of what was seen on an ordinary day, the smallest of all parts; `customers` and `usual` are how many
    customers lost rows that are rarely paid at their age, and how many were to be expected, in that part.
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
    """A delivery from this machine that the history does not know: its run, time and report, and what that listed.

    `history` is the database that had the run, None if it is the feed's own. `known` is the last run that the
    history knows there, and `known_at` its time; None if it knows none.
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

    `report`: canonical columns except `origin`, and `change` (new, changed, unchanged). `missing`: the baseline's rows
    that the report no longer lists and the receiver will mark as paid, with `reason` and `evidence` (proven,
    balanced, asserted, unexplained). `ledgers` compare lists with control accounts, `expected` are the answers given in
    advance that this plan uses, `figures` are what the guards over missing invoices saw. `before`: all rows of the
    baseline, None if there is none. `totals`: source, currency, count, balance. `at` is the time of the plan, in
    the feed's time zone. `foreign`: reports at the destination that the history does not know. `also_known`: other
    addresses under which the history knows this receiver. `forgotten`: a later delivery that the history does not
    know. `seconds`: how long each plugin worked, by its kind and name, such as "transform exclude". `config`: the
    feed's plugins.toml, absolute. `absence`: what the receiver makes of missing invoices; if nothing, they are sent to
    it as closed. `board`: the address of the feed's page on a board. `page`: for notifiers, the file with a refused
    plan's page, if there is one. `named`: the NAME of [destinations.NAME], blank for [destination].
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
    config: Path | None = None
    absence: Literal["closes", "nothing"] = "closes"
    board: str | None = None
    page: Path | None = None
    named: str = ""


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One file at the receiver: its folder below the root, name, size in bytes and SHA-256."""

    folder: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was delivered, and the proof. `body` is the canonical JSON document that is kept.

    Not `verified`: the receiver took the report away before it could be verified. `page` is the delivery's HTML page,
    if one was written. `files` are those of a shipment that went before `report`, its last one, in their order.
    """

    run: str
    destination: str
    report: DeliveredFile
    documents: tuple[DeliveredFile, ...]
    documents_failed: Mapping[str, str]
    body: str
    verified: bool = True
    page: Path | None = None
    files: tuple[DeliveredFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What an export of the receiver's list said of the last delivery.

    `outcome` is same, differences or not comparable. `counts` is how many invoices are what: paid there, open there
    only, differs, unreadable, same, and known, whose difference is expected. `body` is the canonical JSON document that
    is kept. `config` is the feed's file, absolute, `named` the NAME of [destinations.NAME].
    """

    run: str
    feed: str
    destination: str
    outcome: str
    counts: Mapping[str, int]
    body: str
    config: Path | None = None
    named: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that ended without a delivery and without a plan to refuse.

    `config` is the feed's file, absolute, `named` the NAME of [destinations.NAME], blank for [destination].
    """

    feed: str
    destination: str
    error: str
    exit_code: int
    config: Path | None = None
    named: str = ""

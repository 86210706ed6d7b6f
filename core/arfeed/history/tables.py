"""The tables of the history database. A change here needs a migration in `migrations/versions`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    any_,
    literal,
)

_AT_ONCE = 10_000
"""How many values one statement may hold: SQLite takes 32,766 parameters, PostgreSQL 65,535."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite does not keep the time zone, so it is added again."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - likewise
        """Return UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(10), nullable=False),  # sync, resend, adopt
    Column("state", String(10), nullable=False),  # see arfeed.history.records.State
    Column("feed", String(200), nullable=False),
    Column("destination", String(500), nullable=False),
    Column("settings", String(64), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("report_at", Moment, nullable=False),
    Column("report_name", String(255), nullable=False),
    Column("report_size", BigInteger, nullable=False),
    Column("open_count", Integer, nullable=False),
    Column("missing_count", Integer, nullable=False),
    Column("approval", String(80)),
    Column("approved_by", String(200)),
    Column("receipt", Text),
    Index("ix_runs_destination_state_started_at", "destination", "state", "started_at"),
)

reports = Table(
    "reports",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("parquet", LargeBinary, nullable=False),
    Column("beside", LargeBinary),  # Parquet: closed rows that stood beside open ones of their number
    Column("habits", LargeBinary),  # what was learned of how the feed's customers pay, after this delivery
)

# The balances of each source's list and control account when a report was made.
ledgers = Table(
    "ledgers",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("source", String(200), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("listed", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("customers", Text),  # JSON: what list and account differ by, by customer
)

# How many invoices a report marked as paid, by the evidence for it.
closings = Table(
    "closings",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("source", String(200), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("evidence", String(20), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("balance", Text, nullable=False),  # the sum of absolute balances
)

# Since when plans against a baseline have been refused for what is missing: waiting does not make a loss acceptable.
refusals = Table(
    "refusals",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("baseline", Text, nullable=False),
    Column("on", Date, nullable=False),
)

# How the last run to each destination ended: most runs that deliver nothing leave no other trace here.
outcomes = Table(
    "outcomes",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("feed", String(200), nullable=False),
    Column("run", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ending", String(10), nullable=False),  # delivered, refused, failed
    Column("exit_code", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("plan", LargeBinary),  # the refused plan: the JSON of `plan --json`, packed by zlib
)

# Answers given in advance; each is used by one run.
expectations = Table(
    "expectations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("destination", String(500), nullable=False, index=True),
    Column("words", Text, nullable=False),
    Column("until", Date, nullable=False),
    Column("customer", Text),
    Column("below", Text),
    Column("by", String(200), nullable=False),
    Column("at", Moment, nullable=False),
    Column("used_by", ForeignKey("runs.id")),
)

# The reports that a new one is compared with. A destination has more than one only while it is not settled which of
# them arrived: until then all of them count.
baselines = Table(
    "baselines",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("run", ForeignKey("runs.id"), primary_key=True),
)

# What receivers said became of deliveries. What they rejected is objected to until another delivery has answered it.
receiver_outcomes = Table(
    "receiver_outcomes",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("destination", String(500), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("state", String(10), nullable=False),  # taken, rejected
    Column("reopens", Boolean, nullable=False),  # what it was compared with counts again
    Column("rejected", Text, nullable=False),  # JSON: a list of reason, invoice_ref, file
    Column("answered_by", ForeignKey("runs.id")),
)

# What exports of the receiver's own list said of the last delivery. A run's id, though nothing was delivered.
reconciliations = Table(
    "reconciliations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("feed", String(200), nullable=False),
    Column("destination", String(500), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("baseline", Text, nullable=False),
    Column("export", Text, nullable=False),
    Column("outcome", String(20), nullable=False),  # same, differences, not comparable
    Column("open_count", Integer, nullable=False),
    Column("differences", Integer, nullable=False),
    Column("by", String(200), nullable=False),
    Column("receipt", Text, nullable=False),
)

# Names of reports at a destination that people declared accounted for, by `adopt`.
known_reports = Table(
    "known_reports",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
)

source_reads = Table(
    "source_reads",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("source", String(200), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("as_of", Date),
    Column("latest_issue", Date),
)

# What the destination has under the name of each PDF.
documents = Table(
    "documents",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("invoice_ref", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    # Numbers are used again: these tell the invoice from a later one of its number.
    Column("customer", Text),
    Column("issued_on", Date),
)

# What a run is about to send, written before the first byte; gone when the run is settled.
planned_documents = Table(
    "planned_documents",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("invoice_ref", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("customer", Text),
    Column("issued_on", Date),
)

# What was read in the PDF of each name, so that none is read twice.
document_readings = Table(
    "document_readings",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("key", String(64), nullable=False),  # SHA-256 of the PDF's, the invoice's facts and the rules' version
    Column("source", String(200), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("whose", Text),
    Column("words", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("run", String(40), nullable=False),
    Column("holder", String(300), nullable=False),
    Column("since", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    # The holder's process, as arfeed.history.locking.process knows it; empty if its system does not report it.
    Column("host", String(255)),
    Column("boot", String(64)),
    Column("space", String(100)),
    Column("pid", Integer),
    Column("started", String(30)),
)

# How receivers have identified themselves, by destination: the server's host key, the login, and the resolved root. One
# server may have several keys, and renews them; all that were ever seen are here.
receivers = Table(
    "receivers",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("sign", String(64), primary_key=True, index=True),  # SHA-256 of the three
    Column("host_key", String(100), nullable=False),
    Column("login", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

# Further addresses of a destination, joined by `arfeed history join`.
addresses = Table(
    "addresses",
    metadata,
    Column("address", String(500), primary_key=True),
    Column("destination", String(500), nullable=False, index=True),
    Column("by", String(200), nullable=False),
    Column("at", Moment, nullable=False),
)


def split_conditions(
    column: ColumnElement[str], values: Iterable[str], dialect: str = ""
) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together find the rows with one of the values, each short enough for a statement."""
    listed = sorted(set(values))
    if dialect == "postgresql" and listed:
        # As one parameter: its driver takes longer to read a statement with a hundred than the server to answer it.
        yield column == any_(literal(listed, ARRAY(String)))
        return
    for begin in range(0, len(listed), _AT_ONCE):
        yield column.in_(listed[begin : begin + _AT_ONCE])

"""What the API answers with and takes: each a schema of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from arfeed.operations.board import approvals, audit
from arfeed.operations.board.tables import now

if TYPE_CHECKING:
    from arfeed.history.records import RunRecord
    from arfeed.operations.board.histories import Trace
    from arfeed.operations.board.lookup import Overview

FeedState = Literal["waiting", "failed", "delivered", "new", "unreadable"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Delivery(_Model):
    """A report that was delivered."""

    run: str
    at: datetime
    state: str
    open_invoices: int
    marked_as_paid: int
    approved_by: str | None

    @classmethod
    def of(cls, run: RunRecord) -> Self:
        """Describe a run of the history."""
        return cls(
            run=run.id,
            at=run.started_at,
            state=run.state,
            open_invoices=run.open_count,
            marked_as_paid=run.missing_count,
            approved_by=run.approved_by,
        )


class Feed(_Model):
    """A feed and how it stands. `waiting`: a plan has to be approved, and `waiting_plan` is its id."""

    name: str
    state: FeedState
    message: str = Field(description="Why the last run failed or the feed can't be read; else blank.")
    destination: str | None
    last_delivery: Delivery | None
    next_run: datetime | None = Field(description="When it is due next by its [schedule], which a fleet goes by.")
    waiting_plan: str | None
    job_under_way: str | None

    @classmethod
    def of(cls, overview: Overview) -> Self:
        """Describe a feed as the first page shows it."""
        known = overview.state
        delivery = known.delivery if known else None
        failed = known.outcome if known and known.outcome and known.outcome.ending == "failed" else None
        state: FeedState = "delivered" if delivery else "new"
        if overview.wrong:
            state = "unreadable"
        elif overview.waiting:
            state = "waiting"
        elif failed:
            state = "failed"
        return cls(
            name=overview.feed.name,
            state=state,
            message=overview.wrong or (failed.message if failed and state == "failed" else None) or "",
            destination=known.destination if known else None,
            last_delivery=Delivery.of(delivery) if delivery else None,
            next_run=overview.feed.next_run(now()),
            waiting_plan=overview.waiting.id if overview.waiting else None,
            job_under_way=overview.pending.id if overview.pending else None,
        )


class Job(_Model):
    """A run that somebody asked for on the board. `plan` is the one that was approved, `seen` the one it ended with."""

    id: str
    feed: str
    kind: approvals.Kind
    state: Literal["asked", "running", "ended"]
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: str | None = Field(description="looked, delivered, refused, moved, failed or interrupted")
    message: str | None
    plan: str | None
    seen: str | None
    run: str | None

    @classmethod
    def of(cls, job: approvals.Job) -> Self:
        """Describe a job."""
        return cls.model_validate({name: getattr(job, name) for name in cls.model_fields})


class Demands(_Model):
    """What has to be stated to approve a plan, and by how many people."""

    invoices: int
    amounts: dict[str, str] = Field(description="By currency, where the feed's [board] asks for amounts.")
    people: int


class Plan(_Model):
    """A plan. Only one that is `current` is approved: the last one of its feed, with nothing delivered since."""

    id: str
    feed: str
    at: datetime
    refused: bool
    approvable: bool
    current: bool
    demands: Demands
    approved_by: list[str] = Field(description="Who has approved it already, while another person has to.")
    document: dict[str, Any] = Field(description="The document that `arfeed plan --json` prints.")


class PlanApproval(_Model):
    """What a person who approves has to know: how many invoices will be marked as paid, and the amounts demanded."""

    invoices: Annotated[int, Field(ge=0, strict=True)]
    amounts: dict[str, str] = Field(default_factory=dict, description="As text, such as 1234.50, by currency.")
    reason: Annotated[str, StringConstraints(max_length=approvals.LONGEST_REASON)] = ""

    def as_typed(self) -> Mapping[str, str]:
        """Return it as the form on the page would send it."""
        amounts = {f"amount-{currency}": amount for currency, amount in self.amounts.items()}
        return {**amounts, "invoices": str(self.invoices), "reason": self.reason}


class Asked(_Model):
    """What was begun. Without a `job`, another person has to approve the plan, too."""

    job: str | None


class Event(_Model):
    """Something that happened to an invoice."""

    feed: str
    at: datetime
    run: str
    what: str

    @classmethod
    def of(cls, trace: Trace) -> Self:
        """Describe an event."""
        return cls(**trace._asdict())


class Feeds(_Model):
    """The feeds that the token may see, those that wait first."""

    feeds: list[Feed]


class FeedDetails(_Model):
    """A feed with its last deliveries and the runs asked for on the board, the newest first."""

    feed: Feed
    deliveries: list[Delivery]
    jobs: list[Job]
    latest_plan: str | None


class Found(_Model):
    """What became of an invoice, the newest first; `unread` are feeds that could not be searched, and why."""

    events: list[Event]
    unread: list[str]


class Line(_Model):
    """A line of the audit log."""

    number: int
    at: str
    who: str
    what: str
    about: str
    details: dict[str, Any]
    before: str
    hash: str

    @classmethod
    def of(cls, entry: audit.Entry) -> Self:
        """Describe a line."""
        return cls.model_validate(audit.as_data(entry))


class Log(_Model):
    """The last lines of the audit log, the newest first."""

    lines: list[Line]


class Receipt(_Model):
    """The receipt of a delivery, as it is kept."""

    receipt: dict[str, Any]


class Problem(BaseModel):
    """What is wrong with a request, by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    wrong: list[str] | None = None

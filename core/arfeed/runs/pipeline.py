"""Run a sync from start to finish: read, prepare, review, deliver, record, notify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from arfeed.history.receipts import receipt_hash
from arfeed.intake.explaining import released
from arfeed.model.events import bind
from arfeed.planning.approval import is_settled_by
from arfeed.planning.guards.weighing import MISSING_INVOICE_CODES
from arfeed.runs.chapters import Delivery, Prepared, Reading, Result
from arfeed.runs.context import (
    Clock,
    OpenContext,
    Progress,
    RunContext,
    begin_run,
    connect,
    open_context,
    utc_now,
)
from arfeed.runs.convergence import judge_interrupted, settle_interrupted
from arfeed.runs.ending.conclusion import conclude
from arfeed.runs.ending.pinging import Pinger
from arfeed.runs.preparation import prepare
from arfeed.runs.publication import deliver, describe_run
from arfeed.runs.reading import read_earlier_report, read_sources
from arfeed.runs.receiver.recognition import note_receiver, write_witness

if TYPE_CHECKING:
    from arfeed.history.records import Baseline
    from arfeed.plugins.config import Project


@dataclass(frozen=True, slots=True)
class _Task:
    """What a run does: `read` is where its invoices come from, `approve` the code that somebody has typed."""

    kind: Literal["sync", "resend"]
    read: Callable[[OpenContext, Baseline | None], Reading]
    approve: str | None


def plan(project: Project, progress: Progress, *, clock: Clock = utc_now) -> Result:
    """Return what `sync` would deliver. Reads from the destination; writes nothing there or to the history."""
    begun = begin_run(project, progress, clock)
    bind(feed=project.feed.name, destination=begun.address)
    with (
        open_context(begun) as context,
        connect(project, meanwhile=True) as server,
        released(project.sources),
    ):
        # `plan` may not write, so what an interrupted run did is taken into account without being recorded.
        verdicts = {run.id: verdict for run, verdict in judge_interrupted(context, server)}
        arrived, lost = ([run for run in verdicts if verdicts[run] == what] for what in ("arrived", "lost"))
        baseline = context.history.baseline(context.destination, arrived, lost)
        return Result(prepare(context, server, read_sources(context, baseline), delivering=False).plan)


def sync(project: Project, progress: Progress, *, approve: str | None = None, clock: Clock = utc_now) -> Result:
    """Deliver every open invoice and its PDF, unless the plan is refused."""
    return sync_begun(begin_run(project, progress, clock), approve=approve)


def sync_begun(context: RunContext, *, approve: str | None = None) -> Result:
    """Do what `sync` does, for a run that has begun: its context may name who approves."""
    return _conclude(context, partial(_run, context, _Task("sync", read_sources, approve)))


def resend(context: RunContext, run: str, *, approve: str | None = None) -> Result:
    """Deliver the report of an earlier run again, planned and reviewed like any other."""
    return _conclude(context, partial(_run, context, _Task("resend", partial(read_earlier_report, run=run), approve)))


def _conclude(context: RunContext, run: Callable[[Callable[[], None]], Result]) -> Result:
    """Run, conclude, and return the result with its page. Raise what the run raises.

    `run` is given what it calls once it holds the lock: then it has begun. The lock is released before anybody is
    notified, since notifiers may be slow.
    """
    bind(feed=context.project.feed.name, destination=context.address, run=context.run)
    pinger = Pinger(context.project.feed.ping, context.progress)
    ending: Result | Exception
    # Not BaseException: whoever presses Ctrl-C knows that the run has ended, and need not be notified.
    try:
        ending = run(pinger.start)
    except Exception as exc:  # noqa: BLE001 - raised again below, once everybody is notified
        ending = exc
    concluded = conclude(context, ending)
    pinger.end(concluded)
    if isinstance(concluded, Exception):
        raise concluded
    return concluded


def _run(begun: RunContext, task: _Task, locked: Callable[[], None]) -> Result:
    """Take the lock, settle what was interrupted, read, prepare, review, deliver, record."""
    project = begun.project
    # Taken in this order, released in reverse: the history stays open until the lock is released, and the lock is held
    # until no connection can publish any more.
    with (
        open_context(begun) as context,
        context.history.lock(context.destination, context.run, project.feed.lock_seconds) as lease,
        connect(project, meanwhile=True) as server,
        released(project.sources),
    ):
        # First, since it decides what the baseline is.
        settle_interrupted(context, server)
        locked()
        reading = task.read(context, context.history.baseline(context.destination))
        prepared = prepare(context, server, reading, delivering=True)
        # Kept whatever becomes of the plan: no PDF is read twice.
        context.history.keep_readings(context.destination, prepared.readings)
        # Somebody who approves elsewhere has seen one plan, and means that one: what moved meanwhile is shown anew,
        # even if it needs no approval. It also keeps an approval that is started twice from delivering twice.
        strictly = context.approver is not None
        if (prepared.plan.objections or strictly) and not is_settled_by(task.approve, prepared.plan):
            _record_refusal(context, prepared)
            return Result(prepared.plan)
        # From here on a killed run leaves a record, which the next run settles.
        record = describe_run(context, task.kind, prepared, task.approve)
        signs = note_receiver(context, server)
        receipt = deliver(Delivery(context, server, prepared, record, lease))
        write_witness(context, signs, record, receipt_hash(receipt.body))
        return Result(prepared.plan, receipt)


def _record_refusal(context: OpenContext, prepared: Prepared) -> None:
    """Record that absences were questioned today: what is strange today must not look usual after a few days' wait."""
    plan, baseline = prepared.plan, prepared.baseline
    if baseline and any(each.code in MISSING_INVOICE_CODES for each in plan.objections):
        context.history.note_refusal(context.destination, baseline.id, plan.at.date())

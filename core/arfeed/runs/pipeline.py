"""Run a sync from start to finish: read, prepare, review, deliver, record, notify.

A feed may have several destinations. Each has its own run, with its own lock, baseline, approval and receipt; what
they share is one reading of the sources, made once all of their locks are held.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from arfeed.documents.copies import Copies
from arfeed.history.receipts import receipt_hash
from arfeed.intake.explaining import release, release_all
from arfeed.model.errors import ConfigError
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
    open_context,
    utc_now,
)
from arfeed.runs.convergence import judge_interrupted, settle_interrupted
from arfeed.runs.ending.conclusion import conclude
from arfeed.runs.ending.pinging import Pinger
from arfeed.runs.memory import find_lost_documents
from arfeed.runs.preparation import Compared, compare_reading, prepare
from arfeed.runs.publication import deliver, describe_run
from arfeed.runs.reading import Listing, ask_about, list_sources, read_earlier_report, read_listing
from arfeed.runs.receiver.connection import connect
from arfeed.runs.receiver.outcomes import find_outcomes, note_outcomes, note_pending
from arfeed.runs.receiver.recognition import note_receiver, write_witness

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.history.locking.lease import Lease
    from arfeed.history.records import Baseline, RunRecord
    from arfeed.plugins.config import Project


@dataclass(frozen=True, slots=True)
class _Task:
    """What a run does: `run` is the earlier one whose report it sends again, if it does not read the sources.

    `approve` is the code that somebody has typed.
    """

    approve: str | None = None
    run: str | None = None


_Steps = Generator[None, None, Result]
"""A run that waits three times for those to the other destinations: see `_go_together`."""


class _Course:
    """The run to one destination, and what it shares with those to others. Whatever it meets, they go their way.

    Its steps set `baseline`, then `compared`; they are given `listing`, then `answers`, None if nothing was asked.
    """

    baseline: Baseline | None = None
    taken: dict[str, str]
    compared: Compared
    listing: Listing
    answers: pd.DataFrame | None = None
    ending: Result | Exception | None = None

    def __init__(
        self,
        begun: RunContext,
        steps: Callable[[_Course], _Steps],
        conclude: Callable[[Result | Exception], Result | Exception] = lambda ending: ending,
    ) -> None:
        """Keep the run's steps, and what is to be done with its ending."""
        self.begun, self.steps, self._conclude = begun, steps(self), conclude

    def claim(self, receiver: str) -> None:
        """Raise `ConfigError` if another destination of the feed has the same history: each would undo the other."""
        first = self.taken.setdefault(receiver, self.begun.address)
        if first != self.begun.address:
            raise ConfigError(
                f"{self.begun.project.path.name}: {first} and {self.begun.address} have one history since "
                "`arfeed history join`, so they are one destination; remove one of them"
            )

    def advance(self) -> None:
        """Go on to where all wait, or to the end."""
        self._go(partial(next, self.steps))

    def fail(self, error: Exception) -> None:
        """End, since the sources could not be read, or did not answer."""
        self._go(partial(self.steps.throw, error))

    def _go(self, go: Callable[[], None]) -> None:
        if self.ending is not None:
            return
        begun = self.begun
        bind(feed=begun.project.feed.name, destination=begun.address, run=begun.run)
        if begun.project.chosen:
            begun.progress.step(f"For {begun.project.chosen}")
        # Not BaseException: whoever presses Ctrl-C knows that the run has ended, and need not be notified.
        try:
            go()
        except StopIteration as stop:
            self._end(stop.value)
        except Exception as exc:  # noqa: BLE001 - raised or shown once everybody is notified
            self._end(exc)

    def _end(self, ending: Result | Exception) -> None:
        # Its lock is released: notifiers may be slow.
        self.ending = self._conclude(ending)


def plan(project: Project, progress: Progress, *, clock: Clock = utc_now) -> Result:
    """Return what `sync` would deliver. Reads from the destination; writes nothing there or to the history."""
    (ending,) = plan_each([begin_run(project, progress, clock)])
    return _raise_or_return(ending)


def plan_each(begun: Sequence[RunContext]) -> list[Result | Exception]:
    """Return what `sync` would deliver to each destination, or what went wrong there; the sources are read once."""
    return _go_together([_Course(each, _plan) for each in begun])


def sync(project: Project, progress: Progress, *, approve: str | None = None, clock: Clock = utc_now) -> Result:
    """Deliver every open invoice and its PDF, unless the plan is refused."""
    return sync_begun(begin_run(project, progress, clock), approve=approve)


def sync_begun(context: RunContext, *, approve: str | None = None) -> Result:
    """Do what `sync` does, for a run that has begun: its context may name who approves."""
    (ending,) = sync_each([context], approve=approve)
    return _raise_or_return(ending)


def sync_each(begun: Sequence[RunContext], *, approve: str | None = None) -> list[Result | Exception]:
    """Deliver to each destination of a feed; return how each run ended. The sources are read once.

    An approval is for the destination whose plan printed it: the others are reviewed as ever.
    """
    return _deliver(begun, _Task(approve))


def resend(context: RunContext, run: str, *, approve: str | None = None) -> Result:
    """Deliver the report of an earlier run again, planned and reviewed like any other."""
    (ending,) = _deliver([context], _Task(approve, run))
    return _raise_or_return(ending)


def _raise_or_return(ending: Result | Exception) -> Result:
    if isinstance(ending, Exception):
        raise ending
    return ending


def _deliver(begun: Sequence[RunContext], task: _Task) -> list[Result | Exception]:
    """Run and conclude each. The monitor is told once, and of the worst: it would take the last sign for all."""
    pinger = Pinger(begun[0].project.feed.ping, begun[0].progress)
    started = cache(pinger.start)
    steps = partial(_run, task=task, started=started)
    courses = [_Course(each, steps, partial(conclude, each)) for each in begun]
    endings = _go_together(courses, reads=task.run is None)
    pinger.end(*endings)
    return endings


def _go_together(courses: Sequence[_Course], *, reads: bool = True) -> list[Result | Exception]:
    """Take all runs to their end; return how each ended.

    All open their destinations first; then the sources are read, and then asked about all that is missing. Once all
    have what they need of them, one delivers after the other.
    """
    with ExitStack() as stack:
        # If this is interrupted, each gives back its lock, and ends its connection.
        taken: dict[str, str] = {}
        for course in courses:
            stack.callback(course.steps.close)
            course.taken = taken
        sources = courses[0].begun.project.sources
        stack.enter_context(release_all(sources))
        _advance(courses)
        if reads:
            _read(courses, stack.enter_context(Copies()) if len(courses) > 1 else None)
        _advance(courses)
        if reads:
            _ask(courses)
        # Nothing is asked any more: no database connection is held open by the deliveries that follow.
        release(sources)
        _advance(courses)
        _advance(courses)
    return [course.ending for course in courses if course.ending is not None]


def _advance(courses: Iterable[_Course]) -> None:
    for course in courses:
        course.advance()


def _bind_all(courses: Sequence[_Course]) -> None:
    """Let events name no single run while something is done for several."""
    if len(courses) > 1:
        bind(feed=courses[0].begun.project.feed.name)


def _read(courses: Iterable[_Course], copies: Copies | None) -> None:
    """Read the sources for all runs that could open their destinations."""
    waiting = [course for course in courses if course.ending is None]
    if not waiting:
        return
    _bind_all(waiting)
    try:
        listing = list_sources(waiting[0].begun, [course.baseline for course in waiting], copies)
    except Exception as exc:  # noqa: BLE001 - it is the ending of each run
        for course in waiting:
            course.fail(exc)
        return
    for course in waiting:
        course.listing = listing


def _ask(courses: Iterable[_Course]) -> None:
    """Ask the sources about all that is missing somewhere, for the runs to which it is."""
    asking = [course for course in courses if course.ending is None and len(course.compared.unsure)]
    if not asking:
        return
    missing = [(course.baseline, course.compared.unsure) for course in asking]
    _bind_all(asking)
    try:
        answers = ask_about(asking[0].begun, asking[0].listing, missing)
    except Exception as exc:  # noqa: BLE001 - as above
        for course in asking:
            course.fail(exc)
        return
    for course in asking:
        course.answers = answers


def _plan(course: _Course) -> _Steps:
    begun = course.begun
    with (
        open_context(begun) as context,
        connect(begun.project, meanwhile=True) as server,
    ):
        course.claim(context.destination)
        # `plan` may not write, so what an interrupted run did is taken into account without being recorded.
        verdicts = {run.id: verdict for run, verdict in judge_interrupted(context, server)}
        arrived, lost = ([run for run in verdicts if verdicts[run] == what] for what in ("arrived", "lost"))
        outcomes, pending = find_outcomes(context, server)
        course.baseline = context.history.baseline(context.destination, arrived, lost, outcomes)
        yield
        reading = _add_notes(read_listing(course.listing, context, course.baseline), pending)
        course.compared = compare_reading(context, reading)
        yield
        compared = replace(course.compared, answers=course.answers)
        return Result(prepare(context, server, reading, compared, delivering=False).plan)


def _run(course: _Course, task: _Task, started: Callable[[], None]) -> _Steps:
    """Take the lock, settle what was interrupted, read, prepare, review, deliver, record.

    `started` is called once the lock is held: then it has begun.
    """
    begun, project = course.begun, course.begun.project
    # Taken in this order, released in reverse: the history stays open until the lock is released, and the lock is held
    # until no connection can publish any more.
    with (
        open_context(begun) as context,
        _lock(course, context) as lease,
        connect(project, meanwhile=True) as server,
    ):
        # First, since it decides what the baseline is.
        settle_interrupted(context, server)
        started()
        pending = note_outcomes(context, server)
        course.baseline = context.history.baseline(context.destination)
        # Not only for this plan: an earlier report that is sent again goes without PDFs, and settles the rejection.
        context.history.forget_documents(context.destination, find_lost_documents(context, course.baseline))
        # From here on nobody else changes the baseline: what is read now is newer than all that it has.
        yield
        if task.run is None:
            reading = read_listing(course.listing, context, course.baseline)
        else:
            reading = read_earlier_report(context, course.baseline, task.run)
        reading = _add_notes(reading, pending)
        course.compared = compare_reading(context, reading)
        yield
        compared = replace(course.compared, answers=course.answers)
        prepared = prepare(context, server, reading, compared, delivering=True)
        yield
        # Kept whatever becomes of the plan: no PDF is read twice.
        context.history.keep_readings(context.destination, prepared.readings)
        # Somebody who approves elsewhere has seen one plan, and means that one: what moved meanwhile is shown anew,
        # even if it needs no approval. It also keeps an approval that is started twice from delivering twice.
        strictly = context.approver is not None
        if (prepared.plan.objections or strictly) and not is_settled_by(task.approve, prepared.plan):
            _record_refusal(context, prepared)
            return Result(prepared.plan)
        # From here on a killed run leaves a record, which the next run settles.
        record = describe_run(context, "resend" if task.run else "sync", prepared, task.approve)
        signs = note_receiver(context, server)
        receipt = deliver(Delivery(context, server, prepared, record, lease))
        write_witness(context, signs, record, receipt_hash(receipt.body))
        return Result(prepared.plan, receipt)


def _lock(course: _Course, context: OpenContext) -> Lease:
    course.claim(context.destination)
    return context.history.lock(context.destination, context.run, context.project.feed.lock_seconds)


def _add_notes(reading: Reading, pending: Sequence[RunRecord]) -> Reading:
    return replace(reading, notes=(*reading.notes, *note_pending(pending)))


def _record_refusal(context: OpenContext, prepared: Prepared) -> None:
    """Record that absences were questioned today: what is strange today must not look usual after a few days' wait."""
    plan, baseline = prepared.plan, prepared.baseline
    if baseline and any(each.code in MISSING_INVOICE_CODES for each in plan.objections):
        context.history.note_refusal(context.destination, baseline.id, plan.at.date())

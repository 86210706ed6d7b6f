"""The end of a run, told once to everybody who is to know: the history, the page, plugins, notifiers, the monitor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from arfeed.model.errors import ArfeedError, LockedError, RefusedError
from arfeed.model.events import bind
from arfeed.model.results import Failure, Plan, Receipt
from arfeed.model.secrets import mask_secrets
from arfeed.model.settings import Ending
from arfeed.runs.chapters import Result
from arfeed.runs.context import RunContext
from arfeed.runs.ending.notification import notify
from arfeed.runs.ending.outcome import Outcome, leave_outcome
from arfeed.runs.ending.pinging import Pinger
from arfeed.runs.pages import write_receipt_page

if TYPE_CHECKING:
    from arfeed.plugins.config import Project


def conclude(context: RunContext, run: Callable[[Callable[[], None]], Result]) -> Result:
    """Do a run and tell of its end; return its result, with its page. Raise what the run raises.

    `run` is given what it calls once it holds the lock: then it has begun. The lock is released before anybody is
    told, since notifiers may be slow.
    """
    bind(feed=context.project.feed.name, destination=context.address, run=context.run)
    pinger = Pinger(context)
    # Not BaseException: whoever presses Ctrl-C knows that the run has ended, and need not be notified.
    try:
        result = _run_and_tell(context, partial(run, pinger.start))
    except Exception as exc:
        pinger.end(exc, delivered=False)
        raise
    pinger.end(None, delivered=result.receipt is not None)
    return result


def _run_and_tell(context: RunContext, run: Callable[[], Result]) -> Result:
    try:
        result = run()
    except Exception as exc:
        failure = _describe_failure(context.project, context.address, exc)
        # Another run is at work: how that one ends is the outcome.
        outcome = None if isinstance(exc, LockedError) else Outcome("failed", failure.exit_code, failure.error)
        _tell(context, "failed", failure, outcome)
        raise
    if result.receipt:
        # Before the notifiers, since a mail may have the page attached.
        page = write_receipt_page(context, result.receipt)
        _tell(context, "delivered", replace(result.receipt, page=page), Outcome("delivered"))
        return replace(result, page=page)
    # Without objections only whoever approved elsewhere is concerned, and is told.
    if result.plan.objections:
        _tell(context, "refused", result.plan, Outcome("refused", RefusedError.exit_code, plan=result.plan))
    return result


def _tell(context: RunContext, ending: Ending, about: Receipt | Plan | Failure, outcome: Outcome | None) -> None:
    if outcome is not None:
        leave_outcome(context, outcome)
    notify(context, ending, about)


def _describe_failure(project: Project, address: str, exc: Exception) -> Failure:
    expected = isinstance(exc, ArfeedError)
    error, code = str(exc) if expected else f"{type(exc).__name__}: {exc}", getattr(exc, "exit_code", 1)
    return Failure(project.feed.name, address, mask_secrets(error, project.secrets), code, project.path.absolute())

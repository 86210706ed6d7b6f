"""The end of a run, told once to everybody who is to know: the history, the page, plugins, notifiers, the monitor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from arfeed.model.errors import ArfeedError, LockedError, RefusedError
from arfeed.model.results import Failure, Plan, Receipt
from arfeed.model.text.secrets import mask_secrets
from arfeed.runs.chapters import Result
from arfeed.runs.context import RunContext
from arfeed.runs.ending.hooks import notify_plugins
from arfeed.runs.ending.notification import notify
from arfeed.runs.ending.outcome import Outcome, leave_outcome
from arfeed.runs.page_files import write_receipt_page, write_refused_page

if TYPE_CHECKING:
    from arfeed.plugins.config import Project


def conclude(context: RunContext, ended: Result | Exception) -> Result | Exception:
    """Write the page, record the outcome, call plugins and notifiers; return the result.

    A delivery is returned with its page; notifiers get that of a refused plan, too.
    """
    about: Receipt | Plan | Failure
    if isinstance(ended, Exception):
        about = _describe_failure(context.project, context.address, ended)
        # Another run is at work: how that one ends is the outcome.
        outcome = None if isinstance(ended, LockedError) else Outcome("failed", about.exit_code, about.error)
    elif ended.receipt:
        # Before the notifiers, since a mail may have the page attached.
        page = write_receipt_page(context, ended.receipt)
        about, outcome = replace(ended.receipt, page=page), Outcome("delivered")
        ended = replace(ended, page=page)
    elif ended.plan.objections:
        about = replace(ended.plan, page=write_refused_page(context, ended.plan))
        outcome = Outcome("refused", RefusedError.exit_code, plan=ended.plan)
    else:
        # Without objections only the remote approver needs to know, and is notified.
        return ended
    if outcome is not None:
        leave_outcome(context, outcome)
    ending = outcome.ending if outcome else "failed"
    notify_plugins(context, ending, about)
    notify(context, ending, about)
    return ended


def _describe_failure(project: Project, address: str, exc: Exception) -> Failure:
    expected = isinstance(exc, ArfeedError)
    error, code = str(exc) if expected else f"{type(exc).__name__}: {exc}", getattr(exc, "exit_code", 1)
    masked, config = mask_secrets(error, project.secrets), project.path.absolute()
    return Failure(project.feed.name, address, masked, code, config, project.chosen)

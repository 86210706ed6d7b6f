"""Notify others of how a run ended. Nothing that they do, or fail to do, changes the run."""

from __future__ import annotations

import logging
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

from arfeed.model.errors import ArfeedError
from arfeed.model.events import event
from arfeed.model.parts import Notifier
from arfeed.model.results import Failure, Plan, Receipt, Reconciliation
from arfeed.model.secrets import mask_secrets
from arfeed.model.settings import Ending
from arfeed.plugins.isolation import isolated_copy
from arfeed.plugins.loading import call_each
from arfeed.runs.ending.narration import describe_ending

if TYPE_CHECKING:
    from arfeed.plugins.config import Project
    from arfeed.runs.context import RunContext

_ARGUMENTS = {"delivered": "receipt", "refused": "plan", "failed": "failure", "reconciled": "reconciliation"}
_WORDS = {
    "delivered": "delivered",
    "refused": "was refused",
    "failed": "failed",
    "reconciled": "found differences, or could not compare",
}
_About = Receipt | Plan | Failure | Reconciliation


class _Notification(Thread):
    """One notifier at work, in a daemon thread: the run ends without it once its time is up."""

    def __init__(self, notifier: Notifier, ending: Ending, about: _About) -> None:
        super().__init__(name=f"notifier {notifier.notifier}", daemon=True)
        # A copy each: a notifier that changes what it was given must not change what the others report.
        self.notifier, self._ending, self._about = notifier, ending, isolated_copy(about)
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            getattr(self.notifier, self._ending)(self._about)
        except BaseException as exc:  # noqa: BLE001 - a stranger's code may raise anything, and the run is over
            self.error = exc


def notify(context: RunContext, ending: Ending, about: _About) -> None:
    """Call the plugins' hooks, then all notifiers in parallel; warn about one that raises or takes too long."""
    project, progress = context.project, context.progress
    event(ending, logging.INFO if ending == "delivered" else logging.WARNING, **describe_ending(about))
    hook = f"arfeed_{ending}"
    for plugin, value, _ in call_each(project.registry.manager, hook, **{_ARGUMENTS[ending]: about}):
        # A warning, not an error: what the run did can't be undone by a plugin that failed to hear of it.
        if isinstance(value, (Exception, SystemExit)):
            progress.warn(f"the plugin {plugin} failed in {hook}: {type(value).__name__}: {value}")
    # One beginning for all: the run waits as long as the slowest may take, not for the sum.
    began = monotonic()
    for each in [_Notification(notifier, ending, about) for notifier in _notifiers_of(project, ending)]:
        seconds = each.notifier.settings.timeout_seconds
        each.join(max(0, began + seconds - monotonic()))
        if (problem := _problem(each, seconds)) is not None:
            key = f"notifiers.{each.notifier.notifier}"
            # Its error may quote the URL of a webhook, and whoever has that can post there.
            progress.warn(
                f"{key} did not report that the run {_WORDS[ending]}: {mask_secrets(problem, project.secrets)}"
            )


def _notifiers_of(project: Project, ending: Ending) -> list[Notifier]:
    return [notifier for notifier in project.notifiers if ending in notifier.settings.on]


def _problem(notification: _Notification, seconds: float) -> str | None:
    """Return what went wrong, if anything did."""
    if notification.is_alive():
        return f"it was still at work after {seconds:g} seconds, and was not waited for"
    error = notification.error
    if error is None:
        return None
    return str(error) if isinstance(error, ArfeedError) else f"{type(error).__name__}: {error}"

"""Notify others of how a run ended. Nothing that they do, or fail to do, changes the run."""

from __future__ import annotations

from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

from arfeed.model.errors import ArfeedError
from arfeed.model.parts import Notifier
from arfeed.model.results import Failure, Plan, Receipt, Reconciliation
from arfeed.model.settings import Ending
from arfeed.plugins.isolation import isolated_copy

if TYPE_CHECKING:
    from arfeed.runs.context import RunContext

_WORDS = {
    "delivered": "delivered",
    "refused": "was refused",
    "failed": "failed",
    "reconciled": "found differences, or could not compare",
}
About = Receipt | Plan | Failure | Reconciliation


class _Notification(Thread):
    """One notifier at work, in a daemon thread: the run ends without it once its time is up."""

    def __init__(self, notifier: Notifier, ending: Ending, about: About) -> None:
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


def notify(context: RunContext, ending: Ending, about: About) -> None:
    """Call all notifiers in parallel; warn about one that raises or takes too long."""
    # One beginning for all: the run waits as long as the slowest may take, not for the sum.
    began = monotonic()
    concerned = [notifier for notifier in context.project.notifiers if ending in notifier.settings.on]
    for each in [_Notification(notifier, ending, about) for notifier in concerned]:
        seconds = each.notifier.settings.timeout_seconds
        each.join(max(0, began + seconds - monotonic()))
        if (problem := _problem(each, seconds)) is not None:
            key = f"notifiers.{each.notifier.notifier}"
            context.progress.warn(f"{key} did not report that the run {_WORDS[ending]}: {problem}")


def _problem(notification: _Notification, seconds: float) -> str | None:
    """Return what went wrong, if anything did."""
    if notification.is_alive():
        return f"it was still busy after {seconds:g} seconds, and was not waited for"
    error = notification.error
    if error is None:
        return None
    return str(error) if isinstance(error, ArfeedError) else f"{type(error).__name__}: {error}"

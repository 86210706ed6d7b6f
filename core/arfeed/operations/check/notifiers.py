"""The notifiers, as far as they can be checked without sending anything."""

from __future__ import annotations

from collections.abc import Iterator

from arfeed.model.errors import ArfeedError
from arfeed.operations.check.finding import Finding, doubt, ok
from arfeed.plugins.config import Project


def examine_notifiers(project: Project) -> Iterator[Finding]:
    """Yield a finding for each notifier. None of them can fail a run, so none fails the check."""
    for notifier in project.notifiers:
        what = f"notifier {notifier.notifier} ({notifier.name})"
        try:
            notifier.check()
        except Exception as exc:  # noqa: BLE001 - a third-party notifier may raise anything
            said = str(exc) if isinstance(exc, ArfeedError) else f"{type(exc).__name__}: {exc}"
            yield doubt(
                what, said, f"fix [notifiers.{notifier.notifier}]; runs still go ahead, but without this notification"
            )
        else:
            yield ok(what, f"is notified of: {', '.join(notifier.settings.on)}", on=[*notifier.settings.on])

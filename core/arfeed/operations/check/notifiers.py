"""Whoever is to be told how runs end, as far as can be seen without telling anybody."""

from __future__ import annotations

from collections.abc import Iterator

from arfeed.model.errors import ArfeedError
from arfeed.operations.check.finding import Finding, doubt, ok
from arfeed.plugins.config import Project


def examined(project: Project) -> Iterator[Finding]:
    """Yield what is found of each notifier. None of them can fail a run, so none fails the check."""
    for notifier in project.notifiers:
        what = f"notifier {notifier.notifier} ({notifier.name})"
        try:
            notifier.check()
        except Exception as exc:  # noqa: BLE001 - a stranger's notifier may raise anything
            said = str(exc) if isinstance(exc, ArfeedError) else f"{type(exc).__name__}: {exc}"
            yield doubt(what, said, f"mend [notifiers.{notifier.notifier}]; runs go on, but nobody is told there")
        else:
            yield ok(what, f"is told of runs that are {', '.join(notifier.settings.on)}", on=[*notifier.settings.on])

"""Tell the plugins how a run ended, by their hooks, and the log. Nothing that they do changes the run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from arfeed.model.events import event
from arfeed.model.settings import Ending
from arfeed.plugins.loading import call_each
from arfeed.runs.ending.narration import describe_ending

if TYPE_CHECKING:
    from arfeed.runs.context import RunContext
    from arfeed.runs.ending.notification import About

_ARGUMENTS = {"delivered": "receipt", "refused": "plan", "failed": "failure", "reconciled": "reconciliation"}


def notify_plugins(context: RunContext, ending: Ending, about: About) -> None:
    """Log how the run ended and call the plugins' hooks; warn about one that raises."""
    event(ending, logging.INFO if ending == "delivered" else logging.WARNING, **describe_ending(about))
    hook = f"arfeed_{ending}"
    for plugin, value, _ in call_each(context.project.registry.manager, hook, **{_ARGUMENTS[ending]: about}):
        # A warning, not an error: what the run did can't be undone by a plugin that failed to hear of it.
        if isinstance(value, (Exception, SystemExit)):
            context.progress.warn(f"the plugin {plugin} failed in {hook}: {type(value).__name__}: {value}")

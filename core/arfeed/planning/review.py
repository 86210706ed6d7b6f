"""Ask every reviewer, the built-in guards first, and bind the approval to what they said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pluggy

from arfeed.interfaces import Objection, Plan
from arfeed.planning.approval import approval_code
from arfeed.planning.guards import Guards


def reviewed(plan: Plan, plugins: pluggy.PluginManager, settings: str) -> Plan:
    """Return the plan with all objections and, if there are any, its approval code; `settings` is their hash."""
    objections = (*Guards().arfeed_review(plan), *_of_plugins(plan, plugins))
    if not objections:
        return plan
    code = approval_code(plan.baseline, plan.destination, settings, plan.missing, objections)
    return replace(plan, objections=objections, approval=code)


def _of_plugins(plan: Plan, plugins: pluggy.PluginManager) -> Iterator[Objection]:
    """Ask one reviewer at a time: one that raises refuses the run, and the others are still heard."""
    for hook in plugins.hook.arfeed_review.get_hookimpls():
        others = [plugin for _, plugin in plugins.list_name_plugin() if plugin is not hook.plugin]
        try:
            answers = plugins.subset_hook_caller("arfeed_review", remove_plugins=others)(plan=plan)
            yield from _checked(answers)
        except Exception as exc:  # noqa: BLE001 - a reviewer that can't speak has not agreed
            failed = f"the reviewer {hook.plugin_name!r} failed: {type(exc).__name__}: {exc}"
            yield Objection("review-failed", f"{failed}; mend it, or take it out of `plugins`")


def _checked(answers: Iterable[Iterable[Objection]]) -> list[Objection]:
    objections = [objection for answer in answers for objection in answer or ()]
    for objection in objections:
        if not isinstance(objection, Objection):
            raise TypeError(f"it returned {objection!r}, which is no arfeed.Objection")
    return objections

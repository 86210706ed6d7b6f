"""Ask every reviewer, the built-in guards first, and bind the approval to what they said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

import pluggy

from arfeed.interfaces import Objection, Plan
from arfeed.planning.approval import NOT_APPROVABLE, approval_code
from arfeed.planning.guards import Guards
from arfeed.plugins import call_each


def reviewed(plan: Plan, plugins: pluggy.PluginManager, settings: str) -> Plan:
    """Return the plan with all objections and, where they may be approved, the code; `settings` is their hash."""
    objections = (*Guards().arfeed_review(plan), *_of_plugins(plan, plugins))
    if not objections:
        return plan
    approvable = not any(objection.code in NOT_APPROVABLE for objection in objections)
    code = approval_code(plan.baseline, plan.destination, settings, plan.missing, objections) if approvable else None
    return replace(plan, objections=objections, approval=code)


def _of_plugins(plan: Plan, plugins: pluggy.PluginManager) -> Iterator[Objection]:
    """Ask one reviewer at a time: one that raises refuses the run, and the others are still heard."""
    for name, answer in call_each(plugins, "arfeed_review", plan=plan):
        try:
            yield from _checked(answer)
        except Exception as exc:  # noqa: BLE001 - a reviewer that can't speak has not agreed
            failed = f"the reviewer {name!r} failed: {type(exc).__name__}: {exc}"
            yield Objection("review-failed", f"{failed}; mend it, or take it out of `plugins`")


def _checked(answer: object) -> list[Objection]:
    if isinstance(answer, Exception):
        raise answer
    objections = list(cast("Iterable[Objection]", answer or ()))
    for objection in objections:
        if not isinstance(objection, Objection):
            raise TypeError(f"it returned {objection!r}, which is no arfeed.Objection")
    return objections

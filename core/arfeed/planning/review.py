"""Ask every reviewer, the built-in guards first, and bind the approval to what they said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

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
    for name, answer in call_each(plugins, "arfeed_review", plan=_copy(plan)):
        try:
            yield from _checked(answer)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - a reviewer that can't speak has not agreed
            failed = f"the reviewer {name!r} failed: {type(exc).__name__}: {exc}"
            yield Objection("review-failed", f"{failed}; mend it, or take it out of `plugins`")


def _copy(plan: Plan) -> Plan:
    """Return the plan with frames of its own, copied only when written to: what a reviewer changes stays with it."""
    frames = {name: getattr(plan, name) for name in ("before", "report", "missing", "totals")}
    copies = {name: frame.copy(deep=False) for name, frame in frames.items() if frame is not None}
    documents = replace(plan.documents, send=plan.documents.send.copy(deep=False))
    return replace(plan, **copies, documents=documents)


def _checked(answer: Any) -> list[Objection]:
    if isinstance(answer, (Exception, SystemExit)):
        raise answer
    objections = [] if answer is None else list(answer)
    for objection in objections:
        if not isinstance(objection, Objection) or not isinstance(objection.code, str):
            raise TypeError(f"it returned {objection!r}, which is no arfeed.Objection")
    return objections

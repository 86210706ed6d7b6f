"""Ask every reviewer, the built-in guards first, and bind the approval to what they said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pluggy

from arfeed.model.results import Objection, Plan
from arfeed.planning.approval import NOT_APPROVABLE, OUR_CODES, approval_code
from arfeed.planning.changes.rules import notes_on_changes
from arfeed.planning.fingerprints import content_hash
from arfeed.planning.guards import NOTHING_KNOWN, Guards
from arfeed.planning.known import Known
from arfeed.planning.ledgers import figures_of
from arfeed.planning.weighing import one_a_code, weigh
from arfeed.plugins.loading import Answer, call_each


def reviewed(
    plan: Plan,
    plugins: pluggy.PluginManager,
    settings: str,
    content: Callable[[], str] | None = None,
    known: Known = NOTHING_KNOWN,
) -> Plan:
    """Return the plan with all objections and, where they may be approved, the code; `settings` is their hash.

    `content` gives the report's `content_hash` where that is made elsewhere meanwhile; `known` is what the guards know
    beside the plan.
    """
    weighed = weigh(plan, known.habits, known.sources, known.expectations)
    notes = (*plan.notes, *weighed.notes, *notes_on_changes(plan))
    plan = replace(plan, expected=weighed.expected, notes=notes, figures=weighed.figures)
    ours = one_a_code([*Guards(known).arfeed_review(plan), *known.stated, *weighed.objections])
    objections, seconds = [*ours], dict(plan.seconds)
    for answer in call_each(plugins, "arfeed_review", plan=plan):
        objections += _objections(answer)
        seconds[f"reviewer {answer.plugin}"] = answer.seconds
    if not objections:
        return replace(plan, seconds=seconds)
    approvable = not any(objection.code in NOT_APPROVABLE for objection in objections)
    first = (content or partial(content_hash, plan.report))() if plan.baseline is None else None
    figures = [*figures_of(plan, {objection.code for objection in objections})]
    bound = (plan.baseline, plan.destination, settings, plan.missing, objections, first, plan.report, figures)
    code = approval_code(*bound) if approvable else None
    return replace(plan, objections=tuple(objections), approval=code, seconds=seconds)


def _objections(answer: Answer) -> list[Objection]:
    """Return what a reviewer said; one that can't speak has not agreed, and the others are still heard."""
    try:
        return _checked(answer.value)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - a stranger's answer may be anything
        failed = f"the reviewer {answer.plugin} failed: {type(exc).__name__}: {exc}"
        return [Objection("review-failed", f"{failed}; mend it, or take it out of `plugins`")]


def _checked(answer: Any) -> list[Objection]:
    if isinstance(answer, (Exception, SystemExit)):
        raise answer
    objections = [] if answer is None else list(answer)
    for objection in objections:
        _check_objection(objection)
    return objections


def _check_objection(objection: object) -> None:
    if not isinstance(objection, Objection):
        raise TypeError(f"it returned {objection!r}, which is no arfeed.Objection")
    for name in ("code", "message"):
        text = getattr(objection, name)
        if not isinstance(text, str) or not text.strip():
            raise TypeError(f"it returned {objection!r}, whose {name} is no text that anybody could read")
    if not all(isinstance(ref, str) for ref in objection.refs):
        raise TypeError(f"it returned {objection!r}, whose refs are no texts")
    if objection.code in OUR_CODES:
        raise ValueError(f"it objects as {objection.code!r}, a code of arfeed's own; give it another")

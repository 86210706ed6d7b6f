"""Ask every reviewer, the built-in guards first, and bind the approval to their objections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pluggy

from arfeed.model.results import Objection, Plan
from arfeed.planning.approval import NOT_APPROVABLE, OUR_CODES, Shown, make_approval_code
from arfeed.planning.changes.rules import note_changes
from arfeed.planning.evidence.ledgers import find_accounted_for, list_figures, sum_outflow
from arfeed.planning.fingerprints import hash_facts
from arfeed.planning.guards.builtin import find_objections
from arfeed.planning.guards.known import Known
from arfeed.planning.guards.weighing import merge_by_code, weigh
from arfeed.plugins.loading import Answer, call_each


def review_plan(
    plan: Plan,
    plugins: pluggy.PluginManager,
    settings: str,
    content: Callable[[], str] | None = None,
    known: Known | None = None,
) -> Plan:
    """Return the plan with all objections and, if they may be approved, the code; `settings` is the settings' hash.

    `content` returns the report's `hash_facts` if it is being computed in the background; `known` is what the guards
    know in addition to the plan.
    """
    known, left = known or Known(), sum_outflow(plan)
    weighed = weigh(known.habits, known.sources, known.expectations, find_accounted_for(plan.ledgers, left))
    notes = (*plan.notes, *weighed.notes, *note_changes(plan))
    # Before the reviewers are called: they are handed the plan with the figures that the built-in guards saw.
    plan = replace(plan, expected=weighed.expected, notes=notes, figures=weighed.figures)
    ours = merge_by_code([*find_objections(plan, known, left), *known.stated, *weighed.objections])
    objections, seconds = [*ours], dict(plan.seconds)
    for answer in call_each(plugins, "arfeed_review", plan=plan):
        objections += _collect_objections(answer)
        seconds[f"reviewer {answer.plugin}"] = answer.seconds
    if not objections:
        return replace(plan, seconds=seconds)
    # One objection that can't be approved withholds the code, or a code for the others would carry it along.
    approvable = not any(objection.code in NOT_APPROVABLE for objection in objections)
    first = (content or partial(hash_facts, plan.report))() if plan.baseline is None else None
    # Only for codes that were raised: figures of a ledger that nobody was asked about must not void an approval.
    figures = [*list_figures(plan, {objection.code for objection in objections}, left)]
    shown = Shown(plan.baseline, plan.destination, settings, plan.missing, objections, first, plan.report, figures)
    code = make_approval_code(shown) if approvable else None
    return replace(plan, objections=tuple(objections), approval=code, seconds=seconds)


def _collect_objections(answer: Answer) -> list[Objection]:
    """Return what a reviewer objects to; one that fails has not agreed, and the others are asked nevertheless."""
    try:
        return _check_answer(answer.value)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - third-party code may return anything
        failed = f"the reviewer {answer.plugin} failed: {type(exc).__name__}: {exc}"
        return [Objection("review-failed", f"{failed}; fix it, or take it out of `plugins`")]


def _check_answer(answer: Any) -> list[Objection]:
    if isinstance(answer, (Exception, SystemExit)):
        raise answer
    # Listed inside the guarded call: a reviewer may return a generator, which fails only now.
    objections = [] if answer is None else list(answer)
    for objection in objections:
        _check_objection(objection)
    return objections


def _check_objection(objection: object) -> None:
    if not isinstance(objection, Objection):
        raise TypeError(f"it returned {objection!r}, which is not an arfeed.Objection")
    for name in ("code", "message"):
        text = getattr(objection, name)
        if not isinstance(text, str) or not text.strip():
            raise TypeError(f"it returned {objection!r}, whose {name} must be a non-blank string")
    if not all(isinstance(ref, str) for ref in objection.refs):
        raise TypeError(f"it returned {objection!r}, whose refs are not strings")
    if objection.code in OUR_CODES:
        raise ValueError(f"it uses {objection.code!r}, a code reserved for arfeed; choose another")

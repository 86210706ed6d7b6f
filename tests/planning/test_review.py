"""Every reviewer is heard, and one that can't speak has not agreed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pluggy
import pytest

from arfeed import Objection, Plan, hookimpl
from arfeed.model.hooks import Hooks
from arfeed.planning.review import review_plan
from support.plans import invoices, planned

CALM = planned(invoices(2), invoices(2))
OURS = Objection("too-late", "the books are closed")


def reviewers(**functions: Callable[[Plan], Any]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager("arfeed")
    manager.add_hookspecs(Hooks)
    for name, function in functions.items():
        manager.register(plugin(name, function), name)
    return manager


def plugin(name: str, function: Callable[[Plan], Any]) -> ModuleType:
    def arfeed_review(plan: Plan) -> Any:
        return function(plan)

    module = ModuleType(name)
    module.arfeed_review = hookimpl(arfeed_review)  # type: ignore[attr-defined]
    return module


def failing(plan: Plan) -> Any:
    raise RuntimeError("no connection")


def failing_late(plan: Plan) -> Iterator[Objection]:
    yield OURS
    raise RuntimeError("no connection")


def codes(plan: Plan, **functions: Callable[[Plan], Any]) -> list[str]:
    return [objection.code for objection in review_plan(plan, reviewers(**functions), "s").objections]


@pytest.mark.parametrize("answer", [None, [], (), iter(())], ids=["None", "list", "tuple", "iterator"])
def test_a_reviewer_without_objections_says_nothing(answer: object) -> None:
    assert codes(CALM, calm=lambda plan: answer) == []


@pytest.mark.parametrize("answer", [[OURS], (OURS,), iter([OURS])], ids=["list", "tuple", "iterator"])
def test_an_objection_of_a_plugin_refuses_the_plan_and_can_be_approved(answer: object) -> None:
    plan = review_plan(CALM, reviewers(company=lambda plan: answer), "s")
    assert plan.objections == (OURS,)
    assert plan.approval is not None
    assert plan.approval.startswith("0-")


def test_the_guards_speak_first_and_then_every_plugin() -> None:
    first = planned(None, invoices())
    assert sorted(codes(first, one=lambda plan: [OURS], two=lambda plan: [Objection("b", "no")])) == [
        "b",
        "too-late",
        "unknown-baseline",
    ]
    assert codes(first, one=lambda plan: [OURS])[0] == "unknown-baseline"


@pytest.mark.parametrize("turned", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("fail", [failing, failing_late], ids=["at once", "while it speaks"])
def test_a_reviewer_that_raises_refuses_the_plan_and_the_others_are_heard(
    fail: Callable[[Plan], Any], turned: bool
) -> None:
    functions = {"broken": fail, "company": lambda plan: [OURS]}
    plan = review_plan(CALM, reviewers(**dict(reversed(functions.items())) if turned else functions), "s")
    assert sorted(plan.objections, key=lambda objection: objection.code) == [
        Objection(
            "review-failed",
            "the reviewer broken failed: RuntimeError: no connection; fix it, or take it out of `plugins`",
        ),
        OURS,
    ]
    assert plan.approval is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("stop", "TypeError: it returned 's', which is not an arfeed.Objection"),
        (["stop"], "TypeError: it returned 'stop', which is not an arfeed.Objection"),
        ([OURS, None], "TypeError: it returned None, which is not an arfeed.Objection"),
        ([Objection(None, "x")], "TypeError: it returned Objection(code=None"),  # type: ignore[arg-type]
        ([Objection(" ", "x")], "TypeError: it returned Objection(code=' ', message='x', refs=()), whose code must be"),
        ([Objection("x", "")], "TypeError: it returned Objection(code='x', message='', refs=()), whose message must"),
        ([Objection("x", 5)], "TypeError: it returned Objection(code='x', message=5, refs=()), whose message must"),  # type: ignore[arg-type]
        ([Objection("x", "y", (1,))], "TypeError: it returned Objection(code='x', message='y', refs=(1,)), whose refs"),  # type: ignore[arg-type]
        ([Objection("missing-share", "mine")], "ValueError: it uses 'missing-share', a code reserved for arfeed"),
        (False, "TypeError: 'bool' object is not iterable"),
        (0, "TypeError: 'int' object is not iterable"),
        (OURS, "TypeError: 'Objection' object is not iterable"),
        (ValueError("mine"), "ValueError: mine"),
    ],
    ids=["text", "list of texts", "None among them", "no code", "blank code", "blank message", "number for a message",
         "number for a ref", "a code of ours", "False", "zero", "one alone", "an error"],
)  # fmt: skip
def test_an_answer_that_is_no_objections_refuses_the_plan(answer: object, why: str) -> None:
    (objection,) = review_plan(CALM, reviewers(company=lambda plan: answer), "s").objections
    assert objection.code == "review-failed"
    assert f"the reviewer company failed: {why}" in objection.message


def test_what_a_reviewer_does_to_its_frames_stays_with_it() -> None:
    plan = planned(invoices(3), invoices(1))

    def meddling(theirs: Plan) -> None:
        assert theirs.before is not None
        for frame in (theirs.report, theirs.missing, theirs.before, theirs.totals, theirs.documents.send):
            frame["mine"] = ""
            frame.loc[:, "mine"] = "again"

    final = review_plan(plan, reviewers(meddling=meddling), "s")
    assert final.before is not None
    assert (final.objections, len(final.report), len(final.missing), len(final.before)) == ((), 1, 2, 3)
    frames = (final.report, final.missing, final.before, final.totals, final.documents.send)
    assert not any("mine" in frame for frame in frames)


def test_a_reviewer_sees_a_first_plan_too() -> None:
    assert codes(planned(None, invoices(2)), one=lambda plan: [Objection(f"saw-{len(plan.report)}", "no")])[1:] == [
        "saw-2"
    ]

"""Every reviewer is heard, and one that can't speak has not agreed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pluggy
import pytest

from arfeed import Complete, Objection, Plan, hookimpl
from arfeed.model.hooks import Hooks
from arfeed.model.results import Expectation, Ledger, SourceRead
from arfeed.planning.compare import compare
from arfeed.planning.fingerprints import hash_facts
from arfeed.planning.guards.known import Known
from arfeed.planning.guards.weighing import split_by_source
from arfeed.planning.review import review_plan
from support.feeds.plans import NOON, invoices, planned, source

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


TEXT = "non-blank string"


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
        ([Objection(None, "x")], f"TypeError: it returned {Objection(None, 'x')}, whose code must be a {TEXT}"),  # type: ignore[arg-type]
        ([Objection(" ", "x")], f"TypeError: it returned {Objection(' ', 'x')}, whose code must be a {TEXT}"),
        ([Objection("x", "")], f"TypeError: it returned {Objection('x', '')}, whose message must be a {TEXT}"),
        ([Objection("x", 5)], f"TypeError: it returned {Objection('x', 5)}, whose message must be a {TEXT}"),  # type: ignore[arg-type]
        (
            [Objection("x", "y", (1,))],  # type: ignore[arg-type]
            f"TypeError: it returned {Objection('x', 'y', (1,))}, whose refs are not strings",  # type: ignore[arg-type]
        ),
        (
            [Objection("missing-share", "mine")],
            "ValueError: it uses 'missing-share', a code reserved for arfeed; choose another",
        ),
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
    assert objection.message == f"the reviewer company failed: {why}; fix it, or take it out of `plugins`"


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


def test_how_long_each_reviewer_took_is_kept_beside_what_was_measured_before() -> None:
    for plan in (CALM, planned(None, invoices())):
        timed = review_plan(replace(plan, seconds={"source erp": 3.0}), reviewers(one=lambda _: None), "s").seconds
        assert timed["source erp"] == 3.0
        assert 0 < timed["reviewer one"] < 60
        assert len(timed) == 2


WRITTEN_OFF = Expectation("e1", "write-off run", date(2026, 4, 30), None, None, "ada@desk", NOON)
EARLIER = SourceRead(datetime(2026, 4, 9, 12, tzinfo=UTC), None, None)


def weighed(*expectations: Expectation, received: str | None = None, **known: Any) -> tuple[Plan, Plan]:
    """A plan of forty invoices of which ten are gone that are not due for a year, as reviewers see it and reviewed."""
    before = invoices(40, due_on=date(2027, 4, 1))
    after = before.iloc[10:].reset_index(drop=True)
    amounts = Decimal(300), Decimal(300), Decimal(400), Decimal(400)
    booked = None if received is None else Decimal(received)
    ledgers = () if received is None else (Ledger("erp", "GBP", *amounts, received=booked),)
    sources = (source(absent_means_paid=True, before=EARLIER, complete=Complete()),)
    plan = planned(before, after, reasons="gone", sources=sources, ledgers=ledgers, notes=("read",))
    split = tuple(split_by_source(plan, compare(after, before).lost))
    seen: list[Plan] = []
    reviewed = review_plan(
        plan, reviewers(one=seen.append), "s", known=Known(sources=split, expectations=expectations, **known)
    )
    return seen[0], reviewed


def test_reviewers_see_the_figures_of_our_own_guards_and_the_answers_that_were_used() -> None:
    for plan in weighed():
        assert [(each.source, each.unproven) for each in plan.figures] == [("erp", 10)]
        assert (plan.expected, plan.notes) == ((), ("read",))
    assert "surprise" in {objection.code for objection in plan.objections}
    for plan in weighed(WRITTEN_OFF):
        assert (plan.expected, plan.objections) == ((WRITTEN_OFF,), ())
        assert plan.notes == (
            "read",
            "10 missing invoices were expected: “write-off run”, said by ada@desk on 2026-04-10; this delivery uses up "
            "that announcement",
        )


def test_what_was_received_since_then_settles_what_is_only_rare() -> None:
    assert weighed(received="100")[1].objections == ()
    codes = [objection.code for objection in weighed(received="99.99")[1].objections]
    assert codes[0] == "more-than-received"
    assert "surprise" in codes


def test_what_was_objected_to_while_reading_is_part_of_the_review_once_a_code() -> None:
    stated = Objection("unexplained", "listed twice", ("A7",)), Objection("contradiction", "in two states", ("A8",))
    plan = planned(invoices(2), invoices(1), reasons="gone", sources=())
    (first, second) = review_plan(plan, reviewers(), "s", known=Known(stated=stated)).objections
    assert (first.code, first.refs) == ("unexplained", ("A2", "A7"))
    assert first.message.endswith("if the source drops what is paid; listed twice")
    assert second == stated[1]


def test_an_approval_of_a_first_delivery_is_bound_to_the_hash_that_was_computed_meanwhile() -> None:
    plan = planned(None, invoices(3))
    code = review_plan(plan, reviewers(), "s").approval
    assert code == review_plan(plan, reviewers(), "s", lambda: hash_facts(plan.report)).approval
    assert code != review_plan(plan, reviewers(), "s", lambda: "other").approval


def test_an_approval_is_bound_to_the_figures_that_an_objection_shows() -> None:
    def code(as_of: date, max_age: str = "1 day") -> str | None:
        old = planned(invoices(), invoices(), sources=(source(max_age=max_age, as_of=as_of),))
        return review_plan(old, reviewers(), "s").approval

    assert code(date(2026, 4, 1)) == code(date(2026, 4, 1), "2 days") != code(date(2026, 4, 2))
    assert code(date(2026, 4, 10)) is None

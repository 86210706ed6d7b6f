"""The guards object to missing invoices: unexplained, still open, too many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arfeed import Complete, Plan
from support.feeds.plans import WORST, four, heard, invoices, others, planned, source


@pytest.mark.parametrize(
    ("known", "refused"),
    [
        ({"complete": Complete()}, True),
        ({"complete": Complete(rows=1)}, True),
        ({"complete": Complete(rows=0)}, True),
        ({"complete": Complete(totals={})}, True),
        ({"complete": Complete(rows=1, lists_closed=True)}, True),
        ({"complete": Complete(lists_closed=True)}, True),
        ({"complete": Complete(), "absent_means_paid": True}, False),
        ({"complete": Complete(rows=1, lists_closed=True), "absent_means_paid": True}, False),
        ({"name": "shop", "absent_means_paid": True}, True),
    ],
    ids=[
        "no control", "counted", "counted none", "summed", "counted, lists closed", "lists closed",
        "absent means paid", "lists closed, absent means paid", "absent means paid elsewhere",
    ],
)  # fmt: skip
def test_what_is_gone_is_unexplained_unless_absence_means_paid(known: dict[str, Any], refused: bool) -> None:
    plan = planned(invoices(2), invoices(1), reasons="gone", sources=(source(**known),))
    assert [*heard(plan)] == ["unexplained"] * refused


@pytest.mark.parametrize("reason", ["paid", "void", "draft", "settled"])
def test_only_what_is_gone_is_unexplained(reason: str) -> None:
    assert heard(planned(invoices(2), invoices(1), reasons=reason, sources=())) == {}


def test_what_goes_with_its_source_is_unexplained() -> None:
    assert [*heard(planned(invoices(2), invoices(1), reasons="source removed", sources=()))] == ["unexplained"]


def test_what_is_unexplained_is_counted_and_the_largest_are_named() -> None:
    before, after = four(source=["erp", "erp", "shop", ""]), others()
    objection = heard(planned(before, after, reasons="gone", sources=()))["unexplained"]
    assert objection.message == (
        f"4 invoices are no longer listed by an adopted report, erp, shop, which does not say what became of them: "
        f"{WORST}. Check that the export is complete; approve if they are settled. `arfeed check` names what would "
        "explain them: a list of what is closed, a control_account, or absent_means_paid = true if the source drops "
        "what is paid"
    )
    assert objection.refs == ("A1", "A2", "A3", "A4")


def test_only_the_sources_that_cannot_say_are_named() -> None:
    before = invoices(["A1", "A2"], source=["erp", "shop"])
    sources = (source("erp", absent_means_paid=True), source("shop"))
    objection = heard(planned(before, others(), reasons="gone", sources=sources))["unexplained"]
    assert objection.message.startswith(
        "1 invoice is no longer listed by shop, which does not say what became of it: A2 Ada 10.00 GBP. "
    )
    assert objection.refs == ("A2",)


READ_TO_ITS_END = "That the list was read to its end does not say why they are not on it."


@pytest.mark.parametrize(
    ("of", "said"),
    [("erp", True), ("er", False), ("shop", False)],
    ids=["its own list", "a source whose name is part of it", "another list"],
)
def test_that_a_list_was_counted_is_said_to_explain_nothing(of: str, said: bool) -> None:
    sources = (source(of, complete=Complete(rows=1)), source("unlike", complete=Complete()))
    objection = heard(planned(invoices(2), others(), reasons="gone", sources=sources))["unexplained"]
    assert (READ_TO_ITS_END in objection.message) is said


def test_a_source_that_lists_what_is_closed_is_told_to_list_it_for_longer() -> None:
    listing, silent = source("erp", complete=Complete(lists_closed=True)), source("shop", complete=Complete())
    before = invoices(["A1", "A2"], source=["erp", "shop"])
    longer = "explain them: a longer period in the export, so that what was closed is still listed, or a control_acc"
    declared = "absent_means_paid = true if the source drops"
    for missing, right, wrong in ((before[:1], longer, declared), (before, declared, longer)):
        message = heard(planned(missing, others(), reasons="gone", sources=(listing, silent)))["unexplained"].message
        assert right in message
        assert wrong not in message


def test_of_a_list_that_may_be_cut_nobody_is_told_to_declare_absence_as_payment() -> None:
    cut = source("erp", complete=Complete(capped=True), absent_means_paid=True)
    message = heard(planned(invoices(2), invoices(1), reasons="gone", sources=(cut,)))["unexplained"].message
    assert message.endswith("explain them: an export that is not cut, a list of what is closed, or a control_account")


def test_what_is_still_open_at_the_source_is_refused_at_any_share() -> None:
    before = invoices(1000)
    objection = heard(planned(before, before.iloc[1:], reasons="removed by exclude"))["still-open"]
    assert objection.message == (
        "1 invoice is still open at the source but removed by exclude: A1 Ada 10.00 GBP. Fix that step. Approve only "
        "if the receiver should take them as paid"
    )


def test_what_a_source_answers_to_be_still_open_is_refused_at_any_share() -> None:
    before = invoices(1000)
    objection = heard(planned(before, before.iloc[2:], reasons="still open"))["still-open"]
    assert objection.message == (
        "2 invoices are no longer listed as owed by erp, which answers that they are still open: A1 Ada 10.00 GBP; A2 "
        "Ada 10.00 GBP. Its list has lost them, or shows a balance of 0; fix the query or the export. Approve only if "
        "the receiver should take them as paid"
    )
    assert objection.refs == ("A1", "A2")


def test_invoices_removed_and_answered_for_are_told_apart() -> None:
    plan = planned(four(), others(), reasons=["removed by keep", "still open", "paid", "paid"])
    objection = heard(plan)["still-open"]
    assert (
        "removed by keep: A1 Ada 5.00 GBP. Fix that step; 1 invoice is no longer listed as owed by erp"
        in objection.message
    )
    assert objection.refs == ("A1", "A2")


def test_what_is_called_open_with_nothing_left_is_a_contradiction() -> None:
    before = invoices(1000)
    plan = planned(before, before.iloc[1:], reasons="open with a balance of 0")
    assert [*heard(plan)] == ["contradiction"]
    assert heard(plan)["contradiction"].refs == ("A1",)


def test_all_steps_that_removed_open_invoices_are_named() -> None:
    before, after = four(), others()
    reasons = ["removed by keep", "removed by exclude", "paid", "removed by keep"]
    objection = heard(planned(before, after, reasons=reasons))["still-open"]
    assert "3 invoices are still open at the source but removed by exclude, keep: A2 Bo" in objection.message
    assert objection.refs == ("A1", "A2", "A4")


@pytest.mark.parametrize(
    ("stating", "objected"), [((), True), (("erp",), False), (("shop",), True)], ids=["none", "its source", "another"]
)
def test_balances_that_all_became_zero_are_asked_about_where_no_status_confirms_it(
    stating: tuple[str, ...], objected: bool
) -> None:
    sources = tuple(source(name)._replace(states_status=name in stating) for name in ("erp", "shop"))
    objection = heard(planned(invoices(20), others(), reasons="settled", sources=sources)).get("contradiction")
    assert (objection is not None) == objected
    if objection:
        assert objection.message.startswith("20 of 20 invoices of erp are listed with a balance of 0 all at once: ")
        assert len(objection.refs) == 20


@pytest.mark.parametrize(
    ("zeros", "of", "asked"),
    [(6, 10, False), (7, 10, True), (5, 5, False), (6, 6, True)],
    ids=["at the share", "above the share", "at the floor", "above the floor"],
)
def test_a_share_of_a_sources_balances_may_become_zero(zeros: int, of: int, asked: bool) -> None:
    before = invoices(of + 9, source=["erp"] * of + ["shop"] * 9)
    plan = planned(before, before.iloc[zeros:].reset_index(drop=True), reasons="settled", sources=())
    assert [*heard(plan)] == ["contradiction"] * asked
    if asked:
        assert heard(plan)["contradiction"].message == (
            f"{zeros} of {of} invoices of erp are listed with a balance of 0 all at once: A1 Ada 10.00 GBP; A2 Ada "
            "10.00 GBP; A3 Ada 10.00 GBP; …. Look at the column of balances in the export; approve if all of them were "
            "settled"
        )
        assert heard(plan)["contradiction"].refs == tuple(f"A{n}" for n in range(1, zeros + 1))


def test_share_and_floor_of_balances_that_become_zero_are_settings() -> None:
    before = invoices(10)
    plan = planned(before, before.iloc[7:].reset_index(drop=True), reasons="settled", sources=())
    for name, value in (("missing_share", 0.7), ("missing_floor", 7)):
        wider = replace(plan, guards=plan.guards.model_copy(update={name: value}))
        assert heard(wider) == {}


def test_a_contradiction_is_named_with_its_sources() -> None:
    before = invoices(["A1", "A2", "A3"], source=["shop", "erp", "erp"])
    plan = planned(before, before.iloc[2:].reset_index(drop=True), reasons="open with a balance of 0")
    assert heard(plan)["contradiction"].message == (
        "2 invoices are called open by erp, shop, and listed there with a balance of 0: A1 Ada 10.00 GBP; A2 Ada 10.00 "
        "GBP. One of the two is wrong: look at the balances of the export; approve if they are settled"
    )


def emptied(missing: int, **known: Any) -> Plan:
    """A plan in which nothing is left of erp, which lists what is open, and all of another source."""
    before = invoices(missing + 2, source=[*["erp"] * missing, "till", "till"])
    sources = (source(**({"absent_means_paid": True} | known)), source("till"), source("shop", absent_means_paid=True))
    return planned(before, before.iloc[missing:].reset_index(drop=True), reasons="gone", sources=sources)


@pytest.mark.parametrize(("missing", "they"), [(1, "1 invoice stood"), (4, "4 invoices stood")])
def test_a_source_that_lists_nothing_any_more_is_asked_about(missing: int, they: str) -> None:
    objection = heard(emptied(missing))["empty-report"]
    worst = "; ".join(f"A{n} Ada 10.00 GBP" for n in range(1, min(missing, 3) + 1)) + "; …" * (missing > 3)
    assert objection.message == (
        f"nothing is open any more in erp, where {they} in the last report and nothing proves that "
        f"{'it is' if missing == 1 else 'they are'} paid: {worst}. Look at the source; approve if really nothing is "
        "open there"
    )
    assert objection.refs == tuple(f"A{n}" for n in range(1, missing + 1))


def test_a_source_that_failed_or_whose_rows_are_unexplained_is_not_called_empty() -> None:
    assert "empty-report" not in heard(emptied(2, failed="no"))
    assert [*heard(emptied(2, absent_means_paid=False))] == ["unexplained"]


def test_all_sources_that_list_nothing_any_more_are_named() -> None:
    before = invoices(["A1", "A2", "A3"], source=["shop", "erp", "till"])
    sources = tuple(source(name, absent_means_paid=True) for name in ("erp", "shop", "till"))
    plan = planned(before, before.iloc[2:].reset_index(drop=True), reasons="gone", sources=sources)
    assert heard(plan)["empty-report"].message.startswith(
        "nothing is open any more in erp, shop, where 2 invoices stood in the last report and nothing proves that they "
        "are paid: A1 Ada 10.00 GBP; A2 Ada 10.00 GBP. Look"
    )


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (
            {"complete": Complete(rows=1, lists_closed=True)},
            f". {READ_TO_ITS_END} Check that the export is complete; approve if they are settled. `arfeed check` names "
            "what would explain them: a longer period in the export, so that what was closed is still listed, or a "
            "control_account",
        ),
        (
            {"complete": Complete(capped=True)},
            ". Check that the export is complete; approve if they are settled. `arfeed check` names what would explain "
            "them: an export that is not cut, a list of what is closed, or a control_account",
        ),
    ],
    ids=["counted, lists closed", "cut"],
)
def test_what_would_explain_them_is_named(known: dict[str, Any], said: str) -> None:
    before = invoices(["A1", "A2"], source=["erp", "shop"])
    sources = (source(**known), source("shop", absent_means_paid=True, complete=Complete(rows=1)))
    message = heard(planned(before, others(), reasons="gone", sources=sources))["unexplained"].message
    assert message == (
        f"1 invoice is no longer listed by erp, which does not say what became of it: A1 Ada 10.00 GBP{said}"
    )


def test_what_was_removed_and_what_is_answered_to_be_open_are_told_in_full() -> None:
    plan = planned(four(), others(), reasons=["removed by keep", "still open", "paid", "removed by exclude"])
    assert heard(plan)["still-open"].message == (
        "2 invoices are still open at the source but removed by exclude, keep: A1 Ada 5.00 GBP; A4 Di 60.000 KWD. Fix "
        "that step; 1 invoice is no longer listed as owed by erp, which answers that it is still open: A2 Bo −700.00 "
        "EUR. Its list has lost it, or shows a balance of 0; fix the query or the export. Approve only if the receiver "
        "should take them as paid"
    )
    assert heard(plan)["still-open"].refs == ("A1", "A4", "A2")

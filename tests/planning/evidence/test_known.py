"""What people approved without proof adds up: there is a budget for it, in count and money, over 30 days."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from arfeed import Objection, Plan
from arfeed.planning.guards.budget import Unproven, sum_closings
from arfeed.planning.guards.builtin import find_objections
from arfeed.planning.guards.known import Known
from support.feeds.plans import invoices, planned, source


def approved(count: int = 5, balance: str = "50", currency: str = "GBP", of: str = "erp") -> Unproven:
    return Unproven(of, currency, count, Decimal(balance))


def lost(missing: int = 6, **known: Any) -> Plan:
    """A plan of a hundred invoices of 10 GBP of which so many are gone without a word."""
    rows = invoices(100)
    plain: dict[str, Any] = {"reasons": "gone", "sources": (source(),)} | known
    return planned(rows, rows.iloc[missing:].reset_index(drop=True), **plain)


def budget(plan: Plan, *closed: Unproven) -> Objection | None:
    said = {each.code: each for each in find_objections(plan, Known(approved=closed), {})}
    return said.get("budget")


@pytest.mark.parametrize(
    ("now", "earlier", "refused"),
    [(5, approved(5), False), (6, approved(5), True), (5, approved(6, "50"), True), (5, approved(5, "50.01"), True)],
    ids=["at the share", "one more now", "one more before", "a penny more before"],
)
def test_what_was_approved_counts_with_what_is_to_be_approved(now: int, earlier: Unproven, refused: bool) -> None:
    assert (budget(lost(now), earlier) is not None) is refused


def test_the_share_and_the_sum_are_said() -> None:
    objection = budget(lost(6), approved(5, "450.5"))
    assert objection
    assert objection.message == (
        "with this plan, more than 10% of what is owed would have been marked as paid without proof within 30 days: 11 "
        "invoices totalling 510.50 GBP. Find out why the source cannot say what became of them before approving more"
    )
    assert objection.refs == ("A1", "A2", "A3", "A4", "A5", "A6")


def test_a_single_approval_is_weighed_by_itself_alone() -> None:
    assert budget(lost(40)) is None


def test_what_is_explained_now_uses_up_nothing() -> None:
    for known in ({"reasons": "paid"}, {"sources": (source(absent_means_paid=True),)}):
        assert budget(lost(6, **known), approved(50, "900")) is None


def test_few_invoices_are_nobodys_budget() -> None:
    rows = invoices(6)
    plan = planned(rows, rows.iloc[1:].reset_index(drop=True), reasons="gone", sources=(source(),))
    assert budget(plan, approved(4, "40")) is None
    assert budget(plan, approved(5, "50")) is not None


def test_currencies_are_weighed_apart_and_sources_together() -> None:
    assert budget(lost(5), approved(90, "900", "EUR")) is not None  # of which nothing is owed any more
    assert budget(lost(5), approved(5, "900", "EUR")) is None
    assert budget(lost(6), approved(3, "30"), approved(2, "20", of="shop")) is not None


def test_the_share_is_a_setting() -> None:
    plan = lost(6)
    wider = replace(plan, guards=plan.guards.model_copy(update={"unproven_share": 0.11}))
    assert budget(plan, approved()) is not None
    assert budget(wider, approved()) is None


def test_nothing_is_weighed_before_a_first_delivery() -> None:
    assert budget(planned(None, invoices(3)), approved(50, "500")) is None


def test_credits_count_with_their_absolute_amount() -> None:
    rows = invoices(3, balance=["10", "-4", "1"], currency=["GBP", "GBP", "EUR"], source=["erp", "erp", "shop"])
    missing = rows.assign(evidence=pd.Series(["proven", "proven", "unexplained"], dtype="str"))
    assert sorted(sum_closings(missing)) == [
        ("erp", "GBP", "proven", 2, Decimal(14)), ("shop", "EUR", "unexplained", 1, Decimal(1)),
    ]  # fmt: skip

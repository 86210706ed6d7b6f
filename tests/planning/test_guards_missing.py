"""The guards object to missing invoices: unexplained, still open, too many."""

from __future__ import annotations

from typing import Any

import pytest

from arfeed import Complete
from planning.plans import WORST, four, heard, invoices, others, planned, source


@pytest.mark.parametrize(
    ("known", "refused"),
    [
        ({"complete": Complete()}, True),
        ({"complete": Complete(rows=1)}, False),
        ({"complete": Complete(rows=0)}, False),
        ({"complete": Complete(totals={})}, False),
        ({"complete": Complete(rows=1, lists_closed=True)}, True),
        ({"complete": Complete(lists_closed=True)}, True),
        ({"complete": Complete(), "absent_means_paid": True}, False),
        ({"complete": Complete(rows=1, lists_closed=True), "absent_means_paid": True}, False),
        ({"name": "shop"}, True),
    ],
    ids=[
        "no control", "counted", "counted none", "summed", "counted, lists closed", "lists closed",
        "absent means paid", "lists closed, absent means paid", "another source is controlled",
    ],
)  # fmt: skip
def test_what_is_gone_is_unexplained_unless_its_source_is_sure(known: dict[str, Any], refused: bool) -> None:
    plan = planned(invoices(2), invoices(1), reasons="gone", sources=(source(**known),))
    assert [*heard(plan)] == ["unexplained"] * refused


@pytest.mark.parametrize("reason", ["paid", "void", "draft", "settled", "source removed"])
def test_only_what_is_gone_is_unexplained(reason: str) -> None:
    assert heard(planned(invoices(2), invoices(1), reasons=reason, sources=())) == {}


def test_what_is_unexplained_is_counted_and_the_largest_are_named() -> None:
    before, after = four(source=["erp", "erp", "shop", ""]), others()
    objection = heard(planned(before, after, reasons="gone", sources=()))["unexplained"]
    assert objection.message == (
        f"4 invoices are no longer listed by an adopted report, erp, shop, which can't say why: {WORST}. Look whether "
        "the export is complete; approve if they are settled. If a source drops what is paid, say "
        "absent_means_paid = true there"
    )
    assert objection.refs == ("A1", "A2", "A3", "A4")


def test_only_the_sources_that_cannot_say_are_named() -> None:
    before = invoices(["A1", "A2"], source=["erp", "shop"])
    sources = (source("erp"), source("shop", complete=Complete()))
    objection = heard(planned(before, others(), reasons="gone", sources=sources))["unexplained"]
    assert objection.message.startswith(
        "1 invoice is no longer listed by shop, which can't say why: A2 Ada 10.00 GBP. "
    )
    assert objection.refs == ("A2",)


def test_what_is_still_open_at_the_source_is_refused_at_any_share() -> None:
    before = invoices(1000)
    objection = heard(planned(before, before.iloc[1:], reasons="removed by exclude"))["still-open"]
    assert objection.message == (
        "1 invoice is still open at the source but removed by exclude: A1 Ada 10.00 GBP. Mend that step; approve if "
        "the receiver should take them as paid"
    )


def test_all_steps_that_removed_open_invoices_are_named() -> None:
    before, after = four(), others()
    reasons = ["removed by keep", "removed by exclude", "paid", "removed by keep"]
    objection = heard(planned(before, after, reasons=reasons))["still-open"]
    assert "3 invoices are still open at the source but removed by exclude, keep: A2 Bo" in objection.message
    assert objection.refs == ("A1", "A2", "A4")

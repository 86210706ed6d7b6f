"""The guards object to a baseline or a report that can't be what it seems: unknown, foreign, empty."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from arfeed import Complete
from support.feeds.plans import heard, invoices, lacking, planned, read_before, renumbered, source


def test_an_everyday_plan_has_no_objections() -> None:
    before = invoices(10)
    assert heard(planned(before, invoices(10, balance=["1", *["10"] * 9]))) == {}
    assert heard(planned(before, before.iloc[1:])) == {}


def test_a_first_delivery_is_an_unknown_baseline() -> None:
    objection = heard(planned(None, invoices(3)))["unknown-baseline"]
    assert objection.message == (
        "this history knows no delivery to sftp://acme@example.com:22/, so nothing can be compared with the 3 invoices "
        "read. If this is the first delivery, approve it. If not, the history is lost or the wrong one: restore it, "
        "name the right one in [feed], or take the last report as baseline with `arfeed adopt`"
    )
    assert objection.refs == ()


def test_a_first_delivery_has_no_other_objection() -> None:
    assert [*heard(planned(None, invoices(20)))] == ["unknown-baseline"]


def test_an_empty_baseline_is_a_known_one() -> None:
    assert heard(planned(invoices(0), invoices(3))) == {}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("a.csv",), "holds 1 report that this history did not send: a.csv. Somebody"),
        (("a.csv", "b.csv", "c.csv"), "holds 3 reports that this history did not send: a.csv, b.csv, c.csv. Somebody"),
        (tuple("abcde"), "holds 5 reports that this history did not send: a, b, c and 2 more. Somebody"),
    ],
    ids=["one", "three", "five"],
)
def test_reports_of_others_are_named(names: tuple[str, ...], said: str) -> None:
    objection = heard(planned(invoices(), invoices(), foreign=names))["foreign-report"]
    assert said in objection.message
    assert objection.message.startswith("the destination ")
    assert objection.message.endswith(
        "Somebody else delivers there, or this is the wrong history. Look into it; then "
        f"`arfeed adopt {names[-1]}` takes {'it' if len(names) == 1 else 'the last of them'} as baseline"
    )
    assert objection.refs == names


def test_a_report_that_lists_nothing_is_refused() -> None:
    assert heard(planned(invoices(2), invoices(0)))["empty-report"].message == (
        "the report lists nothing: the receiver would mark every invoice as paid, 2 of the last report. Look at the "
        "sources; approve if really nothing is open"
    )
    assert "empty-report" in heard(planned(invoices(0), invoices(0)))
    assert "empty-report" in heard(planned(None, invoices(0)))


def test_objections_come_in_the_order_of_their_table() -> None:
    before, after = invoices(20), renumbered(source="erp")
    plan = planned(
        before,
        after,
        reasons=["gone", *["removed by exclude"] * 19],
        foreign=("a.csv",),
        sources=(
            source(complete=Complete(), max_age="1 day", as_of=date(2026, 4, 9), before=read_before(date(2026, 4, 10))),
        ),
        settings_changed=True,
        documents_required=True,
        documents=lacking(without=("A1",)),
        at=datetime(2026, 4, 11, tzinfo=UTC),
    )
    assert [*heard(plan)] == [
        "foreign-report", "unexplained", "still-open", "renamed", "config-changed", "stale-source",
        "as-of-backwards", "documents",
    ]  # fmt: skip

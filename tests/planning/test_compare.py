"""A report is held against the baseline by reference, and every column that the receiver sees counts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed.model import arrow, schema
from arfeed.model.arrow import sum_balances
from arfeed.planning.compare import COMPARED
from support.feeds.plans import compared, invoices

OTHER = {
    "kind": "credit_note",
    "customer_id": "C-2",
    "customer_name": "Bo",
    "customer_email": "bo@example.com",
    "currency": "EUR",
    "issued_on": date(2026, 4, 2),
    "due_on": date(2026, 5, 2),
    "amount": "10.0001",
    "balance": "10.0001",
    "po_number": "PO-2",
    "memo": "other",
}


def changes(report: pd.DataFrame, baseline: pd.DataFrame) -> list[str]:
    return compared(report, baseline).report["change"].tolist()


def test_every_reference_is_new_changed_unchanged_or_missing() -> None:
    baseline = invoices(["kept", "moved", "lost"])
    comparison = compared(invoices(["kept", "moved", "fresh"], balance=["10", "5", "10"]), baseline)
    assert comparison.report["change"].tolist() == ["unchanged", "changed", "new"]
    assert comparison.missing["invoice_ref"].tolist() == ["lost"]
    assert comparison.counts == (1, 1, 1, 1)
    assert comparison.report["change"].dtype == "str"


def test_missing_rows_are_the_baseline_s_own_in_its_order() -> None:
    baseline = invoices(["c", "a", "b"], balance=["3", "1", "2"])
    missing = compared(invoices(["a"]), baseline).missing
    pd.testing.assert_frame_equal(missing, baseline.iloc[[0, 2]].reset_index(drop=True))


def test_nothing_is_known_of_an_empty_baseline() -> None:
    comparison = compared(invoices(2), invoices(0))
    assert (comparison.report["change"].tolist(), comparison.counts) == (["new", "new"], (2, 0, 0, 0))


def test_everything_is_missing_from_an_empty_report() -> None:
    assert compared(invoices(0), invoices(3)).counts == (0, 0, 0, 3)


@pytest.mark.parametrize(
    ("now", "before"),
    [("inv-1", "INV-1"), ("é", "e\u0301"), ("STRASSE", "straße"), ("Ǆ", "ǆ"), ("ά", "Ά")],
    ids=["ASCII case", "composed or not", "sharp s", "digraph", "accented Greek"],
)
def test_a_reference_that_is_spelled_otherwise_is_missing_and_new(now: str, before: str) -> None:
    comparison = compared(invoices([now]), invoices([before]))
    assert (comparison.counts, comparison.missing["invoice_ref"].tolist()) == ((1, 0, 0, 1), [before])


@pytest.mark.parametrize("near", ["INV-01", " INV-1", "INV1", "INV-1.", "ÍNV-1"])
def test_references_that_only_look_alike_are_two(near: str) -> None:
    assert compared(invoices([near]), invoices(["INV-1"])).counts == (1, 0, 0, 1)


def test_every_compared_column_has_a_case_here() -> None:
    assert [*OTHER] == [*COMPARED]
    unseen = {"invoice_ref", "status", "document", "source", "source_ref", "origin"}
    assert {*COMPARED} == {*schema.NAMES} - unseen


@pytest.mark.parametrize("column", COMPARED)
def test_another_value_is_a_change(column: str) -> None:
    assert changes(
        invoices(2, **{column: [_usual(column), OTHER[column]]}), invoices(2, **{column: _usual(column)})
    ) == [
        "unchanged",
        "changed",
    ]


def _usual(column: str) -> object:
    value = invoices()[column].iloc[0]
    return str(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("column", [*schema.DATES, *schema.MONEY])
def test_a_value_that_appears_or_goes_is_a_change_and_two_blanks_are_none(column: str) -> None:
    some = _usual(column)
    now, before = invoices(3, **{column: [some, None, None]}), invoices(3, **{column: [None, some, None]})
    assert changes(now, before) == ["changed", "changed", "unchanged"]


@pytest.mark.parametrize("column", ["source", "source_ref", "origin", "document", "status"])
def test_what_the_receiver_does_not_see_is_no_change(column: str) -> None:
    assert changes(invoices(), invoices(**{column: "other"})) == ["unchanged"]


def test_rows_of_any_index_are_compared_in_their_order() -> None:
    report = invoices(["b", "a"], balance=["2", "1"]).set_axis([7, 3])
    comparison = compared(report, invoices(["a", "b"], balance=["1", "3"]).set_axis([5, 5]))
    assert comparison.report["change"].to_dict() == {7: "changed", 3: "unchanged"}


def test_columns_without_any_value_are_compared() -> None:
    blank = invoices(2, amount=None, due_on=None)
    assert changes(blank, blank.astype(object)) == ["unchanged"] * 2
    assert changes(invoices(2), blank.astype(object)) == ["changed"] * 2


def test_columns_in_several_pieces_are_compared_as_one() -> None:
    rows = invoices(4)
    pieces = pa.concat_tables([pa.Table.from_pandas(rows.iloc[:1]), pa.Table.from_pandas(rows.iloc[1:])])
    assert changes(arrow.to_frame(pieces), rows) == ["unchanged"] * 4


rows = st.tuples(
    st.text(alphabet="aAéÉ\u0301eEßsSıIİ1", min_size=1, max_size=3),
    st.sampled_from(["Ada", "Bo"]),
    st.sampled_from([None, "1", "1.0001"]),
    st.sampled_from([None, date(2026, 5, 1), date(2026, 5, 2)]),
)
reports = st.lists(rows, max_size=8, unique_by=lambda row: row[0])


def frame(report: list[tuple[str, str, str | None, date | None]]) -> pd.DataFrame:
    refs, names, amounts, dues = ([row[number] for row in report] for number in range(4))
    return invoices(refs, customer_id="C", customer_name=names, amount=amounts, due_on=dues)  # type: ignore[arg-type]


@settings(deadline=None)
@given(reports, reports)
def test_comparing_agrees_with_a_plain_dictionary(
    now: list[tuple[str, str, str | None, date | None]], before: list[tuple[str, str, str | None, date | None]]
) -> None:
    known, there = {row[0]: row[1:] for row in before}, {row[0] for row in now}
    verdicts = {True: "unchanged", False: "changed"}
    expected = [verdicts[known[row[0]] == row[1:]] if row[0] in known else "new" for row in now]
    comparison = compared(frame(now), frame(before))
    assert comparison.report["change"].tolist() == expected
    assert comparison.missing["invoice_ref"].tolist() == [row[0] for row in before if row[0] not in there]
    assert [*comparison.counts][:3] == [expected.count(name) for name in ("new", "changed", "unchanged")]
    assert comparison.counts.missing == len(comparison.missing)


def test_totals_are_counted_and_summed_by_source_and_currency() -> None:
    report = invoices(
        5,
        source=["shop", "erp", "erp", "erp", "erp"],
        currency=["GBP", "GBP", "EUR", "GBP", "GBP"],
        balance=["0.0001", "10", "7", "-2.5", "99999999999999.9999"],
    )
    assert sum_balances(report).astype("str").to_numpy().tolist() == [
        ["erp", "EUR", "1", "7.0000"],
        ["erp", "GBP", "3", "100000000000007.4999"],
        ["shop", "GBP", "1", "0.0001"],
    ]
    assert [*sum_balances(report)] == ["source", "currency", "count", "balance"]


def test_an_empty_report_has_no_totals() -> None:
    assert sum_balances(invoices(0)).empty


def test_sums_may_be_larger_than_an_amount_can_be() -> None:
    assert sum_balances(invoices(2, balance="9999999999999999"))["balance"].tolist() == [Decimal("19999999999999998")]

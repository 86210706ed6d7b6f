"""What is kept of every row beside what the receiver sees: its file, its place, and the run it first came with."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from arfeed.planning.compare import compare
from arfeed.planning.traces import add_traces, trace_rows
from support.feeds.plans import invoices


def listed(refs: list[str], file: str = "a.csv", **columns: Any) -> pd.DataFrame:
    """Rows as a source lists them, with the file and record that they were read from."""
    rows = invoices(refs, **columns)
    origins = [f"{file}#{number}" if file else "" for number in range(1, len(refs) + 1)]
    return rows.assign(origin=pd.Series(origins, dtype="str"))


def trace(invoices: pd.DataFrame, rows: pd.DataFrame) -> list[tuple[str, Any]]:
    found = trace_rows(invoices, rows)
    places = [None if pd.isna(place) else int(place) for place in found["arfeed_place"]]
    return [*zip(found["arfeed_file"].tolist(), places, strict=True)]


def deliver(run: str, before: pd.DataFrame | None, *refs: str, rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what the history keeps of a delivery of these invoices."""
    rows = listed([*refs]) if rows is None else rows
    comparison = compare(rows.drop(columns="origin"), rows.iloc[:0] if before is None else before)
    found = trace_rows(rows, rows)
    report = comparison.report.assign(**{str(name): found[name] for name in found.columns})
    return add_traces(report, comparison.report.iloc[:0] if before is None else before, comparison.places, run)


def first_in(report: pd.DataFrame) -> dict[str, str]:
    return dict(zip(report["invoice_ref"], report["arfeed_first_in"], strict=True))


def test_a_row_has_its_file_and_its_place_among_all_rows_of_its_source() -> None:
    rows = listed(["A1", "A2", "A3"], status=["open", "paid", "open"])
    assert trace(rows.iloc[[2, 0]], rows) == [("a.csv", 2), ("a.csv", 0)]


def test_rows_that_are_all_open_are_each_at_their_own_place_and_others_where_they_are_found() -> None:
    rows = listed(["A1", "A2", "A3", "A4"])
    assert trace(rows, rows) == [("a.csv", place) for place in range(4)]
    for places in ([1, 2, 3], [3, 2, 1, 0], [0, 2, 1, 3]):
        assert trace(rows.iloc[places].reset_index(drop=True), rows) == [("a.csv", place) for place in places]


def test_a_renamed_invoice_is_found_where_its_source_wrote_it() -> None:
    rows = listed(["A1", "A2"])
    renamed = rows.assign(invoice_ref=pd.Series(["A2", "A1"], dtype="str"))
    assert trace(renamed, rows) == [("a.csv", 0), ("a.csv", 1)]


def test_every_source_counts_its_own_places() -> None:
    rows = pd.concat([listed(["A1", "A2"]), listed(["A2", "A3"], "b.csv", source="shop")], ignore_index=True)
    assert trace(rows, rows) == [("a.csv", 0), ("a.csv", 1), ("b.csv", 0), ("b.csv", 1)]
    assert trace(rows.iloc[2:], rows) == [("b.csv", 0), ("b.csv", 1)]


def test_several_files_of_one_source_are_told_apart_and_counted_through() -> None:
    rows = pd.concat([listed(["A1"], "a#1.csv"), listed(["A2", "A3"], "b.csv")], ignore_index=True)
    assert trace(rows, rows) == [("a#1.csv", 0), ("b.csv", 1), ("b.csv", 2)]


def test_what_comes_from_no_file_has_a_place_all_the_same() -> None:
    rows = listed(["A1", "A2"], "")
    assert trace(rows, rows) == [("", 0), ("", 1)]


@pytest.mark.parametrize("source", ["erp", "shop"])
def test_a_carried_row_has_neither_file_nor_place_of_its_own(source: str) -> None:
    carried = invoices(["A9", "A1"], source=source).assign(origin="carried forward from 2026-04-04 12:15 UTC")
    rows = listed(["A1"])
    if source == "shop":  # its A1 is another invoice
        assert trace(pd.concat([rows, carried], ignore_index=True), rows) == [("a.csv", 0), ("", None), ("", None)]
    else:
        assert trace(carried.iloc[:1], rows) == [("", None)]


def test_nothing_listed_is_traced_to_nothing() -> None:
    assert trace_rows(invoices(2).assign(origin="x"), listed([])).columns.tolist() == []


def test_the_run_that_delivered_a_row_first_stays_known() -> None:
    one = deliver("run-1", None, "A1", "A2")
    two = deliver("run-2", one, "A2", "A3")
    three = deliver("run-3", two, "A3", "A2", "A4")
    assert first_in(two) == {"A2": "run-1", "A3": "run-2"}
    assert first_in(three) == {"A3": "run-2", "A2": "run-1", "A4": "run-3"}


def test_a_row_that_was_away_is_new_again() -> None:
    away = deliver("run-2", deliver("run-1", None, "A1", "A2"), "A2")
    assert first_in(deliver("run-3", away, "A1", "A2")) == {"A1": "run-3", "A2": "run-1"}


def test_file_and_place_are_those_of_the_last_reading() -> None:
    one = deliver("run-1", None, "A1", "A2")
    two = deliver("run-2", one, rows=listed(["A2", "A1"], "b.csv"))
    assert two[["arfeed_file", "arfeed_place"]].to_numpy().tolist() == [["b.csv", 0], ["b.csv", 1]]


def test_what_was_known_of_carried_and_resent_rows_stays_known() -> None:
    one = deliver("run-1", None, "A1", "A2")
    carried = invoices(["A2", "A9"]).assign(origin="carried forward")
    two = deliver("run-2", one, rows=carried)  # it was read, but from no file that is known
    comparison = compare(carried.drop(columns="origin"), one)
    resent = add_traces(comparison.report, one, comparison.places, "run-3")
    assert resent["arfeed_file"].fillna("").tolist() == ["a.csv", ""]
    assert resent["arfeed_place"].isna().tolist() == [False, True]
    assert first_in(resent) == {"A2": "run-1", "A9": "run-3"}
    assert first_in(two) == {"A2": "run-1", "A9": "run-2"}


def test_a_row_from_before_this_was_kept_is_not_taken_for_a_new_one() -> None:
    nine = deliver("run-9", invoices(["A1"]), "A1", "A2")
    assert first_in(nine) == {"A1": "", "A2": "run-9"}
    assert first_in(deliver("run-10", nine, "A1", "A2", "A3")) == {"A1": "", "A2": "run-9", "A3": "run-10"}


# --- what the sources themselves said ---------------------------------------------------------------------------------


def keep(rows: pd.DataFrame, before: pd.DataFrame, run: str = "run-2") -> pd.DataFrame:
    comparison = compare(rows, before)
    return add_traces(comparison.report, before, comparison.places, run)


def told(*texts: str | None) -> pd.Series[str]:
    return pd.Series(texts, dtype="str")


def places(*numbers: int | None) -> pd.Series[int]:
    return pd.Series(numbers, dtype="int64[pyarrow]")


FIRST = keep(
    invoices(2).assign(arfeed_place=places(0, 1), arfeed_source_currency=told("USD", "EUR")), invoices(0), "run-1"
)


def test_what_a_source_said_before_a_transform_is_kept_with_the_row() -> None:
    assert FIRST["arfeed_source_currency"].tolist() == ["USD", "EUR"]
    again = keep(invoices(2).assign(arfeed_place=places(0, 1), arfeed_source_currency=told("CHF", "JPY")), FIRST)
    assert again["arfeed_source_currency"].tolist() == ["CHF", "JPY"]


def test_a_row_that_no_transform_changes_any_more_was_said_as_it_is() -> None:
    assert keep(invoices(2).assign(arfeed_place=places(0, 1)), FIRST)["arfeed_source_currency"].tolist() == ["GBP"] * 2


def test_a_row_that_is_carried_forward_was_said_as_it_was_at_the_time() -> None:
    carried = keep(invoices(3).assign(arfeed_place=places(0, None, None)), FIRST)
    assert carried["arfeed_source_currency"].tolist() == ["GBP", "EUR", "GBP"]
    resent = keep(invoices(["A2", "A1"]), FIRST)
    assert resent["arfeed_source_currency"].tolist() == ["EUR", "USD"]
    assert resent["arfeed_source_currency"].dtype == FIRST["currency"].dtype


def test_a_file_that_is_not_known_now_is_the_one_that_was_known() -> None:
    one = deliver("run-1", None, "A1", "A2")
    carried = invoices(["A2", "A9"]).assign(origin="carried forward")
    two = deliver("run-2", one, rows=carried)
    assert two["arfeed_file"].fillna("").tolist() == ["a.csv", ""]


def test_what_a_transform_changed_is_traced_by_the_rows_that_were_read() -> None:
    rows = listed(["A1", "A2"])
    facts = pd.DataFrame({"arfeed_source_balance": ["7", "8"]}, index=[0, 1])
    both = pd.concat([rows, invoices(["A9"]).assign(origin="carried forward")], ignore_index=True)
    found = trace_rows(both, rows, facts)
    assert found["arfeed_source_balance"].fillna("").tolist() == ["7", "8", ""]
    assert [*found] == ["arfeed_file", "arfeed_place", "arfeed_source_balance"]


def test_traces_are_typed_and_stand_beside_their_rows_in_any_order() -> None:
    rows = listed(["A1", "A2", "A3"])
    turned = rows.iloc[::-1]
    found = trace_rows(turned, rows)
    assert found.index.tolist() == [2, 1, 0]
    assert (found["arfeed_file"][0], found["arfeed_place"][0]) == ("a.csv", 0)
    assert trace_rows(turned, rows.iloc[:0]).index.tolist() == [2, 1, 0]
    kept = keep(turned.drop(columns="origin").join(found), invoices(0))
    assert kept["arfeed_place"].tolist() == [2, 1, 0]
    assert kept["arfeed_first_in"].tolist() == ["run-2"] * 3
    types = ["str", "int64[pyarrow]", "str"]
    assert [str(kept[f"arfeed_{name}"].dtype) for name in ("file", "place", "first_in")] == types


def test_a_file_s_name_may_end_in_digits_or_number_signs() -> None:
    rows = listed(["A1", "A2"]).assign(origin=told("X1#X#12", "##7"))
    assert trace(rows, rows) == [("X1#X", 0), ("", 1)]
    assert trace(rows.assign(origin=told("12", "a#")), rows) == [("", 0), ("", 1)]
    # The key of a record, as APIs make them, is no place in a file: nobody may be asked about a file "SO" that is gone.
    assert trace(rows.assign(origin=told("SO#X12", "SO#X")), rows) == [("", 0), ("", 1)]


def test_what_the_source_said_stands_beside_its_row_in_any_order() -> None:
    rows = listed(["A1", "A2", "A3"])
    found = trace_rows(rows.iloc[::-1], rows, pd.DataFrame({"arfeed_source_balance": told("7", "8")}))
    assert found.index.tolist() == [2, 1, 0]
    assert found["arfeed_source_balance"].fillna("").tolist() == ["", "8", "7"]
    assert [str(kind) for kind in found.dtypes] == ["str", "int64[pyarrow]", "str"]


def test_a_report_whose_rows_have_gaps_keeps_each_trace_beside_its_row() -> None:
    said = invoices(["A1", "A2"], balance=["7", "8"])["balance"]
    report = invoices(["A1", "A2"]).assign(arfeed_place=places(0, 1), arfeed_source_balance=said).set_axis([7, 3])
    kept = add_traces(report, invoices(0), pa.nulls(2, pa.int64()), "run-1")
    assert kept["arfeed_first_in"].tolist() == ["run-1", "run-1"]
    assert kept["arfeed_source_balance"].tolist() == [7, 8]
    assert kept["arfeed_source_balance"].dtype == report["balance"].dtype


def test_where_nothing_is_known_of_a_row_its_traces_are_blank_and_typed() -> None:
    kept = add_traces(invoices(2), invoices(2), pa.array([1, None]), "run-2")
    assert [str(kept[f"arfeed_{name}"].dtype) for name in ("file", "place", "first_in")] == [
        "str", "int64[pyarrow]", "str",
    ]  # fmt: skip
    assert kept["arfeed_first_in"].tolist() == ["", "run-2"]
    assert kept[["arfeed_file", "arfeed_place"]].isna().to_numpy().all()

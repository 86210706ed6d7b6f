"""What never was at the receiver is known by its cells, whatever its headings say now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from arfeed.runs.reconciliation.delivered import LastDelivery
from support.files.receiver_exports import day_first, german
from support.files.receiver_lists import Row, delivered, judged, report, sent, write_csv

ROWS = [{**row, "memo": f"order {number}"} for number, row in enumerate(sent(30))]
LAYOUT = {
    "invoice_ref": "invoice_ref",
    "kind": "kind",
    "customer_name": "customer_name",
    "currency": "currency_iso",
    "issued_on": "date_issued",
    "due_on": "date_due",
    "balance": "balance",
    "memo": "memo",
}


def last(source: Sequence[str] = ()) -> LastDelivery:
    """A delivery in this layout, of a source whose file has these headings."""
    frame = report(ROWS).assign(memo=pd.Series([row["memo"] for row in ROWS], dtype="str"))
    cells = frame[[*LAYOUT]].set_axis([*LAYOUT.values()], axis="columns")
    return replace(
        delivered(ROWS),
        headings=tuple(LAYOUT.values()),
        cells=lambda: cells,
        sources=lambda: iter([("erp.csv", source)] if source else []),
    )


def outcome(tmp_path: Path, headings: Mapping[str, str], rows: Sequence[Row] = ROWS, **options: str) -> tuple[str, str]:
    verdict = judged(write_csv(tmp_path / "open.csv", rows, headings=headings, **options), last())  # type: ignore[arg-type]
    return verdict.outcome, "; ".join(verdict.reasons)


COPY = ("not comparable", "every cell of it stands in open_ar_20260404T101500Z.csv, too")


def is_copy(found: tuple[str, str]) -> bool:
    return found[0] == COPY[0] and COPY[1] in found[1]


def test_a_copy_with_a_renamed_heading_is_one(tmp_path: Path) -> None:
    assert is_copy(outcome(tmp_path, {**LAYOUT, "memo": "Note"}))


def test_a_copy_with_all_headings_renamed_and_sorted_otherwise_is_one(tmp_path: Path) -> None:
    renamed = dict(zip(LAYOUT, ["No", "Type", "Client", "Cur", "Issued", "Due", "Open", "Note"], strict=True))
    turned = dict(reversed(renamed.items()))
    assert is_copy(outcome(tmp_path, turned, ROWS[::-1]))


def test_a_copy_that_a_spreadsheet_wrote_in_its_notation_is_one(tmp_path: Path) -> None:
    rows = [
        {
            **row,
            "balance": german(row["balance"]),
            **{name: day_first(row[name]) for name in ("due_on", "issued_on")},
        }
        for row in ROWS
    ]
    assert is_copy(outcome(tmp_path, {**LAYOUT, "memo": "Note"}, rows, delimiter=";"))


def test_a_copy_without_some_of_its_columns_is_one(tmp_path: Path) -> None:
    headings = {name: heading for name, heading in LAYOUT.items() if name not in ("memo", "kind", "issued_on")}
    assert is_copy(outcome(tmp_path, {**headings, "customer_name": "Customer"}))


def test_the_receivers_own_list_of_the_same_facts_is_none(tmp_path: Path) -> None:
    headings = {"invoice_ref": "Number", "customer_name": "Client", "due_on": "Due", "balance": "Open"}
    assert outcome(tmp_path, headings) == ("same", "")


def test_a_column_of_the_receivers_own_makes_it_the_receivers(tmp_path: Path) -> None:
    rows = [{**row, "status": "Open"} for row in ROWS]
    assert outcome(tmp_path, {**LAYOUT, "memo": "Note", "status": "Status"}, rows) == ("same", "")


def test_what_differs_in_one_cell_is_compared(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "balance": "999.00"}, *ROWS[1:]]
    assert outcome(tmp_path, {**LAYOUT, "memo": "Note"}, rows)[0] == "differences"


@pytest.mark.parametrize("order", [1, -1])
def test_a_list_with_the_headings_of_a_sources_file_is_not_the_receivers(tmp_path: Path, order: int) -> None:
    headings = {"invoice_ref": "Doc no", "customer_name": "Account", "balance": "Open amount"}
    file = write_csv(tmp_path / "open.csv", ROWS, headings=headings)
    verdict = judged(file, last([*headings.values()][::order]))
    assert "its headings are those of erp.csv, all of them and no other" in "; ".join(verdict.reasons)
    # A column more or fewer makes it no other system's, unless somebody says so.
    for source in (["Doc no", "Account", "Open amount", "Status"], [*headings.values()][:2]):
        assert "it seems to be an export of the system" in "; ".join(judged(file, last(source)).reasons)
        assert judged(file, last(source), same_headings=True).outcome == "same"
    assert judged(file, last(["Doc no", "Account", "Status", "Type"])).outcome == "same"

"""Exports as receivers write them: the right ones are the same, and nothing that differs passes for it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed.model.errors import ArfeedError, ConfigError, SourceError
from arfeed.runs.reconciliation.verdict import Verdict
from support.files.receiver_exports import (
    CREDIT_NOTES,
    SIGNS,
    WRITERS,
    Writer,
    aged,
    bannered,
    books,
    formulas,
    write_lines,
)
from support.files.receiver_lists import HEADINGS, Row, delivered, judged, outcomes, write_csv

ROWS = books()
ORDINARY = 9
"""An invoice in EUR that is neither a credit note nor the first or last."""


def changed(**columns: str) -> list[Row]:
    return [{**row, **columns} if number == ORDINARY else row for number, row in enumerate(ROWS)]


def without(*numbers: int) -> list[Row]:
    return [row for number, row in enumerate(ROWS) if number not in numbers]


def more(row: Row) -> str:
    return f"{Decimal(row['balance']) + 10:.2f}"


DIFFERENCES = {
    "one is not there": without(ORDINARY),
    "some are not there": without(3, 17, 30),
    "a credit note is not there": without(CREDIT_NOTES[0]),
    "more is owed": changed(balance=more(ROWS[ORDINARY])),
    "nothing is owed": changed(balance="0.00"),
    "it is due later": changed(due_on="2027-05-01"),
    "it is in another currency": changed(currency=next(code for code in SIGNS if code != ROWS[ORDINARY]["currency"])),
    "a name is another's": changed(customer_name=ROWS[ORDINARY + 1]["customer_name"]),
    "one is unknown": [*ROWS, {**ROWS[3], "invoice_ref": "INV-0977"}],
    "one is there twice": [*ROWS, ROWS[3]],
    "two have changed places": [
        {**row, "balance": ROWS[{1: 2, 2: 1}.get(number, number)]["balance"]} for number, row in enumerate(ROWS)
    ],
}
CASES = [
    (writer, difference)
    for place, writer in enumerate(WRITERS)
    # Two of each writer's, so that each difference is written by several.
    for difference in (
        [*DIFFERENCES][place % len(DIFFERENCES)],
        [*DIFFERENCES][(3 * place + 4) % len(DIFFERENCES)],
    )
]


def verdict_of(folder: Path, write: Writer, rows: Sequence[Row]) -> Verdict:
    # Ids of the platform's own are nothing that was sent.
    return judged(write(folder, rows), delivered(ROWS), ignore=["id"])


@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_right_is_the_same_in_every_notation(tmp_path: Path, writer: str) -> None:
    verdict = verdict_of(tmp_path, WRITERS[writer], ROWS)
    assert (verdict.outcome, verdict.reasons) == ("same", ())
    assert {*outcomes(verdict).values()} == {("same", "")}


@pytest.mark.parametrize(("writer", "difference"), CASES)
def test_what_differs_is_never_the_same(tmp_path: Path, writer: str, difference: str) -> None:
    assert verdict_of(tmp_path, WRITERS[writer], DIFFERENCES[difference]).outcome == "differences"


def test_ages_that_do_not_add_up_to_the_balance_are_asked_about(tmp_path: Path) -> None:
    file = aged(tmp_path, ROWS)
    lines = file.read_text().splitlines()
    lines[1] = lines[1].replace(ROWS[0]["balance"], "0.00", 1)
    # A heading that says of itself that it is what is open would settle it.
    file.write_text("\n".join(lines).replace("Total due", "Total"))
    with pytest.raises(ConfigError, match=r"'Current': .*; different from 'Total' in"):
        judged(file, delivered(ROWS))


def test_an_age_that_the_days_do_not_explain_is_asked_about(tmp_path: Path) -> None:
    file = aged(tmp_path, ROWS)
    lines = [line.split(",") for line in file.read_text().splitlines()]
    # Still a part of the balance, but not due yet, as if it had been put off there.
    ages = slice(-5, -1)
    assert lines[ORDINARY + 1][ages].index(f"{ROWS[ORDINARY]['balance']}") == 1
    lines[ORDINARY + 1][ages] = [lines[ORDINARY + 1][-4], "0.00", "0.00", "0.00"]
    file.write_text("\n".join(map(",".join, lines)).replace("Total due", "Total"))
    with pytest.raises(ConfigError, match=r"'Current': .*"):
        judged(file, delivered(ROWS))


def test_days_as_a_spreadsheet_counts_them_are_said(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, WRITERS["serials"], ROWS)
    assert "Due holds dates as spreadsheet serial numbers, such as 46114 for 2026-04-02" in verdict.notes


def test_yen_that_are_due_beside_a_due_date_are_no_days(tmp_path: Path) -> None:
    rows = [{**row, "currency": "JPY", "balance": str(40_000 + number)} for number, row in enumerate(ROWS)]
    lines = [[row["invoice_ref"], row["due_on"], row["balance"]] for row in rows]
    lines[3][2] = "41000"
    file = write_lines(tmp_path, ["Invoice", "Due date", "Due"], lines)
    verdict = judged(file, delivered(rows), columns={"balance": "Due"})
    assert verdict.outcome == "differences"
    assert outcomes(verdict)[rows[3]["invoice_ref"]] == ("differs", "balance")


def test_headings_that_come_again_are_no_invoice(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "open.csv", ROWS)
    head, *lines = file.read_text().splitlines()
    file.write_text("\n".join([head, *lines[:9], head, *lines[9:]]))
    assert judged(file, delivered(ROWS)).outcome == "same"


def test_lines_below_the_list_are_named_and_no_invoices(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, bannered, ROWS)
    assert "below the list, not an invoice: Generated by the platform" in verdict.notes


def test_a_known_number_alone_at_the_end_is_no_line_below_the_list(tmp_path: Path) -> None:
    rows = [{**row, "invoice_ref": row["invoice_ref"].replace("-", " ")} for row in ROWS]
    lines = [[row["invoice_ref"], row["customer_name"], row["balance"]] for row in rows[:-1]]
    file = write_lines(tmp_path, ["Invoice", "Customer", "Balance"], lines, below=[[rows[-1]["invoice_ref"], "", ""]])
    assert outcomes(judged(file, delivered(rows)))[rows[-1]["invoice_ref"]][0] == "unreadable"


# --- numbers that lost something on the way -------------------------------------------------------------------------

PADDED = [{**row, "invoice_ref": f"00{1000 + number}"} for number, row in enumerate(ROWS)]


def bare(rows: Sequence[Row], tail: str = "") -> list[Row]:
    return [{**row, "invoice_ref": row["invoice_ref"].lstrip("0") + tail} for row in rows]


@pytest.mark.parametrize("tail", ["", ".0"])
@pytest.mark.parametrize("heading", ["Invoice number", "Nr", "c1"])
def test_zeros_that_a_spreadsheet_took_are_named_and_no_other_ledger(tmp_path: Path, tail: str, heading: str) -> None:
    headings = {**HEADINGS, "invoice_ref": heading}
    verdict = judged(write_csv(tmp_path / "open.csv", bare(PADDED, tail), headings=headings), delivered(PADDED))
    assert verdict.outcome == "not comparable"
    assert f"lost their leading zeros: '1000{tail}' there, '001000' here" in verdict.reasons[0]
    assert "take the CSV as the receiver exports it" in verdict.reasons[0]


def test_zeros_that_a_few_numbers_lost_are_a_difference_that_is_explained(tmp_path: Path) -> None:
    rows = [*bare(PADDED)[4:5], *bare(PADDED)[15:16], *bare(PADDED)[26:27]]
    file = write_csv(tmp_path / "open.csv", [*rows, *(row for n, row in enumerate(PADDED) if n not in (4, 15, 26))])
    verdict = judged(file, delivered(PADDED))
    assert verdict.outcome == "differences"
    assert any(
        note.startswith("3 numbers there, such as '1004', may be of the invoices that") for note in verdict.notes
    )


def test_numbers_written_as_formulas_or_with_an_apostrophe_keep_their_zeros(tmp_path: Path) -> None:
    assert judged(formulas(tmp_path, PADDED), delivered(PADDED)).outcome == "same"
    marked = [{**row, "invoice_ref": f"'{row['invoice_ref']}"} for row in PADDED]
    assert judged(write_csv(tmp_path / "open.csv", marked), delivered(PADDED)).outcome == "same"


def test_a_prefix_that_is_not_there_is_named_with_the_setting_that_adds_it(tmp_path: Path) -> None:
    short = [{**row, "invoice_ref": row["invoice_ref"].removeprefix("INV-")} for row in ROWS]
    file = write_csv(tmp_path / "open.csv", short)
    blank = write_csv(tmp_path / "blank.csv", [{**short[0], "invoice_ref": ""}, *short[1:]])
    assert "lack 'INV-' at the beginning" in judged(blank, delivered(ROWS)).reasons[0]
    (reason,) = judged(file, delivered(ROWS)).reasons
    assert 'set columns.invoice_ref = "INV-{Invoice number}" in [destination.reconcile]' in reason
    assert judged(file, delivered(ROWS), columns={"invoice_ref": "INV-{Invoice number}"}).outcome == "same"


# --- lists of something else ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [["Vendor", "Bill no", "Due date", "Amount due"], ["Lieferant", "Belegnr", "Fällig", "Saldo"]],
    ids=["english", "german"],
)
def test_a_list_of_payables_is_named_as_one(tmp_path: Path, head: list[str]) -> None:
    lines = [[f"Supplier {number}", f"B-{number}", "2026-05-01", "100.00"] for number in range(30)]
    with pytest.raises(SourceError, match=f"'{head[0]}' says that it is a list of payables, what you owe"):
        judged(write_lines(tmp_path, head, lines), delivered(ROWS))


def test_a_list_of_customers_is_not_compared(tmp_path: Path) -> None:
    lines = [[name, "100.00"] for name in {row["customer_name"] for row in ROWS}]
    with pytest.raises(ArfeedError, match="Which column of the export holds the number printed on the invoice"):
        judged(write_lines(tmp_path, ["Customer", "Balance"], lines), delivered(ROWS))


def test_another_ledger_is_refused_before_anything_is_asked_about_its_notation(tmp_path: Path) -> None:
    lines = [[f"X{number}", "Somebody", "04/05/2026", "1,234"] for number in range(30)]
    file = write_lines(tmp_path, ["Invoice", "Customer", "Due date", "Balance"], lines)
    assert "0 of its 30 open numbers" in judged(file, delivered(ROWS)).reasons[0]


@pytest.mark.parametrize(("heading", "yes", "no"), [("Archived", "Yes", "No"), ("Active", "0", "1")])
def test_what_is_set_aside_is_asked_about(tmp_path: Path, heading: str, yes: str, no: str) -> None:
    rows = [{**row, "other": yes if number == 3 else no} for number, row in enumerate(ROWS)]
    file = write_csv(tmp_path / "open.csv", rows, headings={**HEADINGS, "other": heading})
    with pytest.raises(ConfigError, match=f"'{heading}': .*; it closes 1 row whose balance is not 0"):
        judged(file, delivered(ROWS))

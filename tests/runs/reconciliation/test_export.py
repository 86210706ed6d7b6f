"""An export is read in whatever notation it comes, and its columns are found by what was sent."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from arfeed.model.errors import ConfigError, SourceError
from support.files.receiver_lists import HEADINGS, Row, delivered, judged, outcomes, read, sent, write_csv, write_xlsx


def german(rows: list[Row]) -> list[Row]:
    """The same rows as a German program writes them."""
    return [
        {
            **row,
            "due_on": ".".join(reversed(row["due_on"].split("-"))),
            "balance": f"{float(row['balance']):,.2f}".translate(str.maketrans(",.", ".,")),
        }
        for row in rows
    ]


def american(rows: list[Row]) -> list[Row]:
    return [
        {**row, "due_on": f"{row['due_on'][5:7]}/{row['due_on'][8:]}/2026", "balance": f"${float(row['balance']):,.2f}"}
        for row in rows
    ]


ROWS = sent(30, currency=["USD"] * 30, balance=[f"{1000 + number}.50" for number in range(30)])


def test_german_notation_semicolons_and_cp1252_are_read(tmp_path: Path) -> None:
    headings = {"balance": "Offener Betrag", "due_on": "Fällig", "customer_name": "Kunde", "invoice_ref": "Beleg"}
    file = write_csv(tmp_path / "offen.csv", german(ROWS), headings=headings, delimiter=";", encoding="cp1252")
    assert judged(file, delivered(ROWS), encoding="cp1252").outcome == "same"
    assert judged(file, delivered(ROWS)).outcome == "same"
    assert read(file, ROWS).evidence["encoding"] == "cp1252, since it is not valid UTF-8"


def test_american_dates_and_dollar_signs_are_read(tmp_path: Path) -> None:
    assert judged(write_csv(tmp_path / "open.csv", american(ROWS)), delivered(ROWS)).outcome == "same"


def test_an_order_of_dates_that_none_proves_is_the_one_of_the_report(tmp_path: Path) -> None:
    rows = [{**row, "due_on": f"2026-0{number % 5 + 2}-0{number % 7 + 1}"} for number, row in enumerate(ROWS)]
    file = write_csv(tmp_path / "open.csv", american(rows))
    export = read(file, rows)
    assert export.evidence["dates"].startswith("MDY, by which 30 are the due dates")
    assert judged(file, delivered(rows)).outcome == "same"


def test_a_workbook_is_read(tmp_path: Path) -> None:
    assert judged(write_xlsx(tmp_path / "open.xlsx", ROWS), delivered(ROWS)).outcome == "same"


def test_headings_that_say_nothing_are_found_by_their_values(tmp_path: Path) -> None:
    headings = {"currency": "c5", "balance": "c4", "customer_name": "c1", "due_on": "c3", "invoice_ref": "c2"}
    file = write_csv(tmp_path / "open.csv", ROWS, headings=headings)
    # What was paid may be what was sent in every row, and so may the day of it.
    with pytest.raises(ConfigError, match=r"'c4': it has what was sent in 30 of 30 rows\. Which column of the export"):
        read(file, ROWS)
    with pytest.raises(ConfigError, match=r'(?s)c3\': .* it has due_on as sent.* columns.due_on = "c3" in'):
        read(file, ROWS, columns={"balance": "c4"})
    export = read(file, ROWS, columns={"balance": "c4", "due_on": "c3"})
    assert export.columns == headings
    assert export.evidence["invoice_ref"] == "30 of 30 are numbers of the last report"


def test_the_numbers_are_those_that_were_sent_not_what_is_called_a_number(tmp_path: Path) -> None:
    rows = [{**row, "id": f"{9000 + number}"} for number, row in enumerate(ROWS)]
    headings = {"id": "Invoice number", **HEADINGS, "invoice_ref": "Your reference"}
    assert (
        read(write_csv(tmp_path / "open.csv", rows, headings=headings), ROWS, ignore=["Invoice number"]).columns[
            "invoice_ref"
        ]
        == "Your reference"
    )


def test_two_columns_that_may_be_the_balance_are_asked_about(tmp_path: Path) -> None:
    rows = [{**row, "other": "7.00", "balance": "8.00"} for row in ROWS]
    headings = {"invoice_ref": "Number", "balance": "Balance", "other": "Balance due"}
    file = write_csv(tmp_path / "open.csv", rows, headings=headings)
    with pytest.raises(ConfigError, match=r'pass columns.balance = "HEADING" in \[destination.reconcile\]'):
        read(file, ROWS)
    named = {"columns": {"balance": "Balance due"}, "ignore": ["Balance"]}
    assert read(file, ROWS, **named).columns["balance"] == "Balance due"


def test_the_settings_name_the_columns_and_one_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "open.csv", ROWS)
    said = r"\[destination.reconcile\] columns: .* no column 'Saldo'; found Invoice number, Customer"
    with pytest.raises(ConfigError, match=said):
        read(file, ROWS, columns={"balance": "Saldo", "invoice_ref": "Invoice number"})
    # What is no table is not the settings' fault.
    file.write_bytes(b"%PDF-1.4")
    with pytest.raises(SourceError, match="it is a PDF"):
        read(file, ROWS, columns={"balance": "Saldo", "invoice_ref": "Invoice number"})


@pytest.mark.parametrize("word", ["Settled", "Closed", "Written off", "PAID (manual)"])
def test_a_word_that_may_mean_closed_is_not_taken_for_open(tmp_path: Path, word: str) -> None:
    rows = [{**row, "status": "Open"} for row in ROWS]
    rows[3]["status"] = word
    file = write_csv(tmp_path / "open.csv", rows, headings={**HEADINGS, "status": "Status"})
    assert outcomes(judged(file, delivered(ROWS)))[ROWS[3]["invoice_ref"]][0] == "unreadable"
    assert (
        outcomes(judged(file, delivered(ROWS), values={"status": {word: "paid"}}))[ROWS[3]["invoice_ref"]][0]
        == "paid there"
    )


def test_a_dispute_is_open(tmp_path: Path) -> None:
    rows = [{**row, "status": "In dispute"} for row in ROWS]
    file = write_csv(tmp_path / "open.csv", rows, headings={**HEADINGS, "status": "Status"})
    assert judged(file, delivered(ROWS)).outcome == "same"


@pytest.mark.parametrize(
    ("heading", "usual", "other"), [("Type", "Invoice", "Credit note"), ("S/H", "S", "H"), ("Belegart", "RG", "GS")]
)
def test_an_invoice_that_is_a_credit_note_there_differs(tmp_path: Path, heading: str, usual: str, other: str) -> None:
    rows = [{**row, "kind": usual} for row in ROWS]
    rows[3]["kind"] = other
    file = write_csv(tmp_path / "open.csv", rows, headings={**HEADINGS, "kind": heading})
    assert outcomes(judged(file, delivered(ROWS)))[ROWS[3]["invoice_ref"]] == ("differs", "balance others")


OLD = [
    "Generated on 27/10/2025 18:20", "Stand: 27.10.2025", "Printed: 10/27/2025", "Oct 27, 2025", "27 October 2025",
    "As of October 27, 2025", "2025-10-27", "Run date: 27-OCT-25", "Stand 27.10.25", "October 27th, 2025", "10/27/25",
]  # fmt: skip


@pytest.mark.parametrize("text", OLD)
def test_a_date_above_the_headings_counts_in_whatever_notation(tmp_path: Path, text: str) -> None:
    file = write_csv(tmp_path / "open.csv", ROWS)
    file.write_text(f"{text}\n{file.read_text()}")
    verdict = judged(file, delivered(ROWS))
    assert (verdict.outcome, verdict.reasons[0][:22]) == ("not comparable", "it is dated 2025-10-27")


@pytest.mark.parametrize("text", OLD)
def test_a_date_below_the_list_counts_as_well(tmp_path: Path, text: str) -> None:
    verdict = judged(write_csv(tmp_path / "open.csv", ROWS, below=[[f"{text} ", "", "", "", ""]]), delivered(ROWS))
    # A line of a single word is no sentence, and is refused as a row without a number.
    assert verdict.outcome == ("not comparable" if " " in text else "differences")


def test_a_day_run_together_in_the_name_counts(tmp_path: Path) -> None:
    assert read(write_csv(tmp_path / "open_27102025.csv", ROWS), ROWS).dated == date(2025, 10, 27)


def test_a_line_below_the_list_that_names_an_invoice_is_refused(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "open.csv", ROWS, below=[["INV-0003 was paid in full, see (INV-0003).", "", "", "", ""]]
    )
    with pytest.raises(
        SourceError,
        match=r"open\.csv: beside the list stands 'INV-0003 was paid in full.* remove "
        r"the line",
    ):
        read(file, ROWS)


def test_a_line_above_the_list_that_names_an_invoice_is_refused(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "open.csv", ROWS, above=[["Open items, INV-0003 is paid"], []])
    with pytest.raises(SourceError, match=r"open\.csv: beside the list stands 'INV-0003 is paid'"):
        read(file, ROWS)
    # Headings that nobody knows, and rows that look more like headings than they do, are no lines above the list.
    headings = {"invoice_ref": "Αριθμός", "balance": "Υπόλοιπο", "customer_name": "Ονομα"}
    rows = [
        {**row, "customer_name": "Invoice" if number == 9 else row["customer_name"]} for number, row in enumerate(ROWS)
    ]
    columns = {"invoice_ref": "Αριθμός", "balance": "Υπόλοιπο", "customer_name": "Ονομα"}
    assert len(read(write_csv(tmp_path / "open.csv", rows, headings=headings), ROWS, columns=columns).rows) == len(ROWS)


@pytest.mark.parametrize("name", ["open_2025-01-01_2025-12-31.csv", "open_2099-12-31.csv"])
def test_a_period_and_a_day_to_come_say_nothing_of_when_it_was_made(tmp_path: Path, name: str) -> None:
    export = read(write_csv(tmp_path / name, ROWS), ROWS)
    assert export.dated is None


def test_a_date_that_may_be_two_days_does_not_count_and_is_named(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "open.csv", ROWS)
    file.write_text(f"Stand: 04.05.2025\n{file.read_text()}")
    export = read(file, ROWS)
    assert export.dated is None
    assert export.notes[-1].startswith("'Stand: 04.05.2025' beside the list may be one of several days")
    assert read(file, ROWS, dates="DMY").dated == date(2025, 5, 4)


def test_a_file_of_blank_lines_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "open.csv"
    file.write_text("\n\n\n")
    with pytest.raises(SourceError, match="it has no rows; export it again"):
        read(file, ROWS)


def test_a_row_of_totals_is_no_invoice_and_makes_the_export_whole(tmp_path: Path) -> None:
    total = f"{sum(float(row['balance']) for row in ROWS):.2f}"
    file = write_csv(tmp_path / "open.csv", ROWS, below=[["Total", "", "", "", total]])
    verdict = judged(file, delivered(ROWS))
    assert verdict.outcome == "same"
    assert "its own total: 'Total' is the sum of its rows" in verdict.judged


def test_a_total_that_is_not_the_sum_makes_it_not_comparable(tmp_path: Path) -> None:
    total = f"{sum(float(row['balance']) for row in ROWS):.2f}"
    file = write_csv(tmp_path / "open.csv", ROWS[:-1], below=[["Total", "", "", "", total]])
    verdict = judged(file, delivered(ROWS))
    assert verdict.outcome == "not comparable"
    assert "'Total' is a row of totals" in verdict.reasons[0]


def test_headings_below_a_banner_with_the_day_are_found(tmp_path: Path) -> None:
    above = [["Open invoices", "", "", "", ""], ["As of 2026-04-06", "", "", "", ""]]
    export = read(write_csv(tmp_path / "open.csv", ROWS, above=above), ROWS)
    assert len(export.rows) == 30
    assert str(export.dated) == "2026-04-06"


def test_a_currency_that_is_none_makes_its_row_unreadable(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "currency": "Dollar"}, *ROWS[1:]]
    export = read(write_csv(tmp_path / "open.csv", rows), ROWS)
    assert export.rows["why"][0] == "Currency 'Dollar' is not an ISO 4217 currency code"


def test_a_folder_is_no_export_and_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is a folder; name a file in it, or a pattern .* in quotes: '.*\*\.csv'"):
        read(tmp_path, ROWS)


def test_no_file_and_an_empty_list_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read(tmp_path / "none.csv", ROWS)
    with pytest.raises(SourceError, match="headings and nothing below them"):
        read(write_csv(tmp_path / "open.csv", []), ROWS)

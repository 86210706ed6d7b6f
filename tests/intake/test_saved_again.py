"""Files that a spreadsheet has opened and saved again: what it exchanged, shortened or turned is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from arfeed import ArfeedError, FileSettings, ProblemsError, SourceError
from arfeed_connectors.folder import Folder
from support.feeds.sources import balances, given, read, rows

HEADER = ("invoice_ref", "customer_name", "issued_on", "due_on", "balance")
AGAIN = "a spreadsheet that reads dates in another order has saved the file again"

Cell = str | int | float | date | None


def workbook(file: Path, *lines: Sequence[Cell], **settings: str) -> Folder:
    """A workbook of invoices: number, date, due date and balance a line."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    for ref, issued, due, balance in lines:
        sheet.append([ref, "Ada", issued, due, balance])
    book.save(file)
    return Folder("files", FileSettings.model_validate({"path": str(file), "currency": "EUR", **settings}))


def table(file: Path, *lines: str, **settings: str) -> Folder:
    """A CSV file of invoices: number, date and due date a line."""
    text = [f"{line.replace(',', ',Ada,', 1)},5.00" for line in lines]
    file.write_text("\n".join([",".join(HEADER), *text, ""]))
    return Folder("files", FileSettings.model_validate({"path": str(file), "currency": "EUR", **settings}))


def problems(source: Folder) -> str:
    with pytest.raises(ProblemsError) as caught:
        read(source)
    return str(caught.value)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "open.xlsx"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return tmp_path / "open.csv"


@pytest.mark.parametrize(("order", "left"), [("MDY", "04/23/2026"), ("DMY", "23/04/2026"), ("MDY", "4-23-26")])
def test_dates_of_two_kinds_in_a_column_are_refused(book: Path, order: str, left: str) -> None:
    source = workbook(book, ("1", date(2026, 7, 4), None, 5), ("2", left, None, 5), dates=order)
    found = problems(source)
    assert f"row 2, column issued_on: '2026-07-04' is a date, beside dates that are text such as {left}" in found
    assert AGAIN in found


@pytest.mark.parametrize("cell", ["2026/07/04", "2026-07-04", "2026.7.4"])
def test_dates_of_two_kinds_are_refused_in_csv_files_too(text: Path, cell: str) -> None:
    found = problems(table(text, f"1,{cell},", "2,04/23/2026,", dates="MDY"))
    assert f"line 2, column issued_on: {cell!r} is a date, beside dates that are text" in found


def test_dates_of_two_kinds_in_two_columns_are_refused_if_day_and_month_may_be_exchanged(book: Path) -> None:
    monthly = [("1", date(2026, 1, 4), "30/04/2026", 5), ("2", date(2026, 1, 5), "30/05/2026", 5)]
    assert "column issued_on: '2026-01-04' is a date, beside" in problems(workbook(book, *monthly, dates="DMY"))
    source = workbook(book, *monthly, ("3", date(2026, 1, 13), "30/05/2026", 5), dates="DMY")
    assert len(read(source)) == 3  # a date cell with a day above 12 was never exchanged


def test_a_due_date_before_the_invoices_date_is_refused_if_they_may_be_exchanged(book: Path) -> None:
    exchanged = ("1", date(2026, 4, 3), date(2026, 3, 4), 5)  # of 4 March, due on 3 April
    found = problems(workbook(book, exchanged, ("2", date(2026, 5, 6), None, 5)))
    assert "row 2, column due_on: '2026-03-04' is before the invoice's date" in found
    assert AGAIN in found


@pytest.mark.parametrize(
    "lines",
    [
        [(date(2026, 4, 3), date(2026, 3, 4)), (date(2026, 4, 13), None)],
        [(date(2026, 4, 3), date(2026, 4, 2))],
        [("Apr 7, 2026", None), (date(2026, 4, 3), None)],
        [(date(2026, 4, 3), "00/00/0000"), (date(2026, 4, 3), "01/01/1900")],
    ],
    ids=["a day above 12", "early in any order", "a month by name", "placeholders"],
)
def test_dates_that_no_spreadsheet_has_exchanged_are_taken(book: Path, lines: list[tuple[Cell, Cell]]) -> None:
    written = [(str(number), issued, due, 5) for number, (issued, due) in enumerate(lines, 1)]
    assert len(read(workbook(book, *written, dates="DMY"))) == len(lines)


def test_the_day_of_a_date_cell_with_a_time_is_its_date(book: Path, text: Path) -> None:
    timed = datetime.fromisoformat("2026-04-27T23:59:59.500")
    found = read(workbook(book, ("1", timed, timed, 5)))
    assert found[["issued_on", "due_on"]].iloc[0].tolist() == [date(2026, 4, 27)] * 2
    assert "'2026-04-27 23:59:59' is not a date" in problems(table(text, "1,2026-04-27 23:59:59,"))


@pytest.mark.parametrize(
    ("ref", "what"),
    [
        ("1.234567890123456e+19", "a number that a spreadsheet has shortened"),
        ("1.23456789012346E+019", "a number that a spreadsheet has shortened"),
        ("1,00E+05", "a number that a spreadsheet has shortened"),
        ("1.00E-07", "a number that a spreadsheet has shortened"),
        ("10:30:00 AM", "a time"),
        ("10:30:00", "a time"),
        ("26:03:00", "a time"),
        ("10:30", "a time"),
        ("1 day, 2:03:00", "a time"),
        ("04-mars", "a date"),
        ("4-Mar-26", "a date"),
        ("04. Mrz 26", "a date"),
        ("04/déc/2026", "a date"),
        ("mrt-04", "a date"),
    ],
)
@pytest.mark.parametrize("kind", ["invoice", "credit_note", "payment"])
def test_a_number_that_a_spreadsheet_turned_is_refused_in_every_kind_of_document(
    ref: str, what: str, kind: str
) -> None:
    with pytest.raises(ProblemsError) as caught:
        read(
            given(
                rows(
                    invoice_ref=["INV-1", ref],
                    kind=["invoice", kind],
                    balance=["5.00", "5.00" if kind == "invoice" else "-5.00"],
                )
            )
        )
    assert f"{ref!r} is {what}" in str(caught.value)


@pytest.mark.parametrize(
    ("turned", "left"),
    [
        ("2026/03/12", "45/03/2026"),
        ("12/03/26", "45/03/2026"),
        ("12.03.26", "45.03.2026"),
        ("2026-03-12", "45/03/2026"),
        ("12/05/26", "45/13"),
    ],
)
def test_a_number_that_became_a_date_is_refused_beside_those_that_could_not(text: Path, turned: str, left: str) -> None:
    source = table(text, f"{turned},2026-04-07,", f"{left},2026-04-07,")
    assert f"{turned!r} is a date: a spreadsheet has turned the number into one" in problems(source)


@pytest.mark.parametrize(
    "refs",
    [
        ["2026/03/12", "2026/03/45", "2026/03/112"],
        ["12/03/2026", "45/03/2026", "112/03/2026"],
        ["12/03/26", "112/03/26"],
        ["2026-03-12", "INV-7", "1001"],
        ["12/03/2026", "CN/7/03/2026"],
    ],
)
def test_a_number_that_is_written_like_a_date_is_taken(text: Path, refs: list[str]) -> None:
    assert sorted(balances(read(table(text, *(f"{ref},2026-04-07," for ref in refs))))) == sorted(refs)


@pytest.mark.parametrize(
    ("refs", "wrong"),
    [
        (["24952000000010900000", "24952000000022600000"], 2),
        (["24952000000000000000"], 1),
        (["1234567890123450", "1234567890123460", "INV-1"], 2),
    ],
)
def test_numbers_that_a_spreadsheet_has_rounded_are_refused(text: Path, refs: list[str], wrong: int) -> None:
    found = problems(table(text, *(f"{ref},2026-04-07," for ref in refs)))
    assert found.count("has more than 15 digits, and zeros from the 16th on") == wrong


@pytest.mark.parametrize(
    "refs",
    [["24952000000010900000", "24952000000022600001"], ["1234567890123450"], ["123456789012300"]],
    ids=["one is exact", "one zero, by chance", "15 digits"],
)
def test_long_numbers_that_may_be_exact_are_taken(text: Path, refs: list[str]) -> None:
    assert sorted(balances(read(table(text, *(f"{ref},2026-04-07," for ref in refs))))) == refs


def test_the_noise_of_binary_fractions_is_named(text: Path) -> None:
    source = table(text, "1,2026-04-07,")
    text.write_text(text.read_text().replace("5.00", "0.30000000000000004"))
    found = problems(source)
    assert "'0.30000000000000004' has floating-point noise: round it to cents" in found
    assert found.startswith("1 value ")


@pytest.mark.parametrize("amount", [12.345, "12.345"])
def test_a_point_in_a_workbook_is_never_taken_for_thousands(book: Path, amount: Cell) -> None:
    found = problems(workbook(book, ("1", date(2026, 4, 7), None, amount), decimal=","))
    assert "'12.345' could be read as a thousandth of it" in found


def test_a_format_that_shows_credit_lowers_the_balance(book: Path) -> None:
    source = workbook(book, ("1", date(2026, 4, 7), None, 5000.5), ("2", date(2026, 4, 7), None, 70))
    opened = openpyxl.load_workbook(book)
    for cell, code in (("E2", '""0.00" Cr"'), ("E3", '""0" Dr"')):
        opened["Sheet"][cell].number_format = code
    opened.save(book)
    assert balances(read(source)) == {"1": Decimal("-5000.5"), "2": Decimal(70)}


TWO_ORDERS = ("1,03/25/2026,25.04.2026", "2,04/07/2026,07.05.2026")


def test_due_dates_may_have_an_order_of_their_own(text: Path) -> None:
    read_rows = read(table(text, *TWO_ORDERS, dates="MDY", due_dates="DMY"))
    assert read_rows["issued_on"].tolist() == [date(2026, 3, 25), date(2026, 4, 7)]
    assert read_rows["due_on"].tolist() == [date(2026, 4, 25), date(2026, 5, 7)]


@pytest.mark.parametrize("declared", [{}, {"dates": "MDY"}, {"dates": "DMY"}], ids=["unset", "MDY", "DMY"])
def test_two_orders_without_the_setting_are_refused_with_it_named(text: Path, declared: dict[str, str]) -> None:
    with pytest.raises(ArfeedError) as caught:
        read(table(text, *TWO_ORDERS, **declared))
    found = str(caught.value)
    assert 'the two columns of dates are in two orders: set dates = "MDY" and due_dates = "DMY"' in found
    assert AGAIN not in found


def test_the_order_of_due_dates_proves_nothing_about_the_others(text: Path) -> None:
    source = table(text, "1,03/04/2026,25.04.2026", due_dates="DMY")
    with pytest.raises(SourceError, match="its dates could be day-month-year or month-day-year"):
        read(source)


def test_a_column_that_its_file_writes_with_the_year_first_is_taken_if_a_setting_says_so(text: Path) -> None:
    lines = ("1,03/25/2026,2026-04-05", "2,04/07/2026,2026-05-07")
    assert "or set `due_dates` if it has them so" in problems(table(text, *lines, dates="MDY"))
    taken = read(table(text, *lines, dates="MDY", due_dates="YMD"))
    assert taken["due_on"].tolist() == [date(2026, 4, 5), date(2026, 5, 7)]
    mixed = table(text, *lines, "3,04/08/2026,05/08/2026", dates="MDY", due_dates="YMD")
    assert "is a date, beside dates that are text" in problems(mixed)

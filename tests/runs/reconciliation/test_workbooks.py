"""What a person has done to a workbook that no cell says is no agreement: it is named, and nothing is compared."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from arfeed.model.errors import ConfigError, SourceError
from support.files.receiver_lists import NEXT_DAY, delivered, judged, sent, write_xlsx

ROWS = sent(30)
GREEN = PatternFill("solid", fgColor="92D050")
Change = Callable[[Worksheet], None]


def changed(folder: Path, change: Change) -> Path:
    file = write_xlsx(folder / "open.xlsx", ROWS)
    book = openpyxl.load_workbook(file)
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    change(sheet)
    book.save(file)
    os.utime(file, (NEXT_DAY.timestamp(),) * 2)
    return file


def hide(sheet: Worksheet) -> None:
    sheet.row_dimensions[5].hidden = True


def filter_out(sheet: Worksheet) -> None:
    sheet.auto_filter.ref = "A1:E31"
    for row in (5, 9):
        sheet.row_dimensions[row].hidden = True


def strike(sheet: Worksheet) -> None:
    for cell in sheet[5]:
        cell.font = Font(strike=True)


def strike_in_part(sheet: Worksheet) -> None:
    number = TextBlock(InlineFont(strike=True), str(sheet["A5"].value))
    sheet["A5"].value = CellRichText(number, "")


def strike_by_rule(sheet: Worksheet) -> None:
    rule = FormulaRule(formula=["$E2>200"], font=Font(strike=True))  # type: ignore[no-untyped-call]
    sheet.conditional_formatting.add("A2:E31", rule)


def comment(sheet: Worksheet) -> None:
    sheet["E5"].comment = Comment("paid by cheque on 3 April", "Ann")


def colour(sheet: Worksheet) -> None:
    sheet["A5"].fill = GREEN


def write_in_grey(sheet: Worksheet) -> None:
    for cell in sheet[5]:
        cell.font = Font(color="FF999999")


def write_in_italics(sheet: Worksheet) -> None:
    sheet["B5"].font = Font(italic=True)


def colour_beside_stripes(sheet: Worksheet) -> None:
    decorate(sheet)
    sheet["A5"].fill = PatternFill("solid", fgColor="FFFF0000")


def flatten(sheet: Worksheet) -> None:
    sheet.row_dimensions[5].height = 0.5


def say_paid_by_format(sheet: Worksheet) -> None:
    for row in range(2, 20):
        sheet.cell(row, 5).number_format = '"paid" 0.00'


def show_nothing_by_format(sheet: Worksheet) -> None:
    sheet["E5"].number_format = ";;;"


def cross_out(sheet: Worksheet) -> None:
    sheet["A5"].border = Border(diagonal=Side("thin"), diagonalUp=True)


def group(sheet: Worksheet) -> None:
    sheet.row_dimensions.group(5, 6, outline_level=1)


def link(sheet: Worksheet) -> None:
    sheet["A5"].hyperlink = "https://bank.example/payments/4711"


def prompt(sheet: Worksheet) -> None:
    rule = DataValidation(showInputMessage=True, prompt="paid on 3 April")
    rule.add("E5")
    sheet.add_data_validation(rule)


MARKS: dict[Change, tuple[str, str]] = {
    hide: ("hidden", "rows that are hidden: 5"),
    filter_out: ("hidden", "rows that are hidden: 5, 9"),
    strike: ("struck", "cells that are struck out: A5, B5, C5, D5, E5"),
    strike_in_part: ("struck", "cells that are struck out: A5"),
    strike_by_rule: ("struck", "cells that are struck out: a rule"),
    comment: ("comments", "cells with comments: E5"),
    flatten: ("hidden", "rows that are hidden: 5"),
    colour: ("colours", "rows that look unusual: 5"),
    colour_beside_stripes: ("colours", "rows that look unusual: 5"),
    write_in_grey: ("colours", "rows that look unusual: 5"),
    write_in_italics: ("colours", "rows that look unusual: 5"),
    say_paid_by_format: ("colours", "rows that look unusual: 2, 3, 4, 5, 6 and 13 more"),
    show_nothing_by_format: ("colours", "rows that look unusual: 5"),
    cross_out: ("struck", "cells that are struck out: A5"),
    group: ("grouped", "rows that are grouped: 5, 6"),
    link: ("links", "cells with links: A5"),
    prompt: ("comments", "cells with comments: E5"),
}


@pytest.mark.parametrize("change", MARKS, ids=lambda change: change.__name__)
def test_rows_that_somebody_has_marked_are_refused(tmp_path: Path, change: Change) -> None:
    name, said = MARKS[change]
    file = changed(tmp_path, change)
    with pytest.raises(ConfigError) as raised:
        judged(file, delivered(ROWS))
    assert said in str(raised.value)
    # Nothing in the message can be pasted without a look.
    assert "marks =" not in str(raised.value)
    assert judged(file, delivered(ROWS), marks=[name]).outcome == "same"


def decorate(sheet: Worksheet) -> None:
    for row in (1, *range(2, 32, 2)):
        for cell in sheet[row]:
            cell.fill = GREEN
    sheet["E1"].comment = Comment("in the invoice's currency", "the platform")
    sheet["A1"].font = Font(bold=True)
    sheet["H40"].font = Font(strike=True)
    sheet.row_dimensions[50].hidden = True


def say_in_the_footer(sheet: Worksheet) -> None:
    assert sheet.oddFooter is not None
    sheet.oddFooter.left.text = "INV-0003 was paid in full"


def note_on_a_heading(sheet: Worksheet) -> None:
    sheet["E1"].comment = Comment("without INV-0003, paid on 3 April", "Ann")


@pytest.mark.parametrize("change", [say_in_the_footer, note_on_a_heading], ids=lambda change: change.__name__)
def test_what_stands_beside_the_cells_and_names_an_invoice_is_refused(tmp_path: Path, change: Change) -> None:
    with pytest.raises(SourceError, match=r"beside the list stands '.*INV-0003.*', which names an invoice"):
        judged(changed(tmp_path, change), delivered(ROWS))


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_that_names_some_invoices_is_refused(tmp_path: Path, state: str) -> None:
    def hide_closed(sheet: Worksheet, *numbers: str) -> None:
        assert sheet.parent is not None
        closed = sheet.parent.create_sheet("Closed")
        closed.sheet_state = state
        for number in numbers:
            closed.append([number])

    file = changed(tmp_path, lambda sheet: hide_closed(sheet, "INV-0003", "INV-0007"))
    with pytest.raises(ConfigError, match="its hidden sheet 'Closed' names INV-0003, INV-0007, and may say"):
        judged(file, delivered(ROWS))
    assert judged(file, delivered(ROWS), marks=["sheets"]).outcome == "same"
    # What the list was made of, and lists to choose from, close nothing.
    every = changed(tmp_path, lambda sheet: hide_closed(sheet, *(row["invoice_ref"] for row in ROWS)))
    assert judged(every, delivered(ROWS)).outcome == "same"
    words = changed(tmp_path, lambda sheet: hide_closed(sheet, "Open", "Paid"))
    assert judged(words, delivered(ROWS)).outcome == "same"


def dress_up(sheet: Worksheet) -> None:
    """Links and notes on every row, groups of all, formats of currencies and units, a header with page numbers."""
    rule = DataValidation(showInputMessage=True, prompt="as billed")
    rule.add("E2:E31")
    sheet.add_data_validation(rule)
    sheet.row_dimensions.group(2, 31, outline_level=1)
    assert sheet.oddHeader is not None
    sheet.oddHeader.center.text = "Open invoices &D, page &P of &N"
    for row in range(2, 32):
        sheet.cell(row, 1).hyperlink = f"https://platform.example/invoices/{row}"
        sheet.cell(row, 5).number_format = '#,##0.00 "EUR"' if (row - 1) % 3 else "[$£-809]#,##0.00"
    sheet["B4"].hyperlink = "mailto:ann@example.com"


def test_what_all_rows_have_is_no_mark(tmp_path: Path) -> None:
    assert judged(changed(tmp_path, dress_up), delivered(ROWS)).outcome == "same"


def test_stripes_and_notes_on_headings_are_no_marks(tmp_path: Path) -> None:
    assert judged(changed(tmp_path, decorate), delivered(ROWS)).outcome == "same"


def test_three_colours_in_turn_bold_numbers_and_links_are_no_marks(tmp_path: Path) -> None:
    def dress(sheet: Worksheet) -> None:
        for row in range(2, 32):
            for cell in sheet[row]:
                cell.fill = PatternFill("solid", fgColor=f"FF00FF0{row % 3}")
            sheet.cell(row, 1).font = Font(color="FF0563C1", underline="single")
            sheet.cell(row, 5).font = Font(bold=True)

    assert judged(changed(tmp_path, dress), delivered(ROWS)).outcome == "same"


def test_of_several_sheets_none_is_proposed(tmp_path: Path) -> None:
    def add(sheet: Worksheet) -> None:
        assert sheet.parent is not None
        sheet.parent.create_sheet("Paid since").append(["INV-0003"])

    file = changed(tmp_path, add)
    with pytest.raises(ConfigError, match="it has several sheets, 'Sheet', 'Paid since'; set sheet = \"…\" in"):
        judged(file, delivered(ROWS))
    assert judged(file, delivered(ROWS), sheet="Sheet").outcome == "same"

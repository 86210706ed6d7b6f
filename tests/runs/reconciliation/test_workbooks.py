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
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from arfeed.model.errors import ConfigError
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


MARKS: dict[Change, tuple[str, str]] = {
    hide: ("hidden", "rows that are hidden: 5"),
    filter_out: ("hidden", "rows that are hidden: 5, 9"),
    strike: ("struck", "cells that are struck out: A5, B5, C5, D5, E5"),
    strike_in_part: ("struck", "cells that are struck out: A5"),
    strike_by_rule: ("struck", "cells that are struck out: a rule"),
    comment: ("comments", "cells with comments: E5"),
    colour: ("colours", "rows in a colour that few have: 5"),
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


def test_stripes_and_notes_on_headings_are_no_marks(tmp_path: Path) -> None:
    assert judged(changed(tmp_path, decorate), delivered(ROWS)).outcome == "same"


def test_of_several_sheets_none_is_proposed(tmp_path: Path) -> None:
    def add(sheet: Worksheet) -> None:
        assert sheet.parent is not None
        sheet.parent.create_sheet("Paid since").append(["INV-0003"])

    file = changed(tmp_path, add)
    with pytest.raises(ConfigError, match="it has several sheets, 'Sheet', 'Paid since'; say sheet = \"…\" in"):
        judged(file, delivered(ROWS))
    assert judged(file, delivered(ROWS), sheet="Sheet").outcome == "same"

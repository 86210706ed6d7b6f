"""Reading Excel workbooks with calamine: every cell as the text that people see.

calamine (0.9) reports neither number formats nor errors, and returns a blank for a formula that was never computed. So
the sheet's XML is searched for the few cells for which that matters; see `cells.py`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import IO, TYPE_CHECKING
from xml.etree import ElementTree

from arfeed.model.errors import SourceError
from arfeed.tables.databases import database_advice
from arfeed.tables.files.opening import open_binary
from arfeed.tables.workbook.formats import EXACT, Format

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook


@dataclass(frozen=True, slots=True)
class Unshown:
    """A number whose format displays it in a way that cannot be reproduced here."""

    number: str
    code: str


Value = int | float | str | bool | time | date | datetime | timedelta | Unshown


_ROWS = 20_000
_START = 1000
_BLOCK = 1 << 22
_OLE = b"\xd0\xcf\x11\xe0"
_OTHER_KINDS = {
    b"%PDF-": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "compressed with gzip",
}
_SAVE_AS = "open it in Excel and save it as an Excel workbook (.xlsx)"


def is_workbook(file: str) -> bool:
    """Whether a file is an Excel workbook, by its content. Raise `SourceError` if it is neither that nor text."""
    with open_binary(file) as data:
        # By content alone: many programs write HTML or CSV and call it .xls.
        start = data.read(1 << 16)
    if start.startswith(_OLE):
        # Excel wraps a protected workbook into an OLE file with this stream (MS-OFFCRYPTO).
        locked = "EncryptedPackage".encode("utf-16-le") in start
        why = "it is protected by a password; remove that" if locked else f"it is an old Excel file (.xls); {_SAVE_AS}"
        raise SourceError(f"{file}: {why}")
    for mark, what in _OTHER_KINDS.items():
        if start.startswith(mark):
            raise SourceError(f"{file}: it is {what}, whatever its name; export a CSV file or an Excel workbook")
    if advice := database_advice(file, start):
        raise SourceError(f"{file}: {advice}")
    if start.startswith(b"PK\x03\x04"):
        return True
    if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        raise SourceError(f"{file}: it is HTML or XML, whatever its name; {_SAVE_AS}")
    return False


def sheet_names(file: str) -> list[str]:
    """Return the names of a workbook's visible sheets; none for a file that is not a workbook."""
    if not is_workbook(file):
        return []
    with _open(file) as (_, book):
        return _visible(book)


def filled_sheets(file: str) -> list[str]:
    """Return the names of a workbook's visible sheets that have cells; none for a file that is not a workbook."""
    if not is_workbook(file):
        return []
    with _open(file) as (_, book):
        return [name for name in _visible(book) if book.get_sheet_by_name(name).end is not None]


def read_hidden_sheets(file: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the names of a workbook's hidden sheets, and all texts and numbers of each."""
    with _open(file) as (_, book):
        shown = {*_visible(book)}
        for name in book.sheet_names:
            if name not in shown and (sheet := _worksheet(book, name)) is not None:
                yield name, [_TEXTS[type(cell)](cell) for row in sheet.iter_rows() for cell in row if cell != ""]


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of a sheet, as columns from column A on; `before` is the number of rows before them."""

    file: str
    columns: list[list[Value]]
    before: int

    def texts(self, needed: Callable[[int], bool] = lambda _: True) -> list[list[str]]:
        """Return the cells as text, by column.

        Raise `SourceError` for a number that Excel has rounded, or displays in a way that cannot be reproduced, in a
        column for whose number, from 0, `needed` is true.
        """
        for number, column in enumerate(self.columns):
            # A column that nobody reads may hold telephone numbers of any length.
            if needed(number):
                _refuse_inexact(self.file, column, number, self.before)
        return [[_TEXTS[type(value)](value) for value in column] for column in self.columns]


def read_sheet(file: str, sheet: str | None, *, start_only: bool = False) -> Iterator[Cells]:
    """Yield a sheet's cells, some ten thousand rows at a time; with `start_only` only the first rows.

    Without `sheet` the workbook must have exactly one visible sheet with cells.
    """
    from arfeed.tables.workbook.cells import find_special_cells

    with _open(file) as (data, book):
        chosen = _choose_sheet(file, book, sheet)
        special = find_special_cells(file, data, chosen.name, start_only=start_only)
        # calamine omits the columns before the first cell, but not the rows.
        _, blank = chosen.start or (0, 0)
        rows = iter(chosen.iter_rows())
        done = 0
        while chunk := list(islice(rows, _START if start_only else _ROWS)):
            left: list[list[Value]] = [[""] * len(chunk) for _ in range(blank)]
            # calamine gives all rows the same width.
            columns = [*left, *(list(column) for column in zip(*chunk, strict=True))]
            for number, column in enumerate(columns):
                _replace(column, special.get(number, {}), done)
            yield Cells(file, columns, done)
            if start_only:
                return
            done += len(chunk)


@contextmanager
def open_sheet(file: str, sheet: str | None) -> Iterator[tuple[IO[bytes], str]]:
    """Open a workbook's content, and say which sheet is read of it."""
    with _open(file) as (data, book):
        yield data, _choose_sheet(file, book, sheet).name


def raw_blocks(file: str) -> Iterator[bytes]:
    """Yield the XML of all members of a workbook, piece by piece."""
    with _open(file) as (data, _), zipfile.ZipFile(data) as archive:
        for member in archive.namelist():
            with archive.open(member) as content:
                while block := content.read(_BLOCK):
                    yield block


@contextmanager
def _open(file: str) -> Iterator[tuple[IO[bytes], CalamineWorkbook]]:
    from python_calamine import CalamineError, load_workbook

    with open_binary(file) as data:
        try:
            # calamine opens OpenDocument files and .xlsb too, but the cells' formats are read from XML alone.
            if why := _foreign(file, data):
                raise SourceError(f"{file}: {why}")
            data.seek(0)
            with closing(load_workbook(data)) as book:
                yield data, book
        except (CalamineError, zipfile.BadZipFile, ElementTree.ParseError, KeyError) as exc:
            why = _damaged_part(file) or f"it is not a complete Excel workbook ({exc}); export it again, or {_SAVE_AS}"
            raise SourceError(f"{file}: {why}") from exc


def _damaged_part(file: str) -> str | None:
    """Return which of a workbook's parts beside its sheets is not XML, and what to do; None if all are."""
    with suppress(zipfile.BadZipFile), open_binary(file) as data, zipfile.ZipFile(data) as archive:
        for part in archive.namelist():
            if part.startswith("xl/") and part.count("/") == 1 and part.endswith(".xml"):
                try:
                    ElementTree.fromstring(archive.read(part))  # noqa: S314 - expat bounds what entities become
                except ElementTree.ParseError as exc:
                    return f"its part {part} is damaged ({exc}); open it in Excel, save it and try again"
    return None


def _foreign(file: str, data: IO[bytes]) -> str | None:
    """Return what a ZIP archive that is not an Excel workbook is instead, if it is recognized, and what to do."""
    with zipfile.ZipFile(data) as archive:
        names = archive.namelist()
        if any(name.startswith("Index/") and name.endswith(".iwa") for name in names):
            return "it is a file of Apple Numbers; export it from there as CSV or Excel (File > Export To)"
        if "mimetype" in names and b"opendocument" in archive.read("mimetype"):
            return (
                "it is an OpenDocument file, as LibreOffice writes (.ods); save it there as an Excel workbook (.xlsx)"
            )
        if "xl/workbook.bin" in names:
            return f"it is a binary Excel workbook (.xlsb); {_SAVE_AS}"
        if "xl/workbook.xml" in names:
            return None
        tables = [name for name in names if name.lower().endswith((".csv", ".tsv", ".txt", ".xlsx"))]
        if tables:
            inside = f"zip://{tables[0]}::{file}"
            return f'it is a ZIP archive with {", ".join(tables[:3])}; set path = "{inside}", or unpack it'
    return None


def _visible(book: CalamineWorkbook) -> list[str]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    return [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    ]


def _worksheet(book: CalamineWorkbook, name: str) -> CalamineSheet | None:
    """Return a sheet; None for a chart or a macro."""
    from python_calamine import SheetTypeEnum

    kinds = {sheet.name: sheet.typ for sheet in book.sheets_metadata}
    return book.get_sheet_by_name(name) if kinds[name] == SheetTypeEnum.WorkSheet else None


def _choose_sheet(file: str, book: CalamineWorkbook, name: str | None) -> CalamineSheet:
    names = _visible(book)
    found = [sheet for sheet in map(book.get_sheet_by_name, names) if sheet.end is not None]
    if name is not None:
        found = [sheet for sheet in found if sheet.name.strip().casefold() == name.strip().casefold()]
    # Sheets without cells do not count: Excel used to make three of them for a new workbook.
    if len(found) == 1:
        return found[0]
    listed = ", ".join(repr(each) for each in names)
    if name is None and len(found) > 1:
        raise SourceError(f"{file}: it has several sheets ({listed}); name one, as in sheet = {names[0]!r}")
    what = "it has no cells" if name is None else f"it has no sheet {name!r} with cells"
    raise SourceError(f"{file}: {what}; found {listed}; export it again")


def letters(count: int) -> list[str]:
    """Return the names of a spreadsheet's first columns: A to Z, AA, AB, …"""
    return [_letters(number) for number in range(1, count + 1)]


def _letters(number: int) -> str:
    before, last = divmod(number - 1, 26)
    return (_letters(before) if before else "") + chr(ord("A") + last)


def _replace(column: list[Value], special: Mapping[int, str | Format], before: int) -> None:
    for row, shown in special.items():
        if 0 <= row - before < len(column):
            column[row - before] = shown if isinstance(shown, str) else _format(column[row - before], shown)


def _format(value: Value, form: Format) -> Value:
    """Return a number with its format's currency before it."""
    # Too many digits: refused where the column is needed, in words about that.
    if not isinstance(value, int | float) or abs(value) >= EXACT:
        return value
    text = _TEXTS[type(value)](value)
    shown = form.shown(text)
    if form.conditional or shown is None:
        return Unshown(text, form.code)
    text = shown
    return f"-{form.currency}{text[1:]}" if text.startswith("-") else f"{form.currency}{text}"


def _refuse_inexact(file: str, column: Sequence[Value], number: int, before: int) -> None:
    for row, value in enumerate(column):
        if isinstance(value, float):
            if abs(value) < EXACT:
                continue
            why = f"the number {value:.0f} has more than 15 digits, and Excel keeps no more than 15"
        elif isinstance(value, Unshown):
            why = f"the number format {value.code!r} displays {value.number} in a way that can't be reproduced"
        else:
            continue
        cell = f"{_letters(number + 1)}{before + row + 1}"
        raise SourceError(f"{file} cell {cell}: {why}; make the column text where the file comes from")


def _number(value: float) -> str:
    """Return a number with 15 significant digits, as Excel displays it: further ones are noise of binary fractions."""
    text = str(int(value)) if value.is_integer() else f"{value:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def _moment(value: datetime) -> str:
    # To Excel a day is a moment, at midnight.
    return value.isoformat(sep=" ").removesuffix(" 00:00:00")


_TEXTS: Mapping[type, Callable[..., str]] = {
    str: str,
    int: str,
    float: _number,
    # As Excel shows them.
    bool: lambda value: str(value).upper(),
    datetime: _moment,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: str,
    Unshown: lambda value: value.number,
}

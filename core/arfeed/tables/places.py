"""Locating a row for people: the line that an editor shows, or the row of a sheet."""

from __future__ import annotations

from arfeed.model.errors import SourceError
from arfeed.tables.dbase import is_dbase
from arfeed.tables.separated.text import physical_lines
from arfeed.tables.workbook.sheets import is_workbook


def locate(origin: str, file: str, *, delimiter: str | None = None) -> str:
    """Return `books.csv line 9` for the origin `books.csv#7`, `books.xlsx row 7` for that of a workbook.

    `file` is what `find_files` returned, so that a file on a server can be read again. If that fails, or the line is
    unknown, return `books.csv record 7`: records are counted without blank lines, and may span several lines.
    """
    _, _, number = origin.rpartition("#")
    try:
        if is_dbase(file) or is_workbook(file):
            return f"{file} row {number}"
        # Latin-1 decodes any file, and in all encodings without a byte order mark lines end with the same bytes.
        line = physical_lines(file, [int(number)], encoding="latin-1", delimiter=delimiter).get(int(number))
    except (SourceError, ValueError):
        line = None
    return f"{file} line {line}" if line else f"{file} record {number}"


def locate_row(origin: str, *, delimiter: str | None = None) -> str:
    """Return the place of a row whose origin names its file as `find_files` did."""
    return locate(origin, origin.rpartition("#")[0], delimiter=delimiter)

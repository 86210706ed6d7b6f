"""Where a row came from, as people find it: the line that an editor shows, or the row of a sheet."""

from __future__ import annotations

from arfeed.model.errors import SourceError
from arfeed.tables.separated.text import physical_lines
from arfeed.tables.workbook.workbook import is_workbook


def locate(origin: str, file: str, *, delimiter: str | None = None) -> str:
    """Return `books.csv line 9` for the origin `books.csv#7`, `books.xlsx row 7` for that of a workbook.

    `file` is what `find_files` gave, so that files on servers can be looked into again. Where that fails, or the line
    is not known, it is `record 7`: records are counted without blank lines, and one may go over several lines.
    """
    _, _, number = origin.rpartition("#")
    try:
        if is_workbook(file):
            return f"{file} row {number}"
        # Which bytes end lines is the same in all encodings without a mark of their own.
        line = physical_lines(file, [int(number)], encoding="latin-1", delimiter=delimiter).get(int(number))
    except (SourceError, ValueError):
        line = None
    return f"{file} line {line}" if line else f"{file} record {number}"

"""Reading tables from files, for connectors. Everything is read as text: guessing types would lose leading zeros."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, TypedDict, Unpack

from arfeed.model.arrow import to_frame
from arfeed.model.errors import SourceError
from arfeed.tables.columns import origins, text_columns
from arfeed.tables.dbase import dbase_header, dbase_tables, is_dbase
from arfeed.tables.flat import csv_header, csv_tables
from arfeed.tables.headings.header import MOST_ROWS, Header, Row, find_header
from arfeed.tables.headings.pages import drop_page_headings
from arfeed.tables.separated.footers import drop_footers
from arfeed.tables.separated.text import find_delimiter, find_encoding
from arfeed.tables.workbook.sheets import Cells, is_workbook, read_sheet

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Reading(TypedDict, total=False):
    """How a file is read; everything may be left out.

    `columns` limits what is kept, and finds the header: the first row that has them all. They may be spelled in another
    way there (`*invoice no` is `Invoice No`) and are returned as they are spelled here. Without `columns` the header is
    the first row. `encoding` and `delimiter` of a CSV file are detected if unset; `fallback` is the encoding of a file
    that is not valid UTF-8 and has no byte order mark: set it if a system is known to write in no other. `sheet` is the
    name of a workbook's sheet.
    """

    columns: Sequence[str]
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    fallback: str | None


def read_header(file: str, **how: Unpack[Reading]) -> list[str]:
    """Return a CSV, XLSX or DBF file's header: stripped, `column 3` for a blank name, `Name (2)` for a repeated one."""
    columns = how.get("columns", ())
    # By content, in this order: the name of an export says little, and text is what is left.
    if is_dbase(file):
        return dbase_header(file, how.get("encoding"), columns).named
    if is_workbook(file):
        # The first rows only, as a workbook is slow to read.
        return _sheet_header(file, next(read_sheet(file, how.get("sheet"), start_only=True)), columns).names
    encoding = find_encoding(file, how.get("encoding"), how.get("fallback"))
    return csv_header(file, encoding, find_delimiter(file, encoding, how.get("delimiter")), columns).named


def read_table(file: str, **how: Unpack[Reading]) -> pd.DataFrame:
    """Read a whole CSV, XLSX or DBF file as `read_tables` does."""
    import pandas as pd

    return pd.concat(read_tables(file, **how), ignore_index=True)


def read_tables(file: str, **how: Unpack[Reading]) -> Iterator[pd.DataFrame]:
    """Read a CSV, XLSX or DBF file as text in frames of some ten thousand rows, at least one.

    They have the header's names and `origin` (`file#record`, for a workbook `file#row`; the header is counted too).
    Raise `SourceError` if the file can't be decoded, a record has another number of fields than the header, a quote is
    left open, or a column is missing.
    """
    return map(to_frame, read_arrow(file, **how))


def read_to_the_end(file: str, **how: Unpack[Reading]) -> Iterator[pd.DataFrame]:
    """Read a file as `read_tables` does, with what a program prints below a list, such as `Page 1 of 1`."""
    return map(to_frame, _read(file, how, footers=True))


def read_arrow(file: str, **how: Unpack[Reading]) -> Iterator[pa.Table]:
    """Read a CSV, XLSX or DBF file as `read_tables` does, but return Arrow tables of large strings."""
    return _read(file, how, footers=False)


def _read(file: str, how: Reading, *, footers: bool) -> Iterator[pa.Table]:
    columns = how.get("columns", ())
    if is_dbase(file):
        return dbase_tables(file, how.get("encoding"), columns)
    if is_workbook(file):
        rows = _sheet_tables(file, how.get("sheet"), columns)
        return rows if footers else drop_footers(rows)
    encoding = find_encoding(file, how.get("encoding"), how.get("fallback"))
    delimiter = find_delimiter(file, encoding, how.get("delimiter"))
    return csv_tables(file, encoding, delimiter, columns, footers=footers)


def table_from_records(records: Iterable[Mapping[str, object]], *, origin: str) -> pd.DataFrame:
    """Return a frame of text from JSON-like records. Raise `SourceError` for a float: money must come as text."""
    rows = [{key: _as_text(key, value, origin) for key, value in record.items()} for record in records]
    names = list(dict.fromkeys(name for row in rows for name in row))
    made = text_columns(([row.get(name, "") for row in rows] for name in names), names)
    return to_frame(made.append_column("origin", origins(origin, 1, len(rows))))


def _as_text(key: str, value: object, origin: str) -> str:
    if isinstance(value, float):
        raise SourceError(f"{origin}: {key} is the float {value!r}; read it as text or Decimal, floats lose cents")
    if isinstance(value, Decimal):
        # `str` would write 1E+2.
        return f"{value:f}"
    return "" if value is None else str(value)


def _sheet_header(file: str, cells: Cells, columns: Sequence[str]) -> Header:
    # An inexact number in a row above the header, or in a column that is not wanted, does no harm.
    texts = cells.texts(lambda _: False)
    rows = (Row(number, row) for number, row in enumerate(zip(*texts, strict=True), 1))
    return find_header(file, list(islice((row for row in rows if any(row.cells)), MOST_ROWS)), columns)


def _sheet_tables(file: str, sheet: str | None, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows below the header, except blank ones: formatted cells often reach far below the last row."""
    import pyarrow.compute as pc

    header: Header | None = None
    for cells in read_sheet(file, sheet):
        header = header or _sheet_header(file, cells, columns)
        names = header.names
        kept = list(columns) or names
        read = text_columns(cells.texts(lambda number: names[number] in kept), names)  # noqa: B023 - called at once
        # Over all columns: a row with text in any of them is not blank.
        filled = functools.reduce(pc.or_, (pc.not_equal(column, "") for column in read.columns))
        rows = read.select(kept).append_column("origin", origins(file, cells.before + 1, len(read)))
        below = max(header.line - cells.before, 0)
        yield drop_page_headings(rows.slice(below).filter(filled.slice(below)), header)

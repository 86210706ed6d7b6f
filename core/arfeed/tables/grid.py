"""Every cell of a file as text, where nothing says yet which row is the header: reports have titles and groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from arfeed.model.arrow import to_frame
from arfeed.model.errors import SourceError
from arfeed.tables.separated.text import (
    Stream,
    blocks,
    find_delimiter,
    find_encoding,
    records,
    refuse_open_quote,
    wrongly_encoded,
)
from arfeed.tables.workbook.workbook import is_workbook, letters, raw_blocks, read_sheet

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BLOCK = 1 << 22
_ROWS = 20_000


def read_grid(
    file: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    fallback: str | None = None,
) -> Iterator[pd.DataFrame]:
    """Read every cell of a CSV or XLSX file as text, in frames of some ten thousand rows.

    All frames have the same columns: A, B, … for as many as the widest row has (shorter ones end in blanks), and
    `origin` (`file#record`, for a workbook `file#row`). Blank lines of a CSV file are passed over. `fallback` is the
    encoding of a file that is not UTF-8 and has no mark of its own. Raise `SourceError` where the file can't be
    decoded, a quote is left open, or a workbook's cell has no exact value.
    """
    done = 0
    for table in _tables(file, encoding, delimiter, sheet, fallback):
        yield to_frame(table.append_column("origin", origins(file, done + 1, table.num_rows)))
        done += table.num_rows


def mentions(file: str, words: str, encoding: str | None = None) -> bool:
    """Whether some words, in ASCII, stand anywhere in a CSV or XLSX file."""
    wanted, rest = words.encode(), b""
    read = raw_blocks(file) if is_workbook(file) else blocks(file, find_encoding(file, encoding))
    for block in read:
        if wanted in rest + block:
            return True
        rest = block[-len(wanted) :]
    return False


def _tables(
    file: str, encoding: str | None, delimiter: str | None, sheet: str | None, fallback: str | None
) -> Iterator[pa.Table]:
    if is_workbook(file):
        return (text_columns(cells.texts(), letters(len(cells.columns))) for cells in read_sheet(file, sheet))
    known = find_encoding(file, encoding, fallback)
    return _csv_tables(file, known, find_delimiter(file, known, delimiter))


def _csv_tables(file: str, encoding: str, delimiter: str) -> Iterator[pa.Table]:
    import pyarrow as pa

    from arfeed.tables.separated.quotes import Quotes
    from arfeed.tables.separated.shape import padded, widest

    quotes = Quotes(delimiter)
    try:
        width = widest(quotes.watch(blocks(file, encoding)), delimiter)
        if quotes.doubtful:
            yield from _csv_tables_by_record(file, encoding, delimiter)
            return
        data = Stream(padded(blocks(file, encoding), delimiter, width))
        yield from batches(data, letters(width), delimiter)
    except (pa.ArrowInvalid, UnicodeDecodeError) as exc:
        raise SourceError(unreadable(file, encoding, exc)) from exc


def _csv_tables_by_record(file: str, encoding: str, delimiter: str) -> Iterator[pa.Table]:
    """Read a file in which quotes stand inside of fields, as in 5" pipe: Python's reader tells them apart."""
    refuse_open_quote(file, encoding, delimiter)
    width = max(len(fields) for _, fields in records(file, encoding, delimiter, strict=True))
    rows = (fields for _, fields in records(file, encoding, delimiter, strict=True))
    while chunk := list(islice(rows, _ROWS)):
        # A blank row of full width before the others makes all of them as wide.
        columns = zip_longest([""] * width, *chunk, fillvalue="")
        yield text_columns(columns, letters(width)).slice(1)


def unreadable(file: str, encoding: str, exc: Exception) -> str:
    """Say why Arrow could not read a CSV file."""
    if isinstance(exc, UnicodeDecodeError) or "UTF8" in str(exc):
        return wrongly_encoded(file, encoding)
    return f"{file}: it can't be read as CSV: {exc}"


def text_columns(columns: Iterable[Sequence[str]], names: Sequence[str]) -> pa.Table:
    """Return columns of text as a table."""
    import pyarrow as pa

    return pa.table([pa.array(column, pa.large_string()) for column in columns], names=list(names))


def batches(
    data: Stream, names: Sequence[str], delimiter: str, wanted: Sequence[str] = (), lines: int = -1
) -> Iterator[pa.Table]:
    """Read CSV as text under these names, behind so many lines and a header; from the start on where that is -1.

    Arrow passes over blank lines, and refuses records that are not as wide as there are names.
    """
    import pyarrow as pa
    from pyarrow import csv

    skipped = {"skip_rows": lines, "skip_rows_after_names": 1} if lines >= 0 else {}
    options = csv.ReadOptions(column_names=names, block_size=_BLOCK, use_threads=False, **skipped)
    parsing = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    types = dict.fromkeys(names, pa.large_string())
    kept = list(dict.fromkeys(wanted))
    converting = csv.ConvertOptions(column_types=types, strings_can_be_null=False, include_columns=kept)
    with csv.open_csv(data, options, parsing, converting) as reader:
        yield from _ahead(pa.Table.from_batches([batch]) for batch in reader)


def _ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables while another thread, mostly inside of Arrow, reads the next one."""
    with ThreadPoolExecutor(1, "arfeed-reading") as reading:
        following = reading.submit(next, tables, None)
        while (table := following.result()) is not None:
            following = reading.submit(next, tables, None)
            yield table


def origins(file: str, first: int, rows: int) -> pa.Array:
    """Name rows by their file and number, counted on from the first one's."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.cast(pa.array(np.arange(first, first + rows)), pa.large_string())
    return pc.binary_join_element_wise(pa.scalar(file, pa.large_string()), numbers, pa.scalar("#", pa.large_string()))

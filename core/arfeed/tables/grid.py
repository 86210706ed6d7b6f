"""Every cell of a file as text, for files whose header is not known yet: reports have titles and groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from arfeed.model.arrow import to_frame
from arfeed.model.errors import SourceError
from arfeed.tables.columns import origins, text_columns
from arfeed.tables.separated.text import (
    Stream,
    blocks,
    explain_wrong_encoding,
    find_delimiter,
    find_encoding,
    records,
    refuse_open_quote,
)
from arfeed.tables.workbook.sheets import is_workbook, letters, raw_blocks, read_sheet

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

    All frames have the same columns: A, B, … up to the width of the widest row (shorter rows end in blanks), and
    `origin` (`file#record`, for a workbook `file#row`). Blank lines of a CSV file are skipped. `fallback` is the
    encoding of a file that is not valid UTF-8 and has no byte order mark. Raise `SourceError` if the file can't be
    decoded, a quote is left open, or a workbook's cell has no exact value.
    """
    done = 0
    for table in _tables(file, encoding, delimiter, sheet, fallback):
        yield to_frame(table.append_column("origin", origins(file, done + 1, table.num_rows)))
        done += table.num_rows


def mentions(file: str, words: str, encoding: str | None = None) -> bool:
    """Whether a CSV or XLSX file contains some ASCII words anywhere."""
    wanted, rest = words.encode(), b""
    read = raw_blocks(file) if is_workbook(file) else blocks(file, find_encoding(file, encoding))
    for block in read:
        if wanted in rest + block:
            return True
        # The words may begin in one block and end in the next.
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
    from arfeed.tables.separated.shape import max_width, pad

    quotes = Quotes(delimiter)
    try:
        # Read twice: Arrow has to know the width before the first record.
        width = max_width(quotes.watch(blocks(file, encoding)), delimiter)
        if quotes.doubtful:
            yield from _csv_tables_by_record(file, encoding, delimiter)
            return
        data = Stream(pad(blocks(file, encoding), delimiter, width))
        yield from read_batches(data, letters(width), delimiter)
    except (pa.ArrowInvalid, UnicodeDecodeError) as exc:
        raise SourceError(explain_unreadable(file, encoding, exc)) from exc


def _csv_tables_by_record(file: str, encoding: str, delimiter: str) -> Iterator[pa.Table]:
    """Read a file that has quotes inside fields, as in 5" pipe, with Python's csv module, which accepts them."""
    refuse_open_quote(file, encoding, delimiter)
    width = max(len(fields) for _, fields in records(file, encoding, delimiter, strict=True))
    rows = (fields for _, fields in records(file, encoding, delimiter, strict=True))
    while chunk := list(islice(rows, _ROWS)):
        # zip_longest pads to the longest row, so a blank row of full width, cut off again below, pads all of them.
        columns = zip_longest([""] * width, *chunk, fillvalue="")
        yield text_columns(columns, letters(width)).slice(1)


def explain_unreadable(file: str, encoding: str, exc: Exception) -> str:
    """Return a message why Arrow could not read a CSV file."""
    if isinstance(exc, UnicodeDecodeError) or "UTF8" in str(exc):
        return explain_wrong_encoding(file, encoding)
    return f"{file}: it can't be read as CSV: {exc}"


def read_batches(
    data: Stream, names: Sequence[str], delimiter: str, wanted: Sequence[str] = (), lines: int = -1
) -> Iterator[pa.Table]:
    """Read CSV as text under these names, after skipping `lines` lines and a header; from the start if that is -1.

    `wanted` limits the columns that are returned. Arrow skips blank lines, and raises for records of another width.
    """
    import pyarrow as pa
    from pyarrow import csv

    skipped = {"skip_rows": lines, "skip_rows_after_names": 1} if lines >= 0 else {}
    # `_ahead` reads in another thread already.
    options = csv.ReadOptions(column_names=names, block_size=_BLOCK, use_threads=False, **skipped)
    parsing = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    types = dict.fromkeys(names, pa.large_string())
    kept = list(dict.fromkeys(wanted))
    # Without nulls, since a customer may be called NA or Null.
    converting = csv.ConvertOptions(column_types=types, strings_can_be_null=False, include_columns=kept)
    with csv.open_csv(data, options, parsing, converting) as reader:
        yield from _read_ahead(pa.Table.from_batches([batch]) for batch in reader)


def _read_ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables while another thread, mostly in Arrow without the GIL, reads the next one."""
    with ThreadPoolExecutor(1, "arfeed-reading") as reading:
        following = reading.submit(next, tables, None)
        while (table := following.result()) is not None:
            following = reading.submit(next, tables, None)
            yield table

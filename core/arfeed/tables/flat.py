"""CSV files with a header: every record must have its width, up to the very end of the file."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from arfeed.model import arrow
from arfeed.model.errors import SourceError
from arfeed.tables.columns import origins
from arfeed.tables.grid import explain_unreadable, read_batches
from arfeed.tables.headings.header import MOST_ROWS, Header, Row, find_header
from arfeed.tables.headings.pages import drop_page_headings
from arfeed.tables.places import locate
from arfeed.tables.separated.rules import blank_rules, is_rule
from arfeed.tables.separated.tail import drop_footer_lines
from arfeed.tables.separated.text import Stream, blocks, first_records, records, refuse_open_quote

if TYPE_CHECKING:
    import pyarrow as pa

_ENOUGH = 100
"""Fields above the last one that it is compared with."""


def csv_header(file: str, encoding: str, delimiter: str, columns: Sequence[str]) -> Header:
    """Find the header of a CSV file."""
    rows = [Row(*record) for record in first_records(file, encoding, delimiter, MOST_ROWS)]
    # A line for Excel, which names the separator.
    if len(rows) > 1 and rows[0].cells[0].lower().startswith("sep="):
        header = find_header(file, rows[1:], columns)
        return header._replace(position=header.position + 1)
    return find_header(file, rows, columns)


def csv_tables(
    file: str, encoding: str, delimiter: str, columns: Sequence[str], *, footers: bool = False
) -> Iterator[pa.Table]:
    """Yield the rows below the header, and with `footers` what a program prints below them.

    Raise `SourceError` for a record of another width, or for signs of a cut.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from arfeed.tables.separated.quotes import Quotes

    header = csv_header(file, encoding, delimiter, columns)
    kept = list(columns) or header.named
    if _only_a_header(file, encoding, delimiter, header):
        yield pa.table({name: pa.array([], pa.large_string()) for name in (*kept, "origin")})
        return
    quotes = Quotes(delimiter)
    whole = blocks(file, encoding)
    if not footers:
        whole = drop_footer_lines(whole, delimiter, len(header.names))
    data = Stream(blank_rules(whole, quotes, delimiter, len(header.names)))
    *_, last = header.names
    # Records are counted with the header, as a spreadsheet does.
    before = done = header.position + 1
    ending, blank = pa.array([], pa.large_string()), pa.array([], pa.bool_())
    try:
        # The surplus columns have to be blank, and the last one shows a cut; neither is kept for its own sake.
        for read in read_batches(data, header.names, delimiter, [*kept, *header.surplus, last], header.line - 1):
            _refuse_surplus(file, header, read, done, delimiter)
            rows = read.select(kept).append_column("origin", origins(file, done + 1, len(read)))
            if _may_be_blank(read, [*kept, last]):
                # Rarely needed: this reads the whole file again.
                blank = blank if len(blank) else _blank_rows(file, encoding, delimiter, header, footers=footers)
                rows = rows.filter(pc.invert(blank.slice(done - before, len(read))))
            yield drop_page_headings(rows, header)
            done += len(read)
            # With the end of the frame before: the last frame may hold a single row.
            ending = pa.concat_arrays([ending[-_ENOUGH:], arrow.as_single_chunk(read[last])])
    except (pa.ArrowInvalid, UnicodeDecodeError) as exc:
        raise SourceError(_explain_failure(file, header, encoding, delimiter, exc)) from exc
    # Only now: Arrow reads on through an open quote without an error, and a stricter reader has to decide.
    if quotes.doubtful:
        refuse_open_quote(file, encoding, delimiter)
    # A last row of nothing but separators has no field that could be cut.
    if not quotes.ended and not (len(blank) and blank[-1].as_py()):
        _refuse_cut(file, ending)


def _may_be_blank(rows: pa.Table, names: Sequence[str]) -> bool:
    """Whether all of these columns are blank in some row. The first column alone usually rules that out."""
    import pyarrow.compute as pc

    blank = pc.equal(rows[names[0]], "")
    for name in names[1:]:
        if not pc.any(blank).as_py():
            return False
        blank = pc.and_(blank, pc.equal(rows[name], ""))
    return bool(pc.any(blank).as_py())


def _blank_rows(file: str, encoding: str, delimiter: str, header: Header, *, footers: bool) -> pa.Array:
    """Return which records below the header are all blank, such as `;;;;`, which Excel writes for cleared rows.

    It reads the file again, with all of its columns.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from arfeed.tables.separated.quotes import Quotes

    whole = blocks(file, encoding)
    if not footers:
        whole = drop_footer_lines(whole, delimiter, len(header.names))
    data = Stream(blank_rules(whole, Quotes(delimiter), delimiter, len(header.names)))
    read = read_batches(data, header.names, delimiter, header.names, header.line - 1)
    found = [functools.reduce(pc.and_, (pc.equal(column, "") for column in rows.columns)) for rows in read]
    return pa.concat_arrays([arrow.as_single_chunk(each) for each in found])


def _only_a_header(file: str, encoding: str, delimiter: str, header: Header) -> bool:
    """Whether nothing follows the header: Arrow fails on such a file if its last line has no line end."""
    with suppress(csv.Error):
        return next(islice(records(file, encoding, delimiter), header.position + 1, None), None) is None
    return False


def _refuse_surplus(file: str, header: Header, rows: pa.Table, before: int, delimiter: str) -> None:
    """Raise `SourceError` for text in a column without a header."""
    import pyarrow.compute as pc

    for name in header.surplus:
        place = pc.index(pc.not_equal(rows[name], ""), value=True).as_py()
        if place >= 0:
            where = locate(f"{file}#{before + place + 1}", file, delimiter=delimiter)
            raise SourceError(
                f"{where}: it has more fields than the header, among them "
                f"{rows[name][place].as_py()!r}; export it again"
            )


def _refuse_cut(file: str, column: pa.Array) -> None:
    """Raise `SourceError` if the last field of a last line without line end has another shape than those above.

    Many programs write no line end there. But if all fields above are like 12.50 or 2026-04-07, and the last one is 12
    or 2026-04-0, the file was cut off. A field's shape is its last mark and the number of digits after it.
    """
    import pyarrow.compute as pc

    tails = pc.struct_field(pc.extract_regex(column, r"(?P<tail>(?:^|\D)\d*)$"), "tail")
    shapes = pc.replace_substring_regex(pc.replace_substring_regex(tails, r"^\d+$", "9"), r"\d", "9")
    # Only if all above are alike: with fields of many shapes nothing can be concluded from the last.
    *above, last = shapes.to_pylist()
    if len({*above}) == 1 and last != above[0] and re.fullmatch(r"9|[.,/:-]9+", above[0]):
        raise SourceError(
            f"{file}: its last line has no line end, and its last field {column[-1].as_py()!r} is not like those above "
            f"it ({column[-2].as_py()!r}); the file may be cut off: export it again"
        )


def _explain_failure(file: str, header: Header, encoding: str, delimiter: str, exc: Exception) -> str:
    with suppress(csv.Error):
        for line, fields in islice(records(file, encoding, delimiter), header.position, None):
            if len(fields) != len(header.names) and not is_rule(fields):
                # A line of one text alone may be the heading of a page, too.
                paged = ", or printed in pages" if len(fields) == 1 else ""
                why = f"the file may be cut off{paged}: export it again"
                return (
                    f"{file} line {line}: it has {len(fields)} fields where the header has {len(header.names)} "
                    f"({delimiter.join(fields)[:60]!r}); {why}"
                )
    return explain_unreadable(file, encoding, exc)

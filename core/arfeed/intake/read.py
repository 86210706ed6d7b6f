"""Tables from files, for connectors: everything is read as text, since guessing types is what loses leading zeros."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, count, islice
from typing import TYPE_CHECKING

from arfeed.errors import SourceError
from arfeed.intake.files import open_binary
from arfeed.schema import table_frame

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = ",;\t|"
_SAMPLE = 1 << 16
_BLOCK = 1 << 22


def read_header(file: str, *, encoding: str | None = None, delimiter: str | None = None) -> list[str]:
    """Return the header of a CSV file: stripped, with `column 3` for a blank name and `Name (2)` for a repeated one."""
    head = _head(file, encoding)
    first = next(csv.reader(io.StringIO(head, newline=""), delimiter=_mark(file, head, delimiter)), [])
    if not any(name.strip() for name in first):
        raise SourceError(f"{file}: there is no header in line 1; export it again")
    return _distinct([name.strip() for name in first])


def read_table(
    file: str, *, columns: Sequence[str] | None = None, encoding: str | None = None, delimiter: str | None = None
) -> pd.DataFrame:
    """Read a whole CSV file as `read_tables` does."""
    import pandas as pd

    frames = read_tables(file, columns=columns, encoding=encoding, delimiter=delimiter)
    return pd.concat(frames, ignore_index=True)


def read_tables(
    file: str, *, columns: Sequence[str] | None = None, encoding: str | None = None, delimiter: str | None = None
) -> Iterator[pd.DataFrame]:
    """Read a CSV file as text in frames of some ten thousand rows, at least one: a large file takes little room.

    They have the file's own headers and `origin` (`file#record`, records counted from 1). `columns` limits what is
    kept, by header. Raise `SourceError` where the file can't be decoded, a record has another number of fields than
    the header, a quote is left open, or a column is missing.
    """
    import pyarrow as pa

    from arfeed.intake.quotes import Quotes

    header = read_header(file, encoding=encoding, delimiter=delimiter)
    mark = _delimiter(file, encoding, delimiter)
    missing = [name for name in columns or () if name not in header]
    if missing:
        raise SourceError(f"{file}: there is no column {missing[0]!r}; found {', '.join(header)}")
    kept = list(columns) if columns else header
    if _only_a_header(file, encoding, mark):
        yield table_frame(pa.table({name: pa.array([], pa.large_string()) for name in (*kept, "origin")}))
        return
    rows = 0
    try:
        with open_binary(file) as data:
            quotes = Quotes(data, mark)
            for batch in _batches(quotes, header, kept, _encoding(file, encoding), mark):
                read = pa.Table.from_batches([batch])
                yield table_frame(read.append_column("origin", _origins(file, rows, read.num_rows)))
                rows += read.num_rows
    except (pa.ArrowInvalid, UnicodeDecodeError) as exc:
        raise SourceError(_why_unreadable(file, header, encoding, mark, exc)) from exc
    if quotes.doubtful or codecs.lookup(_encoding(file, encoding)).name.startswith(("utf-16", "utf-32")):
        _refuse_open_quote(file, encoding, mark)


def _batches(
    data: io.RawIOBase, header: Sequence[str], kept: Sequence[str], encoding: str, mark: str
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import csv as pacsv

    reading = pacsv.ReadOptions(
        column_names=header,
        skip_rows_after_names=1,
        encoding=encoding.removesuffix("-sig"),
        block_size=_BLOCK,
    )
    parsing = pacsv.ParseOptions(delimiter=mark, newlines_in_values=True)
    converting = pacsv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.large_string()), include_columns=kept, strings_can_be_null=False
    )
    with pacsv.open_csv(data, reading, parsing, converting) as batches:
        yield from batches


def table(records: Iterable[Mapping[str, object]], *, origin: str) -> pd.DataFrame:
    """Make a frame of text from JSON-like records. Raise `SourceError` for a float: money must come as text."""
    import pyarrow as pa

    rows = [{key: _as_text(key, value, origin) for key, value in record.items()} for record in records]
    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = [pa.array([row.get(name, "") for row in rows], pa.large_string()) for name in names]
    return table_frame(pa.table([*arrays, _origins(origin, 0, len(rows))], names=[*names, "origin"]))


def _as_text(key: str, value: object, origin: str) -> str:
    if isinstance(value, float):
        raise SourceError(f"{origin}: {key} is the float {value!r}; read it as text or Decimal, floats lose cents")
    return "" if value is None else str(value)


def _origins(file: str, before: int, rows: int) -> pa.Array:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.cast(pa.array(np.arange(before + 1, before + rows + 1)), pa.large_string())
    return pc.binary_join_element_wise(pa.scalar(file, pa.large_string()), numbers, pa.scalar("#", pa.large_string()))


def physical_lines(
    file: str, records: Iterable[int], *, encoding: str | None = None, delimiter: str | None = None
) -> dict[int, int]:
    """Return the line each record starts in. Reads the file again, so it is only done for rows with problems."""
    wanted = set(records)
    found: dict[int, int] = {}
    with suppress(csv.Error):  # behind a field of over 128 KiB, lines are not known
        for record, (line, _) in enumerate(_records(file, encoding, delimiter)):
            if record in wanted:
                found[record] = line
            if len(found) == len(wanted):
                break
    return found


def _records(
    file: str, encoding: str | None, delimiter: str | None, *, strict: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank, the header first, with the line it starts in."""
    mark = _delimiter(file, encoding, delimiter)
    with _text(file, encoding) as text:
        reader = csv.reader(text, delimiter=mark, strict=strict)
        line = 1
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1


def _only_a_header(file: str, encoding: str | None, mark: str) -> bool:
    """Whether nothing follows the header; Arrow can't read such a file if its last line has no end."""
    with suppress(csv.Error, UnicodeDecodeError):
        return next(islice(_records(file, encoding, mark), 1, None), None) is None
    return False


def _refuse_open_quote(file: str, encoding: str | None, mark: str) -> None:
    """Raise `SourceError` where a quoted field never ends: Arrow takes all rows up to the next quote for its text."""
    line = 1
    try:
        for start, _ in _records(file, encoding, mark, strict=True):
            line = start
    except csv.Error as exc:
        raise SourceError(
            f"{file}: behind line {line} a quote is opened and not closed, so rows would be taken for text; "
            "the file may be cut off: export it again"
        ) from exc


def _why_unreadable(file: str, header: Sequence[str], encoding: str | None, delimiter: str, exc: Exception) -> str:
    try:
        for line, fields in _records(file, encoding, delimiter):
            if len(fields) != len(header):
                return (
                    f"{file} line {line}: it has {len(fields)} fields where the header has {len(header)} "
                    f"({delimiter.join(fields)[:60]!r}); the file may be cut off: export it again"
                )
    except (UnicodeDecodeError, csv.Error):
        pass
    if "UTF8" in str(exc) or isinstance(exc, UnicodeDecodeError):
        return _wrongly_encoded(file, encoding)
    return f"{file}: it can't be read as CSV: {exc}"


def _encoding(file: str, declared: str | None) -> str:
    """Return the encoding that the file's byte order mark names, else the declared one, else UTF-8."""
    with open_binary(file) as data:
        head = data.read(4)
    return next((name for mark, name in _BOMS if head.startswith(mark)), declared or "utf-8")


def _delimiter(file: str, encoding: str | None, declared: str | None) -> str:
    return declared or _sniffed(_head(file, encoding))


def _head(file: str, encoding: str | None) -> str:
    try:
        with _text(file, encoding) as text:
            return text.read(_SAMPLE)
    except UnicodeDecodeError as exc:
        raise SourceError(_wrongly_encoded(file, encoding)) from exc


def _wrongly_encoded(file: str, encoding: str | None) -> str:
    return f'{file}: it is not {_encoding(file, encoding).upper()}; name its encoding, for example encoding = "cp1252"'


def _mark(file: str, head: str, declared: str | None) -> str:
    if declared and len(declared) > 1:
        raise SourceError(f"{file}: the delimiter must be a single character, found {declared!r}")
    return declared or _sniffed(head)


def _sniffed(head: str) -> str:
    """Return the separator that splits the header most often, outside of quotes."""
    line = next(iter(head.splitlines()), "")
    unquoted = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=unquoted.count)


def _distinct(names: Sequence[str]) -> list[str]:
    """Tell headers apart: from each other, and from the column `origin` that is added to them."""
    result: list[str] = []
    for number, name in enumerate(names, 1):
        plain = name or f"column {number}"
        spellings = chain([plain], (f"{plain} ({again})" for again in count(2)))
        result.append(next(header for header in spellings if header not in (*result, "origin")))
    return result


def _text(file: str, encoding: str | None) -> io.TextIOWrapper:
    try:
        return io.TextIOWrapper(open_binary(file), encoding=_encoding(file, encoding), newline="")
    except LookupError as exc:
        raise SourceError(f"{file}: there is no encoding {encoding!r}; a usual one is cp1252") from exc

"""Reading tables of dBASE, FoxPro and Clipper (.dbf): exact numbers and dates, without deleted rows."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arfeed.model.errors import SourceError
from arfeed.tables.columns import text_columns
from arfeed.tables.files.opening import open_binary
from arfeed.tables.headings.header import Header, Row, find_header

if TYPE_CHECKING:
    import pyarrow as pa

# The first byte names program and version: dBASE II to IV, FoxPro, Visual FoxPro and others.
_VERSIONS = frozenset((0x02, 0x03, 0x04, 0x30, 0x31, 0x32, 0x43, 0x63, 0x7B, 0x83, 0x8B, 0x8C, 0xCB, 0xE5, 0xF5, 0xFB))
# Behind the fields Visual FoxPro keeps 263 bytes for the path of the database that a table belongs to.
_HEADER, _FIELD, _BACKLINK = 32, 32, 263
_CODE_PAGE = 29
_ROWS = 20_000
_EXACT_DIGITS = 15
"""Up to this many digits a float, which is what the library returns, identifies a single decimal."""


def is_dbase(file: str) -> bool:
    """Whether a file is a table of dBASE or of a descendant: its header has sizes that are consistent.

    A file on a server is opened only if its name ends in .dbf, since it can't be read there anyway.
    """
    if "://" in file and not file.lower().endswith(".dbf"):
        return False
    with open_binary(file) as data:
        return _sizes(data.read(_HEADER)) is not None


def dbase_header(file: str, encoding: str | None, columns: Sequence[str]) -> Header:
    """Return the names of the fields, spelled as in `columns` if they differ in case only."""
    with _open(file, encoding) as table:
        return _header(file, table, columns)


def dbase_tables(file: str, encoding: str | None, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows that are not deleted as text, with `origin` (`file#record`)."""
    import dbf

    with _open(file, encoding) as table:
        header = _header(file, table, columns)
        kept = list(columns) or header.named
        fields = [table.field_names[header.names.index(name)] for name in kept]
        decimals = [_decimals(table, field) for field in fields]
        # Deleted rows are counted, since the programs number records with them.
        records = ((number, record) for number, record in enumerate(table, 1) if not dbf.is_deleted(record))
        chunk = list(islice(records, _ROWS))
        # At least one frame, so that a table without rows has its columns.
        while True:
            values = [
                [_text(file, record[field], places) for _, record in chunk]
                for field, places in zip(fields, decimals, strict=True)
            ]
            numbered = [f"{file}#{number}" for number, _ in chunk]
            yield text_columns([*values, numbered], [*kept, "origin"])
            if len(chunk) < _ROWS:
                return
            chunk = list(islice(records, _ROWS))


def _header(file: str, table: Any, columns: Sequence[str]) -> Header:
    return find_header(file, [Row(1, list(table.field_names))], columns)


def _decimals(table: Any, field: str) -> int | None:
    """Return how many decimals a numeric field has; None for any other field."""
    about = table.field_info(field)
    return int(about.decimal) if chr(about.field_type) in "NF" else None


def _text(file: str, value: Any, decimals: int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and decimals is not None:
        if abs(value) >= 10.0 ** (_EXACT_DIGITS - decimals):
            raise SourceError(f"{file}: {value!r} has more than {_EXACT_DIGITS} digits, which can't be read exactly")
        return f"{value:.{decimals}f}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    # The library's logical values may also be unknown, so they have their own class.
    if isinstance(value, bool) or str(value) in ("True", "False"):
        return str(value).lower()
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value).strip()


def _sizes(start: bytes) -> tuple[int, int] | None:
    """Return the bytes before the first record and those of all records; None if it is not such a file."""
    # The day of the last change is checked as well, since a first byte alone is in many files.
    if len(start) < _HEADER or start[0] not in _VERSIONS or not (1 <= start[2] <= 12 and 1 <= start[3] <= 31):
        return None
    records, header, record = struct.unpack_from("<IHH", start, 4)
    of_fields = (header - _HEADER) % _FIELD
    if header <= _HEADER or record < 2 or of_fields not in (0, 1, 2, (_BACKLINK + 1) % _FIELD):
        return None
    return header, records * record


@contextmanager
def _open(file: str, encoding: str | None) -> Iterator[Any]:
    """Open a file of this machine read-only; the library's own `with` would open it for writing.

    Raise `SourceError` if it is cut off or its code page is unknown.
    """
    try:
        import dbf
    except ModuleNotFoundError:
        raise SourceError(f"{file}: it is a dBASE table, which needs: pip install 'arfeed[dbf]'") from None
    path = Path(file)
    if not path.is_file():
        raise SourceError(
            f"{file}: a dBASE table can be read on this machine only, together with its memo file; copy both here"
        )
    with path.open("rb") as data:
        start = data.read(_HEADER)
    _refuse_cut(path, start)
    if start[_CODE_PAGE] == 0 and encoding is None:
        raise SourceError(
            f"{file}: it does not say which code page its text is in; set `encoding`, such as cp850 or cp437 for a "
            "DOS program, or cp1252 for a Windows program"
        )
    try:
        table = dbf.Table(str(path), codepage=encoding) if encoding else dbf.Table(str(path))
        table.open(dbf.READ_ONLY)
        try:
            yield table
        finally:
            table.close()
    except (dbf.DbfError, LookupError, UnicodeError, OSError) as exc:
        raise SourceError(f"{file}: it can't be read as a dBASE table: {exc}") from exc


def _refuse_cut(path: Path, start: bytes) -> None:
    header, rows = _sizes(start) or (0, 0)
    size = path.stat().st_size
    # With or without the end mark, which is one byte.
    if size not in (header + rows, header + rows + 1):
        raise SourceError(
            f"{path}: by its header it has {header + rows} bytes, but there are {size}: it was cut off, or is "
            "still open in its program; close it there and copy the file again"
        )

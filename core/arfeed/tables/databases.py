"""Recognizing database files, which are not tables, by their first bytes, and where each can be read instead."""

from __future__ import annotations

import struct

_FIREBIRD_HEADER_PAGE = 1
_FIREBIRD_ODS = range(10, 16)
"""Versions of the file's structure, from Firebird 1 to 5; the highest bit marks it as Firebird's."""

_SQL = (
    'it is {what}; read it by the source `sql`, with use = "sql", url = "{url}" and a query of the open invoices '
    "(docs/sql.md)"
)
_ACCESS = (
    "it is a database of Microsoft Access; export the table (not a query, whose rows are not kept): "
    "mdb-export -T '%Y-%m-%d' {file} TABLE > invoices.csv (mdbtools), or in Access as a text file"
)


def database_advice(file: str, start: bytes) -> str | None:
    """Return what database a file is, by its first bytes, and how to read it; None if it is not a database."""
    # SQLite's mark: https://www.sqlite.org/fileformat.html, 1.3.1. DuckDB's follows a checksum of 8 bytes.
    if start.startswith(b"SQLite format 3\0"):
        return _SQL.format(what="an SQLite database", url=f"sqlite:///{file}")
    if start[8:12] == b"DUCK":
        return _SQL.format(what="a DuckDB database", url=f"duckdb:///{file}")
    if start[4:19] in (b"Standard Jet DB", b"Standard ACE DB"):
        return _ACCESS.format(file=file)
    if _is_firebird(start):
        return _SQL.format(what="a Firebird database", url=f"firebird:///{file}")
    return None


def _is_firebird(start: bytes) -> bool:
    """Whether a file begins with a header page: its kind, then at 16 the page size and the version of the structure."""
    if len(start) < 20 or start[0] != _FIREBIRD_HEADER_PAGE:
        return False
    size, ods = struct.unpack_from("<HH", start, 16)
    # Pages are powers of two; with the mark and the version, no text passes for such a header.
    return size >= 1024 and size & (size - 1) == 0 and ods & 0x8000 != 0 and ods & 0x7FFF in _FIREBIRD_ODS

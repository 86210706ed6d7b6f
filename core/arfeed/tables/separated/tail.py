"""The end of a CSV file, where a program may print a line that has not the fields of a row."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from arfeed.tables.separated.footers import are_footers, is_footer_line

_TAIL = 1 << 12


def drop_footer_lines(pieces: Iterator[bytes], delimiter: str, width: int) -> Iterator[bytes]:
    """Yield a CSV file without the last lines if they are a footer; a row has `width` fields."""
    held = b""
    for piece in pieces:
        if len(piece) >= _TAIL:
            if held:
                yield held
            held = piece
        else:
            held += piece
    yield _without_footers(held, delimiter, width)


def _without_footers(data: bytes, delimiter: str, width: int) -> bytes:
    # The first line of what is looked at may have begun before it.
    start = max(len(data) - _TAIL, 0)
    lines = data[start:].splitlines(keepends=True)[1 if start else 0 :]
    gone = seen = 0
    for line in reversed(lines):
        seen += len(line)
        if not line.strip(b"\r\n"):
            continue
        if not _is_footer(line, delimiter, width):
            break
        gone = seen
    return data[: len(data) - gone] if gone else data


def _is_footer(line: bytes, delimiter: str, width: int) -> bool:
    text = line.decode(errors="replace")
    # Within a text of several lines there may be any words.
    if text.count('"') % 2:
        return False
    fields = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), [])
    if len(fields) >= width:
        return are_footers(fields)
    return is_footer_line(fields, delimiter, ended=text != text.rstrip("\r\n"))

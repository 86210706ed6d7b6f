"""Rules across a printed list: a line of dashes where other lines have fields."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

_MARKS = (b"-----", b"=====", b"_____", b"*****")
_RULE = re.compile(rb"^[ \t]*[-=_*+]{5,}[-=_*+ \t]*(?=\r?$)", re.MULTILINE)
_MOST_HELD = 1 << 16


def blank_rules(pieces: Iterator[bytes], delimiter: str, width: int) -> Iterator[bytes]:
    """Yield a CSV file with each rule as a blank record of this many fields, so that records keep their numbers.

    A rule within a quoted field is text, and stays.
    """
    blank = delimiter.encode() * (width - 1)
    rest, inside = b"", False
    for piece in pieces:
        data = rest + piece
        # A rule may be cut by the end of a piece, so a last line that begins like one waits for the next.
        cut = data.rfind(b"\n") + 1
        tail = data[cut:]
        rest = tail if len(tail) < _MOST_HELD and not tail.strip(b"-=_*+ \t\r") else b""
        data = data[: len(data) - len(rest)]
        inside = yield from _blanked(data, blank, inside=inside)
    yield from _blanked(rest, blank, inside=inside)


def _blanked(data: bytes, blank: bytes, *, inside: bool) -> Generator[bytes, None, bool]:
    """Yield a piece without its rules; return whether a quote is open at its end."""
    quotes = data.count(b'"')
    if not data or not any(mark in data for mark in _MARKS):
        yield from [data] if data else []
    elif not quotes and not inside:
        yield _RULE.sub(blank, data)
    else:
        made, done = [], 0
        for rule in _RULE.finditer(data):
            quoted = (data.count(b'"', 0, rule.start()) + inside) % 2
            made += [data[done : rule.start()], rule[0] if quoted else blank]
            done = rule.end()
        yield b"".join([*made, data[done:]])
    return (quotes + inside) % 2 == 1


def is_rule(fields: list[str]) -> bool:
    """Whether a record is a rule."""
    return len(fields) == 1 and _RULE.fullmatch(fields[0].encode()) is not None

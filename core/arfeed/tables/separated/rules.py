"""Rules across a printed list: a line of dashes where other lines have fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arfeed.tables.separated.quotes import Quotes

_MARKS = (b"-----", b"=====", b"_____", b"*****")
_LINE = rb"[ \t]*[-=_*+]{5,}[-=_*+ \t]*(?=\r?$)"
_RULE = re.compile(_LINE, re.MULTILINE)
# With the line break before it, which is searched for at memory's speed; `^` would be tried at every byte.
_NEXT_RULE = re.compile(rb"\n(?P<rule>" + _LINE + rb")", re.MULTILINE)
_MOST_HELD = 1 << 16
_BEGINNINGS = b"-=_*+ \t"


def blank_rules(pieces: Iterator[bytes], quotes: Quotes, delimiter: str, width: int) -> Iterator[bytes]:
    """Yield a CSV file with each rule as a blank record of this many fields, so that records keep their numbers.

    A rule within a quoted field is text, and stays; `quotes` watches the pieces for that.
    """
    blank = delimiter.encode() * (width - 1)
    rest, begins, inside = b"", True, False
    for piece in quotes.watch(pieces):
        data = rest + piece
        # A rule may be cut by the end of a piece, so a last line that begins like one waits for the next.
        cut = data.rfind(b"\n") + 1
        tail = data[cut:]
        held = len(tail) < _MOST_HELD and not tail.strip(b"-=_*+ \t\r")
        rest = tail if held else b""
        data = data[: len(data) - len(rest)]
        if data:
            yield _blank(data, blank, begins=begins, inside=inside)
        # What is held has no quotes, and begins a line unless the line began long before.
        begins, inside = held and (cut > 0 or begins), quotes.inside
    if rest:
        yield _blank(rest, blank, begins=begins, inside=inside)


def _blank(data: bytes, blank: bytes, *, begins: bool, inside: bool) -> bytes:
    """Return a piece without its rules; `begins` if it begins a line, `inside` if a quote is open before it."""
    first = _RULE.match(data) if begins else None
    if first is None and not _may_have_rules(data):
        return data
    rules = [*([first.span()] if first else []), *(found.span("rule") for found in _NEXT_RULE.finditer(data))]
    if not rules or not any(mark in data for mark in _MARKS):
        return data
    made, done = [], 0
    for start, end in rules:
        quoted = (data.count(b'"', 0, start) + inside) % 2
        made += [data[done:start], data[start:end] if quoted else blank]
        done = end
    return b"".join([*made, data[done:]])


def _may_have_rules(data: bytes) -> bool:
    """Whether some line begins like a rule, which takes two thirds of the time of looking for one."""
    import numpy as np

    begins = np.zeros(256, bool)
    begins[list(_BEGINNINGS)] = True
    content = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(content[:-1] == ord("\n"))
    return bool(begins[content[ends + 1]].any())


def is_rule(fields: list[str]) -> bool:
    """Whether a record is a rule."""
    return len(fields) == 1 and _RULE.fullmatch(fields[0].encode()) is not None

"""docs/presets.md: what programs say of each document beside what their presets say, kept true by the tests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_PAGE = Path(__file__).parents[3] / "docs" / "presets.md"
_WRITE = "ARFEED_WRITE_PRESETS"


class Line(NamedTuple):
    """One document: a name of ours, and what both say of it."""

    document: str
    program: str
    preset: str


def worded(status: str, balance: object, amount: object, currency: str, due: object) -> str:
    """Word an open document with its money, any other with its status alone."""
    if status != "open":
        return status
    return f"open, {_plain(balance)} of {_plain(amount)} {currency}, due {due}"


def hold(preset: str, program: str, lines: Iterable[Line]) -> None:
    """See that the page has exactly this table; with ARFEED_WRITE_PRESETS set, write it there."""
    rows = [f"| {line.document} | {line.program} | {line.preset} |" for line in lines]
    table = "\n".join([f"| document | {program} says | `{preset}` says |", "|---|---|---|", *rows])
    page = _PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {preset} -->\n", f"\n<!-- end of {preset} -->"
    head, _, rest = page.partition(begin)
    found, _, tail = rest.partition(end)
    if os.environ.get(_WRITE):
        _PAGE.write_text(f"{head}{begin}{table}{end}{tail}", encoding="utf-8")
        found = table
    assert found == table, f"docs/presets.md is no longer true: run this test with {_WRITE}=1, and look at what changed"


def _plain(value: object) -> str:
    text = f"{value:f}" if not isinstance(value, str) else value
    return text.rstrip("0").rstrip(".") if "." in text else text

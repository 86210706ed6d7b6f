"""Headings that stand again below: printed lists have them, and the lines above them, at the top of each page."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from arfeed.tables.headings.header import Header

if TYPE_CHECKING:
    import pyarrow as pa

_DIGITS = re.compile(r"\d+")


def drop_page_headings(rows: pa.Table, header: Header) -> pa.Table:
    """Return the rows without those that are the header again, and the lines above it that differ in digits only.

    A row counts only if all of its columns have the header's own cells; no document has that.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    spelled = dict(zip(header.named, header.cells, strict=False))
    names = [name for name in rows.column_names if name in spelled]
    told = [name for name in names if spelled[name].strip()]
    # One column rules out nearly every file: this is done for all rows of all files.
    if len(told) < 2 or pc.index(rows[told[0]], spelled[told[0]]).as_py() < 0:
        return rows
    again = functools.reduce(pc.and_, (pc.equal(rows[name], spelled[name]) for name in names))
    found = np.flatnonzero(again.to_numpy())
    gone = {*found.tolist()}
    banner = {_filled_cells(row) for row in header.above}
    for place in found.tolist():
        line = place - 1
        while line >= 0 and _filled_cells([rows[name][line].as_py() for name in names]) in banner:
            gone.add(line)
            line -= 1
    kept = np.ones(len(rows), bool)
    kept[[*gone]] = False
    return rows.filter(pa.array(kept))


def _filled_cells(cells: Iterable[object]) -> tuple[str, ...]:
    """Return the filled cells of a line, whatever the number of the page."""
    return tuple(_DIGITS.sub("0", text) for cell in cells if (text := str(cell).strip()))

"""Classifying the rows of a report: each is a line, a group, a subtotal, the total, a footer, blank, or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.tables.printed.groups import closings

Mask = npt.NDArray[np.bool_]

_TOTAL = r"(?i)^(grand )?total$"
_LIKE_A_TOTAL = r"(?i:^(grand )?total\b)"


@dataclass(frozen=True, slots=True)
class Marks:
    """What rows are recognized by, as numbers of columns.

    `leading` are the columns before the first header, `labels` those that may hold the label of a group or total, and
    `keys` those that are filled in every line. `footers` is a regular expression of rows that may follow the total,
    besides those with a single text.
    """

    leading: Sequence[int]
    labels: Sequence[int]
    keys: Sequence[int]
    footers: str


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of a frame's rows; all others are blank or footers. `labels` are the first texts of the rows."""

    line: Mask
    group: Mask
    subtotal: Mask
    total: Mask
    unknown: Mask
    labels: pa.Array


def classify(grid: Sequence[pa.Array], marks: Marks, open_groups: Sequence[str], *, ended: bool) -> Kinds:
    """Classify the rows of a frame. `open_groups` were open before it; if `ended`, the total came before it."""
    labels = _labels([grid[column] for column in marks.labels])
    filled = np.stack([mask(pc.not_equal(column, "")) for column in grid]).sum(axis=0)
    line = _lines(grid, marks, labels)
    rest = np.flatnonzero(~line & (filled > 0))
    names, single = labels.take(pa.array(rest)), filled[rest] == 1
    total = mask(pc.match_substring_regex(names, _TOTAL))
    # Below the grand total no more lines may come, only footers.
    below = ended | (np.cumsum(total) - total > 0)
    leading = np.logical_or.reduce([mask(pc.not_equal(grid[column], "")) for column in marks.leading])[rest]
    # A lone text further to the right is not a group's name but a cell that lost its row.
    alone = single & leading & ~total & ~below
    # Only groups that are known: any other row that reads like a total is unknown, and refused.
    known = pa.concat_arrays([pa.array(open_groups, pa.large_string()), names.filter(pa.array(alone))])
    subtotal = mask(pc.is_in(names, value_set=closings(known))) & ~below
    group = alone & ~subtotal
    footer = below & ~total & (single | mask(pc.match_substring_regex(names, marks.footers)))
    unknown = ~(total | subtotal | group | footer)
    found = [_as_mask(rest[chosen], len(line)) for chosen in (group, subtotal, total, unknown)]
    return Kinds(line, found[0], found[1], found[2], found[3], labels)


def _labels(columns: Sequence[pa.Array]) -> pa.Array:
    """Return the first text of each row in these columns."""
    labels, *others = columns
    for column in others:
        labels = pc.if_else(pc.equal(labels, ""), column, labels)
    return pc.replace_substring_regex(labels, r"\s+", " ")


def _lines(grid: Sequence[pa.Array], marks: Marks, labels: pa.Array) -> Mask:
    """Return where all keys are filled. If the first column is a key, it may hold a label instead."""
    filled: Mask = np.logical_and.reduce([mask(pc.not_equal(grid[column], "")) for column in marks.keys])
    # No label can stand in a key then, so filled keys are enough.
    if 0 not in marks.keys:
        return filled
    return filled & ~mask(pc.match_substring_regex(labels, f"{_LIKE_A_TOTAL}|{marks.footers}"))


def _as_mask(positions: npt.NDArray[np.intp], rows: int) -> Mask:
    result = np.zeros(rows, bool)
    result[positions] = True
    return result


def mask(condition: pa.Array) -> Mask:
    """Return an Arrow condition as a numpy mask."""
    result: Mask = condition.to_numpy(zero_copy_only=False)
    return result

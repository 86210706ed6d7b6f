"""The rows of a printed report: every one is a line, a group, a subtotal, the total, a footer, blank, or unknown."""

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
class Sight:
    """What rows are known by: the numbers of the columns before the first header, and of those filled in every line.

    `footers` is a regular expression of what may stand below the total beside single texts.
    """

    leading: Sequence[int]
    labels: Sequence[int]
    keys: Sequence[int]
    footers: str


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which rows of a frame are what; all others are blank or footers. `labels` are the texts at their left."""

    line: Mask
    group: Mask
    subtotal: Mask
    total: Mask
    unknown: Mask
    labels: pa.Array


def classify(grid: Sequence[pa.Array], sight: Sight, open_groups: Sequence[str], *, ended: bool) -> Kinds:
    """Tell the rows of a frame apart. `open_groups` were open before it; `ended` says that the total was too."""
    labels = _labels([grid[column] for column in sight.labels])
    filled = np.stack([mask(pc.not_equal(column, "")) for column in grid]).sum(axis=0)
    line = _lines(grid, sight, labels)
    rest = np.flatnonzero(~line & (filled > 0))
    names, single = labels.take(pa.array(rest)), filled[rest] == 1
    total = mask(pc.match_substring_regex(names, _TOTAL))
    below = ended | (np.cumsum(total) - total > 0)
    leading = np.logical_or.reduce([mask(pc.not_equal(grid[column], "")) for column in sight.leading])[rest]
    alone = single & leading & ~total & ~below
    known = pa.concat_arrays([pa.array(open_groups, pa.large_string()), names.filter(pa.array(alone))])
    subtotal = mask(pc.is_in(names, value_set=closings(known))) & ~below
    group = alone & ~subtotal
    footer = below & ~total & (single | mask(pc.match_substring_regex(names, sight.footers)))
    unknown = ~(total | subtotal | group | footer)
    found = [_scattered(rest[chosen], len(line)) for chosen in (group, subtotal, total, unknown)]
    return Kinds(line, found[0], found[1], found[2], found[3], labels)


def _labels(columns: Sequence[pa.Array]) -> pa.Array:
    """Return the first text of each row in these columns."""
    labels, *others = columns
    for column in others:
        labels = pc.if_else(pc.equal(labels, ""), column, labels)
    return pc.replace_substring_regex(labels, r"\s+", " ")


def _lines(grid: Sequence[pa.Array], sight: Sight, labels: pa.Array) -> Mask:
    """Where all keys are filled. Labels may stand in the column of a key, if that is the first of all."""
    filled: Mask = np.logical_and.reduce([mask(pc.not_equal(grid[column], "")) for column in sight.keys])
    if 0 not in sight.keys:
        return filled
    return filled & ~mask(pc.match_substring_regex(labels, f"{_LIKE_A_TOTAL}|{sight.footers}"))


def _scattered(positions: npt.NDArray[np.intp], rows: int) -> Mask:
    result = np.zeros(rows, bool)
    result[positions] = True
    return result


def mask(condition: pa.Array) -> Mask:
    """Return an Arrow condition as a numpy one."""
    result: Mask = condition.to_numpy(zero_copy_only=False)
    return result

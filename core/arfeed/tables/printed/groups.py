"""Nested groups of a report, for whole frames at once: which rows are in which group, and the labels of its totals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

_OWN, _WITH_SUBS = "Total for {}", "Total for {} with sub-customers"
_CLOSINGS = (_OWN, _WITH_SUBS, "Total - {}", "Total {}")
_OWN_LINES = " - Other"
"""What QuickBooks Desktop adds to a customer's name if its own lines are listed beside those of its jobs."""

WITH_SUBS = _WITH_SUBS.partition("{}")[2].strip()
"""What distinguishes the total of a customer with its sub-customers from the customer's own total."""


class Nesting(NamedTuple):
    """The groups of a frame, first those that were open before it, and which rows are in which.

    `depth` is the number of open groups after each row. `owner` is the number of the innermost group of each row, -1
    for none; an opening or closing row belongs to its own group. `open` lists the groups that are open at the end.
    """

    names: pa.Array
    paths: pa.Array
    depth: Integers
    owner: Integers
    open: list[int]


def nest(carried: Sequence[str], opens: Mask, closes: Mask, labels: pa.Array) -> Nesting:
    """Match openings and closings like brackets, regardless of the labels of the closings.

    `carried` names the groups that were open before the frame; they count as opened in rows before its first.
    """
    before = len(carried)
    opens = np.concatenate([np.ones(before, bool), opens])
    closes = np.concatenate([np.zeros(before, bool), closes])
    depth = np.cumsum(opens.astype(np.int64) - closes)
    # A row that closes a group still belongs to it.
    level = depth + closes
    number = np.cumsum(opens) - 1
    owner, parent, last = np.full((3, len(level)), -1)
    still_open: list[int] = []
    # Over the levels, of which there are few, and not over the rows.
    for height in range(1, int(level.max(initial=0)) + 1):
        last = np.maximum.accumulate(np.where(opens & (level == height), number, -1))
        owner[level == height] = last[level == height]
        deeper = opens & (level == height + 1)
        parent[deeper] = last[deeper]
        if height <= depth[-1]:
            still_open.append(int(last[-1]))
    names = pa.concat_arrays([pa.array(carried, pa.large_string()), labels.filter(pa.array(opens[before:]))])
    paths = _join_paths(names, parent[opens], level[opens])
    return Nesting(names, paths, depth[before:], owner[before:], still_open)


def _join_paths(names: pa.Array, parent: Integers, level: Integers) -> pa.Array:
    """Return the path of each group: its name after those of the groups around it."""
    paths = names
    empty = pa.scalar("", pa.large_string())
    # QuickBooks allows no colon in a name, so a name that has one is a path already.
    nested = ~pc.match_substring(names, ":").to_numpy(zero_copy_only=False)
    for height in range(2, int(level.max(initial=0)) + 1):
        inner = nested & (level == height)
        around, own = paths.take(pa.array(parent[inner])), names.filter(pa.array(inner))
        # Desktop's "Smith - Other" below "Smith" is not a job but the customer's own lines.
        others = pc.binary_join_element_wise(
            names.take(pa.array(parent[inner])), pa.scalar(_OWN_LINES, pa.large_string()), empty
        )
        joined = pc.binary_join_element_wise(around, own, pa.scalar(":", pa.large_string()))
        joined = pc.if_else(pc.equal(own, others), around, joined)
        paths = pc.replace_with_mask(paths, pa.array(inner), joined)
    return paths


def closings(names: pa.Array) -> pa.Array:
    """Return every label that a total of one of these groups may have."""
    return pa.concat_arrays([_closing(form, names) for form in _CLOSINGS])


def closes(labels: pa.Array, names: pa.Array) -> Mask:
    """Return where a label is that of the total of the corresponding group."""
    fitting = [pc.equal(labels, _closing(form, names)).to_numpy(zero_copy_only=False) for form in _CLOSINGS]
    found: Mask = np.logical_or.reduce(fitting)
    return found


def find_parents(labels: pa.Array) -> pa.Array:
    """Return the names of the groups whose totals with sub-customers are among these labels."""
    start, end = (re.escape(part) for part in _WITH_SUBS.split("{}"))
    spaced = pc.replace_substring_regex(pc.utf8_trim_whitespace(labels.unique()), r"\s+", " ")
    return pc.struct_field(pc.extract_regex(spaced, f"^{start}(?P<name>.+){end}$"), "name").drop_null()


def own_totals(labels: pa.Array, parents: pa.Array) -> Mask:
    """Return where a label is that of the total of a parent's own lines, which does not close its group."""
    found: Mask = pc.is_in(labels, value_set=_closing(_OWN, parents)).to_numpy(zero_copy_only=False)
    return found


def sum_own_lines(owner: Integers, units: Integers, groups: Integers, ends: Integers) -> Integers:
    """Return the sums of the lines that are directly in each of `groups` and before the row in `ends`.

    `owner` and `units` are those of all rows; `units` is 0 for rows that are not lines.
    """
    width = len(owner) + 1
    order = np.argsort(owner, kind="stable")
    # Sorted by group and row, so that one search finds the sum of a group up to any row.
    keys = owner[order] * width + order
    sums = np.append(0, np.cumsum(units[order]))
    result: Integers = sums[np.searchsorted(keys, groups * width + ends)] - sums[np.searchsorted(keys, groups * width)]
    return result


def _closing(form: str, names: pa.Array) -> pa.Array:
    start, end = (pa.scalar(part, pa.large_string()) for part in form.split("{}"))
    return pc.binary_join_element_wise(start, names, end, pa.scalar("", pa.large_string()))

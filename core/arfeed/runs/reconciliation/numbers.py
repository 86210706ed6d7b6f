"""Matching the numbers of two lists: as they look first, then without blanks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow

if TYPE_CHECKING:
    import pandas as pd

Places = npt.NDArray[np.int64]

NOWHERE = -1


def match_numbers(ours: pd.Series[str], theirs: pd.Series[str]) -> Places:
    """Return where each of our numbers is in their list, `NOWHERE` if it is not there.

    Both lists are compared as `arrow.fold` does, and what is left then without blanks, unless that makes two numbers
    of one list the same.
    """
    places = _index(_fold(ours), _fold(theirs))
    left = np.flatnonzero(places == NOWHERE)
    free = find_free(places, len(theirs)) if len(left) else left
    if len(free):
        mine, other = _squashed(ours).take(pa.array(left)), _squashed(theirs).take(pa.array(free))
        found = _index(_distinct_only(mine), _distinct_only(other))
        hit = found != NOWHERE
        places[left[hit]] = free[found[hit]]
    return places


def find_free(places: Places, size: int) -> Places:
    """Return the places of a list that are none of these."""
    free = np.ones(size, bool)
    free[places[places != NOWHERE]] = False
    return np.flatnonzero(free)


class Numbers:
    """Numbers to look others up in, folded once, however often that is."""

    def __init__(self, numbers: pd.Series[str]) -> None:
        """Nothing is folded before the first question."""
        self._numbers = numbers

    @cached_property
    def _plain(self) -> pa.Array:
        return _squashed(self._numbers)

    @cached_property
    def _bare(self) -> pa.Array:
        digits = self._plain.filter(pc.match_substring_regex(self._plain, "^[0-9]+$"))
        return pc.utf8_ltrim(digits, characters="0")

    def has(self, texts: pa.Array) -> npt.NDArray[np.bool_]:
        """Return which texts are among the numbers, letter case and blanks aside."""
        known: npt.NDArray[np.bool_] = pc.is_in(_squash(texts), value_set=self._plain).to_numpy(zero_copy_only=False)
        return known

    def lost_zeros(self, texts: pa.Array) -> npt.NDArray[np.bool_]:
        """Return which texts are what is left of a number that was read as an amount: 1001 or 1001.0 of 001001."""
        left = pc.replace_substring_regex(_squash(texts), r"\.0+$", "")
        lost: npt.NDArray[np.bool_] = pc.is_in(left, value_set=self._bare).to_numpy(zero_copy_only=False)
        return lost & ~self.has(texts)


def are_known(texts: pa.Array, numbers: pd.Series[str]) -> npt.NDArray[np.bool_]:
    """Return which texts are among the numbers, letter case and blanks aside."""
    return Numbers(numbers).has(texts)


def lost_prefix(texts: Sequence[str], numbers: pd.Series[str]) -> str | None:
    """Return what stands before each of a few texts in some number, if it is the same for all: INV- before 1001."""
    ours = _squashed(numbers)
    found: set[str] | None = None
    for text in texts:
        ending = numbers.to_numpy(dtype=object)[pc.ends_with(ours, text.strip().lower()).to_numpy(zero_copy_only=False)]
        prefixes = {each[: len(each) - len(text.strip())] for each in ending.tolist()} - {""}
        found = prefixes if found is None else found & prefixes
    return min(found, key=len) if found else None


def added_prefix(texts: Sequence[str], numbers: pd.Series[str]) -> str | None:
    """Return what stands there before a number in each of a few texts, if it is the same for all."""
    known, found = Numbers(numbers), None
    for text in texts:
        ends = [text[at:] for at in range(1, len(text))]
        hits = known.has(pa.array(ends, pa.large_string()))
        prefixes = {text[: len(text) - len(end)] for end, hit in zip(ends, hits, strict=True) if hit}
        found = prefixes if found is None else found & prefixes
    return min(found, key=len) if found else None


def _index(mine: pa.Array, other: pa.Array) -> Places:
    return np.asarray(pc.fill_null(pc.index_in(mine, value_set=other, skip_nulls=True), NOWHERE)).astype(np.int64)


def _fold(refs: pd.Series[str]) -> pa.Array:
    return arrow.to_text_array(arrow.fold(refs))


def _squashed(refs: pd.Series[str]) -> pa.Array:
    return pc.replace_substring_regex(_fold(refs), r"\s+", "")


def _squash(texts: pa.Array) -> pa.Array:
    import pandas as pd

    return _squashed(pd.Series(texts, dtype="str"))


def _distinct_only(texts: pa.Array) -> pa.Array:
    """Return null for a text that occurs more than once: nothing says which of them is meant."""
    counts = texts.value_counts()
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    return pc.if_else(pc.is_in(texts, value_set=twice), None, texts)

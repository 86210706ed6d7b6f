"""Matching the rows after a transform with those before it, and finding what it rewrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.parts import REWRITABLE

SOURCE_FACTS = ("customer_id", "issued_on", "amount", "currency", "kind")
"""What identifies a document, besides its number."""

_DOCUMENT = ("source", "source_ref", "kind")

Places: TypeAlias = "npt.NDArray[np.int64] | None"
"""For each row after a step, the position of its row before; None if every row kept its position."""


def find_places(before: pd.DataFrame, after: pd.DataFrame) -> Places:
    """Return where each row after a step was before it.

    Raise `LookupError` if a reference of a source occurs more often than before. Documents that share source, reference
    and kind are matched by equal values first, then in their order.
    """
    # Most steps return all rows in place, or keep their index; a search is needed only for the others.
    unmoved = len(before) == len(after) and all(_same(before[name], after[name]) for name in _DOCUMENT)
    places = None if unmoved else _places_by_index(before, after)
    known = unmoved or places is not None
    return places if known and _is_unambiguous(before, after, places) else _search_places(before, after)


def find_rewritten(before: pd.DataFrame, after: pd.DataFrame, places: Places, column: str) -> npt.NDArray[np.bool_]:
    """Return which rows of a column a step changed; filling or blanking a value is a change."""
    if places is None and _same_memory(_array(before[column]), _array(after[column])):
        return np.zeros(len(after), bool)
    now, was = _array(after[column]), _take(before[column], places)
    if now.equals(was):
        return np.zeros(len(after), bool)
    unequal = pc.fill_null(pc.not_equal(now, was), fill_value=False)
    return np.asarray(pc.or_(unequal, pc.xor(pc.is_null(now), pc.is_null(was))))


def source_facts(source: pd.DataFrame, after: pd.DataFrame, places: Places) -> pd.DataFrame | None:
    """Return the source's own values of the facts that the steps changed in any row.

    A row for each invoice, in their order, with a column `arfeed_source_<fact>` for each such fact; None if there is
    none.
    """
    changed = [name for name in SOURCE_FACTS if find_rewritten(source, after, places, name).any()]
    if not changed:
        return None
    columns = {f"{schema.AS_THE_SOURCE_SAID}{name}": _take(source[name], places) for name in changed}
    return arrow.to_frame(pa.table(columns))


def compose_places(first: Places, then: Places) -> Places:
    """Return the places before both of two successive steps."""
    if first is None or then is None:
        return then if first is None else first
    return first[then]


def _is_unambiguous(before: pd.DataFrame, after: pd.DataFrame, places: Places) -> bool:
    """Whether no changed row shares source, reference and kind with another row: the two may have been swapped."""
    columns = [find_rewritten(before, after, places, column) for column in REWRITABLE]
    changed = np.flatnonzero(np.logical_or.reduce(columns))
    if not len(changed):
        return True
    names = pc.unique(_texts(after, _DOCUMENT, changed))
    alike = np.flatnonzero(arrow.is_in(before["source_ref"], after["source_ref"].iloc[changed]))
    return int(pc.sum(pc.is_in(_texts(before, _DOCUMENT, alike), value_set=names)).as_py()) == len(names)


def _places_by_index(before: pd.DataFrame, after: pd.DataFrame) -> Places:
    """Return the places by the frame's index, which most steps keep; None if it does not match the documents."""
    if not pd.api.types.is_integer_dtype(after.index.dtype) or not after.index.is_unique:
        return None
    places = after.index.to_numpy(dtype=np.int64)
    if len(places) and not 0 <= places.min() <= places.max() < len(before):
        return None
    # A step may have sorted the rows or numbered them anew, so the index alone proves nothing.
    holds = all(_array(after[name]).equals(_take(before[name], places)) for name in _DOCUMENT)
    return places if holds else None


def _search_places(before: pd.DataFrame, after: pd.DataFrame) -> npt.NDArray[np.int64]:
    places = np.full(len(after), -1, np.int64)
    unclaimed = np.ones(len(before), bool)
    documents = _texts(before, _DOCUMENT, np.arange(len(before)))
    unique = pc.count_distinct(documents).as_py() == len(documents)
    # By all values first, so that documents of one number keep their places; last without the kind, which may change.
    for columns in (() if unique else (*_DOCUMENT, *sorted(REWRITABLE)), _DOCUMENT, _DOCUMENT[:2]):
        rest = np.flatnonzero(places < 0)
        if not columns or not len(rest):
            continue
        there = np.flatnonzero(unclaimed)
        found = _match(_texts(before, columns, there), _texts(after, columns, rest))
        places[rest[found >= 0]] = there[found[found >= 0]]
        unclaimed[places[places >= 0]] = False
    if (places < 0).any():
        raise LookupError
    return places


def _match(before: pa.Array, after: pa.Array) -> npt.NDArray[np.int64]:
    """Return each text's position before, the n-th of equal texts matching the n-th; -1 for none."""
    # Encoded together, so that equal texts get the same code on both sides.
    both = pa.chunked_array([before, after]).combine_chunks().dictionary_encode()
    codes = np.asarray(both.indices).astype(np.int64)
    was, now = (_number_repeats(part) for part in (codes[: len(before)], codes[len(before) :]))
    return pd.Index(was).get_indexer(pd.Index(now)).astype(np.int64)


def _number_repeats(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a number for each code that is unique also among equal codes."""
    turns = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    # No frame has 2**31 rows, so codes and turns never overlap.
    numbers: npt.NDArray[np.int64] = (codes << 31) | turns
    return numbers


def _texts(rows: pd.DataFrame, columns: Sequence[str], where: npt.NDArray[np.int64]) -> pa.Array:
    chosen = pa.array(where)
    return arrow.join_keys(_array(rows[name]).take(chosen) for name in columns)


def _take(column: pd.Series, places: Places) -> pa.Array:
    array = _array(column)
    return array if places is None else array.take(pa.array(places))


def _same(one: pd.Series, other: pd.Series) -> bool:
    mine, theirs = _array(one), _array(other)
    return _same_memory(mine, theirs) or mine.equals(theirs)


def _same_memory(one: pa.Array, other: pa.Array) -> bool:
    """Whether two arrays share their memory, so that a column which a step did not touch need not be compared."""
    if one.type != other.type or (one.offset, len(one)) != (other.offset, len(other)):
        return False
    pairs = zip(one.buffers(), other.buffers(), strict=True)
    return all((a and a.address) == (b and b.address) for a, b in pairs)


def _array(column: pd.Series) -> pa.Array:
    return arrow.as_single_chunk(pa.array(column))

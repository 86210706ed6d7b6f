"""Which row was which before a step, and what the step rewrote in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.parts import REWRITABLE

SOURCE_FACTS = ("customer_id", "issued_on", "amount", "currency", "kind")
"""What a document is told from others by, beside its number."""

_DOCUMENT = ("source", "source_ref", "kind")

Places: TypeAlias = "npt.NDArray[np.int64] | None"
"""For each row after a step, its row before; None where every row stands where it stood."""


def places_before(before: pd.DataFrame, after: pd.DataFrame) -> Places:
    """Return where each row after a step was before it.

    Raise `LookupError` where a reference of a source occurs more often than before. Of documents that share source,
    reference and kind, equal ones are taken for each other first, then they are taken in their order.
    """
    stands = len(before) == len(after) and all(_same(before[name], after[name]) for name in _DOCUMENT)
    places = None if stands else _hinted(before, after)
    known = stands or places is not None
    return places if known and _told_apart(before, after, places) else _searched(before, after)


def rewritten(before: pd.DataFrame, after: pd.DataFrame, places: Places, column: str) -> npt.NDArray[np.bool_]:
    """Return where a step changed a column, blanks that it filled or made included."""
    if places is None and _same_memory(_array(before[column]), _array(after[column])):
        return np.zeros(len(after), bool)
    now, was = _array(after[column]), _taken(before[column], places)
    if now.equals(was):
        return np.zeros(len(after), bool)
    unequal = pc.fill_null(pc.not_equal(now, was), fill_value=False)
    return np.asarray(pc.or_(unequal, pc.xor(pc.is_null(now), pc.is_null(was))))


def source_facts(source: pd.DataFrame, after: pd.DataFrame, places: Places) -> pd.DataFrame | None:
    """Return what the source itself said, for every fact that the steps changed anywhere.

    A row for each invoice, in their order, and a column `arfeed_source_<fact>` for each such fact; None where there
    is none.
    """
    changed = [name for name in SOURCE_FACTS if rewritten(source, after, places, name).any()]
    if not changed:
        return None
    return arrow.to_frame(pa.table({f"arfeed_source_{name}": _taken(source[name], places) for name in changed}))


def composed(first: Places, then: Places) -> Places:
    """Return the places before two steps."""
    if first is None or then is None:
        return then if first is None else first
    return first[then]


def _told_apart(before: pd.DataFrame, after: pd.DataFrame, places: Places) -> bool:
    """Whether no row that holds other values shares its document's name with another: they may have changed places."""
    changed = np.flatnonzero(np.logical_or.reduce([rewritten(before, after, places, column) for column in REWRITABLE]))
    if not len(changed):
        return True
    names = pc.unique(_texts(after, _DOCUMENT, changed))
    alike = np.flatnonzero(arrow.is_in(before["source_ref"], after["source_ref"].iloc[changed]))
    return int(pc.sum(pc.is_in(_texts(before, _DOCUMENT, alike), value_set=names)).as_py()) == len(names)


def _hinted(before: pd.DataFrame, after: pd.DataFrame) -> Places:
    """Return what the labels of the rows say, which most steps leave as they are; None where they don't hold."""
    if not pd.api.types.is_integer_dtype(after.index.dtype) or not after.index.is_unique:
        return None
    places = after.index.to_numpy(dtype=np.int64)
    if len(places) and not 0 <= places.min() <= places.max() < len(before):
        return None
    holds = all(_array(after[name]).equals(_taken(before[name], places)) for name in _DOCUMENT)
    return places if holds else None


def _searched(before: pd.DataFrame, after: pd.DataFrame) -> npt.NDArray[np.int64]:
    places = np.full(len(after), -1, np.int64)
    unclaimed = np.ones(len(before), bool)
    documents = _texts(before, _DOCUMENT, np.arange(len(before)))
    unique = pc.count_distinct(documents).as_py() == len(documents)
    for columns in (() if unique else (*_DOCUMENT, *sorted(REWRITABLE)), _DOCUMENT, _DOCUMENT[:2]):
        rest = np.flatnonzero(places < 0)
        if not columns or not len(rest):
            continue
        there = np.flatnonzero(unclaimed)
        found = _matched(_texts(before, columns, there), _texts(after, columns, rest))
        places[rest[found >= 0]] = there[found[found >= 0]]
        unclaimed[places[places >= 0]] = False
    if (places < 0).any():
        raise LookupError
    return places


def _matched(before: pa.Array, after: pa.Array) -> npt.NDArray[np.int64]:
    """Return for each text its place among others, the first of equal ones for the first, and so on; -1 without."""
    both = pa.chunked_array([before, after]).combine_chunks().dictionary_encode()
    codes = np.asarray(both.indices).astype(np.int64)
    was, now = (_numbered(part) for part in (codes[: len(before)], codes[len(before) :]))
    return pd.Index(was).get_indexer(pd.Index(now)).astype(np.int64)


def _numbered(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a number for each code that tells it from equal ones before it."""
    turns = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    numbers: npt.NDArray[np.int64] = (codes << 31) | turns
    return numbers


def _texts(rows: pd.DataFrame, columns: Sequence[str], where: npt.NDArray[np.int64]) -> pa.Array:
    chosen = pa.array(where)
    texts = [pc.fill_null(pc.cast(_array(rows[name]).take(chosen), pa.large_string()), "") for name in columns]
    return pc.binary_join_element_wise(*texts, pa.scalar("\x1f", pa.large_string()))


def _taken(column: pd.Series, places: Places) -> pa.Array:
    array = _array(column)
    return array if places is None else array.take(pa.array(places))


def _same(one: pd.Series, other: pd.Series) -> bool:
    mine, theirs = _array(one), _array(other)
    return _same_memory(mine, theirs) or mine.equals(theirs)


def _same_memory(one: pa.Array, other: pa.Array) -> bool:
    """Whether two arrays are views of one memory: what a step has not touched need not be compared."""
    if one.type != other.type or (one.offset, len(one)) != (other.offset, len(other)):
        return False
    pairs = zip(one.buffers(), other.buffers(), strict=True)
    return all((a and a.address) == (b and b.address) for a, b in pairs)


def _array(column: pd.Series) -> pa.Array:
    return arrow.as_single_chunk(pa.array(column))

"""What a set of rows may have in common: a value in one column, or a position in one order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.planning.habits.case import Case, count_days
from arfeed.planning.traces import FILE, FIRST_IN, PLACE

# Branches, companies and sellers are fewer; a column of more values names customers or documents.
_MOST_VALUES = 200
_SAMPLE = 5_000
_OF_ITS_OWN = {
    *("invoice_ref", "status", "customer_id", "customer_name", "customer_email"),
    *("document", "source", "source_ref", "origin", FIRST_IN),
}
"""Texts that identify a row or a customer, or that are the same everywhere."""

_DIGITS = "0123456789"
# What an int64 holds with room to spare.
_MOST_DIGITS = 15
_STEP = np.log(1.02)
"""Size classes of balances differ by 2 %."""


@dataclass(frozen=True, slots=True)
class Group:
    """A column of few different values: each row's code, and the values by code. Null is a value."""

    name: str
    code: np.ndarray
    values: list[str | None]


@dataclass(frozen=True, slots=True)
class Order:
    """A column that puts rows in an order: an int64 position for each, `known` where it has one at all."""

    name: str
    place: np.ndarray
    known: np.ndarray | None
    column: str


def find_groups(case: Case) -> Iterator[Group]:
    """Yield every column of few different values."""
    before = case.before
    for name in before.columns:
        if name not in _OF_ITS_OWN and isinstance(before[name].dtype, pd.StringDtype):
            yield from _make_group({FILE: "file"}.get(name, name), arrow.to_text_array(before[name]))
    # Branches and companies often count in separate series, A-1001 and B-1001, without a column that names them.
    prefixes = pc.ascii_rtrim(arrow.to_text_array(before["invoice_ref"]), _DIGITS)
    yield from _make_group("the number's prefix", prefixes)
    if case.last_run and FIRST_IN in before:
        first = pc.fill_null(pc.equal(arrow.to_text_array(before[FIRST_IN]), case.last_run), False)
        yield Group("first listed", np.asarray(first).astype(np.int8), ["earlier", "in the last report"])


def _make_group(name: str, texts: pa.Array) -> Iterator[Group]:
    """Yield a column unless it has a single value or too many; a sample rules out most of those with too many."""
    if len(pc.unique(texts[:_SAMPLE])) > _MOST_VALUES:
        return
    encoded = pc.dictionary_encode(texts, null_encoding="encode")
    if 1 < len(encoded.dictionary) <= _MOST_VALUES:
        yield Group(name, np.asarray(encoded.indices), encoded.dictionary.to_pylist())


def find_orders(case: Case) -> Iterator[Order]:
    """Yield every order in which the list may have been cut."""
    before = case.before
    for column, name in (("issued_on", "issue date"), ("due_on", "due date")):
        days, dated = count_days(before, column)
        yield Order(name, days, None if dated.all() else dated, column)
    yield Order("number", _read_numbers(arrow.to_text_array(before["invoice_ref"])), None, "invoice_ref")
    if PLACE in before:
        place = arrow.as_single_chunk(pa.array(before[PLACE]))
        known = None if not place.null_count else np.asarray(pc.is_valid(place))
        yield Order("place in the list", np.asarray(pc.fill_null(place, 0)), known, PLACE)
    yield Order("balance", _classify_sizes(before), None, "balance")


def _read_numbers(refs: pa.Array) -> np.ndarray:
    """Return the digits at the end of each reference as a number.

    Digits are read from Arrow's buffers: the last one of all rows together, then those before them.
    """
    _, offsets, content = refs.buffers()
    ends = np.frombuffer(offsets, np.int64)[refs.offset : refs.offset + len(refs) + 1]
    letters = np.frombuffer(content, np.uint8) if content is not None and content.size else np.zeros(1, np.uint8)
    at: np.ndarray = ends[1:] - 1
    first: np.ndarray = ends[:-1]
    number, scale = np.zeros(len(refs), np.int64), 1
    inside = np.ones(len(refs), bool)
    for _ in range(_MOST_DIGITS):
        inside &= at >= first
        # Unsigned, so that a character before "0" wraps round to a large number and is not a digit either.
        digit = letters[np.maximum(at, 0)] - np.uint8(ord("0"))
        inside &= digit < len(_DIGITS)
        if not inside.any():
            break
        number += np.where(inside, digit, np.uint8(0)).astype(np.int64) * scale
        scale *= 10
        at = at - 1
    return number


def _classify_sizes(before: pd.DataFrame) -> np.ndarray:
    """Return the size class of each balance: whole numbers that grow with it, credits below invoices.

    The float only decides classes; no sum is made of it.
    """
    balance = np.asarray(pc.cast(arrow.as_single_chunk(pa.array(before["balance"])), pa.float64()))
    size: np.ndarray = (np.log1p(np.abs(balance)) / _STEP).astype(np.int64)
    return np.where(balance < 0, -size - 1, size)


def write_value(value: Any) -> str:
    """Write a value of an order's column for people."""
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, (int, np.integer)):
        # Places count from 0 here, and from 1 for people.
        return f"{value + 1:,}"
    return str(value)

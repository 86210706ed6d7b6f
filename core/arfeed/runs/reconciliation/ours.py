"""Whether an export never was at the receiver: our own report, or what it was made from, perhaps saved again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.runs.reconciliation.numbers import NOWHERE, match_numbers
from arfeed.tables.values.amounts import MONEY, parse_money
from arfeed.tables.values.dates import ORDERS, parse_dates

if TYPE_CHECKING:
    from arfeed.runs.reconciliation.delivered import LastDelivery
    from arfeed.runs.reconciliation.export import Export

_LOOKED_AT = 2_000
"""Rows of which every cell is compared with the report's."""

_FEWEST = 3
"""Columns of fewer headings or values than that are nobody's in particular."""

_FEW_OF = 5
"""Headings of a source's file may differ by one, or by one of this many."""

_ADVICE = "Export the list of open invoices at the receiver"
_ONE_MORE = (
    "if that is what the receiver exports, have it add a column that the report does not have, such as its status"
)


def is_ours(export: Export, delivered: LastDelivery, *, same_headings: bool = False) -> str | None:
    """Return what the file is if it never was at the receiver: the report itself, or what a source was read from.

    A copy that was saved again has other bytes, and its headings may have been renamed: so its cells count, too. With
    `same_headings` somebody says that the receiver has nearly the headings of a source's file.
    """
    if export.sha256 == delivered.sha256:
        return f"this is {delivered.name}, the report that arfeed delivered, and not what the receiver made of it"
    if export.sha256 in delivered.inputs:
        return (
            f"this is {delivered.inputs[export.sha256]}, which the report was made from, and not what the receiver has"
        )
    headings = [str(name) for name in export.cells.columns if name != "origin"]
    if _are_same(headings, delivered.headings):
        return (
            f"its headings are those of {delivered.name}, all of them and no other: it is a copy of a report for the "
            f"receiver, and not what the receiver made of one. {_ADVICE}; {_ONE_MORE}"
        )
    for file, source in delivered.sources() if not same_headings else ():
        if len(headings) >= _FEWEST and (but := _differ_in(headings, source)) is not None:
            exact = f"but for {', '.join(map(repr, but))}" if but else "all of them and no other"
            return (
                f"its headings are those of {file}, {exact}: it seems to be an export of the system that the report is "
                f"made from, and not what the receiver has. {_ADVICE}; if this really is the receiver's export, set "
                "same_headings = true in [destination.reconcile]"
            )
    if _is_copy(export, delivered, headings):
        return (
            f"every cell of it stands in {delivered.name}, too: it is a copy of the report with other headings, and "
            f"not what the receiver made of it. {_ADVICE}; {_ONE_MORE}"
        )
    return None


def _are_same(headings: Collection[str], others: Collection[str]) -> bool:
    return bool(headings) and sorted(map(str.casefold, headings)) == sorted(map(str.casefold, others))


def _differ_in(headings: Sequence[str], source: Sequence[str]) -> list[str] | None:
    """Return the headings that only one of two lists has; None if these are more than a few of all."""
    mine, other = ({name.casefold(): name for name in each} for each in (headings, source))
    apart = [name for key, name in {**mine, **other}.items() if (key in mine) != (key in other)]
    return apart if len(apart) <= max(1, len({*mine, *other}) // _FEW_OF) else None


def _is_copy(export: Export, delivered: LastDelivery, headings: Collection[str]) -> bool:
    """Whether a file has our report's values and no other: all its columns, or fewer under mostly our headings."""
    sent = delivered.cells()
    size = len(export.rows)
    # Without a layout that is known there are no cells to compare with.
    if not len(sent.columns) or not size:
        return False
    chosen = np.unique(np.linspace(0, size - 1, min(size, _LOOKED_AT)).astype(np.int64))
    places = match_numbers(export.rows["invoice_ref"].iloc[chosen], delivered.report["invoice_ref"])
    if (places == NOWHERE).any():
        return False
    sent = sent.iloc[places]
    ours = [column for name in sent.columns if len(column := _drop_blank(_as_array(sent[name])))]
    theirs = {name: _texts(export.cells[name].iloc[chosen]) for name in headings}
    theirs = {name: column for name, column in theirs.items() if pc.any(pc.not_equal(column, "")).as_py()}
    if len(theirs) < _FEWEST:
        return False
    same = np.array([[_equal(column, text) for text in theirs.values()] for column in ours], dtype=bool)
    if not same.size or not same.any(axis=0).all():
        return False
    known = {name.casefold() for name in delivered.headings}
    named = sum(name.casefold() in known for name in theirs)
    return bool(same.any(axis=1).all() or (named >= _FEWEST and 2 * named >= len(theirs)))


def _as_array(values: pd.Series) -> pa.Array:
    return arrow.as_single_chunk(pa.array(values))


def _texts(values: pd.Series) -> pa.Array:
    return pc.utf8_trim_whitespace(arrow.to_text_array(values))


def _drop_blank(column: pa.Array) -> pa.Array:
    """Return a column of the report; no values if all are blank."""
    texts = pc.fill_null(pc.cast(column, pa.large_string()), "")
    return column if pc.any(pc.not_equal(texts, "")).as_py() else column.slice(0, 0)


def _equal(sent: pa.Array, texts: pa.Array) -> bool:
    """Whether each cell says what was sent there, in whatever notation a spreadsheet saves it."""
    blank = pc.equal(texts, "")
    if pa.types.is_decimal(sent.type):
        same = [pc.equal(pc.cast(sent, MONEY), parse_money(texts, mark).values) for mark in (None, ".", ",")]
    elif pa.types.is_date(sent.type):
        same = [pc.equal(sent, parse_dates(texts, order, declared=True).values) for order in ORDERS]
    else:
        same = [pc.equal(pc.utf8_trim_whitespace(pc.fill_null(pc.cast(sent, pa.large_string()), "")), texts)]
    lacking = pc.is_null(sent) if sent.null_count else pa.repeat(pa.scalar(value=False), len(sent))
    return any(
        bool(pc.all(pc.or_(pc.fill_null(each, fill_value=False), pc.and_(blank, lacking))).as_py()) for each in same
    )

"""Comparing what the receiver believes with what was delivered: a row for each invoice that either side has."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.runs.reconciliation.names import same_names
from arfeed.runs.reconciliation.numbers import NOWHERE, find_free, match_numbers
from arfeed.tables.values.amounts import MONEY

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUTCOMES = ("paid there", "open there only", "differs", "unreadable", "same")
"""What an invoice may be: in this order they are listed, the worst first."""

FIELDS = ("balance", "currency", "due_on", "customer_name")
"""What is compared, if the export has it."""


def compare(
    delivered: pd.DataFrame, rows: pd.DataFrame, columns: Collection[str], *, credits_positive: bool = False
) -> pd.DataFrame:
    """Return a row for each invoice delivered, and then for each that is open there only or can't be read.

    `delivered` is a report with canonical columns; `rows` and `columns` are an export's. The result has outcome, known
    (blank; later, why a difference is expected), what (the fields that differ, blank-separated),
    invoice_ref, invoice_ref_there, kind, issued_on, why (what can't be read), others (what differs in further columns),
    and every field as `FIELD` (as sent) and `FIELD_there`; on the side that lacks the invoice they are null.
    `credits_positive` says that credit notes have no minus there.
    """
    places = match_numbers(delivered["invoice_ref"], rows["invoice_ref"])
    both = places != NOWHERE
    ours, theirs = _side(delivered, rows, places, both)
    if credits_positive:
        theirs = _lower_credits(ours, theirs)
    only = rows.iloc[find_free(places, len(rows))]
    # Closed on both sides, or never delivered and settled: nothing to report.
    only = only[(only["open"] | ~only["readable"]).to_numpy(dtype=bool)]
    return pd.concat([_judge(ours, theirs, both, columns), _only_there(only, ours)], ignore_index=True)


def _side(
    delivered: pd.DataFrame, rows: pd.DataFrame, places: NDArray[np.int64], both: NDArray[np.bool_]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the delivered invoices, and beside each what the export has of it, null if it has nothing."""
    names = ["invoice_ref", *FIELDS, "open", "readable", "why", "others"]
    found = pa.Table.from_pandas(rows[names], preserve_index=False).take(pa.array(places, mask=~both))
    return delivered[["invoice_ref", "kind", "issued_on", *FIELDS]].reset_index(drop=True), arrow.to_frame(found)


def _lower_credits(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Return their side with the credit notes' balances below 0, if none of them has a minus."""
    there = arrow.as_single_chunk(pa.array(theirs["balance"]))
    credit = pa.array((ours["kind"] != "invoice").to_numpy(dtype=bool))
    if pc.any(pc.and_(credit, pc.less(there, 0))).as_py():
        return theirs
    turned = pc.if_else(credit, pc.negate(there), there)
    return theirs.assign(balance=pd.Series(turned, index=theirs.index, dtype=theirs["balance"].dtype))


def _judge(ours: pd.DataFrame, theirs: pd.DataFrame, both: NDArray[np.bool_], columns: Collection[str]) -> pd.DataFrame:
    differing = {name: _differs(name, ours, theirs) & both for name in FIELDS if _is_compared(name, theirs, columns)}
    readable = theirs["readable"].fillna(value=True).to_numpy(dtype=bool)
    others = theirs["others"].fillna("").astype("str")
    differing["others"] = (others != "").to_numpy(dtype=bool)
    is_open = theirs["open"].fillna(value=False).to_numpy(dtype=bool)
    some = np.logical_or.reduce([np.zeros(len(ours), bool), *differing.values()])
    outcome = np.select(
        [~readable, ~both | ~is_open, some], ["unreadable", "paid there", "differs"], default="same"
    ).astype(object)
    what = np.full(len(ours), "", dtype=object)
    for name, mask in differing.items():
        what = np.where(mask & (outcome == "differs"), what + f" {name}", what)
    return pd.DataFrame(
        {
            "outcome": pd.Series(outcome, dtype="str"),
            "known": pd.Series([""] * len(ours), dtype="str"),
            "what": pd.Series(what, dtype="str").str.strip(),
            "invoice_ref": ours["invoice_ref"],
            "invoice_ref_there": theirs["invoice_ref"],
            "kind": ours["kind"],
            "issued_on": ours["issued_on"],
            "why": theirs["why"].fillna(""),
            "others": others,
            **{name: ours[name] for name in FIELDS},
            **{f"{name}_there": theirs[name] for name in FIELDS},
        }
    )


def _only_there(rows: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    nothing = ours.iloc[:0].reindex(range(len(rows)))
    readable = rows["readable"].to_numpy(dtype=bool)
    return pd.DataFrame(
        {
            "outcome": pd.Series(np.where(readable, "open there only", "unreadable"), dtype="str"),
            "known": pd.Series([""] * len(rows), dtype="str"),
            "what": pd.Series([""] * len(rows), dtype="str"),
            "invoice_ref": nothing["invoice_ref"],
            "invoice_ref_there": rows["invoice_ref"].reset_index(drop=True),
            "kind": nothing["kind"],
            "issued_on": nothing["issued_on"],
            "why": rows["why"].reset_index(drop=True),
            "others": rows["others"].reset_index(drop=True),
            **{name: nothing[name] for name in FIELDS},
            **{f"{name}_there": rows[name].reset_index(drop=True) for name in FIELDS},
        }
    )


def _is_compared(name: str, theirs: pd.DataFrame, columns: Collection[str]) -> bool:
    # A currency may come from the settings alone.
    return (
        name == "balance"
        or name in columns
        or (name == "currency" and bool((theirs["currency"].fillna("") != "").any()))
    )


def _differs(name: str, ours: pd.DataFrame, theirs: pd.DataFrame) -> NDArray[np.bool_]:
    sent, there = (arrow.as_single_chunk(pa.array(side[name])) for side in (ours, theirs))
    if name == "balance":
        same = pc.equal(pc.cast(sent, MONEY), pc.cast(there, MONEY))
    elif name == "due_on":
        # Where none was sent the receiver works one out by its own terms.
        same = pc.or_kleene(pc.is_null(sent), pc.fill_null(pc.equal(sent, there), fill_value=False))
    elif name == "currency":
        # Without a column of currencies there is nothing to compare; a blank in one is a difference.
        unsaid = pc.equal(there, "")
        same = pc.or_kleene(pc.and_(unsaid, pc.all(unsaid)), pc.equal(sent, there))
    else:
        same = same_names(_fold(ours[name]), _fold(theirs[name]))
    differs: NDArray[np.bool_] = pc.invert(pc.fill_null(same, fill_value=False)).to_numpy(zero_copy_only=False)
    return differs


def _fold(names: pd.Series[str]) -> pa.Array:
    texts = arrow.to_text_array(arrow.fold(names.fillna("")))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"\s+", " "))

"""Differences that are no news: what a receiver may well show otherwise though it has taken the report in rightly."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from arfeed.model import arrow
from arfeed.planning.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAYMENT = "lower there: the platform may have taken a payment since"
CONVERTED = "converted to another currency there"
FUTURE = "dated in the future: the platform may show it from that day on"
CREDITS = "a credit note or payment, and the export lists none"
PENDING = "as before the last delivery: its import may still be running"

IMPORT_TAKES = timedelta(hours=24)
"""How long after a delivery its import may well be running."""

_ENOUGH = 3
_SPREAD = 0.02
"""Converted totals have one rate, but for its rounding and the days on which it was taken."""


def mark_known(
    found: pd.DataFrame, on: date, previous: pd.DataFrame | None, age: timedelta
) -> tuple[pd.DataFrame, list[str]]:
    """Return the comparison with `known` where a difference is no news, and notes about what looks odd.

    `on` is the day of the export, `age` how long after the delivery it was made. `previous` is the report before the
    one compared with; None if there is none.
    """
    known = found["known"].to_numpy(dtype=object).copy()
    notes: list[str] = []
    outcome = found["outcome"].to_numpy(dtype=object)
    _mark(known, (outcome == "paid there") & _is_future(found, on), FUTURE)
    _mark(known, _unlisted_credits(found, outcome), CREDITS)
    if previous is not None and age < IMPORT_TAKES:
        _mark(known, _is_pending(found, outcome, previous), PENDING)
    converted, rates = _converted(found, outcome)
    _mark(known, converted, CONVERTED)
    notes += rates
    alone = (outcome == "differs") & (found["what"] == "balance").to_numpy(dtype=bool)
    lower = _is_lower(found, alone & (known == ""))
    common = np.isin(outcome, ["differs", "same"])
    # Payments are taken of some invoices; if most are lower, another column or another currency was read.
    if lower.sum() > max(1, common.sum() / 2):
        notes.append(
            f"{counted(int(lower.sum()), 'balance')} of {int(common.sum()):,} are lower there, too many for payments "
            "taken since; see whether the column of the balance is that of what is still owed, taxes included"
        )
    else:
        _mark(known, lower, PAYMENT)
    return found.assign(known=pd.Series(known, index=found.index, dtype="str")), notes


def is_before(found: pd.DataFrame, previous: pd.DataFrame | None, latest: pd.DataFrame) -> bool:
    """Whether an export shows what was open before the last delivery: nothing of what that changed, and it did."""
    if previous is None:
        return False
    outcome = found["outcome"].to_numpy(dtype=object)
    pending = _is_pending(found, outcome, previous)
    new = ~arrow.is_in(arrow.fold(latest["invoice_ref"]), arrow.fold(previous["invoice_ref"]))
    gone = ~arrow.is_in(arrow.fold(previous["invoice_ref"]), arrow.fold(latest["invoice_ref"]))
    moved = int(np.isin(outcome, ["paid there", "open there only"]).sum())
    return 0 < int(pending.sum()) == int(new.sum() + gone.sum()) == moved


def _mark(known: NDArray[np.object_], where: NDArray[np.bool_], why: str) -> None:
    known[where & (known == "")] = why


def _is_future(found: pd.DataFrame, on: date) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = (found["issued_on"] > pd.Timestamp(on).date()).fillna(value=False).to_numpy(dtype=bool)
    return result


def _unlisted_credits(found: pd.DataFrame, outcome: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return the credit notes and payments that are not there, if none at all is and invoices are."""
    credit = found["kind"].isin(["credit_note", "payment"]).to_numpy(dtype=bool)
    absent = found["invoice_ref_there"].isna().to_numpy(dtype=bool)
    if (credit & ~absent).any() or credit.all():
        return np.zeros(len(found), bool)
    unlisted: NDArray[np.bool_] = credit & absent & (outcome == "paid there")
    return unlisted


def _is_pending(found: pd.DataFrame, outcome: NDArray[np.object_], previous: pd.DataFrame) -> NDArray[np.bool_]:
    """Return what stands there as it did before the last delivery: its new ones are absent, what it closed is open."""
    before = arrow.fold(previous["invoice_ref"])
    ours = arrow.is_in(arrow.fold(found["invoice_ref"].fillna("")), before).to_numpy(dtype=bool)
    theirs = arrow.is_in(arrow.fold(found["invoice_ref_there"].fillna("")), before).to_numpy(dtype=bool)
    absent = found["invoice_ref_there"].isna().to_numpy(dtype=bool)
    pending: NDArray[np.bool_] = ((outcome == "paid there") & absent & ~ours) | (
        (outcome == "open there only") & theirs
    )
    return pending


def _is_lower(found: pd.DataFrame, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    lower = among.copy()
    lower[among] = [
        sent is not None and there is not None and sent * there > 0 and abs(there) < abs(sent)
        for sent, there in _balances(found[among])
    ]
    return lower


def _balances(found: pd.DataFrame) -> list[tuple[Decimal | None, Decimal | None]]:
    pairs = (arrow.as_single_chunk(_array(found[name])).to_pylist() for name in ("balance", "balance_there"))
    return [*zip(*pairs, strict=True)]


def _array(column: pd.Series[str]) -> object:
    import pyarrow as pa

    return pa.array(column)


def _converted(found: pd.DataFrame, outcome: NDArray[np.object_]) -> tuple[NDArray[np.bool_], list[str]]:
    """Return the invoices whose balance is in another currency there, at one rate for all of a currency."""
    what = found["what"].to_numpy(dtype=object)
    changed = (outcome == "differs") & np.isin(what, ["balance currency"])
    result = np.zeros(len(found), bool)
    notes: list[str] = []
    balances = _balances(found) if changed.any() else []
    pairs = found["currency"].fillna("") + " " + found["currency_there"].fillna("")
    for pair in sorted({*pairs[changed]}):
        rows = np.flatnonzero(changed & (pairs == pair).to_numpy(dtype=bool))
        ratios = [float(there / sent) for sent, there in (balances[row] for row in rows) if sent and there]
        if len(ratios) < _ENOUGH or len(ratios) < len(rows):
            continue
        middle = sorted(ratios)[len(ratios) // 2]
        if middle > 0 and all(abs(each / middle - 1) <= _SPREAD for each in ratios):
            result[rows] = True
            sent, there = pair.split(" ")
            notes.append(
                f"{counted(len(rows), 'balance')} in {sent} are shown in {there}, at {middle:.4g} {there} each"
            )
    return result, notes

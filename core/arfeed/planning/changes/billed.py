"""Balances that don't fit what was billed: larger than the amount, or of the other sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.results import Objection, Plan
from arfeed.planning.changes.balances import Floats, size_of
from arfeed.planning.changes.stayed import Mask, Stayed, truths
from arfeed.planning.wording import counted, largest, money

_MANY = 3
"""Where a source has such balances anyway, so many new ones, and more than there were, are no longer usual."""

_SMALL_SHARE = 1 / 4
"""An excess of up to this part of the amount is a fee or interest, whatever else is known."""

_LARGER = 2
"""An excess of more than so many times the largest known one is of another kind."""


@dataclass(frozen=True, slots=True)
class _Misfit:
    """One way in which a balance does not fit its amount: where (by balances and amounts), and in words."""

    where: Callable[[pa.Array, pa.Array], Mask]
    excess: Callable[[Floats, Floats], Floats]
    words: str
    causes: str


def _above(balance: pa.Array, amount: pa.Array) -> Mask:
    """Where a balance exceeds its amount and has its sign; an amount that is not stated is exceeded by nothing."""
    sign, other = pc.sign(balance), pc.sign(amount)
    same = pc.or_(pc.equal(sign, other), pc.equal(other, 0))
    return _true(pc.and_(same, pc.greater(pc.abs(balance), pc.abs(amount))))


def _opposite(balance: pa.Array, amount: pa.Array) -> Mask:
    """Where one of balance and amount is owed to the customer and the other by the customer."""
    return _true(pc.equal(pc.sign(balance), pc.negate(pc.sign(amount)))) & _true(pc.not_equal(pc.sign(balance), 0))


def _true(where: pa.Array) -> Mask:
    return truths(pc.fill_null(where, fill_value=False)).copy()


_MISFITS = (
    _Misfit(
        _above,
        lambda balance, amount: balance - amount,
        "of which more is open than was billed",
        "Fees and interest do this, and so do a net amount beside a gross balance and a balance in the wrong row",
    ),
    _Misfit(
        _opposite,
        lambda balance, _: balance,
        "whose balance has the other sign than what was billed",
        "Overpaid invoices have this, and so have credit notes of which one column lacks its minus sign",
    ),
)


def balance_above_amount(plan: Plan, found: Stayed | None) -> Iterator[Objection]:
    """Object where more is owed than was billed, or the other way round, and it was not so before."""
    told = [(misfit, rows) for misfit in _MISFITS if len(rows := _unusual(plan, found, misfit))]
    if told:
        said = [
            f"{counted(len(rows), 'invoice')} {misfit.words}: {_worst(rows)}. {misfit.causes}" for misfit, rows in told
        ]
        yield Objection(
            "balance-above-amount",
            f"{'. '.join(said)}. Look at them in the source; approve if they are right",
            tuple(ref for _, rows in told for ref in rows["invoice_ref"]),
        )


def _worst(rows: pd.DataFrame) -> str:
    said = [
        f"{row['invoice_ref']} {row['customer_name']} {money(row['balance'], row['currency'])} open, "
        f"{money(row['amount'], row['currency'])} billed"
        for row in largest(rows).to_dict("records")
    ]
    return "; ".join(said) + "; …" * (len(rows) > len(said))


def _unusual(plan: Plan, found: Stayed | None, misfit: _Misfit) -> pd.DataFrame:
    """Return the misfits among new and changed invoices that are more, or larger, than what their source has anyway."""
    change = arrow.to_text_array(plan.report["change"])
    rows = np.flatnonzero(truths(pc.not_equal(change, "unchanged")))
    now = misfit.where(*(arrow.as_single_chunk(pa.array(plan.report[name]).take(pa.array(rows))) for name in _SUMS))
    new = now.copy()
    if found is not None:
        new[np.searchsorted(rows, found.rows)] &= ~misfit.where(*(found.before(name) for name in _SUMS))
    misfits, new = plan.report.take(rows[now]).reset_index(drop=True), new[now]
    if misfits.empty:
        return misfits
    known, told = _known(plan, misfit), np.zeros(len(misfits), bool)
    for source in misfits["source"].unique():
        mine, usual = np.asarray(misfits["source"] == source), known[known["source"] == source]
        some = mine & new
        if usual.empty or some.sum() >= max(_MANY, len(usual) + 1):
            told |= some
        told |= mine & _far_larger(misfits, usual, misfit)
    return misfits[told].reset_index(drop=True)


_SUMS = ("balance", "amount")


def _known(plan: Plan, misfit: _Misfit) -> pd.DataFrame:
    """Return the misfits of the last report."""
    if plan.before is None:
        return plan.report.iloc[:0]
    return plan.before[misfit.where(*(arrow.as_single_chunk(pa.array(plan.before[name])) for name in _SUMS))]


def _far_larger(rows: pd.DataFrame, usual: pd.DataFrame, misfit: _Misfit) -> Mask:
    """Where an excess is of another kind than any known one, by its share of the amount or as money.

    Where nothing was billed there is no share: such invoices are compared with each other, and as money.
    """
    excess, share, nothing = _excess(rows, misfit)
    known, known_share, known_nothing = _excess(usual, misfit)
    most = pd.Series(known).groupby(usual["currency"].to_numpy()).max()
    as_money = excess > _LARGER * rows["currency"].map(most).fillna(0).to_numpy(np.float64)
    by_share = share > _LARGER * known_share[~known_nothing].max(initial=0)
    large: Mask = (share > _SMALL_SHARE) & (as_money | np.where(nothing, not known_nothing.any(), by_share))
    return large


def _excess(rows: pd.DataFrame, misfit: _Misfit) -> tuple[Floats, Floats, Mask]:
    """Return by how much each balance exceeds what was billed, as which share of it, and where that was nothing."""
    balance, amount = (np.abs(size_of(arrow.as_single_chunk(pa.array(rows[name])))) for name in _SUMS)
    nothing, excess = amount == 0, misfit.excess(balance, amount)
    share = np.where(nothing, np.inf, excess / np.where(nothing, 1, amount))
    return excess, share, nothing

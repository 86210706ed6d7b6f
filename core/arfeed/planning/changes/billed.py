"""What was billed and has changed, and balances that don't fit it: larger, of the other sign, or all of it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.results import Objection, Plan
from arfeed.planning.changes.stayed import (
    Finding,
    Floats,
    Mask,
    Stayed,
    as_floats,
    as_mask,
    count_distinct,
    describe_move,
    join_findings,
)
from arfeed.planning.wording import format_money, largest, pluralize

_ROWS_AT_ONCE = 100_000

_MANY = 3
"""If a source has such balances anyway, at least this many new ones, and more than it had, are unusual."""

_SMALL_SHARE = 1 / 4
"""An excess of up to this share of the amount passes as a fee or interest."""

_LARGER = 2
"""An excess of more than this many times the largest known one is unlike those that are known."""


@dataclass(frozen=True, slots=True)
class _Misfit:
    """One way in which a balance does not fit its amount: a test of balances and amounts, its excess, and words."""

    where: Callable[[pa.Array, pa.Array], Mask]
    excess: Callable[[Floats, Floats], Floats]
    words: str
    causes: str


def _is_above(balance: pa.Array, amount: pa.Array) -> Mask:
    """Return where a balance has its amount's sign and exceeds it; nothing exceeds an amount that is not stated."""
    sign, other = pc.sign(balance), pc.sign(amount)
    same = pc.or_(pc.equal(sign, other), pc.equal(other, 0))
    return as_mask(pc.and_(same, pc.greater(pc.abs(balance), pc.abs(amount))))


def _is_opposite(balance: pa.Array, amount: pa.Array) -> Mask:
    """Return where balance and amount have opposite signs: one is owed to the customer, the other by the customer."""
    sign = pc.sign(balance)
    return as_mask(pc.and_(pc.equal(sign, pc.negate(pc.sign(amount))), pc.not_equal(sign, 0)))


_MISFITS = (
    _Misfit(
        _is_above,
        lambda balance, amount: balance - amount,
        "with a higher balance than was billed",
        "Fees and interest do this, and so do a net amount beside a gross balance and a balance in the wrong row",
    ),
    _Misfit(
        _is_opposite,
        lambda balance, _: balance,
        "whose balance and billed amount differ in sign",
        "Overpaid invoices look like this, and so do credit notes with the minus sign missing from one column",
    ),
)


def object_to_misfits(plan: Plan, found: Stayed | None) -> Iterator[Objection]:
    """Object if more is owed than was billed, or the signs are opposite, unless that was already so."""
    told = [(misfit, rows) for misfit in _MISFITS if len(rows := _find_unusual(plan, found, misfit))]
    if told:
        said = [
            f"{pluralize(len(rows), 'invoice')} {misfit.words}: {_describe_worst(rows)}. {misfit.causes}"
            for misfit, rows in told
        ]
        yield Objection(
            "balance-above-amount",
            f"{'. '.join(said)}. Check them in the source; approve if they are right",
            tuple(ref for _, rows in told for ref in rows["invoice_ref"]),
        )


def _describe_worst(rows: pd.DataFrame) -> str:
    said = [
        f"{row['invoice_ref']} {row['customer_name']} {format_money(row['balance'], row['currency'])} open, "
        f"{format_money(row['amount'], row['currency'])} billed"
        for row in largest(rows).to_dict("records")
    ]
    return "; ".join(said) + "; …" * (len(rows) > len(said))


def _test(plan: Plan, misfit: _Misfit, rows: npt.NDArray[np.int64]) -> Mask:
    """Return which of these rows do not fit; in pieces, since a test makes several columns of numbers."""
    columns = [arrow.as_single_chunk(pa.array(plan.report[name])) for name in _SUMS]
    pieces = np.array_split(rows, len(rows) // _ROWS_AT_ONCE + 1)
    return np.concatenate([misfit.where(*(column.take(pa.array(piece)) for column in columns)) for piece in pieces])


def _find_unusual(plan: Plan, found: Stayed | None, misfit: _Misfit) -> pd.DataFrame:
    """Return new and changed invoices that don't fit, if there are more, or larger ones, than is usual there."""
    change = arrow.to_text_array(plan.report["change"])
    rows = np.flatnonzero(as_mask(pc.not_equal(change, "unchanged")))
    now = _test(plan, misfit, rows)
    new = now.copy()
    if found is not None:
        # What did not fit at the last delivery either was asked about then; only what has newly come about counts.
        new[np.searchsorted(rows, found.rows)] &= ~misfit.where(*(found.before(name) for name in _SUMS))
    misfits, new = plan.report.take(rows[now]), new[now]
    if misfits.empty:
        return misfits
    known, told = _find_known(plan, misfit), np.zeros(len(misfits), bool)
    for source in misfits["source"].unique():
        mine, usual = np.asarray(misfits["source"] == source), known[known["source"] == source]
        some = mine & new
        # Some systems add interest to the balance all the time. There, only more of it than before is worth a
        # question.
        if usual.empty or some.sum() >= max(_MANY, len(usual) + 1):
            told |= some
        # Also misfits that are not new: one that has grown beyond anything known is another mistake than the old one.
        told |= mine & _is_far_larger(misfits, usual, misfit)
    return misfits[told]


_SUMS = ("balance", "amount")


def _find_known(plan: Plan, misfit: _Misfit) -> pd.DataFrame:
    """Return the misfits of the last report."""
    if plan.before is None:
        return plan.report.iloc[:0]
    return plan.before[misfit.where(*(arrow.as_single_chunk(pa.array(plan.before[name])) for name in _SUMS))]


def _is_far_larger(rows: pd.DataFrame, usual: pd.DataFrame, misfit: _Misfit) -> Mask:
    """Return where an excess is unlike any known one, as a share of the amount or as money.

    If nothing was billed there is no share: such invoices are compared with each other, and as money.
    """
    excess, share, nothing = _measure_excess(rows, misfit)
    known, known_share, known_nothing = _measure_excess(usual, misfit)
    # By currency, or a usual excess in yen would hide an unusual one in pounds.
    most = pd.Series(known).groupby(usual["currency"].to_numpy()).max()
    as_money = excess > _LARGER * rows["currency"].map(most).fillna(0).to_numpy(np.float64)
    by_share = share > _LARGER * known_share[~known_nothing].max(initial=0)
    large: Mask = (share > _SMALL_SHARE) & (as_money | np.where(nothing, not known_nothing.any(), by_share))
    return large


def _measure_excess(rows: pd.DataFrame, misfit: _Misfit) -> tuple[Floats, Floats, Mask]:
    """Return each balance's excess over what was billed, the share of it that this is, and where nothing was billed."""
    balance, amount = (np.abs(as_floats(arrow.as_single_chunk(pa.array(rows[name])))) for name in _SUMS)
    nothing, excess = amount == 0, misfit.excess(balance, amount)
    share = np.where(nothing, np.inf, excess / np.where(nothing, 1, amount))
    return excess, share, nothing


# --- billed otherwise -----------------------------------------------------------------------------------------------

_FEWEST = 2
_MANY_REBILLED = 0.04
"""At least this share of a source's invoices, and `_FEWEST`, are more than corrections of a day."""

_SMALL = 12
"""In a source of more invoices it takes one more: two may well be corrected on one day."""

_MANY_OF_ONE = 3
"""A single customer needs this many, and half of the source's."""

_RAISED_A_LITTLE = 1.02
"""Interest and small fees that a system adds to what was billed raise it by at most this factor."""


def find_rebilled(found: Stayed, explained: Sequence[Finding]) -> list[Finding]:
    """Find sources in which what was billed has changed on several invoices, of several customers or by exchange."""
    now, before = as_floats(found.now("amount")), as_floats(found.before("amount"))
    raised = (now * before > 0) & (np.abs(now) > np.abs(before)) & (np.abs(now) <= _RAISED_A_LITTLE * np.abs(before))
    changed = found.differs("amount") & ~found.differs("currency") & ~join_findings(found, explained)
    sizes, result = found.sizes(["source"]), []
    for (source,), mine in found.groups(["source"]) if changed.any() else ():
        theirs, size = changed & mine & ~raised, sizes[(source,)]
        count, customers = int(theirs.sum()), count_distinct(found.now("customer_id"), theirs)
        several = customers >= _FEWEST or count >= max(_MANY_OF_ONE, size / 2)
        many = several and count >= max(_FEWEST if size <= _SMALL else _FEWEST + 1, _MANY_REBILLED * size)
        if not many:
            theirs = _is_of_another(found, changed & mine)
        if (count := int(theirs.sum())) >= _FEWEST:
            worst = found.worst(theirs, lambda row: describe_move(found, row, "amount"))
            what = "with a different total" if many else "with each other's totals"
            result.append(Finding(f"{source}: {pluralize(count, 'invoice')} {what}: {worst}", theirs))
    return result


def object_to_rebilled(found: Stayed, parts: Sequence[Finding]) -> Iterator[Objection]:
    """Object to invoices whose billed amount is not that of the last report."""
    if parts:
        yield Objection(
            "amounts-changed",
            "amounts billed differ from the last report, though payments never change them. "
            f"{'; '.join(part.words for part in parts)}. A column that was sorted alone does this, and so do net "
            "amounts in place of gross ones and amounts in a different currency. Look at the column of amounts in the "
            "export; approve if these invoices were corrected, as after a change of prices",
            found.refs(join_findings(found, parts)),
        )


def _is_of_another(found: Stayed, where: Mask) -> Mask:
    """Return where the amount is the one that another of these invoices had."""
    chosen = pa.array(where)
    now, before = (column("amount").filter(chosen) for column in (found.now, found.before))
    result = np.zeros(len(where), bool)
    result[where] = as_mask(pc.is_in(now, value_set=before))
    return result


# --- whole again ----------------------------------------------------------------------------------------------------

_RESTORED = 2
"""A single payment may be returned by the bank; that most of several come back at once is the doing of a column."""


def find_restored(found: Stayed, explained: Sequence[Finding]) -> list[Finding]:
    """Find sources in which most part-paid invoices are owed in full again, but for balances that are explained."""
    partly = _is_partly_paid(found.before("balance"), found.before("amount")) & ~found.differs("currency")
    whole = partly & found.differs("balance") & as_mask(pc.equal(found.now("balance"), found.now("amount")))
    whole &= ~join_findings(found, explained)
    result = []
    for (source, *_), mine in found.groups(["source"]) if whole.any() else ():
        theirs = whole & mine
        count = int(theirs.sum())
        if count < _RESTORED or count * 2 < (known := _count_partly_paid(found, source, partly & mine)):
            continue
        worst = found.worst(theirs, lambda row: describe_move(found, row))
        result.append(Finding(f"{source}: {count:,} of {pluralize(known, 'part-paid invoice')}: {worst}", theirs))
    return result


def object_to_restored(found: Stayed, parts: Sequence[Finding]) -> Iterator[Objection]:
    """Object to balances from which part payments are no longer deducted."""
    if parts:
        yield Objection(
            "total-as-balance",
            "invoices that were paid in part are owed in full again, as if nothing had been paid. "
            f"{'; '.join(part.words for part in parts)}. A column of totals in place of the balances does this, and so "
            "does an export or a query that no longer deducts payments. Look at both; approve if these payments were "
            "returned",
            found.refs(join_findings(found, parts)),
        )


def _is_partly_paid(balance: pa.Array, amount: pa.Array) -> Mask:
    """Return where less than what was billed is open, of the same sign."""
    less = pc.and_(pc.less(pc.abs(balance), pc.abs(amount)), pc.equal(pc.sign(balance), pc.sign(amount)))
    return as_mask(less)


def _count_partly_paid(found: Stayed, source: str, changed: Mask) -> int:
    """Count the invoices of a source that were part-paid in the last report and stay, including unchanged ones."""
    rows = found.unchanged(source)
    partly = _is_partly_paid(*(arrow.as_single_chunk(pa.array(rows[name])) for name in _SUMS))
    return int(partly.sum() + changed.sum())

"""Currencies and balances that changed as payments, credits and corrections hardly ever make them change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import schema
from arfeed.model.currencies import digits_by_row
from arfeed.model.results import Objection
from arfeed.planning.changes.stayed import Mask, Stayed
from arfeed.planning.wording import are, counted, money

Floats = npt.NDArray[np.float64]
"""What is only weighed, never delivered: a share, a factor, or a size to tell by."""


def currency_changed(found: Stayed) -> Iterator[Objection]:
    """Object to every invoice in another currency."""
    other = found.differs("currency")
    if other.any():
        same = int((other & ~found.differs("balance")).sum())
        settings = " (the configuration has changed since the last delivery)" * found.plan.settings_changed
        yield Objection(
            "currency-changed",
            f"{are(int(other.sum()), 'invoice')} in another currency than in the last report, {same:,} of them with "
            f"the same figures: {found.worst(other, lambda row: _move(found, row))}. Look at the currency column "
            f"of the export and at `currency` in plugins.toml{settings}; approve if they were billed so",
            found.refs(other),
        )


# --- scaled ---------------------------------------------------------------------------------------------------------

_POWERS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001, -1.0)
_TELLING = (100.0, 1000.0, -1.0)
"""Factors that no payment leaves behind, so that a single balance tells."""

_RETAINED = 0.1
"""What is left of an invoice of which a tenth is retained: everyday in some trades."""

_MANY_RETAINED = 10
_PAYABLE = (1 / 2, 1 / 3, 2 / 3, 1 / 4, 3 / 4, *(tenth / 10 for tenth in range(1, 10)))
"""What may be left of several invoices that are paid in equal parts."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """Balances or amounts that one factor was applied to, in words, and where they are."""

    words: str
    where: Mask


def scaled(found: Stayed) -> list[Scaled]:
    """Find balances and amounts that were multiplied by one factor, by source and currency."""
    result = []
    for column in ("balance", "amount"):
        where, factors = np.zeros(len(found.rows), bool), []
        for theirs, factor in (*_by_powers(found, column), *_by_any_factor(found, column)):
            if not (where & theirs).any():
                where |= theirs
                factors.append(f"{factor:.6g}")
        if where.any():
            worst = found.worst(where, lambda row, column=column: _move(found, row, column))  # type: ignore[misc]
            by = " or ".join(dict.fromkeys(factors))
            result.append(Scaled(f"{counted(int(where.sum()), column)} multiplied by {by}: {worst}", where))
    return result


def balances_scaled(found: Stayed, parts: Sequence[Scaled]) -> Iterator[Objection]:
    """Object to what one factor was applied to: a lost decimal mark, a turned sign, another currency."""
    if parts:
        yield Objection(
            "balances-scaled",
            f"{'; '.join(part.words for part in parts)}. A lost decimal mark does this, and so do cents taken for "
            "whole units, a turned sign and another currency. Look at the column in the export; approve if they are "
            "right",
            found.refs(np.logical_or.reduce([part.where for part in parts])),
        )


def _by_powers(found: Stayed, column: str) -> Iterator[tuple[Mask, float]]:
    """Yield where the sums of a source, of whatever currency, were multiplied by a power of ten or by minus one."""
    now, before, changed = _changed(found, column)
    if not changed.any():
        return
    sizes = found.sizes(["source"])
    for group, mine in found.groups(["source"]):
        for factor in _POWERS:
            theirs = changed & mine & _near(now, before * factor, _cents(found))
            if theirs.any() and _is_no_payment(found, factor, theirs, changed & mine, sizes[group]):
                yield changed & mine & _near(now, before * factor, _cents(found), least=0), factor


def _by_any_factor(found: Stayed, column: str) -> Iterator[tuple[Mask, float]]:
    """Yield where over half the sums of a source's currency were multiplied by one factor, as by an exchange rate."""
    now, before, changed = _changed(found, column)
    if not changed.any():
        return
    cents, sizes = _cents(found), found.sizes()
    for group, mine in found.groups():
        some = changed & mine
        if some.sum() * 2 <= sizes[group]:
            continue
        factor = _common_factor(now[some], before[some], cents[some])
        theirs = some & _near(now, before * factor, cents)
        paid = factor < 1 and any(abs(factor - part) < 1e-3 for part in _PAYABLE)
        enough = theirs.sum() >= (3 if paid else 2) and theirs.sum() * 2 > sizes[group]
        if enough and len(np.unique(before[theirs])) > 1:
            yield theirs, factor


def _changed(found: Stayed, column: str) -> tuple[Floats, Floats, Mask]:
    """Return sums now and before, and where they differ in the same currency."""
    now, before = size_of(found.now(column)), size_of(found.before(column))
    return now, before, found.differs(column) & ~found.differs("currency") & (before != 0)


def _cents(found: Stayed) -> Floats:
    """Return the smallest unit of each row's currency."""
    digits = digits_by_row(found.now("currency"), schema.MONEY_SCALE)
    return np.power(10.0, -digits.astype(np.float64))


def _is_no_payment(found: Stayed, factor: float, theirs: Mask, changed: Mask, common: int) -> bool:
    """Whether so many sums can't have been paid down to, or raised by, a power of ten."""
    count = int(theirs.sum())
    if factor in _TELLING:
        return True
    most = count * 2 > common
    if factor == _RETAINED and not (theirs & found.differs("amount")).any():
        return count > 1 and (most or (count >= _MANY_RETAINED and count * 2 > changed.sum()))
    return count > 1 or most


def _common_factor(now: Floats, before: Floats, cents: Floats) -> float:
    """Return the factor that most have in common, if any has: the median, made exact by the largest that has it."""
    ratio, blur = now / before, cents / np.abs(before)
    middle = np.argsort(ratio)[len(ratio) // 2]
    like = np.abs(ratio - ratio[middle]) <= blur + blur[middle]
    largest_alike = np.abs(before * like).argmax()
    return float(ratio[largest_alike])


def _near(now: Floats, wanted: Floats, cents: Floats, least: int = 10) -> Mask:
    """Where a sum is what it was to become, or, from so many cents on, that rounded: a cent is near anything."""
    off = np.abs(now - wanted)
    rounded = (np.abs(now) >= least * cents) & (off <= 0.51 * cents)
    result: Mask = (off <= 1e-9 * np.abs(wanted)) | rounded
    return result


# --- sums -----------------------------------------------------------------------------------------------------------

_FEW = 2
_SEVERAL = 3
_RISEN_ROWS = 0.05
_RISEN_SUM = 0.25
_RISEN_ALONE = 0.5
_FALLEN_ROWS = 1 / 3
_FALLEN_FEWEST = 6
_INTEREST = 1.02
"""A balance may rise by so much in many invoices at once before they count as risen."""


@dataclass(frozen=True, slots=True)
class _Moves:
    """What the balances of one source and currency did: which rose, returned (up to what was billed) and fell."""

    now: Floats
    before: Floats
    rose: Mask
    returned: Mask
    fell: Mask


def sums_moved(found: Stayed, explained: Sequence[Scaled]) -> Iterator[Objection]:
    """Object where more balances, or more money, have risen or fallen than payments and corrections explain.

    What one factor was applied to is left out: it has an objection of its own.
    """
    others = ~np.logical_or.reduce([np.zeros(len(found.rows), bool), *(part.where for part in explained)])
    parts: list[tuple[str, Mask]] = []
    small = _wholly_changed(found)
    for (source, currency), mine in found.groups():
        moves = _moves(found, mine & others)
        moved = moves.rose | moves.fell
        if not moved.any() or not (source in small or _unusual(found, moves, (source, currency))):
            continue
        said = [
            f"{counted(int(which.sum()), 'balance')} {how} by {_difference(found, which, currency)}"
            for which, how in ((moves.rose, "higher"), (moves.fell, "lower"))
            if which.any()
        ]
        common = found.sizes()[(source, currency)]
        examples = found.worst(moved, lambda row: _move(found, row))
        parts.append(
            (f"{source}: of {counted(common, 'invoice')} in both reports, {', '.join(said)}: {examples}", moved)
        )
    if parts:
        yield Objection(
            "sums-moved",
            f"balances have moved more than new and paid invoices explain. {'; '.join(text for text, _ in parts)}. "
            "Payments and credits lower a few balances and raise none; balances in wrong rows do this. Compare some "
            "with the source; approve if they are right",
            found.refs(np.logical_or.reduce([mask for _, mask in parts])),
        )


def _moves(found: Stayed, mine: Mask) -> _Moves:
    changed = mine & found.differs("balance") & ~found.differs("currency")
    now, before = size_of(found.now("balance")), size_of(found.before("balance"))
    same_sign = changed & (now * before > 0)
    rose = same_sign & (np.abs(now) > np.abs(before))
    billed = np.abs(size_of(pc.fill_null(found.now("amount"), schema.ZERO)))
    returned = rose & ~found.differs("amount") & (np.abs(now) <= billed)
    return _Moves(now, before, rose, returned, changed & ~rose)


def _wholly_changed(found: Stayed) -> set[str]:
    """Return the small sources of which no balance has stayed; `everything-changed` looks after larger ones."""
    changed, sizes, most = found.differs("balance"), found.sizes(["source"]), found.plan.guards.missing_floor
    counts = {group: int((mine & changed).sum()) for group, mine in found.groups(["source"])}
    return {group[0] for group, count in counts.items() if _SEVERAL <= count == sizes[group] <= most}


def _unusual(found: Stayed, moves: _Moves, group: tuple[str, ...]) -> bool:
    common, rose, fell = found.sizes()[group], int(moves.rose.sum()), int(moves.fell.sum())
    if rose * 2 > common and rose >= _FEW:
        return True
    much = moves.rose & (np.abs(moves.now) > _INTEREST * np.abs(moves.before))
    if much.sum() >= _SEVERAL and much.sum() > _RISEN_ROWS * common:
        return True
    customers = pc.count_distinct(found.now("customer_id").filter(pa.array(moves.fell))).as_py()
    if fell >= _FALLEN_FEWEST and fell > _FALLEN_ROWS * common and customers >= _SEVERAL:
        return True
    risen = moves.rose & ~moves.returned
    if not risen.any():
        return False
    more = float((np.abs(moves.now) - np.abs(moves.before))[risen].sum())
    doubled = bool((np.abs(moves.now) >= 2 * np.abs(moves.before))[risen].any())
    share = more / _owed(found.last, group)
    return (risen.sum() >= _FEW and share > _RISEN_SUM) or (doubled and share > _RISEN_ALONE)


def _owed(last: pd.DataFrame, group: tuple[str, ...]) -> float:
    """Return what a group owed in the last report, credits added, not taken off."""
    source, currency = group
    mine = (last["source"] == source) & (last["currency"] == currency)
    return float(np.abs(size_of(pa.array(last["balance"][mine]))).sum()) or 1.0


def _difference(found: Stayed, which: Mask, currency: str) -> str:
    """Write by how much some balances have risen or fallen together, exactly."""
    chosen = pa.array(which)
    now, before = (pc.sum(pc.abs(column("balance").filter(chosen))).as_py() for column in (found.now, found.before))
    return money(abs(now - before), currency)


def size_of(values: pa.Array) -> Floats:
    """Return sums as numbers to weigh them by; whatever is delivered, shown or added up stays exact."""
    sizes: Floats = np.asarray(pc.fill_null(pc.cast(values, pa.float64()), 0.0))
    return sizes


def _move(found: Stayed, row: int, column: str = "balance") -> str:
    now, before = (
        money(which(column)[row].as_py(), which("currency")[row].as_py()) for which in (found.now, found.before)
    )
    return f"{found.now('invoice_ref')[row].as_py()} {found.now('customer_name')[row].as_py()} {before} → {now}"

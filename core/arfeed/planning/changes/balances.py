"""Currencies and balances that changed as payments, credits and corrections hardly ever make them change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import schema
from arfeed.model.currencies import digits_by_row
from arfeed.model.results import Objection
from arfeed.planning.changes.stayed import (
    Finding,
    Floats,
    Mask,
    Stayed,
    as_floats,
    count_distinct,
    describe_move,
    join_findings,
)
from arfeed.planning.wording import format_money, pluralize, pluralize_with_verb


def object_to_currencies(found: Stayed) -> Iterator[Objection]:
    """Object to every invoice that is now in another currency."""
    other = found.differs("currency")
    if other.any():
        same = int((other & ~found.differs("balance")).sum())
        settings = " (the configuration has changed since the last delivery)" * found.plan.settings_changed
        yield Objection(
            "currency-changed",
            f"{pluralize_with_verb(int(other.sum()), 'invoice')} in a different currency from the last report, "
            f"{same:,} of them with the same figures: {found.worst(other, lambda row: describe_move(found, row))}. "
            f"Look at the currency column of the export and at `currency` in plugins.toml{settings}; approve if they "
            "really were billed in it",
            found.refs(other),
        )


# --- scaled ---------------------------------------------------------------------------------------------------------

# A decimal mark that is misread moves the point by one to three places; a lost or added minus sign is the -1.
_POWERS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001, -1.0)
_TELLING = (100.0, 1000.0, -1.0)
"""Factors that no payment can cause, so that a single balance is enough."""

_RETAINED = 0.1
"""What remains open if a tenth is retained until the work is accepted, as is common in construction."""

# A few customers may retain a tenth on one day; that many that do, and little else that changes, look like a misread
# decimal point.
_MANY_RETAINED = 10
_PAYABLE = (1 / 2, 1 / 3, 2 / 3, 1 / 4, 3 / 4, *(tenth / 10 for tenth in range(1, 10)))
"""What may remain open of several invoices that are paid in equal instalments."""


def find_scaled(found: Stayed) -> list[Finding]:
    """Find balances and amounts that were multiplied by one factor, by source and currency."""
    result = []
    for column in ("balance", "amount"):
        where, factors = np.zeros(len(found.rows), bool), []
        for theirs, factor in (*_find_powers(found, column), *_find_any_factor(found, column)):
            # The first explanation of a row stands, and powers come first: a tenth is not to be told again as "some
            # factor".
            if not (where & theirs).any():
                where |= theirs
                factors.append(f"{factor:.6g}")
        if where.any():
            worst = found.worst(where, lambda row, column=column: describe_move(found, row, column))  # type: ignore[misc]
            by = " or ".join(dict.fromkeys(factors))
            result.append(Finding(f"{pluralize(int(where.sum()), column)} multiplied by {by}: {worst}", where))
    return result


def object_to_scaled_balances(found: Stayed, parts: Sequence[Finding]) -> Iterator[Objection]:
    """Object to sums that were multiplied by one factor: a lost decimal mark, an inverted sign, another currency."""
    if parts:
        yield Objection(
            "balances-scaled",
            f"{'; '.join(part.words for part in parts)}. A lost decimal mark would explain this, and so would cents "
            "read as whole units, an inverted sign and a different currency. Look at the column in the export; "
            "approve if they are right",
            found.refs(join_findings(found, parts)),
        )


def _find_powers(found: Stayed, column: str) -> Iterator[tuple[Mask, float]]:
    """Yield where the sums of a source, in any currency, were multiplied by a power of ten or by minus one."""
    now, before, changed = _find_changed(found, column)
    if not changed.any():
        return
    sizes, cents = found.sizes(["source"]), _find_cents(found)
    for group, mine in found.groups(["source"]):
        for factor in _POWERS:
            theirs = changed & mine & _is_near(now, before * factor, cents)
            # A payment leaves what was billed alone: where that has moved as well, a single balance is enough.
            billed = theirs & found.differs("amount")
            if theirs.any() and _is_no_payment(found, factor, theirs, changed & mine, sizes[group]):
                # Once the factor is certain, small sums count too: those that rounded to a few cents were left out as
                # evidence only.
                yield changed & mine & _is_near(now, before * factor, cents, least=0), factor
            elif billed.any():
                yield billed, factor


def _find_any_factor(found: Stayed, column: str) -> Iterator[tuple[Mask, float]]:
    """Yield where over half of a source's sums in a currency were multiplied by one factor, as by an exchange rate."""
    now, before, changed = _find_changed(found, column)
    if not changed.any():
        return
    cents, sizes = _find_cents(found), found.sizes()
    for group, mine in found.groups():
        some = changed & mine
        # An exchange rate or a wrong column strikes the whole list, so fewer than half are left to the other guards.
        if some.sum() * 2 <= sizes[group]:
            continue
        factor = _find_common_factor(now[some], before[some], cents[some])
        theirs = some & _is_near(now, before * factor, cents)
        paid = any(abs(factor - part) < 1e-3 for part in _PAYABLE)
        enough = theirs.sum() >= (3 if paid else 2) and theirs.sum() * 2 > sizes[group]
        # Equal fees with an equal part payment share a factor, too; different sums that do are not a coincidence.
        if enough and len(np.unique(before[theirs])) > 1:
            yield theirs, factor


def _find_changed(found: Stayed, column: str) -> tuple[Floats, Floats, Mask]:
    """Return the sums now and before, and where they differ although the currency is the same."""
    now, before = as_floats(found.now(column)), as_floats(found.before(column))
    # Nothing can be multiplied into or out of 0, and an invoice in another currency has its own objection.
    return now, before, found.differs(column) & ~found.differs("currency") & (before != 0)


def _find_cents(found: Stayed) -> Floats:
    """Return the smallest unit of each row's currency."""
    digits = digits_by_row(found.now("currency"), schema.MONEY_SCALE)
    return np.power(10.0, -digits.astype(np.float64))


def _is_no_payment(found: Stayed, factor: float, theirs: Mask, changed: Mask, common: int) -> bool:
    """Whether payments or corrections can't explain that this many sums changed by a power of ten."""
    count = int(theirs.sum())
    if factor in _TELLING:
        return True
    # A payment of nine tenths on one invoice of many is ordinary; the same on most of the list is not.
    most = count * 2 > common
    # A retention leaves what was billed alone. If the amount shrank as well, the column was misread.
    if factor == _RETAINED and not (theirs & found.differs("amount")).any():
        return count > 1 and (most or (count >= _MANY_RETAINED and count * 2 > changed.sum()))
    return count > 1 or most


def _find_common_factor(now: Floats, before: Floats, cents: Floats) -> float:
    """Return the factor that most sums share, if they share one: the median, refined by the largest sum that has it."""
    ratio, blur = now / before, cents / np.abs(before)
    middle = np.argsort(ratio)[len(ratio) // 2]
    like = np.abs(ratio - ratio[middle]) <= blur + blur[middle]
    # Rounding to cents blurs the ratio of small sums most, so the largest sum gives the most exact factor.
    largest_alike = np.abs(before * like).argmax()
    return float(ratio[largest_alike])


def _is_near(now: Floats, wanted: Floats, cents: Floats, least: int = 10) -> Mask:
    """Return where a sum is the wanted one, or the wanted one rounded if it has at least `least` cents.

    Below that, rounding to a cent makes almost any factor fit.
    """
    off = np.abs(now - wanted)
    # Half a cent is the error of rounding; the hundredth above it is the error of the floats compared here.
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
"""Balances that rise by at most this factor do not count as risen: interest is charged on many invoices at once."""


@dataclass(frozen=True, slots=True)
class _Moves:
    """How the balances of one source and currency moved: which rose, which of those to at most what was billed (a
    payment returned), and which fell.
    """

    now: Floats
    before: Floats
    rose: Mask
    returned: Mask
    fell: Mask


def object_to_moved_sums(found: Stayed, explained: Sequence[Finding]) -> Iterator[Objection]:
    """Object if more balances, or more money, have risen or fallen than payments and corrections explain.

    Sums that another guard explains are left out: they have their own objections.
    """
    others = ~join_findings(found, explained)
    parts = []
    # Shares mean little among three invoices, so a small source is asked about only if no balance at all has stayed.
    small = _find_wholly_changed(found)
    for (source, currency), mine in found.groups():
        moves = _find_moves(found, mine & others)
        moved = moves.rose | moves.fell
        if not moved.any() or not (source in small or _is_unusual(found, moves, (source, currency))):
            continue
        said = [
            f"{pluralize(int(which.sum()), 'balance')} {how} by {_describe_difference(found, which, currency)}"
            for which, how in ((moves.rose, "higher"), (moves.fell, "lower"))
            if which.any()
        ]
        common = found.sizes()[(source, currency)]
        examples = found.worst(moved, lambda row: describe_move(found, row))
        parts.append(
            Finding(
                f"{source}: of {pluralize(common, 'invoice')} in both reports, {', '.join(said)}: {examples}", moved
            )
        )
    if parts:
        yield Objection(
            "sums-moved",
            f"balances have moved more than new and paid invoices explain. {'; '.join(part.words for part in parts)}. "
            "Payments and credits lower a few balances and raise none; balances in wrong rows do this. Compare some "
            "with the source; approve if they are right",
            found.refs(join_findings(found, parts)),
        )


def _find_moves(found: Stayed, mine: Mask) -> _Moves:
    changed = mine & found.differs("balance") & ~found.differs("currency")
    now, before = as_floats(found.now("balance")), as_floats(found.before("balance"))
    # Compared by size within one sign: a credit that goes from -10 to -30 has grown, not fallen.
    same_sign = changed & (now * before > 0)
    rose = same_sign & (np.abs(now) > np.abs(before))
    billed = np.abs(as_floats(found.now("amount")))
    # A returned direct debit restores an old balance. It never exceeds what was billed, and leaves the amount alone.
    returned = rose & ~found.differs("amount") & (np.abs(now) <= billed)
    return _Moves(now, before, rose, returned, changed & ~rose)


def _find_wholly_changed(found: Stayed) -> set[str]:
    """Return the small sources in which no balance has stayed the same; `everything-changed` covers larger ones."""
    changed, sizes, most = found.differs("balance"), found.sizes(["source"]), found.plan.guards.missing_floor
    counts = {group: int((mine & changed).sum()) for group, mine in found.groups(["source"])}
    return {group[0] for group, count in counts.items() if _SEVERAL <= count == sizes[group] <= most}


def _is_unusual(found: Stayed, moves: _Moves, group: tuple[str, ...]) -> bool:
    common, rose, fell = found.sizes()[group], int(moves.rose.sum()), int(moves.fell.sum())
    # Payments only lower balances; nothing ordinary raises most of a list.
    if rose * 2 > common and rose >= _FEW:
        return True
    much = moves.rose & (np.abs(moves.now) > _INTEREST * np.abs(moves.before))
    if much.sum() >= _SEVERAL and much.sum() > _RISEN_ROWS * common:
        return True
    # One customer who pays a little on everything lowers many balances at once, which is ordinary.
    customers = count_distinct(found.now("customer_id"), moves.fell)
    if fell >= _FALLEN_FEWEST and fell > _FALLEN_ROWS * common and customers >= _SEVERAL:
        return True
    # Money, for what too few rows to stand out by their number add: one balance in a wrong row can double a feed's
    # total.
    risen = moves.rose & ~moves.returned
    if not risen.any():
        return False
    more = float((np.abs(moves.now) - np.abs(moves.before))[risen].sum())
    doubled = bool((np.abs(moves.now) >= 2 * np.abs(moves.before))[risen].any())
    share = more / _sum_owed(found.last, group)
    return (risen.sum() >= _FEW and share > _RISEN_SUM) or (doubled and share > _RISEN_ALONE)


def _sum_owed(last: pd.DataFrame, group: tuple[str, ...]) -> float:
    """Return what a group owed in the last report, counting credits by their size.

    Netted, they could bring the sum close to 0, and any change would look large beside it.
    """
    source, currency = group
    mine = (last["source"] == source) & (last["currency"] == currency)
    return float(np.abs(as_floats(pa.array(last["balance"][mine]))).sum())


def _describe_difference(found: Stayed, which: Mask, currency: str) -> str:
    """Write by how much some balances have risen or fallen together, exactly."""
    chosen = pa.array(which)
    now, before = (pc.sum(pc.abs(column("balance").filter(chosen))).as_py() for column in (found.now, found.before))
    return format_money(abs(now - before), currency)

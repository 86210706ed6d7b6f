"""Expected differences: what a receiver may show otherwise although it imported the report correctly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from arfeed.model import arrow
from arfeed.model.currencies import minor_digits
from arfeed.planning.wording import pluralize, pluralize_with_verb

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
"""A rate needs at least this many balances."""

_TWO = 2
"""Two of one ratio are not payments."""

TAXES = tuple(
    1 + Decimal(rate) / 100
    for rate in (
        *("5", "5.5", "6", "7", "7.7", "8", "8.1", "9", "10", "12", "12.5", "13", "13.5", "14", "15", "16", "17"),
        *("18", "19", "20", "21", "22", "23", "24", "25", "25.5", "27"),
    )
)
"""Gross total divided by net, for common tax rates."""

_PAID = 0.2
"""At most this share of a currency's invoices was part-paid since; if more, the wrong column was read or imported."""

_ONE_RATIO = 0.02
"""With many lower, some ratios are the same by chance: this share of them has to be."""


def mark_known(
    found: pd.DataFrame, on: date, previous: pd.DataFrame | None, age: timedelta
) -> tuple[pd.DataFrame, list[str]]:
    """Return the comparison with `known` set on expected differences, and notes on what looks odd.

    `on` is the day of the export, `age` how long after the delivery it was made. `previous` is the report before the
    one compared with; None if there is none.
    """
    known = found["known"].to_numpy(dtype=object).copy()
    notes: list[str] = []
    outcome = found["outcome"].to_numpy(dtype=object)
    absent = found["invoice_ref_there"].isna().to_numpy(dtype=bool)
    # Listed there, as paid or void, it is shown already.
    future = found["invoice_ref"].notna().to_numpy(dtype=bool) & _is_future(found, on)
    # If one is listed before its day, the platform does not wait for the days of others.
    if not (future & ~absent).any():
        _mark(known, (outcome == "paid there") & future, FUTURE)
    _mark(known, _unlisted_credits(found, outcome), CREDITS)
    if previous is not None and age < IMPORT_TAKES and not _has_run(found, outcome, previous):
        _mark(known, _is_pending(found, outcome, previous), PENDING)
    converted, rates = _find_converted(found, outcome)
    _mark(known, converted, CONVERTED)
    notes += rates
    alone = (outcome == "differs") & (found["what"] == "balance").to_numpy(dtype=bool)
    paid, odd = _payments(found, outcome, alone & (known == ""))
    _mark(known, paid, PAYMENT)
    notes += odd
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


def _payments(
    found: pd.DataFrame, outcome: NDArray[np.object_], among: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which lower balances may be payments taken since, and notes on those that are not."""
    paid, notes = np.zeros(len(found), bool), []
    currency = found["currency"].fillna("").to_numpy(dtype=object)
    lower = _is_lower(found, among)
    for code in sorted({*currency[lower]}):
        here = np.flatnonzero(lower & (currency == code))
        common = int((np.isin(outcome, ["differs", "same"]) & (currency == code)).sum())
        scaled = _is_scaled([*_pairs(found.iloc[here])], Decimal(1).scaleb(-minor_digits().get(code, 2)))
        if scaled.any():
            notes.append(
                f"not payments, but a different notation, currency or column: in {code}, "
                f"{pluralize_with_verb(int(scaled.sum()), 'balance')} lower there by a power of ten, only in the "
                "cents, by a tax rate, by two swapped digits, by a missing or changed digit, or all in the same ratio"
            )
        # Payments are taken of some invoices; if many are lower, another column or another currency was read.
        if len(here) > max(1, common * _PAID):
            notes.append(
                f"{pluralize(len(here), 'balance')} of {common:,} in {code} are lower there, too many for payments "
                "taken since; see whether the column of the balance is that of what is still owed, taxes included"
            )
        else:
            paid[here[~scaled]] = True
    return paid, notes


def _is_scaled(pairs: list[tuple[Decimal, Decimal]], step: Decimal) -> NDArray[np.bool_]:
    """Return which pairs differ as payments hardly do: by a power of ten, by cents alone, a tax, a slip, one ratio."""
    sent, there = (np.array([float(abs(pair[side])) for pair in pairs]) for side in (0, 1))
    least, most = ((there + off) / sent for off in (-float(step), float(step)))
    tens = [any(abs(abs(one).scaleb(-power) - abs(other)) <= step for power in range(1, 7)) for one, other in pairs]
    cents = [abs(other) == abs(one) // 1 or abs(one - other) < 100 * step for one, other in pairs]
    taxed = [any(abs(abs(one) / rate - abs(other)) <= step for rate in TAXES) for one, other in pairs]
    slips = [_is_slip(abs(one), abs(other)) for one, other in pairs]
    ratios = there / sent
    # The ratio of a large balance is the most exact: it lies within the rounding of all that share it.
    sharing = np.searchsorted(np.sort(least), ratios, "right") - np.searchsorted(np.sort(most), ratios, "left")
    shared = np.sort(ratios[sharing >= max(_TWO, len(pairs) * _ONE_RATIO)])
    alike = np.searchsorted(shared, most, "right") > np.searchsorted(shared, least, "left")
    result: NDArray[np.bool_] = np.array([tens, cents, taxed, slips], bool).any(axis=0) | alike
    return result


def _is_slip(sent: Decimal, there: Decimal) -> bool:
    """Whether two digits beside each other changed places, or one is missing or another."""
    mine, other = (f"{amount:.4f}".rstrip("0").rstrip(".") for amount in (sent, there))
    width = max(len(text.partition(".")[2]) for text in (mine, other))
    cut = other.replace(".", "")
    mine, other = (text.partition(".")[0] + text.partition(".")[2].ljust(width, "0") for text in (mine, other))
    dropped = {mine[:at] + mine[at + 1 :] for at in range(len(mine))}
    swapped = {mine[:at] + mine[at : at + 2][::-1] + mine[at + 2 :] for at in range(len(mine) - 1)}
    # A round part payment looks the same, and is looked at for nothing; a slip that passed for one would stay.
    mistyped = len(mine) == len(other) and sum(a != b for a, b in zip(mine, other, strict=True)) == 1
    return bool({other, cut} & dropped) or other in swapped - {mine} or mistyped


def _has_run(found: pd.DataFrame, outcome: NDArray[np.object_], previous: pd.DataFrame) -> bool:
    """Whether the import of the last delivery has run: something that it added is there, or that it closed is not."""
    before = arrow.fold(previous["invoice_ref"])
    ours = arrow.fold(found["invoice_ref"].fillna(""))
    new = found["invoice_ref"].notna() & ~arrow.is_in(ours, before)
    if (new & found["invoice_ref_there"].notna()).any():
        return True
    gone = before[~arrow.is_in(before, ours).to_numpy(dtype=bool)]
    unsettled = found[np.isin(outcome, ["open there only", "unreadable"]) & found["invoice_ref"].isna()]
    return not arrow.is_in(gone, arrow.fold(unsettled["invoice_ref_there"].fillna(""))).all()


def _is_lower(found: pd.DataFrame, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    lower = among.copy()
    lower[among] = [
        sent is not None and there is not None and sent * there > 0 and abs(there) < abs(sent)
        for sent, there in _balances(found[among])
    ]
    return lower


def _pairs(found: pd.DataFrame) -> Iterator[tuple[Decimal, Decimal]]:
    for sent, there in _balances(found):
        if sent is not None and there is not None:
            yield sent, there


def _balances(found: pd.DataFrame) -> list[tuple[Decimal | None, Decimal | None]]:
    pairs = (arrow.as_single_chunk(_array(found[name])).to_pylist() for name in ("balance", "balance_there"))
    return [*zip(*pairs, strict=True)]


def _array(column: pd.Series[str]) -> object:
    import pyarrow as pa

    return pa.array(column)


def _find_converted(found: pd.DataFrame, outcome: NDArray[np.object_]) -> tuple[NDArray[np.bool_], list[str]]:
    """Return the invoices whose balance is in another currency there, at the rate that most of a currency have."""
    what = found["what"].to_numpy(dtype=object)
    changed = (outcome == "differs") & np.isin(what, ["balance currency"])
    result = np.zeros(len(found), bool)
    notes: list[str] = []
    balances = _balances(found) if changed.any() else []
    pairs = found["currency"].fillna("") + " " + found["currency_there"].fillna("")
    for pair in sorted({*pairs[changed]}):
        rows = np.flatnonzero(changed & (pairs == pair).to_numpy(dtype=bool))
        both = [(row, *balances[row]) for row in rows]
        there = [(int(row), abs(sent), abs(there)) for row, sent, there in both if sent and there and sent * there > 0]
        step = Decimal(1).scaleb(-minor_digits().get(pair.partition(" ")[2], 2))
        middle, near = _find_rate(there, step)
        # A rate counts only if most balances have it; the others are listed singly.
        if len(near) >= max(_ENOUGH, len(rows) / 2):
            result[near] = True
            sent, other = pair.split(" ")
            notes.append(
                f"{pluralize(len(near), 'balance')} in {sent} are shown in {other}, at {middle:.4g} {other} each"
            )
    return result, notes


def _find_rate(balances: list[tuple[int, Decimal, Decimal]], step: Decimal) -> tuple[float, list[int]]:
    """Return the rate that most of these balances have, rounded to steps, and the rows that have it."""
    if not balances:
        return 0.0, []
    least, most = (
        np.array([float((there + off) / sent) for _, sent, there in balances]) for off in (-step / 2, step / 2)
    )
    rates = np.concatenate([least, most])
    having = np.searchsorted(np.sort(least), rates, "right") - np.searchsorted(np.sort(most), rates, "left")
    rate = float(rates[int(having.argmax())])
    slack = 1e-9 * rate
    near = (least <= rate + slack) & (most >= rate - slack)
    return rate, [balances[place][0] for place in np.flatnonzero(near)]

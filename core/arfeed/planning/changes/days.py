"""Dates that changed as only a wrong column changes them: day and month exchanged, all moved alike, or too many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.results import Objection
from arfeed.planning.changes.stayed import Mask, Stayed, as_mask, count_distinct
from arfeed.planning.wording import pluralize

Dates: TypeAlias = Mapping[str, Mask]
"""Where dates have changed, by column."""

_COLUMNS = {"issued_on": "issue date", "due_on": "due date"}
_CORRECTION = 1
"""This many different dates may be corrected in this way at once."""

_EXTENSIONS = (30, 60)
"""Usual extensions of a due date, in days, by which some dates also move if day and month are exchanged: 30 days after
4 March is 3 April."""

_A_YEAR = 365

# Dates are corrected and put off one by one; a column that was sorted or filled by itself changes most of them.
_MANY, _MANY_SHARE = 5, 1 / 5
_SMALL, _SMALL_MANY, _SMALL_SHARE = 10, 3, 1 / 2
"""Among fewer dates than the first, a fifth is one or two; this many and such a share of them have to have changed."""


def find_exchanged_dates(found: Stayed) -> Dates:
    """Find, by column, the dates of which day and month are exchanged, if more are than somebody would correct."""
    return {column: _find_exchanged(found, column) for column in _COLUMNS}


def find_shifted_dates(found: Stayed) -> Dates:
    """Find, by column, most dates of a source that have moved by the same number of days."""
    return {column: _find_shifted(found, column) for column in _COLUMNS}


def object_to_exchanged_dates(found: Stayed, exchanged: Dates) -> Iterator[Objection]:
    """Object to dates with day and month exchanged."""
    if said := _describe(found, exchanged, "with day and month swapped"):
        yield Objection(
            "dates-exchanged",
            f"{said}. Check the date order in the export and the source's `dates`; approve if the new dates are right",
            found.refs(_join(found, exchanged)),
        )


def object_to_shifted_dates(found: Stayed, shifted: Dates) -> Iterator[Objection]:
    """Object to most dates of a source that have moved alike."""
    if said := _describe(found, shifted, "moved by the same number of days"):
        yield Objection(
            "dates-shifted",
            f"{said}. A time zone does this, and so does a workbook that counts its days from 1904. Look at the "
            "export; approve if the new dates are right",
            found.refs(_join(found, shifted)),
        )


def object_to_changed_dates(found: Stayed, reused: Mask, *explained: Dates) -> Iterator[Objection]:
    """Object if more dates of a source have changed, in whatever way, than somebody corrects or extends by hand.

    Reused numbers and dates that another guard explains are left out: they have their own objections.
    """
    told = {column: np.zeros(len(found.rows), bool) for column in _COLUMNS}
    parts = []
    for column, name in _COLUMNS.items():
        changed = found.differs(column) & ~np.logical_or.reduce([reused, *(each[column] for each in explained)])
        for (source, *_), mine in found.groups(["source"]) if changed.any() else ():
            theirs = changed & mine & ~_find_ordinary(found, column, changed & mine)
            if theirs.sum() < _SMALL_MANY:
                continue
            common = _count_dated(found, source, column, mine)
            many, share = (_SMALL_MANY, _SMALL_SHARE) if common < _SMALL else (_MANY, _MANY_SHARE)
            if theirs.sum() >= max(many, share * common):
                told[column] |= theirs
                worst = found.worst(theirs, lambda row, column=column: _describe_move(found, row, column))  # type: ignore[misc]
                parts.append(f"{source}: {theirs.sum():,} of {pluralize(common, name)} changed: {worst}")
    if parts:
        yield Objection(
            "dates-changed",
            f"more dates have changed than anybody corrects by hand. {'; '.join(parts)}. A column that was sorted, "
            "filled or mapped by itself does this, and so does a transform that puts dates into other rows. Compare "
            "some with the source; approve if they are right",
            found.refs(_join(found, told)),
        )


def object_to_lost_due_dates(found: Stayed) -> Iterator[Objection]:
    """Object if more due dates have gone blank than somebody would remove by hand."""
    blank = as_mask(pc.and_(pc.is_null(found.now("due_on")), pc.is_valid(found.before("due_on"))))
    blank &= ~as_mask(pc.not_equal(found.now("kind"), "invoice"))
    if blank.sum() > _CORRECTION:
        worst = found.worst(blank, lambda row: f"{found.now('invoice_ref')[row]} (was {found.before('due_on')[row]})")
        dates = pluralize(int(blank.sum()), "due date")
        yield Objection(
            "due-dates-lost",
            f"{dates} had a value at the last delivery and are blank now: {worst}. Look "
            "at the column that `due_on` names in the export; approve if they were removed",
            found.refs(blank),
        )


def _join(found: Stayed, where: Dates) -> Mask:
    joined: Mask = np.logical_or.reduce([np.zeros(len(found.rows), bool), *where.values()])
    return joined


def _describe(found: Stayed, where: Dates, how: str) -> str:
    return "; ".join(
        f"{pluralize(int(where[column].sum()), name)} {how}: "
        + found.worst(where[column], lambda row, column=column: _describe_move(found, row, column))  # type: ignore[misc]
        for column, name in _COLUMNS.items()
        if where[column].any()
    )


def _describe_move(found: Stayed, row: int, column: str) -> str:
    return f"{found.now('invoice_ref')[row].as_py()} {found.before(column)[row]} → {found.now(column)[row]}"


def _find_exchanged(found: Stayed, column: str) -> Mask:
    """Return where a source's dates were exchanged: two different dates, or the only one that can be exchanged."""
    changed = found.differs(column)
    if not changed.any():
        return changed
    now, before = found.now(column), found.before(column)
    # A day above 12 can't be read as a month, so such a date proves nothing either way.
    could = as_mask(pc.less_equal(pc.day(before), 12)) & changed
    turned = could & as_mask(pc.equal(pc.day(now), pc.month(before))) & as_mask(pc.equal(pc.month(now), pc.day(before)))
    # A date that was exchanged keeps its year; one that changed it as well was corrected.
    turned &= as_mask(pc.equal(pc.year(now), pc.year(before)))
    if column == "due_on":
        turned &= ~np.isin(found.days_moved(column), _EXTENSIONS)
    result = np.zeros(len(turned), bool)
    for group, mine in found.groups(["source"]):
        theirs = turned & mine
        # A misread column exchanges every date that it can, so a minority among them are corrections.
        if theirs.sum() * 2 <= (could & mine).sum():
            continue
        if count_distinct(before, theirs) > _CORRECTION or _count_exchangeable(found, group[0], column) == 1:
            result |= theirs
    return result


def _count_exchangeable(found: Stayed, source: str, column: str) -> int:
    """Count the dates of a source that would be different valid dates with day and month exchanged."""
    dates = pa.array(found.last[column]).filter(pa.array(found.last["source"] == source))
    # 5 May read the other way round is still 5 May.
    others = pc.and_(pc.less_equal(pc.day(dates), 12), pc.not_equal(pc.day(dates), pc.month(dates)))
    return int(pc.sum(others, min_count=0).as_py())


def _find_shifted(found: Stayed, column: str) -> Mask:
    """Return where over half of a source's dates moved alike; due dates extended alike are ordinary."""
    changed = found.differs(column)
    result = np.zeros(len(changed), bool)
    if not changed.any():
        return result
    days, sizes = found.days_moved(column), found.sizes(["source"])
    for group, mine in found.groups(["source"]):
        theirs = changed & mine
        moves, counts = np.unique(days[theirs], return_counts=True)
        if not len(moves):
            continue
        most = int(counts.argmax())
        alike = theirs & (days == moves[most])
        # New terms move due dates ahead by days or months; a time zone moves them by one day, another epoch by years.
        put_off = column == "due_on" and 1 < moves[most] < _A_YEAR
        if not put_off and alike.sum() * 2 > sizes[group] and count_distinct(found.before(column), alike) > _CORRECTION:
            result |= alike
    return result


def _find_ordinary(found: Stayed, column: str, changed: Mask) -> Mask:
    """Return which of a source's changed dates bookkeepers change many of at once.

    One date that a batch of invoices shares is corrected; due dates are put off, all by the same number of days or
    all those of one customer.
    """
    nothing = np.zeros(len(changed), bool)
    if all(count_distinct(dates(column), changed) <= _CORRECTION for dates in (found.before, found.now)):
        return changed
    if column != "due_on":
        return nothing
    days = found.days_moved(column)
    put_off = changed & (days > 1) & (days < _A_YEAR)
    moves, counts = np.unique(days[put_off], return_counts=True)
    # A single date put off by some number of days is alike to nothing.
    alike = put_off & (days == moves[counts.argmax()]) if counts.max(initial=0) > 1 else nothing
    others = put_off & ~alike
    return put_off if count_distinct(found.now("customer_id"), others) == 1 else alike


def _count_dated(found: Stayed, source: str, column: str, mine: Mask) -> int:
    """Count the invoices of a source that have a date in both reports, including unchanged ones."""
    both = as_mask(pc.and_(pc.is_valid(found.before(column)), pc.is_valid(found.now(column))))
    return int(found.unchanged(source)[column].notna().sum() + (both & mine).sum())

"""Dates that changed as only a misread column makes them change: day and month exchanged, or all moved alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.results import Objection
from arfeed.planning.changes.stayed import Mask, Stayed
from arfeed.planning.wording import counted

_COLUMNS = {"issued_on": "issue date", "due_on": "due date"}
_CORRECTION = 1
"""So many different dates may be corrected in this way at once."""

_EXTENSIONS = (30, 60)
"""Days by which a due date is put off, and by which some dates move when day and month change places: from 4 March,
30 days lead to 3 April."""

_A_YEAR = 365


def dates_exchanged(found: Stayed) -> Iterator[Objection]:
    """Object where days and months have changed places in more dates than somebody corrects."""
    exchanged = {column: _exchanged(found, column) for column in _COLUMNS}
    if said := _said(found, exchanged, "with day and month exchanged"):
        yield Objection(
            "dates-exchanged",
            f"{said}. Look at the order of dates in the export and at the source's `dates`; approve if the new dates "
            "are right",
            found.refs(np.logical_or.reduce([*exchanged.values()])),
        )


def dates_shifted(found: Stayed) -> Iterator[Objection]:
    """Object where most dates of a source have moved by one and the same number of days."""
    shifted = {column: _shifted(found, column) for column in _COLUMNS}
    if said := _said(found, shifted, "moved by the same number of days"):
        yield Objection(
            "dates-shifted",
            f"{said}. A time zone does this, and so does a workbook that counts its days from 1904. Look at the "
            "export; approve if the new dates are right",
            found.refs(np.logical_or.reduce([*shifted.values()])),
        )


def _said(found: Stayed, where: Mapping[str, Mask], how: str) -> str:
    return "; ".join(
        f"{counted(int(where[column].sum()), name)} {how}: "
        + found.worst(where[column], lambda row, column=column: _move(found, row, column))  # type: ignore[misc]
        for column, name in _COLUMNS.items()
        if where[column].any()
    )


def _move(found: Stayed, row: int, column: str) -> str:
    return f"{found.now('invoice_ref')[row].as_py()} {found.before(column)[row]} → {found.now(column)[row]}"


def _exchanged(found: Stayed, column: str) -> Mask:
    """Return where a source's dates were exchanged: two different ones, or the only one there that could be."""
    changed = found.differs(column)
    if not changed.any():
        return changed
    now, before = found.now(column), found.before(column)
    could = np.asarray(pc.fill_null(pc.less_equal(pc.day(before), 12), fill_value=False)) & changed
    turned = could & _equal(pc.day(now), pc.month(before)) & _equal(pc.month(now), pc.day(before))
    turned &= _equal(pc.year(now), pc.year(before))
    if column == "due_on":
        turned &= ~np.isin(_days(found, column), _EXTENSIONS)
    result = np.zeros(len(turned), bool)
    for group, mine in found.groups(["source"]):
        theirs = turned & mine
        if theirs.sum() * 2 <= (could & mine).sum():
            continue
        if _distinct(before, theirs) > _CORRECTION or _could_be_exchanged(found, group[0], column) == 1:
            result |= theirs
    return result


def _could_be_exchanged(found: Stayed, source: str, column: str) -> int:
    """Count the dates of a source that would be others, and still dates, with day and month exchanged."""
    dates = pa.array(found.last[column]).filter(pa.array(found.last["source"] == source))
    others = pc.and_(pc.less_equal(pc.day(dates), 12), pc.not_equal(pc.day(dates), pc.month(dates)))
    return int(pc.sum(others, min_count=0).as_py())


def _shifted(found: Stayed, column: str) -> Mask:
    """Return where over half of a source's dates moved alike; due dates that are put off alike are everyday."""
    changed = found.differs(column)
    result = np.zeros(len(changed), bool)
    if not changed.any():
        return result
    days, sizes = _days(found, column), found.sizes(["source"])
    for group, mine in found.groups(["source"]):
        theirs = changed & mine
        moves, counts = np.unique(days[theirs], return_counts=True)
        if not len(moves):
            continue
        most = int(counts.argmax())
        alike = theirs & (days == moves[most])
        put_off = column == "due_on" and 1 < moves[most] < _A_YEAR
        if not put_off and alike.sum() * 2 > sizes[group] and _distinct(found.before(column), alike) > _CORRECTION:
            result |= alike
    return result


def _days(found: Stayed, column: str) -> npt.NDArray[np.int64]:
    """Return by how many days each date moved; 0 where one of the two is blank."""
    moved = pc.days_between(found.before(column), found.now(column))
    return np.asarray(pc.fill_null(moved, 0), dtype=np.int64)


def _equal(one: pa.Array, other: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(pc.equal(one, other), fill_value=False))


def _distinct(values: pa.Array, where: Mask) -> int:
    return int(pc.count_distinct(values.filter(pa.array(where))).as_py())

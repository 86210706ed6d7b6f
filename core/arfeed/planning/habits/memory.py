"""What was learned about all sources of a feed, and how a delivery adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.planning.habits.case import Case, Rows, number_rows
from arfeed.planning.habits.learned import BANDS, NOTHING, WIDE, Learned
from arfeed.planning.habits.packing import pack, unpack

_HALF_LIFE = 500
"""Working days after which what was seen counts only half as much."""

_FORGOTTEN = 0.05
"""A customer without open rows is forgotten once less than this is left of its figures."""

_REMEMBERED_DAYS, _REMEMBERED = 400, 200_000
"""For how many days, and how many, references that were closed are remembered."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What was learned about all sources of a feed."""

    sources: Mapping[str, Learned]

    @classmethod
    def none(cls) -> Habits:
        """Return the habits of a feed about which nothing is known."""
        return cls({})

    @classmethod
    def unpack(cls, content: bytes) -> Habits:
        """Return the habits that `pack` wrote; raise ConfigError if they are damaged."""
        return cls(unpack(content))

    def pack(self) -> bytes:
        """Return the habits as one small file."""
        return pack(self.sources)

    @property
    def reports(self) -> Mapping[str, int]:
        """How many reports of each source were learned from."""
        return {name: learned.reports for name, learned in self.sources.items()}

    def of(self, source: str) -> Learned:
        """Return what was learned about a source."""
        return self.sources.get(source, NOTHING)

    def learn(self, case: Case, closed: np.ndarray) -> Habits:
        """Return these habits with what a delivery adds; `closed` are rows of the baseline that left without proof."""
        rows, before = number_rows(case), self.of(case.source)
        kept = 0.5 ** (case.days / _HALF_LIFE)
        now = replace(
            _remember(_add_customers(before, rows, closed, case.days, kept), case, closed),
            reports=before.reports + 1,
            # The days that really passed, not `case.days`, which is at least one: together with `reports` they tell
            # how many reports a day brings.
            worked=before.worked + case.worked,
            open_days=_add(before.open_days * kept, np.bincount(rows.band, minlength=BANDS) * case.days),
            closings=_add(before.closings * kept, np.bincount(rows.band[closed], minlength=BANDS)),
        )
        return Habits({**self.sources, case.source: now})


def _add(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    total: np.ndarray = (old + new).astype(np.float32)
    return total


def _add_customers(before: Learned, rows: Rows, closed: np.ndarray, days: int, kept: float) -> Learned:
    places = pc.index_in(rows.names, value_set=before.customers)
    new = rows.names.filter(pc.is_null(places))
    at = np.asarray(pc.fill_null(places, -1)).astype(np.int64)
    at[at < 0] = len(before.customers) + np.arange(len(new))
    size = len(rows.names) * WIDE
    # By the rates before this delivery: a customer is measured by what could be expected then.
    expected = np.bincount(rows.wide, (before.usual * days)[rows.band], minlength=size).reshape(-1, WIDE)
    closings = np.bincount(rows.wide[closed], minlength=size).reshape(-1, WIDE)
    both = [np.concatenate([old * kept, np.zeros((len(new), WIDE))]) for old in (before.expected, before.closed)]
    both[0][at] += expected
    both[1][at] += closings
    # A business with ever new customers would otherwise make this larger for ever.
    wanted = both[0].sum(axis=1) + both[1].sum(axis=1) > _FORGOTTEN
    wanted[at] = True
    names = pa.concat_arrays([before.customers, new])
    if not wanted.all():
        names, both = names.filter(pa.array(wanted)), [each[wanted] for each in both]
    return replace(before, customers=names, expected=both[0].astype(np.float32), closed=both[1].astype(np.float32))


def _remember(before: Learned, case: Case, closed: np.ndarray) -> Learned:
    """Remember the references that left, and forget the oldest ones."""
    today = (case.on - date(1970, 1, 1)).days
    new = arrow.to_text_array(arrow.fold(case.before["invoice_ref"][case.missing]))
    # A reference that has left before moves to the end with its new day, so that each is there once, the oldest
    # first.
    again = np.asarray(pc.is_in(before.references, value_set=new), bool)
    old = ~again & (before.gone >= today - _REMEMBERED_DAYS)
    kept = before.references if old.all() else before.references.filter(pa.array(old))
    references, gone = pa.concat_arrays([kept, new]), np.concatenate([before.gone[old], np.full(len(new), today)])
    proven = np.concatenate([before.proven[old], ~closed[case.missing]])
    return replace(
        before,
        references=references[-_REMEMBERED:],
        gone=gone[-_REMEMBERED:].astype(np.int32),
        proven=proven[-_REMEMBERED:],
    )

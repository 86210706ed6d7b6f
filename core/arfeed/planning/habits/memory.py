"""What was learned of all sources of a feed, and how a delivery adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.planning.habits.case import BANDS, WIDE, Case, Rows, numbered
from arfeed.planning.habits.learned import NOTHING, Learned
from arfeed.planning.habits.packing import packed, unpacked

_HALF_LIFE = 500
"""Working days after which what was seen counts half as much."""

_FORGOTTEN = 0.05
"""A customer without open rows, of whom less than this is left, is forgotten."""

_REMEMBERED_DAYS, _REMEMBERED = 400, 200_000
"""How long, and how many, references closed without proof are remembered."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What was learned of all sources of a feed."""

    sources: Mapping[str, Learned]

    @classmethod
    def none(cls) -> Habits:
        """Return the habits of a feed that nothing is known of."""
        return cls({})

    @classmethod
    def unpacked(cls, content: bytes) -> Habits:
        """Return the habits that `packed` wrote; a ConfigError says that they are damaged."""
        return cls(unpacked(content))

    def packed(self) -> bytes:
        """Return the habits as one small file."""
        return packed(self.sources)

    @property
    def reports(self) -> Mapping[str, int]:
        """How many reports of each source were learned from."""
        return {name: learned.reports for name, learned in self.sources.items()}

    def of(self, source: str) -> Learned:
        """Return what was learned of a source."""
        return self.sources.get(source, NOTHING)

    def learned(self, case: Case, closed: np.ndarray) -> Habits:
        """Return these habits and what a delivery adds. `closed`: rows of the baseline that left without proof."""
        rows, before = numbered(case), self.of(case.source)
        kept = 0.5 ** (case.days / _HALF_LIFE)
        now = replace(
            _remembering(_with_customers(before, rows, closed, case.days, kept), case, closed),
            reports=before.reports + 1,
            worked=before.worked + case.worked,
            open_days=_sum(before.open_days * kept, np.bincount(rows.band, minlength=BANDS) * case.days),
            closings=_sum(before.closings * kept, np.bincount(rows.band[closed], minlength=BANDS)),
        )
        return Habits({**self.sources, case.source: now})


def _sum(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    total: np.ndarray = (old + new).astype(np.float32)
    return total


def _with_customers(before: Learned, rows: Rows, closed: np.ndarray, days: int, kept: float) -> Learned:
    places = pc.index_in(rows.names, value_set=before.customers)
    new = rows.names.filter(pc.is_null(places))
    at = np.asarray(pc.fill_null(places, -1)).astype(np.int64)
    at[at < 0] = len(before.customers) + np.arange(len(new))
    size = len(rows.names) * WIDE
    expected = np.bincount(rows.wide, (before.usual * days)[rows.band], minlength=size).reshape(-1, WIDE)
    closings = np.bincount(rows.wide[closed], minlength=size).reshape(-1, WIDE)
    both = [np.concatenate([old * kept, np.zeros((len(new), WIDE))]) for old in (before.expected, before.closed)]
    both[0][at] += expected
    both[1][at] += closings
    wanted = both[0].sum(axis=1) + both[1].sum(axis=1) > _FORGOTTEN
    wanted[at] = True
    names = pa.concat_arrays([before.customers, new])
    if not wanted.all():
        names, both = names.filter(pa.array(wanted)), [each[wanted] for each in both]
    return replace(before, customers=names, expected=both[0].astype(np.float32), closed=both[1].astype(np.float32))


def _remembering(before: Learned, case: Case, closed: np.ndarray) -> Learned:
    """Remember the references that left, and forget the oldest."""
    today = (case.on - date(1970, 1, 1)).days
    new = arrow.to_text_array(arrow.fold(case.before["invoice_ref"][closed]))
    again = np.asarray(pc.is_in(before.references, value_set=new), bool)
    old = ~again & (before.gone >= today - _REMEMBERED_DAYS)
    kept = before.references if old.all() else before.references.filter(pa.array(old))
    references, gone = pa.concat_arrays([kept, new]), np.concatenate([before.gone[old], np.full(len(new), today)])
    return replace(before, references=references[-_REMEMBERED:], gone=gone[-_REMEMBERED:].astype(np.int32))

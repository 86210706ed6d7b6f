"""One source's rows on one day, and the numbers that every guard needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema

_DEFAULT_TERM = 30
"""Days from issue to due date where a row states no due date."""


@dataclass(frozen=True, slots=True)
class Case:
    """What one source listed last time, what of it is missing, and what it lists now.

    `before` holds this source's rows of the baseline: canonical columns, further text columns and, where known,
    arfeed_file (str), arfeed_place (int64) and arfeed_first_in (str, the id of a run). `missing` and `unproven` have a
    bool for each of its rows: no longer in the report; of those, closed without proof and to be judged. `report` holds
    the source's rows of the new report with `change` (new, changed, unchanged). `on` is the day that the report
    speaks of, `since` the day of the last delivery, `last_run` the id of the run that made the baseline. `read` has the
    names of the files that were read now, spelled as in arfeed_file; None where that is not known.
    """

    source: str
    before: pd.DataFrame
    missing: np.ndarray
    unproven: np.ndarray
    report: pd.DataFrame
    on: date
    since: date
    last_run: str | None = None
    read: frozenset[str] | None = None
    caution: int = 20
    missing_share: float = 0.6
    missing_floor: int = 5

    @property
    def name(self) -> str:
        """Return what to call the source; of rows that `adopt` took it is not known."""
        return self.source or "an adopted report"

    @property
    def days(self) -> int:
        """Working days since the last delivery, at least one: several reports a day are a beat each."""
        return max(self.worked, 1)

    @property
    def worked(self) -> int:
        """Working days since the last delivery, which may be none."""
        day = timedelta(days=1)
        return max(int(np.busday_count(self.since + day, self.on + day)), 0)


_LATE_FROM = np.array([-60, -30, -20, -13, -7, -3, 0, 1, 4, 8, 15, 31, 61, 121])
"""The first day past due of every band but the first, which is all that is due later than in 60 days."""

BANDS = len(_LATE_FROM) + 3
"""Bands of days past due, one for rows without any date, and one for credits, which leave with any payment."""

WIDE = 3
"""Coarser bands, in which customers are known: not due yet, up to 30 days late (or undated, or a credit), later."""

_NO_DATE, _CREDIT = BANDS - 2, BANDS - 1
_DUE = int(np.searchsorted(_LATE_FROM, 0, side="right"))
"""The band of what is due on the day itself."""

_SPAN = np.arange(_LATE_FROM[0] - 1, _LATE_FROM[-1] + 1)
_BAND_OF_DAY = np.searchsorted(_LATE_FROM, _SPAN, side="right").astype(np.int8)
_WIDE_OF_BAND = np.array([0] * 7 + [1] * 5 + [2] * 3 + [1, 1], np.int8)


@dataclass(frozen=True, slots=True)
class Rows:
    """A number a row of the baseline: its band of days past due, and its customer among `names`."""

    band: np.ndarray
    customer: np.ndarray
    names: pa.Array

    @property
    def overdue(self) -> np.ndarray:
        """Where a row is past its due date; one without any date counts as such."""
        overdue: np.ndarray = self.band > _DUE
        return overdue

    @property
    def wide(self) -> np.ndarray:
        """Return the coarse band of each row, as the places of a table of (customer, coarse band)."""
        wide: np.ndarray = self.customer * WIDE + _WIDE_OF_BAND[self.band]
        return wide


def numbered(case: Case) -> Rows:
    """Number the rows of the baseline."""
    encoded = pc.dictionary_encode(arrow.to_text_array(case.before["customer_id"]), null_encoding="encode")
    return Rows(_bands(case), np.asarray(encoded.indices), encoded.dictionary)


def _bands(case: Case) -> np.ndarray:
    due, dated = days_since_1970(case.before, "due_on")
    if not dated.all():
        issued, known = days_since_1970(case.before, "issued_on")
        due, dated = np.where(dated, due, issued + _DEFAULT_TERM), dated | known
    late = np.clip((case.on - date(1970, 1, 1)).days - due, _SPAN[0], _SPAN[-1]) - _SPAN[0]
    bands: np.ndarray = _BAND_OF_DAY[late]
    credit = np.asarray(pc.less(arrow.as_single_chunk(pa.array(case.before["balance"])), schema.ZERO), bool)
    if not dated.all():
        bands = np.where(dated, bands, np.int8(_NO_DATE))
    return np.where(credit, np.int8(_CREDIT), bands) if credit.any() else bands


def days_since_1970(rows: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a date column as int32 days (0 where null), and where it is not null."""
    column = arrow.as_single_chunk(pa.array(rows[name], pa.date32()))
    known = np.ones(len(column), bool) if not column.null_count else np.asarray(pc.is_valid(column))
    return np.asarray(pc.fill_null(column.cast(pa.int32()), 0)), known

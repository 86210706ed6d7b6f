"""One source's rows on one day, and the numbers about them that every guard needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.planning.habits.learned import BANDS, LATE_FROM, WIDE

_DEFAULT_TERM = 30
"""Days assumed from issue to due date if a row states no due date."""


@dataclass(frozen=True, slots=True)
class Case:
    """What one source listed last time, what of it is missing, and what it lists now.

    `before` holds this source's rows of the baseline: canonical columns, further text columns and, where known,
    arfeed_file (str), arfeed_place (int64) and arfeed_first_in (str, the id of a run). `missing` and `unproven` have a
    bool for each of its rows: no longer in the report; of those, closed without proof and to be judged. `report` holds
    the source's rows of the new report with `change` (new, changed, unchanged). `on` is the day that the report
    speaks of, `since` the day of the last delivery, `last_run` the id of the run that made the baseline. `read` has the
    names of the files that were read now, spelled as in arfeed_file; None if that is not known.
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
        """Return what to call the source, which is unknown for rows that `adopt` took."""
        return self.source or "an adopted report"

    @property
    def days(self) -> int:
        """Working days since the last delivery, at least one: each of several reports a day counts as one."""
        return max(self.worked, 1)

    @property
    def worked(self) -> int:
        """Working days since the last delivery, which may be none."""
        day = timedelta(days=1)
        # busday_count includes its beginning and leaves out its end; wanted is the reverse, without the day of the
        # delivery.
        return max(int(np.busday_count(self.since + day, self.on + day)), 0)


@dataclass(frozen=True, slots=True)
class Source:
    """What is missing of one source: the case as the guards take it, and its rows that are closed without proof.

    `on` is the actual day, even if the case is judged as of an earlier one.
    """

    case: Case
    closed: np.ndarray
    on: date


_NO_DATE, _CREDIT = BANDS - 2, BANDS - 1
_DUE = int(np.searchsorted(LATE_FROM, 0, side="right"))
"""The band of what is due on that very day."""

# The band of every day between the outermost limits, so that a row costs one lookup instead of a search.
_SPAN = np.arange(LATE_FROM[0] - 1, LATE_FROM[-1] + 1)
_BAND_OF_DAY = np.searchsorted(LATE_FROM, _SPAN, side="right").astype(np.int8)
_WIDE_OF_BAND = np.array([0] * 7 + [1] * 5 + [2] * 3 + [1, 1], np.int8)


@dataclass(frozen=True, slots=True)
class Rows:
    """For each row of the baseline, its band of days past due and its customer's place in `names`."""

    band: np.ndarray
    customer: np.ndarray
    names: pa.Array

    @property
    def overdue(self) -> np.ndarray:
        """Return where a row is past its due date; a row without any date counts as overdue."""
        overdue: np.ndarray = self.band > _DUE
        return overdue

    @property
    def wide(self) -> np.ndarray:
        """Return for each row its place in a flattened table of customers by coarse bands."""
        wide: np.ndarray = self.customer * WIDE + _WIDE_OF_BAND[self.band]
        return wide


def number_rows(case: Case) -> Rows:
    """Number the rows of the baseline."""
    encoded = pc.dictionary_encode(arrow.to_text_array(case.before["customer_id"]), null_encoding="encode")
    return Rows(_find_bands(case), np.asarray(encoded.indices), encoded.dictionary)


def _find_bands(case: Case) -> np.ndarray:
    due, dated = count_days(case.before, "due_on")
    if not dated.all():
        issued, known = count_days(case.before, "issued_on")
        # Only rows without a due date are aged by their issue date; a due date that is stated is the customer's term.
        due, dated = np.where(dated, due, issued + _DEFAULT_TERM), dated | known
    late = np.clip((case.on - date(1970, 1, 1)).days - due, _SPAN[0], _SPAN[-1]) - _SPAN[0]
    bands: np.ndarray = _BAND_OF_DAY[late]
    credit = np.asarray(pc.less(arrow.as_single_chunk(pa.array(case.before["balance"])), schema.ZERO), bool)
    if not dated.all():
        # The band of credits is set last: a credit note is judged as a credit whether or not it has a date.
        bands = np.where(dated, bands, np.int8(_NO_DATE))
    return np.where(credit, np.int8(_CREDIT), bands) if credit.any() else bands


def count_days(rows: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a date column as int32 days (0 if null), and where it is not null."""
    column = arrow.as_single_chunk(pa.array(rows[name], pa.date32()))
    known = np.ones(len(column), bool) if not column.null_count else np.asarray(pc.is_valid(column))
    return np.asarray(pc.fill_null(column.cast(pa.int32()), 0)), known

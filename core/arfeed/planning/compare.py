"""Compare a report with the baseline: what is new, changed, unchanged or missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.results import Counts

COMPARED = (
    "kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "due_on", "amount", "balance",
    "po_number", "memo",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """The report with `change` (new, changed, unchanged), and the baseline's missing rows.

    `lost` marks the rows of the baseline that are missing; `places` are the places that the report's rows had in the
    baseline, null for new ones.
    """

    report: pd.DataFrame
    missing: pd.DataFrame
    counts: Counts
    lost: npt.NDArray[np.bool_]
    places: pa.Array


def compare(report: pd.DataFrame, baseline: pd.DataFrame) -> Comparison:
    """Compare by reference. Both frames have canonical columns and no reference twice.

    A reference with a different spelling than before, in letter case or in Unicode's forms, is both missing and new:
    the receiver may take it for another invoice.
    """
    ours, theirs = arrow.to_text_array(report["invoice_ref"]), arrow.to_text_array(baseline["invoice_ref"])
    places = pc.index_in(ours, value_set=theirs)
    changed = _find_changed(report, baseline, places)
    change = pc.if_else(pc.is_valid(places), pc.if_else(changed, "changed", "unchanged"), "new")
    # What is missing is derived from the same lookup as what stayed, so that no row of the baseline can be in
    # neither.
    unclaimed = np.ones(len(baseline), dtype=bool)
    unclaimed[places.drop_null().to_numpy()] = False
    missing = baseline[unclaimed].reset_index(drop=True)
    counted = {name: pc.sum(pc.equal(change, name), min_count=0).as_py() for name in ("new", "changed", "unchanged")}
    return Comparison(
        report.assign(change=arrow.to_series(change, report.index)),
        missing,
        Counts(missing=len(missing), **counted),
        unclaimed,
        places,
    )


def _find_changed(report: pd.DataFrame, baseline: pd.DataFrame, places: pa.Array) -> pa.Array:
    """Return where a row that is in both reports differs in a column that the receiver sees."""
    result = pa.repeat(pa.scalar(value=False), len(report))
    for name in COMPARED if len(baseline) else ():
        now, before = _as_array(report[name]), _as_array(baseline[name]).take(places)
        # A comparison with null is null, which is why a value that appears or disappears has to be asked for
        # separately.
        unequal = pc.fill_null(pc.not_equal(now, before), fill_value=False)
        one_blank = pc.xor(pc.is_null(now), pc.is_null(before))
        result = pc.or_(result, pc.or_(unequal, one_blank))
    return result


def _as_array(column: pd.Series) -> pa.Array:
    return arrow.as_single_chunk(pa.array(column))

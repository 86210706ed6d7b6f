"""Hold a report against the baseline: what is new, changed or missing, and what the report sums to."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed import schema
from arfeed.interfaces import Counts

COMPARED = (
    "kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "due_on", "amount", "balance",
    "po_number", "memo",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """The report with `change` (new, changed, unchanged), and the baseline's missing rows."""

    report: pd.DataFrame
    missing: pd.DataFrame
    counts: Counts


def compare(report: pd.DataFrame, keys: pd.Series[str], baseline: pd.DataFrame) -> Comparison:
    """Compare by folded reference; `keys` are the report's. Both frames have canonical columns."""
    ours, theirs = schema.text_array(keys), schema.text_array(schema.folded(baseline["invoice_ref"]))
    places = pc.index_in(ours, value_set=theirs)
    changed = _changed(report, baseline, places)
    change = pc.if_else(pc.is_valid(places), pc.if_else(changed, "changed", "unchanged"), "new")
    missing = baseline[_unclaimed(len(baseline), places, ours, theirs)].reset_index(drop=True)
    counted = {name: pc.sum(pc.equal(change, name), min_count=0).as_py() for name in ("new", "changed", "unchanged")}
    return Comparison(
        report.assign(change=pd.Series(pc.cast(change, pa.large_string()), index=report.index, dtype="str")),
        missing,
        Counts(missing=len(missing), **counted),
    )

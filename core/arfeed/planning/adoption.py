"""Taking a report as baseline, read back from the destination or from a file."""

from __future__ import annotations

import pandas as pd

from arfeed.model import arrow
from arfeed.planning.approval import Shown, make_approval_code

DROPPED = "dropped by adopt"


def find_dropped(adopted: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a baseline or a later report that the adopted one lacks: no later plan would miss them."""
    # Folded on both sides: an adopted report may spell a number otherwise, and that invoice is listed all the same.
    there = arrow.fold(adopted["invoice_ref"])
    rows = baseline[~arrow.is_in(arrow.fold(baseline["invoice_ref"]), there)]
    return rows.assign(reason=pd.Series([DROPPED] * len(rows), index=rows.index, dtype="str"))


def make_adoption_code(baseline: str | None, destination: str, report: str, rows: pd.DataFrame) -> str:
    """Return the approval code for taking this report, by its SHA-256, in place of the baseline."""
    return make_approval_code(Shown(baseline, destination, report, rows))

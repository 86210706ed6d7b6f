"""Invoices that are mostly negative: some programs write what customers owe so."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.settings import FileSettings, SourceSettings


def note_negative_debts(rows: pd.DataFrame, source: str, settings: SourceSettings) -> list[str]:
    """Return a note if most open invoices are negative, and no setting says how a debt is written."""
    if not isinstance(settings, FileSettings) or settings.owed_is is not None:
        return []
    balances = arrow.as_single_chunk(pa.array(rows["balance"]))
    # Most lists have few negative amounts, and none of them an invoice's, which is found without a look at the rest.
    below = _count_invoices(rows, pc.less(balances, schema.ZERO))
    above = _count_invoices(rows, pc.greater(balances, schema.ZERO)) if below else 0
    if below <= above:
        return []
    return [
        f"{below} of {below + above} open invoices are negative, as if you owed the customers; if the file writes "
        f'what they owe as negative, set owed_is = "negative" in [sources.{source}], or owed_is = "positive" if this '
        "is right"
    ]


def _count_invoices(rows: pd.DataFrame, where: pa.Array) -> int:
    status, kind = (arrow.to_text_array(rows[name]).filter(where) for name in ("status", "kind"))
    return int(pc.sum(pc.and_(pc.equal(status, "open"), pc.equal(kind, "invoice"))).as_py() or 0)

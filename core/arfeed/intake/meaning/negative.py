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
    wanted = pc.and_(
        pc.equal(arrow.to_text_array(rows["status"]), "open"), pc.equal(arrow.to_text_array(rows["kind"]), "invoice")
    )
    balances = arrow.as_single_chunk(pa.array(rows["balance"])).filter(wanted)
    below = pc.sum(pc.less(balances, schema.ZERO)).as_py() or 0
    above = pc.sum(pc.greater(balances, schema.ZERO)).as_py() or 0
    if below <= above:
        return []
    return [
        f"{below} of {below + above} open invoices are negative, as if customers were owed money; if the file writes "
        f'what they owe as negative, set owed_is = "negative" in [sources.{source}], or owed_is = "positive" if this '
        "is right"
    ]

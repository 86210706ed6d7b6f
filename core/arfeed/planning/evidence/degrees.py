"""How good the evidence is that a missing invoice is closed: proven, balanced, asserted or unexplained."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

import numpy as np
import pandas as pd

from arfeed.model import schema
from arfeed.model.results import Ledger, SourceReport
from arfeed.planning.evidence.reasons import PROVEN, SILENT, get_as_stated

Evidence = Literal["proven", "balanced", "asserted", "unexplained"]
"""proven: the source itself says that this very document is closed. balanced: the difference between the source's list
and its control account has not moved, to the cent. asserted: the source's settings declare that absence is payment.
unexplained: everything else, whatever the source counted."""


def add_evidence(
    missing: pd.DataFrame,
    sources: Iterable[SourceReport],
    ledgers: Iterable[Ledger],
    proving: Collection[str] = (),
) -> pd.DataFrame:
    """Return the missing rows (with `reason`) with the column `evidence`.

    `proving` are sources that have proven all closings of late: of what they do not prove, absence is no evidence.
    """
    reasons, origin = missing["reason"], missing["source"]
    gone = np.asarray(reasons.isin(SILENT))
    # A list that may be cut is not a list of all that is open, whatever was declared.
    whole = {each.source for each in sources if each.settings.absent_means_paid and not each.complete.capped}
    believed = np.asarray(origin.isin([*(whole - {*proving})]))
    # Unexplained unless something says otherwise, so that a reason which is added later does not pass unasked.
    evidence = np.full(len(missing), "unexplained", dtype=object)
    evidence[np.asarray(reasons.isin(list(PROVEN)))] = "proven"
    # Only what is gone without a word: if its source calls it open, no setting may turn that into a payment.
    evidence[gone & believed] = "asserted"
    # Last, since it is better evidence than a setting: it replaces "asserted".
    evidence[gone & _find_balanced(missing, ledgers)] = "balanced"
    return missing.assign(evidence=pd.Series(evidence, index=missing.index, dtype="str"))


def _find_balanced(missing: pd.DataFrame, ledgers: Iterable[Ledger]) -> np.ndarray:
    """Return where the difference between list and ledger has not moved, in the row's source and currency.

    If the ledger is by customer, it must not have moved for the row's customer either: what the list has lost for one
    customer it may have gained for another.
    """
    unmoved = {(ledger.source, ledger.currency): ledger for ledger in ledgers if ledger.moved == schema.ZERO}
    result = np.zeros(len(missing), dtype=bool)
    if not unmoved:
        return result
    # As the source stated them: its ledger knows nothing of what the feed's transforms made of currency and customer.
    currencies, customers = (get_as_stated(missing, name) for name in ("currency", "customer_id"))
    for (source, currency), ledger in unmoved.items():
        here = (missing["source"] == source) & (currencies == currency)
        result |= np.asarray(here & ~customers.isin([name for name, _ in ledger.customers]))
    return result

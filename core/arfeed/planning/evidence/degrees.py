"""How good the evidence is that a missing invoice is closed: proven, balanced, asserted or unexplained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from arfeed.model import schema
from arfeed.model.results import Ledger, SourceReport
from arfeed.planning.evidence.reasons import (
    GONE,
    PROVEN,
    get_as_stated,
)

Evidence = Literal["proven", "balanced", "asserted", "unexplained"]
"""proven: the source itself says that this very document is closed. balanced: the difference between the source's list
and its control account has not moved, to the cent. asserted: the source's settings say that absence is payment.
unexplained: everything else, whatever the source counted."""


def add_evidence(missing: pd.DataFrame, sources: Iterable[SourceReport], ledgers: Iterable[Ledger]) -> pd.DataFrame:
    """Return the missing rows (with `reason`) with the column `evidence`."""
    reasons, origin = missing["reason"], missing["source"]
    gone = np.asarray(reasons == GONE)
    believed = np.asarray(origin.isin([source.source for source in sources if source.settings.absent_means_paid]))
    evidence = np.full(len(missing), "unexplained", dtype=object)
    evidence[np.asarray(reasons.isin(list(PROVEN)))] = "proven"
    evidence[gone & believed] = "asserted"
    evidence[gone & _balanced(missing, ledgers)] = "balanced"
    return missing.assign(evidence=pd.Series(evidence, index=missing.index, dtype="str"))


def _balanced(missing: pd.DataFrame, ledgers: Iterable[Ledger]) -> np.ndarray:
    """Return where the difference of list and ledger has not moved, in the row's source and currency.

    Where the ledger is by customer, nor may it have moved at the row's own: what one lost, another may have gained.
    """
    unmoved = {(ledger.source, ledger.currency): ledger for ledger in ledgers if ledger.moved == schema.ZERO}
    result = np.zeros(len(missing), dtype=bool)
    if not unmoved:
        return result
    currencies, customers = (get_as_stated(missing, name) for name in ("currency", "customer_id"))
    for (source, currency), ledger in unmoved.items():
        here = (missing["source"] == source) & (currencies == currency)
        result |= np.asarray(here & ~customers.isin([name for name, _ in ledger.customers]))
    return result

"""The approval code: it names how many invoices will be marked as paid, and is bound to exactly which."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed import schema
from arfeed.interfaces import Objection, Plan

NOT_APPROVABLE = frozenset({"foreign-report", "review-failed"})
"""Codes that no approval covers: the first is settled by `adopt`, the second by mending the reviewer."""

OUR_CODES = frozenset(
    {
        *(
            "unknown-baseline",
            "foreign-report",
            "empty-report",
            "unexplained",
            "still-open",
            "missing-share",
            "renamed",
        ),
        *("config-changed", "everything-changed", "stale-source", "as-of-backwards", "documents", "review-failed"),
    }
)
"""Codes that mean what docs/objections.md says of them; no reviewer may use them for anything else."""

_DIGITS = 6


def approval_code(
    baseline: str | None, destination: str, settings: str, missing: pd.DataFrame, objections: Iterable[Objection]
) -> str:
    """Return `N-hash` for a refused plan.

    Hashed: the delivery that made the baseline, the destination, the settings' hash, the missing rows (reference,
    balance, reason) and the sorted objection codes. Not hashed: other balances, the time, the run.
    """
    codes = sorted({objection.code for objection in objections})
    text = json.dumps([baseline, destination, settings, _lines(missing), codes])
    return f"{len(missing)}-{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"


def _lines(missing: pd.DataFrame) -> list[str]:
    balances = pc.cast(pa.array(missing["balance"]), pa.large_string())
    refs, reasons = schema.text_array(missing["invoice_ref"]), schema.text_array(missing["reason"])
    return sorted(
        pc.binary_join_element_wise(refs, balances, reasons, pa.scalar("\x1f", pa.large_string())).to_pylist()
    )


def settled_by(approve: str | None, plan: Plan) -> bool:
    """Whether an approval is the one for this plan; a plan whose objections may not be approved has none."""
    return plan.approval is not None and approve == plan.approval

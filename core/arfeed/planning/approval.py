"""The approval code: it names how many invoices will be marked as paid, and is bound to exactly which."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

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
    baseline: str | None,
    destination: str,
    settings: str,
    missing: pd.DataFrame,
    objections: Iterable[Objection],
    first: pd.DataFrame | None = None,
) -> str:
    """Return `N-hash` for a refused plan.

    Hashed: the delivery that made the baseline, the destination, the settings' hash, the missing rows (reference,
    balance, reason) and the sorted objection codes. Not hashed: other balances, the time, the run. `first` is the
    report where there is no baseline: nothing is known to be missing then, so all of it (reference, balance) is what
    somebody has seen, and no shorter one passes.
    """
    codes = sorted({objection.code for objection in objections})
    seen = [] if first is None else [_digest(first, ["invoice_ref", "balance"])]
    text = json.dumps(
        [baseline, destination, settings, _lines(missing, ["invoice_ref", "balance", "reason"]), codes, *seen]
    )
    return f"{len(missing)}-{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"


def _lines(rows: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    texts = [pc.cast(pa.array(rows[column]), pa.large_string()) for column in columns]
    lines = schema.one_piece(pc.binary_join_element_wise(*texts, pa.scalar("\x1f", pa.large_string())))
    in_order: list[str] = lines.take(pc.array_sort_indices(lines)).to_pylist()
    return in_order


def _digest(rows: pd.DataFrame, columns: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(_lines(rows, columns)).encode()).hexdigest()


def settled_by(approve: str | None, plan: Plan) -> bool:
    """Whether an approval is the one for this plan; a plan whose objections may not be approved has none."""
    return plan.approval is not None and approve == plan.approval

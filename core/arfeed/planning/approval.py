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
        *("file-gone", "pattern", "surprise", "missing-money", "older-list", "returned"),
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
    first: str | None = None,
) -> str:
    """Return `N-hash` for a refused plan.

    Hashed: the delivery that made the baseline, the destination, the settings' hash, the missing rows (reference,
    balance, reason) and the sorted objection codes. Not hashed: other balances, the time, the run. `first` is
    what `content_hash` says of the report where there is no baseline: nothing is known to be missing then, so all of
    it is what somebody has seen, and no shorter one passes.
    """
    codes = sorted({objection.code for objection in objections})
    seen = [] if first is None else [first]
    gone = _lines(missing, ["invoice_ref", "balance", "reason"]).to_pylist()
    text = json.dumps([baseline, destination, settings, gone, codes, *seen])
    return f"{len(missing)}-{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"


def content_hash(report: pd.DataFrame) -> str:
    """Return the hash of a report's references and balances, in whatever order they stand."""
    return _digest(_lines(report, ["invoice_ref", "balance"]))


def _lines(rows: pd.DataFrame, columns: Sequence[str]) -> pa.Array:
    """Return a text a row, in their own order."""
    texts = [pc.cast(pa.array(rows[column]), pa.large_string()) for column in columns]
    lines = schema.one_piece(pc.binary_join_element_wise(*texts, _text("\x1f")))
    return lines.take(pc.array_sort_indices(lines))


def _digest(lines: pa.Array) -> str:
    """Hash lines as the text file that they would make, from Arrow's own memory."""
    ended = pc.binary_join_element_wise(lines, _text(""), _text("\n"))
    *_, content = ended.buffers()
    size = pc.sum(pc.binary_length(ended), min_count=0).as_py()
    return hashlib.sha256(memoryview(content)[: size - 1] if size else b"").hexdigest()


def _text(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def settled_by(approve: str | None, plan: Plan) -> bool:
    """Whether an approval is the one for this plan; a plan whose objections may not be approved has none."""
    return plan.approval is not None and approve == plan.approval

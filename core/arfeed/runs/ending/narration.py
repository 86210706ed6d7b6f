"""The facts of a run's events: counts and totals, never a customer or an invoice."""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd

from arfeed.model import arrow
from arfeed.model.results import Failure, Plan, Receipt, Reconciliation


def describe_plan(plan: Plan) -> dict[str, object]:
    """Return a plan's counts and totals, amounts as text, and the seconds that each plugin took."""
    return {
        "baseline": plan.baseline,
        "counts": plan.counts._asdict(),
        "open": _by_currency(plan.totals),
        # Sums and counts only: logs are kept by other programs, and read by more people than the ledger is.
        "missing": _by_currency(arrow.sum_balances(plan.missing)),
        "documents": {"send": len(plan.documents.send), "present": plan.documents.present},
        "objections": [objection.code for objection in plan.objections],
        "plugin_seconds": {plugin: round(spent, 3) for plugin, spent in plan.seconds.items()},
    }


def describe_ending(about: Receipt | Plan | Failure | Reconciliation) -> dict[str, object]:
    """Return the facts of how a run ended."""
    if isinstance(about, Receipt):
        report = about.report
        return {
            "report": {"name": report.name, "size": report.size, "sha256": report.sha256},
            "documents": {"sent": len(about.documents), "failed": len(about.documents_failed)},
            "verified": about.verified,
        }
    if isinstance(about, Plan):
        return {"objections": [objection.code for objection in about.objections], "approval": about.approval}
    if isinstance(about, Reconciliation):
        return {"outcome": about.outcome, "counts": dict(about.counts)}
    return {"error": about.error, "exit_code": about.exit_code}


def _by_currency(totals: pd.DataFrame) -> list[dict[Hashable, object]]:
    summed = totals.groupby("currency", as_index=False)[["count", "balance"]].sum()
    return summed.astype({"balance": "str", "count": "int64"}).to_dict("records")

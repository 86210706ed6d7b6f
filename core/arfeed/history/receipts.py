"""Receipts: what was delivered and the proof, as one canonical JSON document."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from importlib.metadata import version

from arfeed.interfaces import Delivered, Plan, Receipt


def make_receipt(
    plan: Plan,
    *,
    run: str,
    settings: str,
    report: Delivered,
    documents: tuple[Delivered, ...],
    failed: Mapping[str, str],
    approval: str | None,
) -> Receipt:
    """Write the receipt of a delivery; `settings` is the hash of the resolved settings."""
    body = {
        "arfeed": version("arfeed"),
        "run": run,
        "feed": plan.feed,
        "destination": plan.destination,
        "baseline": plan.baseline,
        "settings": settings,
        "sources": [
            {"source": source.source, "connector": source.connector, "rows": source.rows, "open": source.open}
            for source in plan.sources
        ],
        "totals": [
            {"source": row.source, "currency": row.currency, "count": row.count, "balance": str(row.balance)}
            for row in plan.totals.itertuples(name="Total")
        ],
        "counts": plan.counts._asdict(),
        "missing": missing_as_records(plan),
        "objections": [{"code": objection.code, "message": objection.message} for objection in plan.objections],
        "approval": approval,
        "report": _as_record(report),
        "documents": [_as_record(item) for item in documents],
        "documents_failed": dict(failed),
    }
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Receipt(run, plan.destination, report, documents, dict(failed), text)


def missing_as_records(plan: Plan) -> list[dict[Hashable, str]]:
    """Return the missing invoices as plain data, amounts as text."""
    names = ["invoice_ref", "kind", "customer_name", "currency", "balance", "source", "reason"]
    return plan.missing[names].astype("str").to_dict("records")


def _as_record(file: Delivered) -> dict[str, object]:
    return {"folder": file.folder, "name": file.name, "size": file.size, "sha256": file.sha256}

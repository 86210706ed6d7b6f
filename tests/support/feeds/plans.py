"""Invoices and plans made on the spot: plausible, but for what a test names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa

from arfeed import Complete, Objection, Plan, SourceSettings
from arfeed.model import arrow, schema
from arfeed.model.arrow import sum_balances
from arfeed.model.results import DocumentPlan, SourceRead, SourceReport
from arfeed.model.settings import GuardSettings
from arfeed.planning.compare import Comparison, compare
from arfeed.planning.evidence.degrees import add_evidence
from arfeed.planning.evidence.ledgers import sum_outflow
from arfeed.planning.facts import sum_up
from arfeed.planning.guards.builtin import find_objections
from arfeed.planning.guards.known import Known

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
NO_DOCUMENTS = DocumentPlan(
    send=pd.DataFrame({"name": [], "invoice_ref": [], "version": [], "change": []}, dtype="str"),
    present=0, without=pd.Series(dtype="str"), colliding={}, broken={},
)  # fmt: skip


def invoices(refs: Sequence[str] | int = ("A1",), **columns: object) -> pd.DataFrame:
    """Open invoices with these refs, or so many of them. A single value stands in every row."""
    numbers = [f"A{number}" for number in range(1, refs + 1)] if isinstance(refs, int) else list(refs)
    plain: dict[str, object] = {
        "invoice_ref": numbers,
        "kind": "invoice",
        "status": "open",
        "customer_id": [f"C-{number}" for number in numbers],
        "customer_name": "Ada",
        "currency": "GBP",
        "issued_on": date(2026, 4, 1),
        "due_on": date(2026, 5, 1),
        "amount": "10",
        "balance": "10",
        "source": "erp",
        "source_ref": numbers,
    }
    return arrow.to_frame(pa.table({name: _column(name, plain | columns, len(numbers)) for name in schema.NAMES}))


def _column(name: str, values: dict[str, object], count: int) -> pa.Array:
    value = values.get(name, "")
    each = value if isinstance(value, list) else [value] * count
    if name in schema.MONEY:
        each = [None if item is None else Decimal(str(item)) for item in each]
    return pa.array(each, schema.arrow_type(name))


def compared(report: pd.DataFrame, baseline: pd.DataFrame) -> Comparison:
    return compare(report, baseline)


def removal(
    refs: Sequence[str] = (), by: str = "exclude", *, kind: str = "invoice", source: str = "erp"
) -> pd.DataFrame:
    """What a transform removed."""
    columns = {"source": source, "source_ref": list(refs), "kind": kind, "by": by}
    return pd.DataFrame(columns, index=range(len(refs)), dtype="str")


def source(name: str = "erp", **known: Any) -> SourceReport:
    """How a source fared: `complete`, `as_of`, `latest`, `before`, `failed`, and any setting."""
    complete, before, failed = (known.pop(key, None) for key in ("complete", "before", "failed"))
    read = SourceRead(NOON, known.pop("as_of", None), known.pop("latest", None))
    settings = SourceSettings.model_validate(known)
    return SourceReport(name, "given", settings, 1, 1, complete or Complete(rows=1), read, before, failed)


def planned(
    before: pd.DataFrame | None, report: pd.DataFrame, *, reasons: str | list[str] = "paid", **known: Any
) -> Plan:
    """The plan of a report against a baseline, every absence explained unless `reasons` says otherwise."""
    comparison = compared(report, report.iloc[:0] if before is None else before)
    each = reasons if isinstance(reasons, list) else [reasons] * len(comparison.missing)
    plain: dict[str, Any] = {
        "feed": "acme",
        "destination": "sftp://acme@example.com:22/",
        "at": NOON,
        "baseline": None if before is None else "run-1",
        "sources": (source(absent_means_paid=True),),
        "documents": NO_DOCUMENTS,
        "guards": GuardSettings(),
    } | known
    missing = add_evidence(
        comparison.missing.assign(reason=pd.Series(each, dtype="str")), plain["sources"], plain.get("ledgers", ())
    )
    facts = sum_up(comparison.report, before, missing, plain["sources"], NOON.date())
    return Plan(
        before=before,
        report=comparison.report,
        missing=missing,
        totals=sum_balances(report),
        counts=comparison.counts,
        **({"facts": facts} | plain),
    )


def heard(plan: Plan) -> dict[str, Objection]:
    """What the guards object to, by code."""
    objections = tuple(find_objections(plan, Known(), sum_outflow(plan)))
    assert len({objection.code for objection in objections}) == len(objections)
    return {objection.code: objection for objection in objections}


def four(**columns: object) -> pd.DataFrame:
    """Invoices of several currencies; `WORST` is how they are named."""
    several: dict[str, object] = {
        "customer_name": ["Ada", "Bo", "Cy", "Di"],
        "balance": ["5", "-700", "1234.5", "60"],
        "currency": ["GBP", "EUR", "JPY", "KWD"],
    }
    return invoices(4, **(several | columns))


WORST = "A2 Bo −700.00 EUR; A1 Ada 5.00 GBP; A3 Cy 1,234 JPY; …"


def others() -> pd.DataFrame:
    """A report that has nothing in common with any of these."""
    return invoices(["X"], customer_id="X")


def renumbered(**columns: object) -> pd.DataFrame:
    return invoices(["B1"], **({"customer_id": "C-A1"} | columns))


def read_before(as_of: date | None = None, latest: date | None = None) -> SourceRead:
    return SourceRead(NOON, as_of, latest)


def lacking(without: Sequence[str] = (), **known: Any) -> DocumentPlan:
    return replace(NO_DOCUMENTS, without=pd.Series(without, dtype="str"), **known)

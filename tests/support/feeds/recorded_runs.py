"""Runs as the history is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pyarrow as pa

from arfeed.history.packing import pack_report
from arfeed.history.records import Baseline, PlannedDocument, RunRecord
from arfeed.history.store import History
from arfeed.model import arrow, schema
from arfeed.model.results import SourceRead

START = datetime(2026, 4, 4, 10, 15, tzinfo=UTC)
WHERE = "sftp://acme@sftp.example.com:22"
READS = {"erp": SourceRead(START, START.date(), None)}


def a_run(number: int, **changes: object) -> RunRecord:
    at = START + timedelta(days=number)
    plain = RunRecord(
        id=f"run-{number:03}",
        kind="sync",
        state="running",
        feed="acme",
        destination=WHERE,
        settings="5e77",
        started_at=at,
        ended_at=None,
        report_at=at,
        report_name=f"open_ar_{at:%Y%m%dT%H%M%SZ}.csv",
        report_size=100,
        open_count=3,
        missing_count=0,
        approval=None,
        approved_by=None,
        receipt=None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def report(*refs: str, balance: str = "10.00") -> pd.DataFrame:
    rows = len(refs)
    columns = {name: pa.array([""] * rows, pa.large_string()) for name in schema.TEXTS}
    columns |= {name: pa.array([None] * rows, schema.arrow_type(name)) for name in schema.DATES}
    columns |= {name: pa.array([Decimal(balance)] * rows, schema.arrow_type(name)) for name in schema.MONEY}
    columns |= {"invoice_ref": pa.array(refs, pa.large_string()), "source": pa.array(["erp"] * rows, pa.large_string())}
    return arrow.to_frame(pa.table({name: columns[name] for name in schema.NAMES}))


def a_pdf(name: str, version: str = "1") -> PlannedDocument:
    return PlannedDocument(name, name.removesuffix(".pdf"), version, "a" * 64, 10)


def deliver(history: History, run: RunRecord, *refs: str, verified: bool = True) -> None:
    """Let a run go all the way."""
    publish(history, run, *refs)
    history.record_delivery(run, ended_at=run.started_at, receipt="{}", documents=[], verified=verified)


def publish(history: History, run: RunRecord, *refs: str) -> None:
    """Let a run go as far as giving its report a name."""
    history.begin(run, pack_report(report(*refs)), READS)
    with history.lock(run.destination, run.id, 60):
        history.begin_publishing(run, history.baseline(run.destination, lost=[run.id]), "{}", 60)


def refs(baseline: Baseline | None) -> list[str]:
    assert baseline is not None
    return sorted(baseline.report["invoice_ref"])

"""Pages of every kind, written to be looked at."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from arfeed.history.receipts import PastRun, Sent, make_receipt, plan_document, seal_reconciliation
from arfeed.history.records import RunRecord
from arfeed.model.results import DeliveredFile, Objection, Plan
from arfeed.model.settings import ReconcileSettings
from arfeed.runs.page.reconciliation import render_reconciliation
from arfeed.runs.page.rendering import render
from arfeed.runs.reconciliation.verdict import advise, as_facts, judge
from support.feeds.plans import NOON, invoices, lacking, planned, source
from support.files.receiver_lists import delivered, read, sent, write_csv

HOSTILE = (
    "<script>window.hit = 1</script>",
    "</script><script>window.hit = 1</script>",
    '"><img src=x onerror="window.hit = 1">',
    "'><svg onload=window.hit=1>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.hit=1",
    "]]><!--",
    "A\u202eZ",
    "A\u2066Z",
    "A\x00\x1b[2JZ",
    "A\ufeffZ",
    "O'Hara & Söhne",
    "田中 مرحبا",
)
_DUE = (-20, -3, 5, 20, 25, 45, 70, 120, None)


def feed_of(count: int, first: int = 0) -> pd.DataFrame:
    """So many invoices of hostile customers, in three currencies and two sources."""
    numbers = range(first, first + count)
    due = [_DUE[number % len(_DUE)] for number in numbers]
    return invoices(
        [f"INV-{number:05}" for number in numbers],
        customer_name=[HOSTILE[number % len(HOSTILE)] for number in numbers],
        customer_id=[f"C{number % len(HOSTILE)}" for number in numbers],
        currency=[("EUR", "GBP", "JPY")[number % 3] for number in numbers],
        balance=[str(number * 7919 % 100_000) for number in numbers],
        due_on=[None if days is None else NOON.date() - timedelta(days=days) for days in due],
        source=[("erp", "shop")[number % 2] for number in numbers],
    )


def refused(missing: int = 6) -> Plan:
    before, report = feed_of(missing + 60), feed_of(63, first=missing)
    documents = lacking(present=40, without=("A",) * 12, colliding={"A_1.pdf": HOSTILE}, broken={HOSTILE[0]: "cut off"})
    plan = planned(
        before, report, reasons=[("gone", "paid", "void")[number % 3] for number in range(missing)],
        documents=documents, sources=(source(as_of=NOON.date()), source("shop")), notes=(HOSTILE[0],), feed=HOSTILE[0],
    )  # fmt: skip
    objections = tuple(Objection(code, f"{code}: {HOSTILE[1]}", HOSTILE) for code in ("unexplained", "renamed"))
    return replace(plan, objections=objections, approval=f"{missing}-9f3c2a")


def past(count: int = 30) -> list[PastRun]:
    return [
        PastRun(
            f"20260310T05{number:02}00Z-abcdef",
            NOON - timedelta(days=count - number),
            {"EUR": Decimal(1_000_000 + number * 20_000), "GBP": Decimal(2_000_000 - number * 9_000)},
        )
        for number in range(count)
    ]


def receipt(plan: Plan) -> str:
    report = DeliveredFile("csv_data_uploads", "open_ar_20260410T120000Z.csv", 4711, "ab" * 32)
    documents = [DeliveredFile("", f"INV_{number}.pdf", 100, "ef" * 32) for number in range(3)]
    run = RunRecord(
        id="20260410T120000Z-5a3e1c",
        kind="sync",
        state="running",
        feed=plan.feed,
        destination=plan.destination,
        settings="cd" * 32,
        started_at=NOON,
        ended_at=None,
        report_at=NOON,
        report_name=report.name,
        report_size=report.size,
        open_count=len(plan.report),
        missing_count=plan.counts.missing,
        approval="6-9f3c2a",
        approved_by=HOSTILE[2],
        receipt=None,
    )
    sent = Sent(report, verified=True, documents=documents, failed={HOSTILE[0]: HOSTILE[1]})
    return make_receipt(plan, run, {"folder": "1"}, sent).body


def odd() -> dict[str, Any]:
    """The document of a plan whose charts are hard to draw: nothing, one bar, credits, sums beyond all measure."""
    owed: dict[str, dict[str, str]] = {
        "CHF": {"1–30": "0.01"},
        "EUR": {"not due": "1000000", "1–30": "-999.5", "over 90": "-400000", "no due date": "0.01"},
        "GBP": {"not due": "-5", "61–90": "-12345678901.23"},
        "JPY": {"not due": "9" * 34, "31–60": "1"},
        "KWD": {"1–30": "12345678901234.567", "61–90": "-1234567890123.456"},
        "USD": {"1–30": "0", "over 90": "0"},
        **{f"X{letter}X": {"not due": "7"} for letter in "ABC"},
    }
    sums = {code: str(sum(map(Decimal, buckets.values()))) for code, buckets in owed.items()}
    document = plan_document(planned(None, feed_of(8)))
    return document | {
        "ageing": [
            {"currency": code, "bucket": bucket, "balance": balance}
            for code, buckets in owed.items()
            for bucket, balance in buckets.items()
        ],
        "totals": [{"currency": code, "balance": balance} for code, balance in sums.items()],
    }


def odd_past() -> list[PastRun]:
    """Two runs a few minutes before, one below zero."""
    return [
        PastRun(
            f"20260410T0{minutes:03}00Z-abcdef",
            NOON - timedelta(minutes=minutes),
            {"EUR": Decimal(-350_000), "GBP": Decimal(minutes), "KWD": Decimal("0.001"), "JPY": Decimal("-1e33")},
        )
        for minutes in (50, 20)
    ]


def reconciled(folder: Path) -> dict[str, Any]:
    """Return the receipt of a reconciliation with an outcome of each kind, hostile names among them."""
    rows = sent(40, customer_name=[HOSTILE[number % 9] for number in range(40)])
    there = [{**row, "balance": "9" + row["balance"]} if number < 3 else row for number, row in enumerate(rows[2:])]
    there += [{**rows[0], "invoice_ref": HOSTILE[0]}, {**rows[1], "balance": "1,2,3"}]
    there[8] = {**there[8], "balance": "1.00"}
    last = delivered(rows)
    export = read(write_csv(folder / "open.csv", there), rows)
    facts = as_facts(judge(last, export, ReconcileSettings(), whole="person"), export, last)
    about = {
        "run": "20260405T090000Z-5d0c1e",
        "feed": HOSTILE[0],
        "destination": "sftp://acme",
        "at": "2026-04-05T09:00:00+00:00",
    }
    return json.loads(seal_reconciliation({**about, "by": "ada", **facts, "advice": advise(facts)}, {}))  # type: ignore[no-any-return]


def write_all(folder: Path) -> dict[str, Path]:
    """Write a page of each kind."""
    plan = refused()
    texts = {
        "refused": render(plan_document(plan), past(), "arfeed sync --approve 6-9f3c2a"),
        "delivered": render(json.loads(receipt(plan)), past()),
        "empty": render(plan_document(planned(None, invoices(0)))),
        "odd": render(odd(), odd_past()),
        "reconciled": render_reconciliation(reconciled(folder)),
        "some": render(plan_document(refused(450)), past()),
        "many": render(plan_document(refused(10_000)), past(), "arfeed sync --approve 10000-9f3c2a"),
    }
    for name, text in texts.items():
        folder.joinpath(f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}

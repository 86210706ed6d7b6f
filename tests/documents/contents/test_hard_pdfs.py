"""What `arfeed documents test` says of PDFs that are hard to judge."""

from __future__ import annotations

import json
from pathlib import Path

from support.feeds.feed import Feed
from support.writers.hard import BILLS, OWN, hard_pdfs


def test_of_each_hard_pdf_the_truth_is_told(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.export(
        {
            "invoice_ref": bill.invoice_ref,
            "kind": "credit_note" if bill.invoice_ref.startswith("CN") else "invoice",
            "customer_name": bill.customer_name,
            "currency": bill.currency,
            "issued_on": "2026-03-02",
            "due_on": "2026-04-02",
            "amount": f"{-bill.amount if bill.invoice_ref.startswith('CN') else bill.amount}",
            "balance": f"{-bill.amount if bill.invoice_ref.startswith('CN') else bill.amount}",
        }
        for bill in BILLS
    )
    expected = {}
    for name, (content, outcome) in hard_pdfs().items():
        (tmp_path / f"{name}.pdf").write_bytes(content)
        expected[name] = outcome
    done = feed.run("documents", "test", *(f"{name}.pdf" for name in expected), "--ref", OWN.invoice_ref, "--json")
    assert done.returncode == 3, done.stderr
    found = {Path(each["file"]).stem: each["outcome"] for each in json.loads(done.stdout)["files"]}
    assert {name: outcome for name, outcome in found.items() if outcome != expected[name]} == {}

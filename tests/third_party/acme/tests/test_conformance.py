"""Acme's four plugins hold what arfeed asks of every plugin."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from arfeed_acme.billing import AcmeBilling
from arfeed_acme.collect import AcmeCollect
from arfeed_acme.shout import Shout

from arfeed.testing import (
    ConnectorConformance,
    DestinationConformance,
    Invoice,
    ReviewerConformance,
    TransformConformance,
)


class TestAcmeBilling(ConnectorConformance):
    plugin = "acme"
    connector = AcmeBilling
    kinds = ("invoice",)
    columns = ("invoice_ref", "customer_name", "currency", "issued_on", "balance")
    keeps_documents = True

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        records = [
            {
                "no": item.invoice_ref,
                "client": item.customer_name,
                "date": f"{item.issued_on}",
                "due": f"{item.balance}",
            }
            for item in invoices
        ]
        pdfs = {item.invoice_ref: item.pdf.decode() for item in invoices if item.pdf}
        answer = {"count": len(records), "invoices": records, "pdfs": pdfs}
        folder.joinpath("billing.json").write_text(json.dumps(answer), encoding="utf-8")
        return {"file": str(folder / "billing.json"), "currency": "EUR"}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        return {"no such file": {**settings, "file": str(folder / "none")}}


class TestShout(TransformConformance):
    plugin = "acme"
    transform = Shout


class TestAcmeCollect(DestinationConformance):
    plugin = "acme"
    destination = AcmeCollect


class TestNeverGranny(ReviewerConformance):
    plugin = "acme"
    code = "never-granny"

    def refused_invoices(self) -> Sequence[Invoice]:
        return [Invoice("INV-1", Decimal(10), customer_name="GRANNY Smith"), Invoice("INV-2", Decimal(10))]

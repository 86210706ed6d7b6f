"""A stranger's four plugins pass the kit's tests, and a slipshod one is told what is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from arfeed import Complete, table
from arfeed.testing import (
    ConnectorConformance,
    DestinationConformance,
    Invoice,
    ReviewerConformance,
    TransformConformance,
)
from strangers import install
from third_party import acme


@pytest.fixture(autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    site = install(tmp_path_factory.mktemp("site"), "acme", "", module="acme_entry")
    site.joinpath("acme_entry.py").unlink()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setitem(sys.modules, "acme_entry", acme)


class TestAcmeBilling(ConnectorConformance):
    plugin = "acme"
    connector = acme.AcmeBilling
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
    transform = acme.Shout


class TestAcmeCollect(DestinationConformance):
    plugin = "acme"
    destination = acme.AcmeCollect


class TestNeverGranny(ReviewerConformance):
    plugin = "acme"
    code = "never-granny"

    def refused_invoices(self) -> Sequence[Invoice]:
        return [Invoice("INV-1", Decimal(10), customer_name="GRANNY Smith"), Invoice("INV-2", Decimal(10))]


def test_a_connector_that_counts_what_it_lost_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(self: acme.AcmeBilling) -> Generator[pd.DataFrame, None, Complete]:
        answer = self._answer()
        yield table(answer["invoices"][1:], origin="acme")
        return Complete(rows=len(answer["invoices"]) - 1)

    monkeypatch.setattr(acme.AcmeBilling, "invoices", forgetful)
    with pytest.raises(AssertionError, match=r"lost or changed: .*INV-001"):
        TestAcmeBilling().test_it_reads_what_the_system_holds_and_nothing_else(tmp_path)


def test_a_step_that_changes_what_it_was_given_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(self: acme.Shout, invoices: pd.DataFrame) -> pd.DataFrame:
        invoices["customer_name"] = invoices["customer_name"].str.upper()
        return invoices

    monkeypatch.setattr(acme.Shout, "apply", careless)
    with pytest.raises(AssertionError, match="it changed the frame it was given"):
        TestShout().test_it_leaves_what_it_was_given_as_it_was()

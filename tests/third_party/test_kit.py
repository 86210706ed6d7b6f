"""The kit tells a slipshod author what is wrong."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest
from arfeed_acme.billing import AcmeBilling
from arfeed_acme.shout import Shout

from arfeed import Complete, SourceError, table_from_records
from arfeed.testing import ConnectorConformance, Invoice, TransformConformance


class Billing(ConnectorConformance):
    plugin = "acme"
    connector = AcmeBilling
    kinds = ("invoice",)
    columns = ("invoice_ref", "balance")

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        plain = {"client": "Ada", "date": "2026-04-07"}
        records = [{**plain, "no": item.invoice_ref, "due": str(item.balance)} for item in invoices]
        folder.joinpath("billing.json").write_text(json.dumps({"count": len(records), "invoices": records}))
        return {"file": str(folder / "billing.json"), "currency": "EUR"}


class Shouting(TransformConformance):
    plugin = "acme"
    transform = Shout


def test_a_connector_that_counts_what_it_lost_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(self: AcmeBilling) -> Generator[pd.DataFrame, None, Complete]:
        answer = self._answer()
        yield table_from_records(answer["invoices"][1:], origin="acme")
        return Complete(rows=len(answer["invoices"]) - 1)

    monkeypatch.setattr(AcmeBilling, "invoices", forgetful)
    with pytest.raises(AssertionError, match=r"lost or changed: .*INV-001"):
        Billing().test_it_reads_what_the_system_holds_and_nothing_else(tmp_path)


def test_a_step_that_changes_what_it_was_given_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(self: Shout, invoices: pd.DataFrame) -> pd.DataFrame:
        invoices["customer_name"] = invoices["customer_name"].str.upper()
        return invoices

    monkeypatch.setattr(Shout, "apply", careless)
    with pytest.raises(AssertionError, match="it changed the frame it was given"):
        Shouting().test_it_leaves_what_it_was_given_as_it_was()


def test_a_step_that_does_not_declare_what_it_changes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shout, "changes", frozenset())
    with pytest.raises(SourceError, match=r"changed the customer_name of .* and does not declare that it does"):
        Shouting().test_it_keeps_to_the_contract()

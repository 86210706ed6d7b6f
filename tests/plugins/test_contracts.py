"""Plugins of both contracts load and run; what needs the second says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from arfeed.plugins.loading import describe_installed
from arfeed.testing import ArfeedProject
from support.plugins.strangers import install

PARTS = {
    "connector": """
class Part(arfeed.Connector):
    name = "part"
    def invoices(self):
        row = {"invoice_ref": "7", "customer_name": "Ada", "issued_on": "2026-04-07", "balance": "1.00"}
        yield arfeed.table_from_records([row], origin="part")
        return arfeed.Complete(rows=1)
""",
    "transform": """
class Part(arfeed.Transform):
    name = "part"
    changes = frozenset({"customer_name"})
    def apply(self, invoices):
        return invoices.assign(customer_name=invoices["customer_name"].str.upper())
""",
    "destination": """
class Part(arfeed.Destination):
    name = "part"
    def report(self, invoices):
        return invoices[["invoice_ref", "customer_name", "balance"]]
    def report_name(self, at):
        return f"{at:%Y%m%dT%H%M%S}.csv"
    def is_report(self, name):
        return name.endswith(".csv") and not name.startswith(".")
    def read_report(self, file):
        import pandas as pd
        return pd.read_csv(file, dtype="str")
    def document_name(self, ref):
        return f"{ref}.pdf"
""",
    "notifier": """
class Part(arfeed.Notifier):
    name = "part"
    def delivered(self, receipt):
        pathlib.Path("told.txt").write_text(receipt.report.name)
    def refused(self, plan): ...
    def failed(self, failure): ...
""",
}
REVIEWER = """
@arfeed.hookimpl
def arfeed_review(plan):
    seven = "7" in plan.report["invoice_ref"].tolist()
    return [arfeed.Objection("never-7", "7 is never sent", ("7",))] if seven else []
"""
SHIPPING = """
class Part(arfeed.ShipmentDestination):
    name = "part"
    def shipments(self, content):
        table = content.invoices[["invoice_ref", "balance"]]
        proves = {"invoice_ref": "invoice_ref", "balance": "balance"}
        return [arfeed.TableFile(self.report_name(content.at), table, "invoices", proves)]
    def report_name(self, at):
        return f"{at:%Y%m%dT%H%M%S}.csv"
    def is_report(self, name):
        return name.endswith(".csv") and not name.startswith(".")
    def document_name(self, ref):
        return f"{ref}.pdf"
"""


def module(kind: str, contract: int) -> str:
    body = REVIEWER if kind == "reviewer" else PARTS[kind]
    hook = "" if kind == "reviewer" else f"\n@arfeed.hookimpl\ndef arfeed_{kind}s():\n    return [Part]\n"
    return f"import arfeed, pathlib\nARFEED_CONTRACT = {contract}\n{body}{hook}"


@pytest.mark.parametrize("contract", [1, 2])
@pytest.mark.parametrize("kind", [*PARTS, "reviewer"])
def test_a_plugin_of_either_contract_loads_and_runs(
    arfeed_project: ArfeedProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, contract: int
) -> None:
    name = f"{kind}_of_contract_{contract}"
    monkeypatch.syspath_prepend(install(tmp_path / "site", "mine", module(kind, contract), module=name))
    (info,) = (each for each in describe_installed(["mine"]).installed if each.name == "mine")
    assert (info.contract, info.broken) == (contract, None)
    rows = "invoice_ref,customer_name,currency,issued_on,balance\n7,Ada,EUR,2026-04-07,1.00\n"
    arfeed_project.write({"erp.csv": rows})
    source = {"use": "part", "currency": "EUR"} if kind == "connector" else {"use": "folder", "path": "erp.csv"}
    arfeed_project.configure(
        ["mine", "folder", "kolleno"],
        {"erp": source},
        [{"use": "part"}] if kind == "transform" else [],
        {"use": "part", "url": "receiver"}
        if kind == "destination"
        else {"use": "kolleno", "mode": "open-ar", "url": "receiver"},
        {"mine": {"use": "part"}} if kind == "notifier" else None,
    )
    delivered = arfeed_project.deliver()
    assert delivered.code == 0, delivered.err
    (report,) = arfeed_project.server.values()
    assert (b"ADA" if kind == "transform" else b"Ada") in report
    assert arfeed_project.folder.joinpath("told.txt").exists() is (kind == "notifier")
    objections = {each["code"] for each in delivered.json()["plan"]["objections"]}
    assert ("never-7" in objections) is (kind == "reviewer")


def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, name: str) -> str | None:
    monkeypatch.syspath_prepend(install(tmp_path / "site", "mine", source, module=name))
    (info,) = (each for each in describe_installed(["mine"]).installed if each.name == "mine")
    return info.broken


OFFER = "\n@arfeed.hookimpl\ndef arfeed_destinations():\n    return [Part]\n"


def test_a_destination_of_several_files_needs_contract_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = f"import arfeed\nARFEED_CONTRACT = 1\n{SHIPPING}{OFFER}"
    said = broken(monkeypatch, tmp_path / "1", source, "shipping_of_contract_1")
    assert said == "its class Part needs ARFEED_CONTRACT = 2; write that"
    assert broken(monkeypatch, tmp_path / "2", source.replace("= 1", "= 2", 1), "shipping_of_contract_2") is None


def test_a_destination_of_several_files_without_shipments_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = f"import arfeed\nARFEED_CONTRACT = 2\n{SHIPPING.replace('def shipments', 'def shipment')}{OFFER}"
    said = broken(monkeypatch, tmp_path, source, "shipping_of_nothing")
    assert said == "Part has no shipments(); write def shipments(self, content)"

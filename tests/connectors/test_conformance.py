"""Our own connectors, steps and destination hold what the kit asks of a stranger's."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import ClassVar

from arfeed.testing import ConnectorConformance, DestinationConformance, Invoice, TransformConformance
from arfeed.testing.servers import files_below
from arfeed_connectors.dlt import Dlt
from arfeed_connectors.folder import Folder
from arfeed_connectors.kolleno import Kolleno
from arfeed_connectors.quickbooks import QuickBooks
from arfeed_connectors.singer import Singer
from arfeed_connectors.sql import Sql
from arfeed_connectors.xero import Xero
from arfeed_transforms.steps import Exclude, Keep, Rename, Set
from support.files.exports import document, xero
from support.plugins.taps import catalog, schema, write_tap

FOLDER = ["invoice_ref", "kind", "status", "customer_name", "currency", "issued_on", "due_on", "amount", "balance"]
AGING = ["", "Date", "Transaction type", "Num", "Customer", "Due date", "Amount", "Open balance"]
QUICKBOOKS_TYPES = {"invoice": "Invoice", "credit_note": "Credit Memo"}
XERO_TYPES = {"invoice": "Sales invoice", "credit_note": "Sales credit note", "payment": "Sales prepayment"}
XERO_STATUSES = {"open": "Awaiting Payment", "paid": "Paid", "void": "Voided", "draft": "Draft"}


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


class TestFolder(ConnectorConformance):
    plugin = "folder"
    connector = Folder
    statuses: ClassVar[Sequence[str]] = ("open", "paid", "void", "draft")

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        with folder.joinpath("erp.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(FOLDER)
            writer.writerows([getattr(invoice, name) for name in FOLDER] for invoice in invoices)
        return {"path": str(folder / "erp.csv"), "dates": "YMD"}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        return {"no such file": {**settings, "path": str(folder / "other.csv")}}


class TestFolderWithAListOfWhatIsClosed(TestFolder):
    statuses: ClassVar[Sequence[str]] = ("open",)

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        settings = super().system(folder, invoices)
        folder.joinpath("all.csv").write_bytes(folder.joinpath("erp.csv").read_bytes())
        return {**settings, "closed": str(folder / "all.csv")}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        return {**super().unreachable(folder, settings), "no such list": {**settings, "closed": str(folder / "no.csv")}}


class TestSql(ConnectorConformance):
    plugin = "sql"
    connector = Sql
    statuses: ClassVar[Sequence[str]] = ("open", "paid", "void", "draft")
    keeps_documents = True
    secret_urls = ("url",)

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        with closing(sqlite3.connect(folder / "erp.db")) as database, database:
            database.execute(f"CREATE TABLE invoices ({', '.join(f'{name} TEXT' for name in FOLDER)})")
            rows = [[blank_or_text(getattr(invoice, name)) for name in FOLDER] for invoice in invoices]
            database.executemany(f"INSERT INTO invoices VALUES ({', '.join('?' * len(FOLDER))})", rows)
            database.execute("CREATE TABLE pdfs (invoice_ref TEXT, version TEXT, content BLOB)")
            pdfs = [(each.invoice_ref, "1", each.pdf) for each in invoices if each.pdf]
            database.executemany("INSERT INTO pdfs VALUES (?, ?, ?)", pdfs)
        queries = {"query": "SELECT * FROM invoices", "document_query": "SELECT * FROM pdfs"}
        return {"url": f"sqlite:///{folder / 'erp.db'}", "dates": "YMD", **queries}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        return {
            "no such file": {**settings, "url": f"sqlite:///{folder / 'other.db'}"},
            "no such table": {**settings, "query": "SELECT * FROM bills"},
        }


class TestSqlWithAClosedQuery(TestSql):
    statuses = ("open",)

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        return {**super().system(folder, invoices), "closed_query": "SELECT * FROM invoices"}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        return {**super().unreachable(folder, settings), "no such list": {**settings, "closed_query": "SELECT 1 AS a"}}


def blank_or_text(value: object) -> str | None:
    return None if value is None else str(value)


class TestQuickBooks(ConnectorConformance):
    plugin = "quickbooks"
    connector = QuickBooks
    kinds = ("invoice", "credit_note")

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        with folder.joinpath("aging.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows([["A/R Aging Detail Report"], ["Acme Ltd"], ["As of Apr 9, 2026"], [], AGING, ["CURRENT"]])
            writer.writerows(map(aged, invoices))
            total = sum(invoice.balance for invoice in invoices)
            writer.writerows([[label, *[""] * 6, f"{total:,}"] for label in ("Total for CURRENT", "TOTAL")])
        currency = {invoice.currency for invoice in invoices} or {"USD"}
        return {"path": str(folder / "aging.csv"), "dates": "MDY", "currency": currency.pop()}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        return {"no such file": {**settings, "path": str(folder / "other.csv")}}

    def damages(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Callable[[], object]]:
        return {"the file was cut off": partial(cut, folder / "aging.csv")}


class TestQuickBooksWithAListOfWhatIsClosed(TestQuickBooks):
    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        settings = super().system(folder, invoices)
        with folder.joinpath("invoices.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows([["Invoice List"], ["Acme Ltd"], ["All Dates"], [], AGING, *map(aged, invoices)])
        return {**settings, "closed": str(folder / "invoices.csv")}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        return {**super().unreachable(folder, settings), "no such list": {**settings, "closed": str(folder / "no.csv")}}


def aged(invoice: Invoice) -> list[str]:
    issued, due = (day.strftime("%m/%d/%Y") if day else "" for day in (invoice.issued_on, invoice.due_on))
    facts = (invoice.invoice_ref, invoice.customer_name, due, f"{invoice.amount:,}", f"{invoice.balance:,}")
    return ["", issued, QUICKBOOKS_TYPES[invoice.kind], *facts]


class TestXero(ConnectorConformance):
    plugin = "xero"
    connector = Xero
    statuses = ("open", "paid", "void", "draft")

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        xero(folder / "SalesInvoices.csv", *map(exported, invoices))
        return {"path": str(folder / "SalesInvoices.csv"), "dates": "DMY"}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        folder.joinpath("other.csv").write_text("a,b\n1,2\n")
        names = {"no such file": "none.csv", "a file of another kind": "other.csv"}
        return {what: {**settings, "path": str(folder / name)} for what, name in names.items()}

    def damages(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Callable[[], object]]:
        return {"the file was cut off": partial(cut, folder / "SalesInvoices.csv")}


def exported(invoice: Invoice) -> list[dict[str, str]]:
    due = invoice.due_on.strftime("%d/%m/%Y") if invoice.due_on else ""
    return document(
        invoice.invoice_ref,
        str(invoice.balance),
        lines=2,
        ContactName=invoice.customer_name,
        Total=str(invoice.amount),
        Currency=invoice.currency,
        Type=XERO_TYPES[invoice.kind],
        Status=XERO_STATUSES[invoice.status],
        InvoiceDate=invoice.issued_on.strftime("%d/%m/%Y"),
        DueDate=due,
    )


class TestSinger(ConnectorConformance):
    plugin = "singer"
    connector = Singer
    statuses = ("open", "paid", "void", "draft")

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        records = [{"type": "RECORD", "stream": "invoices", "record": told(invoice)} for invoice in invoices]
        steps = [schema(keys=["invoice_ref"]), *(("write", record) for record in records)]
        self.scenario(folder, *steps)
        return {**write_tap(folder, {"scenario": str(folder / "scenario.json")}), "columns": {}}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        return {
            "no such tap": {**settings, "command": [str(folder / "no-tap")]},
            "no such stream": {**settings, "streams": ["bills"]},
        }

    def damages(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Callable[[], object]]:
        steps = json.loads(folder.joinpath("scenario.json").read_text())["steps"]
        return {
            "the tap fails": partial(self.scenario, folder, *steps, ("exit", 3)),
            "a message is cut off": partial(self.scenario, folder, *steps, ("write", '{"type": "RECORD", "stre')),
        }

    def scenario(self, folder: Path, *steps: object) -> None:
        folder.joinpath("scenario.json").write_text(json.dumps({"catalog": catalog("invoices"), "steps": steps}))


def told(invoice: Invoice) -> dict[str, str | None]:
    return {name: blank_or_text(getattr(invoice, name)) for name in FOLDER}


RESOURCE = """
import json, pathlib
import dlt

@dlt.resource(primary_key="invoice_ref")
def invoices():
    yield from json.loads(pathlib.Path(__file__).with_name("records.json").read_text())
"""


class TestDlt(ConnectorConformance):
    plugin = "dlt"
    connector = Dlt
    statuses = ("open", "paid", "void", "draft")

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Mapping[str, object]:
        folder.joinpath("erp.py").write_text(RESOURCE)
        folder.joinpath("records.json").write_text(json.dumps([*map(told, invoices)]))
        return {"resource": "erp:invoices", "folder": str(folder)}

    def state(self, folder: Path) -> object:
        return {name: content for name, content in files_below(folder).items() if "__pycache__" not in name}

    def unreachable(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        return {
            "no such module": {**settings, "resource": "arp:invoices"},
            "no such resource": {**settings, "resource": "erp:bills"},
        }

    def damages(self, folder: Path, settings: Mapping[str, object]) -> Mapping[str, Callable[[], object]]:
        return {"the answer is cut off": partial(cut, folder / "records.json")}


class TestExclude(TransformConformance):
    plugin = "transforms"
    transform = Exclude

    def settings(self) -> Mapping[str, object]:
        return {"customer_name": ["Ada Ltd"]}


class TestKeep(TestExclude):
    transform = Keep  # type: ignore[assignment]


class TestRename(TransformConformance):
    plugin = "transforms"
    transform = Rename

    def settings(self) -> Mapping[str, object]:
        return {"prefix": "UK-", "pattern": "^0+"}


class TestSet(TransformConformance):
    plugin = "transforms"
    transform = Set

    def settings(self) -> Mapping[str, object]:
        return {"values": {"memo": "UK entity"}}


class TestKolleno(DestinationConformance):
    plugin = "kolleno"
    destination = Kolleno

    def settings(self) -> Mapping[str, object]:
        return {"mode": "open-ar", "kinds": ["invoice", "credit_note", "payment"]}

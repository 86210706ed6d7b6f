"""Billtrust's stand-in: a real HTTP server with books by its public rule, and a feed to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arfeed.delivery.rehearsal.api.books import ApiBooks, read_api_books
from arfeed.delivery.rehearsal.api.server import ApiFaults, ApiServer, Fault, serving
from arfeed.testing import ArfeedProject, Outcome
from arfeed_connectors.billtrust import Billtrust
from support.files.pdfs import pdf

COLUMNS = ("invoice_ref", "status", "customer_id", "customer_name", "currency", "issued_on", "due_on", "balance")
SETTINGS: Mapping[str, object] = {
    "api_key": "a-key-of-invented-letters",
    "connection_id": "0f0f-11",
    "closure_field": "reason",
    "closure_reasons": {"paid": "PAID", "other": "OTHER"},
}
READ = {"path": "/ingest/documents/{number}", "status": "status", "open": "open"}


def once(fault: Fault) -> Callable[[int, str, str], Fault | None]:
    """Have the first request of each kind and path go wrong; the second one is served."""
    seen: set[tuple[str, str]] = set()

    def choose(number: int, method: str, path: str) -> Fault | None:
        if (method, path) in seen:
            return None
        seen.add((method, path))
        return fault

    return choose


def row(number: int, status: str = "open", balance: str | None = None) -> dict[str, str]:
    owed = f"{100 + number}.50" if balance is None else balance
    return {
        "invoice_ref": f"INV-{number:05}",
        "status": status,
        "customer_id": f"C{number % 97}",
        "customer_name": f"Customer {number % 97}",
        "currency": "EUR",
        "issued_on": f"2026-03-{number % 28 + 1:02}",
        "due_on": f"2026-04-{number % 28 + 1:02}",
        "balance": owed if status == "open" else "0.00",
    }


@dataclass
class BilltrustFeed:
    """A feed to a receiver whose books lie in a folder, and outlive its servers."""

    project: ArfeedProject
    books_folder: Path
    faults: ApiFaults = field(default_factory=lambda: ApiFaults(let_in=True))
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def books(self) -> ApiBooks:
        return read_api_books(self.books_folder)

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[ApiServer]:
        """Run the receiver, and point the feed to it; a receiver at another port is another destination."""
        rule = Billtrust(Billtrust.Settings.model_validate({"url": "https://x.example", **SETTINGS, **self.settings}))
        with serving(self.books_folder, rule.rehearsal(), self.faults, port) as server:
            self.configure(server.url)
            yield server

    def configure(self, url: str) -> None:
        destination = {"use": "billtrust", "url": url, **SETTINGS, **self.settings}
        source = {"use": "folder", "path": "erp.csv", "dates": "YMD", "documents": "pdf/{invoice_ref}.pdf"}
        self.project.configure(["folder", "billtrust"], {"erp": source}, destination=destination)

    def export(self, rows: Sequence[Mapping[str, str]], pdfs: int = 0) -> None:
        lines = [",".join(COLUMNS), *(",".join(each[name] for name in COLUMNS) for each in rows)]
        self.project.folder.joinpath("pdf").mkdir(exist_ok=True)
        self.project.write({"erp.csv": "\n".join(lines) + "\n"})
        self.project.write({f"pdf/{each['invoice_ref']}.pdf": pdf(each["invoice_ref"]) for each in rows[:pdfs]})

    def deliver(self) -> Outcome:
        return self.project.deliver()

    def sync(self, *arguments: str) -> Outcome:
        return self.project.run("sync", "--json", *arguments)


def open_refs(rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    return {each["invoice_ref"]: each["balance"] for each in rows if each["status"] == "open"}

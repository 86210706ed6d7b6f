"""Crate's intake: one ZIP of two tables and the new PDFs, read as soon as a done-file of its name stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from arfeed import (
    Archive,
    Content,
    DeliveredFile,
    Destination,
    DestinationSettings,
    DoneMarker,
    Shipment,
    ShipmentDestination,
    TableFile,
    hookimpl,
)

ARFEED_CONTRACT = 2

_INVOICES = {
    "Number": "invoice_ref",
    "Customer": "customer_id",
    "Issued": "issued_on",
    "Due": "due_on",
    "Currency": "currency",
    "Total": "amount",
    "Open": "balance",
}
_CUSTOMERS = {"Customer": "customer_id", "Name": "customer_name", "Mail": "customer_email"}


class Crate(ShipmentDestination):
    """Crate's folder `in`: crate-….zip, then crate-….done."""

    name = "crate"
    report_folder = "in"
    absence = "closes"
    documents = "inside"

    class Settings(DestinationSettings):
        """Settings of the destination `crate`."""

    def shipments(self, content: Content) -> Shipment:
        """Return the ZIP, and the done-file with its hash."""
        invoices = content.invoices[[*_INVOICES.values()]].set_axis([*_INVOICES], axis="columns")
        customers = content.customers[[*_CUSTOMERS.values()]].set_axis([*_CUSTOMERS], axis="columns")
        tables = [
            TableFile("customers.csv", customers, "customers", {name: head for head, name in _CUSTOMERS.items()}),
            TableFile("invoices.csv", invoices, "invoices", {name: head for head, name in _INVOICES.items()}),
        ]
        return [
            Archive(f"{_stem(content.at)}.zip", tables, documents="pdf", folder="in"),
            DoneMarker(self.report_name(content.at), _checksum, folder="in"),
        ]

    def report_name(self, at: datetime) -> str:
        """Return for example crate-20260404T101500Z.done."""
        return f"{_stem(at)}.done"

    def is_report(self, name: str) -> bool:
        """Whether it is a done-file, which makes Crate read."""
        return name.endswith(".done") and not name.startswith(".")

    def document_name(self, ref: str) -> str:
        """Return a PDF's name inside of the ZIP: the number in hexadecimal, whatever characters it has."""
        return f"{ref.encode().hex()}.pdf"


def _stem(at: datetime) -> str:
    return f"crate-{at:%Y%m%dT%H%M%SZ}"


def _checksum(files: Sequence[DeliveredFile]) -> bytes:
    return "".join(f"{file.sha256}  {file.name}\n" for file in files).encode()


@hookimpl
def arfeed_destinations() -> Iterable[type[Destination]]:
    """Offer Crate."""
    return [Crate]

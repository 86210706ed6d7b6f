"""Xero's exports, written as Xero writes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

_ADDRESS = ["AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region", "PostalCode", "Country"]
_HEAD = ["ContactName", "EmailAddress", *(f"PO{part}" for part in _ADDRESS)]
_TAIL = [
    "InvoiceNumber", "Reference", "InvoiceDate", "DueDate", "PlannedDate", "Total", "TaxTotal", "InvoiceAmountPaid",
    "InvoiceAmountDue", "InventoryItemCode", "Description", "Quantity", "UnitAmount", "Discount", "LineAmount",
    "AccountCode", "TaxType", "TaxAmount", "TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2",
    "Currency", "Type", "Sent", "Status",
]  # fmt: skip

XERO_36 = [*_HEAD, *_TAIL]
XERO_44 = [*_HEAD, *(f"SA{part}" for part in _ADDRESS), *_TAIL]
XERO_IMPORT_TEMPLATE = [
    "*ContactName", "EmailAddress", *(f"PO{part}" for part in _ADDRESS), "*InvoiceNumber", "Reference", "*InvoiceDate",
    "*DueDate", "Total", "InventoryItemCode", "*Description", "*Quantity", "*UnitAmount", "Discount", "*AccountCode",
    "*TaxType", "TaxAmount", "TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2", "Currency",
    "BrandingTheme",
]  # fmt: skip

Line = dict[str, str]
Quoting = Literal[0, 1, 2, 3]


def document(number: str, due: str = "120.00", *, lines: int = 1, **fields: str) -> list[Line]:
    """A document of so many lines; header fields repeat on each, as `fields` says them."""
    return [{**_head(number, due), "Description": f"Line {line}", **fields} for line in range(1, lines + 1)]


def _head(number: str, due: str) -> Line:
    return {
        "ContactName": "Ada Ltd",
        "EmailAddress": "ada@example.com",
        "InvoiceNumber": number,
        "Reference": "PO 7",
        "InvoiceDate": "7/04/2026",
        "DueDate": "21/04/2026",
        "Total": due,
        "InvoiceAmountPaid": "0.00",
        "InvoiceAmountDue": due,
        "Quantity": "1.0000",
        "Currency": "GBP",
        "Type": "Sales invoice",
        "Sent": "Sent",
        "Status": "Awaiting Payment",
    }


def overpayment(due: str = "-50.00", **fields: str) -> list[Line]:
    """Money received beyond what was owed: no number, and one line that makes up the total."""
    total = fields.get("Total", due)
    plain = {"Type": "Sales overpayment", "AccountCode": "610", "DueDate": "", "LineAmount": total}
    return [{**line, **plain, **fields} for line in document("", due)]


def xero(
    file: Path, *documents: Iterable[Line], header: Sequence[str] = XERO_44, mark: str = "", quoting: Quoting = 0
) -> Path:
    """Write an export; `mark` is what comes before the header."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting)
    csv.writer(text).writerow(header)
    names = [name.replace("*", "").replace(" ", "").casefold() for name in header]
    for lines in documents:
        for line in lines:
            folded = {name.casefold(): value for name, value in line.items()}
            writer.writerow([folded.get(name, "") for name in names])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(mark + text.getvalue(), encoding="utf-8", newline="")
    return file


SEVEN = (
    document("INV-001", "360.00", lines=3, ContactName='Ångström & Söhne, "GmbH"', Reference='PO "7",\nsecond line'),
    document("INV-002", "1580.9400", Currency="EUR", Total="2000.0000", InvoiceAmountPaid="419.0600"),
    document("INV/2026/0042", "99.50"),
    document("00071", "0.05", DueDate="7/05/2026"),
    document("INV-003", "0.00", Total="75.00", InvoiceAmountPaid="75.00", Status="Paid"),
    document("INV-004", "10.00", Status="Draft"),
    document("INV-001", "500.00", Type="Bill"),
    document("CN-001", "-20.00", Type="Sales credit note", DueDate="", Sent=""),
)
"""Four invoices and a credit note are open; a paid one, a draft and a bill are not."""

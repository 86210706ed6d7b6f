"""Invoices for tests: one at a time, as the typed frame that a transform is given, or as a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from arfeed.model import arrow, schema
from arfeed.model.figures import Complete
from arfeed.model.results import DocumentPlan, Plan, SourceRead, SourceReport
from arfeed.model.settings import GuardSettings, SourceSettings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Invoice:
    """A document as a billing system holds it. `balance` is open, `paid` came in before; both carry their sign."""

    invoice_ref: str
    balance: Decimal
    customer_name: str = "Ada Ltd"
    kind: str = "invoice"
    status: str = "open"
    currency: str = "EUR"
    issued_on: date = date(2026, 4, 7)
    due_on: date | None = date(2026, 5, 17)
    paid: Decimal = Decimal(0)
    pdf: bytes | None = None

    @property
    def amount(self) -> Decimal:
        """The document's total."""
        return self.balance + self.paid


SAMPLE = (
    Invoice("INV-001", Decimal("120.00")),
    Invoice("00071", Decimal("0.05"), customer_name="Bob & Söhne", issued_on=date(2026, 3, 31)),
    Invoice("INV/2026/0042", Decimal("1580.94"), paid=Decimal("419.06"), due_on=date(2026, 12, 4)),
    Invoice("CN-001", Decimal("-20.00"), kind="credit_note", due_on=None),
    Invoice("PAY-9", Decimal("-7.50"), kind="payment", due_on=None),
    Invoice("INV-003", Decimal("0.00"), status="paid", paid=Decimal("75.00")),
    Invoice("INV-004", Decimal("10.00"), status="void"),
    Invoice("INV-005", Decimal("11.00"), status="draft"),
)
"""Documents of every kind and status, with a leading zero, a cent, a part payment and two months that differ."""

HOSTILE_REFS = (
    *("00071", "1e5", "1E400", "1.0", "0x1F", "-5", "+44", "NULL", "null", "NaN", "None", "TRUE", "N/A", "-", "."),
    *("2026-04-07", "=1+1", "@SUM(A1)", "../../etc/passwd", "INV/2026\\0042", "a,b;c|d", 'say "hi"', "it's", "100%"),
    *("Ä-1", "Ａ-1", "№ 7", "發票-1", "🧾-1", "{invoice_ref}", "${HOME}", "<b>1</b>", "'; DROP TABLE invoices;--"),
    "9" * 40,
)
"""Invoice numbers that programs often mistake for something else. They must come through unchanged."""

HOSTILE_NAMES = (
    *("NULL", "0", "=cmd()", 'Smith "Smithy" & Sons', "O'Brien; Partners", "Müller, Söhne", "Ünïcødé ✓", "[red]Ltd[/]"),
    *("Tab\tLtd", "Backslash \\ Ltd", "#1 Ltd", "Percent %s Ltd", "x" * 300),
)
"""Names of customers that must come through unchanged as well."""


def frame(invoices: Sequence[Invoice] = SAMPLE, source: str = "sample") -> pd.DataFrame:
    """Return invoices with all canonical columns, typed, as transforms and destinations receive them."""
    import pyarrow as pa

    plain = {"customer_email": "", "po_number": "", "memo": "", "document": "", "source": source}
    columns = {
        name: [_value(each, name, number, plain) for number, each in enumerate(invoices)] for name in schema.NAMES
    }
    arrays = {name: pa.array(values, schema.arrow_type(name)) for name, values in columns.items()}
    return arrow.to_frame(pa.table(arrays))


def _value(invoice: Invoice, name: str, number: int, plain: Mapping[str, str]) -> object:
    if name in plain:
        return plain[name]
    # As core fills them in for a source that states neither.
    same = {"customer_id": "customer_name", "source_ref": "invoice_ref"}
    return f"sample#{number}" if name == "origin" else getattr(invoice, same.get(name, name))


def plan(invoices: Sequence[Invoice] = SAMPLE, before: Sequence[Invoice] | None = None) -> Plan:
    """Return the plan of a report of these open invoices against an earlier one; what is missing was paid."""
    import pandas as pd

    from arfeed.planning.compare import compare
    from arfeed.planning.facts import sum_up

    # Only open documents reach a plan; the others explain what is missing.
    report = frame([invoice for invoice in invoices if invoice.status == "open"])
    # Compared by the real code, so that counts and `change` agree with the rows.
    comparison = compare(report, frame([*(before or ())]))
    # Proven, so that the plan carries no objection but those of the reviewer or notifier under test.
    said = {"reason": "paid", "evidence": "proven"}
    columns = {name: pd.Series([word] * len(comparison.missing), dtype="str") for name, word in said.items()}
    missing = comparison.missing.assign(**columns)
    nothing = pd.DataFrame({"name": [], "invoice_ref": [], "version": [], "change": []}, dtype="str")
    at = datetime(2026, 4, 10, 12, tzinfo=UTC)
    read = SourceRead(at, at.date(), None)
    complete = Complete(rows=len(invoices))
    source = SourceReport("sample", "sample", SourceSettings(), len(invoices), len(report), complete, read)
    earlier = None if before is None else frame(before)
    return Plan(
        feed="sample",
        destination="sftp://sample@example.com:22/",
        at=at,
        baseline=None if before is None else "20260409T120000Z-5a3e1c",
        before=earlier,
        report=comparison.report,
        missing=missing,
        totals=arrow.sum_balances(report),
        counts=comparison.counts,
        sources=(source,),
        documents=DocumentPlan(send=nothing, present=0, without=nothing["invoice_ref"], colliding={}, broken={}),
        guards=GuardSettings(),
        facts=sum_up(comparison.report, earlier, missing, [source], at.date()),
    )

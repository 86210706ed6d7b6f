"""The canonical columns of an invoice: the only place that lists them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = ("invoice", "credit_note", "payment")
STATUSES = ("open", "paid", "void", "draft")

# 16 digits before the point leave room for sums over millions of rows. Four behind it are the most that any currency
# of ISO 4217 has (CLF, UYW).
MONEY_PRECISION = 20
MONEY_SCALE = 4
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column: its name, its type on the way, and what it means."""

    name: str
    type: Literal["str", "date", "money"]
    meaning: str


COLUMNS = (
    Column("invoice_ref", "str", "the number printed on the invoice"),
    Column("kind", "str", "invoice, credit_note or payment (unapplied); invoice where the source has none"),
    Column(
        "status",
        "str",
        "open, paid (with a balance of 0), void or draft; open only where the source has no status",
    ),
    Column("customer_id", "str", "the customer's number; falls back to the name"),
    Column("customer_name", "str", "the customer's name"),
    Column("customer_email", "str", "where reminders go"),
    Column("currency", "str", "ISO 4217 code; from the row or from the source's setting"),
    Column("issued_on", "date", "the document's date"),
    Column("due_on", "date", "the due date; credit notes may have none"),
    Column("amount", "money", "the document's total, sign included"),
    Column("balance", "money", "the open amount, sign included; credit notes and payments are negative"),
    Column("po_number", "str", "the customer's order number"),
    Column("memo", "str", "a free text"),
    Column("document", "str", "the PDF's path or fsspec URL, if the source knows it"),
    Column("source", "str", "which source the row came from; set by arfeed"),
    Column("source_ref", "str", "the reference as the source wrote it; set by arfeed, kept through the transforms"),
    Column("origin", "str", "file and record number, for messages"),
)

NAMES = tuple(column.name for column in COLUMNS)
DATES = tuple(column.name for column in COLUMNS if column.type == "date")
MONEY = tuple(column.name for column in COLUMNS if column.type == "money")
TEXTS = tuple(column.name for column in COLUMNS if column.type == "str")

SET_BY_CORE = ("source", "source_ref")
OURS = "arfeed_"
"""Prefix of the columns that arfeed keeps for itself in addition to an invoice's own."""

AS_THE_SOURCE_SAID = f"{OURS}source_"
"""Prefix of a column that holds what the source itself said of a fact that a transform changed."""

SOURCE_COLUMNS = tuple(name for name in NAMES if name not in (*SET_BY_CORE, "origin"))
"""The columns that a source may give, and that the setting `columns` may name."""


def arrow_type(name: str) -> pa.DataType:
    """Return the Arrow type of a column; any column that is not canonical is text."""
    import pyarrow as pa

    if name in DATES:
        return pa.date32()
    if name in MONEY:
        return pa.decimal128(MONEY_PRECISION, MONEY_SCALE)
    # 64-bit offsets: a column's texts may exceed the two gigabytes that 32-bit ones can address.
    return pa.large_string()

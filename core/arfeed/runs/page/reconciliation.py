"""Turn the receipt of a reconciliation into one HTML file, in the style of the page of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from arfeed.model.currencies import format_amount
from arfeed.runs.page.rendering import FACTOR, MOST_ROWS, assets, page_template

_WORDS = {"balance": "balance", "currency": "currency", "due_on": "due date", "customer_name": "customer"}


def render_reconciliation(document: Mapping[str, Any]) -> str:
    """Return the page of a reconciliation, whose receipt is the document."""
    rows = document["rows"]
    return page_template("reconciliation.html.j2").render(
        document=document,
        at=datetime.fromisoformat(document["at"]),
        rows=[_row(row) for row in rows[:MOST_ROWS]],
        row_count=len(rows),
        **assets(),
    )


def _row(row: Mapping[str, str]) -> dict[str, Any]:
    """Return what the table shows of an invoice; a value of the receiver's is blank if it was not compared."""
    currency, there = row["currency"], row["currency_there"]
    return {
        "invoice_ref": row["invoice_ref"],
        "invoice_ref_there": row["invoice_ref_there"],
        "customer_name": row["customer_name"],
        "customer_there": _there(row, "customer_name"),
        "units": int(Decimal(row["balance"] or row["balance_there"] or 0) * FACTOR),
        "balance": _amount(row["balance"], currency),
        "balance_there": _amount(_there(row, "balance"), there or currency),
        "currency": currency,
        "currency_there": _there(row, "currency"),
        "due_on": row["due_on"],
        "due_there": _there(row, "due_on"),
        "outcome": row["outcome"],
        "reason": row["known"]
        or row["why"]
        or ", ".join(_WORDS.get(name) or row["others"] for name in row["what"].split()),
    }


def _there(row: Mapping[str, str], name: str) -> str:
    # Equal names may be spelled otherwise; only what differs is shown twice.
    return row[f"{name}_there"] if name in row["what"].split() or not row["invoice_ref"] else ""


def _amount(text: str, currency: str) -> str:
    return format_amount(Decimal(text), currency) if text else ""

"""What Xero's API answers to GET Invoices or CreditNotes, kept as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arfeed import Complete, SourceError, open_binary, table

if TYPE_CHECKING:
    import pandas as pd

_PAGE = 100
"""Xero answers in pages of so many, unless another size is asked for."""

_STATUSES = {
    "AUTHORISED": "open",
    "PAID": "paid",
    "VOIDED": "void",
    "DELETED": "void",
    "DRAFT": "draft",
    "SUBMITTED": "draft",
}
_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


def is_json(file: str) -> bool:
    """Whether a file is called so."""
    return file.lower().endswith(".json")


def read_json(file: str) -> Generator[pd.DataFrame, None, Complete]:
    """Yield the sales documents of an answer. Raise `SourceError` where it may be one page of several."""
    answer = _parsed(file)
    name = next((name for name in ("Invoices", "CreditNotes") if isinstance(answer.get(name), list)), None)
    if name is None:
        raise SourceError(f"{file}: it is no answer of Xero's API to GET Invoices: it has no list Invoices")
    documents = answer[name]
    _refuse_page(file, documents, answer.get("pagination"))
    sales = [document for document in documents if str(document.get("Type", "")).startswith("ACCREC")]
    if documents and not sales:
        raise SourceError(f"{file}: it lists {len(documents)} documents but no sales (ACCREC); ask for those")
    if sales:
        yield table([_row(document) for document in sales], origin=file)
    return Complete(lists_closed=True)


def _parsed(file: str) -> dict[str, Any]:
    with open_binary(file) as data:
        try:
            answer = json.loads(data.read(), parse_float=Decimal)
        except ValueError as exc:
            raise SourceError(f"{file}: it is no whole JSON document: {exc}; fetch it again") from exc
    return answer if isinstance(answer, dict) else {}


def _refuse_page(file: str, documents: list[object], pagination: Mapping[str, Any] | None) -> None:
    count = len(documents)
    if pagination and pagination.get("itemCount") == count:
        return
    if pagination or (count and count % _PAGE == 0):
        of = pagination.get("itemCount") if pagination else "an unknown number"
        raise SourceError(
            f"{file}: it holds {count} of {of} documents, so it may be one page of several; join all pages"
        )


def _row(document: Mapping[str, Any]) -> dict[str, object]:
    """Return a document under canonical names; credit notes, which Xero's API writes positive, are negated."""
    credit = document["Type"] != "ACCREC"
    amount, balance = document.get("Total"), document.get("AmountDue", document.get("RemainingCredit"))
    contact = document.get("Contact") or {}
    return {
        "invoice_ref": document.get("InvoiceNumber") or document.get("CreditNoteNumber"),
        "kind": "credit_note" if credit else "invoice",
        "status": _STATUSES.get(str(document.get("Status")), document.get("Status")),
        "customer_id": contact.get("AccountNumber"),
        "customer_name": contact.get("Name"),
        "customer_email": contact.get("EmailAddress"),
        "currency": document.get("CurrencyCode"),
        "issued_on": _day(document, "Date"),
        "due_on": _day(document, "DueDate"),
        "amount": _signed(amount, negate=credit),
        "balance": _signed(balance, negate=credit),
        "memo": document.get("Reference"),
    }


def _signed(value: Any, *, negate: bool) -> object:
    return -value if negate and isinstance(value, int | Decimal) else value


def _day(document: Mapping[str, Any], name: str) -> str:
    """Return a day as YYYY-MM-DD, from the text beside it or from the milliseconds since 1970."""
    text = str(document.get(f"{name}String") or document.get(name) or "")
    match = _DATE.fullmatch(text)
    return f"{datetime.fromtimestamp(int(match[1]) / 1000, UTC):%Y-%m-%d}" if match else text.partition("T")[0]

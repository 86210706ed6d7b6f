"""The answer of Xero's API to GET Invoices or CreditNotes, kept as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arfeed import Complete, SourceError, open_binary, table_from_records
from arfeed_connectors.combined import any_closed

if TYPE_CHECKING:
    import pandas as pd

_PAGE = 100
"""Documents on a page of Xero's, unless another size is asked for."""

_STATUSES = {
    "AUTHORISED": "open",
    "PAID": "paid",
    "VOIDED": "void",
    "DELETED": "void",
    "DRAFT": "draft",
    "SUBMITTED": "draft",
}
_KINDS = {
    "ACCREC": "invoice",
    "ACCRECCREDIT": "credit_note",
    "AROVERPAYMENT": "payment",
    "ARPREPAYMENT": "payment",
}
_BILLS = ("ACCPAY", "ACCPAYCREDIT", "APOVERPAYMENT", "APPREPAYMENT")
_LISTS = ("Invoices", "CreditNotes", "Overpayments", "Prepayments")
_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


def is_json(file: str) -> bool:
    """Whether the file's name says so."""
    return file.lower().endswith(".json")


def read_json(file: str) -> Generator[pd.DataFrame, None, Complete]:
    """Yield the sales documents of an answer. Raise `SourceError` if it may be one page of several."""
    answer = _parse(file)
    documents = _documents(file, answer)
    _refuse_page(file, documents, answer.get("pagination"))
    kinds = [_kind(file, number, document) for number, document in enumerate(documents, 1)]
    sales = [
        _row(file, number, document, kind)
        for number, (document, kind) in enumerate(zip(documents, kinds, strict=True), 1)
        if kind
    ]
    if documents and not sales:
        raise SourceError(f"{file}: it lists {len(documents)} documents but no sales (ACCREC); ask for those")
    if not sales:
        return Complete()
    rows = table_from_records(sales, origin=file)
    yield rows
    return Complete(lists_closed=any_closed(rows, "status"))


def _documents(file: str, answer: Mapping[str, Any]) -> list[Any]:
    """Return the one list of documents. Raise `SourceError` if there is none, or if a second one would be left out."""
    lists = {name: answer[name] for name in _LISTS if isinstance(answer.get(name), list)}
    filled = [name for name, documents in lists.items() if documents]
    if len(filled) > 1:
        raise SourceError(
            f"{file}: it holds the lists {' and '.join(filled)}; keep each answer in a separate file, and read them "
            'with files = "all"'
        )
    # An empty list is an answer, too: nothing is open.
    name = filled[0] if filled else next(iter(lists), "")
    if name not in ("Invoices", "CreditNotes"):
        raise SourceError(f"{file}: it is not an answer of Xero's API to GET Invoices: it has no list Invoices")
    documents: list[Any] = lists[name]
    return documents


def _kind(file: str, number: int, document: object) -> str | None:
    """Return what kind of document it is, None for a bill. Raise `SourceError` for a type that is not known."""
    if not isinstance(document, dict):
        raise SourceError(
            f"{file} document {number}: it is {document!r:.60}, not an object with fields; fetch it again"
        )
    kind = str(document.get("Type", "")).strip().upper()
    if kind not in (*_KINDS, *_BILLS):
        raise SourceError(
            f"{_place(file, number, document)}: its Type is {document.get('Type')!r:.60}, no type of document that is "
            "known here; fetch it again, or report it, so that it can be added"
        )
    return _KINDS.get(kind)


def _place(file: str, number: int, document: Mapping[str, Any]) -> str:
    name = document.get("InvoiceNumber") or document.get("CreditNoteNumber")
    return f"{file} document {number} ({name})" if isinstance(name, str) else f"{file} document {number}"


def _parse(file: str) -> dict[str, Any]:
    with open_binary(file) as data:
        try:
            # No float ever holds money.
            answer = json.loads(data.read(), parse_float=Decimal)
        except ValueError as exc:
            raise SourceError(f"{file}: it is not a complete JSON document: {exc}; fetch it again") from exc
    return answer if isinstance(answer, dict) else {}


def _refuse_page(file: str, documents: list[Any], pagination: object) -> None:
    count = len(documents)
    items = pagination.get("itemCount") if isinstance(pagination, dict) else None
    if items == count and items is not None:
        return
    # Without a word on pages, a number of documents that fills its pages exactly may be followed by more.
    if pagination or (count and count % _PAGE == 0):
        of = items if isinstance(items, int) else "an unknown number"
        raise SourceError(
            f"{file}: it holds {count} of {of} documents, so it may be one page of several; join all pages"
        )


def _row(file: str, number: int, document: Mapping[str, Any], kind: str) -> dict[str, object]:
    """Return a document under canonical names; credits, which Xero's API writes positive, are negated."""
    place = _place(file, number, document)
    contact = document.get("Contact") or {}
    if not isinstance(contact, dict):
        raise SourceError(f"{place}: its Contact is {contact!r:.60}, not an object with a Name; fetch it again")
    credit = kind != "invoice"
    # Credit notes have no AmountDue: what is left of them is RemainingCredit.
    amount, balance = document.get("Total"), document.get("AmountDue", document.get("RemainingCredit"))
    row = {
        "invoice_ref": document.get("InvoiceNumber") or document.get("CreditNoteNumber"),
        "kind": kind,
        "status": _STATUSES.get(str(document.get("Status")), document.get("Status")),
        "customer_id": contact.get("AccountNumber"),
        "customer_name": contact.get("Name"),
        "customer_email": contact.get("EmailAddress"),
        "currency": document.get("CurrencyCode"),
        "issued_on": _day(place, document, "Date"),
        "due_on": _day(place, document, "DueDate"),
        "amount": _sign(amount, negate=credit),
        "balance": _sign(balance, negate=credit),
        "memo": document.get("Reference"),
    }
    # What is neither text nor number would be written into a cell as Python's notation for it.
    for name, value in row.items():
        if isinstance(value, dict | list | bool):
            raise SourceError(
                f"{place}: {name} would be {value!r:.60}, which is neither text nor a number; fetch it again"
            )
    return row


def _sign(value: Any, *, negate: bool) -> object:
    # By exact type: a bool is an int to Python, and is refused with the other values that are not amounts.
    return -value if negate and type(value) in (int, Decimal) else value


def _day(place: str, document: Mapping[str, Any], name: str) -> str:
    """Return a day as YYYY-MM-DD, from the text beside it or else from its milliseconds since 1970."""
    # The text names the day itself; the milliseconds stand for a moment, which is a day only in UTC.
    text = str(document.get(f"{name}String") or document.get(name) or "")
    match = _DATE.fullmatch(text)
    if not match:
        return text.partition("T")[0]
    try:
        return f"{datetime.fromtimestamp(int(match[1]) / 1000, UTC):%Y-%m-%d}"
    except (ValueError, OverflowError, OSError) as exc:
        raise SourceError(f"{place}: its {name} is {text!r:.60}, which is not a date; fetch it again") from exc

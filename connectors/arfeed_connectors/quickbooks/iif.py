"""QuickBooks Desktop's IIF files: transactions without open balances, so what is not marked PAID counts as open."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from arfeed import Complete, FileSettings, SourceError, locate, read_grid
from arfeed_connectors.combined import any_closed

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "invoice_ref": "DOCNUM",
    "customer_name": "NAME",
    "issued_on": "DATE",
    "due_on": "DUEDATE",
    "amount": "AMOUNT",
    "po_number": "PONUM",
    "memo": "MEMO",
    "status": "PAID",
    "kind": "TRNSTYPE",
}
_OPTIONAL = ("due_on", "po_number", "memo")
_KINDS = {"INVOICE": "invoice", "FINANCE CHARGE": "invoice", "CREDIT MEMO": "credit_note"}
_OTHERS = (
    "BEGINBALCHECK",
    "BILL",
    "BILL CREDIT",
    "BILL REFUND",
    "BILLPMT",
    "CASH REFUND",
    "CASH SALE",
    "CCARD REFUND",
    "CHECK",
    "CREDIT CARD",
    "CREDIT CARD CREDIT",
    "DEPOSIT",
    "ESTIMATES",
    "PAYMENT",
    "PURCHORD",
    "SALES ORDER",
    "SALES TAX PAYMENT",
    "TRANSFER",
)
"""Types of transaction that are not customers' debts, or whose open part no IIF file states."""
_TAB = "\t"
_STATUSES = {"Y": "paid", "N": "open"}


def is_iif(file: str) -> bool:
    """Whether the file's name says so."""
    return file.lower().endswith(".iif")


def read_iif(file: str, settings: FileSettings) -> Generator[pd.DataFrame, None, Complete]:
    """Yield invoices and credit memos; what is not marked PAID counts as open with its whole amount."""
    letters: dict[str, str] = {}
    # As if a transaction had just ended, so the first mark has to begin one.
    last, mark, lists_closed = "", "ENDTRNS", False
    # QuickBooks Desktop writes the code page of its Windows; no byte of the file says so.
    for frame in read_grid(file, encoding=settings.encoding, delimiter=_TAB, fallback="cp1252"):
        letters = letters or _letters(file, frame)
        last = frame["A"].iloc[-1]
        mark = _refuse_unended(file, frame, mark)
        documents = _documents(file, frame, letters)
        lists_closed = lists_closed or any_closed(documents, "status")
        yield documents
    # IIF has no totals and no count; its end and the marks taking turns are all that shows a cut.
    if last != "ENDTRNS":
        raise SourceError(f"{file}: it ends with {last!r}, not with ENDTRNS, so it is cut off; export it again")
    return Complete(
        lists_closed=lists_closed,
        notes=(
            f"{file}: IIF files hold no open balances: what is not marked PAID counts with its whole amount, even "
            "where a part is paid; use the report Open Invoices",
        ),
    )


def _letters(file: str, frame: pd.DataFrame) -> dict[str, str]:
    """Return the grid's column for each canonical one, according to the row !TRNS."""
    # A file of several sections repeats this row; only one order of columns is read.
    heads = frame[frame["A"] == "!TRNS"].drop(columns="origin")
    found = {name: letter for letter, name in heads.iloc[0].items() if name} if len(heads) else {}
    missing = [header for name, header in _COLUMNS.items() if header not in found and name not in _OPTIONAL]
    if missing or len(heads.drop_duplicates()) > 1:
        raise SourceError(
            f"{file}: it needs one row !TRNS with {', '.join(missing) or 'the same columns throughout'}; "
            "export the report Open Invoices instead"
        )
    return {name: str(found[header]) for name, header in _COLUMNS.items() if header in found}


def _refuse_unended(file: str, frame: pd.DataFrame, before: str) -> str:
    """Return the last mark. Raise `SourceError` if TRNS and ENDTRNS do not take turns: lines in between are lost."""
    marks = frame["A"][frame["A"].isin(["TRNS", "ENDTRNS"])]
    if marks.empty:
        return before
    again = marks[marks == marks.shift(fill_value=before)]
    if len(again):
        place = locate(frame["origin"][again.index[0]], file, delimiter=_TAB)
        lost = "ENDTRNS" if again.iloc[0] == "TRNS" else "TRNS"
        raise SourceError(f"{place}: before this {again.iloc[0]} there is no {lost}; lines are lost: export it again")
    return str(marks.iloc[-1])


def _documents(file: str, frame: pd.DataFrame, letters: dict[str, str]) -> pd.DataFrame:
    transactions = frame[frame["A"] == "TRNS"]
    kinds = transactions[letters["kind"]].str.strip().str.upper()
    unknown = transactions[~kinds.isin([*_KINDS, *_OTHERS])]
    if len(unknown):
        line = unknown.iloc[0]
        place = locate(line["origin"], file, delimiter=_TAB)
        raise SourceError(
            f"{place}: {line[letters['kind']]!r} is not a transaction type that arfeed knows; "
            "export the report Open Invoices instead"
        )
    chosen = kinds.isin(list(_KINDS))
    named = transactions[chosen][[*letters.values(), "origin"]].set_axis([*letters, "origin"], axis="columns")
    # Any other word stays as it is, and becomes a problem of its row.
    status = named["status"].str.upper().replace(_STATUSES)
    return named.assign(
        kind=kinds[chosen].replace(_KINDS), status=status, balance=named["amount"].where(status != "paid", "0")
    )

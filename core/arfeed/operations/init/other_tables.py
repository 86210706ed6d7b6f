"""Tables that list something else than invoices: customers, payments, or bills that the company owes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from arfeed.model.errors import SourceError
from arfeed.tables.headings.normalize import header_words, normalize_header
from arfeed.tables.headings.proposal import Proposal
from arfeed.tables.headings.words import OTHER_TABLES

_BILLS, _PAYMENTS, _CUSTOMERS = OTHER_TABLES
_ADDRESS = frozenset(["phone", "telephone", "telefon", "mobile", "fax", "website"])
_CUSTOMER_HEADERS = 2
"""So many headings of an address book, and no date of an invoice, make a list of customers."""


def refuse_other_tables(sample: Path, headers: Sequence[str], proposal: Proposal, said: Mapping[str, str]) -> None:
    """Raise `SourceError` for a table that seems to list no invoices, unless somebody says which columns they have."""
    if {"invoice_ref", "customer_name", "balance"} & said.keys():
        return
    known = {*proposal.columns, *proposal.misfits, *proposal.several}
    found = {kind: _among(headers, names) for kind, names in OTHER_TABLES.items()}
    reached = [header for header in headers if _ADDRESS & header_words(header)]
    found[_CUSTOMERS] = list(dict.fromkeys([*found[_CUSTOMERS], *reached]))
    kind = None
    if found[_BILLS] and not _is_customers(proposal):
        kind = _BILLS
    elif found[_PAYMENTS] and not {"balance", "due_on", "status"} & known:
        kind = _PAYMENTS
    elif len(found[_CUSTOMERS]) >= _CUSTOMER_HEADERS and not {"issued_on", "due_on"} & known:
        kind = _CUSTOMERS
    if kind:
        raise SourceError(
            f"{sample}: this looks like a list of {kind}, not of invoices, since it has {', '.join(found[kind][:4])}; "
            "export the list of open invoices. If each row is an invoice all the same, name its columns with "
            "--column invoice_ref=HEADING and --column balance=HEADING"
        )


def _is_customers(proposal: Proposal) -> bool:
    """Whether a column names customers as such, not by a word such as `Name` that fits suppliers as well."""
    header = normalize_header(proposal.columns.get("customer_name", ""))
    return any(word in header for word in ("customer", "client", "kund", "debit", "debt", "klant"))


def _among(headers: Iterable[str], names: Sequence[str]) -> list[str]:
    return [header for header in headers if normalize_header(header) in names]

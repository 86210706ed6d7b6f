"""Tables that list something else than invoices, or in groups: customers, payments, bills, reports by customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.model.errors import SourceError
from arfeed.model.fields import PARTS_OF_BALANCE
from arfeed.tables.headings.balances import find_ages
from arfeed.tables.headings.normalize import header_words, normalize_header
from arfeed.tables.headings.proposal import Proposal
from arfeed.tables.headings.words import OTHER_TABLES

if TYPE_CHECKING:
    import pandas as pd

_BILLS, _PAYMENTS, _CUSTOMERS = OTHER_TABLES
_ADDRESS = frozenset(["phone", "telephone", "telefon", "mobile", "fax", "website"])
_CUSTOMER_HEADERS = 2
"""This many headings of an address book, and no date of an invoice, make a list of customers."""


def refuse_other_tables(sample: Path, headers: Sequence[str], proposal: Proposal, said: Mapping[str, str]) -> None:
    """Raise `SourceError` for a table that seems to list no invoices, unless somebody says which columns they have."""
    # Whoever names such a column has looked at the table.
    if {"invoice_ref", "customer_name", "balance"} & said.keys():
        return
    known = {*proposal.columns, *proposal.misfits, *proposal.several}
    found = {kind: _among(headers, names) for kind, names in OTHER_TABLES.items()}
    reached = [header for header in headers if _ADDRESS & header_words(header)]
    found[_CUSTOMERS] = list(dict.fromkeys([*found[_CUSTOMERS], *reached]))
    kind = None
    if found[_BILLS] and not _is_customers(proposal):
        kind = _BILLS
    # Lists of open invoices may have a column of payments, too; then something says what is open or due.
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


def refuse_groups(sample: Path, rows: pd.DataFrame, chosen: Mapping[str, str]) -> None:
    """Raise `SourceError` if no column names the customers, and texts stand alone in rows above other rows."""
    if "customer_name" in chosen:
        return
    filled = rows.drop(columns="origin").apply(lambda column: column.str.strip() != "")
    alone = (filled.sum(axis=1) == 1) & ~rows.iloc[:, 0].str.contains(r"^\W*[\d.,]*\W*$")
    # A lone text is a heading only above a full row; below the last one it may be a remark.
    fuller = filled.sum(axis=1) > 1
    heads = rows[alone & filled.iloc[:, 0] & fuller.shift(-1, fill_value=False)]
    if len(heads):
        raise SourceError(
            f"{sample}: {heads.iloc[0, 0]!r} stands alone in its row, above others, and no column names the customers: "
            "this report is grouped. Export a list that names the customer in every row, one row per open document, "
            "without subtotals; if a column does name the customers, pass --column customer_name=HEADING"
        )


def refuse_ages(sample: Path, headers: Sequence[str], chosen: Mapping[str, str], proposal: Proposal) -> None:
    """Raise `SourceError` if open amounts are split into ageing columns, and none holds the whole of it."""
    ages = find_ages(headers)
    called = [*proposal.several.get("balance", ()), *proposal.called.get("balance", ())]
    named = {*PARTS_OF_BALANCE, "balance", "amount"} & chosen.keys()
    if ages and (chosen.get("balance") in ages or (not named and {*called} <= {*ages})):
        raise SourceError(
            f"{sample}: open amounts are split into ageing columns ({', '.join(ages)}), each of which holds only part "
            "of the balance; export the list with a column of the whole balance, or name one with --column "
            "balance=HEADING"
        )


def _is_customers(proposal: Proposal) -> bool:
    """Whether a column names customers as such, not by a word such as `Name` that fits suppliers as well."""
    header = normalize_header(proposal.columns.get("customer_name", ""))
    return any(word in header for word in ("customer", "client", "kund", "debit", "debt", "klant"))


def _among(headers: Iterable[str], names: Sequence[str]) -> list[str]:
    return [header for header in headers if normalize_header(header) in names]

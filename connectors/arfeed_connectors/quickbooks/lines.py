"""The lines of QuickBooks' reports as invoices: whose they are, what kind of document they are, and their status."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from arfeed import PrintedReport, SourceError, locate

if TYPE_CHECKING:
    import pandas as pd

_KINDS = {
    "invoice": "invoice",
    "tax invoice": "invoice",  # Reckon and QuickBooks in Australia
    "adjustment note": "credit_note",
    "finance charge": "invoice",
    "late fee": "invoice",
    "statement charge": "invoice",
    "stmt charge": "invoice",
    "credit memo": "credit_note",
    "credit note": "credit_note",
    "payment": "payment",
    "receive payment": "payment",
}
_EITHER = (
    "journal entry", "general journal", "journal", "check", "cheque", "expense", "cash expense", "deposit",
    "sales receipt", "refund", "refund receipt", "credit card credit", "credit card refund", "discount", "transfer",
)  # fmt: skip
"""What raises a customer's debt is taken for an invoice, and what lowers it for a payment."""

_NOT_POSTED = ("estimate", "quote", "proposal", "sales order", "charge", "delayed charge", "delayed credit")
"""Not debts yet, though they are in lists of all transactions."""

_AGE = (
    r"(?i)(current|not (yet )?due|\d+ ?(-|–|to) ?\d+( days)?( past due)?"
    r"|((over|>) ?\d+|\d+ ?(\+|and over|or more))( days)?( past due)?)"
)
"""What A/R Aging Detail groups by, where others group by customer."""


_VOID = r"^(?i:void(?:ed)?)\b"
# 0, 0.00 or 0,00, or nothing at all.
_NOTHING = r"^[^1-9]*$"


def as_invoices(lines: pd.DataFrame, report: PrintedReport) -> pd.DataFrame:
    """Return lines with kind, status and customer, and without the numbers of cheques.

    What has no open balance is paid, or void if the memo says so: voiding takes the amount away, so it is blank.
    """
    kind, status = _kinds(lines, report)
    number, amount = report.name_of("invoice_ref"), report.name_of("amount")
    void = _find_voided(lines, report) & (status == "paid")
    columns = {
        report.name_of("customer_name"): _customers(lines, report),
        # The number of a payment is that of the customer's cheque, which another customer's may share.
        number: lines[number].where(kind != "payment", ""),
        "kind": kind,
        "status": status.mask(void, "void"),
        **({amount: lines[amount].mask(void, "")} if amount in lines.columns else {}),
    }
    return lines.assign(**columns).drop(columns="group")


def of_receivables(lines: pd.DataFrame) -> pd.DataFrame:
    """Leave out what is not about customers' debts: lists of all transactions hold bills and expenses, too."""
    return lines[lines["type"].str.lower().isin([*_KINDS, *_EITHER])]


def _find_voided(lines: pd.DataFrame, report: PrintedReport) -> pd.Series[bool]:
    """Return which documents the memo calls voided, with an amount of 0 or none."""
    memo, amount = report.name_of("memo"), report.name_of("amount")
    if memo not in lines.columns:
        return lines["type"].isin([])
    said = lines[memo].str.contains(_VOID)
    return said & lines[amount].str.contains(_NOTHING) if amount in lines.columns else said


def grouped_by_age(lines: pd.DataFrame) -> bool:
    """Whether the groups are ages, as in A/R Aging Detail alone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    groups = pa.array(lines["group"], pa.large_string()).unique()
    return bool(pc.all(pc.match_substring_regex(groups, f"^(?:{_AGE})$")).as_py())


def _customers(lines: pd.DataFrame, report: PrintedReport) -> pd.Series[str]:
    """Return the customers: from their column, or else from the groups."""
    # Groups by age would make `31 - 60` a customer's name.
    by_age = grouped_by_age(lines)
    if "customer_name" not in report.headers:
        if by_age:
            raise SourceError(
                f"{report.file}: it groups by age and does not name the customers; add the column Customer"
            )
        if len(lines) and not lines["group"].any() and "customer_name" not in report.settings.columns:
            raise SourceError(
                f"{report.file}: neither a heading nor groups name the customers; if they stand in the first column, "
                'set columns = { customer_name = "column 1" }; otherwise add the column Customer'
            )
        return lines["group"].where(lines["group"] != "--", "")
    named = lines[report.name_of("customer_name")]
    # A line without a customer in its column still has one in the heading above it.
    return named if by_age else named.where(named != "", lines["group"])


def _kinds(lines: pd.DataFrame, report: PrintedReport) -> tuple[pd.Series[str], pd.Series[str]]:
    """Return kind and status. Raise `SourceError` for a type of transaction that is not known here."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    # A type that nobody has thought of may be a debt, so it is refused, never left out.
    known = pa.array([*_KINDS, *_EITHER, *_NOT_POSTED])
    found = pc.index_in(pc.utf8_lower(pa.array(lines["type"], pa.string())), value_set=known)
    if found.null_count:
        line = lines[pc.is_null(found).to_numpy(zero_copy_only=False)].iloc[0]
        raise SourceError(
            f"{locate(line['origin'], report.file)}: {line['type']!r} is not a transaction type that arfeed knows. "
            "What you owe, such as bills, has to be left out by Customize > Filter > Transaction type. If this is not "
            "a report of QuickBooks, read it by the source `folder` (`arfeed init --source folder`)"
        )
    balance = pc.fill_null(pa.array(lines[report.name_of("balance")]), Decimal(0))
    by_sign = pc.if_else(pc.greater(balance, Decimal(0)), "invoice", "payment")
    kind = pc.coalesce(pa.array([_KINDS.get(name) for name in known.to_pylist()], pa.string()).take(found), by_sign)
    # Only without a balance: whatever QuickBooks says is owed on one stays in the list.
    waiting = pc.and_(
        pc.equal(balance, Decimal(0)), pc.is_in(found, value_set=pc.index_in(pa.array(_NOT_POSTED), known))
    )
    status = pc.if_else(waiting, "draft", pc.if_else(pc.equal(balance, Decimal(0)), "paid", "open"))
    return pd.Series(kind, lines.index, dtype="str"), pd.Series(status, lines.index, dtype="str")

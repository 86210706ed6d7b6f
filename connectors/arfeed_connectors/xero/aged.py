"""Xero's report Aged Receivables Detail: invoices below their contact, in columns that users arrange as they like."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

from arfeed import Complete, FileSettings, PrintedReport, ReportForm, SourceError, locate, read_header

if TYPE_CHECKING:
    import pandas as pd

_FORM = ReportForm(
    headers={
        "issued_on": ("Invoice date", "Date"),
        "due_on": ("Due date",),
        "invoice_ref": ("Invoice number", "Number"),
        "memo": ("Invoice reference", "Reference"),
        "customer_id": ("Contact account number", "Account number"),
        "customer_email": ("Email",),
        "currency": ("Currency",),
        "balance": ("Total",),
        "own_balance": ("Source Total", "Total (Source)"),
    },
    required=("issued_on", "invoice_ref", "balance"),
    keys=("issued_on", "balance"),
    # Its totals leave out invoices that are not yet due, if no column holds them (docs/decisions.md, 2026-11-24).
    exact=False,
    footers=r"(?i:^percentage of total$)",
)
_EXPORT = {"contactname", "lineamount", "invoiceamountdue"}
"""Headers of the sales export and of the template for imports."""

_INSTEAD = "export Accounting > Reports > Aged Receivables Detail, or Business > Invoices > Export"


def is_titled(file: str, settings: FileSettings) -> bool:
    """Whether a file has the title of one of Xero's reports of what is owed, even one that is refused."""
    title = PrintedReport(file, _FORM, settings).title
    return any(re.fullmatch(r"aged (receivables|payables)( .*)?", text, re.IGNORECASE) for text in title)


def find_aged(file: str, settings: FileSettings) -> PrintedReport | None:
    """Return the file's report, None if it is not one. Raise `SourceError` for one that lacks open invoices."""
    try:
        header = read_header(file, encoding=settings.encoding, delimiter=settings.delimiter)
    except SourceError:
        # The first row of a report is its title, which need not be readable as a header.
        header = []
    # An export may have a million lines; looking for a title in it would read it twice.
    if _is_export(header):
        return None
    report = PrintedReport(file, _FORM, settings)
    for text in report.title:
        if re.fullmatch(r"aged (receivables summary|payables .*)|accounts receivable invoices", text, re.IGNORECASE):
            raise SourceError(f"{file}: this is the report {text!r}, which does not list all that is open; {_INSTEAD}")
    return None if report.missing or _is_export(report.found) else report


def _is_export(header: Iterable[str]) -> bool:
    return not _EXPORT.isdisjoint(re.sub(r"[\W_]", "", name).casefold() for name in header)


def read_aged(report: PrintedReport) -> Generator[pd.DataFrame, None, Complete]:
    """Yield the report's lines; its totals are a control only if they agree with all of its lines."""
    ref, balance = report.name_of("invoice_ref"), report.name_of("balance")
    for lines in report.lines():
        # The report has no column for the kind; only its sign distinguishes a credit note.
        credit = lines[balance] < 0
        kind = credit.map({True: "credit_note", False: "invoice"}).astype("str")
        lines = _in_own_currency(lines, report)
        yield lines.assign(customer_name=lines["group"], kind=kind, invoice_ref=lines[ref]).drop(columns="group")
    if not report.ended:
        raise SourceError(f"{report.file}: it ends without its Total, so it is cut off; export the report again")
    # With a column of currencies the Total adds up several of them, or is in the organisation's.
    currency = None if "currency" in report.headers else report.settings.currency
    agreed = currency is not None and report.total is not None and not report.doubts
    totals = {currency: report.total} if currency and report.total is not None and agreed else None
    return Complete(totals=totals, as_of=report.as_of, notes=report.doubts)


def _in_own_currency(lines: pd.DataFrame, report: PrintedReport) -> pd.DataFrame:
    """Take the balance in the invoice's own currency, if the report has it; its Total is in the organisation's."""
    total, base = report.headers["balance"], report.settings.currency
    # Whoever names another column by columns.balance says that it is in the invoice's currency.
    if "currency" not in report.headers or report.settings.columns.get("balance", total) != total:
        return lines
    if "own_balance" in report.headers:
        return lines.assign(**{report.name_of("balance"): lines[report.name_of("own_balance")]})
    currency = lines[report.name_of("currency")]
    others = lines[(currency != "") & (currency.str.upper() != base)]
    if len(others):
        place, code = locate(others["origin"].iloc[0], report.file), currency[others.index[0]]
        raise SourceError(
            f"{place}: an invoice in {code}, but {total!r} is in the organisation's own currency "
            f"({base or 'set it with `currency`'}); add a column of the invoice's currency, such as Source Total, and "
            "name it by columns.balance, or export Business > Invoices > Export"
        )
    return lines

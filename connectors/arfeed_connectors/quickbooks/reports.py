"""Which of QuickBooks' reports can be read, what their headers are called, and which are refused by name."""

from __future__ import annotations

import re

from arfeed import PrintedReport, ReportForm, SourceError

FORM = ReportForm(
    headers={
        "type": ("Transaction type", "Type"),
        "issued_on": ("Date", "Transaction date"),
        "invoice_ref": ("Num", "No.", "Number", "Document number"),
        "customer_name": ("Customer full name", "Customer", "Customer name", "Name"),
        "customer_email": ("Email", "Customer email"),
        "due_on": ("Due date",),
        "amount": ("Amount",),
        "balance": ("Open balance",),
        "currency": ("Currency",),
        "foreign_balance": ("Foreign open balance", "Open balance (foreign)"),
        "po_number": ("P. O. #", "P.O. No.", "P.O. number", "PO number"),
        "memo": ("Memo/Description", "Memo", "Description"),
        "vendor": ("Vendor", "Vendor display name", "Vendor full name", "Supplier"),
    },
    required=("type", "issued_on", "invoice_ref", "balance"),
    keys=("type", "issued_on"),
    footers=r"(?i:^((accrual|cash) basis\b|(mon|tues|wednes|thurs|fri|satur|sun)day, ))",
)
"""The headers of QuickBooks Online in both generations, of Desktop, and of the reports that look like them."""

_OPEN_ITEMS = re.compile(r"(open invoices|(a/r|accounts receivable) age?ing detail)( report)?", re.IGNORECASE)
"""Reports that list all that is open, and nothing else."""

_DATED = re.compile(
    r"(?:(?:accrual|cash) basis|as (?:of|at)|all dates|through|from|to|report|date|time|period|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|"
    r"aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|am|pm|gmt|utc|z|"
    r"(?<!\d)\d+(?:st|nd|rd|th)?|[\s,.:/+\u2013-])+",
    re.IGNORECASE,
)
"""Lines of a title that hold nothing but a date or a period, a time and the basis."""

_CHOICE = re.compile(
    r"(?:filter|(?:[\w/]+ )?(?:customers?|clients?|jobs?|projects?|class(?:es)?|locations?|departments?|terms|reps?|"
    r"types?|names?|currency|accounts?|invoices?|transactions?|balances?|dates?|age?ing|subsidiary)( [\w/]+)? ?"
    r"(?:[:=<>]|is\b|equals?\b|contains?\b|between\b|in\b|not\b)).*",
    re.IGNORECASE,
)
"""Lines of a title that name a filter, such as `Customer: A to C` or `Filtered by Class`."""

_SUMMARY = "it has one row per customer and lists no invoices"
_OVERDUE = "it leaves out what is not yet due"
_PAYABLE = "it lists what you owe, not what you are owed"
_NO_BALANCES = "it does not show each invoice's open balance"
# Exported by mistake: they lack some or all open items, or list what we owe.
_REFUSED = {
    r"(a/r|accounts receivable) age?ing summary|customer balance summary|income by customer summary": _SUMMARY,
    r"collections": _OVERDUE,
    r"(a/p|accounts payable) age?ing (summary|detail)|unpaid bills( detail)?|vendor balance (summary|detail)": _PAYABLE,
    r"bills and applied payments|bill payment list|transaction list by vendor|vendor contact list": _PAYABLE,
    r"profit (and|&) loss.*|balance sheet.*|statement of cash flows|general ledger.*": _NO_BALANCES,
    r"trial balance|journal": _NO_BALANCES,
    r"sales by .*|deposit detail|transaction (report|detail by account)|unbilled (charges|time)": _NO_BALANCES,
    r"invoices and received payments|statement list|estimates by customer|customer contact list": _NO_BALANCES,
}
_INSTEAD = (
    "export the report Open Invoices or A/R Aging Detail "
    "(Online: Reports > Who owes you; Desktop: Reports > Customers & Receivables)"
)


def refuse_others(report: PrintedReport) -> None:
    """Raise `SourceError` for a report that can't be a source, and name the one to export instead."""
    # By title first: the columns would only show that something is missing, not which report to export instead.
    for pattern, why in _REFUSED.items():
        for text in report.title:
            if re.fullmatch(rf"({pattern})( report)?", text, re.IGNORECASE):
                raise SourceError(f"{report.file}: this is the report {text!r}: {why}; {_INSTEAD}")
    if "vendor" in report.headers and "customer_name" not in report.headers:
        raise SourceError(f"{report.file}: its column {report.headers['vendor']!r} says that {_PAYABLE}; {_INSTEAD}")
    if report.missing:
        wanted = ", ".join(repr(FORM.headers[name][0]) for name in report.missing)
        found = ", ".join(text for text in report.found if text) or "nothing"
        raise SourceError(
            f"{report.file}: no row has the headings of an open-items report: {wanted} missing; the closest row has "
            f"{found}; add the columns by Customize, or {_INSTEAD}"
        )


def other_than_a_list(report: PrintedReport) -> str | None:
    """Return the title of a report that lists no closed invoices: any that is refused, or that lists open items."""
    titles = "|".join([*_REFUSED, _OPEN_ITEMS.pattern])
    return next((text for text in report.title if re.fullmatch(rf"({titles})( report)?", text, re.IGNORECASE)), None)


def is_known(report: PrintedReport) -> bool:
    """Whether a report is one of QuickBooks', even one that is refused."""
    titles = "|".join([*_REFUSED, _OPEN_ITEMS.pattern])
    # Also the refused ones, so that their message says what to export instead.
    titled = any(re.fullmatch(rf"({titles})( report)?", text, re.IGNORECASE) for text in report.title)
    return titled or not report.missing


def lists_open_items(report: PrintedReport) -> bool:
    """Whether its title is one of theirs; other lists, and untitled ones, may hold paid items or leave some out."""
    return any(_OPEN_ITEMS.fullmatch(text) for text in report.title)


def choices(report: PrintedReport) -> tuple[str, ...]:
    """Return the lines of its title that may be filters: all beyond the report's name, dates and one company."""
    unknown = [text for text in report.title if not _OPEN_ITEMS.fullmatch(text) and not _DATED.fullmatch(text)]
    chosen = [text for text in unknown if _CHOICE.fullmatch(text)]
    # One unknown line is the company's name; of two, either may be a filter.
    others = dict.fromkeys(text for text in unknown if text not in chosen)
    return (*chosen, *(others if len(others) > 1 else ()))

"""QuickBooks' lists of all invoices, including paid and void ones: what became of one that is no longer open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from arfeed import FileSettings, PrintedReport, SourceError, locate
from arfeed_connectors.quickbooks.lines import as_invoices, of_receivables
from arfeed_connectors.quickbooks.reports import FORM, other_than_a_list

if TYPE_CHECKING:
    import pandas as pd

_FORM = replace(
    FORM,
    headers={**FORM.headers, "said": ("A/R paid", "Invoice status", "Status", "Paid")},
    # Its totals add up bills as well. A list that is cut off is safe: what it lacks stays unexplained.
    exact=False,
)
_PAID = ("paid", "closed", "deposited")
_UNPAID = ("unpaid", "open", "overdue")
# Lines with `as of` name a single day, up to which everything is listed.
_PERIOD = re.compile(
    r"(?!.*\bas of\b)(?=.*\d)(?=.*(-|\u2013|\bto\b|\bthrough\b|\bsince\b))"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|since|from|\d).*",
    re.IGNORECASE,
)
"""Lines of a title such as "January 1 - April 4, 2026"."""

_INSTEAD = (
    "export Invoice List (Online: Reports > Who owes you) or Transaction List by Customer (Desktop: Reports > "
    "Customers & Receivables) for all dates, with the column Open balance"
)


class ClosedList:
    """A list of invoices whatever their state."""

    def __init__(self, file: str, settings: FileSettings) -> None:
        """Open the list. Raise `SourceError` for a report that does not show what is paid."""
        self.file = file
        self._settings = settings
        self._report = PrintedReport(file, _FORM, settings)
        if title := other_than_a_list(self._report):
            raise SourceError(f"{file}: this is the report {title!r}, which lists nothing that is closed; {_INSTEAD}")
        if self._report.missing:
            wanted = ", ".join(repr(FORM.headers[name][0]) for name in self._report.missing)
            found = ", ".join(text for text in self._report.found if text) or "nothing"
            raise SourceError(
                f"{file}: it does not show each invoice's open balance: {wanted} missing; the closest heading row has "
                f"{found}; {_INSTEAD}"
            )

    def notes(self) -> tuple[str, ...]:
        """Return notes on what the list can't answer."""
        periods = [text for text in self._report.title if _PERIOD.fullmatch(text)]
        return tuple(
            f"{self._report.file}: it is a list of {text!r}, so it can't say what became of an invoice of before; "
            "export it for all dates"
            for text in periods
        )

    def answer(self, missing: pd.DataFrame) -> pd.DataFrame:
        """Return the documents with the numbers of those that are missing; payments have no own numbers."""
        import pandas as pd

        nameless = "kind" in missing.columns and bool((missing["kind"] != "invoice").any())
        # Numbers that arfeed gave to nameless documents are in no list, so all nameless lines are candidates.
        numbers = {*missing["invoice_ref"].unique().tolist(), *([""] if nameless else [])}
        return pd.concat([self._filter_known(lines, numbers) for lines in self._lines()], ignore_index=True)

    def _lines(self) -> Iterator[pd.DataFrame]:
        report = self._report
        for lines in report.lines():
            if "customer_name" not in report.headers and len(lines) and (lines["group"] == "").all():
                raise SourceError(f"{report.file}: it does not name the customers; add the column Customer")
            yield lines

    def _filter_known(self, lines: pd.DataFrame, numbers: set[str]) -> pd.DataFrame:
        report = self._report
        # First of all: a bill may have the number of an invoice.
        chosen = of_receivables(lines)
        invoices = as_invoices(chosen, report)
        invoices = invoices[invoices[report.name_of("invoice_ref")].isin([*numbers])]
        if "said" in report.headers:
            invoices = self._with_status(invoices)
        # `columns` speaks of the report; a list of another form may lack what it names.
        absent = {name for name in self._settings.headings() if name not in invoices.columns}
        return invoices.assign(**dict.fromkeys(absent, "")).astype(dict.fromkeys(absent, "str"))

    def _with_status(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Take the word for void from its column. Raise `SourceError` if a word contradicts the open balance."""
        report = self._report
        # Two columns of one list have to agree; whichever is wrong, an invoice would be explained by a mistake.
        said = invoices[report.name_of("said")].str.casefold()
        settled = invoices[report.name_of("balance")] == Decimal(0)
        wrong = invoices[(said.isin(_PAID) & ~settled) | (said.isin(_UNPAID) & settled)]
        if len(wrong):
            line = wrong.iloc[0]
            raise SourceError(
                f"{locate(line['origin'], report.file)}: {report.headers['said']} says "
                f"{line[report.name_of('said')]!r}, but the open balance is {line[report.name_of('balance')]}; "
                "export the list again"
            )
        return invoices.assign(status=invoices["status"].mask(settled & said.str.startswith("void"), "void"))

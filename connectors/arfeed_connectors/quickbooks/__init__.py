"""QuickBooks' reports of open items, Online and Desktop, as CSV or Excel files."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from arfeed import Complete, Connector, FileSettings, Pattern, PrintedReport, SourceError, find_files, hookimpl
from arfeed_connectors.combined import any_closed, each_file, refuse_older
from arfeed_connectors.quickbooks.closed import ClosedList
from arfeed_connectors.quickbooks.iif import is_iif, read_iif
from arfeed_connectors.quickbooks.lines import as_invoices, grouped_by_age
from arfeed_connectors.quickbooks.reports import FORM, choices, is_known, lists_open_items, refuse_others

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 1


class QuickBooks(Connector):
    """QuickBooks' Open Invoices, A/R Aging Detail and their kin, proven by their totals; IIF, which proves nothing."""

    name = "quickbooks"

    class Settings(FileSettings):
        """Settings of the connector `quickbooks`."""

        decimal: Literal[".", ","] | None = Field(
            default=".", description="Decimal mark; the other groups thousands. QuickBooks writes 1,234.50."
        )
        closed: Pattern | None = Field(
            default=None,
            examples=["exports/InvoiceList*.csv"],
            description="A list that holds what is paid and void as well: Invoice List or Transaction List, with the "
            "column Open balance, of all dates. Missing invoices are looked up in it.",
        )
        further = ("closed",)

    settings: Settings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield the items of each file, and return what their totals prove."""
        complete = yield from each_file(self.settings, self._file)
        # Noted before anything is missing, while there is still time to export a list of all dates.
        notes = [note for closed in self._closed_lists() for note in closed.notes()]
        return replace(complete, notes=(*complete.notes, *notes))

    @property
    def explains(self) -> bool:
        """Whether there is a list of what was closed."""
        return self.settings.closed is not None

    def explain(self, missing: pd.DataFrame) -> pd.DataFrame | None:
        """Return what the list of invoices has on these."""
        for closed in self._closed_lists():
            # There is one at most: of several files the newest is taken.
            refuse_older(closed.file, self.since)
            return closed.answer(missing)
        return None

    def check(self) -> None:
        """Check that each file is a report that can be read."""
        for file in find_files(self.settings):
            if not is_iif(file):
                self._report(file)
        for closed in self._closed_lists():
            closed.notes()

    def _closed_lists(self) -> Iterator[ClosedList]:
        """Yield the list that the setting `closed` names, if it does."""
        other = self.settings.others().get("closed")
        if other:
            yield from (ClosedList(file, other) for file in find_files(other))

    def recognizes(self) -> bool:
        """Whether each file has the title or the headers of one of QuickBooks' reports."""
        return all(
            is_iif(file) or is_known(PrintedReport(file, FORM, self.settings)) for file in find_files(self.settings)
        )

    def _file(self, file: str) -> Generator[pd.DataFrame, None, Complete]:
        if is_iif(file):
            return (yield from read_iif(file, self.settings))
        report = self._report(file)
        ages: set[bool] = set()
        lists_closed = False
        for lines in report.lines():
            if len(lines):
                ages.add(grouped_by_age(lines))
                invoices = self._in_currency(as_invoices(lines, report), report)
                lists_closed = lists_closed or any_closed(invoices, "status")
                yield invoices
        # Only A/R Aging Detail groups all its lines by age, and it lists whatever is open.
        complete = self._complete(report, only_open=ages == {True} or lists_open_items(report))
        return replace(complete, lists_closed=lists_closed)

    def _report(self, file: str) -> PrintedReport:
        if file.lower().endswith(".json"):
            raise SourceError(
                f"{file}: answers of QuickBooks' API are not read; export the report Open Invoices as CSV or Excel"
            )
        report = PrintedReport(file, FORM, self.settings)
        refuse_others(report)
        return report

    def _in_currency(self, invoices: pd.DataFrame, report: PrintedReport) -> pd.DataFrame:
        """Take the balance in the invoice's own currency, if the report has it; the totals are in the company's."""
        if "currency" not in report.headers:
            return invoices
        if "foreign_balance" in report.headers:
            return invoices.assign(balance=invoices[report.name_of("foreign_balance")])
        currency = invoices[report.name_of("currency")]
        others = currency[(currency != "") & (currency.str.upper() != self.settings.currency)]
        if len(others):
            raise SourceError(
                f"{report.file}: it has invoices in {others.iloc[0]}, but open balances in the company's currency only "
                f"({self.settings.currency or 'set it with `currency`'}); add the column Foreign open balance"
            )
        return invoices

    def _complete(self, report: PrintedReport, *, only_open: bool) -> Complete:
        currency, total, notes = self.settings.currency, report.total, []
        foreign = {"currency", "foreign_balance"} <= set(report.headers)
        # Reports of open items always print a TOTAL; other lists need not, and prove nothing with one.
        if only_open and not report.ended:
            raise SourceError(f"{report.file}: it ends without its TOTAL, so it is cut off; export the report again")
        if not only_open:
            notes.append(
                f"{report.file}: nothing in it shows that it lists all open items; export the report Open Invoices"
            )
        if only_open and (chosen := choices(report)):
            notes.append(
                f"{report.file}: its title says {', '.join(map(repr, chosen))} beside company, report and date, so it "
                "may be filtered, which no TOTAL shows"
            )
        if total is None:
            notes.append(f"{report.file}: it prints no TOTAL of open balances, so nothing proves that it is whole")
        # A total in the company's currency can't be compared with balances in the invoices' own.
        return Complete(
            totals=None if currency is None or total is None or foreign else {currency: total},
            as_of=report.as_of,
            notes=tuple(notes),
        )


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer QuickBooks."""
    return [QuickBooks]

"""Exports that LibreOffice or Gnumeric opened and saved again, in five languages: read right or refused, never wrong.

What the file no longer holds nobody can tell: zeros before a number are gone once a program took it for one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from arfeed import Connector, SourceError
from arfeed_connectors.folder import Folder
from arfeed_connectors.quickbooks import QuickBooks
from arfeed_connectors.xero import Xero
from support.feeds.sources import read
from support.files.printed import Item, report, text_of
from support.files.spreadsheets import LANGUAGES, by_gnumeric, by_libreoffice

EXAMPLES = Path(__file__).parents[2] / "examples/exports"
DEBT = ["invoice_ref", "kind", "status", "customer_name", "issued_on", "due_on", "currency", "amount", "balance"]
BOOKED = {
    "Acme, Inc.": [Item("1042", "1,500.00", date="04/07/2026", due="05/07/2026"), Item("00071", "0.05")],
    "Beta:North": [Item("2017", "12.50", date="03/04/2026", due="04/03/2026"), Item("7", "-50.00", "Credit Memo")],
}
GERMAN = {
    "invoice_ref": "Belegnummer", "customer_name": "Kunde", "issued_on": "Belegdatum", "due_on": "Fällig am",
    "amount": "Betrag", "balance": "Offen",
}  # fmt: skip
PLAIN = {"invoice_ref": "No", "customer_name": "Customer", "issued_on": "Date", "balance": "Open"}


@dataclass(frozen=True, slots=True)
class Example:
    """A file, which source reads it, and how."""

    use: type[Connector]
    how: Mapping[str, Any]
    mark: str
    write: Callable[[Path], object]

    def rows(self, file: Path) -> pd.DataFrame | str:
        """Return what is read of a file; why it is refused if it is."""
        try:
            found = read(self.use("books", self.use.Settings.model_validate({**self.how, "path": str(file)})))
        except SourceError as exc:
            return str(exc)
        found["invoice_ref"] = found["invoice_ref"].str.replace(r"^0+(?=\d+$)", "", regex=True)
        return found[DEBT].sort_values(DEBT, ignore_index=True)


def numbered(*numbers: str) -> Example:
    lines = [f"{number},Ada,2026-04-07,5.00\n" for number in numbers]
    text = ",".join(PLAIN.values()) + "\n" + "".join(lines)
    return Example(Folder, {"currency": "EUR", "columns": PLAIN}, ",", lambda file: file.write_text(text))


FILES = {
    "xero": Example(
        Xero, {"dates": "DMY"}, ",", lambda file: shutil.copy(EXAMPLES / "SalesInvoices-20260409.csv", file)
    ),
    "quickbooks": Example(
        QuickBooks, {"dates": "MDY", "currency": "USD"}, ",", lambda file: file.write_text(text_of(report(BOOKED)))
    ),
    "folder": Example(
        Folder,
        {"dates": "DMY", "decimal": ",", "currency": "EUR", "columns": GERMAN},
        ";",
        lambda file: shutil.copy(EXAMPLES / "subsidiary/OffenePosten_Hamburg.csv", file),
    ),
    "slashes": numbered("07/03/2026", "12/03/2026", "45/03/2026"),
    "dashes": numbered("12-05", "3-4", "11-17", "2026-0042"),
    "digits": numbered("20260000000000001234", "20260000000000005678"),
}
AT_LEAST: Mapping[object, set[str]] = {by_libreoffice: {"xero.csv", "quickbooks.csv"}, by_gnumeric: {"xero.xlsx"}}
"""What is read right in every language: that all is refused would prove nothing."""


Save = Callable[[Mapping[Path, str], str, Path], None]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("save", [by_libreoffice, by_gnumeric])
def test_a_file_that_was_saved_again_is_read_right_or_refused(tmp_path: Path, save: Save, language: str) -> None:
    source, again = tmp_path / "source", tmp_path / "again"
    source.mkdir()
    files = {source / f"{name}.csv": example for name, example in FILES.items()}
    for file, example in files.items():
        example.write(file)
    save({file: example.mark for file, example in files.items()}, language, again)
    right = set()
    for file, example in files.items():
        meant = example.rows(file)
        assert isinstance(meant, pd.DataFrame), meant
        for kind in ("csv", "xlsx"):
            found = example.rows(again / f"{file.stem}.{kind}")
            if isinstance(found, str):
                assert f"{file.stem}.{kind}" in found
                continue
            pd.testing.assert_frame_equal(found, meant)
            right.add(f"{file.stem}.{kind}")
    assert right >= AT_LEAST[save]

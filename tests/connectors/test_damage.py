"""Files of every layout, cut at any byte or with lines lost and repeated: what is not whole is never taken for it.

A layout that prints a total fails or is complete; Xero's totals may lie, so there a plan says that they do not fit. Of
the others, a cut inside a record fails, and one between records leaves fewer: what then is missing is `gone`, which
somebody has to approve.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed import Connector, SourceError
from arfeed.intake.extract import extract
from arfeed.intake.transform import check_unique
from arfeed.model.arrow import fold
from arfeed.planning.evidence.reasons import add_reasons
from arfeed_connectors.folder import Folder
from arfeed_connectors.quickbooks import QuickBooks
from arfeed_connectors.xero import Xero
from support.files.exports import SEVEN, xero
from support.files.printed import DESKTOP, ITEMS, Item, report, text_of, workbook

FLAT = [f"INV-{number},Zoë & Co,2026-04-{number:02},EUR,{number * 10}.50" for number in range(1, 13)]
AGED = [
    ["Aged Receivables Detail"], ["As at 30 June 2026"], [],
    ["Invoice Date", "Invoice Number", "Older", "Total"],
    ["Ada Ltd"], ["10/06/2026", "INV-1", "40.00", "40.00"], ["1/06/2026", "", "-3.00", "-3.00"],
    ["Total Ada Ltd", "", "37.00", "37.00"], [],
    ["Bob"], ["15/06/2026", "INV-2", "7.50", "7.50"], ["Total Bob", "", "7.50", "7.50"], [],
    ["Total", "", "44.50", "44.50"],
]  # fmt: skip
IIF = "!TRNS\tTRNSTYPE\tDATE\tNAME\tAMOUNT\tDOCNUM\tPAID\n!SPL\tTRNSTYPE\n!ENDTRNS\n" + "".join(
    f"TRNS\tINVOICE\t04/13/2026\tAda\t{number}.50\tINV-{number}\tN\nSPL\tINVOICE\nENDTRNS\n" for number in range(1, 9)
)
API = {
    "Type": "ACCREC",
    "Status": "AUTHORISED",
    "Contact": {"Name": "Ada"},
    "CurrencyCode": "GBP",
    "Date": "2026-04-07",
}
FAMILY = [
    ["Open Invoices"], ["", "Date", "Transaction type", "Num", "Open balance"],
    ["Ada"], ["", "01/15/2026", "Invoice", "1", "4.00"], ["Total for Ada", "", "", "", "4.00"],
    ["North"], ["", "01/15/2026", "Invoice", "2", "3.00"], ["Total for North", "", "", "", "3.00"],
    ["Total for Ada with sub-customers", "", "", "", "7.00"], ["TOTAL", "", "", "", "7.00"],
]  # fmt: skip


def _xero(folder: Path) -> bytes:
    return xero(folder / "export.csv", *SEVEN).read_bytes()


def _answer(_: Path) -> bytes:
    found = [{**API, "InvoiceNumber": f"INV-{number}", "AmountDue": 12.5} for number in range(3)]
    return json.dumps({"Invoices": found}).encode()


def _sheet(folder: Path) -> bytes:
    return workbook(folder / "report.xlsx", report()).read_bytes()


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file of it holds, which source reads it, and whether its totals prove that it is whole."""

    use: type[Connector]
    name: str
    write: Callable[[Path], bytes]
    dates: str
    proven: bool = True


def _text(rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Callable[[Path], bytes]:
    return lambda _: text_of(rows, "\r\n").encode(encoding)


LAYOUTS = {
    "QuickBooks Online": Layout(QuickBooks, "report.csv", _text(report(title=("Open Invoices",))), "MDY"),
    "QuickBooks Desktop, cp1252": Layout(
        QuickBooks,
        "report.csv",
        _text(report({"Café": [Item("1", "5.00")], **ITEMS}, header=DESKTOP, closing="Total {}"), "cp1252"),
        "MDY",
    ),
    "QuickBooks, UTF-16": Layout(QuickBooks, "report.csv", _text(report(), "utf-16"), "MDY"),
    "QuickBooks, customers with two totals": Layout(QuickBooks, "report.csv", _text(FAMILY), "MDY"),
    "QuickBooks, XLSX": Layout(QuickBooks, "report.xlsx", _sheet, "MDY"),
    "Xero, aged": Layout(Xero, "aged.csv", _text(AGED), "DMY"),
    "Xero, API": Layout(Xero, "answer.json", _answer, "DMY"),
    "Xero, sales export": Layout(Xero, "export.csv", _xero, "DMY", proven=False),
    "QuickBooks, IIF": Layout(QuickBooks, "books.iif", lambda _: IIF.encode(), "MDY", proven=False),
    "flat": Layout(
        Folder,
        "flat.csv",
        lambda _: "\n".join(["invoice_ref,customer_name,issued_on,currency,balance", *FLAT]).encode(),
        "YMD",
        proven=False,
    ),
}
LINED = [name for name, layout in LAYOUTS.items() if not layout.name.endswith(("xlsx", "json"))]

RECORDED = ["flat", "QuickBooks, IIF"]
"""Of those without a control total, the ones in which a line is a record."""

DEBT = ["invoice_ref", "kind", "status", "issued_on", "due_on", "currency", "balance"]

FEWER = settings(max_examples=settings().max_examples // 3)
"""There are many layouts."""

Reader = Callable[[str], "Damaged"]


class Damaged:
    """A file of a layout, and what is read of it whole."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        self.layout = layout
        self.file = folder / layout.name
        self.whole = layout.write(folder)
        self.doubtful = False
        found = self.read(self.whole)
        assert found is not None
        self.expected = found

    def read(self, content: bytes) -> pd.DataFrame | None:
        """Return all rows of a file that holds this; None where arfeed refuses it."""
        self.file.write_bytes(content)
        how = {"path": str(self.file), "dates": self.layout.dates, "decimal": ".", "currency": "USD"}
        source = self.layout.use("books", self.layout.use.Settings.model_validate(how))
        try:
            found = extract([source], lambda: datetime.now(UTC))
            check_unique(found.open, fold(found.open["invoice_ref"]))
        except SourceError:
            return None
        self.doubtful = any("lines sum to" in note for note in found.reports[0].complete.notes)
        return found.rows.drop(columns="origin")

    def judge(self, found: pd.DataFrame | None) -> None:
        """See that nothing is taken for what it is not. Whose a debt is may suffer where a total line is lost."""
        if found is None or (self.layout.use is Xero and self.doubtful):
            return
        if self.layout.proven:
            assert found[DEBT].equals(self.expected[DEBT])
            return
        assert found.equals(found.merge(self.expected, how="left", on=[*found.columns]))
        assert {*_reasons(self.expected, found)} <= {"gone"}


def _reasons(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Return why each open invoice that is not open any more is missing, as a plan says it."""
    shown = [frame[(frame["status"] == "open") & (frame["balance"] != 0)] for frame in (before, now)]
    missing = shown[0][~shown[0]["source_ref"].isin(shown[1]["source_ref"])]
    nothing = now[["source", "source_ref", "kind"]].iloc[:0].assign(by=now["source"].iloc[:0])
    return [*add_reasons(missing, now, nothing, ["books"])["reason"]]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    made: dict[str, Damaged] = {}

    def reader(name: str) -> Damaged:
        if name not in made:
            made[name] = Damaged(LAYOUTS[name], tmp_path_factory.mktemp("damaged"))
        return made[name]

    return reader


@pytest.mark.parametrize("name", LAYOUTS)
@FEWER
@given(data=st.data())
def test_a_file_cut_at_any_byte_fails_or_lists_less_for_no_reason_that_counts(
    damaged: Reader, name: str, data: st.DataObject
) -> None:
    file = damaged(name)
    end = data.draw(st.integers(0, len(file.whole) - 1), label="end")
    file.judge(file.read(file.whole[:end]))


@pytest.mark.parametrize("name", RECORDED)
@FEWER
@given(data=st.data())
def test_a_file_cut_inside_of_a_record_fails(damaged: Reader, name: str, data: st.DataObject) -> None:
    file = damaged(name)
    first = len(b"".join(file.whole.splitlines(keepends=True)[:2]))  # a single row has none above to be compared with
    inside = [end for end in range(first, len(file.whole)) if b"\n" not in file.whole[end - 1 : end + 1]]
    assert file.read(file.whole[: data.draw(st.sampled_from(inside), label="end")]) is None


@pytest.mark.parametrize("name", LINED)
@FEWER
@given(data=st.data(), times=st.sampled_from([0, 2]))
def test_a_file_with_a_line_lost_or_repeated_fails_or_lists_less_for_no_reason_that_counts(
    damaged: Reader, name: str, data: st.DataObject, times: int
) -> None:
    file = damaged(name)
    end = "\n".encode("utf-16-le") if file.whole.startswith(b"\xff\xfe") else b"\n"
    lines = [line + end for line in file.whole.removesuffix(end).split(end)]
    at = data.draw(st.integers(0, len(lines) - 1), label="line")
    file.judge(file.read(b"".join([*lines[:at], lines[at] * times, *lines[at + 1 :]])))


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_read_whole(damaged: Reader, name: str) -> None:
    assert len(damaged(name).expected) >= 2

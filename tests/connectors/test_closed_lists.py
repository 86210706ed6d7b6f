"""A second file of what was closed, which says what became of an invoice that is no longer open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from arfeed import Complete, Connector, ProblemsError, SourceError
from arfeed.intake.extract import extract
from arfeed.testing.connectors import ask
from arfeed_connectors.folder import Folder
from arfeed_connectors.quickbooks import QuickBooks
from support.feeds.sources import HEADER, complete
from support.files.printed import report, workbook, written

Rows = Sequence[Sequence[str]]

HEAD = [
    "Date",
    "Transaction type",
    "Num",
    "Customer full name",
    "Memo/Description",
    "Due date",
    "Amount",
    "Open balance",
]
INVOICES: Rows = [
    ["Invoice List by Date"], ["Example LLC"], ["All Dates"], [],
    HEAD,
    ["01/15/2026", "Invoice", "1001", "Last, First", "", "02/14/2026", "1,500.00", "1,500.00"],
    ["01/16/2026", "Invoice", "1002", "Acme:North", "second visit", "02/15/2026", "80.00", "0.00"],
    ["01/17/2026", "Invoice", "0071", "Acme", "", "02/16/2026", "20.00", "5.25"],
    ["01/18/2026", "Invoice", "1004", "Acme", "Voided - by mistake", "02/17/2026", "0.00", "0.00"],
    ["01/19/2026", "Credit Memo", "C-1", "Acme", "", "", "-30.00", "0.00"],
    ["01/19/2026", "Bill", "1005", "Supplier", "", "", "70.00", "0.00"],
    ["TOTAL", "", "", "", "", "", "$1,640.00", "$1,505.25"],
    [], ["Saturday, April 4, 2026 01:21 AM GMTZ"],
]  # fmt: skip
TRANSACTIONS: Rows = [
    ["Transaction List by Customer"], ["Example LLC"], ["All Dates"], [],
    ["", "Date", "Transaction Type", "No.", "Posting", "Memo/Description", "Account", "Amount", "Open Balance"],
    ["Last, First"],
    ["", "01/15/2026", "Invoice", "1001", "Yes", "", "A/R", "1,500.00", "1,500.00"],
    ["Total for Last, First", "", "", "", "", "", "", "$1,500.00", "$1,500.00"],
    ["Acme:North"],
    ["", "01/16/2026", "Invoice", "1002", "Yes", "", "A/R", "80.00", "0.00"],
    ["", "01/20/2026", "Payment", "2201", "Yes", "", "A/R", "-80.00", "0.00"],
    ["", "01/21/2026", "Estimate", "1003", "No", "", "A/R", "9.00", "0.00"],
    ["Total for Acme:North", "", "", "", "", "", "", "", "$0.00"],
    ["TOTAL", "", "", "", "", "", "", "$1,500.00", "$1,500.00"],
]  # fmt: skip
DESKTOP: Rows = [
    ["3:58 PM"], ["04/04/26"], ["", "Example LLC"], ["", "Transaction List by Customer"], ["", "All Transactions"],
    ["", "Type", "Date", "Num", "Memo", "Account", "Paid", "Debit", "Open Balance"],
    ["Acme:North"],
    ["", "Invoice", "01/16/26", "1002", "", "A/R", "Paid", "80.00", ""],
    ["", "Invoice", "01/18/26", "1004", "VOID: typed twice", "A/R", "Paid", "0.00", "0.00"],
    ["Total Acme:North", "", "", "", "", "", "", "80.00", ""],
    ["Last, First"],
    ["", "Invoice", "01/15/26", "1001", "", "A/R", "Unpaid", "1,500.00", "1,500.00"],
    ["Total Last, First", "", "", "", "", "", "", "1,500.00", "1,500.00"],
    ["TOTAL", "", "", "", "", "", "", "1,580.00", "1,500.00"],
]  # fmt: skip


def gone(*numbers: str) -> pd.DataFrame:
    """What core asks about: the rows that were delivered last, as far as connectors need them."""
    return pd.DataFrame({"invoice_ref": list(numbers)}, dtype="str")


def books(folder: Path, closed: Path, **settings: Any) -> QuickBooks:
    listed = written(folder / "open.csv", report())
    plain = {"path": str(listed), "dates": "MDY", "currency": "USD", "closed": str(closed)}
    return QuickBooks("books", QuickBooks.Settings.model_validate({**plain, **settings}))


def said(source: Connector, *numbers: str) -> dict[str, str]:
    rows = ask(source, gone(*numbers))
    assert rows is not None
    named = rows[~rows["invoice_ref"].str.startswith("PAYMENT-")]
    return dict(zip(named["invoice_ref"], named["status"], strict=True))


EVERY = ("1001", "1002", "0071", "1004", "C-1", "1005", "1003", "9")


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (INVOICES, {"1001": "open", "1002": "paid", "0071": "open", "1004": "void", "C-1": "paid"}),
        (TRANSACTIONS, {"1001": "open", "1002": "paid"}),
        (DESKTOP, {"1001": "open", "1002": "paid", "1004": "void"}),
    ],
    ids=["Invoice List", "Transaction List by Customer", "Desktop"],
)
def test_a_list_of_quickbooks_says_what_is_paid_void_and_open(
    tmp_path: Path, rows: Rows, expected: dict[str, str], suffix: str
) -> None:
    file = tmp_path / f"closed.{suffix}"
    source = books(tmp_path, workbook(file, rows) if suffix == "xlsx" else written(file, rows))
    assert source.explains
    assert said(source, *EVERY) == expected
    assert said(source, "1002") == {"1002": "paid"}


def test_a_closed_invoice_carries_what_tells_it_from_another_one_of_its_number(tmp_path: Path) -> None:
    rows = ask(books(tmp_path, written(tmp_path / "closed.csv", INVOICES)), gone("1002", "1004"))
    assert rows is not None
    facts = rows[["customer_id", "currency", "issued_on", "amount"]].to_numpy().tolist()
    assert facts[0] == ["Acme:North", "USD", date(2026, 1, 16), Decimal(80)]
    assert facts[1][:3] == ["Acme", "USD", date(2026, 1, 18)]
    assert pd.isna(facts[1][3]), "voiding takes the amount away, so it can't tell one invoice from another"


def test_a_memo_that_begins_with_void_voids_nothing_that_has_an_amount(tmp_path: Path) -> None:
    rows = [["Void of the first floor" if cell == "second visit" else cell for cell in row] for row in INVOICES]
    assert said(books(tmp_path, written(tmp_path / "closed.csv", rows)), "1002") == {"1002": "paid"}


def test_a_bill_of_the_same_number_explains_nothing(tmp_path: Path) -> None:
    assert said(books(tmp_path, written(tmp_path / "closed.csv", INVOICES)), "1005") == {}


@pytest.mark.parametrize(
    ("title", "noted"),
    [
        ("All Dates", False),
        ("January 1 - April 4, 2026", True),
        ("January 1, 2025 – April 4, 2026", True),
        ("Jan 1 through Apr 4, 2026", True),
        ("Since January 1, 2026", True),
        ("January - March, 2026", True),
        ("Nov-Air GmbH", False),
    ],
)
def test_a_list_of_a_period_is_noted_since_it_does_not_know_what_was_before(
    tmp_path: Path, title: str, noted: bool
) -> None:
    rows = [[title] if row == ["All Dates"] else row for row in INVOICES]
    notes = complete(books(tmp_path, written(tmp_path / "closed.csv", rows))).notes
    assert [f"it is a list of {title!r}, so it can't say" in note for note in notes] == [True] * noted


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (report(), "this is the report 'Open Invoices Report', which lists nothing that is closed"),
        ([["A/R Aging Summary"], *INVOICES[1:]], "this is the report 'A/R Aging Summary'"),
        ([["Transaction List by Vendor"], *INVOICES[1:]], "this is the report 'Transaction List by Vendor'"),
        ([row[:7] for row in INVOICES], "it does not show each invoice's open balance: 'Open balance' missing"),
        ([["Name", "Paid"], ["Ada", "yes"]], "it does not show each invoice's open balance"),
    ],
    ids=["open items", "summary", "vendors", "no open balance", "something else"],
)
@pytest.mark.parametrize("ask", [QuickBooks.check, complete], ids=["check", "reading"])
def test_another_report_is_refused_with_what_to_export(tmp_path: Path, rows: Rows, why: str, ask: Any) -> None:
    with pytest.raises(SourceError) as caught:
        ask(books(tmp_path, written(tmp_path / "closed.csv", rows)))
    assert why in str(caught.value)
    assert "for all dates, with the column Open balance" in str(caught.value)


def test_a_list_that_names_no_customers_is_refused(tmp_path: Path) -> None:
    rows = [[*row[:3], *row[4:]] if len(row) > 4 else row for row in INVOICES]
    with pytest.raises(SourceError, match="it does not name the customers; add the column Customer"):
        said(books(tmp_path, written(tmp_path / "closed.csv", rows)), "1002")


@pytest.mark.parametrize(("word", "balance"), [("Paid", "12.00"), ("Unpaid", "0.00")])
def test_a_word_that_contradicts_the_open_balance_is_refused(tmp_path: Path, word: str, balance: str) -> None:
    rows = [*DESKTOP[:7], ["", "Invoice", "01/15/26", "1009", "", "A/R", word, "12.00", balance], *DESKTOP[7:]]
    with pytest.raises(SourceError, match=f"line 8: Paid says '{word}', but the open balance is"):
        said(books(tmp_path, written(tmp_path / "closed.csv", rows)), "1009")


def test_a_list_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="without its TOTAL, so it is cut off"):
        said(books(tmp_path, written(tmp_path / "closed.csv", TRANSACTIONS[:-1])), "1002")


def test_a_payment_without_a_number_is_answered_where_one_is_asked_about(tmp_path: Path) -> None:
    source = books(tmp_path, written(tmp_path / "closed.csv", TRANSACTIONS))
    rows = ask(source, gone("PAYMENT-1").assign(kind="payment"))
    assert rows is not None
    assert (rows["kind"].tolist(), rows["status"].tolist()) == (["payment"], ["paid"])
    again = ask(source, gone("1002").assign(kind="invoice"))
    assert again is not None
    assert again["invoice_ref"].tolist() == ["1002"]


def test_without_a_list_nothing_is_explained(tmp_path: Path) -> None:
    source = QuickBooks("books", QuickBooks.Settings(path=str(written(tmp_path / "open.csv", report()))))
    assert (source.explains, source.explain(gone("1"))) == (False, None)


def test_the_list_counts_as_an_input_and_has_to_be_there(tmp_path: Path) -> None:
    source = books(tmp_path, tmp_path / "closed*.csv")
    with pytest.raises(SourceError, match=r"^closed: .*no file matches"):
        extract([source], lambda: datetime.now(UTC))
    written(tmp_path / "closed.csv", INVOICES)
    inputs = extract([source], lambda: datetime.now(UTC)).reports[0].inputs
    assert [Path(name).name for name, _ in inputs] == ["open.csv", "closed.csv"]


# --- folder ---------------------------------------------------------------------------------------------------------


def folder(path: Path, *lines: str, columns: dict[str, str] | None = None, **settings: Any) -> Folder:
    listed = path / "open.csv"
    listed.write_text(f"{HEADER}\nINV-9,Ada,GBP,2026-04-07,5\n")
    path.joinpath("closed.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    plain = {"path": str(listed), "closed": str(path / "closed.csv"), "columns": columns or {}}
    return Folder("files", Folder.Settings.model_validate({**plain, **settings}))


def test_a_second_file_says_by_its_status_what_became_of_an_invoice(tmp_path: Path) -> None:
    lines = [
        HEADER + ",status",
        "1,Ada,GBP,2026-04-07,0,Paid",
        "2,Bo,GBP,2026-04-07,3,open",
        "3,Bo,GBP,2026-04-07,0,void",
    ]
    source = folder(tmp_path, *lines)
    assert source.explains
    assert said(source, "1", "2", "3", "4") == {"1": "paid", "2": "open", "3": "void"}


def test_without_a_status_the_balance_says_it(tmp_path: Path) -> None:
    lines = [HEADER, "1,Ada,GBP,2026-04-07,0.00", "2,Bo,GBP,2026-04-07,3.10", "3,Bo,GBP,2026-04-07,-"]
    assert said(folder(tmp_path, *lines), "1", "2") == {"1": "paid", "2": "open"}


def test_a_blank_balance_is_a_problem_and_never_paid(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="blank is not zero"):
        said(folder(tmp_path, HEADER, "1,Ada,GBP,2026-04-07,"), "1")


def test_a_list_of_paid_invoices_alone_has_to_be_declared(tmp_path: Path) -> None:
    lines = ["invoice_ref,customer_name,currency,issued_on,paid_on", "1,Ada,GBP,2026-04-07,2026-05-01"]
    with pytest.raises(SourceError, match=r'says what is paid.*say closed_status = "paid"'):
        folder(tmp_path, *lines).check()
    assert said(folder(tmp_path, *lines, closed_status="paid"), "1", "2") == {"1": "paid"}


def test_what_is_declared_to_be_paid_and_still_owed_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="is still owed, though the status says paid"):
        said(folder(tmp_path, HEADER, "1,Ada,GBP,2026-04-07,3", closed_status="paid"), "1")


def test_a_list_of_everything_is_not_taken_for_one_of_what_is_paid(tmp_path: Path) -> None:
    lines = ["invoice_ref,customer_name,currency,issued_on", "1,Ada,GBP,2026-04-07", "INV-9,Ada,GBP,2026-04-07"]
    with pytest.raises(SourceError, match=r"INV-9 of Ada is closed here .*so not all of it is paid; remove"):
        complete(folder(tmp_path, *lines, closed_status="paid"))
    namesake = [*lines[:2], "INV-9,Ada,GBP,2025-04-07"]
    assert complete(folder(tmp_path, *namesake, closed_status="paid")) == Complete()


def test_a_list_that_calls_closed_what_is_open_is_no_evidence(tmp_path: Path) -> None:
    open_list = tmp_path / "open.csv"
    names = ("INV-9", *(f"INV-{number}" for number in range(20, 30)))

    def ask(*zero: str) -> dict[str, str]:
        lines = [f"{name},Ada,GBP,2026-04-07,{'0.00' if name in zero else '3.00'}" for name in ("1", *names)]
        source = folder(tmp_path, HEADER, *lines)
        open_list.write_text("\n".join([HEADER, *(f"{name},Ada,GBP,2026-04-07,3.00" for name in names)]))
        complete(source)
        return said(source, "1")

    assert ask("1", "INV-9", "INV-20") == {"1": "paid"}
    with pytest.raises(
        SourceError, match=r"INV-9 of Ada is closed here .* \(3 such\), so what it calls closed proves no"
    ):
        ask("1", "INV-9", "INV-20", "INV-21")


@pytest.mark.parametrize("connector", ["folder", "quickbooks"])
def test_a_list_from_before_the_invoices_were_last_seen_open_can_not_explain(tmp_path: Path, connector: str) -> None:
    source: Connector = folder(tmp_path, HEADER, "1002,Ada,GBP,2026-04-07,0")
    if connector == "quickbooks":
        source = books(tmp_path, written(tmp_path / "closed.csv", INVOICES))
    now = datetime.now(UTC)
    source.since = now - timedelta(hours=1)
    assert said(source, "1002") == {"1002": "paid"}
    source.since = now + timedelta(hours=1)
    with pytest.raises(SourceError, match=r"before the invoices now missing were last seen open .* export it again"):
        said(source, "1002")


def test_of_a_status_without_a_balance_only_what_is_closed_is_taken(tmp_path: Path) -> None:
    lines = [
        "invoice_ref,customer_name,currency,issued_on,status",
        "1,Ada,GBP,2026-04-07,paid",
        "2,B,GBP,2026-04-07,open",
    ]
    assert said(folder(tmp_path, *lines), "1", "2") == {"1": "paid"}


def test_the_second_file_may_lack_headings_that_only_the_list_needs(tmp_path: Path) -> None:
    source = folder(tmp_path, "No,Client,Day,State", "1,Ada,2026-04-07,paid", currency="GBP")
    columns = {"invoice_ref": "No", "customer_name": "Client", "issued_on": "Day", "balance": "Due", "status": "State"}
    again = Folder("files", source.settings.model_copy(update={"columns": columns}))
    rows = ask(again, gone("1"))
    assert rows is not None
    assert rows[["invoice_ref", "customer_name", "status"]].to_numpy().tolist() == [["1", "Ada", "paid"]]
    assert rows["balance"].tolist() == [Decimal(0)]


@pytest.mark.parametrize("lacking", ["invoice_ref", "customer_name", "issued_on"])
def test_a_second_file_that_can_not_tell_namesakes_apart_is_refused(tmp_path: Path, lacking: str) -> None:
    header = ",".join(name for name in [*HEADER.split(","), "status"] if name != lacking)
    with pytest.raises(SourceError, match=f"there is no column '{lacking}'"):
        folder(tmp_path, header, "1,GBP,2026-04-07,0,paid").check()


# --- lists that only `closed_status` calls closed -------------------------------------------------------------------

RECEIPTS = "invoice_ref,customer_name,currency,issued_on"


def test_a_list_without_amounts_closes_nothing_where_the_list_of_what_is_open_has_them(tmp_path: Path) -> None:
    lines = [RECEIPTS, "1,Ada,GBP,2026-04-07"]
    source = folder(tmp_path, *lines, closed_status="paid")
    assert said(source, "1") == {"1": "paid"}
    (tmp_path / "open.csv").write_text(f"{HEADER},Amount\nINV-9,Ada,GBP,2026-04-07,5,5\n")
    with pytest.raises(SourceError, match=r"closed\.csv: closed_status says .* a part payment would co"):
        source.check()
    with pytest.raises(SourceError, match="a part payment would count as a paid invoice"):
        said(source, "1")
    (tmp_path / "closed.csv").write_text(f"{RECEIPTS},Amount\n1,Ada,GBP,2026-04-07,5\n")
    source.check()
    assert said(source, "1") == {"1": "paid"}


def test_what_was_received_several_times_is_not_known_to_be_paid(tmp_path: Path) -> None:
    lines = [RECEIPTS, "1,Ada,GBP,2026-04-07", "2,Ada,GBP,2026-04-07", "2,Ada,GBP,2026-04-07", "2,Ada,GBP,2025-04-07"]
    source = folder(tmp_path, *lines, closed_status="paid")
    rows = ask(source, gone("1", "2"))
    assert rows is not None
    assert [*zip(rows["invoice_ref"], rows["issued_on"].astype(str), strict=True)] == [
        ("1", "2026-04-07"),
        ("2", "2025-04-07"),
    ]
    assert said(folder(tmp_path, *lines, closed_status="paid", rows="lines"), "2") == {"2": "paid"}
    states = [f"{line},{word}" for line, word in zip(lines, ("status", *["paid"] * 4), strict=True)]
    assert len(ask(folder(tmp_path, *states), gone("2"))) == 3  # type: ignore[arg-type]  # a status is a statement


@pytest.mark.parametrize("heading", ["Amount received", "Payment", "Allocated", "Bezahlt"])
def test_another_amount_received_than_it_came_to_settles_nothing(tmp_path: Path, heading: str) -> None:
    lines = [f"{RECEIPTS},amount,{heading}", "1,Ada,GBP,2026-04-07,5.00,5.00", "2,Ada,GBP,2026-04-07,5.00,3.00"]
    assert said(folder(tmp_path, *lines, closed_status="paid"), "1", "2") == {"1": "paid"}


@pytest.mark.parametrize("heading", ["Payment date", "Paid on", "Payment method", "Receipt no", "Zahlungsdatum"])
def test_what_is_no_amount_received_says_nothing_of_it(tmp_path: Path, heading: str) -> None:
    lines = [f"{RECEIPTS},amount,{heading}", "1,Ada,GBP,2026-04-07,5.00,20260508"]
    assert said(folder(tmp_path, *lines, closed_status="paid"), "1") == {"1": "paid"}


def test_headings_of_the_second_file_are_known_in_any_spelling(tmp_path: Path) -> None:
    lines = ["Invoice Ref,Customer_Name,Currency,ISSUED_ON,Status"]
    lines += ["1,Ada,GBP,2026-04-07,Paid", "2,B,GBP,2026-04-07,open"]
    assert said(folder(tmp_path, *lines), "1", "2") == {"1": "paid"}
    with pytest.raises(SourceError, match=r"the columns 'status' and 'Status' have the name of status"):
        said(folder(tmp_path, f"{HEADER},Status,status", "1,Ada,GBP,2026-04-07,0,paid,open"), "1")

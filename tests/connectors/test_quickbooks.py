"""QuickBooks' reports of open items: groups, lines and totals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from arfeed import Complete, SourceError
from arfeed.intake.extract import extract
from arfeed_connectors.quickbooks import QuickBooks
from support.feeds.sources import failure, problems, read
from support.files.printed import DESKTOP, ONLINE_2020, ONLINE_2026, OPEN_INVOICES, Item, report, workbook, written


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "report.csv"


def source(file: Path, **settings: object) -> QuickBooks:
    plain = {"path": str(file), "dates": "MDY", "currency": "USD"}
    return QuickBooks("books", QuickBooks.Settings.model_validate({**plain, **settings}))


def said(books: QuickBooks) -> Complete:
    return extract([books], lambda: datetime.now(UTC)).reports[0].complete


def facts(books: QuickBooks) -> list[tuple[object, ...]]:
    frame = read(books)
    return list(zip(frame["customer_name"], frame["kind"], frame["balance"], strict=True))


def write(file: Path, rows: list[list[str]]) -> Path:
    return workbook(file, rows) if file.suffix == ".xlsx" else written(file, rows)


EXPECTED = [
    ("Acme, Inc.", "invoice", Decimal("1500.00")),
    ("Acme, Inc.", "invoice", Decimal("0.05")),
    ("Beta:North", "invoice", Decimal("750.00")),
    ("Beta:North", "credit_note", Decimal("-50.00")),
    ("3000", "payment", Decimal("-200.00")),
]


@pytest.mark.parametrize(
    ("header", "closing"),
    [(ONLINE_2026, "Total for {}"), (ONLINE_2020, "Total for {}"), (DESKTOP, "Total {}"), (DESKTOP, "Total - {}")],
    ids=["Online 2026", "Online 2020", "Desktop", "NetSuite's totals"],
)
@pytest.mark.parametrize("total_in", [0, 1], ids=["TOTAL in A", "TOTAL in B"])
def test_open_invoices_are_read_in_every_generation(file: Path, header: list[str], closing: str, total_in: int) -> None:
    books = source(written(file, report(header=header, closing=closing, total_in=total_in)))
    assert facts(books) == EXPECTED
    assert said(books) == Complete(totals={"USD": Decimal("2000.05")}, as_of=date(2026, 4, 4))


def test_numbers_and_dates_are_read_and_a_cheques_number_is_none(file: Path) -> None:
    frame = read(source(written(file, report())))
    assert frame["invoice_ref"].tolist()[:4] == ["INV-001", "00071", "INV-002", "CN-1"]
    assert frame["invoice_ref"].tolist()[4].startswith("PAYMENT-")
    assert set(frame["issued_on"]) == {date(2026, 1, 15)}
    assert frame["due_on"].tolist()[0] == date(2026, 2, 14)


@pytest.mark.parametrize(
    ("title", "as_of", "doubted"),
    [
        (("Example LLC", "Open Invoices", "As of April 4, 2026"), date(2026, 4, 4), False),
        (("Open Invoices", "All Dates"), None, False),
        (("Invoice List by Date", "Example LLC"), None, True),
        (("Transaction List by Customer",), None, True),
        ((), None, True),
    ],
    ids=["another order", "all dates", "a list of invoices", "a list of transactions", "no title"],
)
def test_the_title_says_what_is_listed_and_as_of_when(
    file: Path, title: tuple[str, ...], as_of: date | None, doubted: bool
) -> None:
    complete = said(source(written(file, report(title=title))))
    assert (complete.as_of, complete.lists_closed, complete.controlled) == (as_of, False, True)
    assert bool(complete.notes) is doubted


@pytest.mark.parametrize(
    "line",
    ["Customer: A to C", "Filtered by Class", "Customer Type is Retail", "Transaction Type = Invoice"],
)
@pytest.mark.parametrize("company", [(), ("Example LLC",)], ids=["alone", "below a company"])
def test_a_title_that_names_a_filter_is_noted(file: Path, company: tuple[str, ...], line: str) -> None:
    complete = said(source(written(file, report(title=(*company, "Open Invoices", line, "As of April 4, 2026")))))
    assert complete.totals == {"USD": Decimal("2000.05")}
    assert f"its title says {line!r} beside company" in complete.notes[0]


def test_a_second_line_that_could_be_the_company_may_be_a_filter(file: Path) -> None:
    complete = said(source(written(file, report(title=("Open Invoices", "Example LLC", "Retail only")))))
    assert "'Example LLC', 'Retail only'" in complete.notes[0]


@pytest.mark.parametrize(
    "title",
    [
        ("3:58 PM", "04/04/26", "Accrual Basis", "Example LLC", "Open Invoices", "As of April 4, 2026"),
        ("Parent : Child", "Open Invoices", "As of 31 July 2026"),
        ("A/R Aging Detail Report", "Terms of Endearment, Inc.", "All Dates"),
        ("A/R Ageing Detail Report", "Terms of Endearment, Inc.", "All Dates"),
        ("Open Invoices", "Customers First Ltd", "January 1 - April 4, 2026", "Saturday, April 4, 2026 01:21 AM GMTZ"),
        ("Open Invoices", "Open Invoices", "Example LLC", "Example LLC"),
    ],
    ids=["Desktop", "NetSuite", "all dates", "British", "a period", "repeated"],
)
def test_company_report_dates_time_and_basis_are_no_filter(file: Path, title: tuple[str, ...]) -> None:
    complete = said(source(written(file, report(title=title))))
    assert (complete.lists_closed, complete.notes) == (False, ())


@pytest.mark.parametrize("second", [{"Beta": [Item("2", "7.00")]}, {}, None], ids=["there", "TOTAL 0.00", "absent"])
def test_the_totals_of_all_files_do_not_say_that_none_is_absent(
    tmp_path: Path, second: dict[str, list[Item]] | None
) -> None:
    written(tmp_path / "first.csv", report({"Ada Ltd": [Item("1", "5.00")]}))
    if second is not None:
        written(tmp_path / "second.csv", report(second))
    complete = said(source(tmp_path / "*.csv", files="all"))
    assert complete.totals == {"USD": Decimal(12 if second else 5)}
    assert "do not say whether another one is absent" in complete.notes[-1]


def test_the_total_of_the_newest_file_alone_needs_no_such_note(file: Path) -> None:
    assert said(source(written(file, report()), files="newest")).notes == ()


def test_groups_by_age_are_no_customers(file: Path) -> None:
    header = [*ONLINE_2026[:4], "Customer full name", *ONLINE_2026[4:]]
    rows = report(
        {"CURRENT": [Item("1", "5.00")], "1 - 30 days past due": [Item("2", "7.00")]}, title=(), header=header
    )
    for row in rows:
        if "Invoice" in row:
            row[4] = "Ada Ltd"
    books = source(written(file, rows))
    assert [customer for customer, *_ in facts(books)] == ["Ada Ltd", "Ada Ltd"]
    assert not said(books).lists_closed


def test_groups_by_age_without_a_column_for_the_customer_are_refused(file: Path) -> None:
    assert "add the column Customer" in failure(source(written(file, report({"CURRENT": [Item("1", "5.00")]}))))


def test_the_report_of_a_single_customer_is_read_whole(file: Path) -> None:
    assert facts(source(written(file, report({"Ada Ltd": [Item("1", "5.00")]})))) == [
        ("Ada Ltd", "invoice", Decimal(5))
    ]


def test_jobs_of_a_customer_are_named_with_it(file: Path) -> None:
    rows = report({"Attic": [Item("1", "5.00")]}, header=DESKTOP, closing="Total {}", title=("Open Invoices",))
    group = next(number for number, row in enumerate(rows) if row and row[0] == "Attic")
    blank = [""] * 8
    rows[group + 3 : group + 3] = [["Total Café Müller", *blank[:-1], "5.00"]]
    rows[group:group] = [["Café Müller", *blank]]
    assert facts(source(written(file, rows, encoding="cp1252", newline="\r\n"))) == [
        ("Café Müller:Attic", "invoice", Decimal(5))
    ]


def family(own: str = "$9.00", everything: str = "$16.00", *, own_last: bool = False) -> list[list[str]]:
    """A customer with lines of its own, and two sub-customers: one with lines alone, one with a family of its own."""

    def line(number: str, amount: str) -> list[str]:
        return ["", "01/15/2026", "Invoice", number, "", "", "", amount]

    def labelled(text: str, amount: str = "") -> list[str]:
        return [text, *[""] * 6, amount]

    own_total = [labelled("Total for Ada, Inc.", own)]
    subs = [
        labelled("North"), line("3", "3.00"), labelled("Total for North", "$3.00"),
        labelled("South"), line("4", "1.50"), labelled("Total for South", "$1.50"),
        labelled("Dock"), line("5", "2.50"), labelled("Total for Dock", "$2.50"),
        labelled("Total for South with sub-customers", "$4.00"),
    ]  # fmt: skip
    return [
        ["Open Invoices"], ["As of Apr 4, 2026"], list(ONLINE_2026),
        labelled("Ada, Inc."), line("1", "4.00"), line("2", "5.00"),
        *([*subs, *own_total] if own_last else [*own_total, *subs]),
        labelled("Total for Ada, Inc. with sub-customers", everything),
        labelled("Bob"), line("6", "7.00"), labelled("Total for Bob", "$7.00"),
        labelled("TOTAL", "$23.00"),
    ]  # fmt: skip


@pytest.mark.parametrize("own_last", [False, True], ids=["own total first", "own total last"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_customers_own_total_and_the_one_with_its_sub_customers_are_both_proven(
    tmp_path: Path, suffix: str, own_last: bool
) -> None:
    books = source(write(tmp_path / f"report.{suffix}", family(own_last=own_last)))
    assert [(customer, balance) for customer, _, balance in facts(books)] == [
        ("Ada, Inc.", Decimal(4)),
        ("Ada, Inc.", Decimal(5)),
        ("Ada, Inc.:North", Decimal(3)),
        ("Ada, Inc.:South", Decimal("1.5")),
        ("Ada, Inc.:South:Dock", Decimal("2.5")),
        ("Bob", Decimal(7)),
    ]


@pytest.mark.parametrize("own_last", [False, True], ids=["own total first", "own total last"])
@pytest.mark.parametrize(
    ("own", "everything", "said"),
    [("$9.01", "$16.00", "9.01, but its lines sum to 9.00"), ("$9.00", "$9.00", "9.00, but its lines sum to 16.00")],
    ids=["own", "with sub-customers"],
)
def test_neither_of_a_customers_two_totals_may_be_wrong(
    file: Path, own: str, everything: str, said: str, own_last: bool
) -> None:
    message = failure(source(written(file, family(own, everything, own_last=own_last))))
    assert f"the total of Ada, Inc. (from {file} line 4) is printed as {said}" in message


def test_a_customers_own_total_within_its_sub_customer_is_refused(file: Path) -> None:
    rows = family()
    rows.insert(8, rows.pop(6))
    assert "is not the total of the group that is open there" in failure(source(written(file, rows)))


def test_a_family_over_the_end_of_a_frame_is_added_up_all_the_same(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = family(own_last=True)
    monkeypatch.setattr("arfeed.tables.grid._BLOCK", 200)
    assert len(facts(source(written(file, rows)))) == 6
    assert "9.01, but" in failure(source(written(file, family("$9.01", own_last=True))))


def test_the_lines_of_a_customer_beside_those_of_its_jobs_are_its_own_in_desktop(file: Path) -> None:
    rows = report(
        {"Attic": [Item("1", "5.00")], "Ada - Other": [Item("2", "2.00")]}, header=DESKTOP, closing="Total {}"
    )
    group = next(number for number, row in enumerate(rows) if row and row[0] == "Attic")
    rows[group + 6 : group + 6] = [["Total Ada", *[""] * 7, "7.00"]]
    rows[group:group] = [["Ada"]]
    assert [customer for customer, *_ in facts(source(written(file, rows)))] == ["Ada:Attic", "Ada"]


def test_a_customer_may_be_called_total(file: Path) -> None:
    assert facts(source(written(file, report({"Total Gas Ltd": [Item("1", "5.00")]}))))[0][0] == "Total Gas Ltd"


def test_totals_without_amounts_are_no_control(file: Path) -> None:
    rows = [["" if "$" in cell else cell for cell in row] for row in report()]
    complete = said(source(written(file, rows)))
    assert not complete.controlled
    assert "no TOTAL of open balances" in complete.notes[0]


def test_a_subtotal_that_is_not_the_sum_of_its_lines_fails(file: Path) -> None:
    rows = [["750.01" if cell == "750.00" else cell for cell in row] for row in report()]
    message = failure(source(written(file, rows)))
    assert "the total of Beta:North" in message
    assert "printed as 700.00, but its lines sum to 700.01" in message


def test_a_line_below_the_total_fails(file: Path) -> None:
    rows = report(footer="")
    line = next(row for row in rows if "INV-002" in row)
    assert "is below the TOTAL, where nothing more is expected" in failure(source(written(file, [*rows, line])))


def test_a_report_without_its_total_is_cut_off(file: Path) -> None:
    rows = [row for row in report() if "TOTAL" not in row]
    assert "without its TOTAL, so it is cut off" in failure(source(written(file, rows[:-1])))


@pytest.mark.parametrize("column", [0, 3])
def test_a_row_that_is_nothing_known_fails_with_its_place(file: Path, column: int) -> None:
    rows = report()
    rows[6] = [*([""] * column), "Surprise", "7", *([""] * (6 - column))]
    message = failure(source(written(file, rows)))
    assert message.startswith(f"{file} line 7: ")
    assert "'Surprise, 7' is neither a line nor a group nor a total" in message


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("A/R Aging Summary Report", "lists no invoices"),
        ("A/R Ageing Summary Report", "lists no invoices"),
        ("Customer Balance Summary", "lists no invoices"),
        ("Collections Report", "not yet due"),
        ("A/P Aging Detail Report", "what you owe"),
        ("A/P Ageing Detail Report", "what you owe"),
        ("Unpaid Bills", "what you owe"),
        ("Profit and Loss", "open balance"),
        ("Invoices and Received Payments", "open balance"),
    ],
)
def test_other_reports_are_refused_by_name(file: Path, title: str, why: str) -> None:
    message = failure(source(written(file, report(title=("Example LLC", title)))))
    assert f"this is the report {title!r}" in message
    assert why in message
    assert "export the report Open Invoices" in message


def test_answers_of_the_api_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text('{"Header": {"ReportName": "AgedReceivableDetail"}}')
    assert "answers of QuickBooks' API are not read" in failure(source(file))


def test_a_report_without_open_balances_is_refused_with_what_was_found(file: Path) -> None:
    header = ["Balance" if name == "Open balance" else name for name in ONLINE_2026]
    rows = [header if row == ONLINE_2026 else row for row in report()]
    message = failure(source(written(file, rows)))
    assert "'Open balance' missing" in message
    assert "Transaction type" in message


@pytest.mark.parametrize("kind", ["Bill", "Vendor Credit", "Mystery"])
def test_an_unknown_type_of_transaction_is_refused_by_name(file: Path, kind: str) -> None:
    message = failure(source(written(file, report({"Ada": [Item("1", "5.00", kind)]}))))
    assert message.startswith(f"{file} line 7: {kind!r} is not a transaction type")


@pytest.mark.parametrize("kind", ["Journal Entry", "Check", "Deposit", "Sales Receipt"])
def test_what_raises_a_debt_is_an_invoice_and_what_lowers_it_a_payment(file: Path, kind: str) -> None:
    rows = report({"Ada": [Item("1", "5.00", kind), Item("2", "-7.00", kind)]})
    assert [kind for _, kind, _ in facts(source(written(file, rows)))] == ["invoice", "payment"]


def test_an_invoice_without_a_number_is_a_problem(file: Path) -> None:
    lines = problems(source(written(file, report({"Ada": [Item("", "5.00")]}))))
    assert "an invoice needs its number" in lines[1]


def test_a_trailing_blank_in_an_amount_does_no_harm(file: Path) -> None:
    rows = [[f"{cell}  " if cell.endswith((".00", ".05")) else cell for cell in row] for row in report()]
    assert facts(source(written(file, rows))) == EXPECTED


@pytest.mark.parametrize("amount", ["€750.00", "EUR 750.00"])
def test_an_amount_in_another_currency_than_the_reports_is_refused(file: Path, amount: str) -> None:
    rows = [[amount if cell == "750.00" else cell for cell in row] for row in report()]
    assert "names a different currency from USD" in failure(source(written(file, rows)))


def test_a_report_saved_anew_where_commas_are_decimal_marks_needs_that_said(file: Path) -> None:
    swapped = str.maketrans(",.", ".,")
    rows = [[cell.translate(swapped) if cell.endswith((".00", ".05")) else cell for cell in row] for row in report()]
    assert "'1.500,00' has no amount in its column 'balance', with decimal = '.'" in failure(
        source(written(file, rows))
    ).replace("01/15/2026, Invoice, INV-001, 02/14/2026, ", "")
    assert facts(source(file, decimal=",")) == EXPECTED


def test_one_of_several_sheets_is_read_where_settings_name_it(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(workbook(tmp_path / "report.xlsx", report()))
    book.create_sheet("QuickBooks Desktop Export Tips")["A1"] = "Tips"
    book.save(tmp_path / "report.xlsx")
    assert "it has several sheets" in failure(source(tmp_path / "report.xlsx"))
    assert facts(source(tmp_path / "report.xlsx", sheet="Sheet1")) == EXPECTED


def test_invoices_in_other_currencies_need_their_own_balances(file: Path) -> None:
    header = [*ONLINE_2026, "Currency"]
    rows = report(header=header)
    for row in rows:
        if "INV-002" in row:
            row[-1] = "EUR"
    assert "invoices in EUR" in failure(source(written(file, rows)))


def test_balances_in_their_own_currencies_are_read_and_checked_in_the_companys(file: Path) -> None:
    rows = report({"Ada": [Item("1", "5.00")]}, header=[*ONLINE_2026, "Currency", "Foreign open balance"])
    for row in rows:
        if "Invoice" in row:
            row[-2:] = ["EUR", "4.50"]
    books = source(written(file, rows))
    assert read(books)[["currency", "balance"]].to_numpy().tolist() == [["EUR", Decimal("4.5")]]
    assert not said(books).controlled
    written(file, [["5.01" if cell == "5.00" else cell for cell in row] for row in rows])
    assert "its lines sum to 5.01" in failure(source(file))


IIF_HEAD = "!TRNS\tTRNSTYPE\tDATE\tNAME\tAMOUNT\tDOCNUM\tPAID\n!SPL\tTRNSTYPE\n!ENDTRNS\n"


def iif(folder: Path, *rows: tuple[str, str, str, str]) -> Path:
    file = folder / "books.iif"
    body = "".join(f"TRNS\t{t}\t04/13/2026\tAda\t{a}\t{n}\t{p}\nSPL\t{t}\nENDTRNS\n" for t, a, n, p in rows)
    file.write_text(IIF_HEAD + body, encoding="utf-8")
    return file


def test_iif_gives_what_is_not_marked_paid_and_says_what_that_is_worth(tmp_path: Path) -> None:
    file = iif(tmp_path, ("INVOICE", "12.50", "1", "N"), ("INVOICE", "7.00", "2", "Y"), ("PAYMENT", "-3.00", "9", "N"))
    frame = read(source(file))
    assert frame[["invoice_ref", "status"]].to_numpy().tolist() == [["1", "open"], ["2", "paid"]]
    assert "no open balances" in said(source(file)).notes[0]
    file.write_text(file.read_text().removesuffix("ENDTRNS\n"), encoding="utf-8")
    assert "not with ENDTRNS" in failure(source(file))


def test_a_finance_charge_of_iif_is_an_invoice(tmp_path: Path) -> None:
    file = iif(tmp_path, ("INVOICE", "12.50", "1", "N"), ("Finance Charge", "7.00", "FC 2", "N"))
    assert read(source(file))["kind"].tolist() == ["invoice", "invoice"]


@pytest.mark.parametrize("kind", ["STMT CHG", "GENERAL JOURNAL", ""])
def test_an_unknown_type_of_iif_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    file = iif(tmp_path, ("INVOICE", "12.50", "1", "N"), (kind, "7.00", "2", "N"))
    assert f"books.iif line 7: {kind!r} is not a transaction type that arfeed knows" in failure(source(file))


@pytest.mark.parametrize(
    ("lost", "line", "found"), [(6, 6, "TRNS there is no ENDTRNS"), (7, 8, "ENDTRNS there is no TRNS")]
)
def test_a_transaction_of_iif_that_lost_its_start_or_end_is_refused(
    tmp_path: Path, lost: int, line: int, found: str
) -> None:
    file = iif(tmp_path, ("INVOICE", "12.50", "1", "N"), ("INVOICE", "7.00", "2", "N"), ("INVOICE", "8.00", "3", "N"))
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[: lost - 1] + lines[lost:]))
    assert f"books.iif line {line}: before this {found}" in failure(source(file))


def test_an_excel_file_is_read_like_a_csv_file(tmp_path: Path) -> None:
    assert facts(source(write(tmp_path / "report.xlsx", report()))) == EXPECTED


def test_check_looks_at_the_header_alone(file: Path) -> None:
    whole = report(title=OPEN_INVOICES)
    written(file, whole[:-3])
    source(file).check()
    assert "TOTAL" in failure(source(file))  # what a check leaves to the run
    written(file, [row for row in whole if row != ONLINE_2026])
    with pytest.raises(SourceError, match="no row has the headings"):
        source(file).check()


LABELLED = [
    ["Open Invoices Report"],
    ["As of 4 April 2026"],
    ["", "Date", "Transaction type", "Num", "Due date", "Open balance"],
    ["Abra Clinics", "01/15/2026", "Invoice", "10231", "02/14/2026", "171,360.00"],
    ["Bohol Foods", "03/20/2026", "Tax Invoice", "10255", "04/19/2026", "5,500.00"],
    ["Bohol Foods", "03/21/2026", "Adjustment Note", "77", "", "-500.00"],
    ["TOTAL", "", "", "", "", "$176,360.00"],
]


@pytest.mark.parametrize("name", ["report.csv", "report.xlsx"])
def test_customers_in_a_first_column_without_a_heading_are_named_by_its_place(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / name, LABELLED)
    assert 'set columns = { customer_name = "column 1" }' in failure(source(file))
    books = source(file, columns={"customer_name": "column 1"})
    assert facts(books) == [
        ("Abra Clinics", "invoice", Decimal("171360.00")),
        ("Bohol Foods", "invoice", Decimal("5500.00")),
        ("Bohol Foods", "credit_note", Decimal("-500.00")),
    ]

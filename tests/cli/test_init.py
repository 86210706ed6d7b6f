"""`arfeed init` without anybody to ask: what a sample proves is proposed with its evidence, the rest has to be said."""

from __future__ import annotations

import sqlite3
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from support.erps.erpnext_scenes import site
from support.feeds.command import Cli, run
from support.files.exports import SEVEN, XERO_IMPORT_TEMPLATE, document, xero
from support.files.pdfs import write_pdfs
from support.plugins.strangers import install

MARCH = document("INV-031", InvoiceDate="31/03/2026")
GERMAN = "Belegnummer;Kunde;Belegdatum;Offen\nRE-1;Söhne & Co;07.04.2026;1.234,56\nRE-2;Ada;31.03.2026;0,05\n"
QUICKBOOKS = """Open Invoices Report,,,,,,
Example LLC,,,,,,
"As of Apr 4, 2026",,,,,,

,Date,Transaction type,Num,Term,Due date,Open balance
Acme Corp,,,,,,
,01/15/2026,Invoice,INV-001,Net 15,01/30/2026,"1,500.00"
Total for Acme Corp,,,,,,"$1,500.00"
TOTAL,,,,,,"$1,500.00"
"""
ACME = """
import json
from pathlib import Path
from arfeed import Complete, Connector, Location, SourceSettings, hookimpl, table_from_records

ARFEED_CONTRACT = 1


class Acme(Connector):
    name = "acme-billing"
    columns = {"invoice_ref": "no", "customer_name": "client", "issued_on": "date", "balance": "due"}

    class Settings(SourceSettings):
        file: Location

    def invoices(self):
        answer = json.loads(Path(self.settings.file).read_bytes())
        yield table_from_records(answer["invoices"], origin="acme")
        return Complete(rows=answer["count"])


@hookimpl
def arfeed_connectors():
    return [Acme]
"""
SUMMARY = "A/R Aging Summary\nExample LLC\n\n,Current,1 - 30,Total\nAcme,10.00,,10.00\nTOTAL,10.00,,10.00\n"


def made(folder: Path) -> dict[str, Any]:
    return tomllib.loads(folder.joinpath("plugins.toml").read_text(encoding="utf-8"))


def test_a_xero_export_is_recognized_and_its_settings_proven(arfeed: Cli, tmp_path: Path) -> None:
    xero(tmp_path / "exports" / "SalesInvoices-20260407.csv", *SEVEN, MARCH)
    write_pdfs(tmp_path / "pdf", "Invoice INV-001.pdf", "Invoice 00071.pdf", "Terms.pdf")
    done = arfeed(tmp_path, "init", "exports/SalesInvoices-20260407.csv", "--to", "rehearsal://mine", "--name", "acme")
    assert done.code == 0, done.err
    feed = made(tmp_path)
    assert feed["plugins"] == ["xero", "transforms", "kolleno"]
    assert feed["sources"]["xero"] == {
        "use": "xero",
        "path": "exports/SalesInvoices*.csv",
        "files": "newest",
        "dates": "DMY",
        "documents": "pdf/Invoice {invoice_ref}.pdf",
    }
    assert feed["destination"]["url"] == "rehearsal://mine"


def test_each_proposal_has_its_evidence_on_the_screen_and_in_the_file(arfeed: Cli, tmp_path: Path) -> None:
    xero(tmp_path / "a.csv", *SEVEN, MARCH)
    done = arfeed(tmp_path, "init", "a.csv", "--documents", "", "--to", "rehearsal://mine")
    assert "✓ dates: day-month-year, because line 15 has 31/03/2026" in done.out
    assert "# line 15 has 31/03/2026" in tmp_path.joinpath("plugins.toml").read_text(encoding="utf-8")


def test_it_ends_with_the_checks_and_the_next_command(arfeed: Cli, tmp_path: Path) -> None:
    xero(tmp_path / "a.csv", *SEVEN, MARCH)
    done = arfeed(tmp_path, "init", "a.csv", "--documents", "", "--to", "rehearsal://mine")
    assert "✓ rows of xero: 8 documents" in done.out
    assert done.out.splitlines()[-1].startswith("Next: arfeed plan")
    assert arfeed(tmp_path, "plan").code == 3


def test_a_plugins_toml_that_is_there_is_left_as_it_is(arfeed: Cli, tmp_path: Path) -> None:
    xero(tmp_path / "a.csv", *SEVEN, MARCH)
    config = tmp_path / "plugins.toml"
    config.write_text("mine")
    done = arfeed(tmp_path, "init", "a.csv", "--to", "rehearsal")
    assert done.code == 2
    assert "it already exists and was left as it is" in done.err
    assert config.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "An export of your invoices"),
        (["SalesInvoices.csv"], "--dates ORDER"),
        (["SalesInvoices.csv", "--dates", "DMY", "--currency", "$"], "'$' is not an ISO 4217 code"),
        (["SalesInvoices.csv", "--column", "balance=Owed"], "the file has no such heading"),
        (["SalesInvoices.csv", "--column", "ballance=Total"], "there are invoice_ref"),
        (["SalesInvoices.csv", "--set", "files"], "write NAME=VALUE"),
        (["none.csv"], "none.csv: there is no such file"),
        (["xreo"], "there is no connector 'xreo'; did you mean 'xero'?"),
    ],
    ids=["sample", "dates", "currency", "heading", "column", "setting", "file", "connector"],
)
def test_what_nobody_said_is_asked_for_by_its_option(
    arfeed: Cli, tmp_path: Path, arguments: list[str], said: str
) -> None:
    xero(tmp_path / "below" / "below" / "SalesInvoices.csv", document("INV-1", DueDate="8/04/2026"))
    arguments = [text.replace("SalesInvoices.csv", "below/below/SalesInvoices.csv") for text in arguments]
    done = arfeed(tmp_path, "init", *arguments)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not tmp_path.joinpath("plugins.toml").exists()


def test_what_is_said_is_taken(arfeed: Cli, tmp_path: Path) -> None:
    xero(tmp_path / "a.csv", *SEVEN)
    said = ["--dates", "DMY", "--documents", "", "--to", "out", "--set", "max_age=300000 days"]
    done = arfeed(tmp_path, "init", "a.csv", *said, "--timezone", "Europe/London")
    assert done.code == 0, done.err
    feed = made(tmp_path)
    assert (feed["feed"]["timezone"], feed["sources"]["xero"]["max_age"]) == ("Europe/London", "300000 days")
    assert feed["destination"]["url"] == "out"


def test_a_setting_that_is_said_goes_before_what_would_be_proposed(arfeed: Cli, tmp_path: Path) -> None:
    xero(tmp_path / "Sales-20260407.csv", document("INV-1", DueDate="8/04/2026"))
    said = ["--set", "files=all", "--set", "dates=MDY", "--set", "documents=pdf/{invoice_ref}.pdf"]
    tmp_path.joinpath("pdf").mkdir()
    done = arfeed(tmp_path, "init", "Sales-20260407.csv", *said, "--to", "rehearsal")
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["xero"] == {
        "use": "xero", "path": "Sales*.csv", "files": "all", "dates": "MDY", "documents": "pdf/{invoice_ref}.pdf",
    }  # fmt: skip


def test_a_foreign_table_gets_its_columns_with_decimal_and_currency(arfeed: Cli, tmp_path: Path) -> None:
    tmp_path.joinpath("offen.csv").write_bytes(GERMAN.encode("cp1252"))
    done = arfeed(tmp_path, "init", "offen.csv", "--currency", "eur", "--documents", "", "--to", "rehearsal")
    assert done.code == 0, done.err
    source = made(tmp_path)["sources"]["folder"]
    assert source.pop("columns") == {
        "invoice_ref": "Belegnummer", "customer_name": "Kunde", "issued_on": "Belegdatum", "balance": "Offen",
    }  # fmt: skip
    assert source == {
        "use": "folder", "path": "offen.csv", "encoding": "cp1252", "decimal": ",", "dates": "DMY", "currency": "EUR",
    }  # fmt: skip
    assert "read so, it has Söhne" in done.out


def table(folder: Path, headings: str, *rows: str) -> list[str]:
    folder.joinpath("a.csv").write_text("\n".join([headings, *rows, ""]), encoding="utf-8")
    return ["init", "a.csv", "--documents", "", "--to", "rehearsal"]


@pytest.mark.parametrize("heading", ["Curr", "Curr.", "CCY", "Whg."])
def test_a_column_that_is_called_like_a_currency_is_taken(arfeed: Cli, tmp_path: Path, heading: str) -> None:
    init = table(
        tmp_path, f"Invoice,Customer,Date,Balance,{heading}", "1,Ada,2026-04-01,5.00,EUR", "2,Bo,2026-04-01,6.00,USD"
    )
    done = arfeed(tmp_path, *init)
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["folder"]["columns"]["currency"] == heading
    assert ("5.00 EUR" in done.out, "6.00 USD" in done.out) == (True, True)


def test_a_column_of_currency_codes_is_offered_before_one_currency_is_asked_for(arfeed: Cli, tmp_path: Path) -> None:
    init = table(
        tmp_path, "Invoice,Customer,Date,Balance,Geld", "1,Ada,2026-04-01,5.00,EUR", "2,Bo,2026-04-01,6.00,USD"
    )
    asked = arfeed(tmp_path, *init)
    assert (asked.code, "--column currency=HEADING" in asked.err) == (2, True), asked.err
    assert "Geld: it has EUR, USD" in asked.err
    assert not tmp_path.joinpath("plugins.toml").exists()
    said = arfeed(tmp_path, *init, "--currency", "EUR")
    assert said.code == 0, said.err
    assert "the column 'Geld' has EUR, USD" in said.out
    assert made(tmp_path)["sources"]["folder"]["values"] == {"currency": False}


def test_a_file_is_not_said_to_name_no_currency(arfeed: Cli, tmp_path: Path) -> None:
    done = arfeed(tmp_path, *table(tmp_path, "Invoice,Customer,Date,Balance,Coin", "1,Ada,2026-04-01,5.00,€"))
    assert (done.code, "No column in use names the currency" in done.err) == (2, True), done.err


TYPED = "Invoice,Customer,Date,Balance,Currency,{heading}"


@pytest.mark.parametrize("heading", ["Type", "Document Type", "Belegart"])
@pytest.mark.parametrize("word", ["Credit Memo", "Customer Deposit", "Gutschrift"])
def test_a_credit_without_a_minus_sign_does_not_become_a_debt_unsaid(
    arfeed: Cli, tmp_path: Path, heading: str, word: str
) -> None:
    rows = ["1,Ada,2026-04-01,5.00,EUR,Invoice", f"2,Bo,2026-04-01,6.00,EUR,{word}"]
    init = table(tmp_path, TYPED.format(heading=heading), *rows)
    done = arfeed(tmp_path, *init)
    assert (done.code, "--all-debts" in done.err) == (2, True), done.err
    assert f"the column '{heading}' also has {word}, with balances above 0" in done.out
    assert not tmp_path.joinpath("plugins.toml").exists()
    said = arfeed(tmp_path, *init, "--all-debts")
    assert said.code == 0, said.err


@pytest.mark.parametrize(
    ("credit", "balance"),
    [("-6.00,EUR,Credit Memo", -6), ("(6.00),EUR,Credit Memo", -6), ("6.00,EUR,INVOICE", 6)],
)
def test_a_credit_with_a_minus_sign_and_an_invoice_are_not_asked_about(
    arfeed: Cli, tmp_path: Path, credit: str, balance: int
) -> None:
    rows = ["1,Ada,2026-04-01,5.00,EUR,Invoice", f"2,Bo,2026-04-01,{credit}"]
    done = arfeed(tmp_path, *table(tmp_path, TYPED.format(heading="Type"), *rows))
    assert done.code == 0, done.err
    assert "with balances above 0" not in done.out
    assert "--all-debts" not in done.out + done.err
    (movement,) = arfeed(tmp_path, "plan", "--json").json()["movements"]
    assert Decimal(movement["now"]["balance"]) == 5 + balance


def test_columns_that_are_not_used_are_listed(arfeed: Cli, tmp_path: Path) -> None:
    headings = "Rechnung,Kunde,Kd-Nr,Datum,Fällig,Offen,Währung,Belegart,Region"
    row = "1,Ada,K7,2026-04-01,2026-05-01,5.00,EUR,Rechnung,Nord"
    done = arfeed(tmp_path, *table(tmp_path, headings, row))
    assert done.code == 0, done.err
    assert "✓ not used: Belegart, Region\n" in done.out
    columns = made(tmp_path)["sources"]["folder"]["columns"]
    assert (columns["customer_id"], columns["due_on"]) == ("Kd-Nr", "Fällig")


def test_a_workbook_of_two_sheets_is_taken_with_its_sheet(arfeed: Cli, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet, name in ((book.worksheets[0], "Notes"), (book.create_sheet(), "Open items")):
        sheet.title = name
        sheet.append(["Invoice", "Customer", "Date", "Balance", "Currency"])
        sheet.append([f"{name}-1", "Ada", "2026-04-01", "5.00", "EUR"])
    book.save(tmp_path / "a.xlsx")
    init = ["init", "a.xlsx", "--documents", "", "--to", "rehearsal"]
    asked = arfeed(tmp_path, *init)
    assert (asked.code, "--set sheet=NAME" in asked.err, "Open items" in asked.err) == (2, True, True), asked.err
    done = arfeed(tmp_path, *init, "--set", "sheet=Open items")
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["folder"]["sheet"] == "Open items"


@pytest.mark.parametrize("name", ["we ird/../x", "Müller & Söhne 50%", 'a"b', "株式会社"])
def test_any_name_makes_a_file_that_is_valid(arfeed: Cli, tmp_path: Path, name: str) -> None:
    init = table(tmp_path, "Invoice,Customer,Date,Balance,Currency", "1,Ada,2026-04-01,5.00,EUR")
    done = arfeed(tmp_path, *init, "--name", name)
    assert done.code == 0, done.err
    assert made(tmp_path)["feed"]["name"] == name


@pytest.mark.parametrize("name", ["", " ", "a\nb"])
def test_a_name_that_shows_nothing_or_breaks_the_line_is_refused(arfeed: Cli, tmp_path: Path, name: str) -> None:
    init = table(tmp_path, "Invoice,Customer,Date,Balance,Currency", "1,Ada,2026-04-01,5.00,EUR")
    done = arfeed(tmp_path, *init, "--name", name)
    assert (done.code, "such as acme-uk" in done.err) == (2, True), done.err
    assert not tmp_path.joinpath("plugins.toml").exists()


def test_a_folder_of_a_german_name_gives_its_feed_a_readable_one(arfeed: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "Müller Großhandel é"
    folder.mkdir()
    init = table(folder, "Invoice,Customer,Date,Balance,Currency", "1,Ada,2026-04-01,5.00,EUR")
    assert arfeed(folder, *init).code == 0
    assert made(folder)["feed"]["name"] == "mueller-grosshandel-e"


def test_a_quickbooks_report_is_recognized(arfeed: Cli, tmp_path: Path) -> None:
    tmp_path.joinpath("open.csv").write_text(QUICKBOOKS)
    done = arfeed(tmp_path, "init", "open.csv", "--currency", "USD", "--documents", "", "--to", "rehearsal")
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["quickbooks"]["dates"] == "MDY"
    assert "! evidence of quickbooks: unexplained: it lists only what is open" in done.out
    assert "absent_means_paid" not in made(tmp_path)["sources"]["quickbooks"], "it is never assumed"


TRIAL = "Trial Balance\n\n,Debit,Credit\nAccounts Receivable (A/R),{owed},\nSales,,{owed}\nTOTAL,{owed},{owed}\n"
INIT = ["init", "open.csv", "--currency", "USD", "--documents", "", "--to", "rehearsal"]


@pytest.mark.parametrize(
    ("owed", "said"),
    [
        ("1500.00", "✓ control account: TrialBalance-20260404.csv has 1,500.00 USD, as the list does\n"),
        ("1400.00", "has 1,400.00 USD, the list 1,500.00 USD; payments on account and journal entries make such a"),
    ],
    ids=["as the list", "another"],
)
def test_a_second_report_becomes_the_control_account(arfeed: Cli, tmp_path: Path, owed: str, said: str) -> None:
    tmp_path.joinpath("open.csv").write_text(QUICKBOOKS)
    tmp_path.joinpath("TrialBalance-20260404.csv").write_text(TRIAL.format(owed=owed))
    done = arfeed(tmp_path, *INIT, "--control-account", "TrialBalance-20260404.csv")
    assert done.code == 0, done.err
    source = made(tmp_path)["sources"]["quickbooks"]
    assert source["control_account"] == {"path": "TrialBalance*.csv"}
    assert "absent_means_paid" not in source
    assert said in done.out
    assert f"✓ evidence of quickbooks: balanced: the control account holds {float(owed):,.2f} USD" in done.out


def test_the_columns_of_another_report_are_said_by_its_settings(arfeed: Cli, tmp_path: Path) -> None:
    tmp_path.joinpath("open.csv").write_text(QUICKBOOKS)
    tmp_path.joinpath("sums.csv").write_text("Konto,Name,Saldo\n1000,Kasse,7\n1400,Forderungen,1500\n")
    account = [*INIT, "--control-account", "sums.csv"]
    asked = arfeed(tmp_path, *account)
    assert (asked.code, "Here that is --set control_account.NAME=VALUE" in asked.err) == (2, True), asked.err
    assert not tmp_path.joinpath("plugins.toml").exists()
    done = arfeed(tmp_path, *account, "--set", "control_account.balance=Saldo", "--set", "control_account.account=1400")
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["quickbooks"]["control_account"] == {
        "path": "sums.csv", "balance": "Saldo", "account": "1400",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (["--absent-means-paid"], True),
        (["--no-absent-means-paid"], None),
        (["--set", "absent_means_paid=true"], True),
        (["--set", "absent_means_paid=false"], None),
        ([], None),
    ],
    ids=["yes", "no", "set", "set to no", "nothing"],
)
def test_that_absence_means_payment_is_written_only_where_somebody_says_so(
    arfeed: Cli, tmp_path: Path, said: list[str], written: bool | None
) -> None:
    tmp_path.joinpath("open.csv").write_text(QUICKBOOKS)
    done = arfeed(tmp_path, *INIT, *said)
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["quickbooks"].get("absent_means_paid") is written


def test_a_second_report_that_is_not_there_is_refused(arfeed: Cli, tmp_path: Path) -> None:
    tmp_path.joinpath("open.csv").write_text(QUICKBOOKS)
    done = arfeed(tmp_path, *INIT, "--control-account", "none.csv")
    assert (done.code, "none.csv: there is no such file" in done.err) == (2, True), done.err


def test_a_list_of_what_was_closed_leaves_nothing_to_ask(arfeed: Cli, tmp_path: Path) -> None:
    tmp_path.joinpath("open.csv").write_text(QUICKBOOKS)
    head = "Invoice List,,,,,\n\nDate,Transaction type,Num,Customer,Amount,Open balance\n"
    tmp_path.joinpath("all.csv").write_text(f"{head}01/15/2026,Invoice,INV-001,Acme Corp,1500.00,1500.00\n")
    done = arfeed(tmp_path, *INIT, "--set", "closed=all.csv")
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["quickbooks"]["closed"] == "all.csv"
    assert "✓ evidence of quickbooks: proven: the source is asked what happened to missing invoices" in done.out


def test_headings_are_found_below_a_banner(arfeed: Cli, tmp_path: Path) -> None:
    tmp_path.joinpath("a.csv").write_text(
        "Northwind,,,,\nOpen items,,,,\nInvoice No.,Client,Invoice date,Outstanding,Cur.\nN-1,Ada,2026-10-03,5.00,GBP\n"
    )
    done = arfeed(tmp_path, "init", "a.csv", "--documents", "", "--to", "rehearsal")
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["folder"]["columns"]["balance"] == "Outstanding"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "1,Ada,2026-04-01,5.00,GBP\n1,Ada,2026-04-01,5.00,GBP",
            "! invoice_ref: the column 'Invoice' has '1' more than once",
        ),
        (
            "1,Ada,31/01/2026,5,GBP\n2,Bob,01/31/2026,6,GBP",
            "! issued_on: the column 'Date' does not hold dates in any one order",
        ),
        ("1,Ada,2026-04-01,much,GBP\n2,Bob,2026-04-01,6,GBP", "! balance: the column 'Balance' does not hold amounts"),
        (
            "1,Ada,2026-04-01,5,$\n2,Bob,2026-04-01,6,$",
            "! currency: the column 'Currency' does not hold ISO 4217 codes",
        ),
    ],
    ids=["lines", "dates", "amounts", "currency"],
)
def test_a_heading_whose_values_do_not_fit_is_named_with_the_reason(
    arfeed: Cli, tmp_path: Path, rows: str, said: str
) -> None:
    tmp_path.joinpath("a.csv").write_text(f"Invoice,Customer,Date,Balance,Currency\n{rows}\n")
    assert said in arfeed(tmp_path, "init", "a.csv", "--documents", "", "--to", "rehearsal").out


@pytest.mark.parametrize(
    ("first", "second", "order", "said"),
    [
        ("03.02.26", "14.02.26", "DMY", "because line 3 has 14.02.26"),
        ("12 Mar 2026", "3 Apr 2026", "YMD", "the month's name"),
    ],
    ids=["two digits", "names"],
)
def test_dates_are_understood_as_they_are_written(
    arfeed: Cli, tmp_path: Path, first: str, second: str, order: str, said: str
) -> None:
    tmp_path.joinpath("a.csv").write_text(
        f"Invoice,Customer,Date,Balance,Currency\n1,Ada,{first},5.00,GBP\n2,Bob,{second},6.00,GBP\n"
    )
    done = arfeed(tmp_path, "init", "a.csv", "--documents", "", "--to", "rehearsal")
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["folder"]["dates"] == order
    assert said in done.out


def template(file: Path) -> None:
    xero(file, *SEVEN, header=XERO_IMPORT_TEMPLATE)


def bills(file: Path) -> None:
    xero(file, document("B-1", Type="Bill"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (template, "this looks like Xero's import template"),
        (bills, "export Business > Invoices, not Bills"),
        (SUMMARY.encode(), "it has one row per customer and lists no invoices; export the report Open Invoices"),
        (QUICKBOOKS[: QUICKBOOKS.index("Total for")].encode(), "it is cut off; export the report again"),
        (b"%PDF-1.7\n\x00\xff", "it is a PDF, whatever its name; export a CSV file or an Excel workbook"),
        (b"\x89PNG\r\n\x1a\n\x00", "it is a picture"),
        (b"\x1f\x8b\x08\x00", "it is compressed with gzip"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1",
            "it is an old Excel file (.xls); open it in Excel and save it as an Excel workbook",
        ),
        (b"<html><table>", "it is HTML or XML"),
        (b"", "it is empty; export it again"),
        (b"Invoice,Customer,Date,Balance\n", "it has headings and nothing below them"),
    ],
    ids=["template", "bills", "summary", "cut", "pdf", "png", "gzip", "xls", "html", "empty", "header"],
)
def test_a_file_that_can_not_be_a_source_is_refused_with_what_it_is(
    arfeed: Cli, tmp_path: Path, content: Any, said: str
) -> None:
    file = tmp_path / "export.csv"
    content(file) if callable(content) else file.write_bytes(content)
    done = arfeed(tmp_path, "init", "export.csv", "--dates", "DMY", "--currency", "GBP", "--to", "rehearsal")
    assert (done.code, said in done.err) == (4, True), done.err
    assert not tmp_path.joinpath("plugins.toml").exists()


def test_a_file_that_its_own_system_refuses_is_not_said_to_be_for_it(arfeed: Cli, tmp_path: Path) -> None:
    template(tmp_path / "export.csv")
    done = arfeed(tmp_path, "init", "export.csv", "--to", "rehearsal")
    assert (done.code, done.out) == (4, "")


def test_a_key_pair_is_made_and_its_public_half_shown(arfeed: Cli, tmp_path: Path) -> None:
    xero(tmp_path / "a.csv", *SEVEN, MARCH)
    key = tmp_path / "keys" / "id"
    to = ["--to", "sftp://acme@127.0.0.1:1", "--key", str(key)]
    done = arfeed(tmp_path, "init", "a.csv", "--documents", "", *to)
    assert done.code == 5  # nothing listens there, which the checks say
    assert key.with_name("id.pub").read_text().strip() in done.out
    assert key.stat().st_mode & 0o777 == 0o600
    assert made(tmp_path)["destination"]["private_key"] == str(key)
    assert "PRIVATE KEY" not in done.out + done.err


def test_a_key_that_is_there_is_used(arfeed: Cli, tmp_path: Path) -> None:
    xero(tmp_path / "a.csv", *SEVEN, MARCH)
    assert arfeed(tmp_path, "keygen", "id").code == 0
    before = tmp_path.joinpath("id").read_bytes()
    done = arfeed(tmp_path, "init", "a.csv", "--documents", "", "--to", "sftp", "--key", str(tmp_path / "id"))
    assert done.code == 0, done.err
    assert "already exists, and is used" in done.out
    assert '# url = "sftp://USERNAME@HOST"' in tmp_path.joinpath("plugins.toml").read_text(encoding="utf-8")
    assert tmp_path.joinpath("id").read_bytes() == before


def test_a_database_is_asked_about_by_its_settings(arfeed: Cli, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "books.db") as books:
        books.execute("CREATE TABLE o AS SELECT 'A-1' invoice_ref, 'Ada' customer_name, 'GBP' currency, "
                      "'2026-04-01' issued_on, '5.00' balance")  # fmt: skip
    books.close()
    query = "query=SELECT invoice_ref, customer_name, currency, issued_on, balance FROM o"
    to = ["--to", "rehearsal", "--documents", ""]
    lacking = arfeed(tmp_path, "init", "sql", "--set", "url=sqlite:///books.db", *to)
    assert (lacking.code, "give either `query`" in lacking.err) == (2, True), lacking.err
    done = arfeed(tmp_path, "init", "sql", "--set", "url=sqlite:///books.db", "--set", query, *to)
    assert done.code == 0, done.err
    assert made(tmp_path)["sources"]["sql"]["url"] == "sqlite:///books.db"


def test_a_known_programs_database_is_recognized_and_read_by_its_preset(arfeed: Cli, tmp_path: Path) -> None:
    site().write(f"sqlite:///{tmp_path / 'books.db'}")
    own = ["init", "sql", "--set", "url=sqlite:///books.db", "--to", "rehearsal", "--documents", ""]
    unsaid = arfeed(tmp_path, *own)
    assert (unsaid.code, "preset=erpnext, company=Ostlicht" in unsaid.err) == (2, True), unsaid.err
    done = arfeed(tmp_path, *own, "--set", "company=Nordlicht")
    assert done.code == 0, done.err
    assert "preset=erpnext, company=Nordlicht, since the database has the tables of ERPNext" in done.out
    source = made(tmp_path)["sources"]["sql"]
    assert (source["preset"], source["company"]) == ("erpnext", "Nordlicht")
    written = (tmp_path / "plugins.toml").read_text()
    assert written.count("has the tables of ERPNext") == 1, "the reason stands once, beside the first setting"
    assert "130 new" in arfeed(tmp_path, "plan").out


def test_a_password_does_not_come_to_stand_in_the_file(arfeed: Cli, tmp_path: Path) -> None:
    done = arfeed(tmp_path, "init", "sql", "--set", "url=postgresql://ada:quux@db.example.com/erp", "--to", "rehearsal")
    assert (done.code, "as in ${ERP_URL}" in done.err) == (2, True), done.err
    assert "quux" not in done.out + done.err
    assert not tmp_path.joinpath("plugins.toml").exists()


def test_a_strangers_connector_is_asked_about_by_its_own_settings(tmp_path: Path) -> None:
    site = install(tmp_path / "site", "acme", ACME)
    feed = tmp_path / "feed"
    feed.mkdir()
    feed.joinpath("acme.json").write_text(
        '{"count": 1, "pdfs": {}, "invoices": [{"no": "7", "client": "Ada", "date": "31/03/2026", "due": "5.00"}]}'
    )
    lacking = run(feed, "init", "acme", "--to", "rehearsal", "--currency", "GBP", path=site)
    assert (lacking.code, "--set file=VALUE" in lacking.err) == (2, True), lacking.err
    done = run(feed, "init", "acme", "--set", "file=acme.json", "--to", "rehearsal", "--currency", "GBP", path=site)
    assert done.code == 0, done.err
    assert made(feed)["sources"]["acme-billing"] == {
        "use": "acme-billing", "file": "acme.json", "dates": "DMY", "currency": "GBP",
    }  # fmt: skip


def test_a_stranger_who_is_not_named_is_not_imported(tmp_path: Path) -> None:
    site = install(tmp_path / "site", "loud", "from pathlib import Path\nPath('imported').touch()")
    feed = tmp_path / "feed"
    xero(feed / "a.csv", *SEVEN, MARCH)
    done = run(feed, "init", "a.csv", "--documents", "", "--to", "rehearsal", path=site)
    assert done.code == 0, done.err
    assert not feed.joinpath("imported").exists()

"""What `arfeed init` makes of rows: signs beside amounts, lines of an invoice, codes where names are looked for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from arfeed.model.errors import ConfigError
from support.people.interviews import Interview, Person

SIGNED = "Invoice,Customer,Date,Balance,{heading}\n1,Ada,2026-09-14,5.00,{owed}\n2,Bo,2026-09-15,6.00,{lowers}\n"
LINES = """Invoice,Customer,Date,Total,Balance,Item,Item total
7,Ada,2026-09-14,150.00,50.00,oak,100.00
7,Ada,2026-09-14,150.00,50.00,elm,50.00
8,Bo,2026-09-15,9.00,9.00,oak,9.00
"""


@pytest.fixture
def init(tmp_path: Path) -> Interview:
    return Interview(tmp_path)


def signed(heading: str, owed: str, lowers: str) -> str:
    return SIGNED.format(heading=heading, owed=owed, lowers=lowers)


def refused(init: Interview, table: str, **said: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        init.source(table, **said)
    return str(caught.value)


@pytest.mark.parametrize(
    ("heading", "owed", "lowers"), [("S/H", "S", "H"), ("Side", "Debit", "Credit"), ("What", "Soll", "Haben")]
)
def test_a_column_of_signs_is_taken_for_the_sign(init: Interview, heading: str, owed: str, lowers: str) -> None:
    assert init.source(signed(heading, owed, lowers))["sign"] == {"column": heading, "negative": [lowers]}


@pytest.mark.parametrize(("heading", "owed", "lowers"), [("Group", "D", "C"), ("Posting key", "01", "15")])
def test_letters_and_posting_keys_are_asked_about(init: Interview, heading: str, owed: str, lowers: str) -> None:
    table = signed(heading, owed, lowers)
    message = refused(init, table)
    assert f"What does {lowers} mean in the column {heading!r}?" in message
    assert "pass --set sign.column=HEADING and --set sign.negative=WORD, or --set sign=false" in message
    said = {"sign.column": heading, "sign.negative": lowers}
    assert init.source(table, settings=said)["sign"] == {"column": heading, "negative": [lowers]}
    assert init.source(table, settings={"sign": "false"})["sign"] is False
    assert init.source(table, Person({"--set sign.column": "other"}))["sign"] is False


def test_signs_beside_amounts_that_have_theirs_are_left_alone(init: Interview) -> None:
    assert "sign" not in init.source(signed("S/H", "S", "H").replace("6.00", "-6.00"))


@pytest.mark.parametrize("said", [{"sign": "maybe"}, {"sign.column": "S/H"}, {"sign.column": "X", "sign.word": "H"}])
def test_half_an_answer_about_the_sign_is_refused(init: Interview, said: dict[str, str]) -> None:
    assert "pass" not in refused(init, signed("S/H", "S", "H"), settings=said)


def test_lines_that_add_up_to_their_invoice_are_taken_for_lines(init: Interview) -> None:
    source = init.source(LINES)
    assert (source["rows"], source["columns"]["invoice_ref"]) == ("lines", "Invoice")
    assert any("rows: lines, since 'Item total' adds up to the invoice's amount" in line for line in init.reported)


def test_lines_that_prove_nothing_are_asked_about(init: Interview) -> None:
    table = LINES.replace("elm,50.00", "elm,40.00")
    assert "Which column holds the number printed on the invoice" in refused(init, table)
    assert any("pass --set rows=lines or --set rows=instalments" in line for line in init.reported)
    assert init.source(table, settings={"rows": "lines"})["columns"]["invoice_ref"] == "Invoice"


def test_codes_are_customers_numbers_and_the_names_stand_elsewhere(init: Interview) -> None:
    table = "Invoice,Debitor,{other},Date,Balance\n1,10001,Bakery,2026-09-14,5.00\n2,10002,Mill,2026-09-15,6.00\n"
    columns = init.source(table.format(other="Naam"))["columns"]
    assert (columns["customer_id"], columns["customer_name"]) == ("Debitor", "Naam")
    assert "Which column holds the customer's name" in refused(init, table.format(other="Kram"))


def test_headings_of_the_north_are_known(init: Interview) -> None:
    table = (
        "Fakturanr;Kundnr;Kundnamn;Fakturadatum;Förfallodatum;Belopp;Restbelopp;Status\n"
        "1;17;Björk AB;2026-09-01;2026-10-01;50,00;50,00;Bokförd\n"
        "2;18;Ek AB;2026-09-02;2026-10-02;7,00;0,00;Slutbetald\n"
    )
    source = init.source(table)
    assert source["columns"] == {
        "invoice_ref": "Fakturanr", "customer_id": "Kundnr", "customer_name": "Kundnamn", "issued_on": "Fakturadatum",
        "due_on": "Förfallodatum", "amount": "Belopp", "balance": "Restbelopp", "status": "Status",
    }  # fmt: skip
    assert source["values"]["status"] == {"Bokförd": "open", "Slutbetald": "paid"}


def test_date_cells_with_a_time_of_day_are_dates(init: Interview) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Invoice", "Customer", "Date", "Balance"])
    sheet.append(["R-1", "Ada", datetime(2026, 4, 7, 9, 30), 50])  # noqa: DTZ001 - a cell has no time zone
    book.save(init.folder / "timed.xlsx")
    source = init.source("", sample=str(init.folder / "timed.xlsx"))
    assert (source["columns"]["issued_on"], source["dates"]) == ("Date", "YMD")


TWO_SIDES = (
    "Beleg;Kunde;Datum;Soll;Haben;Saldo\nR-1;Ada;2026-09-14;1.100,00;;1.100,00\nR-2;Ada;2026-09-15;50,00;;1.150,00\n"
    "G-1;Ada;2026-09-16;;20,00;1.130,00\n"
)


def test_debit_and_credit_can_be_named_instead_of_a_balance(init: Interview) -> None:
    said = {"invoice_ref": "Beleg", "debit": "Soll", "credit": "Haben"}
    assert "or --column debit=HEADING and --column credit=HEADING" in refused(init, TWO_SIDES)
    source = init.source(TWO_SIDES, columns=said)
    assert {"debit": "Soll", "credit": "Haben"}.items() <= source["columns"].items()
    assert not {"balance", "amount"} & source["columns"].keys()
    assert source["decimal"] == ","
    assert any("3 open invoices and credit notes: 1,130.00 EUR" in line for line in init.reported)
    assert "name the column of debit as well" in refused(init, TWO_SIDES, columns={"credit": "Haben"})


def test_a_row_of_totals_need_not_name_a_currency(init: Interview) -> None:
    table = """Invoice No,Customer,Invoice Date,Due Date,Currency,Balance
INV-1,Ada,2026-10-01,2026-10-31,GBP,100.00
INV-2,Bo,2026-10-02,2026-11-01,EUR,250.50
INV-3,Bo,2026-10-03,2026-11-01,GBP,5.00
Total,,,,,355.50
"""
    assert "currency" not in init.source(table, currency=None)
    without = table.replace("2026-11-01,EUR", "2026-11-01,")
    with pytest.raises(ConfigError, match="Some rows name no currency"):
        init.source(without, currency=None)


def test_dates_with_a_time_of_day_are_asked_about_by_their_format(init: Interview) -> None:
    table = """Invoice No,Customer,Invoice Date,Balance
1,Ada,2026-10-01 09:00:00,100.00
2,Bo,2026-10-02 10:30:00,250.50
"""
    columns = {"issued_on": "Invoice Date"}
    with pytest.raises(ConfigError) as refused:
        init.source(table, columns=columns)
    assert "Its dates have a time of day. Which format are they in?" in str(refused.value)
    assert "%Y-%m-%d %H:%M:%S: 2026-10-01 09:00:00 is 1 October 2026, as it is written" in str(refused.value)
    assert init.source(table, columns=columns, dates="%Y-%m-%d %H:%M:%S")["dates"] == "%Y-%m-%d %H:%M:%S"


def test_dates_without_marks_need_no_order(init: Interview) -> None:
    table = "Invoice No,Customer,Invoice Date,Due date,Balance\n1,Ada,20261001,20261031,100.00\n"
    source = init.source(table)
    assert (source["dates"], source["columns"]["due_on"]) == ("YMD", "Due date")


def test_a_row_of_totals_is_no_kind_of_document(init: Interview) -> None:
    table = """Art,Rechnung,Kunde,Datum,Offen
Rechnung,1,Ada,01.10.2026,"100,00"
Gutschrift,2,Ada,15.10.2026,"-20,00"
Zession,3,Ada,15.10.2026,"20,00"
Summe,,,,"100,00"
"""
    source = init.source(table.replace("Summe,,", ",Summe,"), kinds={"Zession": "invoice"})
    assert "" not in source["values"]["kind"]


def test_payments_on_the_side_of_credits_are_payments(init: Interview) -> None:
    table = """Date,Type,Reference,Customer,Debit,Credit
2026-10-01,Invoice,INV1,Ada,100.00,
2026-10-03,Payment,P1,Ada,,40.00
2026-10-03,Credit note,CN1,Bo,,5.00
"""
    source = init.source(table, columns={"debit": "Debit", "credit": "Credit"})
    assert source["columns"]["kind"] == "Type"
    assert source["values"]["kind"] == {"Invoice": "invoice", "Payment": "payment", "Credit note": "credit_note"}
    assert "credits_positive" not in source


ACCESS = (
    "Invoice,Customer,Date,Due on,Balance\n1,Ada,{first},04/05/26 00:00:00,5.00\n2,Bo,03/09/26 00:00:00,{last},6.00\n"
)


def test_dates_written_as_mdb_export_writes_them_are_proposed_with_the_month_first(init: Interview) -> None:
    table = ACCESS.format(first="03/04/26 00:00:00", last="05/06/26 00:00:00")
    message = refused(init, table, currency="EUR")
    assert "as mdb-export writes those of Access, with the month first" in message
    assert message.index("03/04/26 00:00:00 is 4 March 2026") < message.index("03/04/26 00:00:00 is 3 April 2026")
    assert init.source(table, dates="MDY", currency="EUR")["dates"] == "MDY"
    # One that such a program never writes, and nothing is proposed.
    other = table.replace("03/09/26 00:00:00", "3/9/26")
    assert "mdb-export" not in refused(init, other, currency="EUR")


def test_the_day_of_a_moment_of_access_is_taken(init: Interview) -> None:
    table = ACCESS.format(first="03/04/26 00:00:00", last="01/29/26 14:30:00")
    said: dict[str, Any] = {"currency": "EUR", "columns": {"due_on": "Due on"}}
    assert "03/04/26 00:00:00 is 4 March 2026, as it is written" in refused(init, table, **said)
    assert init.source(table, dates="%m/%d/%y %H:%M:%S", **said)["dates"] == "%m/%d/%y %H:%M:%S"

"""What `arfeed init` makes of headings: whatever decides money is proposed or asked about, never passed over."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from arfeed import SourceError
from arfeed.model.errors import ConfigError
from support.people.interviews import Interview, Person


@pytest.fixture
def init(tmp_path: Path) -> Interview:
    return Interview(tmp_path)


def refused(init: Interview, table: str, **said: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        init.source(table, **said)
    return str(caught.value)


CAMEL = """\
invoiceNumber,CustomerName,CustomerNumber,DocumentDate,NetDueDate,CurrencyCode,TotalAmount,BalanceDueAmount
A-1,Ferry Cross Ltd,K-7,2026-09-14,2026-10-14,GBP,120.00,60.00
A-2,Low Moor Mill,K-8,2026-09-15,2026-10-15,GBP,240.00,240.00
"""
SNAKE = """name_customer,cust_number,posting_date,due_in_date,invoice_currency,total_open_amount,invoice_id
Ferry Cross Ltd,0200,2026-01-26,2026-02-10,USD,542.28,1930438491
Ferry Cross Limited,0200,2026-03-20,2026-04-04,USD,796.60,1930571429
"""


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (
            CAMEL,
            {
                "invoice_ref": "invoiceNumber", "customer_name": "CustomerName", "customer_id": "CustomerNumber",
                "currency": "CurrencyCode", "issued_on": "DocumentDate", "due_on": "NetDueDate",
                "balance": "BalanceDueAmount", "amount": "TotalAmount",
            },
        ),
        (
            SNAKE,
            {
                "invoice_ref": "invoice_id", "customer_name": "name_customer", "customer_id": "cust_number",
                "currency": "invoice_currency", "issued_on": "posting_date", "due_on": "due_in_date",
                "balance": "total_open_amount",
            },
        ),
    ],
    ids=["camel case", "snake case"],
)  # fmt: skip
def test_headings_of_programmers_are_understood(init: Interview, table: str, columns: dict[str, str]) -> None:
    assert init.source(table, currency=None)["columns"] == columns


LIST = """\
Invoice,Customer,Date,Due date,Balance,{more}
1,Ada,2026-09-14,2026-10-14,5.00,{first}
2,Bo,2026-09-15,2026-10-15,6.00,{second}
"""


@pytest.mark.parametrize(
    "heading", ["Tax 1 Amount", "amount_excl_gst", "Net amount", "Line total", "MwStBetrag", "Amount paid"]
)
def test_an_amount_of_something_else_is_not_taken_for_the_total(init: Interview, heading: str) -> None:
    columns = init.source(LIST.format(more=heading, first="4.00", second="5.00"))["columns"]
    assert "amount" not in columns


@pytest.mark.parametrize("heading", ["amount_incl_gst", "Gross amount", "Total (incl. VAT)", "Rechnungsbetrag"])
def test_a_total_with_taxes_is_taken(init: Interview, heading: str) -> None:
    assert init.source(LIST.format(more=heading, first="5.00", second="6.00"))["columns"]["amount"] == heading


@pytest.mark.parametrize(
    ("first", "second"),
    [("Amount due", "Amount remaining"), ("Open balance", "Outstanding amount (EUR)"), ("Offen", "Restbetrag")],
)
def test_two_columns_that_may_be_the_balance_are_asked_about(init: Interview, first: str, second: str) -> None:
    table = f"Invoice,Customer,Date,{first},{second}\n1,Ada,2026-09-14,5.00,5.00\n2,Bo,2026-09-15,6.00,2.00\n"
    message = refused(init, table)
    assert "Which column holds the open amount" in message
    assert f"The choices are {first}: such as 5.00; {second}: such as 5.00" in message
    assert init.source(table, columns={"balance": second})["columns"]["balance"] == second


def test_two_columns_of_the_same_balances_are_not_asked_about(init: Interview) -> None:
    table = "Invoice,Customer,Date,Amount due,Balance\n1,Ada,2026-09-14,5.00,5.00\n2,Bo,2026-09-15,6.00,6.00\n"
    assert init.source(table)["columns"]["balance"] == "Balance"


def test_a_due_date_that_can_not_be_read_is_asked_about(init: Interview) -> None:
    table = (
        "Invoice,Customer,Date,due_in_date,Balance\n1,Ada,2026-09-14,20261014.0,5.00\n2,Bo,2026-09-15,20261015.0,6.00\n"
    )
    message = refused(init, table)
    assert "Which column holds the due date" in message
    assert (
        "--column due_on=HEADING, or --column due_on= for none. The choices are due_in_date: such as 20261014.0"
        in message
    )
    assert "due_on" not in init.source(table, columns={"due_on": ""})["columns"]


def test_a_column_of_later_dates_may_be_the_due_date_whatever_it_is_called(init: Interview) -> None:
    table = "Invoice,Customer,Date,Ziel,Balance\n1,Ada,2026-09-14,2026-10-14,5.00\n2,Bo,2026-09-15,2026-10-15,6.00\n"
    assert "The choices are Ziel: such as 2026-10-14" in refused(init, table)
    person = Person({"--column due_on": "Ziel"})
    assert init.source(table, person)["columns"]["due_on"] == "Ziel"
    assert [question for question in person.asked if "due date" in question]


@pytest.mark.parametrize("heading", ["Date paid", "Updated", "Reminder sent"])
def test_a_day_of_something_else_is_not_asked_about_as_the_due_date(init: Interview, heading: str) -> None:
    table = f"Invoice,Customer,Date,{heading},Balance\n1,Ada,2026-09-14,2026-10-14,0.00\n2,Bo,2026-09-15,,6.00\n"
    assert "due_on" not in init.source(table)["columns"]


def test_codes_that_go_with_the_names_may_be_the_customers_numbers(init: Interview) -> None:
    rows = "1,Ada,D100,2026-09-14,5.00\n2,Bo,D200,2026-09-15,6.00\n3,Bo,D200,2026-09-16,7.00\n"
    table = f"Invoice,Customer,Debnr,Date,Balance\n{rows}"
    assert "Which column holds the customer's number" in refused(init, table)
    assert init.source(table, columns={"customer_id": "Debnr"})["columns"]["customer_id"] == "Debnr"
    assert "customer_id" not in init.source(table, columns={"customer_id": "-"})["columns"]


def test_a_likelier_number_with_repeats_is_not_replaced_by_a_less_likely_one(init: Interview) -> None:
    table = "Invoice number,Customer,Date,Balance,Reference\n7,Ada,2026-09-14,5.00,a\n7,Ada,2026-09-14,5.00,b\n"
    assert "Which column holds the number printed on the invoice" in refused(init, table)


def test_all_that_is_open_is_asked_at_once_with_the_currency(init: Interview) -> None:
    table = "Invoice,Date,Due,Betr\n1,2026-09-14,2026-10-14,5.00\n2,2026-09-15,2026-10-15,6.00\n"
    asked = refused(init, table, currency=None).splitlines()
    assert [line.partition("?")[0] for line in asked] == [
        "Which column holds the customer's name",
        "Which column holds the open amount, sign included",
        "No column in use names the currency. Which is it (ISO code, such as GBP)",
    ]


def test_a_cell_of_a_row_is_not_taken_for_a_heading(init: Interview) -> None:
    table = "Ref,Buyer,Day,Disputed,Rest\nA-1,Ada,2026-09-14,No,5.00\nA-2,Bo,2026-09-15,Yes,6.00\n"
    said = {"invoice_ref": "Ref", "customer_name": "Buyer", "issued_on": "Day", "balance": "Rest"}
    assert init.source(table, columns=said)["columns"] == said


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("Customer ID,Customer Name,Email,Phone,City,Balance\n1,Ada,a@example.com,5,York,7.00\n", "customers"),
        (
            "Document No,Vendor No,Name,Date,Due Date,Balance\n1,V1,Ada,2026-09-01,2026-10-01,5.00\n",
            "bills that you owe",
        ),
        ("Payment ID,Date,Customer,Payment Method,Amount,Invoice\n1,2026-09-14,Ada,Card,7.00,A-1\n", "payments"),
        (
            "Bill Number,Vendor,Bill Date,Due Date,Balance\n1,Steel Ltd,2026-09-14,2026-10-14,7.00\n",
            "bills that you owe",
        ),
        ("Belegnr;Lieferant;Datum;Offen\n1;Stahl AG;14.09.2026;7,00\n", "bills that you owe"),
    ],
    ids=["customers", "bills by vendor number", "payments", "bills", "German bills"],
)
def test_a_table_of_something_else_is_named_as_such(init: Interview, table: str, named: str) -> None:
    with pytest.raises(SourceError, match=f"this looks like a list of {named}, not of invoices"):
        init.source(table)


def test_a_list_of_invoices_with_addresses_and_suppliers_is_none_of_those(init: Interview) -> None:
    headings = "Invoice,Customer,Phone,City,Supplier,Payment method,Date,Due,Balance"
    table = f"{headings}\n1,Ada,5,York,Steel Ltd,BACS,2026-09-14,2026-10-14,7.00\n"
    assert init.source(table)["columns"]["customer_name"] == "Customer"


@pytest.mark.parametrize(
    ("heading", "entry"),
    [("Date Paid", "2026-10-01"), ("Clearing document", "2000000017"), ("Lettrage", "AB"), ("Full reconcile", "A0031")],
)
def test_a_row_that_was_settled_by_something_and_has_a_balance_is_asked_about(
    init: Interview, heading: str, entry: str
) -> None:
    table = LIST.format(more=heading, first=entry, second="")
    assert "--all-debts" in refused(init, table)
    assert any(f"1 row has an entry in the column {heading!r}" in text for text in init.reported)
    assert init.source(table, all_debts=True)["columns"]["balance"] == "Balance"


@pytest.mark.parametrize("heading", ["New due date", "Payment due date"])
def test_two_due_dates_that_differ_are_asked_about(init: Interview, heading: str) -> None:
    table = LIST.format(more=heading, first="2026-11-14", second="2026-10-15")
    assert "Which column holds the due date" in refused(init, table)
    assert "due_on" in init.source(table.replace("2026-11-14", "2026-10-14"))["columns"]


def test_the_last_day_for_a_discount_is_no_due_date(init: Interview) -> None:
    columns = init.source(LIST.format(more="Discount due date", first="2026-09-24", second="2026-09-25"))["columns"]
    assert columns["due_on"] == "Due date"


def test_two_columns_of_dates_in_two_orders_are_read_each_in_its_own(init: Interview) -> None:
    rows = ["1,Ada,03/25/2026,25.04.2026,5.00", "2,Bo,04/05/2026,05.05.2026,6.00"]
    source = init.source("\n".join(["Invoice,Customer,Date,Due date,Balance", *rows, ""]))
    assert (source["dates"], source["due_dates"]) == ("MDY", "DMY")
    assert any("issued_on month-day-year and due_on day-month-year" in text for text in init.reported)


def test_a_short_year_in_front_is_asked_about_though_no_day_could_be_a_month(init: Interview) -> None:
    rows = [f"{day},Ada,26/03/0{day},26/03/1{day},5.00" for day in range(4, 8)]
    table = "\n".join(["Invoice,Customer,Date,Due date,Balance", *rows, ""])
    assert "%y/%m/%d: 26/03/04 is 4 March 2026; DMY: 26/03/04 is 26 March 2004" in refused(init, table)
    assert init.source(table, dates="%y/%m/%d")["dates"] == "%y/%m/%d"
    turned = re.sub(r"26/03/(\d\d)", r"\1/03/26", table)
    assert init.source(turned)["dates"] == "DMY"


def test_a_column_whose_dates_prove_no_order_does_not_take_that_of_another(init: Interview) -> None:
    rows = ["1,Ada,03/25/2026,05.04.2026,5.00", "2,Bo,25/03/2026,05.05.2026,6.00"]
    table = "\n".join(["Invoice,Customer,Date,Due date,Balance", *rows, ""])
    assert "--column issued_on" in refused(init, table)


def test_a_balance_that_is_the_total_is_pointed_out(init: Interview) -> None:
    table = "Invoice,Customer,Date,Due,Total\n1,Ada,2026-09-14,2026-10-14,5.00\n2,Bo,2026-09-15,2026-10-15,6.00\n"
    init.source(table, columns={"balance": "Total"})
    assert any("! balance: the column 'Total' seems to be the invoice's total" in text for text in init.reported)


BOTH_WAYS = """\
Number,Type,Customer,Date,Due,Balance
1,ACCREC,Ada,2026-09-14,2026-10-14,5.00
2,ACCPAY,Steel,2026-09-15,2026-10-15,6.00
"""


def test_of_two_types_only_the_customers_may_be_taken(init: Interview) -> None:
    assert "--only Type=TYPE to leave them out" in refused(init, BOTH_WAYS)
    person = Person({"--all-debts": "others"})
    assert init.transforms(BOTH_WAYS, person) == [{"use": "keep", "sources": ["folder"], "Type": ["ACCREC"]}]
    assert init.transforms(BOTH_WAYS, only={"Type": ["ACCREC"]})[0]["Type"] == ["ACCREC"]
    assert any("left out: ACCPAY" in text for text in init.reported)


def test_a_type_that_is_not_there_is_refused(init: Interview) -> None:
    assert "the column has no such type; it has ACCREC, ACCPAY" in refused(init, BOTH_WAYS, only={"Type": ["SALES"]})
    assert "--only Kind=…: the file has no such heading" in refused(init, BOTH_WAYS, only={"Kind": ["SALES"]})


OWED_NEGATIVE = """\
Ref No,Party,Date,Due,Pending amount
1,Ada,2026-09-14,2026-10-14,-5.00
2,Bo,2026-09-15,2026-10-15,-6.00
"""


def test_balances_that_are_mostly_negative_are_asked_about(init: Interview) -> None:
    said = {"customer_name": "Party"}
    assert "--set owed_is=SIGN" in refused(init, OWED_NEGATIVE, columns=said)
    for sign in ("negative", "positive"):
        person = Person({"--set owed_is": sign})
        assert init.source(OWED_NEGATIVE, person, columns=said)["owed_is"] == sign
        assert init.source(OWED_NEGATIVE, columns=said, settings={"owed_is": sign})["owed_is"] == sign
    assert "owed_is" not in init.source(OWED_NEGATIVE.replace("-6", "60").replace("-5", "-1"), columns=said)


LEDGER = {
    "Soll": "Beleg,Kunde,Datum,Soll,Haben,Saldo\n"
    'R-1,Ada,2026-09-01,"100,00",,"100,00"\nR-2,Ada,2026-09-02,"50,00",,"150,00"\n'
    'Z-1,Ada,2026-09-03,,"120,00","30,00"\n',
    "opening balance, newest first": "Document no,Customer,Date,Debit,Credit,Balance\n"
    "R-3,Ada,2026-09-03,0.00,20.00,530.00\nR-2,Ada,2026-09-02,50.00,0.00,550.00\nR-1,Ada,2026-09-01,300.00,0.00,500.00\n",
    "a customer after the other": "Document no,Customer,Date,Movement,Balance\n"
    "R-1,Ada,2026-09-01,100.00,100.00\nR-2,Ada,2026-09-02,50.00,150.00\nR-3,Bob,2026-09-03,7.00,7.00\n"
    "R-4,Bob,2026-09-03,8.00,15.00\n",
}


@pytest.mark.parametrize("table", LEDGER.values(), ids=LEDGER)
def test_a_balance_that_runs_on_from_row_to_row_is_not_taken(init: Interview, table: str) -> None:
    assert "Which column holds the open amount" in refused(init, table)
    assert any("from row to row, so it is not what is open of each invoice" in line for line in init.reported)


@pytest.mark.parametrize(
    "rows",
    [
        ["100.00,,100.00", "50.00,,50.00", ",20.00,-20.00", "70.00,,70.00"],
        ["100.00,0.00,100.00", "100.00,0.00,100.00", "100.00,0.00,100.00", "100.00,40.00,60.00"],
        ["0.00,0.00,100.00", "0.00,5.00,100.00", "0.00,0.00,100.00", "0.00,0.00,100.00"],
    ],
    ids=["an item each", "paid in part", "columns of nothing"],
)
def test_a_balance_of_each_row_is_taken_beside_debit_and_credit(init: Interview, rows: list[str]) -> None:
    table = "Document no,Customer,Date,Debit,Credit,Balance\n" + "".join(
        f"R-{number},Ada,2026-09-01,{row}\n" for number, row in enumerate(rows)
    )
    assert init.source(table)["columns"]["balance"] == "Balance"


def test_the_decimal_mark_is_looked_for_in_a_column_that_somebody_names(init: Interview) -> None:
    table = 'Beleg,Kunde,Datum,Kram\nR-1,Ada,2026-09-01,"1.100,00"\nR-2,Ada,2026-09-02,"50,00"\n'
    source = init.source(table, columns={"balance": "Kram", "invoice_ref": "Beleg"})
    assert source["decimal"] == ","


UNKNOWN = """\
Faktúr,Viðskiptakúnni,Auðkenni,Dags,Greiðsludagur,Eftirstöðvar
301,Hraun ehf,A-11,2026-09-14,2026-10-14,5.00
302,Fjara ehf,B-12,2026-09-15,2026-10-15,6.00
303,Hraun ehf,A-11,2026-09-16,2026-10-16,7.00
"""
TOLD = {
    "invoice_ref": "Faktúr", "customer_name": "Viðskiptakúnni", "issued_on": "Dags", "balance": "Eftirstöðvar",
}  # fmt: skip


def test_what_was_said_of_headings_in_an_unknown_language_shows_what_else_has_to_be_asked(init: Interview) -> None:
    said = refused(init, UNKNOWN, columns=TOLD)
    assert "Which column holds the due date? Not interactive; pass --column due_on=HEADING" in said
    assert "Greiðsludagur: such as 2026-10-14" in said
    assert "Which column holds the customer's number?" in said
    assert "Auðkenni: such as A-11" in said

    known = {**TOLD, "due_on": "Greiðsludagur", "customer_id": "Auðkenni"}
    assert init.source(UNKNOWN, columns=known)["columns"] == known
    none = {**TOLD, "due_on": "", "customer_id": ""}
    assert init.source(UNKNOWN, columns=none)["columns"] == TOLD


AGES = """\
Customer,Invoice,Date,Due date,{ages}{more}
Ada,1,2026-09-14,2026-10-14,5.00,0.00,0.00{first}
Bo,2,2026-09-15,2026-10-15,0.00,6.00,0.00{second}
"""


@pytest.mark.parametrize(
    "ages",
    [
        "Current,1 - 30,31 - 60",
        "Not due,1-30 days,31-60 days past due",
        "Noch nicht fällig,1 bis 30 Tage,31 bis 60 Tage",
        "< 1 Month,1 Month,2 Months",
        "Current,Period 1,Period 2",
    ],
)
def test_a_balance_that_stands_in_columns_by_its_age_is_refused(init: Interview, ages: str) -> None:
    table = AGES.format(ages=ages, more="", first="", second="")
    for columns in ({}, {"balance": ages.partition(",")[0]}):
        with pytest.raises(SourceError, match="are split into ageing columns"):
            init.source(table, columns=columns)
    whole = AGES.format(ages=ages, more=",Balance", first=",5.00", second=",6.00")
    assert init.source(whole)["columns"]["balance"] == "Balance"


KINDS = """\
Type,Invoice number,Customer,Date,Due date,Total,Balance
Invoice,1,Ada,2026-09-14,2026-10-14,5.00,5.00
Invoice,2,Bo,2026-09-15,2026-10-15,6.00,6.00
Credit note,1,Bo,2026-09-16,2026-10-16,-2.00,-2.00
"""


def test_a_prefix_by_kind_takes_the_column_that_tells_kinds_apart(init: Interview) -> None:
    numbered = {"invoice_ref": "Invoice number"}
    source = init.source(KINDS, columns=numbered, settings={"prefix.credit_note": "CN-"})
    assert source["prefix"] == {"credit_note": "CN-"}
    assert source["columns"]["kind"] == "Type"
    assert source["values"]["kind"] == {"Invoice": "invoice", "Credit note": "credit_note"}


def test_credits_with_their_sign_are_told_apart_if_every_word_of_the_kind_is_known(init: Interview) -> None:
    signed = KINDS.replace("Credit note,1", "Credit note,3")
    source = init.source(signed, columns={"invoice_ref": "Invoice number"})
    assert source["values"]["kind"] == {"Invoice": "invoice", "Credit note": "credit_note"}
    assert "credits_positive" not in source
    source = init.source(signed.replace("Credit note", "Journal"), columns={"invoice_ref": "Invoice number"})
    assert "kind" not in source["columns"]
    assert any("also has Journal, each with a minus sign" in line for line in init.reported)


def test_a_setting_that_can_not_be_is_named(init: Interview) -> None:
    assert "--set prefix=…: name the kind of document" in refused(init, CAMEL, settings={"prefix": "CN-"})
    said = refused(init, CAMEL, settings={"settle_seconds": "soon"})
    assert said.startswith("--set settle_seconds=…: found 'soon': ")
    assert "pydantic" not in said


WORDED = """\
Serija,Pirkėjas,Išrašyta,Apmokėti iki,Skola,Būsena
A-1,UAB Ąžuolas,2026-09-14,2026-10-14,5.00,Neapmokėta
A-2,UAB Žirgas,2026-09-15,2026-10-15,6.00,Anuliuota
"""


def test_in_an_unknown_language_a_column_of_few_words_may_say_what_is_paid(init: Interview) -> None:
    told = {
        "invoice_ref": "Serija", "customer_name": "Pirkėjas", "issued_on": "Išrašyta", "balance": "Skola",
        "due_on": "Apmokėti iki",
    }  # fmt: skip
    said = refused(init, WORDED, columns=told)
    assert "Which column holds what is paid, open or void? Not interactive; pass --column status=HEADING" in said
    assert "Būsena: such as Neapmokėta" in said
    said = refused(init, WORDED, columns={**told, "status": "Būsena"})
    assert "What do these words of the column 'Būsena' mean: 'Neapmokėta' (1 row" in said
    assert init.source(WORDED, columns={**told, "status": ""})["columns"] == told


def test_accounts_of_letters_alone_are_customers_numbers(init: Interview) -> None:
    table = "Inv no,A/C,Name,Date,Due date,Balance\n1,ABC,Ada,2026-09-14,2026-10-14,5.00\n"
    assert init.source(table)["columns"]["customer_id"] == "A/C"
    table = table.replace("A/C", "Account key") + "2,BO,Bo,2026-09-14,2026-10-14,5.00\n"
    assert "Account key: such as ABC" in refused(init, table)

"""What headers seem to mean is proposed with its evidence, and only shown."""

from __future__ import annotations

import tomllib

import pandas as pd
import pytest

from arfeed import propose_columns


def proposed(**columns: list[str]) -> dict[str, object]:
    return tomllib.loads(str(propose_columns(frame(columns))))


def frame(columns: dict[str, list[str]]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str")


GERMAN = {
    "Belegnr.": ["RE-1", "RE-2"],
    "Kunde": ["Söhne & Co", "Ada"],
    "Betrag": ["1.234,56", "0,05"],
    "Offen": ["1.000,00", "0,05"],
    "Fällig am": ["21.04.2026", ""],
    "Belegdatum": ["07.04.2026", "8.4.2026"],
}


def test_a_german_export_is_understood_with_its_evidence() -> None:
    assert propose_columns(frame(GERMAN)).lines == (
        'dates = "DMY"  # the only order that all dates fit',
        'decimal = ","  # the only mark that all amounts fit',
        '# currency = "…"  # no column names it; say which',
        'columns.invoice_ref = "Belegnr."  # RE-1; 2 rows, all different',
        'columns.customer_name = "Kunde"  # Söhne & Co',
        'columns.issued_on = "Belegdatum"  # 07.04.2026',
        'columns.due_on = "Fällig am"  # 21.04.2026',
        'columns.balance = "Offen"  # 1.000,00',
        'columns.amount = "Betrag"  # 1.234,56',
    )


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Invoice No.", "invoice_ref"),
        ("N° facture", "invoice_ref"),
        ("Número de factura", "invoice_ref"),
        ("Customer: Name", "customer_name"),
        ("Ragione Sociale", "customer_name"),
        ("Reste à payer", "balance"),
        ("Importe pendiente (EUR)", "balance"),
        ("Amount Due", "balance"),
        ("Invoice #", "invoice_ref"),
        ("Reste dû", "balance"),
    ],
)
def test_usual_names_in_several_languages_are_known(header: str, column: str) -> None:
    assert propose_columns(frame({header: ["1", "2"]})).columns == {column: header}


@pytest.mark.parametrize("header", ["Cust #", "Customer#", "Client #", "Account #"])
def test_a_number_sign_makes_the_number_of_a_customer_of_his_name(header: str) -> None:
    rows = {"Customer": ["Ada", "Bo", "Ada"], header: ["C1", "C2", "C1"]}
    assert propose_columns(frame(rows)).columns == {"customer_name": "Customer", "customer_id": header}


@pytest.mark.parametrize("header", ["Open %", "% outstanding", "Balance (%)", "Total %"])
def test_percentages_are_no_amounts(header: str) -> None:
    assert propose_columns(frame({header: ["100", "20"]})).columns == {}


def test_two_columns_of_due_dates_that_differ_are_both_named() -> None:
    rows = {"Due Date": ["2026-10-01", "2026-10-14"], "Pay by": ["2026-10-31", "2026-11-13"]}
    found = propose_columns(frame(rows))
    assert found.columns == {}
    assert found.several["due_on"] == ["Due Date", "Pay by"]


def test_a_due_date_is_not_taken_for_the_date_of_the_invoice() -> None:
    assert propose_columns(frame({"Due Date": ["2026-04-07"]})).columns == {"due_on": "Due Date"}


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Invoice", ["A1", "A1"]),
        ("Balance", ["much", "2.00"]),
        ("Due date", ["soon", "2026-04-07"]),
        ("Currency", ["$", "GBP"]),
        ("Customer", ["", ""]),
    ],
)
def test_a_header_whose_values_do_not_fit_is_not_proposed(header: str, values: list[str]) -> None:
    assert propose_columns(frame({header: values})).columns == {}


def test_what_the_values_leave_open_is_a_comment() -> None:
    lines = propose_columns(
        frame({"No.": ["1", "2"], "Date": ["03.04.2026", "05.06.2026"], "Open": ["1,234", "2,500"]})
    ).lines
    assert '# dates = "DMY"  # or "MDY": both fit, so look it up' in lines
    assert any(line.startswith("# decimal") for line in lines)
    assert '# columns.customer_name = "…"  # not found; look it up' in lines


def test_what_is_pasted_is_toml() -> None:
    assert proposed(**{'Inv "No"': ["1", "2"], "Currency": ["GBP", "eur"]}) == {
        "columns": {"invoice_ref": 'Inv "No"', "currency": "Currency"}
    }

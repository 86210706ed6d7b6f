"""Headings that bear the name of an invoice's column, however a program spells it."""

from __future__ import annotations

from typing import Any

import pytest

from arfeed import FileSettings, SourceError, find_columns, missing_columns


def named(*headers: str, **settings: Any) -> dict[str, str]:
    return find_columns("erp.csv", headers, FileSettings.model_validate({"path": "erp.csv", **settings}))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Currency", "currency"),
        ("CURRENCY", "currency"),
        ("currency", "currency"),
        ("Due_On", "due_on"),
        ("Due On", "due_on"),
        ("due on", "due_on"),
        ("DueOn", "due_on"),
        ("Customer ID", "customer_id"),
        ("CUSTOMER_ID", "customer_id"),
        ("Invoice-Ref", "invoice_ref"),
        ("*PO Number", "po_number"),
    ],
)
def test_case_blanks_and_underscores_do_not_count_in_a_columns_name(header: str, name: str) -> None:
    assert named("No", header) == {name: header}


@pytest.mark.parametrize("header", ["Customer", "Due", "Currency rate", "Document", "Source", "Origin", "Amount 2"])
def test_other_headings_are_no_columns_name(header: str) -> None:
    assert named("No", header) == {}


def test_what_the_settings_name_or_leave_alone_is_not_looked_for() -> None:
    assert named("Currency", "Cur", columns={"currency": "Cur"}) == {"currency": "Cur"}
    assert named("Status", columns={"memo": "Status"}) == {"memo": "Status"}
    assert named("Status", values={"status": False}) == {}
    assert named("Balance", "Amount", columns={"amount": "Amount", "paid": "Paid"}).keys() == {"amount", "paid"}


@pytest.mark.parametrize("headers", [("Due On", "due_on"), ("Due_On", "DUE ON"), ("Currency", "Currency (2)")])
def test_two_columns_of_one_name_are_refused_by_their_headings(headers: tuple[str, str]) -> None:
    with pytest.raises(SourceError) as refused:
        named(*headers)
    said = str(refused.value)
    assert said.startswith("erp.csv: the columns '")
    assert all(repr(header) in said for header in headers)
    name = "currency" if "Currency" in headers else "due_on"
    assert f'say which it is by columns.{name} = "…", or leave them alone by values.{name} = false' in said
    assert named(*headers, columns={name: headers[1]}) == {name: headers[1]}
    assert named(*headers, values={name: False}) == {}


def test_a_column_that_is_needed_is_there_under_its_name_in_any_spelling() -> None:
    assert missing_columns(["Invoice Ref", "CUSTOMER_NAME", "Total"], {}) == ["balance"]
    assert missing_columns(["Invoice Ref", "CUSTOMER_NAME", "Total"], {"balance": "Total"}) == []

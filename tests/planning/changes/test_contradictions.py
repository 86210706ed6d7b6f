"""One document in two rows that can't both be true is asked about; a balance of 0 that is called open is noted."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from arfeed.planning.changes.contradictions import note_zero_balances, object_to_contradictory_rows
from arfeed.planning.evidence.reasons import find_closed_beside, keep_still_beside
from support.feeds.plans import invoices


def listed(**second: object) -> pd.DataFrame:
    """One document listed twice, the second time as paid but for what a test names."""
    plain = {"status": "paid", "balance": "0", "amount": "10"} | second
    return pd.concat([invoices(["A1", "A2"]), invoices(["A1"], **plain)], ignore_index=True)


def twice(count: int, **columns: object) -> pd.DataFrame:
    """So many documents of which each is listed as open and as paid."""
    closed = {"status": "paid", "balance": "0", "amount": "10"}
    return pd.concat([invoices(count, **columns), invoices(count, **(columns | closed))], ignore_index=True)


# --- one document, two states ---------------------------------------------------------------------------------------


# What is open with a balance of 0 is closed.
@pytest.mark.parametrize("status", ["paid", "void", "draft", "open"])
def test_a_document_listed_as_open_and_as_closed_is_a_contradiction(status: str) -> None:
    (objection,) = object_to_contradictory_rows(listed(status=status))
    assert (objection.code, objection.refs) == ("contradiction", ("A1",))
    assert objection.message == (
        "1 document is listed twice by erp, once as open and once as closed, alike in number, customer, dates and "
        "amount: A1 Ada 10.00 GBP. Correct the export so that each is listed once; approve if they really are open"
    )


def test_documents_of_several_sources_are_one_objection_that_names_both() -> None:
    (objection,) = object_to_contradictory_rows(twice(2, source=["shop", "erp"]))
    assert objection.message.startswith("2 documents are listed twice by erp, shop, once as open")
    assert objection.refs == ("A1", "A2")


@pytest.mark.parametrize(
    "other",
    [{"kind": "credit_note"}, {"source": "shop"}, {"customer_id": "C-9"}, {"issued_on": date(2025, 4, 1)},
     {"due_on": date(2026, 6, 1)}, {"amount": "11"}, {"currency": "EUR"}],
    ids=lambda value: next(iter(value)),
)  # fmt: skip
def test_two_documents_of_one_number_are_not_a_contradiction(other: dict[str, object]) -> None:
    assert [*object_to_contradictory_rows(listed(**other))] == []


def test_a_document_whose_dates_and_amount_are_blank_contradicts_itself_all_the_same() -> None:
    blank = {"issued_on": None, "due_on": None, "amount": None}
    rows = pd.concat([invoices(["A1"], **blank), invoices(["A1"], status="paid", **blank)], ignore_index=True)
    assert [objection.refs for objection in object_to_contradictory_rows(rows)] == [("A1",)]


def test_a_blank_date_does_not_make_two_documents_of_one_number_the_same() -> None:
    other = {"due_on": None, "customer_id": "C-9"}
    rows = pd.concat([invoices(["A1"], due_on=None), invoices(["A1"], status="paid", **other)], ignore_index=True)
    assert [*object_to_contradictory_rows(rows)] == []


def test_neighbouring_columns_are_not_read_as_one() -> None:
    rows = listed(customer_id="C-A12", issued_on=date(2026, 4, 1)).assign(source="erp")
    rows.loc[0, ["source_ref", "kind"]] = ["A1i", "nvoice"]
    rows.loc[2, ["customer_id", "source_ref"]] = ["C-A1", "A1"]
    assert [*object_to_contradictory_rows(rows)] == []


def test_a_list_of_open_documents_contradicts_nothing() -> None:
    assert [*object_to_contradictory_rows(invoices(5))] == []
    assert [*object_to_contradictory_rows(invoices(0))] == []
    assert [*object_to_contradictory_rows(invoices(["A1", "A1"], status="paid"))] == []


def test_a_closed_document_that_still_has_a_balance_is_not_an_open_one() -> None:
    assert [*object_to_contradictory_rows(invoices(["A1", "A1", "A2"], status=["paid", "void", "open"]))] == []


def test_a_document_in_two_states_is_asked_about_once() -> None:
    before = listed(status="void")
    assert [*object_to_contradictory_rows(before, find_closed_beside(before))] == []
    others = pd.concat([before, listed(status="paid").iloc[1:]], ignore_index=True)
    assert len([*object_to_contradictory_rows(others, find_closed_beside(before))]) == 1


# --- what is remembered of closed rows beside open ones ---------------------------------------------------------------


BESIDE = find_closed_beside(pd.concat([twice(2), twice(2, source="shop")], ignore_index=True))


def kept(owed: pd.DataFrame, failed: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    found = keep_still_beside(BESIDE, owed, failed)
    return [*zip(found["source"], found["ref"], strict=True)]


def test_a_closed_row_is_remembered_as_long_as_its_open_one_is_listed() -> None:
    assert [*zip(BESIDE["source"], BESIDE["ref"], strict=True)] == [
        ("erp", "a1"), ("erp", "a2"), ("shop", "a1"), ("shop", "a2"),
    ]  # fmt: skip
    assert kept(invoices(["A2"])) == [("erp", "a2")]
    assert kept(invoices(["a1"], source="shop")) == [("shop", "a1")]
    assert kept(invoices(2, kind="credit_note")) == []


def test_of_a_source_that_could_not_be_read_every_closed_row_is_remembered() -> None:
    assert kept(invoices(["A2"]), ("shop",)) == [("erp", "a2"), ("shop", "a1"), ("shop", "a2")]
    assert kept(invoices(0), ("erp", "shop")) == [("erp", "a1"), ("erp", "a2"), ("shop", "a1"), ("shop", "a2")]
    assert kept(invoices(0)) == []


# --- open, and a balance of 0 -----------------------------------------------------------------------------------------


def test_what_is_called_open_with_a_balance_of_0_is_noted_if_its_source_states_a_status() -> None:
    assert [*note_zero_balances(invoices(6, balance=["0", "0", "0", "0", "0", "10"]), ["erp"])] == [
        "5 documents are called open, with an amount and a balance of 0, and left out: A1, A2, A3 and 2 more. If one "
        "of them is owed, its balance is wrong at the source"
    ]
    assert [*note_zero_balances(invoices(2, balance="0", source=["erp", "shop"]), ["shop"])] == [
        "1 document is called open, with an amount and a balance of 0, and left out: A2. If one of them is owed, its "
        "balance is wrong at the source"
    ]


@pytest.mark.parametrize(
    "columns",
    [{"status": "paid"}, {"balance": "1"}, {"amount": "0"}, {"amount": None}, {"source": "shop"}],
    ids=["closed", "still owed", "never worth anything", "worth not known", "no status"],
)
def test_a_balance_of_0_that_says_nothing_is_not_noted(columns: dict[str, object]) -> None:
    assert [*note_zero_balances(invoices(1, **({"balance": "0"} | columns)), ["erp"])] == []


def test_without_a_source_that_states_a_status_nothing_is_noted() -> None:
    assert [*note_zero_balances(invoices(1, balance="0"), [])] == []

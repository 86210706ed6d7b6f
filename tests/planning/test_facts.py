"""What a report sums to: exact to the last digit, and never across currencies."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from arfeed.model.figures import Aged, Debtor, Facts, Movement, Reason, Sum
from support.feeds.plans import NOON, invoices, planned, source

TODAY = NOON.date()


def owed(count: int, balance: str) -> Sum:
    return Sum(count, Decimal(balance))


def facts(before: pd.DataFrame | None, report: pd.DataFrame, **known: Any) -> Facts:
    return planned(before, report, **known).facts


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(-40, "not due"), (0, "not due"), (1, "1–30"), (30, "1–30"), (31, "31–60"), (60, "31–60"), (61, "61–90"),
     (90, "61–90"), (91, "over 90"), (4000, "over 90"), (None, "no due date")],
)  # fmt: skip
def test_a_document_is_aged_by_its_days_past_due(days: int | None, bucket: str) -> None:
    due = None if days is None else TODAY - timedelta(days=days)
    assert facts(None, invoices(1, due_on=due)).ageing == (Aged("GBP", bucket, owed(1, "10")),)


def test_ageing_adds_up_to_the_report_by_currency_and_credits_count_against_it() -> None:
    report = invoices(4, balance=["0.1", "0.2", "-0.05", "7"], currency=["EUR", "EUR", "EUR", "JPY"])
    assert facts(None, report).ageing == (
        Aged("EUR", "not due", owed(3, "0.25")),
        Aged("JPY", "not due", owed(1, "7")),
    )


def test_documents_are_aged_on_the_date_that_their_source_speaks_of() -> None:
    report = invoices(2, source=["erp", "shop"], due_on=date(2026, 4, 5))
    sums = facts(None, report, sources=(source(as_of=date(2026, 4, 1)), source("shop")))
    assert [aged.bucket for aged in sums.ageing] == ["not due", "1–30"]
    assert sums.aged_on == {"erp": date(2026, 4, 1), "shop": TODAY}


def test_what_there_was_and_what_came_and_went_make_up_what_there_is() -> None:
    before = invoices(["A1", "A2", "A3"], balance=["10", "20.5", "30"])
    report = invoices(["A1", "A2", "B1"], balance=["10", "15.25", "100"])
    assert facts(before, report).movements == (
        Movement(
            "erp",
            "GBP",
            before=owed(3, "60.5"),
            new=owed(1, "100"),
            changed=owed(1, "-5.25"),
            missing=owed(1, "30"),
            now=owed(3, "125.25"),
            moved=0,
        ),
    )


def test_a_document_that_another_source_lists_now_has_moved() -> None:
    moves = facts(invoices(["A1"]), invoices(["A1"], source="shop")).movements
    assert [(move.source, move.moved, move.changed.balance) for move in moves] == [
        ("erp", -1, Decimal(-10)),
        ("shop", 1, Decimal(10)),
    ]


def test_a_source_of_which_everything_is_missing_is_listed_still() -> None:
    before = invoices(["A1", "A2"], currency=["EUR", "GBP"])
    moves = facts(before, invoices(["A2"])).movements
    assert [(move.currency, move.missing.documents, move.now) for move in moves] == [
        ("EUR", 1, owed(0, "0")),
        ("GBP", 0, owed(1, "10")),
    ]


def test_an_empty_report_sums_to_nothing() -> None:
    sums = facts(None, invoices(0))
    assert (sums.movements, sums.ageing, sums.debtors) == ((), (), ())


def test_the_customers_who_owe_most_are_named_by_currency_with_what_is_past_due() -> None:
    report = invoices(
        4,
        customer_id=["1", "2", "1", "3"],
        customer_name=["Ada", "Bo", "Ada", "Cy"],
        balance=["10", "15", "20", "-5"],
        due_on=[date(2026, 4, 1), None, date(2026, 5, 1), date(2026, 4, 1)],
    )
    assert facts(None, report).debtors == (
        Debtor("GBP", "erp", "Ada", owed(2, "30"), Decimal(10)),
        Debtor("GBP", "erp", "Bo", owed(1, "15"), Decimal(0)),
    )


def test_equal_numbers_of_two_sources_are_two_customers() -> None:
    report = invoices(2, customer_id="1", source=["erp", "shop"], customer_name=["Ada", "Bo"])
    assert [debtor.customer_name for debtor in facts(None, report).debtors] == ["Ada", "Bo"]


def test_ten_customers_a_currency_are_named() -> None:
    report = invoices(30, currency=["EUR", "GBP"] * 15)
    assert [debtor.currency for debtor in facts(None, report).debtors] == ["EUR"] * 10 + ["GBP"] * 10


def test_reports_of_no_known_source_are_aged_today() -> None:
    report = invoices(1, due_on=TODAY - timedelta(days=31))
    assert facts(None, report, sources=()).aged_on == {"": TODAY}
    other = facts(None, report, sources=(source("shop", as_of=date(2026, 1, 1)),))
    assert (other.aged_on, [aged.bucket for aged in other.ageing]) == ({"shop": date(2026, 1, 1)}, ["31–60"])


def test_what_is_missing_is_summed_up_by_reason_evidence_and_currency() -> None:
    before = invoices(4, currency=["GBP", "EUR", "GBP", "GBP"], balance=["1", "2", "4", "8"])
    reasons = ["paid", "gone", "gone", "paid"]
    assert facts(before, before.iloc[:0], reasons=reasons, sources=()).reasons == (
        Reason("gone", "EUR", owed(1, "2"), "unexplained"),
        Reason("gone", "GBP", owed(1, "4"), "unexplained"),
        Reason("paid", "GBP", owed(2, "9"), "proven"),
    )


def test_of_customers_who_owe_alike_those_with_the_first_ids_are_named() -> None:
    report = invoices(12, customer_id=[f"C{number:02}" for number in range(12, 0, -1)], customer_name="Ada")
    ids = report.assign(customer_name=report["customer_id"])
    assert [debtor.customer_name for debtor in facts(None, ids).debtors] == [f"C{number:02}" for number in range(1, 11)]


def test_a_customer_is_called_by_the_name_listed_first_and_one_in_credit_is_left_out() -> None:
    report = invoices(
        4,
        customer_id=["1", "1", "2", "3"],
        customer_name=["Ada", "Ada Ltd", "Bo", "Cy"],
        balance=["5", "6", "0", "-7"],
        due_on=[TODAY, TODAY - timedelta(days=1), TODAY, TODAY],
    )
    assert facts(None, report).debtors == (Debtor("GBP", "erp", "Ada", owed(2, "11"), Decimal(6)),)


def test_a_first_delivery_is_all_new_and_its_parts_add_up() -> None:
    (move,) = facts(None, invoices(2, balance=["3", "4"])).movements
    assert move == Movement("erp", "GBP", owed(0, "0"), owed(2, "7"), owed(0, "0"), owed(0, "0"), owed(2, "7"), 0)

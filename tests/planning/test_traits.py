"""What rows of a list may have in common: a value of a column, or a place in one of its orders."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from arfeed.planning.habits.traits import Group, Order, find_groups, find_orders, write_value
from support.feeds.cases import case, due_in, listed


def groups(count: int = 40, last_run: str | None = None, **columns: Any) -> dict[str, Group]:
    return {group.name: group for group in find_groups(case(listed(count, **columns), last_run=last_run))}


def orders(count: int, **columns: Any) -> dict[str, Order]:
    return {order.name: order for order in find_orders(case(listed(count, **columns)))}


def test_every_column_of_few_different_values_is_looked_at_but_those_that_name_a_row_or_a_customer() -> None:
    two = ["x", "y"] * 20
    columns: dict[str, Any] = {
        "document": two,
        "origin": two,
        "status": two,
        "customer_email": two,
        "source": two,
        "source_ref": two,
    }
    found = groups(
        memo=two, branch=two, arfeed_file=two, arfeed_first_in=two, kind=["invoice", "payment"] * 20, **columns
    )
    assert [*found] == ["kind", "memo", "branch", "file"]
    assert found["file"].values == ["x", "y"]
    assert found["branch"].code.tolist() == [0, 1] * 20
    assert [*groups()] == []


def test_a_blank_is_one_more_value_and_a_number_is_none() -> None:
    found = groups(4, branch=["x", None, "x", ""], arfeed_place=[0, 1, 2, 3])
    assert (found["branch"].values, found["branch"].code.tolist()) == (["x", None, ""], [0, 1, 0, 2])
    assert [*found] == ["branch"]


@pytest.mark.parametrize(("values", "looked_at"), [(200, True), (201, False)])
def test_a_column_may_have_two_hundred_values(values: int, looked_at: bool) -> None:
    assert ("branch" in groups(402, branch=[f"B{n % values}" for n in range(402)])) is looked_at


def test_values_that_come_up_after_the_first_five_thousand_rows_count() -> None:
    late = ["x"] * 5_000 + [f"B{n}" for n in range(200)]
    assert "branch" not in groups(5_200, branch=late)
    assert "branch" in groups(5_200, branch=[*late[:-1], "x"])


def test_the_prefix_of_a_number_is_what_stands_before_its_last_digits() -> None:
    rows = listed(4).assign(invoice_ref=["A-1", "B2-33", "A-", "7"]).astype({"invoice_ref": "str"})
    (found,) = find_groups(case(rows))
    assert (found.name, found.values, found.code.tolist()) == ("the number's prefix", ["A-", "B2-", ""], [0, 1, 0, 2])


def test_what_the_last_report_added_is_a_group_if_that_run_is_known() -> None:
    first = ["run-1", "run-2", None, "run-2"]
    found = groups(4, "run-2", arfeed_first_in=first)
    assert found["first listed"].values == ["earlier", "in the last report"]
    assert found["first listed"].code.tolist() == [0, 1, 0, 1]
    assert groups(4, None, arfeed_first_in=first) == groups(4, "run-2") == {}


def test_rows_have_an_order_by_dates_number_place_and_balance() -> None:
    found = orders(3, due_on=[due_in(1), None, due_in(0)], arfeed_place=[2, 0, 1], balance=["5", "-7", "500"])
    assert [(order.name, order.column) for order in found.values()] == [
        ("issue date", "issued_on"), ("due date", "due_on"), ("number", "invoice_ref"),
        ("place in the list", "arfeed_place"), ("balance", "balance"),
    ]  # fmt: skip
    day = (due_in(0) - date(1970, 1, 1)).days
    assert found["due date"].place.tolist() == [day + 1, 0, day]
    assert found["due date"].known is not None
    assert found["due date"].known.tolist() == [True, False, True]
    assert found["issue date"].known is None
    assert found["number"].place.tolist() == [1, 2, 3]
    assert (found["place in the list"].place.tolist(), found["place in the list"].known) == ([2, 0, 1], None)
    assert "place in the list" not in orders(3)


def test_a_place_that_is_not_known_stands_nowhere() -> None:
    rows = listed(3).assign(arfeed_place=pd.Series([4, None, 6], dtype="int64[pyarrow]"))
    found = {order.name: order for order in find_orders(case(rows))}["place in the list"]
    assert found.place.tolist() == [4, 0, 6]
    assert found.known is not None
    assert found.known.tolist() == [True, False, True]


def test_balances_are_ordered_by_classes_of_two_percent_credits_below_invoices() -> None:
    balances = ["0", "100", "101", "103", "-100", "-0.01", "100000"]
    classes = orders(7, balance=balances)["balance"].place.tolist()
    step = np.log(1.02)
    assert classes[:4] == [0, *(int(np.log1p(size) / step) for size in (100, 101, 103))]
    assert classes[1] < classes[3]
    assert classes[4] == -classes[1] - 1
    assert classes[5] == -1
    assert classes[6] > 3 * classes[1] / 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(Decimal("1234.5"), "1,234.50"), (Decimal(-7), "-7.00"), (0, "1"), (np.int64(1233), "1,234"),
     (date(2026, 4, 1), "2026-04-01"), ("INV-7", "INV-7")],
)  # fmt: skip
def test_a_value_of_an_order_is_written_for_people(value: object, text: str) -> None:
    assert write_value(value) == text

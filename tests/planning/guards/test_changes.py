"""The guards object to changes that look like mistakes: renumbered, another configuration, everything different."""

from __future__ import annotations

from datetime import date

import pytest

from support.feeds.plans import four, heard, invoices, others, planned, renumbered


def test_a_missing_and_a_new_invoice_that_agree_were_renumbered() -> None:
    objection = heard(planned(invoices(), renumbered(), reasons="gone"))["renamed"]
    assert objection.message == (
        "1 missing invoice and new ones agree in source, customer, currency, amount and date, as if renumbered: A1 → "
        "B1. The old number would be marked as paid and the new one be owed. Look at the numbers; approve if "
        "that is intended"
    )
    assert objection.refs == ("A1",)


@pytest.mark.parametrize(
    "column",
    [
        {"source": "shop"}, {"customer_id": "C-2"}, {"currency": "EUR"}, {"amount": "10.0001"}, {"amount": None,
        "balance": "9"}, {"issued_on": date(2026, 4, 2)}, {"issued_on": None},
    ],
    ids=["source", "customer", "currency", "amount", "no amount", "date", "no date"],
)  # fmt: skip
def test_invoices_that_differ_in_anything_are_two(column: dict[str, object]) -> None:
    assert "renamed" not in heard(planned(invoices(), renumbered(**column), reasons="gone"))


def test_invoices_without_a_date_are_told_apart_by_the_rest() -> None:
    before, after = invoices(issued_on=None), renumbered(issued_on=None)
    assert [*heard(planned(before, after, reasons="gone"))] == ["renamed"]
    assert "renamed" not in heard(planned(before, after.assign(source="er", customer_id="pC-A1"), reasons="gone"))
    assert heard(planned(before, after.assign(customer_id="C-2"), reasons="gone")) == {}


def test_what_else_differs_does_not_matter() -> None:
    new = renumbered(balance="1", due_on=None, customer_name="ADA", memo="x", kind="credit_note", source_ref="B1")
    assert [*heard(planned(invoices(), new, reasons="gone"))] == ["renamed"]


@pytest.mark.parametrize(("balance", "refused"), [("10", True), ("9", False)], ids=["same balance", "another"])
def test_without_amounts_the_balances_are_compared(balance: str, refused: bool) -> None:
    plan = planned(invoices(amount=None), renumbered(amount=None, balance=balance), reasons="gone")
    assert [*heard(plan)] == ["renamed"] * refused


@pytest.mark.parametrize(
    ("reason", "refused"),
    [("paid", False), ("void", False), ("settled", False), ("draft", False), ("gone", True), ("source removed", True)],
)
def test_what_its_source_calls_closed_was_not_renumbered(reason: str, refused: bool) -> None:
    assert ("renamed" in heard(planned(invoices(), renumbered(), reasons=reason))) is refused


def test_an_invoice_that_stood_in_the_baseline_is_not_new() -> None:
    before = invoices(["A1", "B1"], customer_id="C")
    assert heard(planned(before, invoices(["B1"], customer_id="C"), reasons="gone")) == {}


def test_of_many_renumbered_invoices_the_largest_are_named() -> None:
    before = invoices(4, balance=["1", "4", "2", "3"], issued_on=[None, *[date(2026, 4, 1)] * 3])
    after = before.assign(invoice_ref=("Z-" + before["invoice_ref"]).astype("str")).iloc[::-1].reset_index(drop=True)
    objection = heard(planned(before, after, reasons="gone"))["renamed"]
    assert objection.message.startswith("4 missing invoices and new ones agree")
    assert "as if renumbered: A2 → Z-A2; A4 → Z-A4; A3 → Z-A3; …. The old" in objection.message
    assert objection.refs == ("A1", "A2", "A3", "A4")


def test_only_the_missing_invoices_that_agree_with_a_new_one_are_named() -> None:
    before = invoices(["A1", "A2"])
    objection = heard(planned(before, invoices(["B9", "B2"], customer_id=["C-9", "C-A2"]), reasons="gone"))["renamed"]
    assert "renumbered: A2 → B2. " in objection.message
    assert objection.refs == ("A2",)


def test_an_amended_invoice_is_paired_with_the_one_that_it_amends_alone() -> None:
    before = invoices(["A1", "A2", "A3"], customer_id="C")
    objection = heard(planned(before, invoices(["A2-1"], customer_id="C"), reasons="gone"))["renamed"]
    assert "renumbered: A2 → A2-1. " in objection.message
    assert objection.refs == ("A2",)
    both = heard(planned(before, invoices(["A2-1", "A9"], customer_id="C"), reasons="gone"))["renamed"]
    assert both.refs == ("A1", "A2", "A3")
    assert "A1 → A9; A2 → A2-1; A3 → A9. " in both.message
    other = invoices(["A2-1"], customer_id="D")
    assert "renamed" not in heard(planned(before, other, reasons="gone"))


def test_many_equal_invoices_are_not_multiplied() -> None:
    before, after = invoices(5000, customer_id="cash"), invoices([f"B{n}" for n in range(5000)], customer_id="cash")
    assert len(heard(planned(before, after, reasons="gone"))["renamed"].refs) == 5000


@pytest.mark.parametrize(
    ("reason", "refused"),
    [
        ("gone", True), ("source removed", True), ("removed by exclude", True),
        ("paid", False), ("void", False), ("draft", False), ("settled", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("changed", [False, True], ids=["same settings", "other settings"])
def test_another_configuration_may_not_lose_an_invoice(reason: str, refused: bool, changed: bool) -> None:
    objections = heard(planned(invoices(2), invoices(1), reasons=reason, settings_changed=changed))
    assert ("config-changed" in objections) is (refused and changed)


def test_another_configuration_that_loses_nothing_is_no_matter() -> None:
    assert heard(planned(invoices(2), invoices(2), settings_changed=True)) == {}


def test_what_another_configuration_lost_is_counted_and_named() -> None:
    before, after = four(), others()
    reasons = ["gone", "source removed", "paid", "removed by exclude"]
    objection = heard(planned(before, after, reasons=reasons, settings_changed=True))["config-changed"]
    assert objection.message == (
        "the configuration or a plugin's version has changed since the last delivery, and 3 invoices are missing and "
        "not known to be closed: A2 Bo −700.00 EUR; A1 Ada 5.00 GBP; A4 Di 60.000 KWD. Check whether the change was "
        "meant to drop them; approve if so"
    )
    assert objection.refs == ("A1", "A2", "A4")


@pytest.mark.parametrize(
    ("common", "changed", "refused"),
    [(12, 6, False), (12, 7, True), (5, 5, False), (6, 6, True)],
    ids=["half", "over half", "at the floor", "above the floor"],
)
@pytest.mark.parametrize("column", ["balance", "customer_id"])
def test_over_half_with_another_balance_or_customer_is_refused(
    common: int, changed: int, refused: bool, column: str
) -> None:
    before = invoices(common, customer_id="C")
    values = ["3"] * changed + ["10" if column == "balance" else "C"] * (common - changed)
    objections = heard(planned(before, invoices(common, **({"customer_id": "C"} | {column: values}))))
    assert ("everything-changed" in objections) is refused


@pytest.mark.parametrize("column", ["memo", "customer_email", "po_number"])
def test_other_columns_may_change_everywhere(column: str) -> None:
    assert heard(planned(invoices(20), invoices(20, **{column: "new"}))) == {}


def test_new_and_missing_invoices_are_not_common_ones() -> None:
    before = invoices(40)
    after = invoices([f"A{n}" for n in range(7, 41)] + [f"B{n}" for n in range(100)], balance=["9"] * 17 + ["10"] * 117)
    assert "everything-changed" not in heard(planned(before, after))
    after = invoices([f"A{n}" for n in range(7, 41)] + [f"B{n}" for n in range(100)], balance=["9"] * 18 + ["10"] * 116)
    objection = heard(planned(before, after))["everything-changed"]
    assert objection.refs == tuple(f"A{n}" for n in range(7, 25))


def test_rows_are_matched_by_their_reference_in_any_order() -> None:
    before = invoices(20, balance=[str(number) for number in range(20)])
    shuffled = before.sample(frac=1, random_state=1).assign(memo="new")
    assert heard(planned(before, shuffled.reset_index(drop=True))) == {}


def test_changed_invoices_are_counted_and_the_largest_are_named() -> None:
    before = invoices(7)
    balances = ["10", "20", "40", "30", "50", "60", "70"]
    objection = heard(planned(before, invoices(7, balance=balances, memo="x")))["everything-changed"]
    assert objection.message == (
        "6 of 7 invoices have a different balance or customer from the last report, now A7 Ada 70.00 GBP; A6 Ada 60.00 "
        "GBP; A5 Ada 50.00 GBP; …. This may be another company, column or file; approve if it is right"
    )

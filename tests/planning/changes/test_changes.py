"""What changes in invoices that stay: everyday changes pass, accidents are asked about in feeds of any size."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from arfeed import Objection, Plan
from arfeed.planning.changes.rules import note_changes, object_to_changes
from arfeed.planning.review import review_plan
from planning.test_approval import NOBODY
from support.feeds.ordinary_days import ACCIDENTS, feed, frame, next_day
from support.feeds.plans import invoices, planned

OF_NUMBERS = ("numbers against", "against the numbers")
"""Accidents that only show where customers have numbers."""


def said(plan: Plan) -> dict[str, Objection]:
    return {objection.code: objection for objection in object_to_changes(plan)}


def changed(before: pd.DataFrame, **columns: object) -> dict[str, Objection]:
    """What is said of a report in which these columns are others."""
    other = invoices(before["invoice_ref"].tolist(), **columns)
    return said(planned(before, before.assign(**{name: other[name] for name in columns})))


# --- ordinary days and accidents ------------------------------------------------------------------------------------


def ordinary(size: int, ids: bool, seeds: range) -> list[str]:
    """Live through ten days a feed; return what was asked."""
    asked = []
    for seed in seeds:
        chance = random.Random(f"{size} {ids} {seed}")
        items = feed(chance, size, ids=ids, amounts=chance.random() < 0.7)
        for day in range(10):
            following = next_day(chance, items, day)
            found = said(planned(frame(items), frame(following)))
            asked += [f"feed {seed}, day {day}: {objection.message}" for objection in found.values()]
            items = following
    return asked


@pytest.mark.simulated
@pytest.mark.parametrize("ids", [True, False], ids=["numbers", "names only"])
@pytest.mark.parametrize("size", [3, 20, 200])
def test_nothing_is_asked_on_ordinary_days(size: int, ids: bool) -> None:
    assert ordinary(size, ids, range(1000, 1002 if size == 200 else 1005)) == []


@pytest.mark.soak
@pytest.mark.parametrize("ids", [True, False], ids=["numbers", "names only"])
@pytest.mark.parametrize(("size", "feeds"), [(3, 200), (20, 200), (200, 100)])
def test_hardly_anything_is_asked_on_thousands_of_ordinary_days(size: int, feeds: int, ids: bool) -> None:
    asked = ordinary(size, ids, range(feeds))
    assert len(asked) * 1000 <= feeds * 10, asked


@pytest.mark.simulated
@pytest.mark.parametrize("size", [3, 20, 200])
@pytest.mark.parametrize("name", ACCIDENTS)
def test_every_accident_is_asked_about_beside_ordinary_changes(name: str, size: int) -> None:
    for seed in range(1 if size == 200 else 3):
        chance = random.Random(f"{name} {seed}")
        ids = any(words in name for words in OF_NUMBERS) or chance.random() < 0.5
        items = feed(chance, size, ids=ids, amounts=chance.random() < 0.5)
        items[0] = replace(items[0], issued=date(2026, 3, 4))
        following = items if size == 3 else next_day(chance, items, seed)
        refs = {item.ref for item in items}
        struck = ACCIDENTS[name](chance, [item for item in following if item.ref in refs])
        new = [item for item in following if item.ref not in refs]
        assert said(planned(frame(items), frame([*struck, *new]))), f"seed {seed}"


# --- currencies -----------------------------------------------------------------------------------------------------


def test_another_currency_is_named_with_both_figures_and_the_configuration_as_a_cause() -> None:
    before = invoices(2)
    objection = changed(before, currency=["GBP", "EUR"])["currency-changed"]
    assert objection.message == (
        "1 invoice is in a different currency from the last report, 1 of them with the same figures: A2 Ada 10.00 GBP "
        "→ 10.00 EUR. Look at the currency column of the export and at `currency` in plugins.toml; approve if they "
        "really were billed in it"
    )
    assert objection.refs == ("A2",)
    plan = planned(before, invoices(2, currency="EUR"), settings_changed=True)
    assert "(the configuration has changed since the last delivery)" in said(plan)["currency-changed"].message


# --- customers ------------------------------------------------------------------------------------------------------


def by_name(*names: str, **columns: object) -> pd.DataFrame:
    """Invoices of customers of whom only the name is known."""
    return invoices(len(names), customer_id=list(names), customer_name=list(names), **columns)


def moved(before: pd.DataFrame, *names: str) -> bool:
    return "customer-changed" in changed(before, customer_id=list(names), customer_name=list(names))


def test_one_invoice_of_another_customer_is_asked_about() -> None:
    before = invoices(30)
    objection = changed(before, customer_id=["C-A2", *before["customer_id"][1:]])["customer-changed"]
    assert "1 invoice now of a different customer: A1 Ada (C-A1) → Ada (C-A2)" in objection.message
    assert objection.refs == ("A1",)


@pytest.mark.parametrize(
    "name",
    ["ACME LTD", "Acme  Limited", "Acme, Ltd.", "Acme", "Ácme Ltd", "acme-ltd"],
)
def test_a_name_that_is_only_spelled_otherwise_is_the_same_customer(name: str) -> None:
    assert not moved(by_name("Acme Ltd", "Bolt"), name, "Bolt")


def test_a_name_of_nothing_but_a_legal_form_is_still_a_name() -> None:
    assert moved(by_name("AG", "Bolt"), "KG", "Bolt")


def test_a_customer_renamed_everywhere_at_once_is_a_note_and_no_question() -> None:
    before, after = by_name("Ada", "Ada", "Bolt"), by_name("Eve", "Eve", "Bolt")
    plan = planned(before, after)
    assert said(plan) == {}
    (note,) = note_changes(plan)
    assert note.startswith("taken for 1 renamed customer, since every invoice of theirs has the new name: Ada → Eve.")
    assert note in review_plan(plan, NOBODY, "s").notes


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["Eve", "Ada", "Bolt", "Cy"], "some keep the old name"),
        (["Bolt", "Bolt", "Bolt", "Cy"], "the new name was there before"),
        (["Eve", "Zoe", "Bolt", "Cy"], "two new names"),
        (["Ada", "Ada", "Zoe", "Cy"], "one row is too little to go by"),
        (["Eve", "Eve", "Zoe", "Xi"], "too many at once"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anything_else_is_no_renaming(names: list[str], why: str) -> None:
    before = by_name("Ada", "Ada", "Bolt", "Cy")
    plan = planned(before, by_name(*names))
    assert ("customer-changed" in said(plan), note_changes(plan)) == (True, ()), why


def test_a_new_name_that_stands_in_a_new_invoice_under_the_old_one_is_no_renaming() -> None:
    before = by_name("Ada", "Ada", "Bolt")
    after = invoices(4, customer_id=["Eve", "Eve", "Bolt", "Ada"], customer_name=["Eve", "Eve", "Bolt", "Ada"])
    assert "customer-changed" in said(planned(before, after))


def test_the_same_email_tells_that_a_customer_of_one_invoice_was_renamed() -> None:
    assert not moved(by_name("Ada", "Bolt", customer_email=["a@example.com", "b@example.com"]), "Eve", "Bolt")


def test_a_customer_that_gets_a_number_beside_its_name_is_no_question() -> None:
    assert changed(by_name("Ada", "Bolt"), customer_id=["C-1", "Bolt"]) == {}


def test_two_customers_that_exchange_names_or_emails_are_asked_about() -> None:
    before = invoices(
        30, customer_email=[f"{n}@example.com" for n in range(30)], customer_name=list(map(str, range(30)))
    )
    names, emails = before["customer_name"].tolist(), before["customer_email"].tolist()
    assert [*changed(before, customer_name=[names[1], names[0], *names[2:]])] == ["customer-changed"]
    objection = changed(before, customer_email=[emails[1], emails[0], *emails[2:]])["customer-changed"]
    assert "2 invoices with the same customer number and a different email: A1 of C-A1: 0@ex" in objection.message
    assert objection.refs == ("A1", "A2")


def test_corrected_shared_filled_and_blanked_emails_are_everyday() -> None:
    emails = [f"{n}@example.com" for n in range(10)]
    before = invoices(10, customer_email=emails)
    assert changed(before, customer_email=["new@example.com", "0@example.com", *emails[2:]]) == {}
    assert changed(before, customer_email=[*["9@example.com"] * 4, *emails[4:]]) == {}
    assert changed(before, customer_email="") == {}
    assert changed(invoices(10), customer_email=emails) == {}
    assert [*changed(before, customer_email=[f"x{n}@example.com" for n in range(10)])] == ["customer-changed"]
    # A group of companies takes over the address that a third one gave up: two customers, but one new address.
    assert changed(before, customer_email=["2@example.com", "2@example.com", "new@example.com", *emails[3:]]) == {}


def test_a_feed_whose_three_customers_all_get_new_addresses_is_asked_about_and_one_of_two_is_not() -> None:
    emails = [f"{n}@example.com" for n in range(3)]
    other = [f"x{n}@example.com" for n in range(3)]
    assert [*changed(invoices(3, customer_email=emails), customer_email=other)] == ["customer-changed"]
    assert changed(invoices(2, customer_email=emails[:2]), customer_email=other[:2]) == {}


def test_most_names_against_their_numbers_are_another_companys() -> None:
    before = invoices(4, customer_name=["A", "B", "C", "D"])
    assert changed(before, customer_name=["A Ltd", "b", "C.", "D"]) == {}
    assert changed(before, customer_name=["X", "Y", "C", "D"]) == {}
    assert [*changed(before, customer_name=["X", "Y", "Z", "D"])] == ["customer-changed"]


# --- numbers --------------------------------------------------------------------------------------------------------


REUSED = {
    "customer_id": ["C-9", "C-A2"],
    "issued_on": [date(2026, 4, 9), date(2026, 4, 1)],
    "amount": ["7", "10"],
    "balance": ["7", "10"],
}


def test_a_number_of_another_document_is_named_once() -> None:
    found = changed(invoices(2), **REUSED)
    assert [*found] == ["number-reused"]
    assert found["number-reused"].refs == ("A1",)
    assert found["number-reused"].message.startswith(
        "1 number now stands for a different document, with a different customer, date and amount: A1: Ada (C-A1) "
        "10.00 GBP of 2026-04-01 → Ada (C-9) 7.00 GBP of 2026-04-09. The receiver would put"
    )


@pytest.mark.parametrize("column", ["issued_on", "amount"])
def test_a_document_that_keeps_its_date_or_amount_has_only_moved(column: str) -> None:
    assert [*changed(invoices(2), **{name: value for name, value in REUSED.items() if name != column})][-1] == (
        "customer-changed"
    )


def test_where_no_amounts_are_stated_the_balance_tells_two_documents_apart() -> None:
    columns = REUSED | {"amount": None}
    assert "number-reused" in changed(invoices(2, amount=None), **columns)
    assert "number-reused" not in changed(invoices(2, amount=None), **(columns | {"balance": "10"}))


@pytest.mark.parametrize(
    ("days", "columns", "asked"),
    [
        (61, {"amount": "12", "balance": "12"}, True),
        (366, {"amount": "12", "balance": "12"}, True),
        (366, {"amount": None, "balance": "7"}, True),
        (60, {"amount": "12", "balance": "12"}, False),
        (-366, {"amount": "12", "balance": "12"}, False),
        (366, {"balance": "7"}, False),
        (366, {"amount": None}, False),
    ],
    ids=["61 days", "a year", "no amounts", "60 days", "a year back", "the same amount", "the same balance"],
)
def test_a_much_later_document_of_the_same_customer_is_another_one(
    days: int, columns: dict[str, object], asked: bool
) -> None:
    before = invoices(12, due_on=None, amount=None if columns.get("amount", "") is None else "10")
    later = {name: [value, *["10" if value else None] * 11] for name, value in columns.items()}
    issued = [before["issued_on"][0] + timedelta(days=days), *before["issued_on"][1:]]
    assert ("number-reused" in changed(before, issued_on=issued, **later)) is asked


def test_reused_numbers_of_the_same_and_of_other_customers_are_counted_apart() -> None:
    before = invoices(12)
    issued = [date(2026, 4, 9), date(2026, 6, 1), date(2026, 6, 2), *before["issued_on"][3:]]
    sums = ["7", "8", "9", *["10"] * 9]
    ids = ["C-9", *before["customer_id"][1:]]
    one = changed(before, issued_on=[*before["issued_on"][:1], *issued[1:2], *before["issued_on"][2:]], amount=sums)
    assert one["number-reused"].message.startswith(
        "1 number now stands for a different document, with the same customer, a date over 60 days later and a "
        "different amount: A2: Ada (C-A2) 10.00 GBP of 2026-04-01 → Ada (C-A2) 8.00 GBP of 2026-06-01. The receiver "
        "would put"
    )
    found = changed(before, customer_id=ids, issued_on=issued, amount=sums, balance=sums)["number-reused"]
    assert found.message.startswith(
        "3 numbers now stand for a different document, 1 with a different customer, date and amount and 2 with the "
        "same customer, a date over 60 days later and a different amount: A1: Ada (C-A1) 10.00"
    )
    assert found.refs == ("A1", "A2", "A3")


# --- dates ----------------------------------------------------------------------------------------------------------


def dated(*days: str, column: str = "issued_on", other: str = "due_on") -> pd.DataFrame:
    return invoices(len(days), **{column: [date.fromisoformat(day) for day in days], other: None})


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        (["2026-03-04", "2026-03-09", "2026-03-20"], ["2026-04-03", "2026-09-03", "2026-03-20"], True),
        (["2026-03-04", "2026-03-14", "2026-03-20"], ["2026-04-03", "2026-03-14", "2026-03-20"], True),
        (["2026-03-04", "2026-03-09", "2026-03-20"], ["2026-04-03", "2026-03-09", "2026-03-20"], False),
        (["2026-03-04", "2026-03-04", "2026-05-20"], ["2026-04-03", "2026-04-03", "2026-05-20"], False),
        (["2026-03-04", "2026-03-09", "2026-05-20"], ["2027-04-03", "2027-09-03", "2026-05-20"], False),
        (["2026-03-03", "2026-04-04", "2026-05-20"], ["2026-03-03", "2026-04-04", "2026-05-21"], False),
    ],
    ids=["two", "the only one that could be", "one of two", "one date twice", "another year", "could not be"],
)
def test_days_and_months_that_change_places(before: list[str], after: list[str], asked: bool) -> None:
    found = said(planned(dated(*before), dated(*after)))
    assert [*found] == ["dates-exchanged"] * asked


def test_due_dates_that_are_put_off_by_a_month_only_look_exchanged() -> None:
    before = dated("2026-03-04", "2026-05-06", "2026-07-09", column="due_on", other="issued_on")
    after = dated("2026-04-03", "2026-06-05", "2026-09-07", column="due_on", other="issued_on")
    assert said(planned(before, after)) == {}
    earlier = dated("2026-04-03", "2026-09-03", "2026-07-09", column="due_on", other="issued_on")
    later = dated("2026-03-04", "2026-03-09", "2026-07-09", column="due_on", other="issued_on")
    assert [*said(planned(earlier, later))] == ["dates-exchanged"]


@pytest.mark.parametrize(
    ("column", "days", "asked"),
    [("issued_on", -1, True), ("issued_on", 1462, True), ("issued_on", 14, True), ("due_on", 14, False),
     ("due_on", 30, False), ("due_on", -1, True), ("due_on", 1, True), ("due_on", 1462, True)],
)  # fmt: skip
def test_dates_that_all_move_alike(column: str, days: int, asked: bool) -> None:
    other = "due_on" if column == "issued_on" else "issued_on"
    before = dated("2026-03-14", "2026-03-15", "2026-03-16", "2026-03-17", column=column, other=other)
    moves = [timedelta(days=days)] * 3 + [timedelta()]
    dates = [day + move for day, move in zip(before[column], moves, strict=True)]
    assert [*changed(before, **{column: dates})] == ["dates-shifted"] * asked
    half = [*dates[:2], *before[column][2:]]
    assert changed(before, **{column: half}) == {}


def moved_by(count: int, *days: int, column: str = "due_on", customers: int | None = None) -> list[str]:
    """What is said if the first of so many different dates move by these days."""
    other = "issued_on" if column == "due_on" else "due_on"
    first = date(2026, 3, 13)
    before = invoices(
        count,
        customer_id=[f"C-{n % (customers or count)}" for n in range(count)],
        **{column: [first + timedelta(days=n % 15) for n in range(count)], other: None},
    )
    moves = [*days, *[0] * (count - len(days))]
    dates = [each + timedelta(days=move) for each, move in zip(before[column], moves, strict=True)]
    return [*changed(before, **{column: dates})]


@pytest.mark.parametrize("column", ["issued_on", "due_on"])
@pytest.mark.parametrize(
    ("count", "many", "asked"),
    [(200, 40, True), (200, 39, False), (24, 5, True), (24, 4, False), (10, 5, True), (10, 4, False), (9, 5, True),
     (9, 4, False), (6, 3, True), (5, 2, False), (3, 3, True), (2, 2, False)],
)  # fmt: skip
def test_many_dates_that_changed_without_a_pattern_are_asked_about(
    count: int, many: int, asked: bool, column: str
) -> None:
    assert moved_by(count, *(-3 - n for n in range(many)), column=column) == ["dates-changed"] * asked


def test_due_dates_that_are_put_off_alike_or_for_one_customer_are_everyday() -> None:
    assert moved_by(20, *[14] * 12, 7, -3) == []
    assert moved_by(20, *[14] * 12, column="issued_on") == ["dates-shifted"]
    assert moved_by(20, *[14] * 9, column="issued_on") == ["dates-changed"]
    assert moved_by(20, *[-14] * 9) == ["dates-changed"]
    assert moved_by(20, *range(14, 20)) == ["dates-changed"]
    assert moved_by(6, 14, 15, 16, 17) == ["dates-changed"]
    assert moved_by(6, 14, 15, 16, 17, customers=1) == []
    assert moved_by(6, 14, 15, 16, 17, customers=2) == ["dates-changed"]
    assert moved_by(6, -14, -15, -16, -17, customers=1) == ["dates-changed"]
    assert moved_by(6, 14, 15, 16, 17, column="issued_on", customers=1) == ["dates-changed"]


def test_changed_dates_are_told_by_source_with_both_figures() -> None:
    days = [date(2026, 3, day) for day in (14, 15, 17, 20, 21, 27)]
    before = invoices(12, source=["erp"] * 6 + ["shop"] * 6, issued_on=days * 2, due_on=days * 2)
    others = [*days[1:], days[0]]
    found = changed(before, issued_on=[*others, *days], due_on=[*days[:5], None, *others])
    assert [*found] == ["dates-changed"]
    assert found["dates-changed"].message == (
        "more dates have changed than anybody corrects by hand. erp: 6 of 6 issue dates changed: A1 2026-03-14 → "
        "2026-03-15; A2 2026-03-15 → 2026-03-17; A3 2026-03-17 → 2026-03-20; …; shop: 6 of 6 due dates changed: A10 "
        "2026-03-20 → 2026-03-21; A11 2026-03-21 → 2026-03-27; A12 2026-03-27 → 2026-03-14; …. A column that was "
        "sorted, filled or mapped by itself does this, and so does a transform that puts dates into other rows. "
        "Compare some with the source; approve if they are right"
    )
    assert found["dates-changed"].refs == tuple(f"A{n}" for n in range(1, 13))


def test_only_invoices_with_a_date_in_both_reports_are_counted() -> None:
    days = [date(2026, 3, 10 + n) for n in range(5)]
    before = invoices(30, issued_on=None, due_on=[*days, *[None] * 25])
    found = changed(before, due_on=[day - timedelta(days=3 + n) for n, day in enumerate(days)] + [None] * 25)
    assert "erp: 5 of 5 due dates changed" in found["dates-changed"].message


def test_dates_of_reused_numbers_are_told_as_that_and_no_second_time() -> None:
    before = invoices(5, due_on=None)
    issued = [date(2026, 7, day) for day in range(1, 6)]
    assert "number-reused" in changed(before, issued_on=issued, amount="9", balance="9")
    assert "dates-changed" not in changed(before, issued_on=issued, amount="9", balance="9")
    assert [*changed(before, issued_on=issued)] == ["dates-changed"]


@pytest.mark.parametrize(("dates", "asked"), [([None] * 3, True), ([None, None, 0], True), ([None, 0, 0], False)])
def test_due_dates_that_have_gone_blank_are_asked_about(dates: list[object], asked: bool) -> None:
    before = invoices(3)
    after = [date(2026, 5, 1) if day == 0 else None for day in dates]
    assert [*changed(before, due_on=after)] == ["due-dates-lost"] * asked
    notes = invoices(3, kind="credit_note", balance="-1", amount="-1")
    assert changed(notes, due_on=[None] * 3) == {}, "a credit note needs no due date"


# --- balances -------------------------------------------------------------------------------------------------------

OWED = ["1250", "80.5", "310", "44.4", "7000", "19.9"]


def balances(*after: str, **columns: object) -> list[str]:
    before = invoices(len(after), balance=OWED[: len(after)], amount=None, **columns)
    return [*changed(before, balance=list(after))]


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (["1.25", "0.08", "0.31"], "balances-scaled"),
        (["1250", "80.5", "31000"], "balances-scaled"),
        (["1250", "80.5", "-310"], "balances-scaled"),
        (["12500", "805", "310"], "balances-scaled"),
        (["1250", "0.81", "3.1"], "balances-scaled"),
        (["1062.5", "68.43", "263.5"], "balances-scaled"),
        (["1463.25", "94.23", "310", "51.97"], "balances-scaled"),
        (["80.5", "1250", "44.4", "310"], "sums-moved"),
        (["1251", "81.5", "310"], "sums-moved"),
        (["1000", "60", "200"], "sums-moved"),
        (["1250", "80.5", "3000"], "sums-moved"),
    ],
    ids=[
        "thousandths", "one a hundred times", "one turned", "two ten times", "two hundredths", "a rate",
        "a rate in most", "wrong rows", "one more each", "all other", "one more than doubled",
    ],
)  # fmt: skip
def test_balances_that_no_payment_explains(after: list[str], code: str) -> None:
    assert balances(*after) == [code]


@pytest.mark.parametrize(
    "after",
    [
        ["625", "40.25", "310"],
        ["125", "80.5", "310"],
        ["1250", "40", "100"],
        ["1250", "8.05", "31", "44.4", "7000", "19.9"],
        ["1250", "80.5", "360"],
        ["1250", "80.5", "310.01"],
    ],
    ids=["two halves", "a tenth retained", "two paid in part", "two tenths", "a little more", "a cent"],
)
def test_balances_that_payments_and_corrections_explain(after: list[str]) -> None:
    assert balances(*after) == []


def test_a_rate_that_all_but_the_largest_balance_share_is_one() -> None:
    assert "balances-scaled" in balances("1100", "94.19", "362.7")


def test_an_amount_that_no_longer_has_its_decimals_is_asked_about_too() -> None:
    before = invoices(3, amount=OWED[:3], balance=["1", "2", "3"])
    objection = changed(before, amount=["125000", "8050", "31000"])["balances-scaled"]
    assert "3 amounts multiplied by 100: A3" in objection.message


def test_a_payment_that_comes_back_raises_a_balance_to_what_was_billed() -> None:
    before = invoices(3, amount=["900", "50", "60"], balance=["100", "50", "60"])
    assert changed(before, balance=["900", "50", "60"]) == {}
    unknown = before.assign(amount=invoices(3, amount=None)["amount"])
    assert [*changed(unknown, balance=["900", "50", "60"])] == ["sums-moved"]


def paid_in_part(*balances: str, source: object = "erp") -> pd.DataFrame:
    """Twenty invoices of 100.00 each, of which so many were paid in part, and so many more with nothing paid."""
    return invoices(20, amount="100", balance=[*balances, *["100"] * (20 - len(balances))], source=source)


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        (["40", "70"], ["100", "100"], True),
        (["40", "70", "10", "20"], ["100", "100", "10", "20"], True),
        (["40", "70", "10", "20"], ["100", "100", "5", "20"], True),
        (["40", "70", "10", "20", "30"], ["100", "100", "10", "20", "30"], False),
        (["40", "70", "10", "20", "30"], ["100", "100", "10", "5", "30"], False),
        (["40"], ["100"], False),
        (["40", "70"], ["100", "99"], False),
        (["40", "-70"], ["100", "100"], False),
    ],
    ids=["both", "half", "half and one paid more", "fewer than half", "fewer and one paid more", "one alone",
         "not in full", "a credit"],
)  # fmt: skip
def test_part_payments_that_are_no_longer_deducted_are_asked_about(
    before: list[str], after: list[str], asked: bool
) -> None:
    assert ("total-as-balance" in said(planned(paid_in_part(*before), paid_in_part(*after)))) is asked


def test_what_is_owed_in_full_again_is_told_by_source_and_only_as_that() -> None:
    of = ["erp"] * 2 + ["shop"] * 3 + ["erp"] * 15
    before, after = paid_in_part("40", "70", "10", "20", "30", source=of), paid_in_part(source=of)
    found = said(planned(before, after))
    assert [*found] == ["total-as-balance"]
    assert found["total-as-balance"].message == (
        "invoices that were paid in part are owed in full again, as if nothing had been paid. erp: 2 of 2 part-paid "
        "invoices: A2 Ada 70.00 GBP → 100.00 GBP; A1 Ada 40.00 GBP → 100.00 GBP; shop: 3 of 3 part-paid invoices: A5 "
        "Ada 30.00 GBP → 100.00 GBP; A4 Ada 20.00 GBP → 100.00 GBP; A3 Ada 10.00 GBP → 100.00 GBP. A column of totals "
        "in place of the balances does this, and so does an export or a query that no longer deducts payments. Look at "
        "both; approve if these payments were returned"
    )
    assert found["total-as-balance"].refs == ("A1", "A2", "A3", "A4", "A5")


def test_part_payments_that_are_scaled_or_whose_amount_was_corrected_are_no_totals() -> None:
    scaled = said(planned(paid_in_part("10", "10"), paid_in_part("100", "100")))
    assert [*scaled] == ["balances-scaled"]
    corrected = ["40", "70", *["100"] * 18]
    assert said(planned(paid_in_part("40", "70"), invoices(20, amount=corrected, balance=corrected))) == {}


def filled(kept: int, email: str, many: int = 30) -> set[str]:
    """The codes for a feed whose second customer, of one invoice or more, gets the first one's name on one of them."""
    ids = ["C1", *["C2"] * (1 + kept), *[f"C{number}" for number in range(3, many - kept + 1)]]
    names, emails = [f"Name {each}" for each in ids], [f"{each}@x.example" for each in ids]
    before = invoices(many, customer_id=ids, customer_name=names, customer_email=emails)
    names[1], emails[1] = names[0], email
    after = invoices(many, customer_id=ids, customer_name=names, customer_email=emails)
    return {*said(planned(before, after))}


@pytest.mark.parametrize(
    ("kept", "email", "asked"),
    [(1, "C2@x.example", True), (0, "C1@x.example", True), (0, "C2@x.example", False), (0, "new@x.example", False)],
    ids=["its own name elsewhere", "the email as well", "a group's name", "a new address"],
)
def test_a_name_that_is_filled_over_anothers_is_asked_about(kept: int, email: str, asked: bool) -> None:
    assert filled(kept, email) == ({"customer-changed"} if asked else set())


# --- billed otherwise -----------------------------------------------------------------------------------------------


def billed(*amounts: str, of: int = 60, customers: int = 60) -> dict[str, Objection]:
    """What is said of a report in which the first invoices have other amounts, and owe all of them."""
    ids = [f"C{number % customers}" for number in range(of)]
    before = [Decimal(100 + number) for number in range(of)]
    after = [*map(Decimal, amounts), *before[len(amounts) :]]
    return said(
        planned(
            invoices(of, customer_id=ids, amount=before, balance=before),
            invoices(of, customer_id=ids, amount=after, balance=after),
        )
    )


@pytest.mark.parametrize(
    ("amounts", "of", "customers", "asked"),
    [
        (["83.33"], 8, 8, False),
        (["83.33", "84.17"], 8, 8, True),
        (["83.33", "84.17"], 12, 12, True),
        (["83.33", "84.17"], 13, 13, False),
        (["83.33", "84.17"], 60, 60, False),
        (["83.33", "84.17", "85"], 60, 60, True),
        (["83.33", "84.17", "85"], 60, 1, False),
        (["83.33", "84.17", "85"], 6, 1, True),
        (["83.33", "84.17", "85"], 7, 1, False),
        (["101.50", "102.50", "103.50"], 60, 60, False),
        (["101", "100"], 60, 1, True),
        (["101", "102", "100"], 60, 1, True),
        (["101", "140.50"], 60, 60, False),
    ],
    ids=[
        *("one is corrected", "two of a few", "two of twelve", "two of thirteen", "two of many", "three of many"),
        *("all of one customer", "half of one customer's", "less than half", "a little more"),
        *("two exchanged", "three in a circle", "one that another had"),
    ],
)
def test_totals_that_change_are_asked_about_unless_few_were_corrected(
    amounts: list[str], of: int, customers: int, asked: bool
) -> None:
    found = billed(*amounts, of=of, customers=customers)
    assert [*found] == ["amounts-changed"] * asked
    if asked:
        assert found["amounts-changed"].refs == tuple(f"A{number + 1}" for number in range(len(amounts)))


def test_totals_that_changed_are_named_with_both() -> None:
    assert billed("101", "100")["amounts-changed"].message == (
        "amounts billed differ from the last report, though payments never change them. erp: 2 invoices with each "
        "other's totals: A2 Ada 101.00 GBP → 100.00 GBP; A1 Ada 100.00 GBP → 101.00 GBP. A column that was sorted "
        "alone does this, and so do net amounts in place of gross ones and amounts in a different currency. Look at "
        "the column of amounts in the export; approve if these invoices were corrected, as after a change of prices"
    )


@pytest.mark.parametrize("factor", ["10", "0.1", "0.01", "0.001"])
def test_one_total_with_its_point_in_another_place_is_asked_about(factor: str) -> None:
    before = invoices(30, amount="1230", balance="1230")
    moved = [Decimal(1230) * Decimal(factor), *[Decimal(1230)] * 29]
    found = said(planned(before, invoices(30, amount=moved, balance=moved)))
    assert [*found] == ["balances-scaled"]
    assert found["balances-scaled"].refs == ("A1",)
    # What was billed stays if it is a payment.
    assert factor == "10" or "balances-scaled" not in said(
        planned(before, invoices(30, amount="1230", balance=["123", *["1230"] * 29]))
    )


HUNDRED = [Decimal(100 + number) for number in range(100)]


def raised(many: int, factor: str, plus: str = "0") -> dict[str, Objection]:
    before = invoices(100, amount=None, balance=HUNDRED)
    after = [each * Decimal(factor) + n * Decimal(plus) if n < many else each for n, each in enumerate(HUNDRED)]
    return changed(before, balance=after)


def test_a_large_feed_that_rises_in_a_part_is_asked_about() -> None:
    assert raised(5, "1.5") == {}
    found = raised(6, "1.5")
    assert [*found] == ["sums-moved"]
    assert (
        "erp: of 100 invoices in both reports, 6 balances higher by 307.50 GBP: A6 Ada" in found["sums-moved"].message
    )


def test_interest_on_many_invoices_is_everyday_and_on_most_is_asked_about() -> None:
    assert raised(50, "1.01", "0.01") == {}
    assert [*raised(51, "1.01", "0.01")] == ["sums-moved"]


def fallen(many: int, customers: int) -> dict[str, Objection]:
    ids = [f"C-{number % customers}" for number in range(100)]
    before = invoices(100, amount=None, balance=HUNDRED, customer_id=ids)
    return changed(before, balance=[each - n - 1 if n < many else each for n, each in enumerate(HUNDRED)])


def test_a_third_that_falls_is_asked_about_unless_it_is_of_one_or_two_customers() -> None:
    assert fallen(33, 9) == {}
    assert [*fallen(34, 9)] == ["sums-moved"]
    assert fallen(34, 2) == {}


# --- more open than billed ------------------------------------------------------------------------------------------


def test_more_open_than_billed_is_asked_about_where_it_is_new() -> None:
    before = invoices(3, amount=["10", "20", "30"], balance=["12", "20", "30"])
    found = changed(before, balance=["13", "20", "31"])
    assert "balance-above-amount" not in found
    fine = invoices(3, amount=["10", "20", "30"], balance=["10", "20", "30"])
    objection = changed(fine, balance=["10", "20", "31"])["balance-above-amount"]
    assert objection.message.startswith("1 invoice with a higher balance than was billed: A3 Ada 31.00 GBP open, 30.00")
    assert objection.refs == ("A3",)


def test_new_invoices_are_looked_at_and_those_of_a_first_delivery() -> None:
    plan = planned(invoices(2), invoices(3, amount=["10", "10", "9"]))
    assert said(plan)["balance-above-amount"].refs == ("A3",)
    assert said(planned(None, invoices(2, amount=["10", "9"])))["balance-above-amount"].refs == ("A2",)


def test_fees_are_everyday_where_a_source_has_them_until_there_are_many() -> None:
    before = invoices(20, amount=["9", "9", *["10"] * 18])
    for many, asked in ((2, False), (3, True)):
        after = before.assign(amount=before["amount"].where(before.index >= 2 + many, before["amount"].iloc[0]))
        assert ("balance-above-amount" in said(planned(before, after))) is asked


@pytest.mark.parametrize(
    ("amount", "balance"), [(None, "10"), (None, "-10"), ("-10", "-10"), ("-10", "-9"), ("10", "10"), ("10", "9")]
)
def test_amounts_that_are_unknown_or_not_less_than_what_is_open_are_exceeded_by_nothing(
    amount: str | None, balance: str
) -> None:
    assert said(planned(None, invoices(1, amount=amount, balance=balance))) == {}


@pytest.mark.parametrize(("amount", "balance"), [("-10", "-11"), ("0", "5"), ("0", "-5"), ("10", "10.01")])
def test_credits_and_amounts_of_nothing_can_be_exceeded(amount: str, balance: str) -> None:
    assert [*said(planned(None, invoices(1, amount=amount, balance=balance)))] == ["balance-above-amount"]


def beside_fees(known: list[tuple[str, str]], *new: tuple[str, str], currency: str = "GBP") -> tuple[str, ...]:
    """Which of new invoices of these amounts and balances are asked about beside those that are known."""
    plain = [("100", "100")] * 10
    before, after = ([*known, *plain, *some] for some in ((), new))
    reports = [
        invoices(
            len(rows),
            amount=[amount for amount, _ in rows],
            balance=[balance for _, balance in rows],
            currency=["GBP"] * (len(known) + 10) + [currency] * (len(rows) - len(known) - 10),
        )
        for rows in (before, after)
    ]
    objection = said(planned(*reports)).get("balance-above-amount")
    return objection.refs if objection else ()


@pytest.mark.parametrize(
    ("amount", "balance", "asked"),
    [
        ("100", "90000", True),
        ("100", "125", False),
        ("100", "126", True),
        ("100000", "120000", False),
        ("4", "9", True),
        ("0", "2", True),
        ("-100", "-90000", True),
    ],
    ids=["of another kind", "a quarter", "over a quarter", "a fee on much", "a flat fee", "nothing billed", "credit"],
)
def test_an_excess_far_above_the_known_ones_is_asked_about_be_it_one(amount: str, balance: str, asked: bool) -> None:
    assert bool(beside_fees([("100", "105")], (amount, balance))) is asked


def test_an_excess_is_compared_with_the_largest_known_one_by_share_and_as_money() -> None:
    high = [("100", "150"), ("100", "105")]
    assert beside_fees(high, ("100", "200")) == ()
    assert beside_fees(high, ("50", "101")) == ("A13",)
    assert beside_fees(high, ("1000", "1300")) == ("A13",)
    assert beside_fees(high, ("100", "140"), currency="EUR") == ("A13",)
    assert beside_fees([("0", "50")], ("0", "100")) == ()
    assert beside_fees([("0", "50")], ("0", "101")) == ("A12",)


def test_two_invoices_with_far_more_open_than_billed_are_named_and_a_fee_beside_them_is_not() -> None:
    assert beside_fees([("100", "105")], ("100", "90000"), ("100", "90000")) == ("A12", "A13")
    assert beside_fees([("100", "105")], ("100", "90000"), ("100", "103")) == ("A12",)


def test_a_known_fee_that_grows_out_of_all_proportion_is_asked_about() -> None:
    before = invoices(9, amount="100", balance=["105", *["100"] * 8])
    assert "balance-above-amount" not in changed(before, balance=["110", *["100"] * 8])
    assert changed(before, balance=["900", *["100"] * 8])["balance-above-amount"].refs == ("A1",)


@pytest.mark.parametrize(
    ("kind", "amount", "balance"),
    [("invoice", "100", "-100"), ("invoice", "100", "-1"), ("credit_note", "100", "-100"), ("credit_note", "9", "-10")],
)
def test_a_balance_of_the_other_sign_than_its_amount_is_asked_about(kind: str, amount: str, balance: str) -> None:
    objection = said(planned(None, invoices(1, kind=kind, amount=amount, balance=balance)))["balance-above-amount"]
    assert objection.message == (
        f"1 invoice whose balance and billed amount differ in sign: A1 Ada {balance.replace('-', '−')}.00 GBP open, "
        f"{amount.replace('-', '−')}.00 GBP billed. Overpaid invoices look like this, and so do credit notes with the "
        "minus sign missing from one column. Check them in the source; approve if they are right"
    )


def test_balances_of_the_other_sign_are_asked_about_where_they_are_new_many_or_larger() -> None:
    assert beside_fees([("100", "-10")], ("100", "-20")) == ()
    assert beside_fees([("100", "-10")], *[("100", "-10")] * 2) == ()
    assert beside_fees([("100", "-10")], *[("100", "-10")] * 3) == ("A12", "A13", "A14")
    assert beside_fees([("100", "-10")], ("100", "-100")) == ("A12",)
    assert beside_fees([("100", "105")], ("100", "-10")) == ("A12",)


def test_an_excess_and_a_turned_sign_are_told_in_one_objection() -> None:
    message = said(planned(None, invoices(2, amount="100", balance=["120", "-100"])))["balance-above-amount"].message
    assert "A1 Ada 120.00 GBP open, 100.00 GBP billed. Fees and interest" in message
    assert "1 invoice whose balance and billed amount differ in sign: A2 Ada −100.00 GBP open" in message


# --- rows -----------------------------------------------------------------------------------------------------------


def test_changed_invoices_are_found_in_any_order_between_new_and_missing_ones() -> None:
    before = invoices(9, customer_name=[f"N{n}" for n in range(9)])
    after = before.assign(currency=["EUR" if n == 4 else "GBP" for n in range(9)]).astype({"currency": "str"})
    after = pd.concat([after.iloc[[7, 4, 2, 8]], invoices(["Z"])], ignore_index=True)
    objection = said(planned(before, after))["currency-changed"]
    assert "A5 N4 10.00 GBP → 10.00 EUR" in objection.message


def test_a_mistake_in_a_small_source_is_seen_beside_a_large_one() -> None:
    sources, balance = ["shop"] * 3 + ["erp"] * 200, [*OWED[:3], *["10"] * 200]
    before = invoices(203, source=sources, balance=balance, amount=None)
    found = changed(before, balance=["1000", "60", "200", *balance[3:]])
    assert found["sums-moved"].refs == ("A1", "A2", "A3")
    assert "shop: of 3 invoices in both reports, 3 balances lower by 380.50 GBP" in found["sums-moved"].message


# --- what is said ---------------------------------------------------------------------------------------------------


def test_what_is_said_of_numbers_that_are_used_again() -> None:
    others = {"customer_id": ["C-9", "C-8"], "issued_on": date(2026, 4, 9), "amount": "7", "balance": "7"}
    assert changed(invoices(2), **others)["number-reused"].message == (
        "2 numbers now stand for a different document, with a different customer, date and amount: A1: Ada (C-A1) "
        "10.00 GBP of 2026-04-01 → Ada (C-9) 7.00 GBP of 2026-04-09; A2: Ada (C-A2) 10.00 GBP of 2026-04-01 → Ada "
        "(C-8) 7.00 GBP of 2026-04-09. The receiver would put the new document in the place of the old one, whose debt "
        "would be gone. If numbers start again every year, or in every company, add what tells them apart, as with the "
        "transform `rename`; approve if the old documents are settled"
    )


@pytest.mark.parametrize(
    ("dates", "code", "message"),
    [
        (
            [date(2026, 4, 20), date(2026, 1, 4), date(2026, 2, 4), date(2026, 3, 4)],
            "dates-exchanged",
            "3 issue dates with day and month swapped: A2 2026-04-01 → 2026-01-04; A3 2026-04-02 → 2026-02-04; A4 "
            "2026-04-03 → 2026-03-04. Check the date order in the export and the source's `dates`; approve if the new "
            "dates are right",
        ),
        (
            [date(2026, 4, 20), date(2026, 4, 5), date(2026, 4, 6), date(2026, 4, 7)],
            "dates-shifted",
            "3 issue dates moved by the same number of days: A2 2026-04-01 → 2026-04-05; A3 2026-04-02 → 2026-04-06; "
            "A4 2026-04-03 → 2026-04-07. A time zone does this, and so does a workbook that counts its days from "
            "1904. Look at the export; approve if the new dates are right",
        ),
    ],
    ids=["exchanged", "shifted"],
)
def test_what_is_said_of_dates(dates: list[date], code: str, message: str) -> None:
    before = invoices(4, issued_on=[date(2026, 4, day) for day in (20, 1, 2, 3)])
    objection = changed(before, issued_on=dates)[code]
    assert (objection.message, objection.refs) == (message, ("A2", "A3", "A4"))


# --- limits, each met exactly ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "codes"),
    [
        (["12500"], ["balances-scaled"]),
        (["125"], []),
        (["12500", "80.5"], ["sums-moved"]),
        (["125", "8.05", "310"], ["balances-scaled"]),
        (["125", "8.05", "310", "44.4"], []),
        (["12.5", "0.81", "3.1", "44.4", "7000", "0"], ["balances-scaled"]),
        (["12.53", "0.79", "310"], []),
        (["625", "40.25", "155"], ["balances-scaled"]),
        (["1062.5", "68.43", "310"], ["balances-scaled"]),
        (["1462.5", "94.19", "310"], ["balances-scaled"]),
        (["1062.5", "68.43", "310", "44.4"], []),
        (["1000", "60"], []),
        (["1000", "60", "200", "30", "6000"], ["sums-moved"]),
        (["1251"], []),
        (["1260", "81.3", "310", "44.4"], []),
        (["1260", "81.3", "312", "44.4"], ["sums-moved"]),
    ],
    ids=[
        "ten times the only one", "a tenth of the only one", "ten times one of two", "a tenth of most",
        "a tenth of half", "hundredths, one of nothing", "cents off", "three halves", "a rate in two of three",
        "a higher rate in two of three", "a rate in half", "both lower", "all five lower", "the only one higher",
        "half higher", "most higher",
    ],
)  # fmt: skip
def test_limits_of_what_payments_explain(after: list[str], codes: list[str]) -> None:
    assert balances(*after) == codes


def test_equal_sums_that_change_alike_share_no_factor() -> None:
    before = invoices(3, balance="80", amount=None)
    assert [*changed(before, balance=["68", "68", "68"])] == ["sums-moved"]
    assert [*changed(before, balance=["8", "8", "80"])] == ["balances-scaled"], "powers of ten need no second sum"


def retained(many: int, others: int, amounts: bool = False) -> list[str]:
    """What is said if a tenth is left open of so many of a hundred sums, and so many others are paid in part."""
    before = invoices(100, amount=HUNDRED, balance=HUNDRED, customer_id="C-1")
    after = [each / 10 if n < many else each - (n < many + others) for n, each in enumerate(HUNDRED)]
    billed = [each / 10 if amounts and n == 0 else each for n, each in enumerate(HUNDRED)]
    return [code for code in changed(before, balance=after, amount=billed) if code == "balances-scaled"]


@pytest.mark.parametrize(
    ("many", "others", "asked"), [(9, 0, False), (10, 0, True), (10, 9, True), (10, 10, False), (51, 49, True)]
)
def test_many_retained_tenths_beside_few_payments_look_misread(many: int, others: int, asked: bool) -> None:
    assert retained(many, others) == ["balances-scaled"] * asked


def test_a_tenth_of_what_was_billed_too_is_no_retention() -> None:
    assert retained(2, 0, amounts=True) == ["balances-scaled"]
    assert retained(2, 0) == []


def test_what_a_factor_explains_is_told_with_all_factors_and_columns() -> None:
    before = invoices(6, amount=OWED, balance=OWED, source=["erp"] * 3 + ["shop"] * 3)
    found = changed(
        before,
        balance=["125000", "8050", "31000", "0.44", "70", "0.2"],
        amount=["125000", "8050", "31000", "44.4", "7000", "19.9"],
    )
    assert found["balances-scaled"].message == (
        "6 balances multiplied by 100 or 0.01: A5 Ada 7,000.00 GBP → 70.00 GBP; A1 Ada 1,250.00 GBP → 125,000.00 GBP; "
        "A3 Ada 310.00 GBP → 31,000.00 GBP; …; 3 amounts multiplied by 100: A1 Ada 1,250.00 GBP → 125,000.00 GBP; A3 "
        "Ada 310.00 GBP → 31,000.00 GBP; A2 Ada 80.50 GBP → 8,050.00 GBP. A lost decimal mark would explain this, and "
        "so would cents read as whole units, an inverted sign and a different currency. Look at the column in the "
        "export; approve if they are right"
    )
    assert found["balances-scaled"].refs == ("A1", "A2", "A3", "A4", "A5", "A6")


def test_each_currency_has_its_own_rate_and_small_change_of_its_own() -> None:
    before = invoices(6, amount=None, balance=["1000", "250", "70", "1000", "250", "70"], currency=["GBP", "JPY"] * 3)
    message = changed(before, balance=["850", "300", "59.5", "1200", "212.5", "84"])["balances-scaled"].message
    assert message.startswith("6 balances multiplied by 0.85 or 1.2: ")


def most_of(balances: list[str], after: list[str], customers: int = 9) -> list[str]:
    ids = [f"C-{n % customers}" for n in range(len(balances))]
    return [*changed(invoices(len(balances), amount=None, balance=balances, customer_id=ids), balance=after)]


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        (["100"] * 5, ["163", "163", *["100"] * 3], True),
        (["100"] * 5, ["162.5", "162.5", *["100"] * 3], False),
        (["110", "50", "50"], ["220", "50", "50"], True),
        (["100", "50", "50"], ["200", "50", "50"], False),
        (["110", "50", "50"], ["219", "50", "50"], False),
        (["100", "-50", "-50"], ["210", "-50", "-50"], True),
        (["-10", "100", "100"], ["-300", "100", "100"], True),
        (["-300", "100", "100"], ["-10", "100", "100"], False),
        (["100"] * 50, ["103", "104", "105", *["100"] * 47], True),
        (["100"] * 50, ["102", "104", "105", *["100"] * 47], False),
        (["100"] * 20, ["103", "104", *["100"] * 18], False),
    ],
    ids=[
        "two by over a quarter", "two by a quarter", "one doubled by over half", "one doubled by half",
        "one not quite doubled", "beside credits", "a credit that grew", "a credit used up", "three of fifty",
        "three, one by interest", "two of twenty",
    ],
)  # fmt: skip
def test_limits_of_what_may_rise(before: list[str], after: list[str], asked: bool) -> None:
    assert most_of(before, after) == ["sums-moved"] * asked


@pytest.mark.parametrize(
    ("count", "fell", "customers", "asked"),
    [(12, 6, 3, True), (12, 6, 2, False), (12, 5, 5, False), (18, 6, 6, False), (17, 6, 6, True), (6, 6, 1, False),
     (5, 5, 1, True)],
    ids=["six of twelve", "two customers", "five", "a third", "over a third", "all of one customer's six",
         "all of a small source"],
)  # fmt: skip
def test_limits_of_what_may_fall(count: int, fell: int, customers: int, asked: bool) -> None:
    before = [str(100 + n) for n in range(count)]
    after = [str(90 - 3 * n) if n < fell else each for n, each in enumerate(before)]
    assert most_of(before, after, customers) == ["sums-moved"] * asked


def test_of_currencies_that_changed_those_with_the_same_figures_are_counted_apart() -> None:
    plan = planned(invoices(3), invoices(3, currency="EUR", balance=["10", "9", "8"]), settings_changed=True)
    assert said(plan)["currency-changed"].message == (
        "3 invoices are in a different currency from the last report, 1 of them with the same figures: A1 Ada 10.00 "
        "GBP → 10.00 EUR; A2 Ada 10.00 GBP → 9.00 EUR; A3 Ada 10.00 GBP → 8.00 EUR. Look at the currency column of the "
        "export and at `currency` in plugins.toml (the configuration has changed since the last delivery); approve if "
        "they really were billed in it"
    )


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "asked"), [(1, True), (2, False), (364, False), (365, True), (-2, True)])
def test_due_dates_may_be_put_off_by_days_and_months_but_not_by_a_day_or_a_year(days: int, asked: bool) -> None:
    before = dated("2026-03-14", "2026-03-15", "2026-03-17", column="due_on", other="issued_on")
    dates = [day + timedelta(days=days) for day in before["due_on"]]
    assert [*changed(before, due_on=dates)] == ["dates-shifted"] * asked


def test_one_date_that_all_invoices_share_may_be_corrected() -> None:
    assert changed(dated(*["2026-03-14"] * 4), issued_on=[date(2026, 3, 13)] * 4) == {}


def test_dates_of_each_source_are_judged_apart_and_both_columns_told() -> None:
    days = [date(2026, 3, 14), date(2026, 3, 15), date(2026, 3, 17)]
    before = invoices(6, source=["erp"] * 3 + ["shop"] * 3, issued_on=days * 2, due_on=days * 2)
    day = timedelta(days=1)
    found = changed(
        before,
        issued_on=[*days, *[each - day for each in days]],
        due_on=[each - day for each in days] * 2,
        memo="changed",
    )
    assert [*found] == ["dates-shifted"]
    assert found["dates-shifted"].message.startswith(
        "3 issue dates moved by the same number of days: A4 2026-03-14 → 2026-03-13; A5 2026-03-15 → 2026-03-14; A6 "
        "2026-03-17 → 2026-03-16; 6 due dates moved by the same number of days: A1 2026-03-14 → 2026-03-13; A2 "
        "2026-03-15 → 2026-03-14; A3 2026-03-17 → 2026-03-16; …. A time zone does this"
    )
    assert found["dates-shifted"].refs == ("A1", "A2", "A3", "A4", "A5", "A6")


def test_exchanged_dates_of_each_source_are_judged_apart() -> None:
    first, second = [date(2026, 3, 4), date(2026, 3, 9)], [date(2026, 4, 3), date(2026, 9, 3)]
    before = invoices(6, source=["erp"] * 3 + ["shop"] * 3, issued_on=[*first, date(2026, 3, 20)] * 2, due_on=None)
    after = [first[0], first[1], date(2026, 3, 21), *second, date(2026, 3, 20)]
    assert changed(before, issued_on=after)["dates-exchanged"].refs == ("A4", "A5")


def test_half_of_the_dates_that_could_be_exchanged_are_corrections() -> None:
    before = dated("2026-03-04", "2026-03-09", "2026-03-05", "2026-03-06", "2026-03-25")
    half = ["2026-04-03", "2026-09-03", "2026-03-07", "2026-03-08", "2026-03-25"]
    most = ["2026-04-03", "2026-09-03", "2026-05-03", "2026-03-08", "2026-03-25"]
    # Four of five are too many changes, but not exchanged.
    assert [*changed(before, issued_on=[date.fromisoformat(day) for day in half])] == ["dates-changed"]
    assert [*changed(before, issued_on=[date.fromisoformat(day) for day in most])] == ["dates-exchanged"]


# --- who owes ---------------------------------------------------------------------------------------------------------


def test_invoices_that_moved_are_told_by_name_and_number_and_only_as_that() -> None:
    before = invoices(4, customer_name=["Ada", "Bo", "Cy", "Di"], customer_email=["a", "b", "c", "d"])
    rest = ". A column may have been sorted or filled by itself, or this may be another company's list. Compare these "
    found = changed(
        before, customer_id=["C-9", "C-8", "C-7", "C-A4"], customer_name=["Xi", "Yo", "Zed", "Di"], customer_email="x"
    )
    assert [*found] == ["customer-changed"]
    assert found["customer-changed"].message == (
        "customers are not those of the last report: 3 invoices now of a different customer: A1 Ada (C-A1) → Xi "
        f"(C-9); A2 Bo (C-A2) → Yo (C-8); A3 Cy (C-A3) → Zed (C-7){rest}with the source; approve if they are right"
    )


def test_names_and_emails_that_moved_are_told_in_one_objection() -> None:
    before = invoices(3, customer_name=["Ada", "Bo", "Cy"], customer_email=["a", "b", "c"])
    found = changed(before, customer_name=["Bo", "Ada", "Cy"], customer_email=["a", "c", "b"])["customer-changed"]
    assert found.message.startswith(
        "customers are not those of the last report: 2 invoices with the same customer number and a different name: A1 "
        "of C-A1: Ada → Bo; A2 of C-A2: Bo → Ada; 2 invoices with the same customer number and a different email: A2 "
        "of C-A2: b → c; A3 of C-A3: c → b. A column"
    )
    assert found.refs == ("A1", "A2", "A3")


def test_a_customer_known_by_name_only_is_told_by_name() -> None:
    before = by_name("Ada", "Bolt", "Cy")
    message = changed(before, customer_id=["Eve", "Bolt", "Cy"], customer_name=["Eve", "Bolt", "Cy"])
    assert "1 invoice now of a different customer: A1 Ada → Eve. A column" in message["customer-changed"].message


def test_two_customers_may_not_both_be_called_otherwise_and_may_both_get_new_addresses() -> None:
    before = invoices(2, customer_name=["A", "B"], customer_email=["a", "b"])
    assert [*changed(before, customer_name=["X", "Y"])] == ["customer-changed"]
    assert changed(before, customer_email=["x", "y"]) == {}


def test_customers_who_exchange_addresses_among_their_own_invoices_have_strayed_nowhere() -> None:
    before = invoices(9, customer_id=["1", "1", "2", "2", *"34567"], customer_email=list("abcdefghi"))
    assert changed(before, customer_email=["b", "a", "d", "c", *"efghi"]) == {}
    assert [*changed(before, customer_email=["c", "b", "a", "d", *"efghi"])] == ["customer-changed"]


def test_names_of_each_source_are_judged_apart() -> None:
    names = ["A", "B", "C", "D", "E", "F"]
    before = invoices(8, source=["erp"] * 3 + ["shop"] * 3 + ["till"] * 2, customer_name=[*names, "G", "H"])
    after = ["X1", "X2", "C", "X4", "X5", "F", "X7", "H"]
    assert changed(before, customer_name=after)["customer-changed"].refs == ("A1", "A2", "A4", "A5")


def many_by_name(*names: str) -> pd.DataFrame:
    """Two invoices of each of these customers, known by name only, among a hundred and more."""
    return by_name(*(name for name in names for _ in range(2)), *(f"Firm {n}" for n in range(100)))


def test_in_a_large_feed_two_customers_may_be_renamed_at_once() -> None:
    before = many_by_name("Ada", "Bo", "Cy")
    plan = planned(before, many_by_name("Eve", "Flo", "Cy"))
    assert said(plan) == {}
    assert note_changes(plan) == (
        "taken for 2 renamed customers, since every invoice of theirs has the new name: Ada → Eve, Bo → Flo. The "
        "receiver may take each for a new customer",
    )
    third = planned(before, many_by_name("Eve", "Flo", "Gus"))
    assert ([*said(third)], note_changes(third)) == (["customer-changed"], ())


@pytest.mark.parametrize(
    "names", [["Eve", "Eve", "Eve", "Eve"], ["Eve", "Eve", "Flo", "Flo"]], ids=["two become one", "one becomes two"]
)
def test_a_merger_or_a_division_is_no_renaming(names: list[str]) -> None:
    firms = [f"Firm {n}" for n in range(100)]
    before = by_name(*(["Ada"] * 4 if names[-1] == "Flo" else ["Ada", "Ada", "Bo", "Bo"]), *firms)
    after = by_name(*names, *firms)
    assert [*said(planned(before, after))] == ["customer-changed"]


def test_of_a_document_without_amounts_the_balances_are_told() -> None:
    columns = REUSED | {"amount": None}
    message = changed(invoices(2, amount=None), **columns)["number-reused"].message
    assert "A1: Ada (C-A1) 10.00 GBP of 2026-04-01 → Ada (C-9) 7.00 GBP of 2026-04-09. " in message


@pytest.mark.parametrize("side", ["before", "now"])
def test_an_amount_that_one_side_does_not_state_leaves_it_to_the_balance(side: str) -> None:
    before = invoices(1, amount=None if side == "before" else "10", due_on=None)
    other = {"customer_id": "C-9", "issued_on": date(2026, 4, 9), "amount": None if side == "now" else "10"}
    assert "number-reused" in changed(before, **other, balance="7")
    assert "number-reused" not in changed(before, **other)


# --- more open than billed, of several sources ------------------------------------------------------------------------


def test_fees_of_one_source_excuse_none_of_another_and_both_are_named() -> None:
    before = invoices(6, amount=["9", *["10"] * 5], source=["erp"] * 3 + ["shop"] * 3)
    one = changed(before, amount=["9", "10", "10", "9", "10", "10"])
    assert one["balance-above-amount"].refs == ("A4",)
    both = changed(before, amount=["1", "10", "10", "9", "10", "10"])["balance-above-amount"]
    assert both.refs == ("A1", "A4")
    assert both.message == (
        "2 invoices with a higher balance than was billed: A1 Ada 10.00 GBP open, 1.00 GBP billed; A4 Ada 10.00 GBP "
        "open, 9.00 GBP billed. Fees and interest do this, and so do a net amount beside a gross balance and a balance "
        "in the wrong row. Check them in the source; approve if they are right"
    )


@pytest.mark.parametrize(("new", "asked"), [(5, False), (6, True)])
def test_as_many_new_fees_as_there_were_are_everyday_and_more_are_not(new: int, asked: bool) -> None:
    assert bool(beside_fees([("100", "101")] * 5, *[("100", "101")] * new)) is asked


def test_of_many_that_do_not_fit_the_largest_are_named() -> None:
    rows = invoices(5, amount=["1", "2", "3", "4", "5"])
    message = said(planned(None, rows))["balance-above-amount"].message
    assert "A3 Ada 10.00 GBP open, 3.00 GBP billed; …. Fees" in message


# --- small sums and several sources -----------------------------------------------------------------------------------


def test_a_sum_of_one_can_be_multiplied_too() -> None:
    assert most_of(["1", "50", "60"], ["100", "50", "60"]) == ["balances-scaled"]


def test_sums_below_one_rise_like_others() -> None:
    message = changed(invoices(3, amount=None, balance=["0.5", "0.6", "0.7"]), balance=["0.6", "0.7", "0.8"])
    assert "erp: of 3 invoices in both reports, 3 balances higher by 0.30 GBP: " in message["sums-moved"].message


def test_a_rate_in_one_source_is_found_beside_a_few_payments_in_another() -> None:
    before = invoices(
        7, amount=None, balance=["1250", "80.5", "310", "7", *OWED[:3]], source=["erp"] * 4 + ["shop"] * 3
    )
    found = changed(before, balance=["1250", "40", "310", "7", "1062.5", "68.43", "263.5"])
    assert [*found] == ["balances-scaled"]
    assert found["balances-scaled"].refs == ("A5", "A6", "A7")


def test_what_moved_in_several_sources_is_told_of_each_beside_what_a_factor_explains() -> None:
    before = invoices(9, amount=None, balance=OWED[:3] * 3, source=["erp"] * 3 + ["shop"] * 3 + ["till"] * 3)
    found = changed(before, balance=["1000", "60", "200", "1251", "80.5", "311", "125000", "8050", "31000"])
    assert found["balances-scaled"].refs == ("A7", "A8", "A9")
    assert found["sums-moved"].message == (
        "balances have moved more than new and paid invoices explain. erp: of 3 invoices in both reports, 3 balances "
        "lower by 380.50 GBP: A1 Ada 1,250.00 GBP → 1,000.00 GBP; A3 Ada 310.00 GBP → 200.00 GBP; A2 Ada 80.50 GBP → "
        "60.00 GBP; shop: of 3 invoices in both reports, 2 balances higher by 2.00 GBP: A4 Ada 1,250.00 GBP → 1,251.00 "
        "GBP; A6 Ada 310.00 GBP → 311.00 GBP. Payments and credits lower a few balances and raise none; balances in "
        "wrong rows do this. Compare some with the source; approve if they are right"
    )
    assert found["sums-moved"].refs == ("A1", "A2", "A3", "A4", "A6")


def test_balances_that_rose_and_fell_are_told_apart() -> None:
    before = invoices(3, amount=None, balance=["100", "200", "300"])
    message = changed(before, balance=["200", "100", "250"])["sums-moved"].message
    assert "1 balance higher by 100.00 GBP, 2 balances lower by 150.00 GBP: A3 Ada 300.00 GBP → 250.00 GBP; " in message


@pytest.mark.parametrize(
    ("known", "new", "currency", "asked"),
    [
        (("100", "150"), ("4", "5.5"), "EUR", True),
        (("100", "150"), ("4", "5.5"), "GBP", False),
        (("100", "115"), ("10", "13"), "GBP", False),
    ],
    ids=["the first of its currency", "one of many", "twice the known share"],
)
def test_limits_of_an_excess(known: tuple[str, str], new: tuple[str, str], currency: str, asked: bool) -> None:
    assert bool(beside_fees([known], new, currency=currency)) is asked


def test_where_all_changed_and_stand_in_another_order_each_is_held_against_itself() -> None:
    before = invoices(2, customer_name=["Ada", "Bo"], balance=["10", "20"])
    after = before.assign(currency=invoices(2, currency="EUR")["currency"]).iloc[::-1].reset_index(drop=True)
    objection = said(planned(before, after))["currency-changed"]
    assert (
        "2 of them with the same figures: A2 Bo 20.00 GBP → 20.00 EUR; A1 Ada 10.00 GBP → 10.00 EUR. "
        in objection.message
    )
    assert objection.refs == ("A2", "A1")


def test_small_sums_whose_amounts_are_not_stated_are_no_returned_payments() -> None:
    assert most_of(["0.4"] * 5, ["0.7", "0.7", "0.4", "0.4", "0.4"]) == ["sums-moved"]

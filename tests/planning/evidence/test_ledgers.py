"""Lists are held against control accounts: what counts is that the difference has not moved, to the cent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from arfeed import Complete, ControlAccount
from arfeed.model.results import Ledger, LedgerState, Plan, SourceReport
from arfeed.planning.evidence.ledgers import (
    compare_ledgers,
    find_accounted_for,
    find_ledger_states,
    list_figures,
    note_ledgers,
    note_lost_accounts,
    sum_outflow,
)
from support.feeds.plans import heard, invoices, planned, source

LISTED = invoices(4, currency=["GBP", "GBP", "EUR", "JPY"], balance=["10.10", "-0.10", "7", "1000"])


def account(name: str = "erp", **known: Any) -> SourceReport:
    """A source with a control account; balances in short form, by currency."""
    balances = {currency: Decimal(text) for currency, text in known.pop("balances", {"GBP": "12"}).items()}
    return source(name, complete=Complete(control_account=ControlAccount(balances, **known)))


def state(currency: str = "GBP", listed: str = "10", of: str = "12", **known: Any) -> LedgerState:
    return LedgerState(known.pop("source", "erp"), currency, Decimal(listed), Decimal(of), **known)


def before(*states: LedgerState) -> dict[tuple[str, str], LedgerState]:
    return {(each.source, each.currency): each for each in states}


def sums(states: tuple[LedgerState, ...]) -> list[tuple[str, str, str]]:
    return [(each.currency, f"{each.listed.normalize():f}", f"{each.account.normalize():f}") for each in states]


# --- what list and account say ----------------------------------------------------------------------------------------


def test_the_list_is_summed_by_currency_beside_its_account() -> None:
    states = find_ledger_states([account(balances={"GBP": "12", "EUR": "7"})], LISTED, {})
    assert sums(states) == [("EUR", "7", "7"), ("GBP", "10", "12"), ("JPY", "1000", "0")]
    assert [(each.differences, each.received) for each in states] == [(None, None)] * 3


def test_a_source_without_a_control_account_has_no_state() -> None:
    assert find_ledger_states([source()], LISTED, {}) == ()


def test_another_sources_rows_are_not_summed() -> None:
    rows = invoices(2, source=["erp", "shop"])
    assert sums(find_ledger_states([account(), source("shop")], rows, {})) == [("GBP", "10", "12")]


def test_a_currency_that_vanished_from_list_and_account_has_come_to_0() -> None:
    states = find_ledger_states([account()], LISTED[:2], before(state("USD", "5", "5"), state("CHF", source="shop")))
    assert sums(states) == [("GBP", "10", "12"), ("USD", "0", "0")]


def test_a_source_that_is_carried_forward_keeps_the_state_that_its_rows_are_of() -> None:
    kept = state(listed="1", of="2"), state("EUR", "3", "4")
    carried = account()._replace(failed="no file", complete=Complete())
    assert find_ledger_states([carried], invoices(0), before(*kept, state("GBP", source="shop"))) == kept


def test_an_account_by_customer_says_where_the_list_has_more_or_less() -> None:
    rows = invoices(3, customer_id=["ada", "ada", "bo"], currency=["GBP", "EUR", "GBP"])
    customers = {("ada", "GBP"): Decimal(12), ("bo", "GBP"): Decimal(10), ("cy", "EUR"): Decimal(4)}
    by = {each.currency: each.differences for each in find_ledger_states([account(customers=customers)], rows, {})}
    assert by == {"GBP": {"ada": Decimal(-2)}, "EUR": {"ada": Decimal(10), "cy": Decimal(-4)}}


def test_what_was_received_is_0_in_a_currency_of_which_the_account_is_silent() -> None:
    states = find_ledger_states([account(received={"GBP": Decimal(3)})], LISTED[:3], {})
    assert [each.received for each in states] == [Decimal(0), Decimal(3)]


# --- how they compare -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "of", "moved"),
    [("10", "12", "0"), ("8", "10", "0"), ("8", "12", "-2"), ("9.99", "12", "-0.01"), ("10", "11.99", "0.01")],
    ids=["nothing happened", "both fell alike", "the list alone fell", "a cent less", "a cent more"],
)
def test_what_counts_is_that_the_difference_has_not_moved(listed: str, of: str, moved: str) -> None:
    (ledger,) = compare_ledgers([state(listed=listed, of=of)], before(state()))
    assert ledger.moved == Decimal(moved)
    assert (ledger.listed_before, ledger.account_before) == (Decimal(10), Decimal(12))


def test_nothing_has_moved_where_no_account_was_known_before() -> None:
    (ledger,) = compare_ledgers([state()], before(state("EUR"), state(source="shop")))
    assert ledger.moved is None


def test_currencies_and_sources_are_never_added_up() -> None:
    then = before(state(), state("EUR"), state(source="shop"))
    now = [state(listed="9"), state("EUR", "11"), state(source="shop", listed="10")]
    assert [ledger.moved for ledger in compare_ledgers(now, then)] == [Decimal(-1), Decimal(1), Decimal(0)]


def test_customers_whose_difference_moved_come_the_largest_first() -> None:
    then = {"ada": Decimal(1), "bo": Decimal(2), "di": Decimal(7)}
    now = {"ada": Decimal(-4), "bo": Decimal(2), "cy": Decimal(5), "di": Decimal(-2)}
    (ledger,) = compare_ledgers([state(differences=now)], before(state(differences=then)))
    assert ledger.customers == (("di", Decimal(-9)), ("ada", Decimal(-5)), ("cy", Decimal(5)))


@pytest.mark.parametrize(("now", "then"), [(None, {"ada": Decimal(1)}), ({"ada": Decimal(1)}, None), (None, None)])
def test_customers_are_compared_only_where_both_accounts_name_them(
    now: dict[str, Decimal] | None, then: dict[str, Decimal] | None
) -> None:
    (ledger,) = compare_ledgers([state(differences=now)], before(state(differences=then)))
    assert ledger.customers == ()


# --- what is objected to ----------------------------------------------------------------------------------------------


def ledger(**known: Any) -> Ledger:
    plain = {"listed": "90", "account": "100", "listed_before": "100", "account_before": "100"} | known
    amounts = {name: None if plain[name] is None else Decimal(plain.pop(name)) for name in [*plain] if name in AMOUNTS}
    return Ledger(plain.pop("source", "erp"), plain.pop("currency", "GBP"), **{**plain, **amounts})


AMOUNTS = ("listed", "account", "listed_before", "account_before", "received")


def balanced(*ledgers: Ledger, missing: int = 1, **known: Any) -> Plan:
    """A plan of ten invoices of 10 GBP of which so many are gone."""
    rows = invoices(10)
    plain: dict[str, Any] = {"reasons": "gone", "sources": (source(),)} | known
    return planned(rows, rows.iloc[missing:].reset_index(drop=True), ledgers=ledgers, **plain)


def test_a_difference_that_moved_is_refused_with_both_numbers() -> None:
    objections = heard(balanced(ledger(listed="90", account="99.5", account_before="99.5")))
    assert [*objections] == ["unexplained", "ledger-moved"]
    assert objections["ledger-moved"].message == (
        "erp: its list totals 90.00 GBP and its control account says 99.50 GBP; they differed by 0.50 GBP at the last "
        "delivery and differ by −9.50 GBP now, 10.00 GBP less on the list. If the list has lost invoices, export it "
        "again, at the same moment as the control account; approve if the difference has a reason in the books, such "
        "as a payment on account or a journal entry"
    )
    assert objections["ledger-moved"].refs == ("A1",)


def test_a_difference_that_moved_is_refused_though_nothing_is_missing() -> None:
    objections = heard(balanced(ledger(listed="100.01"), missing=0, reasons=[]))
    assert [*objections] == ["ledger-moved"]
    assert "0.01 GBP more on the list. " in objections["ledger-moved"].message


def test_customers_where_the_difference_moved_are_named() -> None:
    customers = tuple((name, Decimal(by)) for name, by in [("ada", "-6"), ("bo", "-2"), ("cy", "-1"), ("di", "-1")])
    message = heard(balanced(ledger(customers=customers)))["ledger-moved"].message
    assert "less on the list, at ada (−6.00 GBP), bo (−2.00 GBP), cy (−1.00 GBP) and 1 more. If" in message


def test_every_currency_that_moved_is_named_and_only_its_unproven_invoices_are_meant() -> None:
    rows = invoices(4, currency=["GBP", "EUR", "GBP", "USD"])
    ledgers = ledger(), ledger(currency="EUR"), ledger(currency="USD", listed="100")
    plan = planned(rows, invoices(["X"]), reasons=["gone", "gone", "paid", "gone"], ledgers=ledgers)
    objection = heard(plan)["ledger-moved"]
    assert objection.message.count("differed by") == 2
    assert objection.refs == ("A1", "A2")


def test_a_difference_that_stays_is_no_matter() -> None:
    assert heard(balanced(ledger(listed="90", account="85", account_before="95"))) == {}


def test_a_first_control_account_is_no_matter_and_is_noted() -> None:
    first = ledger(listed_before=None, account_before=None)
    assert [*heard(balanced(first))] == ["unexplained"]
    assert [*note_ledgers([first])] == [
        "erp: list 90.00 GBP, control account 100.00 GBP, difference −10.00 GBP; the next delivery will be compared "
        "with it"
    ]


def test_a_difference_that_stays_is_noted_and_one_that_moved_is_objected_to() -> None:
    stays = ledger(listed="90", account="85.5", account_before="95.5", currency="EUR")
    assert [*note_ledgers([stays, ledger()])] == [
        "erp: list 90.00 EUR, control account 85.50 EUR, difference 4.50 EUR, as at the last delivery"
    ]


# --- what was received ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("received", "refused"), [("20", False), ("19.99", True), ("25", False), ("0", True)])
def test_no_more_may_leave_the_list_than_was_received(received: str, refused: bool) -> None:
    plan = balanced(ledger(listed="80", account="80", received=received), missing=2)
    assert [*heard(plan)] == ["more-than-received"] * refused
    assert find_accounted_for(plan.ledgers, sum_outflow(plan)) == (set() if refused else {("erp", "GBP")})


def test_what_left_and_what_was_received_are_both_said() -> None:
    objection = heard(balanced(ledger(listed="80", account="80", received="5"), missing=2))["more-than-received"]
    assert objection.message == (
        "20.00 GBP has gone from the list of erp since the last delivery, and only 5.00 GBP was booked as received, "
        "credited or written off. Look for what the list has lost; approve if something else explains it"
    )
    assert objection.refs == ("A1", "A2")


@pytest.mark.parametrize(
    "known", [{"received": None}, {"received": "1", "listed_before": None, "account_before": None}],
    ids=["not said", "nothing known before"],
)  # fmt: skip
def test_what_was_received_is_weighed_only_where_it_is_known_since_when(known: dict[str, Any]) -> None:
    plan = balanced(ledger(account="90", **known), reasons="paid")
    assert heard(plan) == {}
    assert find_accounted_for(plan.ledgers, sum_outflow(plan)) == set()


def test_what_a_moved_ledger_received_accounts_for_nothing() -> None:
    plan = balanced(ledger(received="10"))
    assert find_accounted_for(plan.ledgers, sum_outflow(plan)) == set()


def test_what_was_paid_in_part_has_left_the_list_too() -> None:
    rows = invoices(4, balance=["10", "10", "-5", "10"])
    now = invoices(3, balance=["4", "12", "-1"])
    plan = planned(rows, now, reasons="paid", ledgers=(ledger(received="16"),))
    assert sum_outflow(plan) == {("erp", "GBP"): Decimal(16)}


def test_only_its_own_source_and_currency_have_left_a_list() -> None:
    rows = invoices(4, source=["erp", "shop", "erp", "erp"], currency=["GBP", "GBP", "EUR", "GBP"])
    pounds, euros = ledger(received="20"), ledger(received="10", currency="EUR")
    plan = planned(rows, invoices(["X"]), reasons="paid", ledgers=(pounds, euros, ledger(currency="USD")))
    assert sum_outflow(plan) == {("erp", "GBP"): Decimal(20), ("erp", "EUR"): Decimal(10)}
    assert sum_outflow(replace(plan, before=None)) == {("erp", "GBP"): Decimal(0), ("erp", "EUR"): Decimal(0)}


def test_a_first_delivery_has_lost_nothing() -> None:
    plan = replace(balanced(ledger(received="0"), missing=0, reasons=[]), before=None)
    assert "more-than-received" not in heard(plan)


def test_sums_keep_every_digit() -> None:
    rows = pd.concat([invoices(1, balance="0.0001")] * 3, ignore_index=True)
    (only,) = find_ledger_states([account(balances={"GBP": "0.0003"})], rows, {})
    assert only.listed == only.account


# --- apart as a whole, and at a customer ------------------------------------------------------------------------------


def test_a_comparison_holds_what_both_sides_said_now_and_then() -> None:
    now = state(listed="9", of="11", received=Decimal(3), differences={"ada": Decimal(-2), "bo": Decimal(1)})
    then = state(listed="10", of="12", received=Decimal(7), differences={"ada": Decimal(-2)})
    amounts = Decimal(9), Decimal(11), Decimal(10), Decimal(12)
    assert compare_ledgers([now], before(then)) == (
        Ledger("erp", "GBP", *amounts, (("bo", Decimal(1)),), Decimal(3)),
    )  # fmt: skip
    first = Ledger("erp", "GBP", Decimal(9), Decimal(11), None, None, (), Decimal(3))
    assert compare_ledgers([now], {}) == (first,)


def test_customers_that_only_one_side_names_have_moved_by_all_that_they_differ() -> None:
    now, then = {"bo": Decimal(-5), "ada": Decimal(5)}, {"cy": Decimal(5)}
    (ledger,) = compare_ledgers([state(differences=now)], before(state(differences=then)))
    assert ledger.customers == (("ada", Decimal(5)), ("bo", Decimal(-5)), ("cy", Decimal(-5)))


def test_several_sources_have_states_of_their_own_beside_one_that_is_carried_forward() -> None:
    rows = invoices(3, source=["erp", "shop", "erp"], currency=["GBP", "GBP", "EUR"])
    carried = account("till")._replace(failed="no file", complete=Complete())
    kept = state(source="till"), state("EUR", source="till")
    customers: dict[tuple[str, str], Decimal] = {("C-A2", "GBP"): Decimal(10)}
    shop = account("shop", balances={"GBP": "10"}, customers=customers)
    found = find_ledger_states([account(), carried, shop], rows, before(*kept))
    assert [(each.source, each.currency, each.account) for each in found] == [
        ("erp", "EUR", Decimal(0)), ("erp", "GBP", Decimal(12)), ("till", "GBP", Decimal(12)),
        ("till", "EUR", Decimal(12)), ("shop", "GBP", Decimal(10)),
    ]  # fmt: skip
    assert found[-1].differences == {}
    assert found[0].differences is None


SHIFTED = ledger(listed="90", account="90", customers=(("C-A1", Decimal(-10)), ("bo", Decimal(10))))
"""The sums still agree: what the list has lost at one customer it has gained at another."""


def test_sums_that_agree_do_not_hide_a_customer_whose_invoices_are_gone() -> None:
    objection = heard(balanced(SHIFTED))["ledger-moved"]
    assert objection.message.startswith(
        "erp: its list totals 90.00 GBP and its control account says 90.00 GBP; they differed by 0.00 GBP at the last "
        "delivery and differ by 0.00 GBP now, 0.00 GBP more on the list, at C-A1 (−10.00 GBP), bo (10.00 GBP). If the "
    )
    assert objection.refs == ("A1",)


@pytest.mark.parametrize(
    ("of", "known"),
    [
        (SHIFTED, {"missing": 0, "reasons": []}),
        (SHIFTED, {"reasons": "paid"}),
        (SHIFTED._replace(source="shop"), {}),
        (SHIFTED._replace(currency="EUR"), {}),
        (SHIFTED._replace(customers=(("bo", Decimal(1)),)), {}),
        (SHIFTED._replace(customers=()), {}),
        (SHIFTED._replace(listed_before=None, customers=()), {}),
    ],
    ids=["nothing gone", "proven", "another source", "another currency", "another customer", "no customers", "first"],
)
def test_a_customer_counts_only_if_unproven_invoices_of_that_very_list_are_gone(
    of: Ledger, known: dict[str, Any]
) -> None:
    assert "ledger-moved" not in heard(balanced(of, **known))


def test_what_an_approval_is_bound_to_are_the_figures_of_the_objections_raised() -> None:
    plan = balanced(SHIFTED._replace(received=Decimal(4)), ledger(currency="EUR"), ledger(currency="USD", listed="100"))
    left = sum_outflow(plan)
    assert [*list_figures(plan, {"ledger-moved"}, left)] == [
        "ledger-moved erp GBP 0 ['C-A1 -10', 'bo 10']",
        "ledger-moved erp EUR -10 []",
    ]
    assert [*list_figures(plan, {"more-than-received", "pattern"}, left)] == ["more-than-received erp GBP 10.0000 4"]
    assert [*list_figures(plan, {"stale-source"}, left)] == ["as of erp None"]
    assert [*list_figures(plan, {"as-of-backwards"}, left)] == ["as of erp None"]
    assert [*list_figures(plan, {"pattern"}, left)] == []


def test_a_control_account_that_is_given_no_more_is_noted_by_its_source() -> None:
    then = before(state(), state("EUR"), state(source="till"), state(source="gone"))
    assert [*note_lost_accounts([state(source="shop")], then, ["till", "erp", "shop"])] == [
        f"{name}: it had a control account at the last delivery and has none now, so no control account backs what is "
        "missing there"
        for name in ("erp", "till")
    ]
    assert [*note_lost_accounts([state()], before(state(), state("EUR")), ["erp"])] == []

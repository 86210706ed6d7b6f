"""Ways in which debts were lost that a fresh reader found, each through a whole feed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arfeed.runs.expectations import ExpectedClosings, expect
from support.feeds.company_books import keep_books
from support.feeds.feed import Feed, codes, invoice, invoices
from support.feeds.interruptions import KilledError, die_after_the_report


@pytest.fixture
def balanced(feed: Feed) -> Feed:
    """A feed with a control account that agreed with its list when it was delivered."""
    feed.sources["erp"] = {"control_account": {"path": "account.csv", "balance": "owed", "currency": "currency"}}
    post(feed, invoices(20))
    feed.export(invoices(20))
    feed.approved()
    return feed


def post(feed: Feed, rows: list[dict[str, str]], more: int = 0) -> None:
    sums = {"EUR": more, "GBP": 0}
    for row in rows:
        sums[row["currency"]] += int(float(row["balance"]))
    lines = [f"1200,{owed},{currency}" for currency, owed in sums.items()]
    (feed.folder / "account.csv").write_text("\n".join(["account,owed,currency", *lines, ""]))


def test_an_approval_of_a_difference_covers_no_other_difference(balanced: Feed) -> None:
    post(balanced, invoices(20), more=10)
    refused = balanced.sync()
    assert codes(refused) == ["ledger-moved"]
    post(balanced, invoices(20), more=250)
    assert balanced.sync(refused.plan.approval).receipt is None
    post(balanced, invoices(20), more=10)
    assert balanced.sync(refused.plan.approval).receipt


def test_a_run_that_was_killed_hides_no_loss_from_the_control_account(balanced: Feed) -> None:
    with pytest.raises(KilledError):
        die_after_the_report(balanced)
    for name in balanced.reports():
        (balanced.receiver / name).unlink()
    balanced.sources["erp"]["absent_means_paid"] = True
    balanced.export(invoices(19))
    assert "ledger-moved" in codes(balanced.sync())


def test_an_adopted_report_is_still_held_against_the_control_account(balanced: Feed) -> None:
    balanced.adopt(balanced.reports()[-1].rpartition("/")[2])
    balanced.export(invoices(19))
    assert "ledger-moved" in codes(balanced.sync())


def test_a_control_account_that_is_gone_is_named(balanced: Feed) -> None:
    del balanced.sources["erp"]["control_account"]
    assert any("it had a control account at the last delivery" in note for note in balanced.plan().notes)


def test_one_paid_row_of_long_ago_makes_no_guard_calmer(feed: Feed) -> None:
    header = [*invoice(1), "status"]
    rows = [{**row, "status": "open"} for row in invoices(200)]
    old = {**invoice(900, balance="0.00"), "status": "paid"}
    feed.sources["erp"] = {"absent_means_paid": True, "columns": {"status": "status"}}
    feed.export([*rows, old], header=header)
    feed.approved()
    assert feed.plan().figures[0].unproven == 0
    feed.export([*rows[:190], old], header=header)
    assert codes(feed.sync())


def test_an_answer_given_in_advance_is_kept_under_the_name_that_the_history_knows(running: Feed) -> None:
    closings = ExpectedClosings("write-off", running.now.date() + timedelta(days=5))
    made = expect(running.project(), closings, clock=running.clock)
    with running.records() as history:
        assert history.expectations(running.where, made.until) == [made]


def test_a_large_invoice_that_is_not_due_is_asked_about_in_a_new_feed_too(running: Feed) -> None:
    large = invoice(900, balance="500000.00", amount="500000.00", due_on="2026-07-30")
    running.export([*invoices(200), large])
    running.sync()
    running.export(invoices(200))
    assert codes(running.sync())


def test_a_source_that_lists_nothing_any_more_is_asked_about_beside_others(running: Feed) -> None:
    running.sources["small"] = {"allow_empty": True, "absent_means_paid": True}
    running.export([invoice(901), invoice(902)], "small")
    running.sync(running.sync().plan.approval)
    running.export([], "small")
    refused = running.sync()
    assert "empty-report" in codes(refused)
    assert any("nothing is open any more in small" in each.message for each in refused.plan.objections)


def test_what_is_called_open_with_nothing_left_is_named_in_a_first_plan_too(feed: Feed) -> None:
    header = [*invoice(1), "status"]
    zero = [{**row, "status": "open", "balance": "0.00"} for row in invoices(3)]
    others = [{**row, "status": "open"} for row in invoices(4, first=10)]
    feed.sources["erp"] = {"columns": {"status": "status"}}
    feed.export([*zero, *others], header=header)
    assert any("3 documents are called open, with an amount and a balance of 0" in note for note in feed.plan().notes)


def test_the_source_of_an_adopted_row_is_asked_too(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    (book,) = keep_books(feed, monkeypatch, "erp")
    book.says(invoices(20))
    feed.approved()
    feed.adopt(feed.reports()[-1].rpartition("/")[2])
    paid = {**invoice(1), "status": "paid", "balance": "0.00"}
    book.says(invoices(19, first=2), answers=[paid])
    assert codes(feed.sync()) == []


def test_a_refused_list_is_not_delivered_for_having_waited(running: Feed) -> None:
    running.export(invoices(190))
    assert "pattern" in codes(running.sync())
    for _ in range(10):
        running.now += timedelta(days=7)
        assert codes(running.sync())
    running.export(invoices(200))
    assert running.sync().receipt


def test_a_source_taken_out_is_asked_about_after_a_resend_too(running: Feed) -> None:
    running.sources["branch"] = {"absent_means_paid": True}
    running.export([invoice(900)], "branch")
    running.sync(running.sync().plan.approval)
    last = str(running.receipts()[-1]["run"])
    del running.sources["branch"]
    assert "config-changed" in codes(running.sync())
    running.resend(last)
    assert {"unexplained", "config-changed"} <= set(codes(running.sync()))


def test_a_namesake_that_was_paid_before_stays_what_it_was(feed: Feed) -> None:
    header = [*invoice(1), "status"]
    rows = [{**row, "status": "open"} for row in invoices(20)]
    paid = {**invoice(1, balance="0.00"), "status": "paid"}
    feed.sources["erp"] = {"columns": {"status": "status"}}
    feed.export([*rows, paid], header=header)
    feed.approved()
    feed.export(rows, header=header)
    assert feed.sync().receipt
    feed.export([*rows[1:], paid], header=header)
    assert "unexplained" in codes(feed.sync())


def test_the_company_counts_however_its_column_is_written(feed: Feed) -> None:
    header = [*invoice(1), "status", "Company"]
    rows = [{**row, "status": "open", "Company": "1"} for row in invoices(20)]
    feed.sources["erp"] = {"columns": {"status": "status"}}
    feed.export(rows, header=header)
    feed.approved()
    paid = {**rows[0], "status": "paid", "balance": "0.00"}
    feed.export([*rows[1:], {**paid, "Company": "2"}], header=header)
    assert "unexplained" in codes(feed.sync())
    feed.export([*rows[1:], paid], header=header)
    assert codes(feed.sync()) == []


def test_balances_that_become_0_all_at_once_are_asked_about(feed: Feed) -> None:
    feed.export(invoices(20))
    feed.approved()
    feed.export([{**row, "balance": "0.00"} if number else row for number, row in enumerate(invoices(20))])
    assert codes(feed.sync()) == ["contradiction"]

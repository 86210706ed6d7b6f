"""The guards that need no odds: money, share, an older list, what came back, a file that is gone."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import Any

import numpy as np
import pandas as pd
import pytest

from arfeed.planning.habits.chances import compute_odds, weigh_rows
from arfeed.planning.habits.memory import Habits
from arfeed.planning.habits.plain import GoneFile, Share, find_gone_files, find_large_share
from support.feeds.cases import YESTERDAY, after_days, case, due_in, heard, listed
from support.feeds.plans import invoices


def rich(large: str, **columns: Any) -> pd.DataFrame:
    """A hundred invoices of 1,000 in all but the first, which is due in three weeks as they are."""
    return listed(101, customers=100, balance=[large, *["10"] * 100], **columns)


@pytest.mark.parametrize(("large", "asked"), [("111", False), ("112", True)], ids=["a tenth", "over a tenth"])
def test_much_money_that_nobody_pays_at_such_a_time_is_asked_for(large: str, asked: bool) -> None:
    rows = rich(large)
    assert ("missing-money" in heard(case(rows, [0]), after_days(rows, (), 5))) is asked


def test_a_single_overdue_invoice_of_a_feed_that_is_new_is_not_asked_about() -> None:
    late, early = rich("3000", due_on=[due_in(-200), *[due_in(-5)] * 100]), rich("3000")
    for days, asked in ((0, False), (4, False), (5, True)):
        assert bool(heard(case(late, [0]), after_days(late, (), days))) is asked
    assert heard(case(early, [0]))
    assert heard(case(early, [0, 1]))


def test_the_money_that_is_gone_and_owed_is_said() -> None:
    rows = rich("3000")
    message = heard(case(rows, [0]), after_days(rows, (), 5))["missing-money"].message
    assert message.startswith(
        "1 invoice rarely paid at this age is missing from erp, and with it 3,000.00 GBP of 4,000.00 GBP (75%) of all "
        "that was owed: A1 Customer 0 3,000.00 GBP. Check in the source"
    )


def test_money_that_was_due_is_nobodys_surprise() -> None:
    assert "missing-money" not in heard(case(rich("3000", due_on=due_in(-2)), [0]))


def test_money_is_not_weighed_against_another_currency() -> None:
    rows = rich("112", currency=["EUR", *["GBP"] * 100])
    said = heard(case(rows, [0]), after_days(rows, (), 5))["missing-money"].message
    assert "112.00 EUR of 112.00 EUR (100%)" in said
    other = rich("112", currency=["GBP", *["GBP"] * 99, "EUR"])
    assert "EUR" not in heard(case(other, [0]), after_days(other, (), 5))["missing-money"].message.split(" of all")[0]


def test_more_caution_allows_more_money_and_asks_for_longer_odds() -> None:
    rows = rich("320")
    assert "missing-money" not in heard(case(rows, [0], caution=100))
    calm = after_days(rows, (), 150)
    assert "missing-money" in heard(case(rows, [0], caution=100), calm)
    assert "missing-money" not in heard(case(rich("250"), [0], caution=100), calm)


def overdue(count: int, customers: int) -> pd.DataFrame:
    return listed(count, customers=customers, due_on=due_in(-5))


@pytest.mark.parametrize(
    ("count", "gone", "asked"),
    [(100, 60, False), (100, 61, True), (8, 5, False), (10, 6, False), (10, 7, True)],
    ids=["at the share", "above", "floor", "at the share of ten", "above the share of ten"],
)
def test_a_share_that_nobody_expects_is_asked_for_whoever_pays(count: int, gone: int, asked: bool) -> None:
    assert ("missing-share" in heard(case(overdue(count, 2), range(gone)))) is asked


def test_share_and_floor_are_settings() -> None:
    rows = overdue(20, 2)
    assert "missing-share" in heard(case(rows, range(9), missing_share=0.4))
    assert "missing-share" not in heard(case(rows, range(9), missing_share=0.4, missing_floor=9))
    assert "missing-share" not in heard(case(rows, range(19), missing_share=1.0))


def test_the_share_that_was_expected_is_said() -> None:
    message = heard(case(overdue(10, 2), range(7)))["missing-share"].message
    assert message.startswith("7 of 10 invoices (70%) are missing from erp; about 0.8 would be usual: A1 Customer 0")


def test_a_feed_that_is_paid_as_a_whole_every_time_is_not_asked() -> None:
    rows = overdue(10, 2)
    habits = after_days(rows, range(7), 300)
    assert "missing-share" not in heard(case(rows, range(7)), habits)


@pytest.mark.parametrize("customers", [1, 3, 6])
def test_five_of_six_invoices_are_asked_for_whoever_owed_them(customers: int) -> None:
    assert "missing-share" in heard(case(overdue(6, customers), range(5)))


@pytest.mark.parametrize(("count", "gone"), [(2, 1), (2, 2), (3, 1), (3, 2), (4, 1)])
def test_a_few_overdue_invoices_that_are_paid_are_ordinary(count: int, gone: int) -> None:
    assert heard(case(overdue(count, 2), range(gone))) == {}


def dated(*days: int, **columns: Any) -> pd.DataFrame:
    """Invoices issued so many days ago, all long due."""
    return listed(len(days), issued_on=[due_in(-day) for day in days], due_on=due_in(-2), **columns)


def test_invoices_issued_after_the_latest_of_the_list_show_that_it_is_older() -> None:
    objection = heard(case(dated(1, 1, 3, 8, 9), [0, 1]))["older-list"]
    assert objection.message == (
        "the latest invoice that erp lists is dated 2026-04-18, and 2 invoices issued after that are missing: A1 "
        "Customer 0 10.00 GBP; A2 Customer 1 10.00 GBP. This looks like an older export, or a copy of the books that "
        "lags behind. Export it again; approve if they are settled"
    )
    assert objection.refs == ("A1", "A2")


def test_the_newest_invoice_alone_may_have_been_paid() -> None:
    assert "older-list" not in heard(case(dated(1, 3, 8, 9), [0]))


def test_invoices_of_today_show_that_a_list_is_older() -> None:
    assert "older-list" in heard(case(dated(0, 0, 3, 8, 9), [0, 1]))


def test_an_invoice_of_the_same_day_speaks_for_the_list() -> None:
    assert "older-list" not in heard(case(dated(1, 1, 1, 8, 9), [0, 1]))


def test_one_customer_may_have_paid_all_that_is_later_than_the_list() -> None:
    of_two = dated(1, 1, 3, 8, 9, customer_id=["C1", "C2", "C3", "C4", "C5"])
    of_one = dated(1, 1, 3, 8, 9, customer_id=["C1", "C1", "C3", "C4", "C5"])
    assert "older-list" in heard(case(of_two, [0, 1]))
    assert "older-list" not in heard(case(of_one, [0, 1]))


def test_an_invoice_of_today_speaks_for_the_list() -> None:
    assert "older-list" not in heard(case(dated(1, 1, 0, 8, 9), [0, 1]))


def test_an_invoice_dated_ahead_does_not_hide_an_older_list() -> None:
    assert "older-list" in heard(case(dated(1, 1, 3, 8, -40), [0, 1]))
    assert "older-list" not in heard(case(dated(3, -40, -41, 8, 9), [1, 2]))


def new_in_the_last_report(new: int, count: int = 12) -> pd.DataFrame:
    return dated(*range(count), arfeed_first_in=["run-2"] * new + ["run-1"] * (count - new))


@pytest.mark.parametrize(
    ("new", "gone", "asked"),
    [(5, 4, True), (5, 3, False), (2, 2, True), (2, 1, False), (12, 10, False)],
    ids=["four of five", "three of five", "both", "one", "all were new"],
)
def test_what_was_new_last_time_and_is_gone_shows_an_older_list(new: int, gone: int, asked: bool) -> None:
    rows = new_in_the_last_report(new).assign(issued_on=listed(12)["issued_on"])
    objections = heard(case(rows, range(gone), last_run="run-2"))
    assert ("older-list" in objections) is asked
    if asked:
        assert objections["older-list"].message.startswith(
            f"{gone} of {new} invoices that were new in the last report are missing from erp: A1 "
        )


def returning(back: int, new: int) -> dict[str, object]:
    """What the guards say of a report in which so many of the new rows had been closed without proof."""
    old = listed(40)
    habits = after_days(old, range(back), 1)
    refs = [f"A{number}" for number in range(1, back + 1)] + [f"N{number}" for number in range(new - back)]
    report = pd.concat([old.iloc[back:], invoices(refs)], ignore_index=True)
    change = pd.Series(["unchanged"] * (40 - back) + ["new"] * new, dtype="str")
    day = replace(case(old.iloc[back:].reset_index(drop=True)), report=report.assign(change=change))
    return dict(heard(day, habits))


@pytest.mark.parametrize(
    ("back", "new", "asked"), [(2, 2, True), (1, 1, False), (2, 20, True), (2, 21, False), (3, 30, True)]
)
def test_what_had_been_marked_as_paid_and_is_open_again_is_asked_for(back: int, new: int, asked: bool) -> None:
    assert [*returning(back, new)] == ["returned"] * asked


def test_what_came_back_is_named() -> None:
    message = getattr(returning(2, 2)["returned"], "message", "")
    assert message == (
        "2 invoices that an earlier report marked as paid are open again at erp: A1 Ada 10.00 GBP; A2 Ada 10.00 GBP. "
        "Either the earlier report was wrong or this one is out of date: find out which. Approve if they really are "
        "open again"
    )


@pytest.mark.parametrize(
    ("paid", "back", "customers", "asked"),
    [(5, 4, 40, True), (4, 3, 40, False), (2, 2, 2, True), (2, 2, 1, False)],
    ids=["nearly all", "returned debits", "two customers", "one customer"],
)
def test_what_was_proven_to_be_paid_is_asked_about_if_nearly_all_is_open_again(
    paid: int, back: int, customers: int, asked: bool
) -> None:
    old = listed(40, customers)
    closing = replace(case(old, range(paid)), unproven=np.zeros(40, bool))
    habits = Habits.unpack(Habits.none().learn(closing, closing.unproven).pack())
    left, report = old.iloc[paid:].reset_index(drop=True), old.iloc[paid - back :].reset_index(drop=True)
    change = pd.Series(["new"] * back + ["unchanged"] * len(left), dtype="str")
    day = replace(case(left), report=report.assign(change=change))
    assert [*heard(day, habits)] == ["returned"] * asked


def files(*names: str) -> pd.DataFrame:
    return listed(len(names), customers=3, due_on=due_in(-2), arfeed_file=[*names])


def test_a_file_of_which_nothing_is_left_is_named() -> None:
    objection = heard(case(files("a.csv", "b.csv", "a.csv", "b.csv", "c.csv"), [1, 3]))["file-gone"]
    assert objection.message == (
        "erp listed open invoices of b.csv (2 invoices) last time, and none of them now: A2 Customer 1 10.00 GBP; A4 "
        "Customer 0 10.00 GBP. Check whether the file is still exported and read; approve if all of them are settled"
    )
    assert objection.refs == ("A2", "A4")


def test_a_file_of_which_a_row_is_left_is_not_gone() -> None:
    assert "file-gone" not in heard(case(files("a.csv", "b.csv", "b.csv", "b.csv"), [1, 2]))


def test_a_file_whose_rows_stand_in_another_file_is_not_gone() -> None:
    day = case(files("a.csv", "b.csv", "b.csv"))
    report = day.report.assign(arfeed_file=pd.Series(["a.csv", "c.csv", "c.csv"], dtype="str"))
    assert heard(replace(day, report=report)) == {}


def test_one_overdue_invoice_may_have_been_all_of_its_file() -> None:
    assert heard(case(files("a.csv", "b.csv", "a.csv"), [1])) == {}
    early = files("a.csv", "b.csv", "a.csv").assign(due_on=listed(3)["due_on"])
    assert "file-gone" in heard(case(early, [1]))


def test_a_file_that_is_not_read_again_is_named_whatever_the_odds() -> None:
    day = case(files("a.csv", "b.csv", "a.csv"), [1])
    assert "file-gone" not in heard(replace(day, read=frozenset({"a.csv", "b.csv"})))
    objection = heard(replace(day, read=frozenset({"a.csv", "closed.csv"})))["file-gone"]
    assert objection.message == (
        "erp no longer reads b.csv (1 invoice missing), which it read last time: A2 Customer 1 10.00 GBP. Check "
        "whether the file is still exported and read; approve if all of them are settled"
    )
    assert objection.refs == ("A2",)


def test_a_file_that_is_not_read_again_is_named_though_the_others_list_nothing_of_then() -> None:
    day = case(files("a.csv", "b.csv", "a.csv"), [0, 1, 2])
    assert "file-gone" not in heard(day)
    assert heard(replace(day, read=frozenset({"a.csv"})))["file-gone"].refs == ("A2",)


def test_a_file_that_is_read_and_empty_and_one_that_is_not_read_are_told_apart() -> None:
    rows = files("a.csv", "b.csv", "c.csv").assign(due_on=listed(3)["due_on"])
    message = heard(case(rows, [1, 2], read=frozenset({"a.csv", "c.csv"})))["file-gone"].message
    assert message.startswith(
        "erp no longer reads b.csv (1 invoice missing), which it read last time; it listed open invoices of c.csv (1 "
        "invoice) last time, and none of them now: A2 "
    )


def test_a_file_that_is_not_read_again_and_of_which_nothing_is_missing_is_not_named() -> None:
    day = case(files("a.csv", "b.csv", "a.csv"), [2], read=frozenset({"a.csv"}))
    report = day.report.assign(arfeed_file=pd.Series(["a.csv", "a.csv"], dtype="str"))
    assert "file-gone" not in heard(replace(day, report=report))


@pytest.mark.parametrize(("now", "asked"), [("b-21.csv", False), ("a.csv", True)], ids=["renamed", "merged in part"])
def test_a_file_whose_rows_stand_in_a_new_one_has_only_got_another_name(now: str, asked: bool) -> None:
    day = case(files("a.csv", "b-20.csv", "b-20.csv"), [2], read=frozenset({"a.csv", "b-21.csv"}))
    report = day.report.assign(arfeed_file=pd.Series(["a.csv", now], dtype="str"))
    assert ("file-gone" in heard(replace(day, report=report))) is asked


def test_rows_that_came_from_no_file_are_of_no_file_that_could_be_gone() -> None:
    assert "file-gone" not in heard(case(files("a.csv", "", "a.csv"), [1], read=frozenset({"a.csv"})))


def test_files_that_have_other_names_every_day_say_nothing() -> None:
    day = case(files("20.csv", "20.csv", "20.csv"), [1, 2])
    report = day.report.assign(arfeed_file=pd.Series(["21.csv"], dtype="str"))
    for read in (None, frozenset({"21.csv"})):
        assert "file-gone" not in heard(replace(day, report=report, read=read))


def test_what_is_proven_is_not_asked_for() -> None:
    rows = listed(40, arfeed_file=["a.csv"] * 20 + ["b.csv"] * 20, arfeed_first_in="run-1")
    day = case(rows, range(20), unproven=np.zeros(40, bool), last_run="run-1", since=YESTERDAY)
    assert heard(day) == {}


@pytest.mark.parametrize("kind", ["no dates", "credits", "same dates", "one customer", "nothing before"])
def test_strange_feeds_are_judged_and_learned(kind: str) -> None:
    rows = {
        "no dates": listed(due_on=None, issued_on=None),
        "credits": listed(balance="-10", kind="credit_note", due_on=None),
        "same dates": listed(due_on=due_in(0), issued_on=due_in(0)),
        "one customer": listed(customers=1),
        "nothing before": listed(0),
    }[kind]
    habits = after_days(rows, [0][: len(rows)], 5)
    assert heard(case(rows), habits) == {}
    if len(rows):
        assert heard(case(rows, range(36)), habits) != {}
    assert Habits.unpack(habits.pack()).reports == {"erp": 5}


# --- a few rows of a small feed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("days_late", [-40, -21, -5, 5, 100])
@pytest.mark.parametrize("customers", [1, 2, 3, 5])
def test_of_a_few_rows_a_share_is_asked_about_if_that_many_customers_hardly_ever_pay(
    customers: int, days_late: int
) -> None:
    for count in (3, 4, 5, 6):
        rows = listed(count, customers, due_on=due_in(-days_late))
        for gone in range(1, count + 1):
            day = case(rows, range(gone), missing_share=0.5)
            chances = weigh_rows(Habits.none().of("erp"), day)
            names = rows["customer_id"].tolist()
            expected = sum(
                1 - exp(-sum(float(each) for each, name in zip(chances.each, names, strict=True) if name == who))
                for who in {*names}
            )
            odds = compute_odds(len({*names[:gone]}), expected)
            strange = gone >= 3 and (odds < 1 / 20 or gone >= max(0.8 * count, 5))
            large = gone > 0.5 * count and gone > 3 * float(chances.each.sum())
            assert (find_large_share(chances) is not None) is (large and (gone > 5 or strange)), (count, gone)


def test_a_large_share_is_counted_beside_what_was_to_be_expected() -> None:
    chances = weigh_rows(Habits.none().of("erp"), case(overdue(10, 2), range(7)))
    assert find_large_share(chances) == Share(7, 10, float(chances.each.sum()))


# --- files that were not read again -----------------------------------------------------------------------------------


def unread(before: list[str | None], now: list[str | None], gone: list[int], read: set[str] | None) -> list[GoneFile]:
    """What is yielded of overdue invoices with these files then and, of those that stayed, now."""
    rows = listed(len(before), customers=3, due_on=due_in(-2)).assign(arfeed_file=pd.Series(before, dtype="str"))
    day = case(rows, gone, read=None if read is None else frozenset(read))
    day = replace(day, report=day.report.assign(arfeed_file=pd.Series(now, dtype="str")))
    return [*find_gone_files(weigh_rows(Habits.none().of("erp"), day))]


def named(files: list[GoneFile]) -> list[tuple[str, list[int], bool]]:
    return [(file.name, file.rows.tolist(), file.unread) for file in files]


def test_every_file_that_was_not_read_again_is_yielded_with_its_own_rows() -> None:
    found = unread(["a", "b", "c", "b", "a"], ["a", "a"], [1, 2, 3], {"a"})
    assert named(found) == [("b", [1, 3], True), ("c", [2], True)]


def test_a_file_that_got_another_name_is_known_by_one_row_that_stayed() -> None:
    assert named(unread(["a", "b", "b", "c"], ["a", "d"], [2, 3], {"a", "d"})) == [("c", [3], True)]
    assert named(unread(["a", "b", "b", "c"], ["a", ""], [2, 3], {"a", "d"})) == [("b", [2], True), ("c", [3], True)]
    assert named(unread(["a", "b", "b", "c"], ["a", None], [2, 3], {"a"})) == [("b", [2], True), ("c", [3], True)]


def test_rows_whose_file_is_not_known_make_no_file_read_or_unread() -> None:
    assert named(unread(["a", None, "b", None], ["a", "d"], [2, 3], {"a", "d"})) == [("b", [2], True)]
    assert unread(["a", None, "a"], ["a", "a"], [1], {"a"}) == []


def test_where_no_file_of_then_was_read_again_names_say_nothing() -> None:
    assert unread(["a", "b"], ["c"], [1], {"c"}) == []
    assert unread(["a", "b", "a"], ["a", "a"], [], {"a"}) == []

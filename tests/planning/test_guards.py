"""The guards object to a plan at their thresholds and not one below, with numbers, examples and the way out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from arfeed import Complete
from arfeed.interfaces import DocumentPlan, SourceRead
from planning.plans import NO_DOCUMENTS, NOON, heard, invoices, planned, source

SOME = {
    "customer_name": ["Ada", "Bo", "Cy", "Di"],
    "balance": ["5", "-700", "1234.5", "60"],
    "currency": ["GBP", "EUR", "JPY", "KWD"],
}
WORST = "A3 Cy 1,234 JPY; A2 Bo -700.00 EUR; A4 Di 60.000 KWD; …"


def nothing_left(count: int = 4, **columns: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    return invoices(count, **(SOME | columns if count == 4 else columns)), invoices(["X"], customer_id="X")


def test_an_everyday_plan_has_no_objections() -> None:
    before = invoices(10)
    assert heard(planned(before, invoices(10, balance=["1", *["10"] * 9]))) == {}
    assert heard(planned(before, before.iloc[1:])) == {}


# --- unknown-baseline, foreign-report, empty-report


def test_a_first_delivery_is_an_unknown_baseline() -> None:
    objection = heard(planned(None, invoices(3)))["unknown-baseline"]
    assert objection.message == (
        "this history knows no delivery to sftp://acme@example.com:22/, so nothing can be compared with the 3 invoices "
        "read. If this is the first delivery, approve it. If not, the history is lost or another one: restore it, name "
        "the right one in [feed], or take the last report as baseline with `arfeed adopt`"
    )
    assert objection.refs == ()


def test_a_first_delivery_has_no_other_objection() -> None:
    assert [*heard(planned(None, invoices(20)))] == ["unknown-baseline"]


def test_an_empty_baseline_is_a_known_one() -> None:
    assert heard(planned(invoices(0), invoices(3))) == {}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("a.csv",), "holds 1 report that this history did not send: a.csv. Somebody"),
        (("a.csv", "b.csv", "c.csv"), "holds 3 reports that this history did not send: a.csv, b.csv, c.csv. Somebody"),
        (tuple("abcde"), "holds 5 reports that this history did not send: a, b, c and 2 more. Somebody"),
    ],
    ids=["one", "three", "five"],
)
def test_reports_of_others_are_named(names: tuple[str, ...], said: str) -> None:
    objection = heard(planned(invoices(), invoices(), foreign=names))["foreign-report"]
    assert said in objection.message
    assert objection.message.startswith("the destination ")
    assert objection.message.endswith(
        "Somebody else delivers there, or the history is another. Look into it; then `arfeed adopt` takes the last as "
        "baseline"
    )
    assert objection.refs == names


def test_a_report_that_lists_nothing_is_refused() -> None:
    assert heard(planned(invoices(2), invoices(0)))["empty-report"].message == (
        "the report lists nothing: the receiver would mark every invoice as paid, 2 of the last report. Look at the "
        "sources; approve if really nothing is open"
    )
    assert "empty-report" in heard(planned(invoices(0), invoices(0)))
    assert "empty-report" in heard(planned(None, invoices(0)))


# --- unexplained


@pytest.mark.parametrize(
    ("known", "refused"),
    [
        ({"complete": Complete()}, True),
        ({"complete": Complete(rows=1)}, False),
        ({"complete": Complete(rows=0)}, False),
        ({"complete": Complete(totals={})}, False),
        ({"complete": Complete(rows=1, lists_closed=True)}, True),
        ({"complete": Complete(lists_closed=True)}, True),
        ({"complete": Complete(), "absent_means_paid": True}, False),
        ({"complete": Complete(rows=1, lists_closed=True), "absent_means_paid": True}, False),
        ({"name": "shop"}, True),
    ],
    ids=[
        "no control", "counted", "counted none", "summed", "counted, lists closed", "lists closed",
        "absent means paid", "lists closed, absent means paid", "another source is controlled",
    ],
)  # fmt: skip
def test_what_is_gone_is_unexplained_unless_its_source_is_sure(known: dict[str, Any], refused: bool) -> None:
    plan = planned(invoices(2), invoices(1), reasons="gone", sources=(source(**known),))
    assert [*heard(plan)] == ["unexplained"] * refused


@pytest.mark.parametrize("reason", ["paid", "void", "draft", "settled", "source removed"])
def test_only_what_is_gone_is_unexplained(reason: str) -> None:
    assert heard(planned(invoices(2), invoices(1), reasons=reason, sources=())) == {}


def test_what_is_unexplained_is_counted_and_the_largest_are_named() -> None:
    before, after = nothing_left(source=["erp", "erp", "shop", ""])
    objection = heard(planned(before, after, reasons="gone", sources=()))["unexplained"]
    assert objection.message == (
        f"4 invoices are no longer listed by an adopted report, erp, shop, which can't say why: {WORST}. Look whether "
        "the export is complete; approve if they are settled. If a source drops what is paid, say "
        "absent_means_paid = true there"
    )
    assert objection.refs == ("A1", "A2", "A3", "A4")


def test_only_the_sources_that_cannot_say_are_named() -> None:
    before = invoices(["A1", "A2"], source=["erp", "shop"])
    sources = (source("erp"), source("shop", complete=Complete()))
    objection = heard(planned(before, invoices(["X"], customer_id="X"), reasons="gone", sources=sources))["unexplained"]
    assert objection.message.startswith(
        "1 invoice is no longer listed by shop, which can't say why: A2 Ada 10.00 GBP. "
    )
    assert objection.refs == ("A2",)


# --- still-open


def test_what_is_still_open_at_the_source_is_refused_at_any_share() -> None:
    before = invoices(1000)
    objection = heard(planned(before, before.iloc[1:], reasons="removed by exclude"))["still-open"]
    assert objection.message == (
        "1 invoice is still open at the source but removed by exclude: A1 Ada 10.00 GBP. Mend that step; approve if "
        "the receiver should take them as paid"
    )


def test_all_steps_that_removed_open_invoices_are_named() -> None:
    before, after = nothing_left()
    reasons = ["removed by keep", "removed by exclude", "paid", "removed by keep"]
    objection = heard(planned(before, after, reasons=reasons))["still-open"]
    assert "3 invoices are still open at the source but removed by exclude, keep: A2 Bo" in objection.message
    assert objection.refs == ("A1", "A2", "A4")


# --- missing-share


@pytest.mark.parametrize(
    ("before", "missing", "refused"),
    [(100, 20, False), (100, 21, True), (6, 5, False), (6, 6, True), (20, 5, False), (25, 5, False), (30, 6, False)],
    ids=["at the share", "above", "at the floor", "above the floor", "floor and share", "at both", "floor, at share"],
)
def test_missing_more_than_the_share_and_the_floor_is_refused(before: int, missing: int, refused: bool) -> None:
    rows = invoices(before)
    codes = [*heard(planned(rows, rows.iloc[missing:] if missing < before else invoices(["X"], customer_id="X")))]
    assert codes == ["missing-share"] * refused


@pytest.mark.parametrize(
    ("share", "floor", "refused"),
    [(0.5, 0, False), (0.49, 0, True), (0, 5, False), (0, 4, True), (1, 0, False)],
    ids=["share reached", "share passed", "floor reached", "floor passed", "all may be missing"],
)
def test_share_and_floor_are_settings(share: float, floor: int, refused: bool) -> None:
    rows = invoices(10)
    plan = planned(rows, rows.iloc[5:])
    guards = plan.guards.model_copy(update={"missing_share": share, "missing_floor": floor})
    assert [*heard(replace(plan, guards=guards))] == ["missing-share"] * refused


def test_all_missing_invoices_are_referred_to() -> None:
    rows = invoices(10)
    assert heard(planned(rows, rows.iloc[6:]))["missing-share"].refs == ("A1", "A2", "A3", "A4", "A5", "A6")


def test_the_whole_baseline_may_not_be_missing_however_small_it_is_above_the_floor() -> None:
    message = heard(planned(invoices(6), invoices(["X"], customer_id="X")))["missing-share"].message
    assert message == (
        "more than 20% would be marked as paid: 6 of 6 invoices; erp: 6 of 6 invoices; GBP: 6 of 6 invoices; 60.00 GBP "
        "of 60.00 GBP. Largest: A1 Ada 10.00 GBP; A2 Ada 10.00 GBP; A3 Ada 10.00 GBP; …. Look whether the sources are "
        "complete; approve if so much was really settled"
    )


def left(before: pd.DataFrame, missing: int) -> pd.DataFrame:
    """All of the baseline but its first rows."""
    return before.iloc[missing:].reset_index(drop=True)


def grouped(column: str, first: str, second: str, **columns: object) -> pd.DataFrame:
    """A baseline of 10 rows of one group and 90 of another."""
    return invoices(100, **{column: [first] * 10 + [second] * 90}, **columns)


@pytest.mark.parametrize(("column", "name"), [("source", "shop"), ("currency", "EUR")])
@pytest.mark.parametrize(("missing", "refused"), [(5, False), (6, True)])
def test_a_source_or_currency_may_not_vanish_within_a_large_feed(
    column: str, name: str, missing: int, refused: bool
) -> None:
    before = grouped(column, name, "GBP" if column == "currency" else "erp")
    objections = heard(planned(before, left(before, missing)))
    assert [*objections] == ["missing-share"] * refused
    if refused:
        assert f": {name}: 6 of 10 invoices" in objections["missing-share"].message
        assert "100 invoices" not in objections["missing-share"].message


@pytest.mark.parametrize("balances", [["10"] * 10, ["99"] * 5 + ["1"] * 5], ids=["by count", "by money"])
def test_the_floor_counts_within_each_source_and_currency(balances: list[str]) -> None:
    before = grouped("currency", "EUR", "GBP", balance=balances + ["10"] * 90)
    assert heard(planned(before, before.drop(index=[0, 1, 2, 3, 4, 97, 98, 99]))) == {}


def test_money_counts_by_currency_and_absolute() -> None:
    balances = [*["-500", "500"] * 3, *["10"] * 94]
    before = invoices(100, balance=balances)
    message = heard(planned(before, left(before, 6)))["missing-share"].message
    assert message.startswith(
        "more than 20% would be marked as paid: 3,000.00 GBP of 3,940.00 GBP. Largest: A1 Ada -50"
    )


@pytest.mark.parametrize(("large", "refused"), [("37.5", False), ("37.5001", True)], ids=["at the share", "above"])
def test_the_share_of_money_is_exact(large: str, refused: bool) -> None:
    before = invoices(96, balance=[large] * 6 + ["10"] * 90)
    assert [*heard(planned(before, left(before, 6)))] == ["missing-share"] * refused


def test_money_below_the_floor_of_invoices_is_everyday_business() -> None:
    before = invoices(100, balance=["500"] * 5 + ["1"] * 95)
    assert heard(planned(before, left(before, 5))) == {}


def test_money_of_one_currency_is_not_weighed_against_another() -> None:
    before = grouped("currency", "JPY", "GBP", balance=["100000"] * 10 + ["10"] * 90)
    assert heard(planned(before, before.drop(index=range(80, 96)))) == {}


def test_money_without_a_sum_has_no_share() -> None:
    before = invoices(100, balance="0")
    assert heard(planned(before, left(before, 6))) == {}


def test_percentages_and_adopted_rows_are_written_out() -> None:
    before = grouped("source", "", "erp")
    plan = planned(before, left(before, 8))
    message = heard(replace(plan, guards=plan.guards.model_copy(update={"missing_share": 0.05})))[
        "missing-share"
    ].message
    assert message.startswith("more than 5% would be marked as paid: 8 of 100 invoices; an adopted report: 8 of 10 inv")


# --- renamed


def renumbered(**columns: object) -> pd.DataFrame:
    return invoices(["B1"], **({"customer_id": "C-A1"} | columns))


def test_a_missing_and_a_new_invoice_that_agree_were_renumbered() -> None:
    objection = heard(planned(invoices(), renumbered(), reasons="gone"))["renamed"]
    assert objection.message == (
        "1 missing invoice and new ones agree in source, customer, currency, amount and date, as if renumbered: A1 → "
        "B1. The old number would be marked as paid and the new one be owed. Look at the numbers; approve if the "
        "receiver should see it so"
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
    assert heard(planned(invoices(), renumbered(**column), reasons="gone")) == {}


def test_invoices_without_a_date_are_told_apart_by_the_rest() -> None:
    before, after = invoices(issued_on=None), renumbered(issued_on=None)
    assert [*heard(planned(before, after, reasons="gone"))] == ["renamed"]
    assert heard(planned(before, after.assign(source="er", customer_id="pC-A1"), reasons="gone")) == {}
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
    [("paid", False), ("void", False), ("settled", False), ("draft", True), ("gone", True), ("source removed", True)],
)
def test_what_its_source_calls_closed_was_not_renumbered(reason: str, refused: bool) -> None:
    assert [*heard(planned(invoices(), renumbered(), reasons=reason))] == ["renamed"] * refused


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


def test_many_equal_invoices_are_not_multiplied() -> None:
    before, after = invoices(5000, customer_id="cash"), invoices([f"B{n}" for n in range(5000)], customer_id="cash")
    assert len(heard(planned(before, after, reasons="gone"))["renamed"].refs) == 5000


# --- config-changed


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
    before, after = nothing_left()
    reasons = ["gone", "source removed", "paid", "removed by exclude"]
    objection = heard(planned(before, after, reasons=reasons, settings_changed=True))["config-changed"]
    assert objection.message == (
        "the configuration or a plugin's version has changed since the last delivery, and 3 invoices are missing "
        "without being said to be closed: A2 Bo -700.00 EUR; A4 Di 60.000 KWD; A1 Ada 5.00 GBP. Look whether the "
        "change meant to drop them; approve if so"
    )
    assert objection.refs == ("A1", "A2", "A4")


# --- everything-changed


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
    assert [*heard(planned(before, invoices(common, **({"customer_id": "C"} | {column: values}))))] == [
        "everything-changed"
    ] * refused


@pytest.mark.parametrize("column", ["memo", "customer_name", "customer_email", "po_number"])
def test_other_columns_may_change_everywhere(column: str) -> None:
    assert heard(planned(invoices(20), invoices(20, **{column: "new"}))) == {}


def test_new_and_missing_invoices_are_not_common_ones() -> None:
    before = invoices(40)
    after = invoices([f"A{n}" for n in range(7, 41)] + [f"B{n}" for n in range(100)], balance=["9"] * 17 + ["10"] * 117)
    assert heard(planned(before, after)) == {}
    after = invoices([f"A{n}" for n in range(7, 41)] + [f"B{n}" for n in range(100)], balance=["9"] * 18 + ["10"] * 116)
    assert [*heard(planned(before, after))] == ["everything-changed"]


def test_rows_are_matched_by_their_folded_reference_in_any_order() -> None:
    before = invoices(20, balance=[str(number) for number in range(20)])
    shuffled = before.sample(frac=1, random_state=1).assign(memo="new")
    shuffled["invoice_ref"] = shuffled["invoice_ref"].str.lower()
    assert heard(planned(before, shuffled.reset_index(drop=True))) == {}


def test_changed_invoices_are_counted_and_the_largest_are_named() -> None:
    before = invoices(7)
    balances = ["10", "20", "40", "30", "50", "60", "70"]
    objection = heard(planned(before, invoices(7, balance=balances, memo="x")))["everything-changed"]
    assert objection.message == (
        "6 of 7 invoices have another balance or customer than in the last report, now A7 Ada 70.00 GBP; A6 Ada 60.00 "
        "GBP; A5 Ada 50.00 GBP; …. This may be another company, column or file; approve if it is right"
    )


# --- stale-source, as-of-backwards


@pytest.mark.parametrize(
    ("max_age", "as_of", "said"),
    [
        ("3 days", date(2026, 4, 7), None),
        ("3 days", date(2026, 4, 6), "4 days ago; max_age allows 3 days. "),
        ("1 day", date(2026, 4, 8), "2 days ago; max_age allows 1 day. "),
        ("24h", date(2026, 4, 8), "2 days ago; max_age allows 1 day. "),
        ("36h", date(2026, 4, 9), None),
        ("36h", date(2026, 4, 8), "2 days ago; max_age allows 36 hours. "),
        ("1h", date(2026, 4, 9), "1 day ago; max_age allows 1 hour. "),
        ("1h", date(2026, 4, 10), None),
        ("1 day", date(2026, 4, 11), None),
    ],
)
def test_a_source_may_not_be_older_than_max_age(max_age: str, as_of: date, said: str | None) -> None:
    objections = heard(planned(invoices(), invoices(), sources=(source(max_age=max_age, as_of=as_of),)))
    assert [*objections] == ["stale-source"] * (said is not None)
    if said:
        assert objections["stale-source"].message == (
            f"erp speaks of {as_of}, {said}Export it again; approve if it is still right"
        )


def test_without_max_age_a_source_may_be_of_any_age() -> None:
    assert heard(planned(invoices(), invoices(), sources=(source(as_of=date(1999, 1, 1)), source()))) == {}


def test_a_source_that_states_no_date_cannot_keep_max_age() -> None:
    objections = heard(planned(invoices(), invoices(), sources=(source(max_age="2 days"),)))
    assert objections["stale-source"].message == (
        "erp states no date to judge by, and max_age allows 2 days; take max_age out, or approve if its data is of "
        "today"
    )


def test_every_stale_source_is_told_not_only_the_first() -> None:
    named = [source(name, max_age="1 day", as_of=day) for name, day in [("a", None), ("b", date(2026, 4, 1))]]
    sources = (source("fresh"), *named, source("c", max_age="1 day", as_of=date(2026, 4, 10)))
    from arfeed.planning.guards import Guards

    said = Guards().arfeed_review(planned(invoices(), invoices(), sources=sources))
    assert [objection.message.split()[0] for objection in said] == ["a", "b"]


@pytest.mark.parametrize(("zone", "refused"), [("Europe/London", False), ("Pacific/Auckland", True)])
def test_the_day_is_the_one_in_the_feed_s_time_zone(zone: str, refused: bool) -> None:
    at = datetime(2026, 4, 10, 22, tzinfo=UTC).astimezone(ZoneInfo(zone))
    sources = (source(max_age="1 day", as_of=date(2026, 4, 9)),)
    assert [*heard(planned(invoices(), invoices(), at=at, sources=sources))] == ["stale-source"] * refused


def read_before(as_of: date | None = None, latest: date | None = None) -> SourceRead:
    return SourceRead(NOON, as_of, latest)


NINTH, TENTH = date(2026, 4, 9), date(2026, 4, 10)


@pytest.mark.parametrize(
    ("known", "what"),
    [
        ({"as_of": NINTH, "before": read_before(TENTH)}, "as-of date"),
        ({"as_of": TENTH, "before": read_before(TENTH)}, None),
        ({"as_of": TENTH, "before": read_before(NINTH)}, None),
        ({"latest": NINTH, "before": read_before(None, TENTH)}, "latest invoice date"),
        ({"latest": TENTH, "before": read_before(None, TENTH)}, None),
        ({"latest": NINTH, "as_of": TENTH, "before": read_before(None, TENTH)}, "latest invoice date"),
        ({"latest": NINTH, "before": read_before(TENTH, TENTH)}, "latest invoice date"),
        ({"latest": NINTH, "as_of": TENTH, "before": read_before(TENTH, TENTH)}, None),
        ({"latest": TENTH, "as_of": NINTH, "before": read_before(TENTH, NINTH)}, "as-of date"),
        ({"before": read_before(TENTH, TENTH)}, None),
        ({"latest": NINTH, "before": read_before()}, None),
        ({"as_of": NINTH}, None),
        ({"as_of": NINTH, "before": read_before(TENTH), "failed": "no"}, None),
    ],
    ids=[
        "back", "the same", "forward", "issue dates back", "issue dates the same", "as-of new, issue back",
        "as-of lost, issue back", "as-of outweighs", "as-of back, issue forward", "nothing now", "nothing then",
        "never read", "carried forward",
    ],
)  # fmt: skip
def test_a_source_may_not_go_back_behind_the_baseline(known: dict[str, Any], what: str | None) -> None:
    objections = heard(planned(invoices(), invoices(), sources=(source("calm"), source(**known))))
    assert [*objections] == ["as-of-backwards"] * (what is not None)
    if what:
        assert objections["as-of-backwards"].message == (
            f"erp has gone back: its {what} is 2026-04-09, and was 2026-04-10 in the last delivery. This looks like an "
            "older export; export it again, or approve if it is the right one"
        )


# --- documents


def lacking(**known: Any) -> DocumentPlan:
    return replace(NO_DOCUMENTS, **known)


@pytest.mark.parametrize(
    ("documents", "refs"),
    [
        (lacking(without=("A1",)), ("A1",)),
        (lacking(broken={"A2": "cut off"}), ("A2",)),
        (lacking(colliding={"a.pdf": ("A1", "A2")}), ("A1", "A2")),
        (
            lacking(without=("A1", "A3"), broken={"A2": "x"}, colliding={"a.pdf": ("A3", "A4")}),
            ("A1", "A3", "A2", "A4"),
        ),
        (lacking(present=3), ()),
    ],
    ids=["without", "broken", "colliding", "all of these, each once", "all there"],
)
@pytest.mark.parametrize("required", [False, True], ids=["optional", "required"])
def test_pdfs_that_cannot_be_sent_are_refused_only_if_required(
    documents: DocumentPlan, refs: tuple[str, ...], required: bool
) -> None:
    objections = heard(planned(invoices(), invoices(), documents=documents, documents_required=required))
    assert [*objections] == ["documents"] * (required and bool(refs))
    assert all(objection.refs == refs for objection in objections.values())


@pytest.mark.parametrize(
    ("without", "said"),
    [(("A1",), "1 invoice without"), (("A", "B", "C", "D"), "4 invoices without")],
    ids=["one", "four"],
)
def test_invoices_without_a_pdf_are_counted_and_named(without: tuple[str, ...], said: str) -> None:
    documents = lacking(without=without)
    objections = heard(planned(invoices(), invoices(), documents=documents, documents_required=True))
    examples = "A1" if len(without) == 1 else "A, B, C and 1 more"
    assert objections["documents"].message == (
        f"{said} a PDF that can be sent, and documents_required is set: {examples}. Add or mend the PDFs; approve to "
        "deliver without them"
    )


def test_objections_come_in_the_order_of_their_table() -> None:
    before, after = invoices(20), renumbered(source="erp")
    plan = planned(
        before,
        after,
        reasons=["gone", *["removed by exclude"] * 19],
        foreign=("a.csv",),
        sources=(source(complete=Complete(), max_age="1 day", as_of=NINTH, before=read_before(TENTH)),),
        settings_changed=True,
        documents_required=True,
        documents=lacking(without=("A1",)),
        at=datetime(2026, 4, 11, tzinfo=UTC),
    )
    assert [*heard(plan)] == [
        "foreign-report", "unexplained", "still-open", "missing-share", "renamed", "config-changed", "stale-source",
        "as-of-backwards", "documents",
    ]  # fmt: skip

"""Pattern: a set of invoices, told by one fact, is gone as good as whole."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arfeed.planning.habits.chances import weigh_rows
from arfeed.planning.habits.memory import Habits
from arfeed.planning.habits.patterns import Pattern, find_strongest
from arfeed.planning.habits.traits import _read_numbers
from support.feeds.cases import after_days, case, due_in, heard, listed

TENTH = range(30, 40)


def told(before: pd.DataFrame, gone: Collection[int], **known: Any) -> str | None:
    """What is said to be common to what is gone, if that is objected to."""
    day = case(before, gone, **known)
    found = find_strongest(weigh_rows(Habits.none().of("erp"), day))
    return found.what if found and "pattern" in heard(day) else None


def in_turn(*values: str, count: int = 40) -> list[str]:
    """Values in turn, so that only the column tells the rows apart."""
    return [values[number % len(values)] for number in range(count)]


@pytest.mark.parametrize("column", ["kind", "currency", "memo", "branch", "arfeed_file"])
def test_a_value_that_is_gone_is_named(column: str) -> None:
    values = in_turn("EUR", "GBP", "GBP", "GBP")
    rows = listed(40, 7, **{column: values})
    name = {"arfeed_file": "file"}.get(column, column)
    assert told(rows, range(0, 40, 4)) == f"{name} = EUR"


def test_the_message_says_how_many_invoices_of_how_many_customers() -> None:
    rows = listed(customers=7, branch=in_turn("Hamburg", "Kiel", "Bonn", "Ulm"))
    objection = heard(case(rows, range(0, 40, 4)))["pattern"]
    assert objection.message.startswith(
        "all 10 invoices with branch = Hamburg are missing from erp, of 7 customers, as if a filter were set or the "
        "list cut off: A1 Customer 0 10.00 GBP; A13 Customer 5 10.00 GBP; "
    )
    assert len(objection.refs) == 10


def test_several_values_are_named_together() -> None:
    rows = listed(customers=7, branch=in_turn("Hamburg", "Kiel", "Bonn", "Ulm"))
    assert told(rows, [*range(0, 40, 4), *range(1, 40, 4)]) in {"branch = Hamburg, Kiel", "branch = Kiel, Hamburg"}


def test_a_value_of_which_nothing_is_judged_is_not_named() -> None:
    branches = in_turn("Bonn", "Kiel", "Ulm", "Ulm")
    judged = np.array([branch != "Ulm" for branch in branches])
    rows = listed(customers=40, branch=branches)
    assert "Ulm" not in str(told(rows, range(40), unproven=judged))


def test_a_cut_is_named_to_its_end_though_some_rows_before_it_have_stayed() -> None:
    gone = [place for place in range(72) if place not in (20, 60)]
    assert told(listed(140, 140), gone) == "number up to A72"


def test_values_of_one_invoice_each_are_named_together() -> None:
    turns = np.random.default_rng(2).permutation(40)
    branches = np.array([*["B1", "B2", "B3", "B4", "B5", "B6"], *["Ulm", "Hof"] * 17])[turns]
    rows = listed(customers=40, branch=branches.tolist())
    said = told(rows, np.flatnonzero(turns < 6))
    assert said is not None
    assert said.startswith("branch = B")


def test_a_value_of_which_rows_have_stayed_is_not_named_for_one_customers_sake() -> None:
    turns = np.random.default_rng(1).permutation(118)
    branches = np.array([*["Bonn"] * 10, *["Kiel"] * 68, *["Ulm", "Hof"] * 20])[turns]
    rows = listed(118, customers=118, branch=branches.tolist())
    rows["customer_id"] = rows["customer_id"].where(rows["branch"] != "Kiel", "C-of-Kiel")
    assert told(rows, np.flatnonzero(turns < 76)) == "branch = Bonn"


def test_a_value_that_is_all_that_is_left_is_named() -> None:
    branches = in_turn(*[f"B{number}" for number in range(20)])
    rows = listed(customers=7, branch=branches)
    assert told(rows, [place for place in range(40) if branches[place] != "B3"]) == "branch other than B3"


def test_a_value_of_which_half_is_left_is_named_if_all_others_are_gone() -> None:
    branches = [*in_turn("Bonn", "Kiel", count=36), *["Ulm"] * 4]
    turns = np.random.default_rng(3).permutation(40)
    rows = listed(customers=40, branch=[branches[turn] for turn in turns])
    assert told(rows, np.flatnonzero(turns < 38)) == "branch other than Ulm"


def test_a_blank_is_a_value() -> None:
    rows = listed(customers=7, seller=in_turn("", "Ann", "Bo", "Cy"))
    assert told(rows, range(0, 40, 4)) == "seller = (blank)"


def test_the_prefix_of_the_number_is_a_fact() -> None:
    rows = listed(customers=7).assign(invoice_ref=[f"{'NX'[place % 4 == 0]}-{place}" for place in range(40)])
    rows["invoice_ref"] = rows["invoice_ref"].astype("str")
    assert told(rows, range(0, 40, 4)) == "the number's prefix = X-"


def test_what_was_new_in_the_last_report_is_a_fact() -> None:
    rows = listed(customers=7, arfeed_first_in=in_turn("run-2", "run-1", "run-1", "run-1"))
    assert told(rows, range(0, 40, 4), last_run="run-2") == "first listed = in the last report"
    assert told(rows, range(0, 40, 4)) is None


def shuffled(values: list[object]) -> list[object]:
    """Values in an order in which neither number nor place tells anything."""
    return [values[place * 17 % 40] for place in range(40)]


@pytest.mark.parametrize(
    ("column", "values", "lowest", "highest"),
    [
        ("due_on", [due_in(3 + day) for day in range(40)], "due date up to 2026-05-03", "due date from 2026-05-24"),
        ("issued_on", [due_in(-50 + day) for day in range(40)],
         "issue date up to 2026-03-11", "issue date from 2026-04-01"),
        ("balance", [str(100 + 10 * step) for step in range(40)], "balance up to 190.00", "balance from 400.00"),
        ("arfeed_place", [*range(40)], "place in the list up to 10", "place in the list from 31"),
    ],
)  # fmt: skip
def test_the_beginning_and_the_end_of_an_order_are_named(
    column: str, values: list[object], lowest: str, highest: str
) -> None:
    order = shuffled(values)
    rows = listed(40, 9, **{column: order})
    smallest, largest = set(values[:10]), set(values[-10:])
    assert told(rows, [place for place in range(40) if order[place] in smallest]) == lowest
    assert told(rows, [place for place in range(40) if order[place] in largest]) == highest


def test_the_last_numbers_are_named() -> None:
    assert told(listed(customers=7), TENTH) == "number from A31"


def test_a_list_by_customer_that_breaks_off_is_seen_though_few_customers_are_lost() -> None:
    ids = [f"C{place // 5}" for place in range(40)]
    rows = listed(
        40, customer_id=ids, due_on=shuffled([due_in(-2 - day) for day in range(40)]), arfeed_place=[*range(40)]
    )
    assert told(rows, range(33, 40)) == "place in the list from 34"


def test_payments_beside_an_accident_do_not_hide_it() -> None:
    rows = listed(400, customers=70, branch=in_turn("Hamburg", "Kiel", "Bonn", "Ulm", count=400))
    assert told(rows, [*range(0, 400, 4), 1, 2, 3, 5, 77, 201]) == "branch = Hamburg"


@pytest.mark.parametrize(("stayed", "named"), [(3, True), (4, False)])
def test_three_in_a_hundred_may_have_stayed(stayed: int, named: bool) -> None:
    rows = listed(400, customers=70, branch=in_turn("Hamburg", "Kiel", "Bonn", "Ulm", count=400))
    assert (told(rows, range(4 * stayed, 400, 4)) == "branch = Hamburg") is named


@pytest.mark.parametrize(
    ("gone", "customers", "named"),
    [(4, 4, True), (3, 3, False), (4, 1, False), (10, 1, False)],
    ids=["four of four", "three", "one customer", "many of one customer"],
)
def test_a_pattern_takes_four_invoices_of_two_customers(gone: int, customers: int, named: bool) -> None:
    ids = [f"L{place % customers}" if place < gone else f"C{place}" for place in range(40)]
    rows = listed(customer_id=ids, branch=["Hamburg"] * gone + ["Kiel"] * (40 - gone))
    assert ("pattern" in heard(case(rows, range(gone)))) is named


def test_everything_is_no_pattern() -> None:
    assert told(listed(branch="Hamburg"), range(40)) is None


def test_what_is_paid_as_a_whole_every_time_is_no_pattern() -> None:
    rows = listed(400, customers=70, due_on=[*[due_in(-2)] * 5, *[due_in(9)] * 395])
    assert "pattern" in heard(case(rows, range(5)))
    assert heard(case(rows, range(5)), after_days(rows, range(5), 300)) == {}


def test_what_is_proven_neither_left_nor_stayed() -> None:
    rows = listed(customers=7, branch=in_turn("Hamburg", "Kiel", "Bonn", "Ulm"))
    unproven = np.isin(np.arange(40), range(0, 32, 4))
    assert told(rows, range(0, 40, 4), unproven=unproven) == "branch = Hamburg"


def test_a_column_of_many_values_is_left_alone() -> None:
    rows = listed(404, customers=70, memo=[f"memo {place // 2}" for place in range(404)])
    gone = [place for place in range(404) if place % 40 < 2]
    assert told(rows, gone) is None


@pytest.mark.parametrize("caution", [20, 10**30])
def test_caution_sets_how_strange_a_pattern_must_be(caution: int) -> None:
    rows = listed(customers=7, branch=in_turn("Hamburg", "Kiel", "Bonn", "Ulm"))
    assert ("pattern" in heard(case(rows, range(0, 40, 4), caution=caution))) is (caution == 20)


@given(st.lists(st.from_regex(r"\A[A-Z/-]{0,4}[0-9]{0,12}\Z"), max_size=20), st.integers(0, 3))
def test_numbers_are_the_last_digits_of_a_reference(refs: list[str], skipped: int) -> None:
    import pyarrow as pa

    array = pa.array(refs, pa.large_string())[skipped:]
    digits = [ref[len(ref.rstrip("0123456789")) :] for ref in refs[skipped:]]
    assert _read_numbers(array).tolist() == [int(each or 0) for each in digits]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3), st.booleans()), min_size=1, max_size=40))
def test_the_score_of_an_order_is_that_of_the_set_it_names(rows: list[tuple[int, int, bool]]) -> None:
    before = listed(
        len(rows), customer_id=[f"C{who}" for _, who, _ in rows], arfeed_place=[place for place, _, _ in rows]
    )
    day = case(before, [at for at, row in enumerate(rows) if row[2]])
    chances = weigh_rows(Habits.none().of("erp"), day)
    found = find_strongest(chances)
    if found is None or not found.what.startswith("place in the list"):
        return
    first, last = found.what.split()[-2:]
    limit = int(last) - 1
    inside = np.array([place >= limit if first == "from" else place <= limit for place, _, _ in rows])
    assert (len(found.rows), found.stayed) == (int(inside[day.missing].sum()), int((inside & ~day.missing).sum()))
    weights = pd.Series(-np.log(chances.each[inside & day.missing]))
    sums = weights.groupby(before["customer_id"].to_numpy()[inside & day.missing]).sum()
    cap = np.log(before["customer_id"].nunique()) + 3
    span = max(place for place, _, _ in rows) - min(place for place, _, _ in rows) + 1
    price = np.log(2 * min(span, len(rows), before["customer_id"].nunique() if first == "from" else span) + 1)
    assert found.score == pytest.approx(sums.clip(upper=cap).sum() - 3 * found.stayed - price)


# --- what a value scores ----------------------------------------------------------------------------------------------


def strongest(before: pd.DataFrame, gone: Collection[int]) -> Pattern:
    found = find_strongest(weigh_rows(Habits.none().of("erp"), case(before, gone)))
    assert found is not None
    return found


def score_of(before: pd.DataFrame, gone: Collection[int], stayed: int, price: float) -> float:
    """The odds against it, each customer's capped, less what stayed and what it cost to look."""
    day = case(before, gone)
    each = weigh_rows(Habits.none().of("erp"), day).each
    cap = np.log(before["customer_id"].nunique()) + 3
    customers = before["customer_id"].tolist()
    sums = {
        who: sum(-np.log(each[at]) for at in gone if customers[at] == who) for who in {customers[at] for at in gone}
    }
    return float(sum(min(each, cap) for each in sums.values()) - 3 * stayed - price)


@pytest.mark.parametrize("customers", [7, 80], ids=["capped", "below the cap"])
def test_a_value_scores_its_odds_less_what_stayed_and_what_looking_cost(customers: int) -> None:
    rows = listed(80, customers, branch=in_turn("Hamburg", "Kiel", count=80))
    gone = range(2, 80, 2)
    found = strongest(rows, gone)
    assert (found.what, found.stayed, found.customers) == ("branch = Hamburg", 1, min(customers, 39))
    assert found.rows.tolist() == [*gone]
    assert found.score == pytest.approx(score_of(rows, gone, 1, np.log(2)))


def test_two_values_cost_twice_as_much_as_one() -> None:
    rows = listed(80, 7, branch=in_turn("Hamburg", "Kiel", "Bonn", "Ulm", count=80))
    gone = [at for at in range(80) if at % 4 < 2]
    found = strongest(rows, gone)
    assert found.score == pytest.approx(score_of(rows, gone, 0, 2 * np.log(4)))


def test_all_values_but_one_cost_as_much_as_one() -> None:
    rows = listed(60, 7, branch=in_turn("Hamburg", "Kiel", "Bonn", count=60))
    gone = [at for at in range(60) if at % 3]
    found = strongest(rows, gone)
    assert (found.what, found.stayed) == ("branch other than Hamburg", 0)
    assert found.score == pytest.approx(score_of(rows, gone, 0, np.log(3)))


def test_all_values_but_one_may_have_left_a_row_in_a_hundred() -> None:
    rows = listed(150, 7, branch=in_turn("Hamburg", "Kiel", "Bonn", count=150))
    gone = [at for at in range(3, 150) if at % 3]
    found = strongest(rows, gone)
    assert (found.what, found.stayed) == ("branch other than Hamburg", 2)
    assert found.score == pytest.approx(score_of(rows, gone, 2, np.log(3)))


def test_the_value_that_lost_most_is_named_first() -> None:
    branches = in_turn(*["Ulm"] * 3, "Kiel", *[f"B{number}" for number in range(16)], count=200)
    rows = listed(200, 9, branch=branches)
    gone = [at for at, branch in enumerate(branches) if branch in ("Ulm", "Kiel")]
    assert strongest(rows, gone).what == "branch = Ulm, Kiel"
    turned = rows.iloc[::-1].reset_index(drop=True)
    assert strongest(turned, [199 - at for at in gone]).what == "branch = Ulm, Kiel"


@pytest.mark.parametrize(
    ("gone", "named"),
    [([0, 20, 40, 60], True), ([0, 20, 40], False), ([0, 10, 20, 30], True)],
    ids=["four invoices", "three", "of two customers"],
)
def test_a_value_of_the_fewest_rows_that_tell_is_named(gone: list[int], named: bool) -> None:
    branch = ["Kiel" if at in gone else "Ulm" for at in range(80)]
    rows = listed(80, 20 if gone[-1] == 30 else 80, branch=branch)
    found = find_strongest(weigh_rows(Habits.none().of("erp"), case(rows, gone)))
    assert (found is not None and found.what == "branch = Kiel") is named


@pytest.mark.parametrize(
    ("customers", "column", "asked"),
    [(33, "kind", True), (2, "kind", False), (33, "branch", False)],
    ids=["three customers' credit notes", "two customers'", "three rows of a branch"],
)
def test_three_credit_notes_of_three_customers_that_are_all_gone_are_a_pattern(
    customers: int, column: str, asked: bool
) -> None:
    words = ["credit_note"] * 3 + ["invoice"] * 30
    rows = listed(33, customers, **{column: words}, balance=["-50"] * 3 + ["120"] * 30)
    assert ("pattern" in heard(case(rows, range(3)))) is asked

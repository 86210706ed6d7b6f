"""What is usual in a feed: working days, bands, customers, what is remembered and how it is packed."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arfeed import ConfigError
from arfeed.planning.habits.chances import weigh_rows
from arfeed.planning.habits.learned import NOTHING
from arfeed.planning.habits.memory import Habits
from support.feeds.cases import TODAY, after_days, case, due_in, listed


@pytest.mark.parametrize(
    ("since", "on", "days"),
    [
        (date(2026, 4, 20), date(2026, 4, 21), 1),
        (date(2026, 4, 17), date(2026, 4, 20), 1),
        (date(2026, 4, 18), date(2026, 4, 19), 1),
        (date(2026, 4, 21), date(2026, 4, 21), 1),
        (date(2026, 4, 14), date(2026, 4, 21), 5),
        (date(2026, 3, 31), date(2026, 4, 21), 15),
        (date(2026, 4, 22), date(2026, 4, 21), 1),
    ],
    ids=["a day", "over a weekend", "within a weekend", "twice a day", "a week", "three weeks", "backwards"],
)
def test_time_counts_in_working_days_and_is_at_least_one(since: date, on: date, days: int) -> None:
    assert case(listed(), since=since, on=on).days == days


@pytest.mark.parametrize(
    ("days_late", "chance"),
    [(-61, 0.001), (-60, 0.002), (-21, 0.003), (-7, 0.01), (-4, 0.01), (-1, 0.03), (0, 0.08), (1, 0.1), (3, 0.1),
     (4, 0.08), (14, 0.07), (15, 0.05), (31, 0.03), (120, 0.015), (121, 0.006), (900, 0.006)],
)  # fmt: skip
def test_a_feed_that_nothing_is_known_of_has_the_usual_chances(days_late: int, chance: float) -> None:
    found = weigh_rows(NOTHING, case(listed(1, due_on=due_in(-days_late)))).each
    assert found == pytest.approx([1 - np.exp(-chance)])


def test_a_row_without_a_due_date_is_due_thirty_days_after_its_issue() -> None:
    rows = listed(4, due_on=[None, due_in(0), None, due_in(21)], issued_on=[due_in(-30), due_in(-9), due_in(-9), None])
    each = weigh_rows(NOTHING, case(rows)).each
    assert each[0] == each[1] > each[2] == each[3]


def test_a_row_without_any_date_is_neither_rare_nor_certain() -> None:
    chances = weigh_rows(NOTHING, case(listed(1, due_on=None, issued_on=None)))
    assert 0.25 * chances.mean < chances.each[0] < chances.mean


def test_a_credit_leaves_with_any_payment_whenever_it_is_due() -> None:
    each = weigh_rows(NOTHING, case(listed(3, balance=["-5", "5", "-5"], due_on=[*[due_in(21)] * 2, None]))).each
    assert each[0] == each[2] > 5 * each[1]


def test_a_longer_time_makes_every_closing_likelier() -> None:
    day, week = (weigh_rows(NOTHING, case(listed(), since=since)).each for since in (due_in(-1), due_in(-7)))
    assert week == pytest.approx(1 - (1 - day) ** 5)


def test_what_often_happens_in_a_feed_becomes_usual_and_what_never_happens_does_not() -> None:
    early = listed()
    often, never = (after_days(early, gone, 100) for gone in (range(4), ()))
    chances = [weigh_rows(habits.of("erp"), case(early)).each.mean() for habits in (often, Habits.none(), never)]
    assert chances[0] > 10 * chances[1] > 10 * chances[2]


def test_a_customer_who_pays_early_is_known_by_it_and_the_others_are_not() -> None:
    rows = listed()
    habits = after_days(rows, [0], 6)
    each = weigh_rows(habits.of("erp"), case(rows)).each
    assert each[0] == each[10] > 5 * each[1]
    late = weigh_rows(habits.of("erp"), case(listed(due_on=due_in(-60)))).each
    assert late[0] == late[1], "an early payer says nothing of what is long overdue"


def test_a_large_loss_hardly_looks_like_a_habit() -> None:
    rows = listed()
    habits = after_days(rows, (), 60)
    loss = case(rows, range(40))
    after = habits.learn(loss, loss.unproven)
    assert weigh_rows(after.of("erp"), case(rows)).each.max() < 0.1


def test_learning_leaves_the_habits_before_as_they_were() -> None:
    habits = after_days(listed(), [0], 3)
    content = habits.pack()
    after_days(listed(), [1], 3, habits)
    assert habits.pack() == content
    assert habits.reports == {"erp": 3}


def test_what_is_proven_does_not_teach_how_often_unproven_closings_happen() -> None:
    rows = listed()
    day = case(rows, range(5), unproven=np.zeros(40, bool))
    taught = Habits.none().learn(day, day.unproven)
    assert weigh_rows(taught.of("erp"), case(rows)).each.max() < weigh_rows(NOTHING, case(rows)).each.max()


def test_each_source_has_habits_of_its_own() -> None:
    shop = after_days(listed(), range(20), 20).sources["erp"]
    both = Habits({"shop": shop})
    assert both.reports == {"shop": 20}
    assert (weigh_rows(both.of("erp"), case(listed())).each == weigh_rows(NOTHING, case(listed())).each).all()


def test_a_customer_long_gone_is_forgotten_and_one_with_open_rows_is_not() -> None:
    habits = after_days(listed(), [0], 1)
    others = listed(customer_id="C-other")
    for _ in range(80):
        day = case(others, since=date(2026, 1, 1))
        habits = habits.learn(day, day.unproven)
    assert habits.sources["erp"].customers.to_pylist() == ["C-other"]


def test_a_customer_who_was_expected_to_pay_and_did_not_is_remembered() -> None:
    slow = listed(4, 1, customer_id="C-slow", due_on=due_in(-2))
    habits = after_days(listed(), (), 1, after_days(slow, (), 1))
    learned = habits.sources["erp"]
    place = learned.customers.to_pylist().index("C-slow")
    assert (learned.closed[place].sum(), learned.expected[place].sum()) == (0, pytest.approx(0.4, rel=0.01))


def test_references_are_remembered_for_more_than_a_year_and_then_no_longer() -> None:
    habits = after_days(listed(), [0, 1], 2)
    assert habits.sources["erp"].references.to_pylist() == ["a1", "a2"]
    for on, known in ((date(2027, 5, 20), 2), (date(2027, 6, 20), 0)):
        day = case(listed(2, due_on=TODAY), on=on)
        assert len(habits.learn(day, day.unproven).sources["erp"].references) == known


def test_only_so_many_references_are_remembered_the_latest() -> None:
    rows = listed(200_010)
    habits = after_days(rows, range(200_005), 1)
    references = habits.sources["erp"].references.to_pylist()
    assert (len(references), references[-1]) == (200_000, "a200005")


def test_habits_stay_what_they_are_when_packed() -> None:
    habits = Habits({name: after_days(listed(), [0, 3], days).sources["erp"] for name, days in (("a", 3), ("b", 9))})
    again = Habits.unpack(habits.pack())
    assert again.reports == {"a": 3, "b": 9}
    for name, learned in habits.sources.items():
        other = again.sources[name]
        for field in ("open_days", "closings", "closed", "expected", "gone"):
            assert (getattr(learned, field) == getattr(other, field)).all(), field
        assert learned.customers.to_pylist() == other.customers.to_pylist()
        assert learned.references.to_pylist() == other.references.to_pylist()
    day = case(listed(), [0])
    assert again.learn(day, day.unproven).pack() == habits.learn(day, day.unproven).pack()
    assert Habits.unpack(Habits.none().pack()).reports == {}


@given(st.integers(0, 2**31), st.binary(min_size=1, max_size=40))
def test_damaged_habits_are_a_config_error_or_the_same(place: int, junk: bytes) -> None:
    content = PACKED
    at = place % len(content)
    damaged = content[:at] + junk + content[at + len(junk) :]
    try:
        again = Habits.unpack(damaged)
    except ConfigError as error:
        assert "can't be read" in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert again.pack() == content


PACKED = after_days(listed(), [0, 3], 5).pack()


def test_a_wrong_checksum_is_named_with_what_to_do() -> None:
    with pytest.raises(ConfigError) as error:
        Habits.unpack(PACKED[:-1] + b"?")
    assert str(error.value) == (
        "what the history keeps of this feed's payers can't be read (its checksum is wrong). Restore the history from "
        "its backup"
    )


def test_unpacked_habits_have_the_types_of_those_that_were_learned() -> None:
    learned = after_days(listed(), [0, 3], 5).of("erp")
    again = Habits.unpack(PACKED).of("erp")
    for name in ("open_days", "closings", "closed", "expected", "gone"):
        assert getattr(again, name).dtype == getattr(learned, name).dtype
    assert (again.customers.type, again.references.type) == (learned.customers.type, learned.references.type)


def test_habits_of_thousands_of_customers_are_a_small_file() -> None:
    known = after_days(listed(6_000, 3_000), range(0, 6_000, 7), 2)
    assert len(known.pack()) < 16 * 3_000


@pytest.mark.parametrize(
    "content", [b"", PACKED[:16], PACKED[:-9], PACKED[9:]], ids=["empty", "mark", "cut", "headless"]
)
def test_cut_habits_are_a_config_error(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"can't be read .*Restore the history from its backup"):
        Habits.unpack(content)


def test_habits_of_another_version_are_a_config_error() -> None:
    with pytest.raises(ConfigError) as error:
        Habits.unpack(PACKED.replace(b"habits 1", b"habits 2"))
    assert str(error.value) == (
        "what the history keeps of this feed's payers can't be read (another version of arfeed wrote it). Restore the "
        "history from its backup"
    )


@given(st.lists(st.tuples(st.integers(-90, 200), st.integers(0, 4), st.booleans()), max_size=30), st.integers(1, 30))
def test_chances_are_always_chances(rows: list[tuple[int, int, bool]], reports: int) -> None:
    before = listed(
        len(rows),
        customer_id=[f"C{who}" for _, who, _ in rows],
        due_on=[due_in(-late) for late, _, _ in rows],
    )
    habits = after_days(before, [place for place, row in enumerate(rows) if row[2]], reports)
    each = weigh_rows(habits.of("erp"), case(before)).each
    assert ((each >= 0.00001) & (each <= 0.95)).all()


def test_what_was_seen_counts_half_after_five_hundred_working_days() -> None:
    rows = listed()
    one = after_days(rows, [0, 1, 10], 1).of("erp")
    assert (one.open_days.sum(), one.closings.sum(), one.closed.sum(), one.worked) == (40, 3, 3, 1)
    assert one.expected.sum() == pytest.approx(40 * 0.003)
    assert one.closed[:, 0].tolist() == [2, 1, *[0] * 8]
    later = case(rows, [1], since=TODAY, on=date.fromordinal(TODAY.toordinal() + 700))
    assert later.days == 500
    two = after_days(rows, [0, 1, 10], 1).learn(later, later.unproven).of("erp")
    assert two.open_days.sum() == 20 + 40 * 500
    assert (two.closings.sum(), two.closed.sum(), two.worked, two.reports) == (1.5 + 1, 1.5 + 1, 501, 2)
    # It was measured by what was usual before, in the bands of that later day: all rows are long overdue then.
    assert two.expected.sum() == pytest.approx(one.expected.sum() / 2 + 40 * 500 * 0.006)


def test_a_reference_is_remembered_four_hundred_days_by_the_day_it_left_last() -> None:
    learned = after_days(listed(), [0, 1], 1)
    for days, known in ((400, 2), (401, 0)):
        day = case(listed(2), on=date.fromordinal(TODAY.toordinal() + days))
        assert len(learned.learn(day, day.unproven).of("erp").references) == known
    again = case(listed(), [0], on=date.fromordinal(TODAY.toordinal() + 1))
    found = learned.learn(again, again.unproven).of("erp")
    assert found.references.to_pylist() == ["a2", "a1"]
    assert found.gone.tolist() == [(TODAY - date(1970, 1, 1)).days, (TODAY - date(1970, 1, 1)).days + 1]


def test_a_new_customer_stands_behind_those_who_were_known() -> None:
    learned = after_days(listed(2, customer_id=["b", "a"]), [0], 1)
    day = case(listed(3, customer_id=["c", "a", "c"]), [0, 1])
    found = learned.learn(day, day.unproven).of("erp")
    assert found.customers.to_pylist() == ["b", "a", "c"]
    assert found.closed[:, 0].tolist() == pytest.approx([0.5 ** (1 / 500), 1, 1])


def test_several_reports_a_day_are_counted_by_the_days_that_passed() -> None:
    rows, habits = listed(), Habits.none()
    for since in (due_in(-1), due_in(0), due_in(0)):
        day = case(rows, since=since)
        habits = habits.learn(day, day.unproven)
    assert (habits.of("erp").reports, habits.of("erp").worked, habits.of("erp").reports_a_day) == (3, 1, 3)
    assert Habits.none().of("erp").reports_a_day == 1
    assert weigh_rows(habits.of("erp"), case(rows, caution=7)).caution == 21

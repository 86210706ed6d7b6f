"""When a feed is due."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import cast

import pytest

from arfeed.model.errors import ConfigError
from arfeed.operations.fleet.timetable import Timetable, read_timetable

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)


def test_a_cron_line_is_meant_in_the_time_zone_of_the_schedule_or_of_the_feed() -> None:
    plain = {"cron": "0 6 * * *", "spread": False}
    feed = {"timezone": "America/New_York"}
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    for document, hour in (
        ({"schedule": plain}, 6),
        ({"schedule": plain, "feed": feed}, 10),
        ({"schedule": {**plain, "timezone": "Europe/London"}, "feed": feed}, 5),
    ):
        timetable = read_timetable("acme", document)
        assert timetable
        assert timetable.next(summer).hour == hour


def test_a_line_once_a_day_is_due_once_on_the_days_on_which_clocks_change() -> None:
    for before in (NOON, datetime(2026, 10, 23, 12, tzinfo=UTC)):
        moments = [before]
        for _ in range(4):
            moments.append(Timetable("30 1 * * *", "Europe/London", 0).next(moments[-1]))
        assert len({moment.date() for moment in moments[1:]}) == 4
        assert all(
            timedelta(hours=22) < later - sooner < timedelta(hours=26) for sooner, later in pairwise(moments[1:])
        )


def test_each_feed_begins_at_its_own_part_of_the_spread_and_always_at_the_same() -> None:
    schedule = {"schedule": {"cron": "0 6 * * *", "spread": "30 min"}}
    timetables = [read_timetable(f"feed-{number}", schedule) for number in range(200)]
    late = [timetable.next(NOON) - datetime(2026, 3, 28, 6, tzinfo=UTC) for timetable in timetables if timetable]
    assert min(late) >= timedelta()
    assert max(late) < timedelta(minutes=30)
    thirds = Counter(each // timedelta(minutes=10) for each in late)
    assert min(thirds[third] for third in range(3)) > 40
    assert timetables == [read_timetable(f"feed-{number}", schedule) for number in range(200)]


def test_a_moment_within_the_spread_is_not_passed_over() -> None:
    timetable = Timetable("0 6 * * *", "UTC", 600)
    assert timetable.next(datetime(2026, 3, 28, 6, 5, tzinfo=UTC)) == datetime(2026, 3, 28, 6, 10, tzinfo=UTC)
    assert timetable.next(datetime(2026, 3, 28, 6, 10, tzinfo=UTC)) == datetime(2026, 3, 29, 6, 10, tzinfo=UTC)


def test_without_a_spread_of_its_own_a_feed_is_at_most_ten_minutes_late() -> None:
    offsets = [
        timetable.offset
        for number in range(100)
        if (timetable := read_timetable(str(number), {"schedule": {"cron": "0 6 * * *"}}))
    ]
    assert len(offsets) == 100
    assert 0 <= min(offsets) < 300 < max(offsets) < 600


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        pytest.param({"cron": "6:00"}, "give five fields", id="not cron"),
        pytest.param({"cron": "61 6 * * *"}, "found '61 6 \\* \\* \\*': Bad minute", id="no such minute"),
        pytest.param({"cron": "0 6 30 2 *"}, "Bad day-of-month|no day fits", id="30 February"),
        pytest.param({"cron": "0 6 * * *", "timezone": "Mars"}, "schedule.timezone: give a name", id="no such zone"),
        pytest.param({"cron": "0 6 * * *", "at": 6}, "schedule.at: Extra inputs", id="unknown key"),
        pytest.param({}, "schedule.cron: Field required", id="no cron line"),
    ],
)
def test_a_wrong_schedule_is_refused(schedule: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        cast("Timetable", read_timetable("acme", {"schedule": schedule})).next(NOON)


def test_a_feed_without_a_schedule_has_none() -> None:
    assert read_timetable("acme", {}) is None

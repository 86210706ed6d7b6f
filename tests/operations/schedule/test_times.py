from __future__ import annotations

import subprocess

import pytest

from arfeed.model.errors import ConfigError
from arfeed.operations.schedule.times import read_times

TRIED = [
    (["06:00"], "daily", ["*-*-* 06:00:00"], ["0 6 * * *"]),
    (["6:00"], "weekdays", ["Mon,Tue,Wed,Thu,Fri *-*-* 06:00:00"], ["0 6 * * 1,2,3,4,5"]),
    (["18:30", "06:30", "06:30"], "sun,mon", ["Mon,Sun *-*-* 06:30:00", "Mon,Sun *-*-* 18:30:00"], ["30 6,18 * * 1,0"]),
    (["00:00", "23:59"], "Sat", ["Sat *-*-* 00:00:00", "Sat *-*-* 23:59:00"], ["0 0 * * 6", "59 23 * * 6"]),
    (["06:00"], "mon,tue,wed,thu,fri,sat,sun", ["*-*-* 06:00:00"], ["0 6 * * *"]),
]


@pytest.mark.parametrize(
    ("clock", "days", "calendar", "cron"), TRIED, ids=[f"{days} {clock}" for clock, days, *_ in TRIED]
)
def test_times_are_what_each_scheduler_writes(
    clock: list[str], days: str, calendar: list[str], cron: list[str]
) -> None:
    times = read_times(clock, days)
    assert times.calendar(None) == calendar
    assert times.cron() == cron


@pytest.mark.usefixtures("systemd_analyze")
@pytest.mark.parametrize("zone", [None, "Europe/London"])
def test_systemd_takes_the_calendar_expressions(zone: str | None) -> None:
    for clock, days, *_ in TRIED:
        for expression in read_times(clock, days).calendar(zone):
            ran = subprocess.run(["systemd-analyze", "calendar", expression], capture_output=True, text=True)
            assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("clock", ["24:00", "6", "06:60", "6am", "٠٦:٠٠", "06:00\n", ""])
def test_what_is_no_time_is_refused(clock: str) -> None:
    with pytest.raises(ConfigError, match="that is not a time of the day"):
        read_times([clock], "daily")


@pytest.mark.parametrize(
    ("days", "hint"), [("wednesday", "did you mean"), ("", "Give daily"), ("mon-fri", "Give daily")]
)
def test_what_is_no_day_is_refused(days: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        read_times(["06:00"], days)

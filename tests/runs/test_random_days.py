"""Random days, faults and operators: no debt is written off at the receiver without somebody having said so."""

from __future__ import annotations

import secrets

import pytest

from support.feeds.random_days import Days, live


def test_no_debt_is_written_off_unless_somebody_said_so() -> None:
    live(12, 8)


@pytest.mark.soak
def test_no_debt_is_written_off_in_many_random_days_unless_somebody_said_so() -> None:
    live(340, 30, secrets.randbits(32))  # ten thousand days
    assert Days.tally.keys() == {"days", "approved", "proven", "balanced", "asserted"}, Days.tally

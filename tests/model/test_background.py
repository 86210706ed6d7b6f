"""What is begun beside the run."""

from __future__ import annotations

import threading

import pytest

from arfeed.model.background import begin


def test_what_is_begun_after_something_waits_for_it() -> None:
    done: list[str] = []
    gate = threading.Event()

    def slow() -> str:
        gate.wait(10)
        done.append("slow")
        return "slow's"

    first = begin(slow)
    second = begin(lambda: done.append("second"), after=first)
    third = begin(lambda: [*done], after=second)
    gate.set()
    assert third.result(10) == ["slow", "second"]
    assert first.result() == "slow's"


def test_a_failure_is_told_where_the_result_is_asked_for_and_holds_up_nothing() -> None:
    def fail() -> None:
        raise ValueError("torn")

    failing = begin(fail)
    assert begin(lambda: 7, after=failing).result(10) == 7
    with pytest.raises(ValueError, match="torn"):
        failing.result(10)

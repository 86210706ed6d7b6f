"""A destination that does not know its own reports, or its own uploads, sends nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arfeed import DestinationError
from arfeed_connectors.kolleno import Kolleno
from support.feeds.feed import Feed


@pytest.mark.parametrize(
    ("method", "of", "said"),
    [
        ("is_report", lambda self, name: False, "kolleno: its is_report() returns False for open_ar_"),
        ("is_report", lambda self, name: None, "kolleno: its is_report() returns None for open_ar_"),
        ("is_report", lambda self, name: True, "kolleno: its is_report() returns True for .open_ar_"),
        ("report_name", lambda self, at: f"open{at:%S%f%H%M}.txt", "its is_report() returns False for open"),
        ("report_name", lambda self, at: "open.csv", "its report_name() calls this report open.csv, like the last"),
    ],
    ids=["none is one", "says nothing", "all are", "another ending", "one name for all"],
)
def test_a_report_is_not_sent_under_a_name_that_its_destination_misjudges(
    method: str, of: Callable[..., object], said: str, running: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = running.held()
    monkeypatch.setattr(Kolleno, method, of)
    with pytest.raises(DestinationError) as caught:
        running.sync()
    assert said in str(caught.value)
    assert running.held() == before

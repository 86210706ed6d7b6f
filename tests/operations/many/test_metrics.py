"""Figures of each feed, in the words of Prometheus."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from arfeed.operations.many.memory import LastOutcomes
from arfeed.operations.many.metrics import write_metrics
from arfeed.operations.many.outcome import Outcome, pack

PLAN = {"plan": {"totals": [{"count": 3}, {"count": 4}], "counts": {"missing": 2}}}
# https://prometheus.io/docs/instrumenting/exposition_formats, as much of it as is used.
LINE = re.compile(r'# HELP \w+ .+|# TYPE \w+ gauge|\w+(\{feed="(?:[^"\\\n]|\\["\\n])*"\})? [0-9.e+-]+')


def test_each_feed_has_its_figures_and_each_line_its_form(tmp_path: Path) -> None:
    outcomes = {
        "acme": Outcome(Path("acme"), 0, 1.25, pack(json.dumps(PLAN).encode())),
        'a "b"\n\\': Outcome(Path("b"), 2, 0.5),
    }
    file = tmp_path / "arfeed.prom"
    write_metrics(file, outcomes, {"acme": 1_790_000_000.5, "older": 1_780_000_000}, 1_790_000_001)
    lines = file.read_text().splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert 'arfeed_feed_exit_code{feed="acme"} 0' in lines
    assert r'arfeed_feed_exit_code{feed="a \"b\"\n\\"} 2' in lines
    assert 'arfeed_feed_open_invoices{feed="acme"} 7' in lines
    assert 'arfeed_feed_missing_invoices{feed="acme"} 2' in lines
    assert 'arfeed_feed_last_delivery_timestamp_seconds{feed="acme"} 1790000000.5' in lines
    assert 'arfeed_feed_last_delivery_timestamp_seconds{feed="older"} 1780000000' in lines
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names)) == 6
    assert [each.name for each in tmp_path.iterdir()] == ["arfeed.prom"]


def test_a_file_that_cannot_be_replaced_leaves_no_part(tmp_path: Path) -> None:
    (tmp_path / "arfeed.prom").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_metrics(tmp_path / "arfeed.prom", {}, {}, 0)
    assert [each.name for each in tmp_path.iterdir()] == ["arfeed.prom"]


def test_the_last_delivery_is_remembered_behind_later_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = LastOutcomes(tmp_path)
    assert last.delivered() == {}
    last.add("a", Outcome(tmp_path, 0, 1))
    (at,) = last.delivered().values()
    for code in (5, 3):
        last.add("a", Outcome(tmp_path, code, 1))
    assert (last.delivered(), last.codes()) == ({"a": at}, {"a": 3})
    monkeypatch.setattr("arfeed.operations.many.memory._LONGEST", 0)
    last.add("b", Outcome(tmp_path, 4, 1))
    assert (last.delivered(), last.codes()) == ({"a": at}, {"a": 3, "b": 4})
    assert len([line for line in last.file.read_text().splitlines() if line]) == 3

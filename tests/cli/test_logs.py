"""`--log-json`: every line a JSON object, every run from begin to end; on stderr, nothing else."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from arfeed.cli.display.logs import VARIABLE
from support.feeds.command import ARFEED, Cli, run


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def names(text: str) -> list[str]:
    return [event["event"] for event in events(text) if event["event"] != "step"]


def test_a_refusal_and_a_delivery_are_told_from_begin_to_end(arfeed: Cli, feed: Path) -> None:
    assert arfeed(feed, "--log-json", "run.log", "sync").code == 3
    log = feed / "run.log"
    begin, *steps, planned, refused, end = events(log.read_text())
    assert (begin["event"], begin["arguments"]) == ("begin", ["--log-json", "run.log", "sync"])
    assert {step["event"] for step in steps} == {"step"}
    assert planned["counts"] == {"new": 5, "changed": 0, "unchanged": 0, "missing": 0}
    assert {"currency": "EUR", "count": 1, "balance": "1580.9400"} in planned["open"]
    assert (refused["event"], refused["level"], refused["objections"]) == ("refused", "warning", ["unknown-baseline"])
    assert (end["event"], end["exit_code"]) == ("end", 3)
    log.unlink()
    assert arfeed(feed, "--log-json", "run.log", "sync", "--approve", refused["approval"]).code == 0
    *_, delivered, end = events(log.read_text())
    assert (delivered["event"], delivered["level"]) == ("delivered", "info")
    assert delivered["documents"] == {"sent": 3, "failed": 0}
    assert delivered["report"]["name"].startswith("open_ar_")
    assert (delivered["run"], delivered["feed"]) == (end["run"], "acme-uk")
    assert (end["exit_code"], end["seconds"] > 0) == (0, True)


def test_every_line_has_a_time_a_level_and_an_event(arfeed: Cli, feed: Path) -> None:
    arfeed(feed, "--log-json", "run.log", "plan")
    lines = events((feed / "run.log").read_text())
    assert all([*line][:3] == ["time", "level", "event"] for line in lines)
    times = [datetime.fromisoformat(line["time"]) for line in lines]
    assert times == sorted(times)
    assert {time.utcoffset() for time in times} == {datetime.fromisoformat("2026-04-04T00:00+00:00").utcoffset()}


def test_one_log_takes_several_runs(arfeed: Cli, feed: Path) -> None:
    for _ in range(2):
        arfeed(feed, "--log-json", "run.log", "plan")
    assert names((feed / "run.log").read_text()) == ["begin", "planned", "end"] * 2


def test_on_stderr_there_is_nothing_else(feed: Path) -> None:
    done = run(feed, "sync", env={VARIABLE: "-"})
    assert done.code == 3
    assert names(done.err) == ["begin", "planned", "refused", "end"]
    assert "If this is right: arfeed sync --approve" in done.out


def test_beside_json_both_streams_are_for_programs(feed: Path) -> None:
    done = run(feed, "--log-json", "-", "sync", "--json")
    assert names(done.err)[-1] == "end"
    assert done.json()["delivered"] is False


def test_a_failure_has_its_kind_and_exit_code(arfeed: Cli, feed: Path) -> None:
    (feed / "exports" / "SalesInvoices.csv").unlink()
    assert arfeed(feed, "--log-json", "run.log", "sync").code == 4
    failed, error, end = events((feed / "run.log").read_text())[-3:]
    assert (failed["event"], failed["exit_code"]) == ("failed", 4)
    assert (error["event"], error["kind"], error["exit_code"]) == ("error", "SourceError", 4)
    assert "no file matches" in error["message"]
    assert end["exit_code"] == 4


@pytest.mark.parametrize("arguments", [["nonsense"], ["plan", "--nonsense"], ["plan", "--config", "none.toml"]])
def test_wrong_usage_is_an_event_too(feed: Path, arguments: list[str]) -> None:
    done = run(feed, "--log-json", "-", *arguments)
    assert done.code == 2
    assert names(done.err) == ["begin", "error", "end"]


def test_a_bug_is_told_with_its_traceback(arfeed: Cli, feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arfeed.runs.preparation.compare", lambda *_: 1 / 0)
    assert arfeed(feed, "--log-json", "run.log", "plan").code == 1
    bug, end = events((feed / "run.log").read_text())[-2:]
    assert (bug["event"], bug["level"], end["exit_code"]) == ("bug", "critical", 1)
    assert "ZeroDivisionError: division by zero" in bug["traceback"]


def test_a_log_that_cannot_be_written_is_refused(arfeed: Cli, feed: Path) -> None:
    done = arfeed(feed, "--log-json", "no/such/folder/run.log", "plan")
    assert done.code == 2
    assert "--log-json no/such/folder/run.log: it can't be written: No such file or directory" in done.err


def test_no_customer_and_no_invoice_is_named(arfeed: Cli, feed: Path) -> None:
    arfeed(feed, "--log-json", "run.log", "plan")
    text = (feed / "run.log").read_text()
    assert "INV-001" not in text
    assert "Ångström" not in text


def test_without_it_there_are_plain_lines(arfeed: Cli, feed: Path) -> None:
    err = arfeed(feed, "sync").err
    assert "Reading the sources …" in err
    assert '"event"' not in err


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, which is always full")


@FULL
def test_a_log_that_is_full_does_not_change_how_a_run_ends(feed: Path) -> None:
    code = run(feed, "plan", "--json").json()["approval"]
    done = run(feed, "sync", "--approve", code, env={VARIABLE: "/dev/full"})
    assert done.code == 0
    assert done.err.count("the log can't be written: No space left on device; events are missing from it") == 1
    assert "Traceback" not in done.err


@FULL
@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["for people", "JSON"])
def test_an_output_that_is_full_does_not_change_how_a_run_ends(feed: Path, as_json: tuple[str, ...]) -> None:
    code = run(feed, "plan", "--json").json()["approval"]
    with Path("/dev/full").open("w") as full:
        command = [ARFEED, "sync", "--approve", code, *as_json]
        done = subprocess.run(command, cwd=feed, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the output can't be written: No space left on device") == 1
    assert "Traceback" not in done.stderr

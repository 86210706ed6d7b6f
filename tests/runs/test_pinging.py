"""A monitor hears when a run begins and how it ended, and can change nothing about it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from arfeed.model.errors import ConfigError, DestinationError, LockedError, SourceError
from arfeed.runs.ending import pinging
from support.feeds.feed import Feed, invoices
from support.servers.openssh import free_port

SECRET = "9d0c1e8a-quux"


@dataclass
class Monitor:
    """What was asked for: paths below the ping URL, and the ids of the runs."""

    url: str
    status: int = 200
    seconds: float = 0
    signs: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            there.signs.append(asked.path.removeprefix(f"/{SECRET}"))
            there.ids += parse_qs(asked.query)["rid"]
            over.wait(there.seconds)
            self.send_response(there.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there = Monitor(f"http://127.0.0.1:{server.server_port}/{SECRET}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield there
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def watched(running: Feed, monitor: Monitor) -> Feed:
    running.ping = monitor.url
    return running


def test_a_run_to_several_destinations_is_one_to_the_monitor_and_ends_as_the_worst(
    feed: Feed, monitor: Monitor
) -> None:
    receivers = {name: feed.folder / name for name in ("one", "two")}
    for receiver in receivers.values():
        receiver.mkdir()
    feed.destinations = {name: {"url": receiver.as_uri()} for name, receiver in receivers.items()}
    feed.export(invoices(5))
    for name in receivers:
        assert feed.sync_one(name, feed.sync_one(name).plan.approval).receipt
    feed.ping = monitor.url
    feed.sync_each()
    receivers["one"].rename(feed.folder / "away")
    receivers["one"].write_text("not a folder")
    feed.sync_each()
    assert monitor.signs == ["/start", "/0", "/start", "/5"]


def test_a_delivery_is_told_from_its_beginning_as_one_run(watched: Feed, monitor: Monitor) -> None:
    assert watched.sync().receipt
    assert monitor.signs == ["/start", "/0"]
    assert len({*monitor.ids}) == 1
    assert watched.sync().receipt
    assert len({*monitor.ids}) == 2
    assert watched.steps.warnings == []


def test_a_refusal_and_a_failure_raise_the_alarm(watched: Feed, monitor: Monitor) -> None:
    watched.export(invoices(20))
    assert watched.sync().receipt is None
    assert monitor.signs == ["/start", "/3"]
    watched.folder.joinpath("erp.csv").unlink()
    with pytest.raises(SourceError):
        watched.sync()
    assert monitor.signs[2:] == ["/start", "/4"]


def test_what_fails_before_the_lock_is_told_too(watched: Feed, monitor: Monitor) -> None:
    watched.history = "nowhere://"
    with pytest.raises(ConfigError):
        watched.sync()
    assert monitor.signs == ["/2"]


def test_a_plan_is_no_run_and_whoever_finds_the_lock_taken_says_nothing(watched: Feed, monitor: Monitor) -> None:
    watched.plan()
    with watched.records() as history, history.lock(watched.where, "another", 60), pytest.raises(LockedError):
        watched.sync()
    assert monitor.signs == []


@pytest.mark.parametrize("status", [404, 500])
def test_a_monitor_that_refuses_changes_nothing(watched: Feed, monitor: Monitor, status: int) -> None:
    monitor.status = status
    assert watched.sync().receipt
    (warning,) = watched.steps.warnings
    assert f"it answered {status}" in warning
    assert "may raise an alarm" in warning
    assert SECRET not in warning


def test_a_monitor_that_is_not_there_changes_nothing(watched: Feed) -> None:
    watched.ping = f"http://127.0.0.1:{free_port()}/{SECRET}"
    assert watched.sync().receipt
    assert len(watched.steps.warnings) == 1
    watched.destination = {"url": f"sftp://acme@127.0.0.1:{free_port()}", "known_hosts": str(watched.folder / "none")}
    with pytest.raises((DestinationError, ConfigError)):
        watched.sync()
    assert len(watched.steps.warnings) == 2


def test_a_monitor_that_never_answers_is_waited_for_only_so_long(
    watched: Feed, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinging, "_PATIENCE", 0.5)
    monitor.seconds = 600
    began = time.monotonic()
    assert watched.sync().receipt
    assert time.monotonic() - began < 120
    assert len(watched.steps.warnings) == 1


@pytest.mark.parametrize(
    "url", ["http://hc-ping.com/abc", "hc-ping.com/abc", "https://hc-ping.com/abc?x=1", "https://hc-ping.com/a b"]
)
def test_an_address_that_is_none_is_refused(feed: Feed, url: str) -> None:
    feed.ping = url
    with pytest.raises(ConfigError, match=r"feed\.ping: "):
        feed.project()

"""A worker by itself: what it does with each exit code, what it says of itself, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from arfeed.history.store import History
from arfeed.operations.fleet.queue import Wish, order_run
from arfeed.operations.fleet.standing import standing
from arfeed.operations.fleet.store import Entry, Fleet
from arfeed.plugins.config import read_project
from arfeed.runs.addresses import address_of
from support.databases.servers import run_statements
from support.feeds.command import ARFEED
from support.feeds.feed import invoices
from support.feeds.fleets import SmallFleet

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers fork feeds, on Linux only")


def command(fleet: SmallFleet, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ARFEED_FLEET_DATABASE": fleet.url, "COLUMNS": "200"}
    return subprocess.run([ARFEED, "fleet", *words], env=environment, capture_output=True, text=True)


def until(done: Callable[[], bool], seconds: float = 200) -> None:
    give_up = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < give_up, "it does not come so far"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def test_feeds_are_run_approved_and_watched_by_the_commands(tmp_path: Path, postgresql: str) -> None:
    fleet = SmallFleet(tmp_path, postgresql)
    for name in ("acme", "broken"):
        fleet.add(name, invoices(3), cron="0 6 1 1 *")
    fleet.folder.joinpath("broken", "erp.csv").write_text("nothing")
    assert command(fleet, "run", "acme").returncode == 2  # nothing is registered
    assert command(fleet, "init").returncode == 0
    registered = command(fleet, "register", str(fleet.folder))
    assert (registered.returncode, registered.stdout) == (0, "✓ 2 of 2 feeds are registered to be run\n")
    assert command(fleet, "run", "acme").returncode == 0
    assert command(fleet, "run", "broken").returncode == 0
    port = free_port()
    worker = subprocess.Popen(
        [ARFEED, "fleet", "worker", "--jobs", "2", "--metrics", str(port)],
        env={**os.environ, "ARFEED_FLEET_DATABASE": fleet.url},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: all(entry.exit_code is not None for entry in fleet.entries().values()))
        refused = fleet.entries()["acme"]
        assert (refused.exit_code, standing(refused)) == (3, "to approve")
        shown = {each["feed"]: each for each in json.loads(command(fleet, "status", "--json").stdout)["feeds"]}
        assert shown["acme"]["message"].endswith(f"arfeed fleet run acme --approve {refused.approval}")
        assert (shown["broken"]["standing"], shown["broken"]["exit_code"]) == ("needs a person", 4)
        assert command(fleet, "run", "acme", "--approve", refused.approval or "", "--approver", "Ada").returncode == 0
        until(lambda: fleet.entries()["acme"].exit_code == 0)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            metrics = answer.read().decode()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        said = worker.communicate()[1]
    with History(fleet.url) as history:
        (run,) = history.deliveries(address_of(read_project(fleet.folder / "acme" / "plugins.toml")), 9)
    assert (run.approved_by or "").startswith("Ada; run by ")
    for line in (
        'arfeed_runs_total{outcome="delivered"} 1.0',
        'arfeed_runs_total{outcome="refused"} 1.0',
        'arfeed_phase_seconds_count{phase="sending the report"} 1.0',
        "arfeed_delivered_invoices_total 3.0",
        'arfeed_feed_exit_code{feed="broken"} 4.0',
        'arfeed_feed_to_approve{feed="acme"} 0.0',
    ):
        assert f"\n{line}\n" in metrics, (line, said)
    assert 'arfeed_feed_last_delivery_timestamp_seconds{feed="acme"}' in metrics
    assert 'arfeed_phase_seconds_sum{phase="reading"}' in metrics
    assert "acme: delivered" in said
    status = command(fleet, "status", "acme").stdout
    assert "delivered" in status
    assert "broken" not in status


def test_a_receiver_that_fails_is_tried_again_and_a_changed_feed_is_not_run(tmp_path: Path, postgresql: str) -> None:
    fleet = SmallFleet(tmp_path, postgresql)
    for name in ("gone", "changed"):
        fleet.add(name, invoices(3), cron="0 6 1 1 *")
    # A file in the place of the receiver's folder.
    receiver = fleet.receivers / "gone"
    receiver.rmdir()
    receiver.write_text("")
    fleet.register()
    changed = fleet.folder / "changed" / "plugins.toml"
    changed.write_text(changed.read_text() + "# by hand\n")
    with Fleet(fleet.url) as database:
        for entry in database.entries():
            # As if it were due, since a person's wish is not tried again for longer than that.
            assert order_run(fleet.url, entry, Wish(entry.name))
    worker = fleet.worker("one", time.time())
    try:
        until(lambda: fleet.entries()["gone"].in_a_row == 4 and not fleet.jobs())
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
    entries = fleet.entries()
    assert (entries["gone"].exit_code, standing(entries["gone"])) == (5, "tried again")
    assert entries["changed"].exit_code == 2
    assert "it is not what was registered" in (entries["changed"].message or "")
    assert fleet.reports("changed") == []


def test_a_run_that_the_database_cuts_off_is_not_lost(tmp_path: Path, postgresql: str) -> None:
    fleet = SmallFleet(tmp_path, postgresql)
    fleet.add("acme", invoices(3), cron="0 6 1 1 *")
    fleet.register()
    (entry,) = fleet.entries().values()
    waits = "FROM pg_stat_activity WHERE query LIKE '%%fleet_feeds%%' AND wait_event_type = 'Lock'"
    engine = sa.create_engine(sa.make_url(postgresql).set(drivername="postgresql+psycopg"))
    worker = fleet.worker("one", time.time(), stalled=60)

    def cut_off() -> bool:
        run_statements(postgresql, f"SELECT pg_terminate_backend(pid) {waits}")
        return False

    try:
        until(lambda: bool(run_statements(postgresql, "SELECT id FROM procrastinate_workers")))
        with engine.begin() as connection:
            connection.exec_driver_sql("LOCK TABLE fleet_feeds IN ACCESS EXCLUSIVE MODE")
            assert order_run(fleet.url, entry, Wish(entry.name))
            # What waits for the lock may be a tick first, which is made up for by the next one.
            until(lambda: cut_off() or worker.poll() is not None, 90)
    finally:
        worker.kill()
        worker.wait()
        engine.dispose()
    assert fleet.jobs() == [("acme", "doing")], "it would be run only when it is due again"


ENTRY = Entry(**{**dict.fromkeys(each.name for each in fields(Entry)), "mistake": "", "paused": False, "in_a_row": 0})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, "not run"),
        ({"mistake": "x"}, "mistaken"),
        ({"exit_code": 0}, "delivered"),
        ({"exit_code": 0, "paused": True}, "paused"),
        ({"exit_code": 3, "approval": "1-a"}, "to approve"),
        ({"exit_code": 4}, "needs a person"),
        ({"exit_code": 6, "in_a_row": 5}, "tried again"),
        ({"exit_code": 6, "in_a_row": 6}, "needs a person"),
    ],
    ids=str,
)
def test_how_a_feed_stands(changes: dict[str, object], wanted: str) -> None:
    assert standing(replace(ENTRY, **changes)) == wanted  # type: ignore[arg-type]

"""A small fleet: feeds in a folder with their receivers' folders beside it, workers as processes, a clock that runs."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from arfeed.delivery.rehearsal.books import Books
from arfeed.operations.fleet.queue import create_queue
from arfeed.operations.fleet.registering import register
from arfeed.operations.fleet.store import Entry, Fleet, Registered
from arfeed.plugins.config import read_project
from arfeed.runs import pipeline
from support.databases.servers import run_statements
from support.feeds.feed import HEADER, REPORTS, Row, Steps
from support.feeds.processes import FORKS

FEED = """
plugins = ["folder", "kolleno"]

[feed]
name = "{name}"
history = "{history}"
pages = false

[schedule]
cron = "{cron}"
spread = {spread}

[sources.erp]
use = "folder"
path = "erp.csv"
dates = "YMD"
settle_seconds = 0
{more}

[destination]
use = "kolleno"
mode = "open-ar"
url = "file://{receiver}"
"""

WORKER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from arfeed.cli.app import _tune_for_short_process

_tune_for_short_process()  # before pyarrow is imported, as the command does

from arfeed.operations.fleet.queue import Pace
from arfeed.operations.fleet.serving import Place
from arfeed.operations.fleet.working import work
from arfeed.operations.many.limits import Limits

url, cache, name, began, speed, stalled = sys.argv[1:]
def clock():
    return datetime.fromtimestamp(float(began) + (time() - float(began)) * float(speed), UTC)
beat = float(stalled)
pace = Pace(tick="* * * * * */1", heartbeat=beat / 3, stalled=beat, poll=1, again=(1, 2, 4), clock=clock)
sys.exit(work(Place(url, None, Path(cache), name), 2, Limits(60, None), pace, {}))
"""
"""A worker whose clock runs `speed` times as fast, and which takes others for dead soon."""


class SmallFleet:
    """Feeds in a folder, whose receivers and database can be looked at afterwards."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder / "feeds", url
        self.receivers = folder / "receivers"
        self.cache = folder / "cache"
        self.folder.mkdir(parents=True)

    def add(
        self, name: str, rows: Iterable[Row], *, cron: str = "* * * * *", spread: str = "false", more: str = ""
    ) -> Path:
        """Add a feed of which nothing was delivered; `more` are lines of its source."""
        receiver = self.receivers / name
        receiver.mkdir(parents=True)
        config = self.folder / name / "plugins.toml"
        config.parent.mkdir()
        config.write_text(
            FEED.format(name=name, history=self.url, cron=cron, spread=spread, more=more, receiver=receiver)
        )
        self.export(name, rows)
        return config

    def export(self, name: str, rows: Iterable[Row]) -> None:
        """Replace what a feed's source lists."""
        with self.folder.joinpath(name, "erp.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, HEADER)
            writer.writeheader()
            writer.writerows(rows)

    def deliver(self, names: Sequence[str]) -> None:
        """Deliver feeds once, each with the approval of somebody who has looked at its plan."""
        state = os.environ["ARFEED_STATE"]
        with ProcessPoolExecutor(2, mp_context=FORKS) as processes:
            assert all(processes.map(_deliver, [self.folder / name for name in names], [state] * len(names)))

    def register(self, now: datetime | None = None) -> list[Registered]:
        """Make the queue, and register the feeds."""
        create_queue(self.url)
        with Fleet(self.url) as fleet:
            return register(fleet, str(self.folder), self.cache, now or datetime.now(UTC))

    def entries(self) -> dict[str, Entry]:
        """What the fleet knows of each feed."""
        with Fleet(self.url) as fleet:
            return {entry.name: entry for entry in fleet.entries()}

    def jobs(self) -> list[tuple[str, str]]:
        """The runs in the queue: feed and status."""
        query = (
            "SELECT args->>'feed' || ' ' || status FROM procrastinate_jobs WHERE task_name = 'arfeed.run' ORDER BY id"
        )
        return [(feed, status) for feed, status in (each.split() for each in run_statements(self.url, query))]

    def reports(self, name: str) -> list[Path]:
        """The reports that a feed's receiver has, in their order."""
        return sorted((self.receivers / name / REPORTS).glob("open_ar_*.csv"))

    def books(self, name: str) -> Books:
        """What the receiver believes after its reports."""
        books = Books()
        for report in self.reports(name):
            with report.open(newline="", encoding="utf-8-sig") as file:
                listed = {row["invoice_ref"]: Decimal(row["balance"]) for row in csv.DictReader(file)}
            books = books.after(report.name, listed, datetime.now(UTC))
        return books

    def worker(self, name: str, began: float, *, speed: float = 1, stalled: float = 3) -> subprocess.Popen[bytes]:
        """Start a worker, the leader of a process group; it prints into a file of its name."""
        words = [self.url, self.cache, name, began, speed, stalled]
        with self.folder.parent.joinpath(f"{name}.txt").open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-P", "-c", WORKER, *map(str, words)], start_new_session=True, stdout=said, stderr=said
            )


def _deliver(feed: Path, state: str) -> bool:
    os.environ["ARFEED_STATE"] = state
    project = read_project(feed / "plugins.toml")
    approval = pipeline.plan(project, Steps()).plan.approval
    return pipeline.sync(project, Steps(), approve=approval).receipt is not None

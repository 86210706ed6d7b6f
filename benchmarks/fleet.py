"""What the queue of a fleet costs for each run: `python -m benchmarks.fleet postgresql://…/an_empty_database`.

One worker runs many feeds that end at once, since their exports are missing. Counted is processor time of the process
that talks to the queue, and of the one that forks the feeds without the feeds themselves, for each run; not that of
PostgreSQL.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.contest import BUILD

from arfeed.operations.fleet.queue import Wish, create_queue, order_run
from arfeed.operations.fleet.store import Fleet

ARFEED = Path(sys.executable).with_name("arfeed")
FOLDER = BUILD / "fleet"
FEED = """
plugins = ["folder", "kolleno"]

[feed]
history = "{url}"

[sources.erp]
use = "folder"
path = "erp.csv"
dates = "YMD"

[destination]
use = "kolleno"
mode = "open-ar"
url = "file://{folder}"
"""


def main() -> None:
    """Print milliseconds of processor time for each run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("url", help="an empty database")
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    environment = {**os.environ, "ARFEED_FLEET_DATABASE": options.url, "ARFEED_STATE": str(FOLDER / "state")}
    shutil.rmtree(FOLDER, ignore_errors=True)
    for number in range(options.feeds):
        feed = FOLDER / "feeds" / f"feed-{number:05}"
        feed.mkdir(parents=True)
        feed.joinpath("plugins.toml").write_text(FEED.format(url=options.url, folder=FOLDER / "out" / feed.name))
    with Fleet(options.url) as fleet:
        create_queue(options.url)
        subprocess.run([ARFEED, "fleet", "register", FOLDER / "feeds"], env=environment, check=True)
        entries = fleet.entries()
        command = [str(ARFEED), "fleet", "worker", "--jobs", str(options.jobs)]
        worker = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        order_run(options.url, entries[0], Wish(entries[0].name))
        _wait(fleet, 1)
        queue = _child(worker.pid)
        before = _processors(worker.pid), _processors(queue)
        began = time.monotonic()
        for entry in entries[1:]:
            order_run(options.url, entry, Wish(entry.name))
        _wait(fleet, len(entries))
        took = time.monotonic() - began
        after = _processors(worker.pid), _processors(queue)
        worker.send_signal(signal.SIGTERM)
        worker.wait()
    runs = len(entries) - 1
    print(f"{runs} runs in {took:.1f} s")
    for name, early, late in zip(("forking", "queue"), before, after, strict=True):
        print(f"{name}: {1000 * (late - early) / runs:.1f} ms of processors a run")


def _wait(fleet: Fleet, ended: int) -> None:
    while sum(entry.exit_code is not None for entry in fleet.entries()) < ended:
        time.sleep(0.2)


def _child(pid: int) -> int:
    """Return the process of a worker that talks to the queue: the oldest that it started."""
    return min(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def _processors(pid: int) -> float:
    """Return the seconds of processor time that a process has taken, without those it started."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()

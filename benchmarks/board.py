"""How long the board takes with thousands of feeds in PostgreSQL: python -m benchmarks.board [FEEDS RUNS [SECONDS]].

A board runs as a process of its own. Thirty people read its first page and feeds' pages at the same time; each asks
for the next three seconds after the last has come. Needs a server at 127.0.0.1:5432 with the user postgres.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from arfeed.history.store import History
from arfeed.operations.board.access import people
from arfeed.operations.board.access.people import parse_grants
from arfeed.operations.board.database import Database
from support.databases.servers import POSTGRESQL
from support.people.boards import PASSWORD, Board, running_board

READERS, THINKING = 30, 3.0
FEED = """plugins = ["folder", "kolleno"]

[feed]
history = "{history}"

[schedule]
cron = "0 6 * * MON-FRI"
timezone = "Europe/London"

[sources.erp]
use = "folder"
path = "*.csv"

[destination]
use = "kolleno"
mode = "open-ar"
url = "rehearsal://feed{number}"
"""
RUNS = """
INSERT INTO runs (id, kind, state, feed, destination, settings, started_at, ended_at, report_at, report_name,
                  report_size, open_count, missing_count, receipt)
SELECT 'run-' || feed || '-' || run, 'sync', 'delivered', 'feed' || feed, 'rehearsal://feed' || feed, 'x', moment,
       moment, moment, 'open_ar.csv', 1000, 200, 3,
       '{"totals": [{"source": "erp", "currency": "EUR", "count": 150, "balance": "' || (run * 37 + 10000) || '.50"}, '
       '{"source": "erp", "currency": "GBP", "count": 50, "balance": "' || (run * 11 + 2000) || '.00"}], "missing": ['
       '{"invoice_ref": "INV-' || run || '", "evidence": "proven"}, '
       '{"invoice_ref": "INV-0", "evidence": "unexplained"}], '
       '"pdfs": {"send": 5, "present": ' || (100 + run % 90) || ', "without": 20}, "files": ["'
       || repeat('9b74bfb23f4e6617aa3456390a4a9657 INV-0001.pdf ', 100) || '"]}'
FROM generate_series(1, :feeds) AS feed, generate_series(1, :runs) AS run,
     LATERAL (SELECT now() - (run || ' days')::interval - (feed || ' seconds')::interval AS moment) AS at
"""
OUTCOMES = """
INSERT INTO outcomes (destination, feed, run, at, ending, exit_code, message)
SELECT 'rehearsal://feed' || feed, 'feed' || feed, 'run-' || feed || '-1', now() - interval '1 hour',
       CASE WHEN feed % 50 = 0 THEN 'failed' ELSE 'delivered' END, 0, ''
FROM generate_series(1, :feeds) AS feed
"""


@contextmanager
def many(folder: Path, url: str, feeds: int, runs: int) -> Iterator[Board]:
    """Run a board over so many feeds with so many runs each."""
    with History(url), sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://")).begin() as connection:
        connection.execute(sa.text(RUNS), {"feeds": feeds, "runs": runs})
        connection.execute(sa.text(OUTCOMES), {"feeds": feeds})
    with sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://")).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    for number in range(1, feeds + 1):
        (folder / f"feed{number}").mkdir()
        (folder / f"feed{number}/plugins.toml").write_text(FEED.format(history=url, number=number))
    with Database(url) as database:
        people.add(database, "anna", parse_grants(["viewer"]), "the benchmark")
        people.set_password(database, "anna", PASSWORD, "the benchmark")
    began = time.monotonic()
    with running_board(folder, "--database", url) as board:
        print(f"started in {time.monotonic() - began:.1f} s, at a load of {os.getloadavg()[0]:.1f}")
        yield board


def measure(board: Board, feeds: int, seconds: float) -> None:
    """Print the 50th and 95th percentile of each page, and the board's memory before and after."""
    visitor = board.logged_in("anna")
    began = time.monotonic()
    visitor.get("/")
    print(f"the very first look: {time.monotonic() - began:.1f} s")
    print(f"alone: {_alone(visitor, '/'):.0f} ms the first page, {_alone(visitor, '/feeds/feed7'):.0f} ms a feed's")
    print(f"for {seconds:.0f} s, at a load of {os.getloadavg()[0]:.1f} before")
    before, until, worked = _memory(board), time.monotonic() + seconds, _worked(board)
    taken: dict[str, list[float]] = {"the first page": [], "a feed's page": []}

    def read(reader: int) -> None:
        turn = reader
        # People don't all come at one moment.
        time.sleep(THINKING * reader / READERS)
        while time.monotonic() < until:
            turn += READERS
            kind, path = ("the first page", "/") if turn % 2 else ("a feed's page", f"/feeds/feed{turn % feeds + 1}")
            start = time.perf_counter()
            assert visitor.get(path).status == 200
            taken[kind].append(time.perf_counter() - start)
            time.sleep(THINKING)

    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(read, reader) for reader in range(READERS)]
        while time.monotonic() < until:
            time.sleep(min(60.0, max(0.0, until - time.monotonic())))
            print(f"memory {_memory(board):.0f} MB, load {os.getloadavg()[0]:.1f}", flush=True)
        for each in reading:
            each.result()
    for kind, times in taken.items():
        cuts = [f"{cut * 1e3:.0f} ms" for cut in quantiles(times, n=20)]
        print(f"{READERS} readers, {kind}: {len(times)} times, half within {cuts[9]}, 95 % within {cuts[18]}")
    # What other programs on the machine leave to it does not count there.
    cost = (_worked(board) - worked) / sum(map(len, taken.values()))
    print(f"{cost * 1e3:.0f} ms of a processor for each page, with what is done for all of them")
    print(f"memory {before:.0f} MB before, {_memory(board):.0f} MB after")


def _worked(board: Board) -> float:
    """Return how many seconds of a processor the board has taken."""
    fields = Path(f"/proc/{board.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _alone(visitor: object, path: str) -> float:
    start = time.perf_counter()
    for _ in range(10):
        visitor.get(path)  # type: ignore[attr-defined]
    return (time.perf_counter() - start) * 100


def _memory(board: Board) -> float:
    pages = int(Path(f"/proc/{board.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Measure."""
    feeds, runs, seconds = (int(each) for each in (*sys.argv[1:], *("5000", "200", "60")[len(sys.argv) - 1 :]))
    with (
        tempfile.TemporaryDirectory() as folder,
        POSTGRESQL.new_database() as url,
        many(Path(folder), url, feeds, runs) as board,
    ):
        measure(board, feeds, seconds)


if __name__ == "__main__":
    main()

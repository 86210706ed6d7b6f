"""The contests: what is read, who takes part, and how a run is timed and checked.

This process holds little memory on purpose: a child's peak counts what its parent held when it was started. So data is
made and results are checked by children too.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

HERE = Path(__file__).parent
BUILD = HERE.parent / "build" / "benchmarks"

POSTGRESQL = "ARFEED_BENCHMARK_POSTGRESQL"
"""The variable with the URL of a database that a schema may be made in."""

CONFIG = """
plugins = ["{connector}", "kolleno"]

[feed]
pages = false

[sources.invoices]
use = "{connector}"
{settings}

[destination]
use = "kolleno"
mode = "open-ar"
url = "{destination}"
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A contestant. `limit`: how many times its seconds arfeed may take. Slow ones take part in every other round.

    `reading_only`: the limit is on arfeed's reading of its source alone, as the peer parses and checks nothing.
    """

    name: str
    script: str
    limit: float | None = None
    slow: bool = False
    reading_only: bool = False


@dataclass(frozen=True, slots=True)
class Contest:
    """One input, read by arfeed and by its peers. `megabytes`: how much memory arfeed may hold.

    `settings` are the source's, with `{data}` for where the input is: a file, or what the file `data` holds: a URL.
    `share` is how much of the rows that are asked for it has: workbooks hold a million rows at most, and nobody makes
    such ones.
    """

    title: str
    data: str
    connector: str
    settings: str
    peers: tuple[Peer, ...]
    megabytes: int | None = None
    suffix: str = "csv"
    share: float = 1

    def place(self, file: Path) -> str:
        """Return where the input is, as the contestants are told."""
        if self.suffix == "url":
            return file.read_text("utf-8")
        return f"sqlite:///{file}" if self.suffix == "db" else str(file)


@dataclass(frozen=True, slots=True)
class Run:
    """One timed run: wall time, and peak memory of the whole process. `reading`: the part that the source took.

    `processors` are the seconds that the process itself was at work, which others beside it lengthen less.
    """

    seconds: float
    megabytes: float
    reading: float = 0
    processors: float = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """arfeed and a peer, one directly after the other, so that a busy machine slows both."""

    peer: Peer
    ours: Run
    theirs: Run


FILE = "path = '{data}'\ndates = "
QUERY = "url = '{data}'\nquery = 'SELECT * FROM invoices'"
SQL_PEERS = (
    Peer("pandas.read_sql in chunks (parses nothing)", "sql_pandas.py", limit=0.6, reading_only=True),
    Peer("dlt, Arrow tables (checks nothing)", "sql_dlt.py"),
)
CONTESTS = (
    Contest(
        "Flat CSV of open invoices",
        "flat",
        "folder",
        FILE + "'YMD'",
        (
            Peer("duckdb", "flat_duckdb.py", limit=3),
            Peer("polars, eager", "flat_polars.py"),
            Peer("pyarrow alone", "flat_pyarrow.py"),
            Peer("dlt, Arrow tables (parses nothing)", "flat_dlt_arrow.py", limit=2),
            Peer("pandas as people write it", "flat_pandas.py", slow=True),
            Peer("dlt, rows (parses nothing)", "flat_dlt_rows.py", limit=0.1, slow=True),
        ),
        megabytes=800,
    ),
    Contest(
        "Xero sales export",
        "xero",
        "xero",
        FILE + "'DMY'",
        (
            Peer("polars, eager", "xero_polars.py eager", limit=3),
            Peer("polars, streaming", "xero_polars.py streaming"),
            Peer("duckdb", "xero_duckdb.py"),
        ),
    ),
    Contest(
        "QuickBooks Open Invoices",
        "quickbooks",
        "quickbooks",
        FILE + "'MDY'\ncurrency = 'USD'",
        (
            Peer("pandas as people write it (adds nothing up)", "quickbooks_pandas.py"),
            Peer("polars (adds nothing up)", "quickbooks_polars.py"),
        ),
        megabytes=800,
    ),
    Contest(
        "Excel workbook of open invoices",
        "excel",
        "folder",
        FILE + "'YMD'",
        (
            Peer("pandas.read_excel with calamine", "excel_pandas.py calamine"),
            Peer("pandas.read_excel with openpyxl", "excel_pandas.py openpyxl", slow=True),
        ),
        megabytes=800,
        suffix="xlsx",
        share=0.1,
    ),
    Contest("SQLite table of open invoices", "sqlite", "sql", QUERY, SQL_PEERS, 800, "db"),
    Contest("PostgreSQL table of open invoices", "postgresql", "sql", QUERY, SQL_PEERS, 800, "url"),
)


class Arena:
    """One contest on this machine: the data, a folder to write into, and arfeed approved to deliver there."""

    def __init__(self, contest: Contest, rows: int, peers_python: Path, arfeed: Path | None = None) -> None:
        self.contest = contest
        self.peers_python = peers_python
        self.arfeed = arfeed or Path(sys.executable).with_name("arfeed")
        self.folder = BUILD / "run"
        os.environ["ARFEED_STATE"] = str(self.folder / "state")  # what it delivered last is forgotten with the rest
        self.target = self.folder / "out"
        self.config = self.folder / "plugins.toml"
        self.rows = max(1, round(rows * contest.share))
        self.data = self._data(self.rows)
        self.place = contest.place(self.data)
        self.outcome: dict[str, object] | None = None
        self.approval = self._approval()

    def pairs(self, rounds: int) -> Iterator[Pair]:
        """Run arfeed and a peer in turns, each against every peer in every round; slow peers in every other round."""
        for number in range(rounds):
            for peer in self.contest.peers:
                if not (peer.slow and number % 2):
                    yield Pair(peer, self.ours(), self._theirs(peer))

    def ours(self) -> Run:
        run = self._timed("arfeed", [self.arfeed, "sync", "--config", self.config, "--approve", self.approval])
        (latest,) = json.loads(_output([self.arfeed, "history", "--json", "--config", self.config]))
        return replace(run, reading=latest["receipt"]["seconds"]["source invoices"])

    def _theirs(self, peer: Peer) -> Run:
        script, *arguments = peer.script.split()
        return self._timed(peer.name, [self.peers_python, HERE / "peers" / script, self.place, self.target, *arguments])

    def _timed(self, name: str, command: list[Path | str]) -> Run:
        self._clean()
        log = self.folder / "log.txt"
        with log.open("wb") as sink:
            start = time.perf_counter()
            process = subprocess.Popen(command, stdout=sink, stderr=sink)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{name} ended with {process.returncode}:\n{log.read_text()}")
        self._check(name)
        megabytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
        return Run(seconds, megabytes, processors=usage.ru_utime + usage.ru_stime)

    def _check(self, name: str) -> None:
        """End everything if a contestant wrote another report than the one before it."""
        outcome = json.loads(_output([sys.executable, "-m", "benchmarks.outcome", self.target]))
        if self.outcome not in (None, outcome):
            sys.exit(f"{name} wrote {outcome}, the others {self.outcome}")
        self.outcome = outcome

    def _clean(self) -> None:
        """Remove what the last run wrote, arfeed's history with it, and write its configuration again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.target.mkdir(parents=True)
        settings = self.contest.settings.format(data=self.place)
        feed = {"connector": self.contest.connector, "settings": settings, "destination": self.target.as_uri()}
        self.config.write_text(CONFIG.format(**feed))

    def _data(self, rows: int) -> Path:
        """Return the input, made once; another generator makes another file."""
        generator = crc32((HERE / "data.py").read_bytes())
        file = BUILD / f"{self.contest.data}-{rows}-{generator:08x}.{self.contest.suffix}"
        if not file.exists():
            BUILD.mkdir(parents=True, exist_ok=True)
            _output([sys.executable, "-m", "benchmarks.data", self.contest.data, file, str(rows)])
            os.utime(file, (1, 1))  # arfeed waits for files that have just been written to lie still
        return file

    def _approval(self) -> str:
        """Return the code that approves the first delivery; it stays the same as long as the settings do."""
        self._clean()
        plan = json.loads(_output([self.arfeed, "plan", "--json", "--config", self.config], expected=3))
        return str(plan["approval"])


def _output(command: list[Path | str], expected: int = 0) -> str:
    """Run a command outside the timing and return what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parent)
    if done.returncode != expected:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}, not {expected}:\n{done.stderr}")
    return done.stdout

"""A first sync of PDFs by many programs to OpenSSH, with verification and without, in turns:
`PYTHONPATH=tests python -m benchmarks.documents`, from the repository's root.

A second sync, of which every PDF is there already, shows what unchanged ones cost. Seconds of processors are counted
beside those of the clock, since other work on the machine lengthens them less; they include the process that reads.
Memory is the most that any one process of arfeed held.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.contest import BUILD
from benchmarks.delivery.__main__ import ARFEED, CONFIG
from benchmarks.delivery.server import Server, server

from support.files.invoice_pdfs import Bill, bills, lines_of
from support.people.browser import running_chromium
from support.writers.libraries import Write
from support.writers.programs import all_programs

SEED = 20260404
TARGET = 1.35
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Run:
    """One sync: seconds, seconds of processors, and megabytes at most."""

    seconds: float
    busy: float
    megabytes: float


def main() -> None:
    """Print how long syncs take with verification and without."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000, help="how many PDFs (default: 10,000)")
    parser.add_argument("--rounds", type=int, default=3, help="syncs of each kind (default: 3)")
    parser.add_argument("--latency", type=int, default=0, help="milliseconds (default: 0)")
    options = parser.parse_args()
    pdfs = _pdfs(options.files)
    runs: dict[tuple[str, str], list[Run]] = {}
    with server(BUILD / "documents", options.latency) as place:
        for _ in range(options.rounds):
            for verify in ("off", "withhold"):
                for which, run in zip(("new", "unchanged"), _syncs(place, pdfs, verify), strict=True):
                    runs.setdefault((which, verify), []).append(run)
                    print(which, verify, run, flush=True)
    for which in ("new", "unchanged"):
        off, on = runs[which, "off"], runs[which, "withhold"]
        took = median(b.seconds / a.seconds for a, b in zip(off, on, strict=True))
        busy = median(b.busy / a.busy for a, b in zip(off, on, strict=True))
        more = median(b.megabytes - a.megabytes for a, b in zip(off, on, strict=True))
        met = f"; target {TARGET} ×: {'met' if took <= TARGET else 'not met'}" if which == "new" else ""
        without = median(run.seconds for run in off)
        print(f"{options.files:,} PDFs, {which}, {options.latency} ms: {without:.1f} s without verification,")
        print(f"  {took:.2f} × with it; of processors {busy:.2f} ×; {more:+.0f} MB{met}")


def _syncs(place: Server, pdfs: Path, verify: str) -> Iterator[Run]:
    """Deliver to an empty folder from an empty history, and once more."""
    feed = place.inbox.parent / "feed"
    for folder in (place.inbox, feed):
        subprocess.run(["rm", "-rf", folder], check=True)
        folder.mkdir()
    config = feed / "plugins.toml"
    config.write_text(CONFIG.format(source=pdfs, server=place) + f'documents_verify = "{verify}"\n')
    asked: list[str | Path] = [ARFEED, "plan", "--json", "--config", config]
    planned = subprocess.run(asked, capture_output=True, text=True, check=False)
    yield _timed([ARFEED, "sync", "--config", config, "--approve", json.loads(planned.stdout)["approval"]])
    held = len([*place.inbox.glob("*.pdf")])
    if held != len([*pdfs.iterdir()]):
        sys.exit(f"{held} PDFs were delivered")
    yield _timed([ARFEED, "sync", "--config", config])


def _timed(command: Sequence[str | Path]) -> Run:
    start = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"arfeed ended with {process.returncode}")
    return Run(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _pdfs(count: int) -> Path:
    """Have all programs make as many PDFs each, and the export that lists them."""
    folder = BUILD / f"written-{count}"
    listed = _bills(count)
    if not folder.exists():
        with running_chromium() as browser:
            programs = all_programs(browser)
            folder.mkdir(parents=True)
            draw = random.Random(SEED)
            for number, (name, write) in enumerate(programs.items()):
                _write(write, listed[number :: len(programs)], folder, draw)
                print(f"{name}: written", flush=True)
    export = folder.with_suffix(".csv")
    with export.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["invoice_ref", "customer_name", "currency", "issued_on", "amount", "balance"])
        for bill in listed:
            total = f"{bill.cents // 100}.{bill.cents % 100:02}"
            rows.writerow([bill.ref, bill.customer, "GBP", "2026-04-01", total, total])
    os.utime(export, (1, 1))  # no export of a moment ago, which arfeed would wait for to lie still; 0 says nothing
    return folder


def _write(write: Write, listed: Sequence[Bill], folder: Path, draw: random.Random) -> None:
    left = iter(listed)
    while some := [*islice(left, AT_ONCE)]:
        contents = write([lines_of(bill, draw) for bill in some])
        for bill, content in zip(some, contents, strict=True):
            folder.joinpath(f"{bill.ref}.pdf").write_bytes(content)


def _bills(count: int) -> list[Bill]:
    return bills("INV-2026-0042", count, SEED)


if __name__ == "__main__":
    main()

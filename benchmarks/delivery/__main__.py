"""PDFs and a report to a real OpenSSH server, beside the peers: `python -m benchmarks.delivery`, from the root."""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.contest import BUILD, HERE
from benchmarks.delivery.peers import PDFS, REPORT, Command, Peer, script
from benchmarks.delivery.server import Server, server

DOCS = HERE.parent / "docs" / "performance.md"
START, END = "<!-- delivery: start -->", "<!-- delivery: end -->"
FULL = (2000, 100)
SEED = 20260404
ARFEED = Path(sys.executable).with_name("arfeed")
HEADER = ("", "seconds", "sync takes", "target", "transfer takes", "target", "met")

CONFIG = """
plugins = ["folder", "kolleno"]

[feed]
pages = false

[sources.invoices]
use = "folder"
path = '{source}.csv'
dates = "YMD"
documents = '{source}/{{invoice_ref}}.pdf'

[destination]
use = "kolleno"
mode = "open-ar"
url = "{server.url}"
private_key = '{server.key}'
known_hosts = '{server.known_hosts}'
"""


@dataclass(frozen=True, slots=True)
class Ours:
    """One run of arfeed: the whole process, and its transfer alone."""

    sync: float
    transfer: float


Pair = tuple[Ours, float]


def main() -> None:
    """Run both contests at both latencies and print one table; a full run also goes to docs/performance.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery", description=__doc__)
    parser.add_argument("--files", type=int, default=FULL[0], help="how many PDFs (default: 2,000)")
    parser.add_argument("--megabytes", type=int, default=FULL[1], help="size of the report (default: 100)")
    parser.add_argument("--rounds", type=int, default=3, help="runs beside every peer (default: 3)")
    parser.add_argument("--latency", type=int, nargs="*", default=[0, 50], help="milliseconds (default: 0 50)")
    options = parser.parse_args()
    pdfs, report = pdfs_and_export(options.files), _report(options.megabytes)
    texts = []
    for latency in options.latency:
        with server(BUILD / "delivery", latency) as place:
            pairs = {peer: [_pdf_pair(place, pdfs, peer, latency) for _ in range(options.rounds)] for peer in PDFS}
            texts.append(_table(f"{options.files:,} PDFs, {latency} ms", "arfeed sync", pairs, latency))
            print(texts[-1], flush=True)
            pairs = {peer: [_report_pair(place, report, peer) for _ in range(options.rounds)] for peer in REPORT}
            texts.append(_table(f"A report of {options.megabytes} MB, {latency} ms", "arfeed", pairs, latency))
            print(texts[-1], flush=True)
    if (options.files, options.megabytes, options.latency) == (*FULL, [0, 50]):
        before, rest = DOCS.read_text("utf-8").split(START)
        DOCS.write_text(f"{before}{START}\n{chr(10).join(texts)}\n{END}{rest.split(END)[1]}", "utf-8")


def pdfs_and_export(count: int) -> Path:
    """Make PDFs of 30 to 80 KB that no compression shrinks, and the export that lists them."""
    folder = BUILD / f"pdfs-{count}"
    if not folder.exists():
        folder.mkdir(parents=True)
        dice = random.Random(SEED)
        for number in range(count):
            body = dice.randbytes(dice.randint(30_000, 80_000))
            folder.joinpath(f"INV-{number:06}.pdf").write_bytes(b"%PDF-1.4\n" + body + b"\n%%EOF\n")
    export = folder.with_suffix(".csv")
    lines = ["invoice_ref,customer_name,currency,issued_on,balance"]
    lines += [f"{file.stem},Acme Ltd,GBP,2026-04-01,10.00" for file in sorted(folder.iterdir())]
    export.write_text("\n".join(lines) + "\n")
    os.utime(export, (1, 1))  # no export of a moment ago, which arfeed would wait for to lie still; 0 says nothing
    return folder


def _report(megabytes: int) -> Path:
    folder = BUILD / f"report-{megabytes}"
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.joinpath("report.csv").write_bytes(random.Random(SEED).randbytes(megabytes * 1_000_000))
    return folder


def _pdf_pair(place: Server, pdfs: Path, peer: Peer, latency: int) -> Pair:
    ours, count = _sync(place, pdfs), len([*pdfs.iterdir()])
    if not latency or peer.few is None or peer.few >= count:
        return ours, _timed(peer.name, peer.command, place, pdfs)
    one, few = (_timed(peer.name, peer.command, place, pdfs_and_export(some)) for some in (1, peer.few))
    return ours, one + (few - one) * (count - 1) / (peer.few - 1)


def _report_pair(place: Server, report: Path, peer: Peer) -> Pair:
    empty(place.inbox)
    command = script("arfeed_report")(place, report)
    start = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    ours = Ours(time.perf_counter() - start, float(done.stdout))
    _check("arfeed", place, report)
    return ours, _timed(peer.name, peer.command, place, report)


def _sync(place: Server, pdfs: Path) -> Ours:
    done = first_delivery(place, CONFIG.format(source=pdfs, server=place))
    _check("arfeed", place, pdfs)
    return Ours(done.seconds, done.steps["Sending the report"] - done.steps["Sending the PDFs"])


class FirstDelivery(NamedTuple):
    """Seconds of a sync by the clock and of processors, and when each of its steps began."""

    seconds: float
    cpu: float
    steps: dict[str, float]


def first_delivery(place: Server, text: str) -> FirstDelivery:
    """Deliver to an empty folder, from an empty history."""
    empty(place.inbox)
    feed = place.inbox.parent / "feed"
    empty(feed)
    config = feed / "plugins.toml"
    config.write_text(text)
    planned = subprocess.run(
        [ARFEED, "plan", "--json", "--config", config], capture_output=True, text=True, check=False
    )
    approve = json.loads(planned.stdout)["approval"]
    command = [ARFEED, "sync", "--config", config, "--approve", approve]
    begun, used = time.perf_counter(), cpu_used()
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr
        steps = {line.strip(" …\n"): time.perf_counter() for line in process.stderr}
    done = FirstDelivery(time.perf_counter() - begun, cpu_used() - used, steps)
    if process.returncode:
        sys.exit(f"arfeed ended with {process.returncode}: {list(steps)}")
    return done


def cpu_used() -> float:
    """Return the seconds of processors that ended children have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _timed(name: str, command: object, place: Server, source: Path) -> float:
    empty(place.inbox)
    assert callable(command)
    arguments: Command = command(place, source)
    start = time.perf_counter()
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{name} ended with {done.returncode}:\n{done.stderr}")
    _check(name, place, source)
    return seconds


def _check(name: str, place: Server, source: Path) -> None:
    """End everything where a file is missing at the receiver, or has another size."""
    held, sent = (
        {file.name: file.stat().st_size for file in at.iterdir() if file.is_file()} for at in (place.inbox, source)
    )
    if held != sent:
        sys.exit(f"{name} delivered {len(held)} files of {sum(held.values()):,} bytes, not {len(sent)} files")


def empty(folder: Path) -> None:
    """Make a folder anew."""
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir()


def _table(title: str, whole: str, pairs: dict[Peer, list[Pair]], latency: int) -> str:
    ours = [pair[0] for runs in pairs.values() for pair in runs]
    rows: list[tuple[str, ...]] = [
        (f"**{whole}, the whole process**", f"{median(run.sync for run in ours):.1f}", "", "", "", "", ""),
        ("of it, the transfer", f"{median(run.transfer for run in ours):.1f}", "", "", "", "", ""),
    ]
    rows += [_row(peer, runs, latency) for peer, runs in pairs.items()]
    lines = [f"| {' | '.join(row)} |" for row in (HEADER, ("---", *["---:"] * 6), *rows)]
    return "\n".join([f"**{title}**", "", *lines, ""])


def _row(peer: Peer, pairs: Sequence[Pair], latency: int) -> tuple[str, ...]:
    star = "*" if latency and peer.few else ""
    sync = median(ours.sync / theirs for ours, theirs in pairs)
    transfer = median(ours.transfer / theirs for ours, theirs in pairs)
    limits = peer.limits.sync.get(latency), peer.limits.transfer.get(latency)
    met = [ratio <= limit for ratio, limit in zip((sync, transfer), limits, strict=True) if limit is not None]
    targets = [f"≤ {limit:g} ×" if limit else "" for limit in limits]
    seconds = f"{median(theirs for _, theirs in pairs):.1f}{star}"
    verdict = ("yes" if all(met) else "no") if met else ""
    return (peer.name, seconds, f"{sync:.2f} ×", targets[0], f"{transfer:.2f} ×", targets[1], verdict)


if __name__ == "__main__":
    main()

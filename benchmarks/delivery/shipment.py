"""A ZIP of 2,000 PDFs, then a done-file, beside `ssh cat` of that ZIP: `python -m benchmarks.delivery.shipment`."""

import argparse
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.contest import BUILD
from benchmarks.delivery.__main__ import FULL, cpu_used, first_delivery, pdfs_and_export
from benchmarks.delivery.server import HOST, Server, server

TARGET = 1.15

CONFIG = """
plugins = ["folder", "table"]

[feed]
pages = false

[sources.invoices]
use = "folder"
path = '{source}.csv'
dates = "YMD"
documents = '{source}/{{invoice_ref}}.pdf'

[destination]
use = "table"
absence = "closes"
archive = "receivables_{{at}}.zip"
marker = "receivables_{{at}}.done"
documents = "inside"
documents_folder = "pdf"
documents_verify = "off"
url = "{server.url}"
private_key = '{server.key}'
known_hosts = '{server.known_hosts}'

[destination.invoices]
name = "invoices.csv"
columns = {{ "No" = "invoice_ref", "Open" = "balance" }}
"""


class Round(NamedTuple):
    """Seconds of one round: the whole sync, its processors, the ZIP's transfer, and `ssh cat` of that ZIP."""

    sync: float
    cpu: float
    transfer: float
    cat: float
    cat_cpu: float


def main() -> None:
    """Run the contest and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery.shipment", description=__doc__)
    parser.add_argument("--files", type=int, default=FULL[0], help="how many PDFs (default: 2,000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--latency", type=int, nargs="*", default=[0, 50], help="milliseconds (default: 0 50)")
    options = parser.parse_args()
    pdfs = pdfs_and_export(options.files)
    for latency in options.latency:
        with server(BUILD / "shipment", latency) as place:
            rounds = [_round(place, pdfs) for _ in range(options.rounds)]
        for each in rounds:
            print(f"{latency} ms", *(f"{name} {value:.2f}" for name, value in each._asdict().items()), flush=True)
        ratio = median(each.transfer / each.cat for each in rounds)
        print(f"{latency} ms: the ZIP's transfer takes {ratio:.2f} × ssh cat; target ≤ {TARGET} ×", flush=True)


def _round(place: Server, pdfs: Path) -> Round:
    done = first_delivery(place, CONFIG.format(source=pdfs, server=place))
    (archive,) = place.inbox.glob("*.zip")
    assert [*place.inbox.glob("*.done")], "there is no done-file"
    transfer = done.steps["Sending the report"] - done.steps[f"Sending {archive.name}"]
    ready = place.inbox.parent / "feed" / "ready.zip"
    archive.rename(ready)
    # Both wait until all of it is there under its name.
    cat = f"ssh -F '{place.config}' {HOST} 'cat > \"{place.inbox}/cat.zip\"' < '{ready}'"
    begun, used = time.perf_counter(), cpu_used()
    subprocess.run(["sh", "-c", cat], check=True)
    seconds, cat_cpu = time.perf_counter() - begun, cpu_used() - used
    assert (place.inbox / "cat.zip").stat().st_size == ready.stat().st_size
    return Round(done.seconds, done.cpu, transfer, seconds, cat_cpu)


if __name__ == "__main__":
    main()

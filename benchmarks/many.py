"""`sync --all` of this build beside that of another one: `python -m benchmarks.many OTHER/.venv/bin/arfeed`.

Many small feeds, each with its page, as an accounting firm has them. Both builds deliver such feeds in turns: the
other build a share of them, since it takes minutes, and this one all. Counted are wall time and processor time for
each feed. With `--sftp` they go to an OpenSSH server on this machine, with PDFs; `--faults` adds feeds that hang, eat
memory, kill their process or have a wrong configuration.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.contest import BUILD
from benchmarks.delivery.server import server

HERE = Path(sys.executable).with_name("arfeed")
ROWS = 200
HEADINGS = "invoice_ref,customer_id,customer_name,currency,issued_on,due_on,amount,balance"
CONFIG = """
plugins = ["folder", "kolleno"{more}]

[feed]
name = "{name}"

[sources.erp]
use = "folder"
path = "erp.csv"
dates = "YMD"
documents = "pdf/{{invoice_ref}}.pdf"

[destination]
use = "kolleno"
mode = "open-ar"
{destination}
"""
HARM = """
import os
from arfeed import Complete, Connector, SourceSettings, hookimpl

ARFEED_CONTRACT = 1

class Harm(Connector):
    name = "harm"
    class Settings(SourceSettings):
        how: str

    def invoices(self):
        held = []
        while self.settings.how == "hangs":
            __import__("time").sleep(1)
        while self.settings.how == "eats" and len(held) < 400:
            held.append(bytes(1) * 10_000_000)
        os.kill(os.getpid(), 9)
        yield

@hookimpl
def arfeed_connectors():
    return [Harm]
"""
APPROVE = """
import json, os, sys
from pathlib import Path
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
from arfeed.operations.many import limits, running, starting, warming
warming.warm_up({"folder", "kolleno"}, {"file", "sftp"})
approvals = json.load(sys.stdin)
jobs = [running.Job(Path(config), limits.Limits(None, None)) for config in approvals]
def start(config):
    words = ["sync", "--json", "--config", str(config), "--approve", approvals[str(config)]]
    return starting.fork(words, {}, captured=True)
ended = [each for each in running.run_each(jobs, start, os.cpu_count(), running.Stop()) if hasattr(each, "code")]
sys.exit("".join(each.text for each in ended if each.code) or None)
"""
"""Deliver feeds that somebody has approved; one Python for each would take most of the benchmark's time."""

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of wall time and of processors for one feed."""

    wall: float
    processors: float


def main() -> None:
    """Print the ratios: medians of the rounds, with the lowest and the highest."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many", description=__doc__)
    parser.add_argument("other", type=Path, nargs="?", help="the arfeed of the other build's environment")
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--share", type=int, default=15, help="how many of them the other build delivers in a round")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sftp", action="store_true", help="to OpenSSH on loopback, with 10 PDFs for each feed")
    parser.add_argument("--faults", action="store_true", help="this build alone, beside feeds that do harm")
    options = parser.parse_args()
    # What is delivered here is forgotten with the rest.
    os.environ["ARFEED_STATE"] = str(BUILD / "many" / "state")
    shutil.rmtree(BUILD / "many", ignore_errors=True)
    with _server() if options.sftp else nullcontext("") as receiver:
        if options.faults:
            _faults(options.feeds, options.jobs)
            return
        ours = _feeds("ours", options.feeds, receiver)
        theirs = _feeds("theirs", options.share, receiver)
        _approve(HERE, ours)
        _approve(options.other, theirs)
        pairs = []
        for _ in range(options.rounds):
            there = _run([options.other, "sync", "--all", theirs], theirs, options.share)
            here = _run([HERE, "sync", "--all", ours, "--jobs", options.jobs], ours, options.feeds)
            pairs.append((here, there))
            print("  " + "; ".join(f"{each.wall:.3f} s, {each.processors:.3f} s of processors" for each in pairs[-1]))
    where = "sftp:// with 10 PDFs" if options.sftp else "file://"
    print(f"\n{options.feeds} feeds of {ROWS} invoices to {where}, {options.jobs} at once; times as fast as the other:")
    for what in ("wall", "processors"):
        ratios = sorted(getattr(there, what) / getattr(here, what) for here, there in pairs)
        print(f"  {what}: {median(ratios):.1f} ({ratios[0]:.1f}–{ratios[-1]:.1f})")


def _feeds(name: str, count: int, receiver: str = "") -> Path:
    folder = BUILD / "many" / name
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(count):
        _feed(folder / f"f{number:04d}", receiver)
    return folder


def _feed(folder: Path, receiver: str) -> None:
    folder.joinpath("pdf").mkdir(parents=True)
    lines = [HEADINGS]
    for row in range(ROWS):
        amount = f"{100 + row * 7}.50"
        month = 1 + row % 8
        lines.append(
            f"INV-{row:05d},C{row % 37:03d},Customer {row % 37} Ltd,{('GBP', 'EUR', 'USD')[row % 3]},"
            f"2026-{month:02d}-{1 + row % 28:02d},2026-{month + 1:02d}-{1 + row % 28:02d},{amount},{amount}"
        )
    export = folder / "erp.csv"
    export.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Old enough not to be waited for.
    os.utime(export, (time.time() - 3600,) * 2)
    root = f"/{folder.parent.name}/{folder.name}"
    destination = receiver.replace("/ROOT", root) if receiver else f'url = "file://{folder / "out"}"'
    if receiver:
        # The receiver's root is there before anybody delivers.
        inbox = receiver.partition("sftp://")[2].partition("/")[2].partition("/ROOT")[0]
        Path(f"/{inbox}{root}").mkdir(parents=True)
    for row in range(10 if receiver else 0):
        pdf = folder / "pdf" / f"INV-{row:05d}.pdf"
        pdf.write_bytes(PDF + os.urandom(30_000).hex().encode() + b"\n%%EOF\n")
        os.utime(pdf, (time.time() - 3600,) * 2)
    folder.joinpath("plugins.toml").write_text(
        CONFIG.format(name=folder.name, destination=destination, more=""), encoding="utf-8"
    )


def _approve(arfeed: Path, folder: Path) -> None:
    """Deliver each feed once, which somebody has to approve; what is timed are the days after."""
    planned = subprocess.run(
        [arfeed, "sync", "--all", folder, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    approvals = {feed["config"]: feed["result"]["plan"]["approval"] for feed in json.loads(planned.stdout)["feeds"]}
    if arfeed == HERE:
        subprocess.run([sys.executable, "-c", APPROVE], input=json.dumps(approvals), text=True, check=True)
        return
    for config, approval in approvals.items():
        approved = [arfeed, "sync", "--config", config, "--approve", approval]
        subprocess.run(approved, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _run(command: Sequence[object], folder: Path, count: int) -> Took:
    for pdf in folder.glob("*/pdf/*.pdf"):
        # A day later: each PDF has changed, and is sent again.
        pdf.write_bytes(PDF + os.urandom(30_000).hex().encode() + b"\n%%EOF\n")
        os.utime(pdf, (time.time() - 3600,) * 2)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ran = subprocess.run(
        [*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ran.returncode:
        sys.exit(f"{command} ended with {ran.returncode}:\n{ran.stderr[-3000:]}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall / count, spent / count)


def _faults(count: int, jobs: int) -> None:
    """Deliver feeds beside 33 that do harm, and print when the last of the others was done."""
    folder = _feeds("faults", count - 33)
    site = BUILD / "many" / "site"
    info = site / "arfeed_harm-1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    site.joinpath("arfeed_harm.py").write_text(HARM)
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: arfeed-harm\nVersion: 1\n")
    info.joinpath("entry_points.txt").write_text("[arfeed]\nharm = arfeed_harm\n")
    os.environ["PYTHONPATH"] = str(site)
    _approve(HERE, folder)
    alone = _run([HERE, "sync", "--all", folder, "--jobs", jobs], folder, 1)
    for number, how in enumerate(["hangs", "eats", "kills", *["breaks"] * 30]):
        feed = folder / f"a{number:02d}-{how}"
        _feed(feed, "")
        text = feed.joinpath("plugins.toml").read_text().replace('"kolleno"]', '"kolleno", "harm"]')
        old, new = 'use = "folder"\npath = "erp.csv"', f'use = "harm"\nhow = "{how}"'
        feed.joinpath("plugins.toml").write_text(
            text.replace(old, new) if how != "breaks" else text.replace("[feed]", "[fed]")
        )
    command = [
        HERE,
        "sync",
        "--all",
        folder,
        "--jobs",
        jobs,
        "--time-limit",
        "30 s",
        "--memory-limit",
        "1 GB",
        "--json",
    ]
    began = time.perf_counter()
    ran = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    wall, document = time.perf_counter() - began, json.loads(ran.stdout)
    ends: dict[str, int] = {}
    for feed in document["feeds"]:
        ends[feed["outcome"]] = ends.get(feed["outcome"], 0) + 1
    print(
        f"{count - 33} feeds alone: {alone.wall:.1f} s; with 33 that do harm: {wall:.1f} s, ended with {ran.returncode}"
    )
    print("  " + ", ".join(f"{number} {outcome}" for outcome, number in sorted(ends.items())))


@contextmanager
def _server() -> Iterator[str]:
    """Run OpenSSH on loopback; yield the lines of a destination, with /ROOT in the place of the path below it."""
    with server(BUILD / "many" / "sshd", 0) as there:
        yield f'url = "{there.url}/ROOT"\nprivate_key = "{there.key}"\nknown_hosts = "{there.known_hosts}"'


if __name__ == "__main__":
    main()

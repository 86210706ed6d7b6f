"""A million rows compared with a baseline of a million, beside a plain pandas merge: `python -m benchmarks.compare`.

Both get the same Arrow-backed frames, loaded before the clock starts. The merge finds what is new, changed and missing.
arfeed also gives every missing row its reason and its evidence, lets all guards review the plan (half of what is
missing is closed by the source's own word, the other half by absence alone), and computes the approval.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pluggy
import pyarrow as pa
import pyarrow.compute as pc
from benchmarks.contest import BUILD, Pair, Peer, Run
from benchmarks.data import SEED, flat
from pyarrow import csv, parquet

from arfeed import Complete, Plan, SourceSettings
from arfeed.model import arrow, schema
from arfeed.model.arrow import sum_balances
from arfeed.model.hooks import Hooks
from arfeed.model.results import DocumentPlan, SourceRead, SourceReport
from arfeed.model.settings import GuardSettings
from arfeed.planning.changes.contradictions import object_to_contradictory_rows
from arfeed.planning.compare import COMPARED, compare
from arfeed.planning.evidence.degrees import add_evidence
from arfeed.planning.evidence.reasons import add_reasons
from arfeed.planning.facts import sum_up
from arfeed.planning.guards.known import Known
from arfeed.planning.guards.weighing import split_by_source
from arfeed.planning.review import review_plan

SECONDS, MEGABYTES = 3, 1500
MERGE = Peer("pandas merge", "compare.py")
NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)


def main() -> None:
    """Let arfeed and the merge take turns, on an everyday change and where every invoice has another number."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the report and the baseline")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--alone", nargs=2, metavar=("WAY", "FOLDER"), help="run one way once; used by the others")
    options = parser.parse_args()
    if options.alone:
        way, place = options.alone
        print(json.dumps(_alone(WAYS[way], Path(place))))
        return
    everyday = _contest("everyday", options.rows, options.rows // 100, options.rounds)
    worst = max(pair.ours.seconds for pair in everyday), max(pair.ours.megabytes for pair in everyday)
    met = "met" if worst[0] < SECONDS and worst[1] < MEGABYTES else "not met"
    print(f"Target, slowest run under {SECONDS} s and largest under {MEGABYTES} MB: {met}\n")
    _contest("all renumbered", options.rows, options.rows, options.rounds)


def _contest(day: str, rows: int, missing: int, rounds: int) -> list[Pair]:
    folder = BUILD / f"compare-{rows}-{missing}"
    if not folder.exists():
        _make(folder, rows, missing)
    pairs = [_pair(folder) for _ in range(rounds)]
    print(_table(f"{rows:,} rows with a baseline of {rows:,}, {day}: {missing:,} missing, as many new", pairs))
    return pairs


def _pair(folder: Path) -> Pair:
    (ours, our_counts), (theirs, their_counts) = _child("arfeed", folder), _child("merge", folder)
    if our_counts != their_counts:
        sys.exit(f"arfeed counts {our_counts}, the merge {their_counts}")
    return Pair(MERGE, ours, theirs)


def _child(way: str, folder: Path) -> tuple[Run, dict[str, int]]:
    """Run one way in its own process, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.compare", "--alone", way, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes, counts = json.loads(done.stdout)
    return Run(seconds, megabytes), counts


def _alone(way: Callable[..., dict[str, int]], folder: Path) -> tuple[float, float, dict[str, int]]:
    frames = [arrow.to_frame(parquet.read_table(folder / f"{name}.parquet")) for name in ("report", "before")]
    listed = arrow.to_frame(parquet.read_table(folder / "listed.parquet"))
    start = time.perf_counter()
    counts = way(*frames, listed)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return seconds, peak / 1e6, counts


def _arfeed(report: pd.DataFrame, before: pd.DataFrame, listed: pd.DataFrame) -> dict[str, int]:
    comparison = compare(report, before)
    removed = listed[["source", "source_ref", "kind"]].iloc[:0].assign(by=listed["source"].iloc[:0])
    read = SourceRead(NOON, None, None)
    settings = SourceSettings(absent_means_paid=True)
    source = SourceReport("erp", "folder", settings, len(listed), len(report), Complete(), read, before=read)
    missing = add_evidence(add_reasons(comparison.missing, listed, removed, ["erp"]), [source], [])
    plan = Plan(
        feed="benchmark",
        destination="memory://",
        at=NOON,
        baseline="yesterday",
        before=before,
        report=comparison.report,
        missing=missing,
        totals=sum_balances(report),
        counts=comparison.counts,
        sources=(source,),
        documents=DocumentPlan(
            send=report.iloc[:0], present=0, without=report["invoice_ref"].iloc[:0], colliding={}, broken={}
        ),
        guards=GuardSettings(),
        facts=sum_up(comparison.report, before, missing, (), NOON.date()),
        settings_changed=True,
    )
    manager = pluggy.PluginManager("arfeed")
    manager.add_hookspecs(Hooks)
    known = Known(
        sources=tuple(split_by_source(plan, comparison.lost)), stated=tuple(object_to_contradictory_rows(listed))
    )
    final = review_plan(plan, manager, "settings", known=known)
    assert final.approval is not None
    return comparison.counts._asdict()


def _merge(report: pd.DataFrame, before: pd.DataFrame, listed: pd.DataFrame) -> dict[str, int]:
    del listed
    both = before.merge(report, on="invoice_ref", how="outer", suffixes=("_before", ""), indicator=True)
    common = both[both["_merge"] == "both"]
    other = pd.Series(data=False, index=common.index)
    for name in COMPARED:
        other |= (common[name] != common[f"{name}_before"]).fillna(False).astype(bool)
    changed, missing = int(other.sum()), int((both["_merge"] == "left_only").sum())
    new = int((both["_merge"] == "right_only").sum())
    return {"new": new, "changed": changed, "unchanged": len(common) - changed, "missing": missing}


WAYS: dict[str, Callable[..., dict[str, int]]] = {"arfeed": _arfeed, "merge": _merge}


def _make(folder: Path, rows: int, missing: int) -> None:
    """Write the baseline, the report (as many new rows as missing ones, every 20th row changed, shuffled), and listed.

    Half of the missing invoices are listed as paid; nothing is said of the others.
    """
    random = np.random.default_rng(SEED)
    folder.mkdir(parents=True)
    before = _baseline(folder / "flat.csv", rows)
    order = pa.array(random.permutation(rows))
    lost, kept = before.take(order[:missing]), before.take(order[missing:])
    one = pa.scalar(Decimal(1), pa.decimal128(schema.MONEY_PRECISION, schema.MONEY_SCALE))
    paid = pa.array(np.arange(len(kept)) % 20 == 0)
    balance = kept["balance"].combine_chunks()
    lower = pc.cast(pc.subtract(balance, one), balance.type)
    kept = _with(kept, balance=pc.if_else(paid, lower, balance))
    new = pc.replace_substring(lost["invoice_ref"], "INV-", "NEW-")
    report = pa.concat_tables([kept, _with(lost, invoice_ref=new, source_ref=new)]).take(order)
    closed = lost.slice(0, missing // 2)
    closed = _with(closed, status=pa.repeat(pa.scalar("paid", pa.large_string()), len(closed)))
    for name, table in {"before": before, "report": report, "listed": pa.concat_tables([report, closed])}.items():
        parquet.write_table(table, folder / f"{name}.parquet")


def _baseline(file: Path, rows: int) -> pa.Table:
    flat(file, rows)
    types = {name: schema.arrow_type(name) for name in schema.NAMES}
    table = csv.read_csv(file, convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False))
    fixed = {"kind": "invoice", "status": "open", "document": "", "source": "erp", "origin": ""}
    columns = {name: pa.repeat(pa.scalar(value, pa.large_string()), len(table)) for name, value in fixed.items()}
    columns["source_ref"] = table["invoice_ref"]
    for name, values in columns.items():
        table = table.append_column(name, values)
    file.unlink()
    return table.select(schema.NAMES)


def _with(table: pa.Table, **columns: pa.Array) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def _table(title: str, pairs: list[Pair]) -> str:
    """Return the Markdown of a contest: medians, and the median of the pairs' ratios with its range."""
    ratios = [pair.ours.seconds / pair.theirs.seconds for pair in pairs]
    lines = [f"**{title}**", "", "| | seconds | peak MB | arfeed takes |", "| --- | ---: | ---: | ---: |"]
    ratio = f"{median(ratios):.2f} × ({min(ratios):.2f}–{max(ratios):.2f})"
    ours, theirs = [pair.ours for pair in pairs], [pair.theirs for pair in pairs]
    for name, runs, takes in (("**arfeed: compare, explain, review**", ours, ""), (MERGE.name, theirs, ratio)):
        seconds, megabytes = median(run.seconds for run in runs), median(run.megabytes for run in runs)
        lines.append(f"| {name} | {seconds:.2f} | {megabytes:.0f} | {takes} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()

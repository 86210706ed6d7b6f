"""A million rows compared with a baseline of a million, beside a plain pandas merge: `python -m benchmarks.compare`.

Both get the same Arrow-backed frames, loaded before the clock starts. The merge finds what is new, changed and missing.
arfeed also gives every missing row its reason, lets the guards review the plan, and computes the approval.
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
from benchmarks.contest import BUILD, Run
from benchmarks.data import SEED, flat
from pyarrow import csv, parquet

from arfeed import Complete, Plan, SourceSettings, schema
from arfeed.hookspecs import Hooks
from arfeed.interfaces import DocumentPlan, GuardSettings, SourceRead, SourceReport
from arfeed.planning import compare, reviewed, totals, with_reasons
from arfeed.planning.compare import COMPARED

SECONDS, MEGABYTES = 3, 1500
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
    for day, missing in (("everyday", options.rows // 100), ("all renumbered", options.rows)):
        folder = BUILD / f"compare-{options.rows}-{missing}"
        if not folder.exists():
            _make(folder, options.rows, missing)
        pairs = [(_child("arfeed", folder), _child("merge", folder)) for _ in range(options.rounds)]
        print(_table(day, options.rows, missing, pairs))


def _child(way: str, folder: Path) -> tuple[Run, dict[str, int]]:
    """Run one way in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.compare", "--alone", way, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes, counts = json.loads(done.stdout)
    return Run(seconds, megabytes), counts


def _alone(way: Callable[..., dict[str, int]], folder: Path) -> tuple[float, float, dict[str, int]]:
    frames = [schema.table_frame(parquet.read_table(folder / f"{name}.parquet")) for name in ("report", "before")]
    listed = schema.table_frame(parquet.read_table(folder / "listed.parquet"))
    start = time.perf_counter()
    counts = way(*frames, listed)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return seconds, peak / 1e6, counts


def _arfeed(report: pd.DataFrame, before: pd.DataFrame, listed: pd.DataFrame) -> dict[str, int]:
    comparison = compare(report, schema.folded(report["invoice_ref"]), before)
    removed = listed[["source", "source_ref", "kind"]].iloc[:0].assign(by=listed["source"].iloc[:0])
    read = SourceRead(NOON, None, None)
    plan = Plan(
        feed="benchmark",
        destination="memory://",
        at=NOON,
        baseline="yesterday",
        before=before,
        report=comparison.report,
        missing=with_reasons(comparison.missing, listed, removed, ["erp"]),
        totals=totals(report),
        counts=comparison.counts,
        sources=(SourceReport("erp", "folder", SourceSettings(), len(listed), len(report), Complete(), read),),
        documents=DocumentPlan(send=report.iloc[:0], present=0, without=(), colliding={}, broken={}),
        guards=GuardSettings(),
        settings_changed=True,
    )
    manager = pluggy.PluginManager("arfeed")
    manager.add_hookspecs(Hooks)
    final = reviewed(plan, manager, "settings")
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


def _table(
    day: str, rows: int, missing: int, pairs: list[tuple[tuple[Run, dict[str, int]], tuple[Run, dict[str, int]]]]
) -> str:
    """Return the Markdown of one contest: medians, and the median of the pairs' ratios with its range."""
    if any(ours[1] != theirs[1] for ours, theirs in pairs):
        sys.exit(f"arfeed counts {pairs[0][0][1]}, the merge {pairs[0][1][1]}")
    ours, theirs = ([pair[number][0] for pair in pairs] for number in (0, 1))
    ratios = [our.seconds / their.seconds for our, their in zip(ours, theirs, strict=True)]
    lines = [f"**{rows:,} rows with a baseline of {rows:,}, {day}: {missing:,} missing, as many new**", ""]
    lines += ["| | seconds | peak MB | arfeed takes |", "| --- | ---: | ---: | ---: |"]
    ratio = f"{median(ratios):.2f} × ({min(ratios):.2f}–{max(ratios):.2f})"
    for name, runs, takes in (("**arfeed: compare, explain, review**", ours, ""), ("pandas merge", theirs, ratio)):
        seconds, megabytes = median(run.seconds for run in runs), median(run.megabytes for run in runs)
        lines.append(f"| {name} | {seconds:.2f} | {megabytes:.0f} | {takes} |")
    worst = max(run.seconds for run in ours), max(run.megabytes for run in ours)
    met = "met" if worst[0] < SECONDS and worst[1] < MEGABYTES else "not met"
    return "\n".join([*lines, "", f"Target, worst run under {SECONDS} s and {MEGABYTES} MB: {met}", ""])


if __name__ == "__main__":
    main()

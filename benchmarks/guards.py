"""The guards on a million open rows of 100,000 customers, beside a pandas merge of them: `python -m benchmarks.guards`.

Both get the same Arrow-backed frames, loaded before the clock starts, and take turns. The merge finds what is missing;
the guards judge it, and learn from it. A hundredth of the rows is missing.
"""

import argparse
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from statistics import median

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from benchmarks.data import SEED

from arfeed.model import arrow, schema
from arfeed.planning.habits.case import Case
from arfeed.planning.habits.judgement import judged
from arfeed.planning.habits.memory import Habits

TARGETS = {"guards": 0.6, "learning": 0.25}
"""Seconds of processors that a judgement and learning may take: on a busy machine, others have the rest."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guards", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    case = _case(options.rows, options.customers)
    habits = Habits.none()
    for _ in range(3):
        habits = habits.learned(case, case.unproven)
    content = habits.packed()
    ways: dict[str, Callable[[], object]] = {
        "pandas merge": lambda: _merge(case),
        "guards": lambda: judged(habits, case),
        "learning": lambda: habits.learned(case, case.unproven),
        "packing": habits.packed,
        "unpacking": lambda: Habits.unpacked(content),
    }
    for way in ways.values():
        way()
    seconds = {name: [_timed(way) for _ in range(options.rounds)] for name, way in ways.items()}
    merge = median(took for took, _ in seconds["pandas merge"])
    for name, each in seconds.items():
        took, busy = (median(times) for times in zip(*each, strict=True))
        print(f"{name:13} {took:6.3f} s, {busy:6.3f} s of processors, {took / merge:.2f} × the merge")
    met = all(median(busy for _, busy in seconds[name]) <= most for name, most in TARGETS.items())
    limits = ", ".join(f"{name} {most} s" for name, most in TARGETS.items())
    print(f"packed {len(content) / 1e6:.2f} MB. Target: {limits}: {'met' if met else 'not met'}")


def _timed(way: Callable[[], object]) -> tuple[float, float]:
    """Return how long it took, and how long processors were busy with it."""
    start, busy = time.perf_counter(), time.process_time()
    way()
    return time.perf_counter() - start, time.process_time() - busy


def _merge(case: Case) -> int:
    both = case.before.merge(case.report, on="invoice_ref", how="outer", suffixes=("_before", ""), indicator=True)
    return int((both["_merge"] == "left_only").sum())


def _case(rows: int, customers: int) -> Case:
    random = np.random.default_rng(SEED)
    who = np.minimum((customers * random.random(rows) ** 2).astype(np.int64), customers - 1)
    today = (date(2026, 4, 10) - date(1970, 1, 1)).days
    issued = np.sort(today - random.integers(0, 90, rows)).astype(np.int32)
    due = issued + random.choice([14, 30, 60], rows).astype(np.int32)
    cents = pa.array(random.integers(500, 900_000, rows) * np.where(random.random(rows) < 0.03, -1, 1))
    balance = pc.multiply(cents.cast(pa.decimal128(19, 0)), pa.scalar(Decimal("0.01"), pa.decimal128(2, 2)))
    columns = {
        "invoice_ref": _named("INV-", np.arange(rows)),
        "kind": _of(random, ["invoice"], rows),
        "customer_id": _named("C", who),
        "customer_name": _named("Customer ", who),
        "currency": _of(random, ["GBP", "EUR", "USD"], rows),
        "issued_on": pa.array(issued, pa.date32()),
        "due_on": pa.array(due, pa.date32()),
        "amount": balance.cast(schema.arrow_type("amount")),
        "balance": balance.cast(schema.arrow_type("balance")),
        "branch": _of(random, [f"Branch {number}" for number in range(12)], rows),
        "arfeed_file": _of(random, ["a.csv", "b.csv", "c.csv"], rows),
        "arfeed_place": pa.array(np.arange(rows)),
        "arfeed_first_in": _of(random, ["run-1", "run-2", "run-3", "run-4"], rows),
    }
    blank = pa.array([""]).cast(pa.large_string()).take(pa.array(np.zeros(rows, np.int64)))
    before = arrow.to_frame(pa.table({**dict.fromkeys(schema.NAMES, blank), **columns}))
    missing = random.random(rows) < 0.01
    report = before[~missing].reset_index(drop=True)
    report["change"] = pd.Series("unchanged", index=report.index, dtype="str")
    return Case("erp", before, missing, missing, report, date(2026, 4, 10), date(2026, 4, 9), "run-4")


def _named(prefix: str, numbers: np.ndarray) -> pa.Array:
    first, nothing = (pa.scalar(text, pa.large_string()) for text in (prefix, ""))
    return pc.binary_join_element_wise(first, pa.array(numbers).cast(pa.large_string()), nothing)


def _of(random: np.random.Generator, values: list[str], rows: int) -> pa.Array:
    return pa.array(values, pa.large_string()).take(pa.array(random.integers(0, len(values), rows)))


if __name__ == "__main__":
    main()

"""This build beside another one over the same input: `python -m benchmarks.builds OTHER/.venv/bin/arfeed`.

Whole `arfeed sync` processes in turns, as in `python -m benchmarks`, each a first delivery. Beside them, for
PostgreSQL, the source alone against ADBC alone, each in its own process, timed from when its packages are
imported.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.contest import CONTESTS, HERE, POSTGRESQL, Arena, Run


def main() -> None:
    """Print the ratios: medians of the pairs, with the lowest and the highest."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.builds", description=__doc__)
    parser.add_argument("other", type=Path, help="the arfeed of the other build's environment")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=[contest.data for contest in CONTESTS])
    options = parser.parse_args()
    for contest in CONTESTS:
        if options.only not in (None, contest.data) or (contest.suffix == "url" and POSTGRESQL not in os.environ):
            continue
        there, here = (Arena(contest, options.rows, Path(), arfeed) for arfeed in (options.other.absolute(), None))
        pairs = [(here.ours(), there.ours()) for _ in range(options.rounds)]
        print(f"\n{contest.title}, {options.rows:,} rows, {options.rounds} pairs, this build / the other")
        _ratios("whole sync, seconds", pairs, lambda run: run.seconds)
        _ratios("whole sync, seconds of processors", pairs, lambda run: run.processors)
        _ratios("its source, seconds", pairs, lambda run: run.reading)
        _ratios("whole sync, peak MB", pairs, lambda run: run.megabytes)
        if contest.suffix == "url":
            alone = [(_alone("source", here.place), _alone("adbc", here.place)) for _ in range(options.rounds)]
            print(f"\nThe source alone, {options.rows:,} rows, {options.rounds} pairs, arfeed / ADBC")
            _ratios("seconds", alone, lambda run: run.seconds)
            _ratios("seconds of processors", alone, lambda run: run.processors)
            _ratios("peak MB", alone, lambda run: run.megabytes)


def _ratios(what: str, pairs: Sequence[tuple[Run, Run]], of: Callable[[Run], float]) -> None:
    ratios = sorted(of(ours) / of(theirs) for ours, theirs in pairs)
    ours, theirs = (median(of(pair[side]) for pair in pairs) for side in (0, 1))
    print(f"  {what}: {ours:.2f} / {theirs:.2f} = {median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})", flush=True)


def _alone(what: str, place: str) -> Run:
    said = subprocess.check_output([sys.executable, HERE / "peers" / "sql_alone.py", what, place], text=True)
    return Run(**json.loads(said))


if __name__ == "__main__":
    main()

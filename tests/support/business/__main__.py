"""Measure the guards on simulated business: `python -m support.business` in the folder tests.

Seeds below 1,000 may shape the rule, those from 1,000 on are for tests. From 100,000 on they are held out:
docs/promise.md says which have been used for a table, and a changed rule takes fresh ones.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from support.business.measure import Feed, Outcome
from support.business.table import HEADER, Summary, line, summed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m support.business", description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[20, 200, 5_000])
    parser.add_argument("--rhythm", nargs="+", default=["daily"], choices=["hourly", "daily", "weekly"])
    parser.add_argument("--mode", nargs="+", default=["asserted"], choices=["asserted", "90 % proven", "balanced"])
    parser.add_argument("--feeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--accidents", type=float, default=1, help="accidents tried a day")
    parser.add_argument("--days", type=int, help="reports measured; all where unset")
    parser.add_argument("--undated", action="store_true", help="feeds that state no due dates")
    parser.add_argument("--detail", action="store_true", help="kinds of accident, codes, the noisiest feeds")
    options = parser.parse_args()
    sys.stdout.write(HEADER + "\n")
    for mode in options.mode:
        for rhythm in options.rhythm:
            for size in options.size:
                seeds = range(options.first, options.first + options.feeds)
                found = [
                    outcome
                    for seed in seeds
                    for outcome in Feed(
                        seed, size, rhythm, mode, options.accidents, options.days, due_dates=not options.undated
                    ).outcomes()
                ]
                sys.stdout.write(line(f"{mode}, {rhythm} {size:,}", summed(found)) + "\n")
                if options.detail:
                    _detail(found)
                sys.stdout.flush()


def _detail(found: list[Outcome]) -> None:
    plain = [outcome for outcome in found if outcome.kind == "plain" and not outcome.eventful]
    codes: dict[tuple[str, ...], int] = {}
    for outcome in plain:
        if outcome.codes:
            codes[outcome.codes] = codes.get(outcome.codes, 0) + 1
    for names, count in sorted(codes.items(), key=lambda pair: -pair[1]):
        sys.stdout.write(f"    needless {count / len(plain):6.2%} {', '.join(names)}\n")
    feeds = {outcome.feed for outcome in plain}
    rates = [np.mean([bool(o.codes) for o in plain if o.feed == feed]) for feed in feeds]
    sys.stdout.write(f"    noisiest tenth of feeds {np.quantile(rates, 0.9):.1%}, noisiest {max(rates):.1%}\n")
    for kind in sorted({outcome.kind for outcome in found} - {"plain", "told"}):
        mine = [outcome for outcome in found if outcome.kind == kind]
        large = [o for o in mine if Summary.is_large(o)]
        stopped = f"{np.mean([bool(o.codes) for o in large]):6.1%}" if large else "     -"
        missed = [o for o in large if not o.codes]
        alone: dict[str, int] = {}
        for o in large:
            if len(o.codes) == 1:
                alone[o.codes[0]] = alone.get(o.codes[0], 0) + 1
        sys.stdout.write(
            f"    {kind:26} {len(mine):5} all {np.mean([bool(o.codes) for o in mine]):6.1%}; large {len(large):5} "
            f"{stopped} missed {len(missed)} alone {alone}\n"
        )


if __name__ == "__main__":
    main()

"""arfeed beside its peers on the same machine in the same run: `python -m benchmarks`, from the repository's root."""

import argparse
import os
import platform
import re
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks import table
from benchmarks.contest import BUILD, CONTESTS, HERE, POSTGRESQL, Arena

FULL_SIZE = 1_000_000
REQUIREMENTS = HERE / "requirements.txt"


def main() -> None:
    """Run the contests and print their tables; full runs also go to docs/performance.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=FULL_SIZE, help="rows or lines of the input (default: a million)")
    parser.add_argument("--rounds", type=int, default=5, help="runs beside every peer (default: 5)")
    parser.add_argument("--only", choices=[contest.data for contest in CONTESTS], help="one contest alone")
    parser.add_argument("--peers", type=Path, metavar="PYTHON", help="an interpreter that has the peers already")
    options = parser.parse_args()

    peers_python = options.peers or _installed_peers()
    texts = []
    for contest in CONTESTS:
        if contest.suffix == "url" and POSTGRESQL not in os.environ:
            print(
                f"{contest.data}: left out, since {POSTGRESQL} names no database, e.g. postgresql://me@localhost/test"
            )
        elif options.only in (None, contest.data):
            arena = Arena(contest, options.rows, peers_python)
            pairs = []
            for pair in arena.pairs(options.rounds):
                pairs.append(pair)
                print(f"{contest.data}: arfeed {pair.ours.seconds:.1f} s, {pair.peer.name} {pair.theirs.seconds:.1f} s")
            megabytes = f", {arena.data.stat().st_size / 1e6:.0f} MB" if contest.suffix != "url" else ""
            size = f"{arena.rows:,} rows{megabytes}"
            texts.append(table.table(contest, size, pairs))
    text = "\n\n".join([_circumstances(peers_python, options.rounds), *texts])
    print(f"\n{text}")
    if options.rows == FULL_SIZE and not options.only:
        table.write(text)


def _installed_peers() -> Path:
    """Return the interpreter of the peers' own environment, made and filled where it is not there yet."""
    folder = BUILD / "venv"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS], check=True)
    return python


def _circumstances(peers_python: Path, rounds: int) -> str:
    names = [re.split(r"[\[>]", line)[0] for line in REQUIREMENTS.read_text().splitlines() if line and line[0] != "#"]
    code = "import sys, importlib.metadata as m; print(', '.join(f'{name} {m.version(name)}' for name in sys.argv[1:]))"
    versions = [
        subprocess.check_output([python, "-c", code, *packages], text=True).strip()
        for python, packages in ((sys.executable, ["arfeed", "pyarrow"]), (peers_python, names))
    ]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{machine}; medians of {rounds} pairs, slow peers fewer; {versions[0]} beside {versions[1]}."


if __name__ == "__main__":
    main()

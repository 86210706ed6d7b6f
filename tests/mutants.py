"""Run a random sample of the mutants that mutmut has made, and print what became of each: mutants.py COUNT SEED [NAMES]

`NAMES` is a pattern of the mutants to choose from, such as "arfeed.planning.proof.*".

Call it in build/mutation, as tests/mutation.sh does. The tests are collected once, and a fork for each mutant runs
those that reach it, the nearest first; mutmut itself starts pytest anew each time, which takes longer than most tests.
"""

from __future__ import annotations

import fnmatch
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import NoReturn

import pytest
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.utils.format_utils import mangled_name_from_mutant_name

_SECONDS = 60
"""Of a processor's time: an endless loop is found, and a machine with other work finds none."""


_ENOUGH = 20
"""After so much of a processor's time a mutant that no test has failed on is counted as survived: the tests that are
left are farther from it, and the score can only come out too low."""

_AT_ONCE = 2


class Sample:
    """A pytest plugin that runs the tests once for each of some mutants."""

    def __init__(self, mutants: list[str]) -> None:
        self.mutants = mutants
        stats = json.loads(Path("mutmut-stats.json").read_text())
        self.tests: dict[str, list[str]] = stats["tests_by_mangled_function_name"]
        self.seconds: dict[str, float] = stats["duration_by_test"]
        self.reached = Counter(name for names in self.tests.values() for name in names)
        self.running: dict[int, tuple[str, tempfile.TemporaryDirectory[str]]] = {}
        self.ends: Counter[str] = Counter()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the sample in place of the tests."""
        items = {item.nodeid: item for item in session.items}
        for mutant in self.mutants:
            names = self._find_nearest(mangled_name_from_mutant_name(mutant))
            if not names:
                self._report(mutant, "no tests")
                continue
            while len(self.running) >= _AT_ONCE:
                self._wait()
            self._start(session, mutant, [items[name] for name in names if name in items])
        while self.running:
            self._wait()
        return True

    def _find_nearest(self, function: str) -> list[str]:
        """Return the tests that reach a function, those of its module or folder first, and those that reach little."""
        folder, module = function.split(".")[-3:-1]
        near = f"_{module}.py", f"test_{folder}", f"_{folder}.py"

        def distance(name: str) -> tuple[bool, int, float]:
            return not any(part in name for part in near), self.reached[name], self.seconds[name]

        return sorted(self.tests.get(function, ()), key=distance)

    def _start(self, session: pytest.Session, mutant: str, items: list[pytest.Item]) -> None:
        """Run tests against a mutant in another process, until one fails."""
        folder = tempfile.TemporaryDirectory()
        child = os.fork()
        if not child:
            # What a test leaves in its folder would otherwise be swept by the next thousand forks.
            os.environ["PYTEST_DEBUG_TEMPROOT"] = folder.name
            _run(session, mutant, items)
        self.running[child] = mutant, folder

    def _wait(self) -> None:
        child, status = os.wait()
        mutant, folder = self.running.pop(child)
        folder.cleanup()
        ends = {0: "survived", -signal.SIGXCPU: "time limit"}
        self._report(mutant, ends.get(os.waitstatus_to_exitcode(status), "killed"))

    def _report(self, mutant: str, end: str) -> None:
        """Print an end and what all came to so far, so that a sample that is interrupted counts too."""
        self.ends[end] += 1
        tally = ", ".join(f"{count} {name}" for name, count in sorted(self.ends.items()))
        os.write(_OUT, f"{mutant}: {end} ({tally})\n".encode())


def _run(session: pytest.Session, mutant: str, items: list[pytest.Item]) -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # pytest's dots, which would stand between the results
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + _SECONDS, used + 2 * _SECONDS))
    set_mutant_under_test(mutant)
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            os._exit(1)
        if time.process_time() - used > _ENOUGH:
            break
    os._exit(0)


def _list_mutants() -> list[str]:
    found = (json.loads(path.read_text())["exit_code_by_key"] for path in Path().rglob("*.meta"))
    return sorted(name for names in found for name in names)


if __name__ == "__main__":
    _OUT = os.dup(1)
    os.chdir("mutants")
    sys.path.insert(0, str(Path("src").absolute()))
    settings = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]
    count, seed = map(int, sys.argv[1:3])
    every = fnmatch.filter(_list_mutants(), "".join(sys.argv[3:]) or "*")
    sample = Sample(random.Random(seed).sample(every, min(count, len(every))))
    set_mutant_under_test("")
    selection = settings["pytest_add_cli_args_test_selection"]
    sys.exit(pytest.main(["--rootdir=.", "-q", "-p", "no:cacheprovider", "--capture=sys", *selection], [sample]))

"""The command line in processes of its own that start at once: whatever is slow to import has been imported."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "alembic.command",
        "arfeed.runs.pipeline",
        "arfeed.cli.app",
        "arfeed.cli.display.show",
        "arfeed_connectors.folder",
        "rich.progress",
    ]
)


class Process:
    """A command under way. It can be stopped, continued and killed like any other process."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._said, state = folder / "said.txt", os.environ["ARFEED_STATE"]
        self._process = FORKS.Process(target=_main, args=(folder, self._said, state, arguments))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def ended(self) -> bool:
        return not self._process.is_alive()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def wait(self) -> tuple[int, str]:
        """Return the exit code and what was printed."""
        self._process.join(120)
        assert self._process.exitcode is not None, "it does not end"
        return self._process.exitcode, self._said.read_text()


def _main(folder: Path, said: Path, state: str, arguments: tuple[str, ...]) -> None:
    from arfeed.cli.app import main

    os.environ["ARFEED_STATE"] = state  # the server of forks has that of the first test
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    sys.argv = ["arfeed", *arguments]
    main()

"""Many feeds, one after the other, each in its own process: nothing of one feed affects the next."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from arfeed.model.errors import ArfeedError, ConfigError

OUTCOMES: Mapping[int, str] = {
    0: "delivered",
    1: "failed: a bug",
    2: "wrong configuration",
    3: "refused",
    4: "a source failed",
    5: "the destination failed",
    6: "locked by another run",
}
"""What the exit codes of a run mean."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one feed's run ended. `document` is what its `sync --json` printed; None if it printed nothing."""

    config: Path
    code: int
    seconds: float
    document: dict[str, Any] | None

    @property
    def name(self) -> str:
        """What happened, in at most three words."""
        return OUTCOMES[self.code]

    @property
    def next(self) -> str:
        """What was wrong, or what to type next; blank if it was delivered."""
        document = self.document or {}
        if self.code == 0:
            return ""
        if approval := document.get("plan", {}).get("approval"):
            config = shlex.quote(str(self.config))
            return f"read the plan above; if it is right: arfeed sync --config {config} --approve {approval}"
        message = str(document.get("error", {}).get("message", ""))
        return message.partition("\n")[0] or "see what it printed above"

    @property
    def counts(self) -> tuple[int, int] | None:
        """How many documents are open, and how many would be, or were, marked as paid; None without a plan."""
        plan = (self.document or {}).get("plan")
        return (sum(total["count"] for total in plan["totals"]), plan["counts"]["missing"]) if plan else None


def find_feeds(folder: Path) -> list[Path]:
    """Return the feeds of a folder by name: every `*.toml` in it, and `plugins.toml` in the folders right below it."""
    files = [*folder.glob("*.toml"), *folder.glob("*/plugins.toml")]
    # Hidden folders belong to arfeed (`.arfeed`), editors and version control.
    feeds = sorted(file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts))
    if not feeds:
        raise ConfigError(
            f"{folder}: there is no feed: neither a *.toml in it nor a */plugins.toml. Name the folder that holds "
            "your feeds, as in: arfeed sync --all feeds"
        )
    return feeds


def sync_each(configs: Iterable[Path], environment: Mapping[str, str]) -> Iterator[Outcome]:
    """Run `sync` for one feed after the other, whatever their outcome; their messages go to stderr as they come.

    `environment` is added to the environment of each.
    """
    for config in configs:
        # The document that is read back is UTF-8, whatever the code page of this machine.
        yield _sync(config, {**os.environ, **environment, "PYTHONIOENCODING": "utf-8"})


def highest(outcomes: Iterable[Outcome]) -> int:
    """Return the highest exit code."""
    # A scheduler sees one code; any other choice could hide a feed that was not delivered.
    return max(outcome.code for outcome in outcomes)


def _sync(config: Path, environment: Mapping[str, str]) -> Outcome:
    # Without -P the current folder would come first on the path, and a pandas.py in it before pandas.
    command = [sys.executable, "-P", "-m", "arfeed", "sync", "--json", "--config", str(config)]
    began = perf_counter()
    # Without stdin: a feed that waited for an answer would hold up all feeds behind it.
    with subprocess.Popen(  # noqa: S603 - our own command, and a file that was found
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
    ) as child:
        try:
            out, _ = child.communicate()
        except BaseException:
            # A run that ends here is settled by the next one.
            child.terminate()
            raise
    # A killed process has the number of a signal, or whatever its system gives it.
    code = child.returncode if child.returncode in OUTCOMES else ArfeedError.exit_code
    return Outcome(config, code, perf_counter() - began, _document(out))


def _document(out: bytes) -> dict[str, Any] | None:
    """Return the document that was printed; a run that was killed, or met a bug, has printed none."""
    try:
        document = json.loads(out)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None

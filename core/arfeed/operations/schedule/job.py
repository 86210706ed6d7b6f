"""The command to run for a feed, and what it needs."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from arfeed.model.errors import ConfigError
from arfeed.model.text.secrets import KEYRING
from arfeed.operations.schedule.times import Times
from arfeed.plugins.config import Project, variables

RETRY_CODES = (5, 6)
"""The destination failed, or another run held the lock: both may pass without help."""

FINAL_CODES = (1, 2, 3, 4)
"""A bug, a wrong configuration, a refusal, a failed source: a person has to act."""

RETRY_SECONDS = (600, 600, 600)
"""How long to wait before each new try."""


@dataclass(frozen=True, slots=True)
class Job:
    """One feed's run: `sync`, or `reconcile` with the newest file of a pattern.

    `variables` are those of the environment that its configuration takes; never their values. `destination` is one of
    several that the feed has, if the job is about that only.
    """

    feed: str
    config: Path
    program: tuple[str, ...]
    variables: tuple[str, ...]
    timezone: str | None
    times: Times
    alert: str | None = None
    waits: tuple[int, ...] = RETRY_SECONDS
    export: str | None = None
    destination: str = ""

    @property
    def name(self) -> str:
        """The job's name, valid for every scheduler."""
        # Kubernetes allows the name of a CronJob 52 characters, as it appends to it; others allow more.
        plain = re.sub(r"[^a-z0-9]+", "-", f"{self.feed} {self.destination}".lower()).strip("-")
        return f"arfeed-{plain[: 40 if self.export is None else 30].rstrip('-') or 'feed'}{self._suffix}"

    @property
    def _suffix(self) -> str:
        return "" if self.export is None else "-reconcile"

    @property
    def does(self) -> str:
        """What it does, as a verb in front of the feed's name."""
        return "delivers" if self.export is None else "reconciles"

    @property
    def command(self) -> tuple[str, ...]:
        """The command and its arguments, with absolute paths."""
        words = ("sync",) if self.export is None else ("reconcile", self.export)
        one = ("--destination", self.destination) if self.destination else ()
        return (*self.program, *words, *one, "--config", str(self.config))

    @property
    def environment_file(self) -> Path:
        """Where the variables are kept."""
        return Path.home() / ".config" / "arfeed" / f"{self.name.removesuffix(self._suffix)}.env"

    @property
    def environment_steps(self) -> tuple[str, ...]:
        """The steps that set the variables; none if there are no variables."""
        if not self.variables:
            return ()
        # `install` creates the file with its mode before a secret is in it.
        file = shlex.quote(str(self.environment_file))
        return (
            f"mkdir -p {shlex.quote(str(self.environment_file.parent))} && install -m 600 /dev/null {file}",
            "write into that file, a line each, with the values in single quotes: "
            + " ".join(f"{name}='…'" for name in self.variables),
        )


def job_of(project: Project, times: Times, alert: str | None = None, export: str | None = None) -> Job:
    """Return the job of a feed; with `export`, that of reconciling it with such a file, which is one receiver's.

    Raise `ConfigError` if it can't run unattended.
    """
    if export is not None:
        _ = project.destination  # raises if it has to be chosen
    names = variables(project.path)
    for name in names:
        if name.startswith(KEYRING):
            raise ConfigError(
                f"{project.path.name}: ${{{name}}} is kept in a keyring, which is locked when nobody is logged in. "
                "For a scheduled feed take it from the environment: ${NAME}"
            )
    where = None if export is None else str(Path(export).expanduser().absolute())
    made = (project.feed.name, project.path, find_program(), tuple(names), project.feed.timezone, times, alert)
    job = Job(*made, export=where, destination=project.chosen)
    # A line break would begin another line of a crontab, or another setting of a unit.
    for text in (job.feed, *job.command, alert or ""):
        if re.search(r"[\x00-\x1f\x7f]", text):
            raise ConfigError(f"{text!r} holds a line break or control character, which no scheduler takes; rename it")
    return job


def find_program() -> tuple[str, ...]:
    """Return the command beside this Python, or that Python itself."""
    name = "arfeed.exe" if sys.platform == "win32" else "arfeed"
    # Not looked up on the PATH: a scheduler has another one than the person who asks.
    command = Path(sys.executable).with_name(name)
    return (str(command),) if command.exists() else (sys.executable, "-P", "-m", "arfeed")

"""How far a run has come: a moving line on a terminal, one plain line per step without one; always on stderr."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, cast

from rich.console import Console

from arfeed.cli.display.output import console
from arfeed.model.events import event

if TYPE_CHECKING:
    from arfeed.runs.context import Progress as RunProgress


@contextmanager
def progress() -> Iterator[RunProgress]:
    """Show a run's steps while it works."""
    target = console(beside_json=True)
    # A log would keep every state of a moving line.
    if not target.is_terminal or target.is_dumb_terminal:
        yield _log_progress(_Lines(target))
        return
    # Imported here, since most runs are started by a scheduler, and it takes as long as reading a small source.
    from rich.progress import Progress

    from arfeed.cli.display.bars import COLUMNS, Bars

    # Transient, so that the plan is not printed below the remains of a bar.
    with Progress(*COLUMNS, console=target, transient=True) as bars:
        yield _log_progress(Bars(bars))


_PHASES = {
    "Settling": "settling",
    "Reading": "reading",
    "Looking for": "documents",
    "Preparing": "documents",
    "Comparing": "comparing",
    "Asking": "asking",
    "Sending the PDFs": "sending documents",
    "Sending": "sending the report",
}
"""The phases of a run, few and always the same, by how the texts of their steps begin."""


def phase_seconds(steps: RunProgress) -> Mapping[str, float]:
    """Return how long each phase of the run took that reported its steps to what `progress` yielded."""
    return cast("_Logged", steps).seconds()


class _Logged:
    """Logs steps and warnings as events as well, and keeps how long each phase takes."""

    def __init__(self, shown: RunProgress) -> None:
        self._shown = shown
        self._phase, self._began = "opening", monotonic()
        self._seconds: dict[str, float] = {}

    def step(self, text: str) -> None:
        # First, so that the log has the step even if the terminal is gone.
        event("step", text=text)
        self._turn_to(next((phase for words, phase in _PHASES.items() if text.startswith(words)), "ending"))
        self._shown.step(text)

    def seconds(self) -> Mapping[str, float]:
        self._turn_to("ending")
        return {phase: round(seconds, 3) for phase, seconds in self._seconds.items()}

    def _turn_to(self, phase: str) -> None:
        now = monotonic()
        self._seconds[self._phase] = self._seconds.get(self._phase, 0) + now - self._began
        self._phase, self._began = phase, now

    def warn(self, text: str) -> None:
        event("warning", logging.WARNING, text=text)
        self._shown.warn(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._shown, name)


def _log_progress(shown: RunProgress) -> RunProgress:
    return cast("RunProgress", _Logged(shown))


class _Lines:
    """Prints one line for each step."""

    def __init__(self, target: Console) -> None:
        self._target = target

    def step(self, text: str) -> None:
        self._target.print(f"{text} …", markup=False)

    def reading(self, source: str, rows: int) -> None:
        """Print nothing: the step has its line."""

    def expect(self, files: int, size: int | None = None) -> None:
        """Print nothing: the step has its line."""

    def done(self, size: int) -> None:
        """Print nothing: a line for each file would be noise in a log."""

    def warn(self, text: str) -> None:
        self._target.print(f"! {text}", markup=False)

"""How far a run has come: a moving line on a terminal, one plain line per step without one; always on stderr."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from arfeed.cli.display.output import console
from arfeed.model.events import event
from arfeed.model.legible import make_legible

if TYPE_CHECKING:
    from arfeed.runs.context import Progress as RunProgress


@contextmanager
def progress() -> Iterator[RunProgress]:
    """Show a run's steps while it works."""
    target = console(beside_json=True)
    # A log would keep every state of a moving line.
    if not target.is_terminal or target.is_dumb_terminal:
        yield _logged(_Lines(target))
        return
    # Transient, so that the plan is not printed below the remains of a bar.
    with Progress(*COLUMNS, console=target, transient=True) as bars:
        yield _logged(Bars(bars))


class _Logged:
    """Logs steps and warnings as events as well."""

    def __init__(self, shown: RunProgress) -> None:
        self._shown = shown

    def step(self, text: str) -> None:
        # First, so that the log has the step even if the terminal is gone.
        event("step", text=text)
        self._shown.step(text)

    def warn(self, text: str) -> None:
        event("warning", logging.WARNING, text=text)
        self._shown.warn(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._shown, name)


def _logged(shown: RunProgress) -> RunProgress:
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


class Bars:
    """One line that follows the steps. The bar shows bytes if they are known, else files."""

    def __init__(self, bars: Progress) -> None:
        """Draw on this display."""
        self._bars = bars
        self._task = bars.add_task("", total=None)

    def step(self, text: str) -> None:
        """Begin a step; how long the last one took is forgotten."""
        # Reset, or speed and time left would be reckoned from the step before.
        self._bars.reset(self._task, description=make_legible(text), total=None, rows="", files=None, size=None)

    def reading(self, source: str, rows: int) -> None:
        """Show how many rows of a source have been read."""
        self._bars.update(self._task, completed=rows, rows=make_legible(source))

    def expect(self, files: int, size: int | None = None) -> None:
        """Show a bar that is full after this many files, or bytes."""
        # A bar of nothing would be full before it began.
        if not files:
            return
        # A size of 0 counts as unknown: a bar of no bytes would be full from the start.
        self._bars.reset(self._task, total=size or files, files=files, file=0, size=size, sent=0, rows="")

    def done(self, size: int) -> None:
        """Advance the bar."""
        (task,) = self._bars.tasks
        counts = {"file": task.fields["file"] + 1, "sent": task.fields["sent"] + size}
        self._bars.update(self._task, completed=counts["sent"] if task.fields["size"] else counts["file"], **counts)

    def warn(self, text: str) -> None:
        """Print a warning that stays."""
        self._bars.console.print(f"! {text}", markup=False, style="yellow")


class _Bar(BarColumn):
    """A bar, if the amount of work is known."""

    def render(self, task: Task) -> Text:  # type: ignore[override]  # rich's own columns narrow what a renderable is
        return Text("") if task.total is None else super().render(task)  # type: ignore[return-value]


class _Detail(ProgressColumn):
    """Files and bytes done, or rows read; how fast; how long it will take, or has taken."""

    def render(self, task: Task) -> Text:
        return Text(" · ".join(self._parts(task)))

    def _parts(self, task: Task) -> Iterator[str]:
        if task.fields.get("rows"):
            yield f"{task.fields['rows']}: {task.completed:,.0f} rows"
            if task.finished_speed or task.speed:
                yield f"{task.finished_speed or task.speed:,.0f} rows/s"
        elif task.fields.get("files") is not None:
            yield f"{task.fields['file']:,} of {task.fields['files']:,} files"
            if task.fields["size"]:
                yield f"{decimal(task.fields['sent'])} of {decimal(task.fields['size'])}"
                if task.speed:
                    yield f"{decimal(int(task.speed))}/s"
            if task.time_remaining:
                yield f"{timedelta(seconds=int(task.time_remaining))} left"
                return
        if task.elapsed and task.elapsed >= 1:
            yield str(timedelta(seconds=int(task.elapsed)))


COLUMNS = (SpinnerColumn(), TextColumn("{task.description}", markup=False), _Bar(bar_width=24), _Detail())
"""What the moving line consists of."""

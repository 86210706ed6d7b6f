"""The moving line of a terminal that follows a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from arfeed.model.text.legible import make_legible


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

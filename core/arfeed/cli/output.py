"""What people read, on stderr beside a JSON document and on stdout otherwise."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from arfeed.errors import ArfeedError, RefusedError

if TYPE_CHECKING:
    from arfeed.desk import Progress as RunProgress


_WIDTH_OF_A_LOG = 200


def console(*, beside_json: bool = False) -> Console:
    """Return where people's text goes."""
    target = Console(stderr=beside_json, highlight=False, soft_wrap=True)
    if not target.is_terminal:
        target.width = _WIDTH_OF_A_LOG
    return target


def complain(error: ArfeedError) -> None:
    """Print an expected error as a paragraph."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"arfeed: {error}", markup=False, style="red")


def refuse(text: str) -> NoReturn:
    """End as a refused plan does, which has been shown already."""
    complain(RefusedError(text))
    sys.exit(RefusedError.exit_code)


def print_json(document: object) -> None:
    """Print the one document that `--json` promises."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def progress() -> Iterator[RunProgress]:
    """Show a moving line on a terminal, and plain lines without one; always on stderr."""
    target = Console(stderr=True, highlight=False)
    if not target.is_terminal:
        yield _Lines(target)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=target, transient=True) as bars:
        yield _Bars(bars)


class _Lines:
    """A line a step."""

    def __init__(self, target: Console) -> None:
        self._target = target

    def step(self, text: str) -> None:
        self._target.print(f"{text} …", markup=False)

    def sending(self, files: int) -> None:
        """Say nothing: the step has its line."""

    def sent(self) -> None:
        """Say nothing: a line a file would be noise in a log."""

    def warn(self, text: str) -> None:
        self._target.print(f"! {text}", markup=False)


class _Bars:
    """One bar that follows the steps."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=None)

    def step(self, text: str) -> None:
        self._bars.reset(self._task, description=text, total=None)

    def sending(self, files: int) -> None:
        self._bars.update(self._task, total=files)

    def sent(self) -> None:
        self._bars.advance(self._task)

    def warn(self, text: str) -> None:
        self._bars.console.print(f"! {text}", markup=False, style="yellow")

"""What is seen of many feeds: what each of them prints, how far all of them are, and a summary."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from arfeed.cli.display.output import console
from arfeed.model.text.legible import name_some

if TYPE_CHECKING:
    from rich.progress import Progress

    from arfeed.operations.many.outcome import Outcome


_REFRESH = 0.2
"""Seconds between two drawings of the line: drawing it costs as much as a feed's messages."""


class Screen:
    """On stderr: the messages of one feed after the other, and on a terminal a line with how far all of them are.

    With `live` a feed's messages are printed as they come, otherwise together when it ends, so that those of several
    are not mixed. With `raw` the feeds write to stderr themselves, and nothing is added.
    """

    def __init__(self, feeds: Sequence[Path], *, live: bool, raw: bool) -> None:
        """Show these feeds."""
        self._numbers = {config: number for number, config in enumerate(feeds, 1)}
        self._live = live
        self._raw = raw
        self._target = console(beside_json=True)
        self._running: list[Path] = []
        self._failed = 0
        self._told: set[str] = set()
        self._bars: Progress | None = None
        self._drawn_at = 0.0

    def __enter__(self) -> Self:
        """Begin to show the line."""
        if self._target.is_terminal and not self._target.is_dumb_terminal and not self._raw:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (MofNCompleteColumn(), BarColumn(bar_width=24), TimeRemainingColumn())
            # Without a thread that refreshes it: this process is forked, and threads do not survive that.
            self._bars = Progress(
                *columns,
                TextColumn("{task.description}", markup=False),
                console=self._target,
                transient=True,
                auto_refresh=False,
            )
            self._bars.start()
            self._bars.add_task("", total=len(self._numbers))
        return self

    def __exit__(self, *error: object) -> None:
        """Take the line away."""
        if self._bars:
            self._bars.stop()

    def begin(self, config: Path) -> None:
        """A feed has begun."""
        self._running.append(config)
        if self._live:
            self._head(config)
        self.refresh()

    def print_text(self, config: Path, text: str) -> None:
        """Print what a feed printed, if it is shown at once."""
        del config
        if self._live:
            self._print(text)

    def end(self, outcome: Outcome) -> None:
        """A feed has ended; its messages were kept until now unless they are shown at once."""
        self._running.remove(outcome.config)
        self._failed += outcome.code != 0
        if not self._live:
            self._head(outcome.config)
            self._print(outcome.text)
        if self._bars:
            self._bars.advance(self._bars.task_ids[0])
        self.refresh()

    def note(self, text: str) -> None:
        """Print a warning of this command itself, once."""
        if text not in self._told:
            self._told.add(text)
            self._target.print(f"! {text}", markup=False, style="yellow")

    def refresh(self) -> None:
        """Draw the line anew, a few times a second at most."""
        if self._bars and monotonic() - self._drawn_at >= _REFRESH:
            self._drawn_at = monotonic()
            failed = f"{self._failed} not delivered · " if self._failed else ""
            names = name_some([str(config) for config in self._running], 3) if self._running else ""
            self._bars.update(self._bars.task_ids[0], description=f"{failed}{names}")
            self._bars.refresh()

    def _head(self, config: Path) -> None:
        if not self._raw:
            heading = f"\n[{self._numbers[config]}/{len(self._numbers)}] {config}"
            self._target.print(heading, style="bold", markup=False)

    def _print(self, text: str) -> None:
        if text:
            self._target.print(text.removesuffix("\n"), markup=False)


def summary(people: Console, outcomes: Sequence[Outcome], not_run: Sequence[Path], folder: Path) -> None:
    """Print how each feed ended, and what to do next for those that were not delivered."""
    people.print(_table(outcomes))
    for outcome in outcomes:
        if outcome.code:
            people.print(f"  {outcome.config}: {outcome.next}", markup=False)
    if not_run:
        people.print(f"  {len(not_run)} feeds were not begun: {name_some([*map(str, not_run)], 3)}", markup=False)
    if not_run or any(outcome.code for outcome in outcomes):
        command = f"arfeed sync --all {shlex.quote(str(folder))} --only failed"
        people.print(f"  Once that is done: {command}", markup=False)


def _table(outcomes: Sequence[Outcome]) -> Table:
    delivered = sum(outcome.code == 0 for outcome in outcomes)
    title = f"\n{delivered} of {len(outcomes)} feeds delivered"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2))
    for name in ("", "feed", "outcome", "open", "missing", "seconds"):
        table.add_column(name, justify="right" if name in ("open", "missing", "seconds") else "left")
    for outcome in outcomes:
        opened, missing = outcome.counts or ("", "")
        table.add_row(
            "✗" if outcome.code else "✓",
            # A folder called [red] is not a style.
            escape(str(outcome.config)),
            outcome.name,
            str(opened),
            str(missing),
            f"{outcome.seconds:.1f}",
            style="red" if outcome.code else "green",
        )
    return table

"""The last delivery, which an export of the receiver's list is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd


def _nothing() -> Iterator[tuple[str, Sequence[str]]]:
    return iter(())


@dataclass(frozen=True, slots=True)
class LastDelivery:
    """The last delivery: its run, the moment at which it ended, its report's name and SHA-256, and those of its inputs.

    `inputs` are names of files by SHA-256. `earlier` returns the reports before it that are still kept, the latest
    first. `timezone` is the feed's, None for UTC. `headings` are those of the report's file, in the destination's
    layout, and `cells` returns what stands below them, typed; none if they are not known. `sources` yields the files
    that sources read, with their headings.
    """

    run: str
    at: datetime
    report: pd.DataFrame
    name: str
    sha256: str | None
    inputs: dict[str, str]
    earlier: Callable[[], Iterator[pd.DataFrame]]
    timezone: str | None
    headings: tuple[str, ...] = ()
    cells: Callable[[], pd.DataFrame] = pd.DataFrame
    sources: Callable[[], Iterator[tuple[str, Sequence[str]]]] = _nothing

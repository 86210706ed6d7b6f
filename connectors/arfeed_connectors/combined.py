"""Combine the files of one source and their control totals."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from arfeed import Complete, FileSettings, SourceError, changed_at, find_files

if TYPE_CHECKING:
    import pandas as pd

Frames = Generator["pd.DataFrame", None, Complete]

_CLOSED = ("paid", "void")


def any_closed(frame: pd.DataFrame, status: str, settings: FileSettings | None = None) -> bool:
    """Whether any row is paid or void, by a column of arfeed's own words, or of those that `values` knows."""
    if status not in frame.columns or (settings and settings.values.get("status") is False):
        return False
    words = frame[status].drop_duplicates()
    meant = settings.meaning_of("status", words) if settings else words.str.strip().str.casefold()
    return bool(meant.isin(_CLOSED).any())


def refuse_older(file: str, since: datetime | None) -> None:
    """Raise `SourceError` for a list of closed documents that was written before the last delivery was read.

    What it calls paid was open later than that, so it can't say why it is gone now.
    """
    written = changed_at(file)
    # By the file's own time: what a report prints is a day, and exports of one day come before and after a run.
    if since and written and written < since:
        raise SourceError(
            f"{file}: it was written at {written:%Y-%m-%d %H:%M} UTC, before the invoices now missing were last seen "
            f"open ({since:%Y-%m-%d %H:%M}), so it can't say why they are gone; export it again"
        )


def each_file(settings: FileSettings, read: Callable[[str], Frames]) -> Frames:
    """Yield what `read` yields of each file, and return their combined `Complete`."""
    said: list[Complete] = []
    for file in find_files(settings):
        complete = yield from read(file)
        said.append(complete)
    return _combine(said, settings)


def _combine(said: Sequence[Complete], settings: FileSettings) -> Complete:
    """Combine what several reports state: only what all of them state, and the oldest date."""
    totals: dict[str, Decimal] | None = {}
    for each in said:
        # A file without a total could have lost any of its lines, so a sum of the others proves nothing.
        totals = None if totals is None or each.totals is None else _sum(totals, each.totals)
    dates = [each.as_of for each in said if each.as_of]
    notes = [note for each in said for note in each.notes]
    if (settings.files == "all" or len(said) > 1) and totals is not None:
        notes.append(
            f'files = "all": the totals are those of the {len(said)} file{"s" * (len(said) != 1)} found and do not say '
            "whether another one is absent"
        )
    return Complete(
        totals=totals,
        # None unless all files are dated: one without a date may be the oldest.
        as_of=min(dates) if len(dates) == len(said) else None,
        # An invoice may be missing from the very file that lists no closed ones.
        lists_closed=bool(said) and all(each.lists_closed for each in said),
        notes=tuple(notes),
        capped=any(each.capped for each in said),
    )


def _sum(some: Mapping[str, Decimal], more: Mapping[str, Decimal]) -> dict[str, Decimal]:
    # All files state their total in the source's one `currency`, so both have the same key.
    return {currency: some.get(currency, Decimal(0)) + total for currency, total in more.items()}

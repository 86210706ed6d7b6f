"""Several files of one source, and what can be said of all of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from arfeed import Complete, FileSettings, find_files

if TYPE_CHECKING:
    import pandas as pd

Frames = Generator["pd.DataFrame", None, Complete]


def each_file(settings: FileSettings, read: Callable[[str], Frames]) -> Frames:
    """Yield what `read` yields of each file, and say what is known of them all."""
    said: list[Complete] = []
    for file in find_files(settings):
        complete = yield from read(file)
        said.append(complete)
    return _together(said, settings)


def _together(said: Sequence[Complete], settings: FileSettings) -> Complete:
    """Return what several reports say as one: what all of them can say, and the oldest date.

    Where all files of a folder are read, a file that never came leaves no trace in the totals of the others: these are
    checked, but what is gone is then not taken as paid.
    """
    totals: dict[str, Decimal] | None = {}
    for each in said:
        totals = None if totals is None or each.totals is None else _sum(totals, each.totals)
    dates = [each.as_of for each in said if each.as_of]
    lists_closed = any(each.lists_closed for each in said)
    several = settings.files == "all" or len(said) > 1
    notes = [note for each in said for note in each.notes]
    if several and not lists_closed and totals is not None:
        notes.append(
            f'files = "all": the totals are those of the {len(said)} file{"s" * (len(said) != 1)} found and do not say '
            "whether another is absent, so an invoice that is gone has to be approved"
        )
    return Complete(
        totals=totals,
        as_of=min(dates) if len(dates) == len(said) else None,
        lists_closed=lists_closed or several,
        notes=tuple(notes),
    )


def _sum(some: Mapping[str, Decimal], more: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {currency: some.get(currency, Decimal(0)) + total for currency, total in more.items()}

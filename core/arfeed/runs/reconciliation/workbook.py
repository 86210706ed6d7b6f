"""What a workbook has beside the cells of its list: other sheets, and rows that somebody has marked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from arfeed.model.errors import ConfigError
from arfeed.model.settings import ReconcileSettings
from arfeed.tables.workbook.marks import find_marks
from arfeed.tables.workbook.sheets import filled_sheets, is_workbook

_SHOWN = 5


def refuse_several_sheets(file: Path, how: Mapping[str, str]) -> None:
    """Raise `ConfigError` if it is open which sheet is meant; another one may well say what is paid."""
    if is_workbook(str(file)) and "sheet" not in how and len(sheets := filled_sheets(str(file))) > 1:
        raise ConfigError(
            f'{file}: it has several sheets, {", ".join(map(repr, sheets))}; say sheet = "…" in '
            "[destination.reconcile], the one that lists all that is open"
        )


def refuse_marked_rows(file: Path, rows: pd.DataFrame, settings: ReconcileSettings) -> None:
    """Raise `ConfigError` if somebody has marked rows of a workbook by what no cell says, such as striking them out."""
    if not is_workbook(str(file)):
        return
    numbers = {int(origin.rpartition("#")[2]) for origin in rows["origin"]}
    marks = find_marks(str(file), settings.sheet, numbers)
    words = {
        "hidden": f"rows that are hidden: {_list(marks.hidden)}",
        "struck": f"cells that are struck out: {_list(marks.struck)}",
        "comments": f"cells with comments: {_list(marks.comments)}",
        "colours": f"rows in a colour that few have: {_list(marks.colours)}",
    }
    said = [text for name, text in words.items() if getattr(marks, name) and name not in settings.marks]
    if said:
        raise ConfigError(
            f"{file}: it has {'; '.join(said)}. Somebody may have noted so what is paid, which no column says. "
            "Export again and compare that file as it is, or take out the rows that are closed, undo the rest and "
            "save. If all exports of the receiver have such, docs/reconcile.md says how to pass over it"
        )


def _list(places: list[str]) -> str:
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return f"{', '.join(places[:_SHOWN])}{more}"

"""What a workbook has beside the cells of its list: other sheets, and rows that somebody has marked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from arfeed.model.errors import ConfigError
from arfeed.model.settings import ReconcileSettings
from arfeed.runs.reconciliation.numbers import are_known
from arfeed.tables.workbook.beside import read_texts_beside
from arfeed.tables.workbook.marks import find_marks
from arfeed.tables.workbook.sheets import filled_sheets, is_workbook, read_hidden_sheets

_SHOWN = 5
_WHOLE = 0.9
"""A hidden sheet with this part of the list's numbers is what the list was made of."""


def refuse_several_sheets(file: Path, how: Mapping[str, str]) -> None:
    """Raise `ConfigError` if it is open which sheet is meant; another one may well say what is paid."""
    if is_workbook(str(file)) and "sheet" not in how and len(sheets := filled_sheets(str(file))) > 1:
        raise ConfigError(
            f'{file}: it has several sheets, {", ".join(map(repr, sheets))}; set sheet = "…" in '
            "[destination.reconcile], the one that lists all that is open"
        )


def refuse_marked_rows(file: Path, rows: pd.DataFrame, settings: ReconcileSettings) -> None:
    """Raise `ConfigError` if somebody has marked rows of a workbook by what no cell says, such as striking them out."""
    if not is_workbook(str(file)):
        return
    marks = find_marks(str(file), settings.sheet, _numbers(rows))
    words = {
        "hidden": f"rows that are hidden: {_list(marks.hidden)}",
        "struck": f"cells that are struck out: {_list(marks.struck)}",
        "comments": f"cells with comments: {_list(marks.comments)}",
        "colours": f"rows that look unusual: {_list(marks.colours)}",
        "grouped": f"rows that are grouped: {_list(marks.grouped)}",
        "links": f"cells with links: {_list(marks.links)}",
    }
    said = [text for name, text in words.items() if getattr(marks, name) and name not in settings.marks]
    if said:
        raise ConfigError(
            f"{file}: it has {'; '.join(said)}. Somebody may have marked paid rows this way, and no column says so. "
            "Export again and compare that file as it is, or take out the rows that are closed, undo the rest and "
            "save. If all exports of the receiver have such, docs/reconcile.md says how to pass over it"
        )


def refuse_hidden_lists(file: Path, numbers: pd.Series[str], settings: ReconcileSettings) -> None:
    """Raise `ConfigError` if a hidden sheet of a workbook names some of the invoices, which it may say are closed."""
    if not is_workbook(str(file)) or "sheets" in settings.marks:
        return
    for name, texts in read_hidden_sheets(str(file)):
        named = [
            text
            for text, known in zip(texts, are_known(pa.array(texts, pa.large_string()), numbers), strict=True)
            if known
        ]
        if named and len({*named}) < _WHOLE * len(numbers):
            raise ConfigError(
                f"{file}: its hidden sheet {name!r} names {_list(named)}, and may say that they are closed. Look at "
                "it, and export again without it. If all exports of the receiver have such, docs/reconcile.md says how "
                "to pass over it"
            )


def read_beside(file: Path, rows: pd.DataFrame, settings: ReconcileSettings) -> list[str]:
    """Return what a workbook says beside its cells: in page headers, text boxes and comments on other rows."""
    return read_texts_beside(str(file), settings.sheet, _numbers(rows)) if is_workbook(str(file)) else []


def _numbers(rows: pd.DataFrame) -> set[int]:
    return {int(origin.rpartition("#")[2]) for origin in rows["origin"]}


def _list(places: list[str]) -> str:
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return f"{', '.join(places[:_SHOWN])}{more}"

"""Headings that stand below a banner, found by the usual names of an invoice's columns."""

from __future__ import annotations

from collections.abc import Mapping

from arfeed.model.errors import SourceError
from arfeed.tables.grid import read_grid
from arfeed.tables.headings.header import MOST_ROWS
from arfeed.tables.headings.proposal import count_usual_headers


def find_heading_row(file: str, how: Mapping[str, str]) -> list[str]:
    """Return the headings if they are below a banner; an empty list if they are the first row.

    `how` are the encoding, delimiter and sheet to read by, as far as they are known.
    """
    rows = _top(file, how)
    best = _heading_place(rows)
    return rows[best] if count_usual_headers(rows[best]) > count_usual_headers(rows[0]) else []


def read_banner(file: str, how: Mapping[str, str]) -> list[str]:
    """Return the lines above the headings, such as a title and a date, with commas between their cells."""
    rows = _top(file, how)
    return [", ".join(row) for row in rows[: _heading_place(rows)] if row]


def _top(file: str, how: Mapping[str, str]) -> list[list[str]]:
    grid = next(read_grid(file, **how), None)
    if grid is None:
        raise SourceError(f"{file}: it has no rows; export it again")
    top = grid.drop(columns="origin").head(MOST_ROWS).to_numpy().tolist()
    return [[str(cell).strip() for cell in row if str(cell).strip()] for row in top]


def _heading_place(rows: list[list[str]]) -> int:
    return max(range(len(rows)), key=lambda number: count_usual_headers(rows[number]))

"""Headings that bear the name of an invoice's column, in any case, with blanks or underscores: `Due On`, `CURRENCY`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from arfeed.model import schema
from arfeed.model.errors import SourceError
from arfeed.model.fields import PARTS_OF_BALANCE, headings_of
from arfeed.tables.headings.normalize import normalize_header

if TYPE_CHECKING:
    from arfeed.model.settings import FileSettings

# `Document` heads a number in many programs, and hardly ever a path.
_READ = tuple(name for name in schema.SOURCE_COLUMNS if name != "document")
_BY_FOLD = {normalize_header(name): name for name in _READ}
_REPEATED = re.compile(r" \(\d+\)$")


def find_columns(file: str, headers: Sequence[str], settings: FileSettings) -> dict[str, str]:
    """Return the heading of each canonical column that a file has: as `columns` names it, or the one with its name.

    Names are compared without case, blanks, underscores and accents. Raise `SourceError` if two headings have one.
    """
    named = name_headings(headers, settings.columns, left_alone(settings))
    for name, found in named.items():
        refuse_twins(file, name, found)
    return {**{name: found[0] for name, found in named.items()}, **settings.columns}


def left_alone(settings: FileSettings) -> set[str]:
    """Return the columns that the settings leave alone though a heading has their name."""
    return {name for name, words in settings.values.items() if words is False}


def name_headings(headers: Sequence[str], columns: Mapping[str, str], left: Collection[str]) -> dict[str, list[str]]:
    """Return, by canonical column, the headings that bear its name, the exact one first.

    `columns` says what some headings mean, and of which columns nothing is to be found; `left` are left alone.
    """
    made = ["balance"] if {*PARTS_OF_BALANCE} & {*columns} else []
    taken, settled = {*headings_of(columns)}, {*columns, *left, *made}
    found: dict[str, list[str]] = {}
    for header in headers:
        plain = _REPEATED.sub("", header)
        # The second heading of a name, unless `Currency (2)` is its own.
        name = name_of(plain if plain in headers else header)
        if name and name not in settled and header not in taken:
            found.setdefault(name, []).append(header)
    return {name: sorted(some, key=lambda header: header != name) for name, some in found.items()}


def name_of(header: str) -> str | None:
    """Return the canonical column whose name a heading bears."""
    return header if header in schema.SOURCE_COLUMNS else _BY_FOLD.get(normalize_header(header))


def refuse_twins(where: str, name: str, headers: Sequence[str]) -> None:
    """Raise `SourceError` if several headings have a column's name: one of them would hide the other."""
    if len(headers) > 1:
        alike = " and ".join(repr(header) for header in headers)
        raise SourceError(
            f"{where}: the columns {alike} have the name of {name}, in which letter case, blanks and underscores do "
            f'not count; say which it is by columns.{name} = "…", or leave them alone by values.{name} = false'
        )

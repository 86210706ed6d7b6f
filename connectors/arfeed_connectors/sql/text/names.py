"""The names of a query's columns, compared without case, as the headings of a file are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from arfeed import SOURCE_COLUMNS, SourceError


def fold_name(name: str) -> str:
    """Return a name as it is compared: without case and outer blanks."""
    return name.strip().casefold()


# No slots, which would leave no room for cached properties.
@dataclass(frozen=True)
class Names:
    """The columns of one query in order, as the database writes them, and the headers that `columns` maps.

    `query` is the name of its setting. Raise `SourceError` for two names that count as one, and for a mapped header
    that the query does not have: before a row is read, and before a default takes the place of a missing column.
    """

    source: str
    written: tuple[str, ...]
    columns: Mapping[str, str]
    query: str = "the query"

    def __post_init__(self) -> None:
        """Look at all of them."""
        found: dict[str, str] = {}
        for name in self.written:
            if fold_name(name) in found:
                self._refuse_twins(found[fold_name(name)], name)
            found[fold_name(name)] = name
        for header in self.columns.values():
            if fold_name(header) not in found:
                raise SourceError(
                    f"{self.source}: `columns` names the header {header!r}, which is not there; {self.query} has "
                    f"{', '.join(self.written)}; change `columns`, or name the column with AS"
                )

    def __contains__(self, column: str) -> bool:
        """Whether the query has a canonical column, under its own name or a mapped one."""
        return fold_name(self.header(column)) in self._by_fold

    def header(self, column: str) -> str:
        """Return what the settings call a canonical column."""
        return self.columns.get(column, column)

    def of(self, column: str) -> str:
        """Return what the database calls a canonical column that is there."""
        return self._by_fold[fold_name(self.header(column))]

    @cached_property
    def frame(self) -> tuple[str, ...]:
        """The names that a frame bears: of mapped and canonical columns as arfeed writes them, others as they are."""
        # The frame's readers look for exact names, and Oracle or Firebird may write them all in capitals.
        known = {fold_name(name): name for name in SOURCE_COLUMNS} | {
            fold_name(name): name for name in self.columns.values()
        }
        return tuple(known.get(fold_name(name), name) for name in self.written)

    def unknown(self) -> list[str]:
        """Return the names that mean nothing to arfeed: neither a column of an invoice nor mapped to one."""
        used = {fold_name(self.header(column)) for column in SOURCE_COLUMNS}
        return [name for name in self.written if fold_name(name) not in used]

    def note(self) -> str | None:
        """Return which columns mean nothing to arfeed, and which one was perhaps meant; None if there is none."""
        if not (unknown := self.unknown()):
            return None
        named = [f"{name}{self._find_meant(name)}" for name in unknown]
        are = "mean nothing to arfeed and are" if len(named) > 1 else "means nothing to arfeed and is"
        return f"of the columns of {self.query}, {', '.join(named)} {are} sent along"

    def _find_meant(self, name: str) -> str:
        # Only what the query lacks: a name close to a column that is there is most likely meant as it is.
        absent = {fold_name(column): column for column in SOURCE_COLUMNS if column not in self}
        close = get_close_matches(fold_name(name), absent, n=1, cutoff=0.8)
        return f" (did you mean {absent[close[0]]}?)" if close else ""

    @cached_property
    def _by_fold(self) -> Mapping[str, str]:
        return {fold_name(name): name for name in self.written}

    def _refuse_twins(self, first: str, second: str) -> None:
        # In a frame one of the two would hide the other: after a join, perhaps, a payment's amount the invoice's.
        if first == second:
            raise SourceError(f"{self.source}: {self.query} has two columns named {first!r}; name each with AS")
        raise SourceError(
            f"{self.source}: {self.query} has two columns, {first!r} and {second!r}, that differ only in letter case, "
            "which arfeed ignores; name each with AS, or leave one out"
        )

"""Taking printed reports apart: lines, the groups that they are in, and totals that must be the sum of their lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import schema
from arfeed.model.arrow import to_text_array
from arfeed.model.errors import SourceError
from arfeed.tables.places import locate
from arfeed.tables.printed.groups import Nesting, closes, nest, own_totals, sum_own_lines
from arfeed.tables.printed.rows import Kinds, Marks, Mask, classify, mask
from arfeed.tables.values.amounts import MONEY, find_contradicted, format_units, parse_money

Integers = npt.NDArray[np.int64]

_UNITS = pa.scalar(Decimal(10**schema.MONEY_SCALE), pa.decimal128(5, 0))
# Half of what 64 bits hold, so that adding one more frame can't overflow.
_LARGEST = 2.0**62
_MOST_DOUBTS = 3


_GROUPS = pa.schema({"name": pa.large_string(), "before": pa.int64(), "own": pa.int64(), "origin": pa.large_string()})


class OpenGroup(NamedTuple):
    """A group that is open at the end of a frame: the sums of all lines before it and of its lines, and its origin."""

    name: str
    before: int
    own: int
    origin: str


@dataclass(slots=True)
class Rows:
    """The rows of one report, taken frame by frame. `names` are the names of the columns to keep, by their numbers.

    `parents` names the groups that have a total of their own lines besides one that includes all groups within.
    `currency` is that of all amounts, if known. A total that is not the sum of its lines is an error if `exact`;
    otherwise the first of them go to `doubts`. Sums are in ten-thousandths, as 64-bit integers.
    """

    file: str
    marks: Marks
    names: Mapping[int, str]
    balance: int
    decimal: str | None
    exact: bool
    parents: pa.Array
    currency: str | None = None
    total: Decimal | None = None
    ended: bool = False
    grouped: bool = False
    doubts: list[str] = field(default_factory=list)
    _open: list[OpenGroup] = field(default_factory=list)
    _sum: int = 0

    def take(self, frame: pd.DataFrame) -> pa.Table:
        """Return the next frame's lines. Raise `SourceError` for unknown rows and for wrong totals."""
        page = _Page(frame, self.file)
        kinds = classify(page.grid, self.marks, [group.name for group in self._open], ended=self.ended)
        # Never skipped: a row that nobody knows may be an invoice.
        page.refuse(kinds.unknown, "is neither a line nor a group nor a total")
        page.refuse(_below(kinds, ended=self.ended), "is below the TOTAL, where nothing more is expected")
        amounts = self._amounts(page, kinds)
        own = kinds.subtotal & own_totals(kinds.labels, self.parents)
        nesting = nest([group.name for group in self._open], kinds.group, kinds.subtotal & ~own, kinds.labels)
        page.refuse(_find_unmatched(kinds, nesting), "is not the total of the group that is open there")
        self._add_up(page, kinds, nesting, amounts, own)
        return self._lines(page, kinds, nesting, amounts)

    def finish(self) -> None:
        """Raise `SourceError` if the report ends within a group, or without its TOTAL."""
        # A list without groups need not have a TOTAL; whoever expects one looks at `ended`.
        if self._open or (self.grouped and not self.ended):
            where = f"within the group {self._open[-1].name!r}" if self._open else "without its TOTAL"
            raise SourceError(f"{self.file}: it ends {where}, so it is cut off; export the report again")

    def _amounts(self, page: _Page, kinds: Kinds) -> pa.Array:
        counted = pa.array(kinds.line | kinds.subtotal | kinds.total)
        # Other rows may hold any text in this column.
        parsed = parse_money(pc.if_else(counted, page.grid[self.balance], ""), self.decimal)
        mark = f"decimal = {self.decimal!r}" if self.decimal else "no `decimal`"
        page.refuse(mask(parsed.wrong), f"has no amount in its column {self.names[self.balance]!r}, with {mark}")
        self._check_currency(page, kinds)
        return parsed.values

    def _check_currency(self, page: _Page, kinds: Kinds) -> None:
        """Raise `SourceError` for an amount with the sign or code of another currency than the report's."""
        texts = page.grid[self.balance]
        if self.currency and pc.any(pc.match_substring_regex(texts, r"[A-Z\p{Sc}]")).as_py():
            currency = pa.repeat(pa.scalar(self.currency, pa.large_string()), len(texts))
            foreign = mask(pc.fill_null(find_contradicted(texts, currency), fill_value=False))
            page.refuse(
                foreign & (kinds.line | kinds.subtotal | kinds.total),
                f"names a different currency from {self.currency}; correct `currency`, or add a column of currencies",
            )

    def _add_up(self, page: _Page, kinds: Kinds, nesting: Nesting, amounts: pa.Array, own: Mask) -> None:
        """Compare every printed total with its lines, and keep the groups that stay open."""
        printed = self._units(amounts, kinds)
        units = np.where(kinds.line, printed, 0)
        sums = self._sum + np.cumsum(units)
        groups = self._groups(page, kinds, nesting, sums)
        # A total that prints no amount here claims nothing.
        ends = np.flatnonzero((kinds.subtotal | kinds.total) & mask(pc.is_valid(amounts)))
        owner = nesting.owner[ends]  # the grand total's is -1, the last
        counted = sums[ends] - np.append(groups["before"].to_numpy(), 0)[owner]
        # A total of own lines leaves out the groups within; every other total includes them.
        if len(self.parents):
            within = np.append(groups["own"].to_numpy(), 0)[owner] + sum_own_lines(nesting.owner, units, owner, ends)
            counted = np.where(own[ends], within, counted)
        for wrong in np.flatnonzero(printed[ends] != counted)[:_MOST_DOUBTS].tolist():
            of = groups.slice(owner[wrong], 1).to_pylist() if owner[wrong] >= 0 else []
            whose = f"{of[0]['name']} (from {page.named(of[0]['origin'])})" if of else "everything"
            found, read = format_units(printed[ends[wrong]]), format_units(counted[wrong])
            self._report_doubt(
                f"{page.place(ends[wrong])}: the total of {whose} is printed as {found}, but its lines sum to {read}"
            )
        self._remember(groups, nesting, units)
        self._sum = int(sums[-1]) if len(sums) else self._sum
        self.grouped |= bool(kinds.group.any())
        if kinds.total.any():
            self.ended, self.total = True, amounts[int(np.argmax(kinds.total))].as_py()

    def _groups(self, page: _Page, kinds: Kinds, nesting: Nesting, sums: Integers) -> pa.Table:
        """Return the groups of a frame as a table of `OpenGroup`s, first those that were open before it."""
        starts = np.flatnonzero(kinds.group)
        carried = pa.Table.from_pylist([group._asdict() for group in self._open], _GROUPS)
        columns = {
            "name": nesting.names[len(carried) :],
            "before": pa.array(sums[starts]),
            "own": pa.array(np.zeros(len(starts), np.int64)),
            "origin": page.origins.take(pa.array(starts)),
        }
        return pa.concat_tables([carried, pa.table(columns, _GROUPS)])

    def _remember(self, groups: pa.Table, nesting: Nesting, units: Integers) -> None:
        """Keep the groups that are still open, with the sums of their own lines if those may have totals."""
        still = np.asarray(nesting.open, np.int64)
        self._open = [OpenGroup(**group) for group in groups.take(pa.array(still)).to_pylist()]
        if len(self.parents):
            more = sum_own_lines(nesting.owner, units, still, np.full(len(still), len(units)))
            self._open = [
                group._replace(own=group.own + each) for group, each in zip(self._open, more.tolist(), strict=True)
            ]

    def _units(self, amounts: pa.Array, kinds: Kinds) -> Integers:
        """Return amounts as integers. Raise `SourceError` if their sum may overflow."""
        zero = pa.scalar(Decimal(0), MONEY)
        try:
            units: Integers = pc.cast(pc.multiply(pc.fill_null(amounts, zero), _UNITS), pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            # Refused by the check below, in its words.
            units = np.full(len(amounts), np.iinfo(np.int64).max)
        # As floats, which can't overflow unnoticed as integers do.
        if abs(self._sum) + np.abs(units.astype(np.float64))[kinds.line].sum() > _LARGEST:
            raise SourceError(f"{self.file}: its amounts are too large to be added up here")
        return units

    def _report_doubt(self, doubt: str) -> None:
        if self.exact:
            raise SourceError(f"{doubt}; lines are missing or repeated: export the report again")
        if len(self.doubts) < _MOST_DOUBTS:
            self.doubts.append(doubt)

    def _lines(self, page: _Page, kinds: Kinds, nesting: Nesting, amounts: pa.Array) -> pa.Table:
        chosen = pa.array(kinds.line)
        lines = {name: page.grid[column].filter(chosen) for column, name in self.names.items()}
        lines[self.names[self.balance]] = amounts.filter(chosen)
        owner = nesting.owner[kinds.line]
        lines["group"] = pc.fill_null(nesting.paths.take(pa.array(owner, mask=owner < 0)), "")
        return pa.table(lines | {"origin": page.origins.filter(chosen)})


class _Page:
    """One frame of a report: its cells by column, trimmed, and where each row comes from."""

    def __init__(self, frame: pd.DataFrame, file: str) -> None:
        self.file = file
        self.grid = [pc.utf8_trim_whitespace(to_text_array(frame[name])) for name in frame.columns if name != "origin"]
        self.origins = to_text_array(frame["origin"])

    def place(self, row: int) -> str:
        """Return the file and line of a row."""
        return self.named(self.origins[row].as_py())

    def named(self, origin: str) -> str:
        """Return the file and line that an origin means."""
        return locate(origin, self.file)

    def refuse(self, wrong: Mask, why: str) -> None:
        """Raise `SourceError` for the first of these rows."""
        if wrong.any():
            row = int(np.argmax(wrong))
            found = ", ".join(text for text in (column[row].as_py() for column in self.grid) if text)
            raise SourceError(f"{self.place(row)}: {found[:100]!r} {why}; export the report again, and do not edit it")


def _below(kinds: Kinds, *, ended: bool) -> Mask:
    """Return which rows below the grand total must not be there."""
    below = np.cumsum(kinds.total) - kinds.total + ended > 0
    wrong: Mask = below & (kinds.line | kinds.group | kinds.subtotal | kinds.total)
    return wrong


def _find_unmatched(kinds: Kinds, nesting: Nesting) -> Mask:
    """Return which totals do not name the group that is open there, and grand totals inside a group."""
    wrong: Mask = kinds.total & (nesting.depth != 0)
    ends = np.flatnonzero(kinds.subtotal)
    owner = nesting.owner[ends]
    names = pc.fill_null(nesting.names.take(pa.array(owner, mask=owner < 0)), "")
    wrong[ends] = ~closes(kinds.labels.take(pa.array(ends)), names)
    return wrong

"""Rows of a file that are not documents: rules, totals, the name of a group, the further lines of an invoice.

A row of totals is kept as the file's own control. A list in groups is refused by name: which customer a row belongs to
is stated above it, and only readers of that very report know how.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.intake.money import money_columns
from arfeed.model.errors import SourceError
from arfeed.model.fields import template_headers
from arfeed.model.settings import FileSettings
from arfeed.model.text.characters import byte_at
from arfeed.tables.places import locate_row
from arfeed.tables.values.parsed import is_blank

if TYPE_CHECKING:
    import pandas as pd

TOTALS = (
    r"(?i)^\W*(?:(?:grand|sub|report|overall|running|balance|invoices?)[ -]?)?"
    r"(?:totals?|totaux|totale?s?|totaal|totalt|summen?|summary|suma|somme|soma|summa|gesamt\w*|endsumme|zwischensumme|razem|celkem|"
    r"yhteens[aä]|итого|合计|总计|合計|小计)(?:\W|$)|^\*+(?:\s|$)|^Σ|"
    r"^\d+ (?:rows?|records?|items?|invoices?|documents?|entries|lines?|belege?|rechnungen|posten|zeilen|factures|"
    r"facturas|fatture|facturen|regels)\W*$|"
    r"[\s\-–—:(](?:grand |sub[ -]?)?(?:totals?|totaux|totale?s?|totaal|totalt|summen?|suma|somme|soma|summa|"
    r"gesamtsumme|endsumme|zwischensumme|razem|celkem|yhteens[aä]|итого|合计|合計|小计)\W*$"
)
"""How the label of a row of totals begins or ends; SAP marks subtotals by asterisks."""

_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b")
_STARS = r"^\*+$"
_RULE = r"^[-=_*+|~─━═ ]+$"
_BEGINS_A_RULE = np.isin(np.arange(256), [*b"-=_*+", "─".encode()[0]])
_SHORTEST_RULE = 3
_MOST_FOUND = 100

Mask = npt.NDArray[np.bool_]


class TotalsRow(NamedTuple):
    """A row of totals as it came, its label, and whether only its place says that it is one."""

    raw: pd.DataFrame
    origin: str
    label: str
    unlabelled: bool


class Sifted(NamedTuple):
    """The rows of a frame that may be documents, and its columns if all of them may."""

    raw: pd.DataFrame
    columns: Columns | None = None


@dataclass(slots=True)
class Sieve:
    """Takes what is not a document out of the frames of one source, in their order, and keeps its `totals`.

    `check` is called with each frame before anything is taken out. `endings` are by file the
    origins of rows that end a frame and whose number is none, as far as one can tell: it has no digit but a date's.
    """

    settings: FileSettings
    columns_of: Callable[[pd.DataFrame], Columns]
    check: Callable[[Columns, FileSettings], None]
    totals: list[TotalsRow] = field(default_factory=list)
    endings: dict[str, str] = field(default_factory=dict)
    last: pd.DataFrame | None = None

    def sift(self, raw: pd.DataFrame, table: Columns | None = None) -> Sifted:
        """Return the rows of a frame that may be documents; `table` are its columns if they were looked at already.

        Raise `SourceError` for a list in groups or of lines.
        """
        if not len(raw) or "origin" not in raw.columns:
            return Sifted(raw, table)
        if self.settings.rows == "lines":
            raw, table = self._fill_lines(raw), None
        if table is None:
            table = self.columns_of(raw)
        self.check(table, self.settings)
        ref, customer = table.text("invoice_ref"), table.text("customer_name")
        unnamed = pc.or_(is_blank(ref), is_blank(customer))
        # By their first bytes, for a tenth of what a pattern takes; three of these marks are beyond ASCII.
        dashed = _BEGINS_A_RULE[byte_at(ref, 0)]
        few = np.flatnonzero(_mask(unnamed) | dashed)
        gone = _Rows(self, raw, few).removed() if len(few) else few
        self._keep_ending(table, gone)
        if len(gone):
            return Sifted(raw[~np.isin(np.arange(len(raw)), gone)].reset_index(drop=True))
        return Sifted(raw, table)

    def _keep_ending(self, table: Columns, gone: npt.NDArray[np.intp]) -> None:
        last = table.raw.num_rows - 1
        while last in gone:
            last -= 1
        if last >= 0 and not _DIGIT.search(_DATE.sub("", table.text("invoice_ref")[last].as_py())):
            origin = table.text("origin")[last].as_py()
            self.endings[origin.rpartition("#")[0]] = origin

    def _fill_lines(self, raw: pd.DataFrame) -> pd.DataFrame:
        """Return the lines with what only the first line of an invoice says, also where the lines end a frame."""
        import pandas as pd

        before = self.last
        every = raw if before is None else pd.concat([before, raw], ignore_index=True)
        table = self.columns_of(every)
        used = [name for name in _find_used(table) if name in table.columns]
        texts = pd.DataFrame({name: pd.Series(table.text(name), dtype="str") for name in used})
        ref = texts["invoice_ref"]
        # A row of totals or a rule is nobody's line: its money, or its label, is its own.
        blank = (texts == "").all(axis=1)
        begins = (~blank & ((ref == "") | (ref != ref.where(ref != "").ffill().shift()))).cumsum()
        filled = texts.where(texts != "").groupby(begins).ffill().fillna("").astype("str")
        headers = {name: table.columns[name] for name in used if table.columns[name] in raw.columns}
        for name, header in headers.items():
            every = every.assign(**{header: filled[name]})
        if self.settings.columns.get("invoice_ref") and table.columns["invoice_ref"] not in raw.columns:
            every = _with_parts(every, table, begins)
        self.last = every.iloc[-1:].reset_index(drop=True)
        return every if before is None else every.iloc[1:].reset_index(drop=True)


def _with_parts(every: pd.DataFrame, table: Columns, begins: pd.Series[Any]) -> pd.DataFrame:
    """Fill the columns that a composed number is made of, as those of any other column."""
    import pandas as pd

    for header in template_headers(table.columns["invoice_ref"]):
        texts = pd.Series(table.raw_text(header), dtype="str")
        every = every.assign(**{header: texts.where(texts != "").groupby(begins).ffill().fillna("").astype("str")})
    return every


def _find_used(table: Columns) -> Sequence[str]:
    """Return the columns by which a row is a document: all that are in use but free texts."""
    return [name for name in table.columns if name not in ("origin", "memo", "document")]


class _Rows:
    """Those rows of a frame that lack a number or a customer, or begin like a rule."""

    def __init__(self, sieve: Sieve, raw: pd.DataFrame, places: npt.NDArray[np.intp]) -> None:
        self.sieve = sieve
        self.all = raw
        self.places = places
        self.raw = raw.iloc[places].reset_index(drop=True)
        self.table = sieve.columns_of(self.raw)
        self.money = money_columns(self.table, sieve.settings)
        self.cells = [pc.utf8_trim_whitespace(self.table.raw_text(name)) for name in self._headers()]
        self.origins = self.raw["origin"].tolist()

    def removed(self) -> npt.NDArray[np.intp]:
        rules = self._rules()
        totals = self._totals() & ~rules
        self._keep_totals(totals)
        used = [_mask(is_blank(self.table.text(name))) for name in self.table.columns if name in self._facts()]
        bare = functools.reduce(np.logical_and, used) & ~rules & ~totals
        self._refuse_lines(bare)
        self._refuse_groups(~rules & ~totals)
        return self.places[rules | totals]

    def _headers(self) -> list[str]:
        return [
            name for name in self.table.raw.column_names if name != "origin" and name not in self._composed_headers()
        ]

    def _composed_headers(self) -> set[str]:
        return {self.table.columns["invoice_ref"]} - {*self.all.columns}

    def _facts(self) -> set[str]:
        return {"invoice_ref", "customer_name", "customer_id", "issued_on", *self.money} & {*self.table.columns}

    def _rules(self) -> Mask:
        """Return where every cell is blank or made of dashes and the like, at least one of them long."""
        plain = [_mask(pc.or_(is_blank(cell), pc.match_substring_regex(cell, _RULE))) for cell in self.cells]
        drawn = [
            _mask(pc.match_substring_regex(cell, _RULE)) & (_lengths(cell) >= _SHORTEST_RULE) for cell in self.cells
        ]
        return functools.reduce(np.logical_and, plain) & functools.reduce(np.logical_or, drawn)

    def _totals(self) -> Mask:
        """Return where a row has money, a total's label or no label at all, and nothing that a document has."""
        table = self.table
        starred = [_mask(pc.match_substring_regex(cell, _STARS)) for cell in self.cells]
        of_group = functools.reduce(np.logical_or, starred)
        labelled = [_mask(pc.match_substring_regex(cell, TOTALS)) for cell in self.cells]
        label = functools.reduce(np.logical_or, labelled)
        blank = {name: _mask(is_blank(table.text(name))) for name in ("issued_on", "due_on", "kind", "status")}
        free = functools.reduce(np.logical_and, blank.values())
        for name in ("invoice_ref", "customer_name"):
            text = table.text(name)
            free &= _mask(is_blank(text)) | (_mask(pc.match_substring_regex(text, TOTALS)))
            # SAP repeats the customer in the subtotal of his items.
            free |= of_group & blank["issued_on"] & _mask(is_blank(table.text("invoice_ref")))
        money = np.logical_or.reduce([~_mask(is_blank(table.text(name))) for name in self.money])
        sums = self._sums()
        others = [
            ~_mask(is_blank(cell)) for name, cell in zip(self._headers(), self.cells, strict=True) if name not in sums
        ]
        silent = ~functools.reduce(np.logical_or, others, np.zeros(len(self.raw), bool))
        self.label = label
        found: Mask = money & ((free & (label | silent)) | self._ends_a_table(blank))
        return found

    def _ends_a_table(self, blank: Mapping[str, Mask]) -> Mask:
        """Return whether the last row is the one of totals that Excel adds below a table, in any language.

        It has a label or the count of the rows for a number, and no customer and no date.
        """
        last = self.places == len(self.all) - 1
        numbered = last & ~_mask(is_blank(self.table.text("invoice_ref")))
        for name in ("invoice_ref", "due_on"):
            text = self.table.text(name)
            numbered &= _mask(pc.invert(pc.match_substring_regex(text, r"\d"))) | (_as_numbers(text) == self.places)
        numbered &= _mask(is_blank(self.table.text("customer_name")))
        plain = [blank[name] for name in ("issued_on", "kind", "status")]
        lone = functools.reduce(np.logical_and, plain, last & blank["due_on"] & ~numbered)
        found: Mask = functools.reduce(np.logical_and, plain, numbered)
        return found | (lone & self._has_only_a_label()) if lone.any() else found

    def _has_only_a_label(self) -> Mask:
        """Return where a row has one text beside its money, and no other has it for a customer: `Owing at 31/10:`."""
        others = [
            ~_mask(is_blank(cell))
            for name, cell in zip(self._headers(), self.cells, strict=True)
            if name not in self._sums()
        ]
        alone: Mask = np.sum(others, axis=0) == 1
        named = [~_mask(is_blank(self.table.text(name))) for name in ("customer_name", "customer_id")]
        alone &= _mask(is_blank(self.table.text("invoice_ref"))) & np.logical_or.reduce(named)
        customers = self.sieve.columns_of(self.all).text("customer_name")
        counted = pc.value_counts(customers)
        known = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
        return alone & ~_mask(pc.is_in(self.table.text("customer_name"), value_set=known))

    def _sums(self) -> set[str]:
        """Return the headers of what totals are printed below: money, and numbers or currencies in all of these."""
        headers = {self.table.columns[name] for name in (*self.money, "currency") if name in self.table.columns}
        numbers = {
            name
            for name, cell in zip(self._headers(), self.cells, strict=True)
            if name not in self.table.columns.values()
            and pc.all(pc.match_substring_regex(cell, r"^(?:[-\d.,' ()]*|[A-Z]{3})$")).as_py()
        }
        return headers | numbers

    def _keep_totals(self, totals: Mask) -> None:
        for row in np.flatnonzero(totals).tolist():
            if len(self.sieve.totals) >= _MOST_FOUND:
                break
            texts = [cell[row].as_py() for cell in self.cells]
            label = next((text for text in texts if text), "")
            self.sieve.totals.append(
                TotalsRow(self.raw.iloc[[row]].reset_index(drop=True), self.origins[row], label, not self.label[row])
            )

    def _refuse_lines(self, bare: Mask) -> None:
        if self.sieve.settings.rows != "invoices":
            return
        for row in np.flatnonzero(bare).tolist():
            if self.places[row] == 0:  # nothing above it, so it is not a further line
                continue
            held = {name: cell[row].as_py() for name, cell in zip(self._headers(), self.cells, strict=True)}
            name, text = next((item for item in held.items() if item[1]), ("", ""))
            if name:
                raise SourceError(
                    f"{self._place(row)}: it has no number, customer, date or balance, but {name} {text!r}: it belongs "
                    f'to the invoice above it. If each row is a line of an invoice, set rows = "lines" in '
                    f"[sources.{self.table.source}]; or export without the lines"
                )

    def _refuse_groups(self, others: Mask) -> None:
        """Raise `SourceError` if a name stands alone in its row, and rows with a number name no customer."""
        filled = np.sum([~_mask(is_blank(cell)) for cell in self.cells], axis=0)
        ref, customer = (_mask(is_blank(self.table.text(name))) for name in ("invoice_ref", "customer_name"))
        heads = np.flatnonzero(others & (filled == 1) & (~ref | ~customer | self._first_cell_only()))
        members = np.flatnonzero(others & ~ref & customer & (filled > 1))
        if not len(heads) or not len(members) or heads[0] > members[-1]:
            return
        head = int(heads[0])
        text = next(text for cell in self.cells if (text := cell[head].as_py()))
        raise SourceError(
            f"{self._place(head)}: {text!r} stands alone in its row, and rows below it, such as that of "
            f"{self.table.text('invoice_ref')[int(members[0])].as_py()!r}, name no customer: this report is "
            "grouped, and may list payments below their invoices. Export a list that names the customer in every row, "
            "one row per open document, without subtotals"
        )

    def _first_cell_only(self) -> Mask:
        return ~_mask(is_blank(self.cells[0])) if self.cells else np.zeros(len(self.raw), bool)

    def _place(self, row: int) -> str:
        return locate_row(self.origins[row], delimiter=self.sieve.settings.delimiter)


def _mask(condition: pa.Array) -> Mask:
    result: Mask = pc.fill_null(condition, fill_value=False).to_numpy(zero_copy_only=False)
    return result


def _as_numbers(texts: pa.Array) -> npt.NDArray[np.int64]:
    """Return whole numbers, -1 for other texts."""
    numbers = pc.if_else(pc.match_substring_regex(texts, r"^\d{1,9}$"), texts, "-1")
    return np.asarray(pc.cast(numbers, pa.int64()))


def _lengths(texts: pa.Array) -> npt.NDArray[np.int32]:
    return np.asarray(pc.utf8_length(texts))

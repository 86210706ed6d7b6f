"""The columns of a frame as a connector yielded it, and the problems that are found in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.errors import SourceError
from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.model.text.characters import byte_at, find_byte_range
from arfeed.model.text.legible import quote
from arfeed.tables.headings.document_words import kind_of, status_of
from arfeed.tables.values.parsed import is_blank


@dataclass(frozen=True, slots=True)
class Problem:
    """Values of one column that are invalid for one reason: how many, and the first of them with their origins.

    Of words, each is an example once, and `words` counts its rows. `advice` is what to do about all of them.
    """

    column: str
    why: str
    count: int
    examples: tuple[tuple[str, str], ...]
    words: Mapping[str, int] = field(default_factory=dict)
    advice: str = ""


MOST_EXAMPLES = 50


def merge_problem(problems: list[Problem], problem: Problem) -> None:
    """Add a problem to the list, or to the one there with the same column and reason."""
    for number, known in enumerate(problems):
        if (known.column, known.why) == (problem.column, problem.why):
            new = [example for example in problem.examples if example[1] not in known.words]
            examples = (*known.examples, *new)[:MOST_EXAMPLES]
            words = Counter(known.words) + Counter(problem.words)
            problems[number] = replace(known, count=known.count + problem.count, examples=examples, words=words)
            return
    problems.append(problem)


_BEYOND_ASCII = 0x80


class Columns:
    """The columns of one raw frame by canonical name, and the `problems` of their values."""

    def __init__(
        self, columns: Mapping[str, str], raw: pa.Table, source: str, before: int, aliases: Collection[str] = ()
    ) -> None:
        """Take the frame, its headers by canonical name (`columns`), and the number of rows before it.

        `aliases` are those of the headers that nobody named, and that bear a canonical name in another spelling.
        """
        self.columns = columns
        self.aliases = aliases
        self.raw = raw
        self.source = source
        self.problems: list[Problem] = []
        self._before = before
        self._texts: dict[str, pa.Array] = {}
        self._refuse_floats()
        self._refuse_numbered_refs()

    def array(self, name: str) -> pa.Array:
        """Return the column unchanged; blank text if the source has no such column."""
        if name not in self.columns:
            return pa.repeat(pa.scalar("", pa.large_string()), self.raw.num_rows)
        return self._as_array(self.columns[name])

    def text(self, name: str) -> pa.Array:
        """Return the column as text, trimmed, with nulls as blanks."""
        # Several checks ask for the same columns; each is trimmed once.
        if name not in self._texts:
            self._texts[name] = self._trim(self.columns.get(name, name), self.array(name))
        return self._texts[name]

    def written_as_text(self, names: Sequence[str]) -> list[str]:
        """Return the names of those columns that came as text, not typed."""
        arrays = {name: self.array(name) for name in names if name in self.columns}
        return [name for name, array in arrays.items() if not _is_number(array.type)]

    def is_blank(self, name: str) -> pa.Array:
        """Return where the column has no value."""
        column = self.array(name)
        typed = pa.types.is_decimal(column.type) or pa.types.is_date(column.type)
        return pc.is_null(column) if typed else is_blank(self.text(name))

    def from_workbook(self) -> pa.Array:
        """Return where the row comes from an Excel workbook, judging by its origin."""
        return pc.match_substring_regex(self.text("origin"), r"(?i)\.xls[xm]#\d+$")

    def choice(self, name: str, allowed: Sequence[str], default: str, settings: SourceSettings) -> pa.Array:
        """Return a column that allows certain words only; `default` if the source has no such column."""
        if name not in self.columns:
            return pa.repeat(pa.scalar(default, pa.large_string()), self.raw.num_rows)
        words = self.translate(name, settings)
        known = pc.is_in(words, value_set=pa.array(allowed, pa.large_string()))
        self.add_unknown_words(name, pc.invert(known), f"is not one of {', '.join(allowed)}", settings)
        return words

    def translate(self, name: str, settings: SourceSettings) -> pa.Array:
        """Return the column in lower case, with the words that the setting `values` knows as arfeed's own."""
        words = pc.utf8_lower(self.text(name))
        meant = getattr(settings, "values", {}).get(name)
        if not meant:
            return words
        theirs = pa.array([word.strip().lower() for word in meant], pa.large_string())
        ours = pa.array([word.lower() for word in meant.values()], pa.large_string())
        return pc.coalesce(ours.take(pc.index_in(words, value_set=theirs)), words)

    def add_unknown_words(self, name: str, wrong: pa.Array, why: str, settings: SourceSettings | None) -> None:
        """Add a problem for words that nothing gives a meaning: each with its first row, and how many rows have it."""
        rows = np.flatnonzero(pc.fill_null(wrong, fill_value=False).to_numpy(zero_copy_only=False))
        if not rows.size:
            return
        found = self.text(name).take(pa.array(rows)).dictionary_encode()
        words = found.dictionary.to_pylist()
        places = found.indices.to_numpy()
        _, first, counts = np.unique(places, return_index=True, return_counts=True)
        examples = tuple(zip(self._origins(rows[first]), words, strict=True))[:MOST_EXAMPLES]
        advice = ""
        meant = settings and name in ("status", "kind", "currency") and "values" in type(settings).model_fields
        if meant and (word := next((word for word in words if word), "")):
            # A word that was not there when the settings were made, and means one thing in every program.
            meaning = {"status": status_of, "kind": kind_of}.get(name, lambda _: None)(word)
            given = f"values.{name} = {{ {quote(word)} = {quote(meaning or '…')} }}"
            left = f"; values.{name} = false leaves the column alone" if isinstance(settings, FileSettings) else ""
            advice = f"say in [sources.{self.source}] what such a word means: {given}{left}"
        counted = dict(zip(words, counts.tolist(), strict=True))
        self.problems.append(Problem(self.columns.get(name, name), why, len(rows), examples, counted, advice))

    def put(self, name: str, header: str, column: pa.Array) -> None:
        """Let a column made here stand for a canonical one; messages call it `header`."""
        self.columns = {**self.columns, name: header}
        if header in self.raw.column_names:
            self.raw = self.raw.drop_columns([header])
        self.raw = self.raw.append_column(header, column)
        self._texts.pop(name, None)

    def raw_text(self, header: str) -> pa.Array:
        """Return a column of the source by its own header, as text, trimmed."""
        return self._trim(header, self._as_array(header))

    def add_problem(self, name: str, wrong: pa.Array, why: str) -> None:
        """Add a problem for the rows where `wrong` is true; `why` completes "VALUE …"."""
        rows = np.flatnonzero(pc.fill_null(wrong, fill_value=False).to_numpy(zero_copy_only=False))
        if not rows.size:
            return
        # Only the first are described: locating a line means reading the file again.
        first = rows[:MOST_EXAMPLES]
        found = self.array(name).take(pa.array(first)).to_pylist()
        texts = ["" if value is None else str(value) for value in found]
        examples = tuple(zip(self._origins(first), texts, strict=True))
        self.problems.append(Problem(self.columns.get(name, name), why, len(rows), examples))

    def extras(self) -> dict[str, pa.Array]:
        """Return the columns that are not canonical, as text; they are kept beside the canonical ones."""
        # Transforms know an alias by its heading in the file.
        used = {*self.columns.values(), *schema.NAMES} - {*self.aliases}
        others = [name for name in self.raw.column_names if name not in used]
        return {name: self._trim(name, self._as_array(name)) for name in others}

    def _origins(self, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[str]:
        if "origin" in self.columns:
            return [str(origin) for origin in self.text("origin").take(pa.array(rows)).to_pylist()]
        refs = self.text("invoice_ref").take(pa.array(rows)).to_pylist()
        named = [f" (invoice {ref})" if ref else "" for ref in refs]
        return [
            f"{self.source} row {self._before + row + 1}{ref}" for row, ref in zip(rows.tolist(), named, strict=True)
        ]

    def _as_array(self, header: str) -> pa.Array:
        return arrow.as_single_chunk(self.raw.column(header))

    def _refuse_floats(self) -> None:
        # An empty frame proves nothing: pandas gives columns without values any type.
        for header in self.raw.column_names if self.raw.num_rows else ():
            if pa.types.is_floating(self.raw.schema.field(header).type):
                raise SourceError(
                    f"{self.source}: column {header!r} holds floats, which lose cents and leading zeros; "
                    "yield text or decimals"
                )

    def _refuse_numbered_refs(self) -> None:
        header = self.columns.get("invoice_ref")
        # Even decimals and whole numbers: 00071 and 71 were one number before they got here.
        if header in self.raw.column_names and self.raw.num_rows and _is_number(self.raw.schema.field(header).type):
            raise SourceError(
                f"{self.source}: column {header!r} holds the invoice numbers as {self.raw.schema.field(header).type}, "
                "which has lost leading zeros; yield the text that is printed on the invoice"
            )

    def _trim(self, header: str, column: pa.Array) -> pa.Array:
        try:
            texts = column if pa.types.is_large_string(column.type) else pc.cast(column, pa.large_string())
        except pa.ArrowException as exc:
            raise SourceError(
                f"{self.source}: column {header!r} holds {column.type}, which is not text: {exc}"
            ) from exc
        texts = pc.fill_null(texts, "") if texts.null_count else texts
        return pc.utf8_trim_whitespace(texts) if _may_be_spaced(texts) else texts


def _may_be_spaced(texts: pa.Array) -> bool:
    """Whether some text may begin or end with white space: an ASCII space or control character, or any beyond ASCII."""
    least, greatest = find_byte_range(texts)
    if least > ord(" ") and greatest < _BEYOND_ASCII:
        return False
    # Beyond ASCII there are more kinds of blanks, so any such character at an edge counts.
    edges = np.concatenate([byte_at(texts, 0), byte_at(texts, -1)])
    return bool(((edges > 0) & (edges <= ord(" ")) | (edges >= _BEYOND_ASCII)).any())


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind) or pa.types.is_integer(kind))

"""The setting `documents`: which file name is the PDF of which invoice.

A wildcard must never give an invoice the PDF of another. So a number has to stand in a name as a word of its own:
what joins it to letters, digits or, by a hyphen or a decimal point, to more of them, makes it a part of another number.
Where a name could be read in two ways, it is nobody's.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.schema import text_array

if TYPE_CHECKING:
    import pandas as pd

_ILLEGAL = r'[/\\:*?"<>|]'
_STAND_INS = ("_", "-")
_WILDCARD = re.compile(r"\*\*/|\*|\?")
_WILDCARDS: Mapping[str, str] = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+|\.\d[^\W_]*)*")
_DIGITS = re.compile(r"\d+")
_REF = "{invoice_ref}"
_LONG_NUMBER = 40


@dataclass(slots=True)
class Claims:
    """Which invoice, by its position, claims which file, by its own. `strange` is what else a name may mean."""

    invoices: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    strange: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


def claims(name: str, invoices: pd.DataFrame, files: Sequence[str]) -> Claims:
    """Match a template, relative to the listed folder, against the names in it. Linear in both numbers.

    `{invoice_ref}` is the number as the source wrote it. A character that no file name can hold, such as the slash
    of INV/2026/0042, may stand as _ or - in it.
    """
    names = pc.utf8_normalize(pa.array(files, pa.large_string()), form="NFC")
    if not _WILDCARD.search(name):
        return _exact(name, invoices, names)
    return _Wildcards(unicodedata.normalize("NFC", name), invoices).claims(names.to_pylist())


def _exact(name: str, invoices: pd.DataFrame, names: pa.Array) -> Claims:
    import pandas as pd

    wanted = pd.concat([_filled(name, invoices, stand_in) for stand_in in (None, *_STAND_INS)])
    listed = pd.DataFrame({"name": pd.Series(names, dtype="str"), "file": range(len(names))})
    pairs = wanted.merge(listed, on="name")[["invoice", "file"]].drop_duplicates()
    return Claims(pairs["invoice"].tolist(), pairs["file"].tolist())


def _filled(name: str, invoices: pd.DataFrame, stand_in: str | None) -> pd.DataFrame:
    """Fill the template for every invoice."""
    import pandas as pd

    pieces = []
    for number, piece in enumerate(re.split(r"\{(\w+)\}", name)):
        if number % 2 == 0:
            pieces.append(pa.scalar(piece, pa.large_string()))
            continue
        texts = text_array(invoices["source_ref" if piece == "invoice_ref" else piece])
        pieces.append(texts if stand_in is None else pc.replace_substring_regex(texts, _ILLEGAL, stand_in))
    names = pc.utf8_normalize(pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string())), form="NFC")
    return pd.DataFrame({"name": pd.Series(names, dtype="str"), "invoice": range(len(names))})


class _Wildcards:
    """A template with wildcards, and the numbers that may stand in it."""

    def __init__(self, template: str, invoices: pd.DataFrame) -> None:
        self.invoices = invoices
        self.template = template
        self.before, _, self.after = template.partition(_REF)
        self.left, self.right = re.compile(_pattern(self.before)), re.compile(_pattern(self.after))
        self.edges = _edge(self.before, -1), _edge(self.after, 0)
        self.known = _spellings(text_array(invoices["source_ref"]).to_pylist())
        self.lengths = set(map(len, self.known))

    @cached_property
    def shapes(self) -> set[str]:
        """What the numbers look like, digits aside: a word of that look may be one that nobody told us of."""
        return {_shape(text) for text in self.known if _DIGITS.search(text)}

    @cached_property
    def beginnings(self) -> set[str]:
        """Their first characters, which settle nearly all words quickly."""
        return {shape[0] for shape in self.shapes}

    def claims(self, names: Iterable[str]) -> Claims:
        found = Claims()
        for file, name in enumerate(names):
            inside = {place for word in _WORD.finditer(name) for place in range(word.start() + 1, word.end())}
            spans = self._spans(name, [place for place in range(len(name) + 1) if place not in inside])
            claimed = [span for span in spans if name[slice(*span)] in self.known]
            owners = {
                number for span in claimed for number in self.known[name[slice(*span)]] if self._fits(number, name)
            }
            if not owners:
                continue
            found.invoices += owners
            found.files += [file] * len(owners)
            strange = {text for span in spans if self._looks_like_a_number(text := name[slice(*span)])}
            strange |= self._glued(name, claimed)
            if strange:
                found.strange[file] = sorted(strange)
        return found

    def _spans(self, name: str, borders: Sequence[int]) -> list[tuple[int, int]]:
        """Return where the number may stand in a file's name, by the template and at the borders of words."""
        before, after = self.edges
        starts = [place + len(before) for place in _places(before, name)] if before else borders
        ends = _places(after, name) if after else borders
        starts = [place for place in starts if self.left.fullmatch(name, 0, place)]
        ends = [place for place in ends if self.right.fullmatch(name, place)]
        longest = max(_LONG_NUMBER, *self.lengths)
        return [(start, end) for start in starts for end in ends if start < end <= start + longest]

    def _glued(self, name: str, claimed: Sequence[tuple[int, int]]) -> set[str]:
        """Return known numbers that stand outside of those claimed, though as parts of words, as in INV_1_2draft."""
        spans = ((start, start + length) for length in self.lengths for start in range(len(name) - length + 1))
        return {
            name[start:end]
            for start, end in spans
            if name[start:end] in self.known
            and not any(first <= start and end <= last for first, last in claimed)
            and self.left.fullmatch(name, 0, start)
            and self.right.fullmatch(name, end)
        }

    def _looks_like_a_number(self, text: str) -> bool:
        """Whether a word that is no number we know looks like one of them."""
        if text in self.known or (text[0].isalpha() and text[0].casefold() not in self.beginnings):
            return False
        return text[0].isalnum() and text[-1].isalnum() and bool(_DIGITS.search(text)) and _shape(text) in self.shapes

    def _fits(self, invoice: int, name: str) -> bool:
        """Whether the other fields of the template are this invoice's."""
        fields = set(re.findall(r"\{(\w+)\}", self.template)) - {"invoice_ref"}
        if not fields:
            return True
        values = {field: str(self.invoices[field].iloc[invoice]) for field in fields}
        values["invoice_ref"] = str(self.invoices["source_ref"].iloc[invoice])
        return re.fullmatch(_pattern(self.template, values), name) is not None


def _spellings(refs: Sequence[str]) -> dict[str, list[int]]:
    """Return the invoices by every way in which their number may stand in a file name."""
    known: dict[str, list[int]] = defaultdict(list)
    for number, ref in enumerate(refs):
        plain = unicodedata.normalize("NFC", ref)
        for text in dict.fromkeys([plain, *(re.sub(_ILLEGAL, stand_in, plain) for stand_in in _STAND_INS)]):
            known[text].append(number)
    return known


def _shape(text: str) -> str:
    return _DIGITS.sub("0", text).casefold()


def _edge(piece: str, side: int) -> str:
    """Return the fixed text next to the number, on the template's left (-1) or right (0) piece of it."""
    return re.split(r"\*\*/|\*|\?|\{\w+\}", piece)[side]


def _places(edge: str, name: str) -> list[int]:
    """Return where a text begins in a name, overlapping ones too."""
    return [match.start() for match in re.finditer(f"(?={re.escape(edge)})", name)]


def _pattern(template: str, values: Mapping[str, str] | None = None) -> str:
    """Return a template as a regular expression; fields without a value stand for anything within a folder."""

    def piece(text: str) -> str:
        if text in _WILDCARDS:
            return _WILDCARDS[text]
        if text.startswith("{") and values is None:
            return "[^/]+"
        if text.startswith("{"):
            value = unicodedata.normalize("NFC", values[text[1:-1]]) if values else ""
            return "".join(
                f"[{re.escape(letter)}_-]" if re.match(_ILLEGAL, letter) else re.escape(letter) for letter in value
            )
        return re.escape(text)

    return "".join(piece(text) for text in re.split(r"(\*\*/|\*|\?|\{\w+\})", template) if text)

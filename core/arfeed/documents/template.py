"""Reading the setting `documents`: which file name is the PDF of which invoice.

A wildcard must never give an invoice the PDF of another. So an invoice number counts only as a whole word of a name:
next to letters or digits, or joined to them by a hyphen or a decimal point, it is part of another number. A name that
can be read in two ways belongs to nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.arrow import to_text_array

if TYPE_CHECKING:
    import pandas as pd

# Windows forbids these in names, so programs write something else in their place.
_ILLEGAL = r'[/\\:*?"<>|]'
_STAND_INS = ("_", "-")
_WILDCARD = re.compile(r"\*\*/|\*|\?")
_WILDCARDS: Mapping[str, str] = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+|\.\d[^\W_]*)*")
_DIGITS = re.compile(r"\d+")
_FIELD = re.compile(r"\{(\w+)\}")
_REF = "{invoice_ref}"
# Longer words are not looked at, or a long name would have too many pairs of places to try.
_LONG_NUMBER = 40


@dataclass(slots=True)
class Claims:
    """Which invoice claims which file, both by position. `strange` lists what else the name of a file may mean."""

    invoices: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    strange: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


def match_names(template: str, invoices: pd.DataFrame, files: Sequence[str]) -> Claims:
    """Match a template, relative to the listed folder, against the names in it, in linear time.

    `{invoice_ref}` is the number as the source writes it. A character that a file name cannot hold, such as the slash
    of INV/2026/0042, may be _ or - in the name, and a point if the template has no wildcards. If other numbers of the
    source are written like that, the name may mean one of those, of which nobody needs to have told: it is strange.
    """
    # macOS stores an ü as two characters, people type it as one.
    names = pc.utf8_normalize(pa.array(files, pa.large_string()), form="NFC")
    if not _WILDCARD.search(template):
        return _match_exactly(template, invoices, names)
    return _Wildcards(unicodedata.normalize("NFC", template), invoices).claims(names.to_pylist())


def spell(ref: str, template: str) -> set[str]:
    """Return every spelling that a number may have in a name, with what may stand for characters no name can hold."""
    return {ref, *(re.sub(_ILLEGAL, stand_in, ref) for stand_in in _allowed_stand_ins(template))}


def _allowed_stand_ins(template: str) -> tuple[str, ...]:
    # Not a point under wildcards, where INV-1.2 must not pass for a second copy of another number.
    return _STAND_INS if _WILDCARD.search(template) else (*_STAND_INS, ".")


def _match_exactly(template: str, invoices: pd.DataFrame, names: pa.Array) -> Claims:
    import pandas as pd

    wanted = pd.concat([_fill(template, invoices, stand_in) for stand_in in (None, *_allowed_stand_ins(template))])
    listed = pd.DataFrame({"name": pd.Series(names, dtype="str"), "file": range(len(names))})
    pairs = wanted.merge(listed, on="name")[["invoice", "file", "stand_in"]].drop_duplicates(["invoice", "file"])
    found = Claims(pairs["invoice"].tolist(), pairs["file"].tolist())
    replaced = pairs[pairs["stand_in"] != ""]
    written = _shapes_as_written(invoices) if len(replaced) else set()
    for invoice, file, stand_in in replaced.itertuples(index=False, name=None):
        ref = _nfc(invoices["source_ref"].iloc[invoice : invoice + 1])[0]
        spelled = re.sub(_ILLEGAL, stand_in, ref)
        if spelled != ref and _shape(spelled) in written:
            found.strange[file].append(spelled)
    return found


def _shapes_as_written(invoices: pd.DataFrame) -> set[str]:
    """Return the shapes of a source's numbers without stand-ins."""
    return {_shape(text) for text in _nfc(invoices["source_ref"])}


def _fill(template: str, invoices: pd.DataFrame, stand_in: str | None) -> pd.DataFrame:
    """Fill the template for every invoice."""
    import pandas as pd

    pieces = []
    for number, piece in enumerate(re.split(r"\{(\w+)\}", template)):
        if number % 2 == 0:
            pieces.append(pa.scalar(piece, pa.large_string()))
            continue
        texts = to_text_array(invoices["source_ref" if piece == "invoice_ref" else piece])
        pieces.append(texts if stand_in is None else pc.replace_substring_regex(texts, _ILLEGAL, stand_in))
    names = pc.utf8_normalize(pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string())), form="NFC")
    return pd.DataFrame(
        {"name": pd.Series(names, dtype="str"), "invoice": range(len(names)), "stand_in": stand_in or ""}
    )


class _Wildcards:
    """A template with wildcards, and the invoice numbers that a name may hold."""

    def __init__(self, template: str, invoices: pd.DataFrame) -> None:
        self.invoices = invoices
        self.template = template
        self.before, _, self.after = template.partition(_REF)
        self.left, self.right = re.compile(_pattern(self.before)), re.compile(_pattern(self.after))
        self.others = _FIELD.findall(self.before + self.after)
        self.columns = {name: _nfc(invoices["source_ref" if name == "invoice_ref" else name]) for name in self.others}
        self.edges = _edge(self.before, -1), _edge(self.after, 0)
        self.known = _spellings(to_text_array(invoices["source_ref"]).to_pylist())
        self.plain = set(_nfc(invoices["source_ref"]))
        self.lengths = {len(text) for text in self.known if text}
        self.longest = max({_LONG_NUMBER, *self.lengths})
        self.firsts = {text[0] for text in self.known if text}

    @cached_property
    def shapes(self) -> set[str]:
        """The shapes of the numbers, their digits aside: a word of such a shape may be an unknown number."""
        return {_shape(text) for text in self.known if _DIGITS.search(text)}

    @cached_property
    def written(self) -> set[str]:
        """The shapes of the numbers as the source writes them, without stand-ins."""
        return _shapes_as_written(self.invoices)

    @cached_property
    def begins(self) -> Callable[[str], bool]:
        """Whether a number, or what looks like one, can begin with a character; that rules out most places quickly."""
        return self._may_stand(0)

    @cached_property
    def ends(self) -> Callable[[str], bool]:
        """Whether it can end with a character."""
        return self._may_stand(-1)

    def _may_stand(self, side: int) -> Callable[[str], bool]:
        known = {text[side] for text in self.known if text}
        alike = {shape[side] for shape in self.shapes}
        return cache(lambda letter: letter in known or _shape(letter)[side] in alike)

    def claims(self, names: Iterable[str]) -> Claims:
        found = Claims()
        for file, name in enumerate(names):
            spans = self._spans(name)
            claimed = [span for span in spans if name[slice(*span)] in self.known]
            owners = {
                number
                for span in claimed
                for number in self.known[name[slice(*span)]]
                if self._fits(number, name, span)
            }
            # Nobody would get this file anyway, whatever else its name means.
            if not owners:
                continue
            found.invoices += owners
            found.files += [file] * len(owners)
            strange = {text for span in spans if self._looks_like_a_number(text := name[slice(*span)])}
            strange |= self._find_glued(name, claimed)
            strange |= {name[slice(*span)] for span in claimed if self._may_be_another_as_written(name[slice(*span)])}
            if strange:
                found.strange[file] = sorted(strange)
        return found

    def _spans(self, name: str) -> list[tuple[int, int]]:
        """Return where a name may hold the number: where the template allows it, between word boundaries."""
        before, after = self.edges
        # Fixed text on both sides marks where the number ends; otherwise only the bounds of words do.
        inside = set() if before and after else _insides(name)
        starts = [place + len(before) for place in _places(before, name)] if before else range(len(name))
        ends = _places(after, name) if after else range(1, len(name) + 1)
        starts = [
            start
            for start in starts
            if start < len(name) and self.begins(name[start]) and (before or start not in inside)
        ]
        ends = [end for end in ends if end and self.ends(name[end - 1]) and (after or end not in inside)]
        # Last, since matching is what takes long, and few places are left by now.
        starts = [start for start in starts if self.left.fullmatch(name, 0, start)]
        ends = [end for end in ends if self.right.fullmatch(name, end)]
        return [(start, end) for start in starts for end in ends if start < end <= start + self.longest]

    def _find_glued(self, name: str, claimed: Sequence[tuple[int, int]]) -> set[str]:
        """Return known numbers in a name other than those claimed, even as parts of words, as in INV_1_2draft."""
        starts = [start for start, letter in enumerate(name) if letter in self.firsts]
        spans = ((start, start + length) for start in starts for length in self.lengths if start + length <= len(name))
        return {
            name[start:end]
            for start, end in spans
            if name[start:end] in self.known
            and not any(first <= start and end <= last for first, last in claimed)
            and self.left.fullmatch(name, 0, start)
            and self.right.fullmatch(name, end)
        }

    def _may_be_another_as_written(self, text: str) -> bool:
        """Whether a known number has this spelling only by a stand-in, and other numbers are really written so."""
        return text not in self.plain and _shape(text) in self.written

    def _looks_like_a_number(self, text: str) -> bool:
        """Whether a word that is not a known number looks like one."""
        ends_as_words_do = text[0].isalnum() and text[-1].isalnum()
        # An unknown number may belong to an invoice that the source no longer lists: the file would be a stranger's.
        return (
            ends_as_words_do and text not in self.known and bool(_DIGITS.search(text)) and _shape(text) in self.shapes
        )

    def _fits(self, invoice: int, name: str, span: tuple[int, int]) -> bool:
        """Whether the other fields of the template have this invoice's values."""
        if not self.others:
            return True
        values = {field: column[invoice] for field, column in self.columns.items()}
        around = self.left.fullmatch(name, 0, span[0]), self.right.fullmatch(name, span[1])
        texts = [text for found in around if found for text in found.groups()]
        if all(_is_spelling_of(text, values[field]) for field, text in zip(self.others, texts, strict=True)):
            return True
        # A wildcard may have matched text of a field. A pattern for this invoice alone decides; compiling one is slow.
        values["invoice_ref"] = _nfc(self.invoices["source_ref"].iloc[invoice : invoice + 1])[0]
        return re.fullmatch(_pattern(self.template, values), name) is not None


def _nfc(texts: pd.Series) -> list[str]:
    """Return texts in Unicode's form NFC, in which names are compared."""
    normal: list[str] = pc.utf8_normalize(to_text_array(texts), form="NFC").to_pylist()
    return normal


def _is_spelling_of(text: str, value: str) -> bool:
    """Whether part of a name is a value, or the value with stand-ins for characters that a name cannot hold."""
    if text == value:
        return True
    pairs = zip(text, value, strict=False)
    # Only the stand-ins may differ from the value, and only where the value can't be written.
    return len(text) == len(value) and all(a == b or (a in _STAND_INS and re.match(_ILLEGAL, b)) for a, b in pairs)


def _spellings(refs: Sequence[str]) -> dict[str, list[int]]:
    """Return the invoices by every spelling that their number may have in a file name."""
    # All spellings in advance, so that a part of a name is looked up, and not compared with each number.
    known: dict[str, list[int]] = defaultdict(list)
    for number, ref in enumerate(refs):
        plain = unicodedata.normalize("NFC", ref)
        for text in dict.fromkeys([plain, *(re.sub(_ILLEGAL, stand_in, plain) for stand_in in _STAND_INS)]):
            known[text].append(number)
    return known


def _shape(text: str) -> str:
    return _DIGITS.sub("0", text).casefold()


def _edge(piece: str, side: int) -> str:
    """Return the fixed text next to the number, in the part of the template to its left (-1) or right (0)."""
    return re.split(r"\*\*/|\*|\?|\{\w+\}", piece)[side]


def _insides(name: str) -> set[int]:
    """Return the positions inside a word of a name, where a number can neither begin nor end."""
    inside: set[int] = set()
    for word in _WORD.finditer(name):
        inside.update(range(word.start() + 1, word.end()))
    return inside


def _places(edge: str, name: str) -> list[int]:
    """Return where a text begins in a name, overlapping occurrences included."""
    return [match.start() for match in re.finditer(f"(?={re.escape(edge)})", name)]


def _pattern(template: str, values: Mapping[str, str] | None = None) -> str:
    """Return a template as a regular expression; a field without a value matches anything within a folder."""

    def piece(text: str) -> str:
        if text in _WILDCARDS:
            return _WILDCARDS[text]
        if text.startswith("{") and values is None:
            return "([^/]+)"
        if text.startswith("{"):
            value = (values or {})[text[1:-1]]
            return "".join(
                f"[{re.escape(letter)}_-]" if re.match(_ILLEGAL, letter) else re.escape(letter) for letter in value
            )
        return re.escape(text)

    return "".join(piece(text) for text in re.split(r"(\*\*/|\*|\?|\{\w+\})", template) if text)

"""Files that hold the number of an invoice without a PDF and were not taken, and why: what `check` names."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename
from typing import TYPE_CHECKING

from arfeed.documents.listing import Listing, list_documents
from arfeed.documents.template import match_names, spell
from arfeed.model.parts import Connector

if TYPE_CHECKING:
    import pandas as pd

_RUN = re.compile(r"[^\W_]+")
_MOST_RUNS = 8
"""How many words a number may have: INV/2026/0042 has three."""
_SHORTEST = 3
"""Letters and digits of the shortest number that is looked for: 7 is in many names."""


@dataclass(frozen=True, slots=True)
class Overlooked:
    """A file's name, the number of an invoice that it holds in some spelling, and why it was not taken."""

    file: str
    invoice_ref: str
    why: str


def find_overlooked(connector: Connector, invoices: pd.DataFrame, lacking: Iterable[str]) -> list[Overlooked]:
    """Return such files of the setting `documents`, by name; `lacking` are the numbers without a PDF.

    `invoices` are all rows of the source, paid ones too, since a name may mean one of those.
    """
    wanted = _by_key(str(ref) for ref in lacking)
    found: dict[tuple[str, str], Overlooked] = {}
    for template in connector.settings.documents:
        for each in _find_by_template(list_documents(connector, template), invoices, wanted):
            found.setdefault((each.file, each.invoice_ref), each)
    return [*found.values()]


def _find_by_template(listing: Listing, invoices: pd.DataFrame, wanted: Mapping[str, set[str]]) -> Iterator[Overlooked]:
    held = {
        name: refs for name in sorted(file.name for file in listing.files) if (refs := sorted(_find_held(name, wanted)))
    }
    if not held:
        return
    names = [*held]
    claims = match_names(listing.pattern, invoices, names)
    claimed = defaultdict(set)
    for invoice, file in zip(claims.invoices, claims.files, strict=True):
        claimed[file].add(str(invoices["source_ref"].iloc[invoice]))
    for number, name in enumerate(names):
        for ref in held[name]:
            others = [
                *sorted(claimed[number] - {ref}),
                *(each for each in claims.strange.get(number, ()) if each != ref),
            ]
            if others or ref not in claimed[number]:
                why = f"it could also belong to {others[0]}" if others else _misfit(name, ref, listing.pattern)
                yield Overlooked(name, ref, why)


def _find_held(name: str, wanted: Mapping[str, set[str]]) -> set[str]:
    """Return the numbers that stand in a name as whole words, whatever is between these, with zeros in front or not."""
    runs = _runs(basename(name))
    spans = ((first, last) for first in range(len(runs)) for last in range(first + 1, first + 1 + _MOST_RUNS))
    return {ref for first, last in spans if last <= len(runs) for ref in wanted.get("".join(runs[first:last]), ())}


def _by_key(refs: Iterable[str]) -> Mapping[str, set[str]]:
    keys: dict[str, set[str]] = defaultdict(set)
    for ref in refs:
        key = "".join(_runs(ref))
        if len(key) >= _SHORTEST and any(letter.isdigit() for letter in key):
            keys[key].add(ref)
    return keys


def _runs(text: str) -> list[str]:
    return [run.lstrip("0") or "0" for run in _RUN.findall(_nfc(text).casefold())]


def _misfit(name: str, ref: str, pattern: str) -> str:
    """Return in what a name differs from what the template asks for."""
    plain, spellings = _nfc(basename(name)), spell(_nfc(ref), pattern)
    if any(text in plain for text in spellings):
        return f"the rest of its name does not fit {pattern}"
    if any(text.casefold() in plain.casefold() for text in spellings):
        return "letter case matters"
    return "it has other leading zeros than the number, or other characters between its parts"


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)

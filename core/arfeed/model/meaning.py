"""What a row of a file means where its headings alone do not say it: words, signs, numbers made of several columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from arfeed.model import schema
from arfeed.model.currencies import minor_digits

PARTS_OF_BALANCE = ("debit", "credit", "paid")
"""What `columns` of a file may name instead of a balance: debit less credit, or what was paid of the amount."""

Words = Mapping[str, str] | Literal[False]
"""The source's words of a column with arfeed's for each; False leaves the column alone."""

_FIELD = re.compile(r"\{([^{}]+)\}")


def template_headers(text: str) -> list[str]:
    """Return the headings in the braces of a template such as `{No}-{Year}`; none if the text is a heading itself."""
    return [header.strip() for header in _FIELD.findall(text)]


def template_pieces(text: str) -> list[str]:
    """Return the fixed texts and the headings of a template in turn, beginning and ending with a fixed text."""
    return [piece.strip() if number % 2 else piece for number, piece in enumerate(_FIELD.split(text))]


def headings_of(columns: Mapping[str, str]) -> list[str]:
    """Return every heading that the setting `columns` names, those within a template one by one."""
    named = [template_headers(header) or [header] for header in columns.values()]
    return list(dict.fromkeys(header for headers in named for header in headers))


def check_words(values: dict[str, dict[str, str] | Literal[False]]) -> dict[str, dict[str, str] | Literal[False]]:
    """Raise `ValueError` for a column without words of its own, or a word that arfeed does not have."""
    allowed: Mapping[str, Sequence[str]] = {
        "status": schema.STATUSES,
        "kind": schema.KINDS,
        "currency": tuple(minor_digits()),
    }
    for name, words in values.items():
        if name not in schema.SOURCE_COLUMNS:
            raise ValueError(f"{name!r} is not a column of an invoice; there are {', '.join(schema.SOURCE_COLUMNS)}")
        if words is False:
            continue
        if name not in allowed:
            raise ValueError(
                f"the words of {', '.join(allowed)} can be given a meaning; {name} can only be left alone, by false"
            )
        for theirs, ours in words.items():
            if ours not in allowed[name]:
                known = "ISO 4217 codes" if name == "currency" else ", ".join(allowed[name])
                raise ValueError(f"{theirs!r} can't mean {ours!r}; a {name} is one of {known}")
    return values


def check_file_columns(columns: dict[str, str]) -> dict[str, str]:
    """Raise `ValueError` for what is not a column of an invoice or a part of its balance, and for a wrong template."""
    known = (*schema.SOURCE_COLUMNS, *PARTS_OF_BALANCE)
    for name, header in columns.items():
        if name not in known:
            raise ValueError(f"{name!r} is not a column of an invoice; there are {', '.join(known)}")
        if name != "invoice_ref" and template_headers(header):
            raise ValueError(f"only invoice_ref can be made of several columns, and {name} is {header!r}")
    if "balance" in columns and (more := [name for name in PARTS_OF_BALANCE if name in columns]):
        raise ValueError(f"balance and {more[0]} both say what is owed; name one of them")
    if "credit" in columns and "debit" not in columns:
        raise ValueError("credit is what is taken off debit; name the column of debit as well")
    if "paid" in columns and ("amount" not in columns or "debit" in columns):
        raise ValueError("paid is what is taken off amount; name the column of amount, and no debit")
    return columns


def known_word(words: Mapping[str, str], word: str) -> str:
    """Return arfeed's word for one of the source's, letter case and blanks around it aside; else the word itself."""
    return next((ours for theirs, ours in words.items() if theirs.strip().lower() == word), word)

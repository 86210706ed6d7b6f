"""Headers and words made comparable."""

from __future__ import annotations

import re
import unicodedata

_CAMEL = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zà-ÿ])")
"""Where a word ends in headers such as `BalanceDueAmount` or `PONumber`."""


def normalize_header(header: str) -> str:
    """Return a header for comparison with the common ones: words apart, without case, accents and punctuation."""
    # `Cust #` is a number, and not the customer; `Open %` is not what is open.
    apart = _CAMEL.sub(" ", unicodedata.normalize("NFC", header)).replace("#", " no ").replace("%", " percent ")
    letters = unicodedata.normalize("NFKD", apart.casefold())
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", kept))


def header_words(header: str) -> set[str]:
    """Return the words of a header for comparison."""
    return {*normalize_header(header).split()}

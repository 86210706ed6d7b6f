"""Customers' names as lists and PDFs write them."""

from __future__ import annotations

import re
from functools import lru_cache

from arfeed.documents.contents.words import fold, squeeze

_LEGAL_FORM = (
    r"(?:limited|ltd|llc|llp|lp|plc|inc|incorporated|corp|corporation|co|company|gmbh|mbh|ag|kg|ohg|gbr|ug|se|sa|sas|"
    r"sarl|sl|slu|srl|spa|bv|nv|oy|ab|as|aps|a/s|sp\s+z\s+o\s+o|pty|pvt|ek|ev|kgaa|ltda|lda|sro)"
)
# Within a name it is part of it, as in "Dunmore Co-op" and "Smith & Co Solicitors LLP".
_AROUND = re.compile(rf"^{_LEGAL_FORM}\s+|(?:\s+(?:(?:&|and|und|et)\s+)?{_LEGAL_FORM})+\s*$")
_MARKS = re.compile(r"[.,()]")


def is_printed(customer: str, squeezed: str) -> bool:
    """Whether a squeezed text has a customer's name, whatever its legal form."""
    key = squeeze(_strip_legal_form(customer))
    return bool(key) and key in squeezed


def may_be_one(one: str, other: str) -> bool:
    """Whether two names may be those of one customer: of a branch, shortened, or turned round."""
    mine, others = _words(one), _words(other)
    return bool(mine and others) and (mine <= others or others <= mine)


@lru_cache(maxsize=10_000)
def _strip_legal_form(name: str) -> str:
    """Return a customer's name without the legal form before or behind it, which is often written differently."""
    whole = _MARKS.sub(" ", fold(name))
    bare = _AROUND.sub(" ", whole)
    return bare if squeeze(bare) else whole


@lru_cache(maxsize=10_000)
def _words(name: str) -> frozenset[str]:
    return frozenset(map(squeeze, _strip_legal_form(name).split())) - {""}

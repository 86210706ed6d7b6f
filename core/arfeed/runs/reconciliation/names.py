"""Whether names are those that were sent: cut off at one length, or beside the customer's code."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_SHORTEST_CUT = 10
_FEWEST_CUT = 3
"""Names that are cut off are so at some length, and more than a few of them."""

_CODE = r"[\[(]?[\pL\d._/-]*\d[\pL\d._/-]*[\])]?"
_BEFORE, _BEHIND = rf"^{_CODE}\s*[-\x{{2013}}:|,]?\s+", rf"\s+[-\x{{2013}}:|]?\s*{_CODE}$"
"""A customer's code, with at least a digit, before or behind the name."""

_FEWEST_CODED = 3
_MOST = 0.5


def same_names(sent: pa.Array, there: pa.Array) -> pa.Array:
    """Return where folded names are the same.

    If several end at one and the same length, as cut off, what is left counts; if most stand beside a code, the rest.
    """
    same = pc.equal(sent, there)
    length = pc.max(pc.utf8_length(there)).as_py() or 0
    cut = pc.and_(pc.equal(pc.utf8_length(there), length), pc.equal(pc.utf8_slice_codeunits(sent, 0, length), there))
    shortened = pc.and_(cut, pc.invert(same))
    if length >= _SHORTEST_CUT and len(pc.unique(there.filter(shortened))) >= _FEWEST_CUT:
        same = pc.or_(same, cut)
    for bare in without_codes(there):
        coded = pc.and_(pc.and_(pc.equal(sent, bare), pc.invert(same)), _are_usual(sent, there, bare))
        # Of one name alone a figure may well be what tells two customers apart.
        if len(pc.unique(there.filter(coded))) >= _FEWEST_CODED and _is_most(coded):
            same = pc.or_(same, coded)
    return same


def _are_usual(sent: pa.Array, there: pa.Array, bare: pa.Array) -> pa.Array:
    """Return where a code stands beside the name that it stands beside most often: another's would be its account."""
    frame = pd.DataFrame({"name": sent.to_pandas(), "there": there.to_pandas(), "bare": bare.to_pandas()})
    pairs = frame.drop_duplicates()
    code = [whole.replace(name, "", 1) for whole, name in zip(pairs["there"], pairs["bare"], strict=True)]
    counts = frame.merge(pairs.assign(code=code)).value_counts(["code", "name"]).reset_index()
    usual = counts.drop_duplicates("code").set_index("code")["name"]
    found = pairs.assign(usual=usual.reindex(code).to_numpy(dtype=object) == pairs["name"].to_numpy(dtype=object))
    return pa.array(frame.merge(found, how="left")["usual"].to_numpy(dtype=bool))


def without_codes(names: pa.Array) -> list[pa.Array]:
    """Return names without a code before them, and without one behind them, if any has such a one."""
    bare = [pc.replace_substring_regex(names, pattern, "") for pattern in (_BEFORE, _BEHIND)]
    return [each for each in bare if not each.equals(names)]


def _is_most(mask: pa.Array) -> bool:
    return bool((pc.sum(mask).as_py() or 0) > _MOST * len(mask))

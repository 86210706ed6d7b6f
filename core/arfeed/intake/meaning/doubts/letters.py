"""Names whose letters are those of another encoding."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from arfeed.intake.meaning.doubts.case import MOST_NAMED, Case
from arfeed.model import arrow
from arfeed.model.results import Doubt
from arfeed.model.text.characters import find_byte_range
from arfeed.model.text.legible import quote
from arfeed.tables.separated.misread import find_misread

_BEYOND_ASCII = 0x80


def misread_names(case: Case) -> Iterator[Doubt]:
    """Yield customers' names in letters that no Western language has together, and another encoding explains."""
    names = arrow.to_text_array(case.rows["customer_name"])
    # One look at all bytes first: in most files there are few others than ASCII.
    if find_byte_range(names)[1] < _BEYOND_ASCII:
        return
    foreign = names.filter(pc.invert(pc.string_is_ascii(names)))
    found = find_misread(foreign.unique().to_pylist())
    if found is None:
        return
    some = ", ".join(f"{word!r} (for {new!r})" for word, new in [*found.words.items()][:MOST_NAMED])
    how = f"encoding = {quote(found.encoding)}"
    if case.settings.encoding:
        how = f"Set {how} instead of {quote(case.settings.encoding)}"
    else:
        how = f"Set {how}, or, if the file itself contains them like this, export it again in UTF-8"
    yield Doubt(
        f"names of customers hold {some}, as texts in the encoding {found.encoding} ({found.region}) do when they are "
        f"read as Western European. {how}"
    )

"""The number of an invoice if no column holds it as it is: made of several columns, or with a prefix by kind."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.model.fields import template_headers, template_pieces
from arfeed.model.settings import Kind, SourceSettings
from arfeed.tables.values.parsed import is_blank

_NOTHING = pa.scalar("", pa.large_string())


def compose_numbers(table: Columns, settings: SourceSettings) -> None:
    """Make `invoice_ref` of the columns that its template names; blank if all of these are.

    Add a problem where only some of them are blank: such a number may be that of another invoice.
    """
    template = settings.columns.get("invoice_ref", "")
    headers = template_headers(template)
    if not headers:
        return
    parts = {header: table.raw_text(header) for header in headers}
    blanks = [is_blank(part) for part in parts.values()]
    nothing, some = blanks[0], blanks[0]
    for blank in blanks[1:]:
        nothing, some = pc.and_(nothing, blank), pc.or_(some, blank)
    pieces = [
        parts[piece] if number % 2 else pa.scalar(piece, pa.large_string())
        for number, piece in enumerate(template_pieces(template))
    ]
    made = pc.binary_join_element_wise(*pieces, _NOTHING)
    table.put("invoice_ref", template, pc.if_else(nothing, "", made))
    lacking = pc.and_(some, pc.invert(nothing))
    table.add_problem("invoice_ref", lacking, "lacks a part: each column that the number is made of needs a value")


def add_prefixes(refs: pa.Array, kind: pa.Array, prefixes: Mapping[Kind, str]) -> pa.Array:
    """Return the numbers with what goes before those of their kind; what has no number gets none."""
    for name, prefix in prefixes.items():
        there = pc.and_(pc.equal(kind, name), pc.invert(is_blank(refs)))
        longer = pc.binary_join_element_wise(pa.scalar(prefix, pa.large_string()), refs, _NOTHING)
        refs = pc.if_else(there, longer, refs)
    return refs

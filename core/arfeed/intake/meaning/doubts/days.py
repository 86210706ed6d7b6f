"""Days that do not go together, as where columns or the order of dates are taken for others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.meaning.doubts.case import MOST_NAMED, Case
from arfeed.model import arrow
from arfeed.model.results import Doubt

_OLD = date(1990, 1, 1)


def due_before_issue(case: Case) -> Iterator[Doubt]:
    """Yield open invoices that are due before their own day."""
    rows = case.rows
    invoice = pc.and_(case.owed, pc.equal(arrow.to_text_array(rows["kind"]), "invoice"))
    early = pc.fill_null(pc.less(pa.array(rows["due_on"]), pa.array(rows["issued_on"])), fill_value=False)
    early = pc.and_(invoice, early)
    count, every = pc.sum(early).as_py() or 0, pc.sum(invoice).as_py()
    if count:
        some = rows[early.to_numpy(zero_copy_only=False)].head(MOST_NAMED)
        named = ", ".join(f"{row.invoice_ref} ({row.due_on}, of {row.issued_on})" for row in some.itertuples())
        more = ", …" if count > len(some) else ""
        yield Doubt(
            f"{count:,} of {every:,} open invoices {'is' if count == 1 else 'are'} due before the invoice date: "
            f"{named}{more}. Check which columns are read as dates, and in which order",
        )


def very_old(case: Case) -> Iterator[Doubt]:
    """Yield invoices from before most books are kept by computer: two-digit years, and those of another calendar."""
    old = pc.less(pa.array(case.rows["issued_on"]), pa.scalar(_OLD))
    old = pc.and_(case.owed, pc.fill_null(old, fill_value=False))
    if count := pc.sum(old).as_py() or 0:
        row = case.rows[old.to_numpy(zero_copy_only=False)].iloc[0]
        yield Doubt(
            f"{count:,} open document{'s are' if count != 1 else ' is'} from before {_OLD.year}, such as "
            f"{row['invoice_ref']}, dated {row['issued_on']}. Check how the years are written",
        )

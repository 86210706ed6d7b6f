"""What the headings of a receiver's export mean, found from the number to the order of its dates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.errors import SourceError
from arfeed.runs.reconciliation.meaning.balance import find_balance
from arfeed.runs.reconciliation.meaning.currencies import find_symbols, take_called
from arfeed.runs.reconciliation.meaning.evidence import AGREES, DISAGREES, Evidence, fold
from arfeed.runs.reconciliation.meaning.notation import find_decimal, find_order
from arfeed.runs.reconciliation.meaning.search import Asker, Search
from arfeed.runs.reconciliation.names import without_codes
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.synonyms import USUAL
from arfeed.tables.headings.words import OTHER_TABLES

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.model.settings import ReconcileSettings

_NUMBERS = 0.5
"""A column holds the numbers if at least this share of its values are numbers of the last report."""


def find_meaning(rows: pd.DataFrame, delivered: pd.DataFrame, settings: ReconcileSettings, asker: Asker) -> Search:
    """Find what the columns of some rows, all text, mean; what stays open is among what is `unanswered`.

    Raise `ConfigError` if it is open which of them holds the numbers.
    """
    search = Search(Evidence(rows, delivered, settings), settings, asker)
    for name, header in settings.columns.items():
        search.take(name, header, "as plugins.toml says")
    _find_numbers(search)
    search.evidence.pair(search.found.columns["invoice_ref"])
    search.attempt(partial(find_balance, search))
    for name in ("currency", "due_on", "customer_name", "status"):
        search.attempt(partial(_find_other, search, name))
    for find in (find_decimal, find_order, find_symbols):
        search.attempt(partial(find, search))
    _leave_other_names(search)
    return search


def _find_numbers(search: Search) -> None:
    if "invoice_ref" in search.found.columns:
        return
    evidence = search.evidence
    shares = {name: evidence.share_known(name) for name in search.free()}
    # A column that is blank but for a few numbers has them all the same, and is not where the numbers are.
    best = max((count for _, count in shares.values()), default=0)
    alike = [name for name, (share, count) in shares.items() if count == best and share >= _NUMBERS]
    if best and alike:
        named = evidence.proposal.columns.get("invoice_ref")
        several = len(evidence.distinct(alike)) > 1
        header = named if named in alike else search.ask("invoice_ref", alike) if several else alike[0]
        known = f"{best:,} of {len(evidence.filled(header)):,} are numbers of the last report"
        search.take("invoice_ref", header, known)
    elif other := _payable(evidence.headers):
        raise SourceError(
            f"its heading {other!r} says that it is a list of payables, what you owe to others, and none of its "
            "columns has the numbers of the last report; export what your customers owe, as the receiver has it"
        )
    elif padded := next((name for name in search.free() if evidence.share_padded(name) >= _NUMBERS), None):
        search.take("invoice_ref", padded, "they are numbers of the last report without their leading zeros")
    elif named := evidence.proposal.columns.get("invoice_ref"):
        search.take("invoice_ref", named, f"its heading, and values such as {evidence.example(named)}")
    else:
        likely = [*evidence.proposal.several.get("invoice_ref", ()), *evidence.proposal.called.get("invoice_ref", ())]
        search.take("invoice_ref", search.ask("invoice_ref", likely or search.free()), "as you said")


def _payable(headers: Sequence[str]) -> str | None:
    """Return the heading by which a list is one of bills that are owed to suppliers."""
    suppliers = next(iter(OTHER_TABLES.values()))
    return next((header for header in headers if normalize_header(header) in suppliers), None)


def _find_other(search: Search, name: str) -> None:
    """Take a column that is compared if it is there; nothing is lost if none is."""
    evidence, found = search.evidence, search.found
    if name in found.columns:
        return
    if search.settings.values.get(name) is False:
        if header := search.named(name) or next(iter(evidence.proposal.called.get(name, ())), None):
            found.left.append(f"{name}: {header!r} is not compared, as values.{name} = false says")
            search.excused.add(header)
        return
    free, named = search.free(), search.named(name)
    if named is not None and named in free:
        agreed = evidence.describe_agreement(evidence.agreement(name, named))
        search.take(name, named, agreed or f"values such as {evidence.example(named)}")
        return
    agreeing = [header for header in free if (evidence.agreement(name, header) or 0) >= AGREES]
    # A day of payment may well be the due date.
    if name == "due_on":
        agreeing = [header for header in agreeing if normalize_header(header) in USUAL[name]]
    several = [header for header in evidence.proposal.several.get(name, ()) if header in free]
    if len(evidence.distinct(agreeing)) == 1 and name != "status":
        search.take(name, agreeing[0], evidence.describe_agreement(evidence.agreement(name, agreeing[0])))
    elif name == "currency" and (called := search.called("currency")):
        take_called(search, called[0] if len(evidence.distinct(called)) == 1 else search.ask(name, called))
    elif several and name != "status":
        search.take(name, search.ask(name, several), "as you said")


def _leave_other_names(search: Search) -> None:
    """Leave a column of names out if most of them were sent for no invoice at all: it is another kind of name."""
    evidence, header = search.evidence, search.found.columns.get("customer_name")
    if search.settings.columns.get("customer_name") or header is None:
        return
    names = fold(evidence.take_paired(header))
    names = names.filter(pc.not_equal(names, ""))
    sent = fold(pa.array(evidence.delivered["customer_name"]))
    # They may be cut off, all at one length.
    cut = pc.utf8_slice_codeunits(sent, 0, pc.max(pc.utf8_length(names)).as_py() or 1)
    every = pa.concat_arrays([sent, cut])
    known = pc.is_in(names, value_set=every)
    for bare in without_codes(names):
        known = pc.or_(known, pc.is_in(bare, value_set=every))
    share = (pc.sum(known).as_py() or 0) / len(names) if len(names) else 1.0
    # A name that was sent for another invoice is no other kind of name: it is a difference.
    if share < DISAGREES:
        del search.found.columns["customer_name"], search.found.evidence["customer_name"]

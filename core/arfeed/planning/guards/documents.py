"""Objections to PDFs: required ones that are not there, and those that are another invoice's."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from arfeed.model import arrow
from arfeed.model.results import Objection, Plan
from arfeed.planning.wording import name_first, pluralize, pluralize_with_verb


def object_to_shared_documents(plan: Plan) -> Iterator[Objection]:
    """Object to one PDF, byte for byte, under two numbers: at most one of them can be its own."""
    groups = plan.documents.shared
    if groups:
        refs = tuple(ref for group in groups for ref in group)
        yield Objection(
            "same-document",
            f"{pluralize_with_verb(len(groups), 'PDF')} that of several invoices at once, byte for byte: "
            f"{name_first(_name_group(group) for group in groups)}. A customer would see what another owes; put each "
            "invoice's own PDF in its place, or approve if one PDF is meant for all of them",
            refs,
        )


def _name_group(group: tuple[str, ...]) -> str:
    return " = ".join(group[:3]) + (" = …" if len(group) > 3 else "")


def object_to_old_documents(plan: Plan) -> Iterator[Objection]:
    """Object to new invoices under whose names the receiver has another's PDF that nothing replaces.

    An invoice that the last report has already, with its customer or its date, has been asked about.
    """
    old = plan.documents.old
    fresh = [ref for ref in old if ref not in _find_continued(plan, [*old])]
    if fresh:
        yield Objection(
            "old-document",
            f"the receiver has another invoice's PDF under the name of {pluralize(len(fresh), 'new invoice')}, and "
            f"there is none to replace it: {name_first(f'{ref} (sent for {old[ref]})' for ref in fresh)}. Its customer "
            "would see what another owed; add the PDF, or approve to deliver without, and have the old one removed",
            tuple(fresh),
        )


def _find_continued(plan: Plan, refs: list[str]) -> set[str]:
    """Return which invoices stand in the last report with the same customer or the same date."""
    if plan.before is None:
        return set()
    wanted = pd.Series(refs, dtype="str")
    before, now = (
        arrow.filter_rows(rows, arrow.is_in(rows["invoice_ref"], wanted)).set_index("invoice_ref")
        for rows in (plan.before, plan.report)
    )
    then = {ref: (row["customer_id"], row["issued_on"]) for ref, row in before.to_dict("index").items()}
    return {
        str(ref)
        for ref, row in now.to_dict("index").items()
        if ref in then and (row["customer_id"] == then[ref][0] or row["issued_on"] == then[ref][1])
    }


def object_to_missing_documents(plan: Plan) -> Iterator[Objection]:
    """Object to invoices without a PDF that can be sent, if the feed requires PDFs."""
    if not plan.documents_required:
        return
    documents = plan.documents
    # Two invoices whose PDFs would get one name are sent without any, so the receiver lacks both.
    colliding = (ref for refs in documents.colliding.values() for ref in refs)
    lacking = tuple(dict.fromkeys((*documents.without, *documents.broken, *documents.withheld, *colliding)))
    if lacking:
        yield Objection(
            "documents",
            f"{pluralize(len(lacking), 'invoice')} without a PDF that can be sent, and documents_required is set: "
            f"{name_first(lacking)}. Add or fix the PDFs; approve to deliver without them",
            lacking,
        )

"""A stranger's whole plugin: a source, a step, a receiver, a rule and a notice. It imports arfeed and nothing below."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from arfeed import Connector, Destination, Objection, Plan, Receipt, Transform, hookimpl
from arfeed_acme.billing import AcmeBilling
from arfeed_acme.collect import AcmeCollect
from arfeed_acme.shout import Shout

ARFEED_CONTRACT = 1


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer the source."""
    return [AcmeBilling]


@hookimpl
def arfeed_transforms() -> Iterable[type[Transform]]:
    """Offer the step."""
    return [Shout]


@hookimpl
def arfeed_destinations() -> Iterable[type[Destination]]:
    """Offer the receiver."""
    return [AcmeCollect]


@hookimpl
def arfeed_review(plan: Plan) -> Iterable[Objection]:
    """Object to the customer that Acme never reminds."""
    refs = tuple(plan.report.loc[plan.report["customer_name"].str.startswith("GRANNY"), "invoice_ref"])
    return [Objection("never-granny", "granny is never reminded", refs)] if refs else []


@hookimpl
def arfeed_delivered(receipt: Receipt) -> None:
    """Leave a note of the delivery."""
    Path("delivered.txt").write_text(f"{receipt.report.name} {len(receipt.documents)}", encoding="utf-8")

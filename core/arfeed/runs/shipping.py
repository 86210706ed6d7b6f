"""A delivery of several files: staged for the plan, and where its parts and PDFs are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from arfeed.model.shipping.api import ApiDestination
from arfeed.model.shipping.destination import ShipmentDestination
from arfeed.planning.report import ReportFile, write_report
from arfeed.planning.shipments.archive import Member
from arfeed.planning.shipments.calls import stage_calls
from arfeed.planning.shipments.content import make_content
from arfeed.planning.shipments.staged import ShippedFile
from arfeed.planning.shipments.staging import stage_shipment

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.documents.preparation import PreparedDocuments
    from arfeed.runs.context import OpenContext


@dataclass(frozen=True, slots=True)
class Shipped:
    """The files of a shipment in order, and the moment that is in their names."""

    at: datetime
    files: tuple[ShippedFile, ...]


def stage_delivery(
    context: OpenContext, invoices: pd.DataFrame, missing: pd.DataFrame, documents: PreparedDocuments
) -> tuple[ReportFile, Shipped | None]:
    """Stage what the destination lays out; return the file that commits, and all files if there are several."""
    destination = context.project.destination
    if not isinstance(destination, ShipmentDestination | ApiDestination):
        return write_report(destination, invoices, context.folder / "report.csv"), None
    at, _ = next_report_at(context)
    content = make_content(at, invoices, missing, at.astimezone(context.zone).date())
    if isinstance(destination, ApiDestination):
        staged = stage_calls(destination, content, context.folder)
    else:
        inside = _inside(documents) if destination.documents == "inside" else []
        staged = stage_shipment(destination, content, inside, context.folder)
    last = staged.files[-1]
    report = ReportFile(last.path, last.size, last.sha256, (), staged.seconds, staged.notes)
    return report, Shipped(at, staged.files)


def next_report_at(context: OpenContext) -> tuple[datetime, datetime | None]:
    """Return the moment in the names of this delivery, always later than that of the last one, and the latter."""
    now = context.started.replace(microsecond=0)
    before = context.history.latest_report_at(context.destination)
    # Names hold whole seconds: two runs within one second, or a clock set back, must not give one name twice.
    return now if before is None else max(now, before + timedelta(seconds=1)), before


def _inside(documents: PreparedDocuments) -> list[Member]:
    # By name, so that the same PDFs make the same archive however their source lists them.
    names = sorted(documents.plan.send["name"].to_list())
    staged = {name: documents.staged[name] for name in names}
    return [Member(name, copy.path, copy.size, copy.sha256, copy.start) for name, copy in staged.items()]

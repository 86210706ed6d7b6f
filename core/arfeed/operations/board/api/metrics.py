"""What Prometheus asks for: how each feed stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from arfeed.operations.board.api.models import Feed, FeedState
from arfeed.operations.board.application import Application, Path
from arfeed.operations.board.lookup import look_at_all, visible_feeds

if TYPE_CHECKING:
    from starlette.responses import Response

    from arfeed.operations.board.access.guard import Visit


def show_metrics(application: Application, visit: Visit, path: Path) -> Response:
    """Answer with the feeds that the token may see, in Prometheus' text format."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
    from starlette.responses import Response

    del path
    registry = CollectorRegistry()

    def gauge(name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"arfeed_feed_{name}", words, ("feed", *labels), registry=registry)

    state = gauge("state", "1 for the state that the feed is in", "state")
    delivered_at = gauge("last_delivery_timestamp_seconds", "When the last report was delivered")
    open_invoices = gauge("open_invoices", "Open invoices in the last report")
    closed = gauge("marked_as_paid_invoices", "Invoices that the last report marked as paid")
    to_approve = gauge("invoices_to_approve", "Invoices that the waiting plan would mark as paid")
    for overview in look_at_all(application, [*visible_feeds(application, visit)]):
        feed = Feed.of(overview)
        for each in get_args(FeedState):
            state.labels(feed.name, each).set(feed.state == each)
        to_approve.labels(feed.name).set(overview.waiting.missing if overview.waiting else 0)
        if feed.last_delivery:
            delivered_at.labels(feed.name).set(feed.last_delivery.at.timestamp())
            open_invoices.labels(feed.name).set(feed.last_delivery.open_invoices)
            closed.labels(feed.name).set(feed.last_delivery.marked_as_paid)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

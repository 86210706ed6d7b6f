"""The hooks of the plugin contract, version 1. Hooks return values; they never receive the application."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import pluggy

if TYPE_CHECKING:
    from arfeed.model.parts import Connector, Destination, Notifier, Transform
    from arfeed.model.results import Failure, Objection, Plan, Receipt, Reconciliation

hookspec = pluggy.HookspecMarker("arfeed")
hookimpl = pluggy.HookimplMarker("arfeed")


class Hooks(Protocol):
    """What a plugin module may implement."""

    @hookspec
    def arfeed_connectors(self) -> Iterable[type[Connector]]:
        """Return the connector classes of this plugin."""

    @hookspec
    def arfeed_transforms(self) -> Iterable[type[Transform]]:
        """Return the transform classes of this plugin."""

    @hookspec
    def arfeed_destinations(self) -> Iterable[type[Destination]]:
        """Return the destination classes of this plugin."""

    @hookspec
    def arfeed_notifiers(self) -> Iterable[type[Notifier]]:
        """Return the notifier classes of this plugin."""

    @hookspec
    def arfeed_review(self, plan: Plan) -> Iterable[Objection]:
        """Return reasons not to deliver this plan; raising refuses it too."""

    @hookspec
    def arfeed_delivered(self, receipt: Receipt) -> None:
        """Called after a delivery."""

    @hookspec
    def arfeed_refused(self, plan: Plan) -> None:
        """Called after a plan was refused."""

    @hookspec
    def arfeed_reconciled(self, reconciliation: Reconciliation) -> None:
        """Called after a reconciliation that found differences, or could not compare."""

    @hookspec
    def arfeed_failed(self, failure: Failure) -> None:
        """Called after a run failed."""

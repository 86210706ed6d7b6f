"""Telling people how a run ended: a webhook that a chat listens to, or mail."""

from __future__ import annotations

from arfeed import Notifier, hookimpl
from arfeed_connectors.notify.mail import Mail
from arfeed_connectors.notify.webhook import Webhook

ARFEED_CONTRACT = 1


@hookimpl
def arfeed_notifiers() -> list[type[Notifier]]:
    """Offer the notifiers."""
    return [Webhook, Mail]

"""Tell people how a run ended: by a webhook of a chat, or by mail."""

from __future__ import annotations

from arfeed import Notifier, hookimpl
from arfeed_connectors.notify.mail import Mail
from arfeed_connectors.notify.webhook import Webhook

ARFEED_CONTRACT = 1


@hookimpl
def arfeed_notifiers() -> list[type[Notifier]]:
    """Offer the notifiers."""
    return [Webhook, Mail]

"""Our notifiers hold what the kit asks of every notifier, against real servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from arfeed.testing import NotifierConformance
from arfeed_connectors.notify.mail import Mail
from arfeed_connectors.notify.webhook import Webhook
from support.servers.mailboxes import mailbox
from support.servers.webhooks import webhook


class TestWebhook(NotifierConformance):
    plugin = "notify"
    notifier = Webhook

    @pytest.fixture(autouse=True)
    def place(self) -> Iterator[None]:
        with webhook() as self.webhook:
            yield

    def settings(self) -> Mapping[str, object]:
        return {"url": self.webhook.url}

    def heard(self) -> Sequence[str]:
        return self.webhook.texts


class TestMail(NotifierConformance):
    plugin = "notify"
    notifier = Mail

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> Iterator[None]:
        with mailbox(tmp_path, "starttls") as self.mailbox:
            yield

    def settings(self) -> Mapping[str, object]:
        return self.mailbox.settings

    def heard(self) -> Sequence[str]:
        return self.mailbox.texts

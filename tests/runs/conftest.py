from __future__ import annotations

from pathlib import Path

import pytest

from support.feeds.feed import Feed, invoices
from support.servers.openssh import OpenSSH

PAID_BY_ABSENCE = {"absent_means_paid": True}


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    """A feed of one source, before its first delivery."""
    return Feed(tmp_path / "feed")


@pytest.fixture
def running(feed: Feed) -> Feed:
    """A feed whose 200 invoices were delivered; its source drops what is paid."""
    feed.sources["erp"] = dict(PAID_BY_ABSENCE)
    feed.export(invoices(200))
    feed.approved()
    return feed


@pytest.fixture
def over_sftp(openssh: OpenSSH, tmp_path: Path) -> Feed:
    """A feed to a real SFTP server, before its first delivery; its source drops what is paid and has PDFs."""
    root = openssh.new_root()
    keys = {"private_key": str(openssh.private_key), "known_hosts": str(openssh.known_hosts)}
    feed = Feed(tmp_path / "feed", receiver=root, destination={"url": openssh.url(root), **keys})
    feed.sources["erp"] = {**PAID_BY_ABSENCE, "documents": "pdf/{invoice_ref}.pdf"}
    (feed.folder / "pdf").mkdir()
    return feed

from __future__ import annotations

from pathlib import Path

import pytest

from runs.feed import Feed, invoices

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

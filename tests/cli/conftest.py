from __future__ import annotations

from pathlib import Path

import pytest

from arfeed.testing.commands import run_command
from support.feeds.command import XERO_FEED, Cli, write
from support.files.exports import SEVEN, xero
from support.files.pdfs import write_pdfs
from support.servers.openssh import OpenSSH


@pytest.fixture
def arfeed(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command inside of this process."""
    monkeypatch.setenv("COLUMNS", "200")
    return run_command


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """A feed of seven documents and some PDFs, delivered into a folder beside it."""
    receiver = tmp_path / "receiver"
    receiver.mkdir()
    return make_feed(tmp_path / "feed", f'url = "file://{receiver}"')


@pytest.fixture
def receiver(feed: Path) -> Path:
    return feed.parent / "receiver"


@pytest.fixture
def root(openssh: OpenSSH) -> Path:
    """The receiver's root on a real server."""
    return openssh.new_root()


@pytest.fixture
def sftp_feed(tmp_path: Path, openssh: OpenSSH, root: Path) -> Path:
    """The same feed, delivered to a real server."""
    lines = [
        f'url = "{openssh.url(root)}"',
        f'private_key = "{openssh.private_key}"',
        f'known_hosts = "{openssh.known_hosts}"',
    ]
    return make_feed(tmp_path / "feed", "\n".join(lines))


def make_feed(folder: Path, destination: str) -> Path:
    write(folder, XERO_FEED.format(destination=destination))
    xero(folder / "exports" / "SalesInvoices.csv", *SEVEN)
    write_pdfs(
        folder / "pdf", "Invoice INV-001.pdf", "Invoice 00071.pdf", "Invoice INV_2026_0042.pdf", "Invoice INV-003.pdf"
    )
    return folder

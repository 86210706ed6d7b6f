from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from arfeed.operations.schedule.job import Job, job_of
from arfeed.operations.schedule.times import read_times
from arfeed.plugins.config import Project, read_project
from support.feeds.command import write

FEED = """
plugins = ["sql", "kolleno"]

[feed]
name = "Ärzte & Co. 50%"
{feed}

[sources.erp]
use = "sql"
url = "${{ERP_URL}}"
query = "SELECT 1"

[destination]
use = "kolleno"
mode = "open-ar"
url = "sftp://acme@sftp.example.com"
password = "${{SFTP_PASSWORD}}"
private_key = "{key}"
{destination}
"""
SECRETS = {"ERP_URL": "postgresql+psycopg://ada:s3cret-one@db.example.com/erp", "SFTP_PASSWORD": "s3cret-two"}

Make = Callable[..., Project]


@pytest.fixture(scope="session")
def systemd_analyze() -> str:
    """systemd's own judge of units. Skip the test where there is none, but never in CI."""
    program = shutil.which("systemd-analyze")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("systemd-analyze is not installed")
    return program


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path / "home"


@pytest.fixture
def awkward(tmp_path: Path) -> Path:
    """A folder whose name holds what shells, cron and systemd would read as something else."""
    return tmp_path / '50% of $HOME\'s "feeds" `x`;'


@pytest.fixture
def make(awkward: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a feed that takes two secrets from the environment."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    def made(feed: str = "", key: str = "~/.ssh/arfeed_ed25519", destination: str = "") -> Project:
        return read_project(write(awkward, FEED.format(feed=feed, key=key, destination=destination)))

    return made


@pytest.fixture
def job(make: Make) -> Job:
    return job_of(make(), read_times(["06:00"], "weekdays"))

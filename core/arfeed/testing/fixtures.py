"""The fixtures, which `pytest_plugins = ["arfeed.testing"]` in conftest.py makes available."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from arfeed.runs.receiver import witness
from arfeed.testing.project import RECEIVER, ArfeedProject
from arfeed.testing.servers import RehearsedReceiver, SFTPServer, running_receiver, running_server


@pytest.fixture
def arfeed_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArfeedProject:
    """A feed in its own folder: write its files, run its commands, read what was delivered."""
    monkeypatch.setenv(witness.VARIABLE, str(tmp_path / "state"))  # not the state of whoever runs the tests
    folder = tmp_path / "project"
    folder.joinpath(RECEIVER).mkdir(parents=True)
    return ArfeedProject(folder)


@pytest.fixture
def sftp_server(tmp_path: Path) -> Iterator[SFTPServer]:
    """An SFTP server with an empty root and faults to switch on."""
    # A new one for each test: faults that one test switched on must not reach the next.
    with running_server(tmp_path / "sftp") as server:
        yield server


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[RehearsedReceiver]:
    """The rehearsal's receiver, with books to read and faults to switch on."""
    with running_receiver(tmp_path / "rehearsed") as server:
        yield server

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from arfeed.delivery.rehearsal.receiver import Receiver, receiver
from support.servers.rehearsal_client import Client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rehearsal"


@pytest.fixture
def at(folder: Path) -> Iterator[Receiver]:
    with receiver("demo", folder) as started:
        yield started


@pytest.fixture
def client(at: Receiver) -> Client:
    return Client(at)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arfeed.model.settings import DestinationSettings
from support.servers.openssh import OpenSSH


@pytest.fixture
def root(openssh: OpenSSH) -> Path:
    """The receiver's root on the real server."""
    return openssh.new_root()


@pytest.fixture
def settings(openssh: OpenSSH, root: Path) -> Callable[..., DestinationSettings]:
    """Settings for the real server, with changes."""

    def make(**changes: Any) -> DestinationSettings:
        given = {
            "url": openssh.url(root),
            "private_key": str(openssh.private_key),
            "known_hosts": str(openssh.known_hosts),
        }
        return DestinationSettings(**{**given, **changes})

    return make

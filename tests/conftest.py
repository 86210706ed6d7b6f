"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openssh import OpenSSH, running_openssh


@pytest.fixture(scope="session")
def openssh() -> Iterator[OpenSSH]:
    """A real sshd; each test takes a `new_root()` of its own."""
    with running_openssh() as server:
        yield server

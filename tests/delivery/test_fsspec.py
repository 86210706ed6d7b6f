"""fsspec's own tests of a file system, against OpenSSH.

Three of its five suites: Put, Pipe and Open, with exclusive creation. Two are left out, since arfeed needs neither:
Copy, because SFTP has no copy, and sshfs starts `cp` in a shell that an SFTP account does not have; and Get, because
sshfs makes no local folders. `mv` is refused on purpose: sshfs copies, and removes the source even where that failed.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fsspec.tests.abstract import AbstractFixtures, AbstractOpenTests, AbstractPipeTests, AbstractPutTests

from arfeed.model.settings import DestinationSettings
from arfeed.sftp.connection import connect
from arfeed.sftp.filesystem import SftpFileSystem
from support.servers.openssh import OpenSSH

pytestmark = pytest.mark.openssh


@pytest.fixture(scope="module")
def connected(openssh: OpenSSH) -> Iterator[SftpFileSystem]:
    url = openssh.url()
    keys = {"private_key": str(openssh.private_key), "known_hosts": str(openssh.known_hosts)}
    filesystem: SftpFileSystem = connect(url, DestinationSettings(url=url, **keys))
    yield filesystem
    filesystem.close()


class Fixtures(AbstractFixtures):  # type: ignore[misc]  # fsspec ships no types
    @pytest.fixture
    def fs(self, connected: SftpFileSystem) -> SftpFileSystem:
        return connected

    @pytest.fixture
    def fs_path(self, openssh: OpenSSH) -> str:
        return str(openssh.new_root())


class TestPut(Fixtures, AbstractPutTests):  # type: ignore[misc]
    """`put` in all its forms."""


class TestPipe(Fixtures, AbstractPipeTests):  # type: ignore[misc]
    """`pipe_file`, and its exclusive mode."""


class TestOpen(Fixtures, AbstractOpenTests):  # type: ignore[misc]
    """`open`, and its exclusive mode."""

"""Twisted Conch's own SFTP server on a port, for one user with one key: python conch.py PORT FOLDER.

FOLDER holds the keys `host`, `host.pub` and `user.pub`, and `login`, which is the user's home.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.conch import unix
from twisted.conch.avatar import ConchUser
from twisted.conch.checkers import InMemorySSHKeyDB, SSHPublicKeyChecker
from twisted.conch.ssh import filetransfer, session
from twisted.conch.ssh.factory import SSHFactory
from twisted.conch.ssh.keys import Key
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor as installed
from twisted.python import components
from twisted.python.filepath import FilePath
from zope.interface import implementer


class User(ConchUser):  # type: ignore[misc]  # its types are not complete
    """The user as whom the process itself runs; Conch's own avatar would have to become somebody else first."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.home = home
        self.channelLookup[b"session"] = session.SSHSession
        self.subsystemLookup[b"sftp"] = filetransfer.FileTransferServer

    def getUserGroupId(self) -> tuple[int, int]:  # noqa: N802 - Conch's name
        return os.geteuid(), os.getegid()

    def getHomeDir(self) -> FilePath[str]:  # noqa: N802 - likewise
        return FilePath(str(self.home))

    def _runAsUser(self, do: Any, *args: Any, **options: Any) -> Any:  # noqa: N802 - likewise
        for step in do if not callable(do) else [(do, args, options)]:
            function: Callable[..., Any] = step[0]
            answer = function(*(step[1] if len(step) > 1 else ()), **(step[2] if len(step) > 2 else {}))
        return answer

    def logout(self) -> None:
        """Nothing is left to do."""


@implementer(IRealm)
class Realm:
    """Gives everybody who logs in the one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def requestAvatar(self, avatar: bytes, mind: object, *interfaces: type) -> Any:  # noqa: N802 - Conch's name
        del avatar, mind
        user = User(self.home)
        return interfaces[0], user, user.logout


def serve(port: int, folder: Path) -> None:
    """Listen until the process is ended."""
    components.registerAdapter(unix.SFTPServerForUnixConchUser, User, filetransfer.ISFTPServer)
    factory = SSHFactory()
    factory.privateKeys = {b"ssh-ed25519": Key.fromFile(str(folder / "host"))}
    factory.publicKeys = {b"ssh-ed25519": Key.fromFile(str(folder / "host.pub"))}
    keys = InMemorySSHKeyDB({b"acme": [Key.fromFile(str(folder / "user.pub"))]})
    factory.portal = Portal(Realm(folder / "login"), [SSHPublicKeyChecker(keys)])
    reactor: Any = installed  # which kind it is, is known only when it runs
    reactor.listenTCP(port, factory, interface="127.0.0.1")
    reactor.run()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))

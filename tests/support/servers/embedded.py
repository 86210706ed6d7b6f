"""An SFTP server whose behaviour a test decides, where OpenSSH always does right: asyncssh's own, on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
from fsspec.asyn import get_loop, sync

from arfeed.model.settings import DestinationSettings

HOST = "127.0.0.1"


@contextmanager
def embedded_server(kind: type[asyncssh.SFTPServer], folder: Path) -> Iterator[Callable[..., DestinationSettings]]:
    """Serve a folder's `root`; yield a maker of settings that fit."""
    host, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    root = folder / "root"
    root.mkdir()
    user.write_private_key(folder / "user")
    folder.joinpath("user").chmod(0o600)
    folder.joinpath("authorized_keys").write_bytes(user.export_public_key())

    connections = set()

    def serve(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        connections.add(channel.get_connection())
        return kind(channel, chroot=str(root).encode())

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            HOST,
            0,
            server_host_keys=[host],
            authorized_client_keys=str(folder / "authorized_keys"),
            sftp_factory=serve,
        )

    async def stop(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        await acceptor.wait_closed()
        for connection in connections:
            connection.abort()
            await connection.wait_closed()

    acceptor = sync(get_loop(), start)
    port = acceptor.get_port()
    folder.joinpath("known_hosts").write_text(f"[{HOST}]:{port} {host.export_public_key().decode()}")

    def settings(publish: str = "rename") -> DestinationSettings:
        return DestinationSettings.model_validate(
            {
                "url": f"sftp://acme@{HOST}:{port}",
                "private_key": str(folder / "user"),
                "known_hosts": str(folder / "known_hosts"),
                "publish": publish,
            }
        )

    try:
        yield settings
    finally:
        sync(get_loop(), stop, acceptor)

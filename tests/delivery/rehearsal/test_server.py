from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import subprocess
import threading
from pathlib import Path

import asyncssh
import pytest

from arfeed.delivery.rehearsal.receiver import Receiver, receiver
from arfeed.model.errors import LockedError
from support.servers.rehearsal_client import Client, session


def test_the_key_made_on_the_spot_logs_in(client: Client) -> None:
    assert client.do(lambda sftp: sftp.realpath(".")) == "/"


def test_another_key_is_refused(at: Receiver, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(stranger)
    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(log_in(at, key=stranger))


def test_another_user_is_refused(at: Receiver) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(log_in(at, user="root"))


def test_keys_are_the_only_way_in(at: Receiver) -> None:
    assert asyncio.run(ways_in(at)) == ["publickey"]


def test_there_is_no_shell(at: Receiver) -> None:
    with pytest.raises(asyncssh.ChannelOpenError):
        asyncio.run(run_command(at))


def test_only_the_owner_may_read_the_private_key(at: Receiver) -> None:
    assert stat.S_IMODE(at.private_key.stat().st_mode) == 0o600


def test_the_host_key_is_the_known_one(at: Receiver) -> None:
    port = at.url.rpartition(":")[2]
    assert at.known_hosts.read_text().startswith(f"[127.0.0.1]:{port} ssh-ed25519 ")


@pytest.mark.parametrize("path", ["/../secret", "../../secret", "csv_data_uploads/../../secret"])
def test_no_path_leads_out_of_the_root(client: Client, folder: Path, path: str) -> None:
    (folder / "secret").write_text("not for the client")
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        client.do(lambda sftp: sftp.stat(path))


def test_no_link_leads_out_of_the_root(client: Client) -> None:
    with pytest.raises(asyncssh.SFTPOpUnsupported):
        client.do(lambda sftp: sftp.symlink("..", "csv_data_uploads/up"))


def test_a_plain_rename_onto_a_file_is_refused(client: Client, at: Receiver) -> None:
    client.write("old.pdf", b"old")
    client.write("new.pdf", b"new")
    with pytest.raises(asyncssh.SFTPFailure):
        client.do(lambda sftp: sftp.rename("new.pdf", "old.pdf"))
    assert contents(at) == {"old.pdf": b"old", "new.pdf": b"new"}


def test_a_posix_rename_replaces_a_file(client: Client, at: Receiver) -> None:
    client.write("old.pdf", b"old")
    client.write("new.pdf", b"new")
    client.do(lambda sftp: sftp.posix_rename("new.pdf", "old.pdf"))
    assert contents(at) == {"old.pdf": b"new"}


def test_names_with_a_dot_are_listed(client: Client) -> None:
    client.write(".INV-1.pdf.part", b"half")
    assert ".INV-1.pdf.part" in client.do(lambda sftp: sftp.listdir("."))


def test_the_receiver_ends_while_a_client_is_connected(folder: Path) -> None:
    with receiver("demo", folder) as at:
        connection = socket.create_connection(("127.0.0.1", int(at.url.rpartition(":")[2])), timeout=5)
        assert connection.recv(4) == b"SSH-"
    with connection:
        while connection.recv(4096):
            pass
    assert [thread.name for thread in threading.enumerate() if "rehearsal" in thread.name] == []


def test_the_keys_are_the_same_the_next_time(folder: Path) -> None:
    with receiver("demo", folder) as first:
        key, host = first.private_key.read_bytes(), first.known_hosts.read_text().split()[1:]
    with receiver("demo", folder) as second:
        assert second.private_key.read_bytes() == key
        assert second.known_hosts.read_text().split()[1:] == host
        assert Client(second).do(lambda sftp: sftp.realpath(".")) == "/"


def test_a_folder_serves_one_receiver_at_a_time(at: Receiver, folder: Path) -> None:
    with pytest.raises(LockedError, match=r"'demo'.*in use by another run.*rehearsal://"), receiver("demo", folder):
        pass


def test_a_receiver_that_failed_leaves_its_folder_free(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), receiver("demo", folder):
        raise ZeroDivisionError
    with receiver("demo", folder) as again:
        assert Client(again).do(lambda sftp: sftp.realpath(".")) == "/"


@pytest.mark.openssh
@pytest.mark.skipif(shutil.which("sftp") is None, reason="OpenSSH's sftp is not installed")
def test_openssh_uploads_and_renames(at: Receiver, tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text("invoice_ref,balance\nINV-1,12.50\n")
    batch = "cd csv_data_uploads\nput report.csv .open.csv.part\nrename -l .open.csv.part open.csv\nls -a\n"
    listing = run_sftp(at, batch, tmp_path)
    assert "open.csv" in listing
    assert list(at.books.open) == ["INV-1"]


@pytest.mark.openssh
@pytest.mark.skipif(shutil.which("sftp") is None, reason="OpenSSH's sftp is not installed")
def test_openssh_is_refused_a_plain_rename_onto_a_file(at: Receiver, tmp_path: Path) -> None:
    (tmp_path / "new.pdf").write_bytes(b"new")
    (at.root / "old.pdf").write_bytes(b"old")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        run_sftp(at, "put new.pdf\nrename -l new.pdf old.pdf\n", tmp_path)
    assert "Failure" in refused.value.stderr
    assert contents(at) == {"old.pdf": b"old", "new.pdf": b"new"}


def contents(at: Receiver) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in at.root.iterdir() if path.is_file()}


async def log_in(at: Receiver, key: Path | None = None, user: str = "arfeed") -> None:
    async with session(at, key, user):
        raise AssertionError("the login was accepted")


async def ways_in(at: Receiver) -> object:
    return await asyncssh.get_server_auth_methods("127.0.0.1", int(at.url.rpartition(":")[2]), "arfeed", config=[])


async def run_command(at: Receiver) -> None:
    port = int(at.url.rpartition(":")[2])
    login = {"username": "arfeed", "client_keys": [str(at.private_key)], "known_hosts": str(at.known_hosts)}
    async with asyncssh.connect("127.0.0.1", port, agent_path=None, config=[], **login) as connection:
        await connection.run("id", check=True)


def run_sftp(at: Receiver, batch: str, here: Path) -> str:
    command = ["sftp", "-F", os.devnull, "-b", "-", "-i", str(at.private_key), "-o", "IdentitiesOnly=yes"]
    command += ["-o", f"UserKnownHostsFile={at.known_hosts}", "-o", "StrictHostKeyChecking=yes", at.url]
    done = subprocess.run(command, input=batch, cwd=here, text=True, capture_output=True, check=True, timeout=30)
    return done.stdout

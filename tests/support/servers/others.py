"""More SFTP servers, each with its own way: Erlang's, Twisted Conch, dropbear, and others behind OpenSSH's name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.servers.makes import Server, gid, program, server_folder, started, uid
from support.servers.openssh import HOST, user

_ERLANG = """
ok = ssh:start(),
{{ok, _}} = ssh:daemon({{127, 0, 0, 1}}, {port}, [
    {{system_dir, "{folder}/system"}}, {{user_dir, "{folder}/users"}}, {{auth_methods, "publickey"}},
    {name}
    {{subsystems, [ssh_sftpd:subsystem_spec([{{root, "{folder}/login"}}, {{cwd, "/"}}])]}}]).
"""


@contextmanager
def erlang_server(*, name: str = "") -> Iterator[Server]:
    """Run the SFTP server of Erlang/OTP, under its own name or another."""
    with server_folder() as folder:
        if not list(Path("/usr/lib/erlang/lib").glob("ssh-*")):
            (pytest.fail if os.environ.get("CI") else pytest.skip)("erlang-ssh is not installed")
        system, users = folder / "system", folder / "users"
        for made in (system, users):
            made.mkdir(mode=0o755)
        _lend(folder / "host", system / "ssh_host_ed25519_key")
        shutil.copyfile(folder / "user.pub", users / "authorized_keys")

        def command(port: int) -> list[str]:
            called = f'{{id_string, "{name}"}},' if name else ""
            script = _ERLANG.format(port=port, folder=folder, name=called)
            return [program("erl"), "-noinput", "-noshell", "-eval", script]

        environment = {"HOME": str(folder / "login"), "PATH": os.environ["PATH"]}
        with started(folder, command, run_as=user(), environment=environment) as (port, pid):
            yield Server("acme", port, folder / "user", folder / "known_hosts", folder / "login", "", pid=pid)


@contextmanager
def conch_server() -> Iterator[Server]:
    """Run Twisted Conch's SFTP server."""
    pytest.importorskip("twisted.conch")
    with server_folder() as folder:
        login = folder / "login"

        # As the account that runs the tests: others may not be allowed to start its Python.
        def command(port: int) -> list[str]:
            return [sys.executable, str(Path(__file__).with_name("conch.py")), str(port), str(folder)]

        with started(folder, command) as (port, pid):
            yield Server("acme", port, folder / "user", folder / "known_hosts", login, str(login), pid=pid)


@contextmanager
def dropbear_server() -> Iterator[Server]:
    """Run dropbear, whose sessions are served by OpenSSH's sftp-server."""
    with server_folder() as folder, _account(folder) as environment:
        login = folder / "login"
        login.joinpath(".ssh").mkdir(mode=0o700)
        shutil.copyfile(folder / "user.pub", login / ".ssh" / "authorized_keys")
        for path in (login / ".ssh", login / ".ssh" / "authorized_keys"):
            _give(path)
        convert = [program("dropbearconvert"), "openssh", "dropbear", str(folder / "host"), str(folder / "dropbear")]
        subprocess.run(convert, check=True, capture_output=True)
        _give(folder / "dropbear")

        def command(port: int) -> list[str]:
            options = {"-p": f"{HOST}:{port}", "-P": str(login / ".pid"), "-r": str(folder / "dropbear")}
            return [program("dropbear"), "-F", "-E", "-s", *(text for pair in options.items() for text in pair)]

        with started(folder, command, run_as=user(), environment=environment) as (port, pid):
            yield Server("acme", port, folder / "user", folder / "known_hosts", login, str(login), pid=pid)


@contextmanager
def server_behind_openssh(subsystem: str) -> Iterator[Server]:
    """Run OpenSSH with another program's SFTP server as its subsystem; {login} in the command is its folder."""
    with server_folder() as folder, _account(folder) as environment:
        _lend(folder / "host", folder / "host")
        shutil.copyfile(folder / "user.pub", folder / "authorized_keys")
        login = folder / "login"

        def command(port: int) -> list[str]:
            text = _SSHD.format(folder=folder, port=port, subsystem=subsystem.format(login=login))
            folder.joinpath("sshd_config").write_text(text)
            return [program("sshd"), "-D", "-e", "-f", str(folder / "sshd_config")]

        with started(folder, command, run_as=user(), environment=environment) as (port, pid):
            yield Server("acme", port, folder / "user", folder / "known_hosts", login, "", pid=pid)


_SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
Subsystem sftp {subsystem}
"""


@contextmanager
def _account(folder: Path) -> Iterator[Mapping[str, str]]:
    """Give the user who runs the tests' servers the name `acme`, a home and a shell, for programs started with this."""
    found = [*Path("/usr/lib").glob("*/libnss_wrapper.so"), *Path("/usr/lib").glob("libnss_wrapper.so")]
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("libnss-wrapper is not installed")
    folder.joinpath("passwd").write_text(f"acme:x:{uid()}:{gid()}::{folder}/login:/bin/sh\n")
    folder.joinpath("group").write_text(f"acme:x:{gid()}:\n")
    yield {
        "LD_PRELOAD": str(found[0]),
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
        "PATH": f"{os.environ['PATH']}:/usr/sbin",
        "HOME": str(folder / "login"),
    }


def _lend(key: Path, copy: Path) -> None:
    """Give a copy of a private key to the account that runs the server."""
    if key != copy:
        shutil.copyfile(key, copy)
        shutil.copyfile(f"{key}.pub", f"{copy}.pub")
    copy.chmod(0o600)
    _give(copy)


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, user())

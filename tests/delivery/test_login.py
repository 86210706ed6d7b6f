"""Who the server is, and who we are."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from pydantic import SecretStr
from rich.console import Console
from rich.traceback import Traceback

from arfeed.delivery.remote import open_remote
from arfeed.model.errors import ConfigError, DestinationError
from arfeed.model.settings import DestinationSettings
from arfeed.sftp import connection
from support.servers.openssh import HOST, OpenSSH, end, make_key, running_openssh

pytestmark = pytest.mark.openssh

Settings = Callable[..., DestinationSettings]

SECRET = "correct-horse"


def refusal(settings: DestinationSettings) -> str:
    with pytest.raises(DestinationError) as caught, open_remote(settings):
        pass
    return str(caught.value)


def host_key(openssh: OpenSSH) -> asyncssh.SSHKey:
    return asyncssh.read_public_key(openssh.log.parent / "host.pub")


@pytest.mark.parametrize("exists", [True, False], ids=["empty file", "no file"])
def test_an_unknown_server_is_refused_with_its_fingerprint_and_the_line_to_add(
    settings: Settings, openssh: OpenSSH, tmp_path: Path, exists: bool
) -> None:
    known_hosts = tmp_path / "known_hosts"
    if exists:
        known_hosts.touch()
    message = refusal(settings(known_hosts=str(known_hosts)))
    assert "is not known yet" in message
    assert host_key(openssh).get_fingerprint() in message
    known_hosts.write_text(message.splitlines()[-1].strip() + "\n")
    with open_remote(settings(known_hosts=str(known_hosts))) as remote:
        assert remote.sizes("") == {}


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_changed_host_key_is_refused_with_both_fingerprints(
    settings: Settings, openssh: OpenSSH, tmp_path: Path, kind: str
) -> None:
    other = make_key(tmp_path / "other", kind=kind).with_suffix(".pub")
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"[{HOST}]:{openssh.port} {other.read_text()}")
    message = refusal(settings(known_hosts=str(known_hosts)))
    assert "presented a different key" in message
    assert asyncssh.read_public_key(other).get_fingerprint() in message
    assert host_key(openssh).get_fingerprint() in message
    assert f"ssh-keygen -R '[{HOST}]:{openssh.port}' -f {known_hosts}" in message


def test_several_keys_may_be_known(settings: Settings, openssh: OpenSSH, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other").with_suffix(".pub")
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"[{HOST}]:{openssh.port} {other.read_text()}" + openssh.known_hosts.read_text())
    with open_remote(settings(known_hosts=str(known_hosts))) as remote:
        assert remote.sizes("") == {}


def test_a_revoked_host_key_is_refused_even_if_it_is_also_listed(
    settings: Settings, openssh: OpenSSH, tmp_path: Path
) -> None:
    known_hosts = tmp_path / "known_hosts"
    line = openssh.known_hosts.read_text()
    known_hosts.write_text(f"@revoked {line}{line}")
    message = refusal(settings(known_hosts=str(known_hosts)))
    assert "as revoked" in message
    assert host_key(openssh).get_fingerprint() in message


def test_hashed_hosts_are_recognised(settings: Settings, openssh: OpenSSH, tmp_path: Path) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(openssh.known_hosts.read_text())
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", known_hosts], check=True, capture_output=True)
    assert HOST not in known_hosts.read_text()
    with open_remote(settings(known_hosts=str(known_hosts))) as remote:
        assert remote.sizes("") == {}
    other = make_key(tmp_path / "other").with_suffix(".pub").read_text()
    known_hosts.write_text(known_hosts.read_text().rpartition("ssh-ed25519 ")[0] + other)
    message = refusal(settings(known_hosts=str(known_hosts)))
    assert "presented a different key" in message
    line = message.splitlines()[-1]
    subprocess.run(["ssh-keygen", "-R", f"[{HOST}]:{openssh.port}", "-f", known_hosts], check=True, capture_output=True)
    with known_hosts.open("a") as file:
        file.write(line.strip() + "\n")
    with open_remote(settings(known_hosts=str(known_hosts))) as remote:
        assert remote.sizes("") == {}


def test_a_host_key_may_be_signed_by_a_known_authority(tmp_path: Path) -> None:
    authority, stranger = make_key(tmp_path / "authority"), make_key(tmp_path / "stranger")
    host = make_key(tmp_path / "certified")
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "sftp", "-h", "-n", HOST, f"{host}.pub"]
    subprocess.run(sign, check=True, capture_output=True)
    with running_openssh(f"HostKey {host}", f"HostCertificate {host}-cert.pub") as server:
        known_hosts = tmp_path / "known_hosts"
        given = {"url": server.url(server.new_root()), "private_key": str(server.private_key)}
        certified = DestinationSettings.model_validate({**given, "known_hosts": str(known_hosts)})
        known_hosts.write_text(f"@cert-authority [{HOST}]:{server.port} {authority.with_suffix('.pub').read_text()}")
        with open_remote(certified) as remote:
            assert remote.sizes("") == {}
        known_hosts.write_text(f"@cert-authority [{HOST}]:{server.port} {stranger.with_suffix('.pub').read_text()}")
        assert "@cert-authority" in refusal(certified)


def test_a_damaged_known_hosts_is_said(settings: Settings, tmp_path: Path) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text("@unheard-of * ssh-ed25519 AAAA\n")
    assert "is damaged" in refusal(settings(known_hosts=str(known_hosts)))


def test_a_key_the_server_does_not_know_is_refused(settings: Settings, openssh: OpenSSH, tmp_path: Path) -> None:
    message = refusal(settings(private_key=str(make_key(tmp_path / "stranger"))))
    assert f"did not let {openssh.user!r} log in with the key {tmp_path / 'stranger'}" in message


def test_keys_and_settings_lying_about_on_this_machine_are_not_used(
    settings: Settings, openssh: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / ".ssh"
    ssh.mkdir()
    ssh.joinpath("id_ed25519").write_text(openssh.private_key.read_text())
    ssh.joinpath("config").write_text(f"Host *\n  IdentityFile {openssh.private_key}\n  ProxyCommand false\n")
    ssh.joinpath("known_hosts").write_text(openssh.known_hosts.read_text())
    monkeypatch.setenv("HOME", str(tmp_path))
    nothing = tmp_path / "nothing"
    nothing.touch()
    assert "is not known yet" in refusal(settings(known_hosts=str(nothing)))
    assert "did not let" in refusal(settings(private_key=str(make_key(tmp_path / "stranger"))))
    assert "with the password" in refusal(settings(private_key=None, password=SecretStr(SECRET)))
    with open_remote(settings()) as remote:
        assert remote.sizes("") == {}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o601], ids=oct)
def test_a_key_that_others_can_read_is_refused(settings: Settings, tmp_path: Path, mode: int) -> None:
    key = make_key(tmp_path / "key")
    key.chmod(mode)
    assert f"chmod 600 {key}" in refusal(settings(private_key=str(key)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_mounted_key_of_another_user_is_taken_as_openssh_takes_it(
    settings: Settings, openssh: OpenSSH, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_bytes(openssh.private_key.read_bytes())
    key.chmod(0o640)
    shutil.chown(key, "nobody")
    with open_remote(settings(private_key=str(key))) as remote:
        assert remote.sizes("") == {}


def test_keys_are_tried_in_order_while_they_are_rotated(settings: Settings, openssh: OpenSSH, tmp_path: Path) -> None:
    new, old = make_key(tmp_path / "new"), openssh.private_key
    for keys in ([str(new), str(old)], [str(old), str(new)]):
        with open_remote(settings(private_key=keys)) as remote:
            assert remote.sizes("") == {}
    strangers = [str(new), str(make_key(tmp_path / "other"))]
    assert f"with the key {new} or the key {tmp_path / 'other'}" in refusal(settings(private_key=strangers))


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A running ssh-agent that holds no key yet."""
    socket_of_agent = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket_of_agent], stdout=subprocess.DEVNULL)
    while not socket_of_agent.exists():
        assert process.poll() is None
        time.sleep(0.01)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket_of_agent))
    yield
    end(process)


@pytest.mark.usefixtures("agent")
def test_the_agent_is_asked_where_the_settings_say_so_and_never_else(settings: Settings, openssh: OpenSSH) -> None:
    assert "holds no key" in refusal(settings(private_key=None, use_agent=True))
    subprocess.run(["ssh-add", "-q", openssh.private_key], check=True)
    assert "Set private_key" in refusal(settings(private_key=None))
    with open_remote(settings(private_key=None, use_agent=True)) as remote:
        assert remote.sizes("") == {}


def test_an_agent_that_does_not_run_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert "no SSH agent answers" in refusal(settings(use_agent=True))


def test_a_configuration_of_openssh_that_is_named_says_how_to_reach_the_host(
    settings: Settings, openssh: OpenSSH, root: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host acme\n  HostName {HOST}\n  Port {openssh.port}\n  IdentityFile {openssh.private_key}\n")
    given = {"url": f"sftp://{openssh.user}@acme{root}", "private_key": None}
    with open_remote(settings(**given, ssh_config=str(config))) as remote:
        assert remote.sizes("") == {}
    empty = tmp_path / "known_hosts"
    empty.touch()
    message = refusal(settings(**given, ssh_config=str(config), known_hosts=str(empty)))
    assert message.splitlines()[-1].strip() in openssh.known_hosts.read_text()
    assert "Could not resolve host" in refusal(settings(**{**given, "private_key": str(openssh.private_key)}))


def test_a_configuration_of_openssh_that_is_not_there_is_said(settings: Settings, tmp_path: Path) -> None:
    assert "ssh_config" in refusal(settings(ssh_config=str(tmp_path / "none")))


@pytest.mark.parametrize("kind", ["openssh", "pkcs8-pem"])
def test_a_key_with_a_passphrase_needs_it(settings: Settings, openssh: OpenSSH, tmp_path: Path, kind: str) -> None:
    if kind == "openssh":
        pytest.importorskip("bcrypt", reason="OpenSSH's key encryption needs asyncssh[bcrypt]")
    key = tmp_path / "key"
    key.touch(mode=0o600)
    asyncssh.read_private_key(openssh.private_key).write_private_key(key, kind, passphrase=SECRET)
    assert "is protected by a passphrase, and none is set" in refusal(settings(private_key=str(key)))
    wrong = refusal(settings(private_key=str(key), passphrase=SecretStr("wrong-horse")))
    assert "does not open the private key" in wrong
    assert "wrong-horse" not in wrong
    with open_remote(settings(private_key=str(key), passphrase=SecretStr(SECRET))) as remote:
        assert remote.sizes("") == {}


def test_a_missing_key_and_no_key_at_all_are_said(settings: Settings, tmp_path: Path) -> None:
    assert "arfeed keygen" in refusal(settings(private_key=str(tmp_path / "none")))
    assert "Set private_key" in refusal(settings(private_key=None))


def test_a_password_in_the_url_is_refused_and_not_repeated(settings: Settings, openssh: OpenSSH) -> None:
    url = openssh.url().replace("@", f":{SECRET}@")
    with pytest.raises(ConfigError, match="holds a password") as caught, open_remote(settings(url=url)):
        pass
    assert SECRET not in str(caught.value)


def test_a_host_that_does_not_exist_is_said(settings: Settings) -> None:
    assert "Could not resolve host" in refusal(settings(url="sftp://acme@arfeed.invalid"))


def test_a_server_that_does_not_listen_is_said(settings: Settings, openssh: OpenSSH) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        assert "Nothing is listening at" in refusal(settings(url=f"sftp://acme@{HOST}:{taken.getsockname()[1]}"))


def test_no_secret_shows_in_anything_that_prints(
    settings: Settings, openssh: OpenSSH, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    asyncssh.set_debug_level(2)
    secret = settings(password=SecretStr(SECRET), passphrase=SecretStr(SECRET))
    with open_remote(secret) as remote:
        filesystem = remote._store.filesystem
        shown = [repr(part) for part in (secret, remote, remote._store, filesystem, filesystem.storage_options)]
        assert remote.sizes("") == {}
    shown.append(refusal(settings(private_key=None, password=SecretStr(SECRET))))
    shown.append(caplog.text)
    assert SECRET not in "\n".join(shown)


@pytest.mark.parametrize("changes", [{"private_key": None}, {"passphrase": SecretStr(f"{SECRET}-2")}], ids=str)
def test_no_frame_of_a_traceback_that_shows_variables_holds_a_secret(
    settings: Settings, openssh: OpenSSH, tmp_path: Path, changes: dict[str, Any]
) -> None:
    key = tmp_path / "key"
    key.touch(mode=0o600)
    asyncssh.read_private_key(openssh.private_key).write_private_key(key, passphrase="another")
    with (
        pytest.raises(DestinationError) as caught,
        open_remote(settings(**{"private_key": str(key), "password": SecretStr(SECRET), **changes})),
    ):
        pass
    traceback = Traceback.from_exception(
        DestinationError, caught.value, caught.value.__traceback__, show_locals=True, locals_max_string=100_000
    )
    page = io.StringIO()
    Console(file=page, width=500).print(traceback)
    assert "locals" in page.getvalue()
    assert SECRET not in page.getvalue()


def test_every_connection_is_a_fresh_one(settings: Settings) -> None:
    with open_remote(settings()) as one, open_remote(settings()) as other:
        assert one._store.filesystem is not other._store.filesystem
        assert type(one._store.filesystem)._cache == {}


# --- servers that fall silent -----------------------------------------------------------------------------------------


@contextmanager
def silent_server(greeting: bytes = b"", backlog: int = 5) -> Iterator[int]:
    """Take connections, greet, and say no more."""
    with socket.create_server((HOST, 0), backlog=backlog) as listening:
        taken: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    taken.append(listening.accept()[0])
                    taken[-1].sendall(greeting)

        if backlog:
            threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        for client in taken:
            client.close()


@pytest.mark.parametrize(
    "greeting", [b"", b"SSH-2.0-Silent_1.0\r\n"], ids=["before its greeting", "after its greeting"]
)
def test_a_server_that_falls_silent_in_the_handshake_is_given_up(
    settings: Settings, greeting: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LOGIN_SECONDS", 0.5)
    with silent_server(greeting) as port:
        begun = time.monotonic()
        assert "Login timeout expired" in refusal(settings(url=f"sftp://acme@{HOST}:{port}"))
        assert time.monotonic() - begun < 10


def test_a_server_that_does_not_take_the_connection_is_given_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with silent_server(backlog=0) as port, ExitStack() as waiting:
        for _ in range(4):  # fill the queue of those that wait to be taken
            queued = waiting.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex((HOST, port))
        assert "did not answer in time" in refusal(settings(url=f"sftp://acme@{HOST}:{port}"))


@pytest.mark.parametrize(
    "offers", ["Ciphers aes256-cbc,aes128-cbc", "KexAlgorithms diffie-hellman-group1-sha1"], ids=["CBC", "group1"]
)
def test_a_server_that_offers_obsolete_encryption_only_is_the_receivers_matter(offers: str) -> None:
    with running_openssh(offers) as server:
        settings = DestinationSettings(
            url=server.url(), private_key=str(server.private_key), known_hosts=str(server.known_hosts)
        )
        said = refusal(settings)
    assert "have no cipher in common" in said
    assert "Ask the receiver to enable AES-GCM" in said
    assert "Check destination.url" not in said


def test_a_server_that_is_down_is_tried_three_times(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "asyncssh")
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
    assert "Nothing is listening at" in refusal(settings(url=f"sftp://acme@{HOST}:{port}"))
    assert caplog.text.count(f"Opening SSH connection to {HOST}, port {port}") == 3


# --- connecting while something else is done --------------------------------------------------------------------------


def test_who_connects_meanwhile_is_told_at_the_first_question(settings: Settings, tmp_path: Path) -> None:
    nobody = make_key(tmp_path / "nobody")
    with open_remote(settings(private_key=str(nobody)), meanwhile=True) as remote:
        for _ in range(2):
            with pytest.raises(DestinationError, match=r"did not let .* log in"):
                remote.sizes("")


def test_who_leaves_before_it_is_connected_waits_for_nobody(settings: Settings) -> None:
    with silent_server() as port:
        begun = time.monotonic()
        with (
            pytest.raises(ValueError, match="the source is broken"),
            open_remote(settings(url=f"sftp://acme@{HOST}:{port}"), meanwhile=True),
        ):
            raise ValueError("the source is broken")
        assert time.monotonic() - begun < connection.LOGIN_SECONDS / 3


def test_a_connection_that_nobody_waited_for_is_closed(settings: Settings) -> None:
    with open_remote(settings(), meanwhile=True) as remote:
        pass
    remote.wait()
    filesystem = remote._store.filesystem
    until = time.monotonic() + 10
    while not filesystem.client.is_closed() and time.monotonic() < until:
        time.sleep(0.01)
    assert filesystem.client.is_closed()

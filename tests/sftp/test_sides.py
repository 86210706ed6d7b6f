"""Messages about a server name the one whose server it is: the receiver's, or that of a source's files."""

from pathlib import Path

import asyncssh
import pytest

from arfeed.model.errors import ConfigError, DestinationError, SourceError
from arfeed.sftp.address import SftpAddress, sftp_address
from arfeed.sftp.hostkeys import explain_distrust, read_known_hosts
from arfeed.sftp.keys import read_private_key
from arfeed.sftp.sides import DESTINATION, SOURCE, Wording

SERVER = SftpAddress("acme", "sftp.example.com", 22, "")
KEY, OTHER = (asyncssh.generate_private_key("ssh-ed25519").convert_to_public() for _ in range(2))


def line(key: asyncssh.SSHKey, mark: str = "") -> str:
    return f"{mark}{SERVER.host} {key.export_public_key().decode().strip()}\n"


@pytest.mark.parametrize(
    ("listed", "shown"),
    [
        ("", [KEY]),
        (line(OTHER), [KEY]),
        (line(KEY, "@revoked "), []),
        (line(OTHER, "@cert-authority "), []),
    ],
    ids=["unknown", "changed", "revoked", "not signed"],
)
def test_a_server_that_is_not_trusted_is_explained_to_its_user(
    listed: str, shown: list[asyncssh.SSHKey], tmp_path: Path
) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(listed)
    for wording, done, owner in (
        (DESTINATION, "nothing was sent", "the receiver"),
        (SOURCE, "nothing was read", "its owner"),
    ):
        why = explain_distrust(SERVER, known_hosts, shown, "unknown authority", wording)
        assert f"so {done}" in why
        assert f"Ask {owner}" in why
    assert "receiver" not in why
    assert "nothing was sent" not in why


@pytest.mark.parametrize(
    ("wording", "bad_url", "bad_file"),
    [(DESTINATION, ConfigError, DestinationError), (SOURCE, SourceError, SourceError)],
    ids=["destination", "source"],
)
def test_every_failure_is_an_error_of_its_user(
    wording: Wording, bad_url: type[Exception], bad_file: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(bad_url, match=r"is not an SFTP address: it must name a user and a host"):
        sftp_address("sftp://sftp.example.com", wording)
    with pytest.raises(bad_file, match="can't be read"):
        read_known_hosts(tmp_path, wording)
    with pytest.raises(bad_file, match=f"Check private_key in {wording.table}".replace("[", r"\[")):
        read_private_key(tmp_path / "missing", None, wording)

"""Key pairs: made once, safely, and taken by OpenSSH and by arfeed itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from arfeed.delivery.remote import open_remote
from arfeed.model.settings import DestinationSettings
from support.feeds.command import Cli
from support.servers.openssh import OpenSSH

LINE = "private_key = "


def ssh_keygen(*arguments: str | Path) -> str:
    return subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(("kind", "bits"), [("ed25519", "256"), ("rsa", "4096")])
def test_a_pair_is_what_openssh_makes_and_readable_by_nobody_else(
    arfeed: Cli, tmp_path: Path, kind: str, bits: str
) -> None:
    key = tmp_path / "new" / "key"
    done = arfeed(tmp_path, "keygen", "new/key", "--type", kind)
    assert done.code == 0, done.err
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert key.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert ssh_keygen("-y", "-P", "", "-f", key).strip() == key.with_suffix(".pub").read_text().strip()
    length, fingerprint, *_ = ssh_keygen("-l", "-f", key).split()
    assert length == bits
    assert fingerprint in done.out
    assert key.with_suffix(".pub").read_text().strip() in done.out
    assert f"{LINE}'{key}'" in done.out


def test_the_pair_is_one_json_document_where_that_is_asked_for(arfeed: Cli, tmp_path: Path) -> None:
    made = arfeed(tmp_path, "keygen", "key", "--json").json()
    assert made == {
        "type": "ed25519",
        "private_key": str(tmp_path / "key"),
        "public_key_file": str(tmp_path / "key.pub"),
        "public_key": tmp_path.joinpath("key.pub").read_text().strip(),
        "fingerprint": ssh_keygen("-l", "-f", tmp_path / "key").split()[1],
    }


@pytest.mark.parametrize("taken", ["key", "key.pub"])
def test_nothing_is_ever_overwritten(arfeed: Cli, tmp_path: Path, taken: str) -> None:
    tmp_path.joinpath(taken).write_text("precious")
    done = arfeed(tmp_path, "keygen", "key")
    assert done.code == 2
    assert f"{tmp_path / taken} exists already" in done.err
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {taken: "precious"}


def test_a_key_goes_to_the_ssh_folder_if_nothing_else_is_said(
    arfeed: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert arfeed(tmp_path, "keygen").code == 0
    assert tmp_path.joinpath(".ssh", "arfeed_ed25519").exists()


def test_a_passphrase_comes_from_the_environment_and_is_not_repeated(
    arfeed: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARFEED_PASSPHRASE", "correct-horse")
    done = arfeed(tmp_path, "keygen", "key", "--passphrase")
    assert "correct-horse" not in done.out + done.err
    assert 'passphrase = "${ARFEED_PASSPHRASE}"' in done.out
    assert ssh_keygen("-y", "-P", "correct-horse", "-f", tmp_path / "key")
    with pytest.raises(subprocess.CalledProcessError):
        ssh_keygen("-y", "-P", "", "-f", tmp_path / "key")


def test_a_folder_that_cannot_be_written_is_said(arfeed: Cli, tmp_path: Path) -> None:
    tmp_path.joinpath("file").touch()
    done = arfeed(tmp_path, "keygen", "file/key")
    assert done.code == 2
    assert "can't be written" in done.err


@pytest.mark.openssh
def test_a_pair_logs_in_at_a_real_server(arfeed: Cli, openssh: OpenSSH, tmp_path: Path) -> None:
    made = arfeed(tmp_path, "keygen", "key", "--json").json()
    known = openssh.log.parent / "authorized_keys"
    known.write_text(known.read_text() + made["public_key"] + "\n")
    given = {"url": openssh.url(openssh.new_root()), "known_hosts": str(openssh.known_hosts)}
    settings = DestinationSettings.model_validate({**given, "private_key": made["private_key"]})
    with open_remote(settings) as remote:
        assert remote.sizes("") == {}

from __future__ import annotations

from pathlib import Path

import pytest

from arfeed.delivery.remote import open_remote
from arfeed.model.errors import ConfigError, DestinationError
from arfeed.model.settings import DestinationSettings
from arfeed.sftp.address import destination_id
from support.servers.staging import stage


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("sftp://acme@sftp.example.com", "sftp://acme@sftp.example.com:22"),
        ("sftp://acme@SFTP.example.com:22/", "sftp://acme@sftp.example.com:22"),
        ("ssh://acme@sftp.example.com", "sftp://acme@sftp.example.com:22"),
        ("sftp://acme:secret@sftp.example.com:2222/in//box/", "sftp://acme@sftp.example.com:2222/in/box"),
        ("sftp://acme@sftp.example.com/.", "sftp://acme@sftp.example.com:22/."),
        ("sftp://acme@sftp.example.com//", "sftp://acme@sftp.example.com:22/."),
        ("sftp://a%40b@[::1]/in%20box", "sftp://a%40b@[::1]:22/in%20box"),
        ("file:///srv/in/", "file:///srv/in"),
        ("/srv/in", "file:///srv/in"),
        ("memory://in/box/", "memory:///in/box"),
        ("s3://bucket/in/", "s3://bucket/in"),
        ("ftp://acme:secret@ftp.example.com:21/in", "ftp://acme@ftp.example.com:21/in"),
        ("rehearsal://demo", "rehearsal://demo"),
        ("sftp://acme@SFTP.Example.COM.", "sftp://acme@sftp.example.com:22"),
        ("sftp://acme@sftp.example.com/./in/./box", "sftp://acme@sftp.example.com:22/in/box"),
        ("sftp://acme@[0:0::1]", "sftp://acme@[::1]:22"),
        ("sftp://acme@[fe80::1%25eth0]", "sftp://acme@[fe80::1%25eth0]:22"),
        ("sftp://Acme@sftp.example.com/In", "sftp://Acme@sftp.example.com:22/In"),
        ("/srv/in/../out//box/.", "file:///srv/out/box"),
        ("ftp://acme@FTP.example.com./in", "ftp://acme@ftp.example.com:21/in"),
        ("s3://bucket/a//b/../c", "s3://bucket/a//b/../c"),
    ],
)
def test_a_destination_has_one_identity(url: str, identity: str) -> None:
    assert destination_id(url) == identity
    assert destination_id(identity) == identity


@pytest.mark.parametrize(
    "url",
    [
        "sftp://sftp.example.com",
        "sftp://acme@",
        "sftp://acme@sftp.example.com:port",
        "sftp://acme@sftp.example.com/in/../out",
        "sftp://acme@sftp.example.com/in#1",
    ],
)
def test_an_address_with_a_mistake_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="Write sftp://USER@HOST"):
        destination_id(url)


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ConfigError, match="nonesuch"), open_remote(DestinationSettings(url="nonesuch://x")):
        pass


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a.pdf", "/etc/passwd", "a/b.pdf", "..\\a.pdf", "a\0.pdf", "a\n.pdf", "\udce9.pdf"]
)
def test_a_name_that_could_leave_the_root_is_refused_before_anything_is_sent(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    good, bad = stage(tmp_path, "good.pdf", b"x"), stage(tmp_path, "bad.pdf", b"x")
    bad = type(bad)(bad.path, "", name, 1, bad.sha256, False)
    with open_remote(DestinationSettings(url=f"file://{root}")) as remote:
        with pytest.raises(DestinationError, match="Nothing was sent"):
            remote.publish([good, bad], run="r1")
        with pytest.raises(DestinationError):
            remote.size("", name)
    assert not root.exists()


@pytest.mark.parametrize("folder", ["..", "/etc", "a/../..", "a//b", "a/", "a\\b", "./a"])
def test_a_folder_that_could_leave_the_root_is_refused(tmp_path: Path, folder: str) -> None:
    upload = stage(tmp_path, "a.pdf", b"x", below=folder)
    with open_remote(DestinationSettings(url=f"file://{tmp_path}/root")) as remote:
        for use in (remote.sizes, remote.ensure_folder, lambda _: remote.publish([upload], run="r1")):
            with pytest.raises(DestinationError, match="below its root"):
                use(folder)
    with pytest.raises(DestinationError), open_remote(DestinationSettings(url="memory://x", part_folder=folder)):
        pass


def test_a_run_that_is_no_name_and_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    upload = stage(tmp_path, "a.pdf", b"x")
    with open_remote(DestinationSettings(url=f"file://{tmp_path}/root")) as remote:
        with pytest.raises(DestinationError):
            remote.publish([upload], run="../r1")
        with pytest.raises(DestinationError, match=r"Two files would be called a\.pdf"):
            remote.publish([upload, upload], run="r1")

"""Publishing to a real OpenSSH server."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import randbytes

import pytest

from arfeed.delivery.remote import open_remote
from arfeed.delivery.uploads import Upload, part_name
from arfeed.model.errors import DestinationError, LockedError
from arfeed.model.settings import DestinationSettings
from arfeed.sftp.filesystem import BLOCK
from support.servers.openssh import OpenSSH, running_openssh
from support.servers.staging import held, stage

pytestmark = pytest.mark.openssh

Settings = Callable[..., DestinationSettings]


@pytest.fixture(params=["rename", "direct"])
def publish(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_new_files_stand_under_their_names_and_nothing_else_is_left(
    settings: Settings, root: Path, tmp_path: Path, publish: str
) -> None:
    uploads = [
        stage(tmp_path, "INV-001.pdf", b"%PDF-1"),
        stage(tmp_path, "empty.pdf", b""),
        stage(tmp_path, "open_ar.csv", b"ref\r\n", below="csv_data_uploads"),
    ]
    with open_remote(settings(publish=publish)) as remote:
        outcomes = remote.publish(uploads, run="r1")
    assert [(outcome.upload, outcome.error, outcome.verified) for outcome in outcomes] == [
        (upload, None, True) for upload in uploads
    ]
    assert held(root) == {"INV-001.pdf": b"%PDF-1", "empty.pdf": b"", "csv_data_uploads/open_ar.csv": b"ref\r\n"}


def test_a_changed_file_replaces_the_older_one(settings: Settings, root: Path, tmp_path: Path, publish: str) -> None:
    with open_remote(settings(publish=publish)) as remote:
        remote.publish([stage(tmp_path, "INV-001.pdf", b"old, and longer")], run="r1")
        [outcome] = remote.publish([stage(tmp_path, "INV-001.pdf", b"new", replaces=True)], run="r2")
    assert outcome.error is None
    assert held(root) == {"INV-001.pdf": b"new"}


def test_a_name_that_is_taken_is_never_overwritten(
    settings: Settings, root: Path, tmp_path: Path, publish: str
) -> None:
    root.joinpath("open_ar.csv").write_bytes(b"theirs")
    with open_remote(settings(publish=publish)) as remote:
        outcomes = remote.publish(
            [stage(tmp_path, "open_ar.csv", b"ours"), stage(tmp_path, "INV-001.pdf", b"%PDF")], run="r1"
        )
    assert "already exists" in str(outcomes[0].error)
    assert outcomes[1].error is None
    assert held(root) == {"open_ar.csv": b"theirs", "INV-001.pdf": b"%PDF"}


def test_uploads_under_way_lie_in_the_part_folder(settings: Settings, root: Path, tmp_path: Path) -> None:
    with open_remote(settings(part_folder="under way")) as remote:
        [outcome] = remote.publish([stage(tmp_path, "INV-001.pdf", b"%PDF")], run="r1")
        assert remote.sizes("under way") == {}
    assert outcome.error is None
    assert root.joinpath("under way").is_dir()
    assert held(root) == {"INV-001.pdf": b"%PDF"}


def test_500_files_at_once_arrive_byte_for_byte(settings: Settings, root: Path, tmp_path: Path) -> None:
    content = {f"INV-{number}.pdf": os.urandom(number * 41) for number in range(500)}
    seen: list[str] = []
    with open_remote(settings()) as remote:
        remote.publish(
            [stage(tmp_path, name, data) for name, data in content.items()],
            run="r1",
            on_done=lambda outcome: seen.append(outcome.upload.name),
        )
    assert held(root) == content
    assert sorted(seen) == sorted(content)


def test_a_large_file_arrives_byte_for_byte(settings: Settings, root: Path, tmp_path: Path) -> None:
    content = os.urandom(20_000_001)
    with open_remote(settings()) as remote:
        remote.publish([stage(tmp_path, "open_ar.csv", content)], run="r1")
        assert remote.read("", "open_ar.csv") == content
    assert held(root) == {"open_ar.csv": content}


def test_one_session_is_enough(tmp_path: Path) -> None:
    with running_openssh("MaxSessions 1") as server:
        root = server.new_root()
        settings = DestinationSettings(
            url=server.url(root), private_key=str(server.private_key), known_hosts=str(server.known_hosts)
        )
        with open_remote(settings) as remote:
            outcomes = remote.publish([stage(tmp_path, f"{number}.pdf", b"%PDF") for number in range(50)], run="r1")
        assert [outcome.error for outcome in outcomes] == [None] * 50
        assert len(held(root)) == 50


def test_one_file_that_is_not_allowed_does_not_stop_the_others(
    settings: Settings, root: Path, tmp_path: Path, publish: str
) -> None:
    root.joinpath("closed").mkdir(mode=0o555)
    with open_remote(settings(publish=publish)) as remote:
        outcomes = remote.publish(
            [stage(tmp_path, "a.csv", b"a", below="closed"), stage(tmp_path, "b.pdf", b"b")], run="r1"
        )
    assert "does not allow" in str(outcomes[0].error)
    assert outcomes[1].error is None
    assert held(root) == {"b.pdf": b"b"}


def test_a_folder_that_cannot_be_made_is_said(settings: Settings, root: Path, tmp_path: Path) -> None:
    root.chmod(0o555)
    with open_remote(settings()) as remote:
        with pytest.raises(DestinationError, match="does not allow making the folder 'csv_data_uploads'"):
            remote.ensure_folder("csv_data_uploads")
        [outcome] = remote.publish([stage(tmp_path, "a.csv", b"a", below="csv_data_uploads")], run="r1")
    assert "does not allow" in str(outcome.error)
    assert list(root.iterdir()) == []


def test_a_folder_is_made_once_and_used_where_it_is(settings: Settings, openssh: OpenSSH, root: Path) -> None:
    with open_remote(settings()) as remote:
        assert remote.sizes("a/b") == {}
        remote.ensure_folder("a/b")
        remote.ensure_folder("a/b")
        remote.ensure_folder("")
        root.joinpath("file").touch()
        with pytest.raises(DestinationError, match="making the folder 'file'"):
            remote.ensure_folder("file")
    assert root.joinpath("a", "b").is_dir()


def test_a_root_that_is_not_there_is_a_mistake_and_not_made(
    settings: Settings, openssh: OpenSSH, root: Path, tmp_path: Path
) -> None:
    with open_remote(settings(url=openssh.url(root / "typo"))) as remote:
        [outcome] = remote.publish([stage(tmp_path, "a.pdf", b"a")], run="r1")
        with pytest.raises(DestinationError, match="making the folder 'csv'"):
            remote.ensure_folder("csv")
    assert "Check the path" in str(outcome.error)
    assert list(root.iterdir()) == []


def test_without_a_path_the_root_is_the_login_directory(settings: Settings, openssh: OpenSSH, tmp_path: Path) -> None:
    with open_remote(settings(url=openssh.url())) as remote:
        remote.publish([stage(tmp_path, "login.csv", b"here", below="login-folder")], run="r1")
        assert remote.sizes("login-folder") == {"login.csv": 4}
    assert openssh.login.joinpath("login-folder", "login.csv").read_bytes() == b"here"


@pytest.mark.parametrize(
    "name", ["Ångström.pdf", "発票.pdf", "a#b?c[1]*.pdf", "sftp:::x.pdf", " padded .pdf", "%41.pdf", "~.pdf", "-rf.pdf"]
)
def test_unusual_names_arrive_as_they_are(settings: Settings, root: Path, tmp_path: Path, name: str) -> None:
    with open_remote(settings()) as remote:
        [outcome] = remote.publish([stage(tmp_path, name, b"x")], run="r1")
        assert outcome.error is None
        assert remote.sizes("") == {name: 1}
        assert remote.size("", name) == 1
    assert held(root) == {name: b"x"}


def test_a_name_in_another_encoding_does_not_hide_the_others(settings: Settings, root: Path) -> None:
    root.joinpath("open_ar.csv").touch()
    Path(os.fsdecode(os.fsencode(root) + b"/\xe9.csv")).touch()
    with open_remote(settings()) as remote:
        assert "open_ar.csv" in remote.sizes("")


def test_files_are_listed_measured_and_read(settings: Settings, root: Path) -> None:
    root.joinpath("folder").mkdir()
    root.joinpath("a.csv").write_bytes(b"abc")
    with open_remote(settings()) as remote:
        assert remote.sizes("") == {"a.csv": 3}
        assert remote.size("", "a.csv") == 3
        assert remote.size("", "b.csv") is None
        assert remote.read("", "a.csv") == b"abc"
        with pytest.raises(DestinationError, match=r"reading b\.csv failed: No such file"):
            remote.read("", "b.csv")


def test_only_uploads_under_way_are_ever_removed(settings: Settings, root: Path) -> None:
    left = part_name("a.pdf", "r1")
    root.joinpath(left).touch()
    root.joinpath("a.pdf").touch()
    with open_remote(settings()) as remote:
        remote.remove("", [left, part_name("gone.pdf", "r1")])
        with pytest.raises(DestinationError, match="arfeed removes nothing else"):
            remote.remove("", ["a.pdf"])
    assert list(held(root)) == ["a.pdf"]


def test_a_staged_file_that_changed_or_is_gone_is_not_sent(settings: Settings, root: Path, tmp_path: Path) -> None:
    changed, gone = stage(tmp_path, "a.pdf", b"abc"), stage(tmp_path, "b.pdf", b"abc")
    changed.path.write_bytes(b"ab")
    gone.path.unlink()
    with open_remote(settings()) as remote:
        outcomes = remote.publish([changed, gone], run="r1")
    assert "has changed since it was staged" in str(outcomes[0].error)
    assert "can't be read" in str(outcomes[1].error)
    assert held(root) == {}


@pytest.mark.parametrize("size", [0, 1, BLOCK, 3 * BLOCK + 1])
def test_only_its_own_stretch_of_a_shared_staged_file_is_sent(
    settings: Settings, root: Path, tmp_path: Path, size: int
) -> None:
    copies = tmp_path / "copies"
    copies.write_bytes(b"before" + randbytes(size) + b"behind")
    content = copies.read_bytes()[6 : 6 + size]
    with open_remote(settings()) as remote:
        remote.publish([Upload(copies, "", "a.pdf", size, "", replaces=True, start=6)], run="r1")
    assert held(root) == {"a.pdf": content}


def test_an_error_of_the_caller_drops_the_connection(
    settings: Settings, root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "asyncssh")

    def fail(_: object) -> None:
        raise RuntimeError("the history is full")

    uploads = [stage(tmp_path, f"{number}.pdf", b"x" * 1000) for number in range(2000)]
    with pytest.raises(RuntimeError), open_remote(settings()) as remote:
        remote.publish(uploads, run="r1", on_done=fail)
    assert len([name for name in held(root) if not name.endswith(".part")]) < 2000
    assert "Aborting connection" in caplog.text


def test_what_is_asked_before_naming_sees_the_upload_and_can_stop_it(
    settings: Settings, root: Path, tmp_path: Path, publish: str
) -> None:
    seen: list[list[str]] = []

    def refuse() -> None:
        seen.append(list(held(root)))
        raise LockedError("the lease ran out")

    with pytest.raises(LockedError, match="the lease ran out"), open_remote(settings(publish=publish)) as remote:
        remote.publish([stage(tmp_path, "open_ar.csv", b"ours")], run="r1", before_naming=refuse)
    assert seen == [[part_name("open_ar.csv", "r1")] if publish == "rename" else []]
    assert held(root) == {}


def test_a_root_that_is_not_there_is_said_before_anything_is_sent(
    openssh: OpenSSH, root: Path, settings: Callable[..., DestinationSettings]
) -> None:
    gone = settings(url=openssh.url(root / "gone"))
    with open_remote(gone) as remote, pytest.raises(DestinationError, match="looking for its folder failed"):
        remote.check_root()

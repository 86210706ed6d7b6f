"""The same promises on file systems that are no SFTP server."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import fsspec
import pytest

from arfeed.delivery.remote import open_remote
from arfeed.delivery.uploads import Upload, part_name
from arfeed.model.errors import DestinationError
from arfeed.model.settings import DestinationSettings
from support.servers.staging import stage


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"file://{tmp_path}/root" if request.param == "file" else f"memory://{uuid.uuid4()}"


@pytest.fixture(params=["rename", "direct"])
def settings(request: pytest.FixtureRequest, url: str) -> DestinationSettings:
    return DestinationSettings(url=url, publish=request.param)


def held(url: str) -> dict[str, bytes]:
    filesystem, root = fsspec.url_to_fs(url)
    return {path.removeprefix(root + "/"): filesystem.cat_file(path) for path in filesystem.find(root)}


def test_files_arrive_are_replaced_and_never_overwritten(
    settings: DestinationSettings, url: str, tmp_path: Path
) -> None:
    new = [stage(tmp_path, "a[1]*.pdf", b"a"), stage(tmp_path, "open_ar.csv", b"b", below="csv/in")]
    with open_remote(settings) as remote:
        assert remote.sizes("") == {}
        assert [outcome.verified for outcome in remote.publish(new, run="r1")] == [True, True]
        taken, replaced = remote.publish(
            [
                stage(tmp_path, "open_ar.csv", b"other", below="csv/in"),
                stage(tmp_path, "a[1]*.pdf", b"changed", replaces=True),
            ],
            run="r2",
        )
        assert "already exists" in str(taken.error)
        assert replaced.error is None
        assert remote.sizes("") == {"a[1]*.pdf": 7}
        assert remote.read("csv/in", "open_ar.csv") == b"b"
        assert remote.size("csv/in", "none.csv") is None
    assert held(url) == {"a[1]*.pdf": b"changed", "csv/in/open_ar.csv": b"b"}


def test_only_its_own_stretch_of_a_shared_staged_file_is_sent(
    settings: DestinationSettings, url: str, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    copies.write_bytes(b"before, mine, behind")
    with open_remote(settings) as remote:
        remote.publish([Upload(copies, "", "a.pdf", 4, "", replaces=True, start=8)], run="r1")
    assert held(url) == {"a.pdf": b"mine"}


def test_leftovers_are_removed_and_nothing_else(url: str) -> None:
    filesystem, root = fsspec.url_to_fs(url)
    filesystem.makedirs(root, exist_ok=True)
    for name in ("a.pdf", part_name("a.pdf", "r1")):
        filesystem.pipe_file(f"{root}/{name}", b"x")
    with open_remote(DestinationSettings(url=url)) as remote:
        remote.remove("", [part_name("a.pdf", "r1")])
        with pytest.raises(DestinationError, match="arfeed removes nothing else"):
            remote.remove("", ["a.pdf"])
    assert held(url) == {"a.pdf": b"x"}


def test_an_error_of_the_caller_ends_the_delivery(tmp_path: Path) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("the history is full")

    uploads = [stage(tmp_path, f"{number}.pdf", b"x") for number in range(2000)]
    with pytest.raises(RuntimeError), open_remote(DestinationSettings(url=f"file://{tmp_path}/root")) as remote:
        remote.publish(uploads, run="r1", on_done=fail)
    time.sleep(0.2)
    stopped_at = len(list(tmp_path.joinpath("root").iterdir()))
    time.sleep(0.2)
    assert len(list(tmp_path.joinpath("root").iterdir())) == stopped_at < 2000


def test_another_url_can_be_given_than_the_settings(tmp_path: Path) -> None:
    with open_remote(DestinationSettings(url="rehearsal://demo"), url=f"file://{tmp_path}/root") as remote:
        remote.publish([stage(tmp_path, "a.pdf", b"x")], run="r1")
    assert tmp_path.joinpath("root", "a.pdf").read_bytes() == b"x"

"""Servers of other makes, each with its own way of going wrong, and what arrives there all the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from arfeed.delivery.remote import open_remote
from arfeed.delivery.uploads import Upload
from arfeed.sftp.connection import connect
from support.servers.makes import Server, rclone_server
from support.servers.others import conch_server, dropbear_server, erlang_server, server_behind_openssh
from support.servers.staging import held, stage

MIXING = "mixes up files that are open at once"

rclone_behind_openssh = partial(server_behind_openssh, "rclone serve sftp --stdio --dir-cache-time 0s {login}")

MAKES: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "erlang": erlang_server,
    "erlang under another name": partial(erlang_server, name="files"),
    "conch": conch_server,
    "dropbear": dropbear_server,
    "rclone behind openssh": rclone_behind_openssh,
}


Get = Callable[[str], Server]


@pytest.fixture(scope="module")
def get() -> Iterator[Get]:
    """Start each server when it is first asked for, and end all of them together."""
    with ExitStack() as stack:
        yield cache(lambda make: stack.enter_context(MAKES[make]()))


@pytest.fixture(params=MAKES)
def made(request: pytest.FixtureRequest, get: Get) -> Server:
    return get(request.param)


@pytest.fixture
def erlang(get: Get) -> Server:
    """Erlang's server under a name that says nothing of it."""
    return get("erlang under another name")


@pytest.fixture
def conch(get: Get) -> Server:
    return get("conch")


def alike(folder: Path, count: int, size: int = 20_000) -> list[Upload]:
    """Stage files of equal size, no two of which hold the same."""
    return [stage(folder, f"{number}.pdf", b"%%PDF %06d" % number * (size // 11)) for number in range(count)]


def exchanged(root: Path, uploads: list[Upload]) -> list[str]:
    there = held(root)
    return [upload.name for upload in uploads if there[upload.name] != upload.path.read_bytes()]


@pytest.mark.parametrize("publish", ["rename", "direct"])
def test_files_of_equal_size_are_not_exchanged(made: Server, tmp_path: Path, publish: str) -> None:
    root, uploads = made.new_root(), alike(tmp_path, 60)
    with open_remote(made.settings(root, publish=publish)) as remote:
        outcomes = remote.publish(uploads, run="r1")
    assert [(outcome.error, outcome.verified) for outcome in outcomes] == [(None, True)] * 60
    assert exchanged(root, uploads) == []
    assert len(held(root)) == 60


def test_a_folder_that_is_missing_is_missing_whatever_is_answered_and_is_made(made: Server, tmp_path: Path) -> None:
    root = made.new_root()
    with open_remote(made.settings(root)) as remote:
        assert remote.sizes("csv") == {}
        assert not remote.has_folder("csv")
        [outcome] = remote.publish([stage(tmp_path, "r.csv", b"ref", below="csv")], run="r1")
        assert remote.sizes("csv") == {"r.csv": 3}
        remote.remove("csv", [".r.csv.r1.part"])  # it is gone, which is no error
    assert outcome.error is None


def test_a_name_that_is_taken_is_left_to_whoever_took_it(made: Server, tmp_path: Path) -> None:
    root = made.new_root()
    root.joinpath("7.pdf").write_bytes(b"theirs")
    with open_remote(made.settings(root)) as remote:
        assert list(remote.taken("", ["6.pdf", "7.pdf"])) == ["7.pdf"]
        outcomes = remote.publish(alike(tmp_path, 10), run="r1")
    assert [outcome.upload.name for outcome in outcomes if outcome.error] == ["7.pdf"]
    assert "this history did not send" in str(outcomes[7].error)
    assert held(root)["7.pdf"] == b"theirs"


def test_one_handle_for_two_files_ends_the_connection_and_one_file_at_once_goes_over_the_next(
    erlang: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_remote(erlang.settings(erlang.new_root())) as remote:
        remote.publish(alike(tmp_path, 20), run="r1")
        assert remote.shares_handles
        remote.publish([stage(tmp_path, f"again-{number}.pdf", b"%PDF") for number in range(20)], run="r2")
    assert caplog.text.count(MIXING) == 1


def test_a_server_known_by_its_name_is_sent_one_file_at_once_from_the_first(
    get: Get, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_remote(get("erlang").settings(get("erlang").new_root())) as remote:
        remote.publish(alike(tmp_path, 20), run="r1")
    assert MIXING not in caplog.text


def test_files_that_are_read_at_once_are_not_exchanged_unnoticed(erlang: Server, tmp_path: Path) -> None:
    root, uploads = erlang.new_root(), alike(tmp_path, 20)
    with open_remote(erlang.settings(root, verify="content")) as remote:
        outcomes = remote.publish(uploads, run="r1")
    assert [outcome.error for outcome in outcomes] == [None] * 20
    assert exchanged(root, uploads) == []


@pytest.mark.parametrize("publish", ["rename", "direct"])
def test_blocks_that_a_server_refuses_in_any_order_are_sent_again_in_order(tmp_path: Path, publish: str) -> None:
    with rclone_server("--vfs-write-wait", "1ms") as server:  # how long it waits for a block that was overtaken
        root = server.new_root()
        uploads = [stage(tmp_path, f"{number}.pdf", os.urandom(600_000)) for number in range(40)]
        with open_remote(server.settings(root, publish=publish)) as remote:
            outcomes = remote.publish(uploads, run="r1")
        assert {outcome.error for outcome in outcomes} == {None}
        assert exchanged(root, uploads) == []


def test_only_openssh_itself_spares_the_look_at_a_name(made: Server) -> None:
    filesystem = connect(made.settings(made.login).url, made.settings(made.login))
    assert not filesystem.refuses_taken_names
    filesystem.close()


def replaced(server: Server, folder: Path, **settings: Any) -> tuple[str | None, bytes]:
    """Send a PDF and then another of its name; return what went wrong, and what stands there."""
    root = server.new_root()
    with open_remote(server.settings(root, **settings)) as remote:
        remote.publish([stage(folder, "a.pdf", b"old")], run="r1")
        [outcome] = remote.publish([stage(folder, "a.pdf", b"new, and longer", replaces=True)], run="r2")
    assert list(held(root)) == ["a.pdf"]
    return outcome.error, held(root)["a.pdf"]


def test_a_server_that_replaces_by_a_plain_rename_does_so_where_the_settings_say(conch: Server, tmp_path: Path) -> None:
    error, there = replaced(conch, tmp_path)
    assert "can't replace a file by renaming" in str(error)
    assert there == b"old"
    assert replaced(conch, tmp_path, replace_by="rename") == (None, b"new, and longer")


def test_a_server_that_never_replaces_has_the_old_pdf_removed_first_where_the_settings_say(
    erlang: Server, tmp_path: Path
) -> None:
    error, there = replaced(erlang, tmp_path, replace_by="rename")
    assert error is not None
    assert there == b"old"
    assert replaced(erlang, tmp_path, replace_by="remove") == (None, b"new, and longer")


def test_to_make_room_for_a_report_nothing_is_removed(erlang: Server, tmp_path: Path) -> None:
    root = erlang.new_root()
    root.joinpath("open_ar.csv").write_bytes(b"theirs")
    with open_remote(erlang.settings(root, replace_by="remove")) as remote:
        [outcome] = remote.publish([stage(tmp_path, "open_ar.csv", b"ours")], run="r1")
    assert "already exists" in str(outcome.error)
    assert held(root) == {"open_ar.csv": b"theirs"}


REPLACE, APART = "replace a file by renaming", "keep 8 open files apart"


@pytest.mark.parametrize(
    ("make", "differs"), [("erlang", [REPLACE, APART]), ("conch", [REPLACE]), ("dropbear", [])], ids=str
)
def test_a_probe_finds_what_a_server_does_otherwise_and_what_helps(get: Get, make: str, differs: list[str]) -> None:
    root = get(make).new_root()
    with open_remote(get(make).settings(root)) as remote:
        tried = remote.probe("")
    assert [each.what for each in tried if each.answer] == differs
    assert all(each.advice for each in tried if each.answer)
    assert held(root) == {}


def test_a_probe_says_which_way_a_server_replaces(get: Get) -> None:
    advice = {}
    for make in ("erlang", "conch"):
        with open_remote(get(make).settings(get(make).new_root())) as remote:
            advice[make] = next(each.advice for each in remote.probe("") if each.what == REPLACE)
    assert 'replace_by = "remove"' in advice["erlang"]
    assert 'replace_by = "rename"' in advice["conch"]

"""Everything that can go wrong at a receiver, at every request of a delivery."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from arfeed.delivery.rehearsal.faults import Faults
from arfeed.delivery.remote import open_remote
from arfeed.delivery.uploads import Outcome
from arfeed.model.errors import DestinationError
from arfeed.sftp import channels
from support.servers.makes import Server, rehearsal_server
from support.servers.staging import held, stage

REQUESTS = 25
"""More requests than three files and a report take."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with rehearsal_server() as started:
        yield started


@pytest.fixture
def faults(server: Server) -> Iterator[Faults]:
    """The faults of the receiver, none at first; whatever a test switches on is switched off behind it."""
    for name in Faults.__slots__:
        setattr(server.faults, name, getattr(Faults(), name))
    yield server.faults
    for name in Faults.__slots__:
        setattr(server.faults, name, getattr(Faults(), name))


@pytest.fixture
def root(server: Server, faults: Faults) -> Path:
    return server.new_root()


def deliver(server: Server, root: Path, folder: Path, count: int = 3, **changes: str) -> list[Outcome]:
    """Send PDFs, then a report, as a run does."""
    documents = [stage(folder, f"{number}.pdf", f"%PDF {number}".encode(), replaces=True) for number in range(count)]
    report = stage(folder, "open_ar.csv", b"ref\r\n" * 1000, below="csv_data_uploads")
    with open_remote(server.settings(root, **changes)) as remote:
        return [*remote.publish(documents, run="r1"), *remote.publish([report], run="r1")]


def whole(count: int = 3) -> dict[str, bytes]:
    documents = {f"{number}.pdf": f"%PDF {number}".encode() for number in range(count)}
    return {**documents, "csv_data_uploads/open_ar.csv": b"ref\r\n" * 1000}


def nothing_is_half_published(root: Path) -> bool:
    named = {name: content for name, content in held(root).items() if not name.endswith(".part")}
    return named.items() <= whole().items()


@pytest.mark.parametrize("publish", ["rename", "direct"])
def test_every_request_is_among_those_that_are_broken(
    server: Server, faults: Faults, root: Path, tmp_path: Path, publish: str
) -> None:
    deliver(server, root, tmp_path, publish=publish)
    assert REQUESTS - 8 < faults.requests < REQUESTS


@pytest.mark.parametrize("publish", ["rename", "direct"])
@pytest.mark.parametrize("number", range(1, REQUESTS))
def test_at_whatever_request_it_hangs_up_everything_arrives(
    server: Server, faults: Faults, root: Path, tmp_path: Path, number: int, publish: str
) -> None:
    faults.disconnect_at = {number}
    outcomes = deliver(server, root, tmp_path, publish=publish)
    assert [outcome.error for outcome in outcomes] == [None] * 4
    assert held(root) == whole()


@pytest.mark.parametrize("number", range(1, REQUESTS, 3))
def test_at_whatever_request_it_goes_silent_everything_arrives(
    server: Server, faults: Faults, root: Path, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "ANSWER_SECONDS", 0.2)
    faults.stall_at = {number}
    assert [outcome.error for outcome in deliver(server, root, tmp_path)] == [None] * 4
    assert held(root) == whole()


@pytest.mark.parametrize("number", range(1, REQUESTS))
def test_a_receiver_that_hangs_up_for_good_holds_nothing_half(
    server: Server, faults: Faults, root: Path, tmp_path: Path, number: int
) -> None:
    faults.disconnect_at = range(number, sys.maxsize)
    with pytest.raises(DestinationError, match="Run the same command again"):
        deliver(server, root, tmp_path)
    assert nothing_is_half_published(root)
    faults.disconnect_at = ()


def test_a_receiver_that_goes_silent_for_good_is_given_up(
    server: Server, faults: Faults, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "ANSWER_SECONDS", 0.1)
    faults.stall_at = range(8, sys.maxsize)
    with pytest.raises(DestinationError, match=r"no answer for 0\.1 seconds"):
        deliver(server, root, tmp_path)
    assert nothing_is_half_published(root)


def test_a_rename_whose_answer_is_lost_is_not_done_twice(
    server: Server, faults: Faults, root: Path, tmp_path: Path
) -> None:
    faults.lose_rename = True
    assert [(outcome.error, outcome.verified) for outcome in deliver(server, root, tmp_path)] == [(None, True)] * 4
    assert held(root) == whole()


def test_a_refused_rename_is_said_and_leaves_nothing(
    server: Server, faults: Faults, root: Path, tmp_path: Path
) -> None:
    faults.refuse_rename = True
    outcomes = deliver(server, root, tmp_path)
    assert all("right to rename" in str(outcome.error) for outcome in outcomes)
    assert held(root) == {}


def test_a_receiver_that_replaces_nothing_takes_new_files_and_keeps_old_ones(
    server: Server, faults: Faults, root: Path, tmp_path: Path
) -> None:
    faults.refuse_replacing = True
    root.joinpath("0.pdf").write_bytes(b"old")
    replaced, *others = deliver(server, root, tmp_path)
    assert "can't replace a file" in str(replaced.error)
    assert [outcome.error for outcome in others] == [None] * 3
    assert held(root) == {**whole(), "0.pdf": b"old"}


def test_one_file_that_may_not_be_written_does_not_stop_the_others(
    server: Server, faults: Faults, root: Path, tmp_path: Path
) -> None:
    faults.permission_denied = ["1.pdf"]
    errors = [outcome.error for outcome in deliver(server, root, tmp_path)]
    assert [error is None for error in errors] == [True, False, True, True]
    assert held(root) == {name: content for name, content in whole().items() if name != "1.pdf"}


@pytest.mark.parametrize(("publish", "exposed"), [("rename", False), ("direct", True)])
def test_a_full_disk_fails_each_file_that_does_not_fit(
    server: Server, faults: Faults, root: Path, tmp_path: Path, publish: str, exposed: bool
) -> None:
    faults.disk_full_after = 30
    *documents, report = deliver(server, root, tmp_path, publish=publish)
    assert [document.error for document in documents] == [None] * 3
    assert "No space left on device" in str(report.error)
    assert report.exposed is exposed
    if publish == "rename":
        assert nothing_is_half_published(root)


@pytest.mark.parametrize("most", [1, 7])
def test_a_receiver_that_opens_few_files_is_asked_for_fewer(
    server: Server, faults: Faults, root: Path, tmp_path: Path, most: int
) -> None:
    faults.most_handles = most
    assert [outcome.error for outcome in deliver(server, root, tmp_path, count=100)] == [None] * 101
    assert held(root) == whole(100)


@pytest.mark.parametrize("publish", ["rename", "direct"])
def test_a_receiver_that_takes_files_away_at_once_has_them(
    server: Server, faults: Faults, root: Path, tmp_path: Path, publish: str
) -> None:
    faults.take_away = True
    outcomes = deliver(server, root, tmp_path, publish=publish)
    verified = publish == "rename"  # seen whole under its other name
    assert [(outcome.error, outcome.verified) for outcome in outcomes] == [(None, verified)] * 4
    assert held(root) == {}


def test_a_receiver_that_lets_nobody_in_any_more_ends_the_delivery(
    server: Server, faults: Faults, root: Path, tmp_path: Path
) -> None:
    upload = stage(tmp_path, "a.pdf", b"%PDF")
    with open_remote(server.settings(root)) as remote:
        faults.refuse_login, faults.disconnect_at = True, range(1, sys.maxsize)
        with pytest.raises(DestinationError, match="did not let 'arfeed' log in"):
            remote.publish([upload], run="r1")


@pytest.mark.parametrize("publish", ["rename", "direct"])
def test_content_is_read_back_where_that_is_asked_for(
    server: Server, faults: Faults, root: Path, tmp_path: Path, publish: str
) -> None:
    upload = stage(tmp_path, "a.pdf", b"%PDF a")
    upload.path.write_bytes(b"%PDF b")  # as if the disk had turned a bit
    with open_remote(server.settings(root, publish=publish, verify="content")) as remote:
        bad, good = remote.publish([upload, stage(tmp_path, "c.pdf", b"%PDF" * 2_000_000)], run="r1")
    assert "other bytes than were sent" in str(bad.error)
    assert (good.error, good.verified) == (None, True)

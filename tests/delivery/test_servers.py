"""Servers that do what servers should not, and connections that end."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import ClassVar, cast

import asyncssh
import pytest

from arfeed.delivery.remote import open_remote
from arfeed.model.errors import DestinationError
from arfeed.sftp import channels
from support.servers.embedded import embedded_server
from support.servers.staging import held, stage


class Embedded(asyncssh.SFTPServer):
    """Asyncssh's server, with its arguments as paths on this machine."""

    def local(self, path: bytes) -> Path:
        return Path(os.fsdecode(self.map_path(path)))


class OverwritesAtRename(Embedded):
    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self.local(oldpath).replace(self.local(newpath))


class CannotReplace(Embedded):
    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("not here")


class RenamesAndComplains(OverwritesAtRename):
    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().rename(oldpath, newpath)
        raise asyncssh.SFTPFailure("lost my head")


class RenamesAndHangsUp(OverwritesAtRename):
    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().rename(oldpath, newpath)
        self.connection.abort()


class RenamesTakesAwayAndHangsUp(OverwritesAtRename):
    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().rename(oldpath, newpath)
        self.local(newpath).unlink()
        self.connection.abort()


class RenamesTakesAwayAndComplains(OverwritesAtRename):
    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().rename(oldpath, newpath)
        self.local(newpath).unlink()
        raise asyncssh.SFTPFailure("lost my head")


class NotesRemovals(Embedded):
    removed: ClassVar[list[str]] = []

    def remove(self, path: bytes) -> None:
        self.removed.append(self.local(path).name)
        super().remove(path)


class HangsUpInsteadOfRenaming(Embedded):
    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self.connection.abort()


class RenamesLate(Embedded):
    """Hangs up before the first rename, which it carries out when the part is gone or another has come."""

    first: ClassVar[bool] = True
    pending: ClassVar[tuple[Path, Path]]
    found: ClassVar[list[bool]] = []

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        if RenamesLate.first:
            RenamesLate.first = False
            RenamesLate.pending = self.local(oldpath), self.local(newpath)
            self.connection.abort()
            return
        part, target = RenamesLate.pending
        RenamesLate.found.append(part.exists())
        if part.exists():
            part.rename(target)
        super().rename(oldpath, newpath)


class KeepsHalf(Embedded):
    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        super().write(file_obj, offset, data[: len(data) // 2])
        return len(data)


class ComplainsAtClose(Embedded):
    def close(self, file_obj: object) -> None:
        super().close(file_obj)
        raise asyncssh.SFTPFailure("no space after all")


class OpensNothing(Embedded):
    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        raise asyncssh.SFTPPermissionDenied("not you")


class TakesAwayAtClose(Embedded):
    def close(self, file_obj: object) -> None:
        super().close(file_obj)
        Path(os.fsdecode(file_obj.name)).unlink()  # type: ignore[attr-defined]


class NeverAnswers(Embedded):
    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await asyncio.sleep(3600)
        return len(data)


class FillsUp(Embedded):
    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if offset:
            raise asyncssh.SFTPFailure("disk full")
        return len(data)


class StatesNoSizes(Embedded):
    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        attributes = asyncssh.SFTPAttrs.from_local(self.local(path).stat())
        attributes.size = None
        return attributes


class ExchangesContents(Embedded):
    """Gives each file a handle, and mixes up what is written all the same."""

    opened: ClassVar[list[object]] = []

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        self.opened.append(super().open(path, pflags, attrs))
        return self.opened[-1]

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        return cast("int", super().write(self.opened[-1], offset, data))


def test_a_server_that_overwrites_at_rename_is_asked_first(tmp_path: Path) -> None:
    with embedded_server(OverwritesAtRename, tmp_path) as settings, open_remote(settings()) as remote:
        tmp_path.joinpath("root", "open_ar.csv").write_bytes(b"theirs")
        [outcome] = remote.publish([stage(tmp_path, "open_ar.csv", b"ours")], run="r1")
    assert "already exists" in str(outcome.error)
    assert held(tmp_path / "root") == {"open_ar.csv": b"theirs"}


def test_a_server_that_cannot_replace_keeps_the_old_file(tmp_path: Path) -> None:
    with embedded_server(CannotReplace, tmp_path) as settings, open_remote(settings()) as remote:
        tmp_path.joinpath("root", "a.pdf").write_bytes(b"old")
        [outcome] = remote.publish([stage(tmp_path, "a.pdf", b"new", replaces=True)], run="r1")
    assert "can't replace a file" in str(outcome.error)
    assert held(tmp_path / "root") == {"a.pdf": b"old"}


@pytest.mark.parametrize("kind", [RenamesAndComplains, RenamesAndHangsUp])
def test_a_rename_that_was_done_counts_whatever_was_answered(tmp_path: Path, kind: type[Embedded]) -> None:
    with embedded_server(kind, tmp_path) as settings, open_remote(settings()) as remote:
        [outcome] = remote.publish([stage(tmp_path, "open_ar.csv", b"ours")], run="r1")
        assert remote.sizes("") == {"open_ar.csv": 4}
    assert (outcome.error, outcome.verified) == (None, True)
    assert held(tmp_path / "root") == {"open_ar.csv": b"ours"}


def test_a_file_that_was_named_and_taken_away_while_the_line_broke_is_not_verified(tmp_path: Path) -> None:
    with embedded_server(RenamesTakesAwayAndHangsUp, tmp_path) as settings, open_remote(settings()) as remote:
        [outcome] = remote.publish([stage(tmp_path, "open_ar.csv", b"ours")], run="r1")
    assert (outcome.error, outcome.verified) == (None, False)


def test_an_upload_that_went_at_a_rename_answered_by_an_error_may_have_had_its_name(tmp_path: Path) -> None:
    with embedded_server(RenamesTakesAwayAndComplains, tmp_path) as settings, open_remote(settings()) as remote:
        [outcome] = remote.publish([stage(tmp_path, "open_ar.csv", b"ours")], run="r1")
    assert "lost my head" in str(outcome.error)
    assert outcome.exposed


@pytest.mark.parametrize("publish", ["rename", "direct"])
def test_to_replace_a_file_nothing_is_removed(tmp_path: Path, publish: str) -> None:
    NotesRemovals.removed.clear()
    with embedded_server(NotesRemovals, tmp_path) as settings, open_remote(settings(publish)) as remote:
        for run, content in (("r1", b"old"), ("r2", b"new")):
            [outcome] = remote.publish([stage(tmp_path, "a.pdf", content, replaces=True)], run=run)
            assert outcome.error is None
    assert NotesRemovals.removed == []


def test_a_rename_that_is_never_answered_is_given_up_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        embedded_server(HangsUpInsteadOfRenaming, tmp_path) as settings,
        pytest.raises(DestinationError, match=r"was lost while delivering open_ar\.csv"),
        open_remote(settings()) as remote,
    ):
        remote.publish([stage(tmp_path, "open_ar.csv", b"ours")], run="r1")
    assert "open_ar.csv" not in held(tmp_path / "root")


def test_a_rename_that_the_server_carries_out_late_finds_nothing_to_rename(tmp_path: Path) -> None:
    asked: list[int] = []
    with embedded_server(RenamesLate, tmp_path) as settings, open_remote(settings()) as remote:
        [outcome] = remote.publish(
            [stage(tmp_path, "open_ar.csv", b"ours")], run="r1", before_naming=lambda: asked.append(1)
        )
    assert (outcome.error, outcome.verified, len(asked)) == (None, True, 2)
    assert RenamesLate.found == [False]
    assert held(tmp_path / "root") == {"open_ar.csv": b"ours"}


def test_files_go_on_over_fresh_connections_as_long_as_some_arrive(tmp_path: Path) -> None:
    uploads = [stage(tmp_path, f"{number}.pdf", b"%PDF") for number in range(20)]
    seen: list[str] = []
    with embedded_server(RenamesAndHangsUp, tmp_path) as settings, open_remote(settings()) as remote:
        outcomes = remote.publish(uploads, run="r1", on_done=lambda outcome: seen.append(outcome.upload.name))
    assert [outcome.error for outcome in outcomes] == [None] * 20
    assert sorted(seen) == sorted(held(tmp_path / "root")) == sorted(upload.name for upload in uploads)


@pytest.mark.parametrize(("publish", "left"), [("rename", {}), ("direct", {"a.pdf": b"%P"})])
def test_a_file_of_another_size_is_a_failure(tmp_path: Path, publish: str, left: dict[str, bytes]) -> None:
    with embedded_server(KeepsHalf, tmp_path) as settings, open_remote(settings(publish)) as remote:
        [outcome] = remote.publish([stage(tmp_path, "a.pdf", b"%PDF")], run="r1")
    assert "holds 2 of 4 bytes" in str(outcome.error)
    assert outcome.exposed is (publish == "direct")
    assert held(tmp_path / "root") == left


@pytest.mark.parametrize(("kind", "exposed"), [(ComplainsAtClose, True), (OpensNothing, False)])
def test_a_direct_write_that_failed_is_exposed_where_something_stands_there(
    tmp_path: Path, kind: type[Embedded], exposed: bool
) -> None:
    with embedded_server(kind, tmp_path) as settings, open_remote(settings("direct")) as remote:
        [outcome] = remote.publish([stage(tmp_path, "open_ar.csv", b"ours")], run="r1")
    assert outcome.error is not None
    assert outcome.exposed is exposed
    assert ("open_ar.csv" in held(tmp_path / "root")) is exposed


def test_a_file_that_is_taken_away_at_once_is_delivered_but_not_verified(tmp_path: Path) -> None:
    with embedded_server(TakesAwayAtClose, tmp_path) as settings, open_remote(settings("direct")) as remote:
        [outcome] = remote.publish([stage(tmp_path, "a.pdf", b"%PDF")], run="r1")
    assert (outcome.error, outcome.verified) == (None, False)


@pytest.mark.parametrize("publish", ["rename", "direct"])
def test_a_server_that_never_answers_is_a_lost_connection(
    tmp_path: Path, publish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "ANSWER_SECONDS", 0.2)
    with (
        embedded_server(NeverAnswers, tmp_path) as settings,
        pytest.raises(DestinationError, match=r"lost while delivering open_ar\.csv"),
        open_remote(settings(publish)) as remote,
    ):
        remote.publish([stage(tmp_path, "open_ar.csv", b"ours")], run="r1")
    assert held(tmp_path / "root").get("open_ar.csv") in (None, b"")


CLOSE = "Sending close for handle"


def test_a_broken_direct_write_is_never_closed_but_the_connection_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "asyncssh")
    upload = stage(tmp_path, "open_ar.csv", os.urandom(2_000_000))
    with embedded_server(FillsUp, tmp_path) as settings, open_remote(settings("direct")) as remote:
        [outcome] = remote.publish([upload], run="r1")
    assert "disk full" in str(outcome.error)
    assert outcome.exposed
    assert CLOSE not in caplog.text


def test_a_broken_write_under_another_name_costs_only_that_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "asyncssh")
    uploads = [stage(tmp_path, "open_ar.csv", os.urandom(2_000_000)), stage(tmp_path, "empty.pdf", b"")]
    with embedded_server(FillsUp, tmp_path) as settings, open_remote(settings()) as remote:
        report, document = remote.publish(uploads, run="r1")
    assert "disk full" in str(report.error)
    assert document.error is None
    assert held(tmp_path / "root") == {"empty.pdf": b""}
    assert caplog.text.count(CLOSE) == 3  # the broken one is tried twice, the second time block by block


@pytest.mark.parametrize("publish", ["rename", "direct"])
@pytest.mark.parametrize("verify", ["content", "none"])
def test_a_server_that_states_no_sizes_is_delivered_to_where_the_settings_say_how_to_verify(
    tmp_path: Path, publish: str, verify: str
) -> None:
    with (
        embedded_server(StatesNoSizes, tmp_path) as settings,
        open_remote(settings(publish).model_copy(update={"verify": verify})) as remote,
    ):
        outcomes = remote.publish([stage(tmp_path, f"{number}.pdf", b"%PDF") for number in range(5)], run="r1")
        [taken] = remote.publish([stage(tmp_path, "1.pdf", b"another")], run="r2")
    assert [(outcome.error, outcome.verified) for outcome in outcomes] == [(None, True)] * 5
    assert "already exists" in str(taken.error)
    assert held(tmp_path / "root") == {f"{number}.pdf": b"%PDF" for number in range(5)}


def test_a_server_that_states_no_sizes_is_named_as_such(tmp_path: Path) -> None:
    with embedded_server(StatesNoSizes, tmp_path) as settings, open_remote(settings()) as remote:
        [outcome] = remote.publish([stage(tmp_path, "a.pdf", b"%PDF")], run="r1")
        (sizes,) = (each for each in remote.probe("") if each.what == "see its size")
    assert "does not state how large files are" in str(outcome.error)
    assert 'verify = "content"' in str(outcome.error)
    assert 'verify = "content"' in str(sizes.answer)
    assert sizes.advice == ""  # it fails, since deliveries do


def test_what_was_read_back_and_goes_on_is_another_content(tmp_path: Path) -> None:
    class AddsBytes(StatesNoSizes):
        def close(self, file_obj: object) -> None:
            name = Path(os.fsdecode(file_obj.name))  # type: ignore[attr-defined]
            written = file_obj.mode != "rb"  # type: ignore[attr-defined]
            super().close(file_obj)
            if written:
                name.write_bytes(name.read_bytes() + b"!")

    with (
        embedded_server(AddsBytes, tmp_path) as settings,
        open_remote(settings().model_copy(update={"verify": "content"})) as remote,
    ):
        [outcome] = remote.publish([stage(tmp_path, "a.pdf", b"%PDF")], run="r1")
    assert "holds other bytes" in str(outcome.error)


def test_a_probe_finds_a_server_that_mixes_files_up_under_handles_of_their_own(tmp_path: Path) -> None:
    ExchangesContents.opened.clear()
    with embedded_server(ExchangesContents, tmp_path) as settings, open_remote(settings()) as remote:
        (apart,) = (each for each in remote.probe("") if "apart" in each.what)
    assert "with other content than was written to them" in str(apart.answer)
    assert apart.advice == ""  # no delivery could notice

"""What is installed is read once and kept, and what is kept never differs from what is there."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

from arfeed.plugins import installed
from support.plugins.strangers import install

Row = tuple[str, str, str, str]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder, with nothing in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "arfeed" / "installed"


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each question is a new process's, with Python's own finder; importlib_metadata puts another in its place."""
    plain = [finder for finder in sys.meta_path if finder is PathFinder or not hasattr(finder, "find_distributions")]
    monkeypatch.setattr(sys, "meta_path", plain)
    find = staticmethod(importlib.metadata.MetadataPathFinder.find_distributions)
    monkeypatch.setattr(PathFinder, "find_distributions", find, raising=False)
    yield
    installed._find.cache_clear()


def ask() -> installed.Installed:
    installed._find.cache_clear()
    return installed.find_installed()


def rows(found: installed.Installed) -> list[Row]:
    return sorted(
        (point.name, point.value, point.group, str(getattr(point.dist, "_path", ""))) for point in found.points
    )


def ours_and_mine(found: installed.Installed) -> set[str]:
    return {point.name for point in found.points.select(group="arfeed")}


def test_it_is_what_python_itself_finds_when_read_and_when_recalled(cache: Path) -> None:
    program = (
        "import importlib.metadata as m, json;"
        "points = [point for each in m.distributions() for point in each.entry_points];"
        "print(json.dumps([(p.name, p.value, p.group, str(p.dist._path)) for p in points]))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    theirs = json.loads(subprocess.check_output([sys.executable, "-c", program], env=environment, text=True))
    read, recalled = ask(), ask()
    assert [*cache.iterdir()]
    assert {*rows(read)} <= {tuple(row) for row in theirs}
    assert {row[:3] for row in rows(read)} == {tuple(row[:3]) for row in theirs}
    assert rows(recalled) == rows(read)
    assert recalled.names == read.names
    assert {name for name, _ in recalled.names.values()} >= {"arfeed"}


def test_what_was_kept_is_not_read_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = ask()
    monkeypatch.setattr(installed, "distributions", lambda: pytest.fail("it was read again"))
    assert rows(ask()) == rows(read)
    for file in cache.iterdir():
        file.unlink()
    with pytest.raises(pytest.fail.Exception):
        ask()


@pytest.mark.parametrize("change", ["installed", "offers more", "offers as much", "removed", "renamed"])
def test_every_change_of_what_is_installed_is_seen(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    site = install(tmp_path / "site", "mine", "")
    monkeypatch.syspath_prepend(site)
    assert "mine" in ours_and_mine(ask())
    assert "mine" in ours_and_mine(ask())
    info = site / "arfeed_mine-1.2.dist-info"
    if change == "installed":
        install(site, "other", "")
        assert ours_and_mine(ask()) >= {"mine", "other"}
    elif change.startswith("offers"):
        was = info.joinpath("entry_points.txt").stat()
        text = "[arfeed]\nmind = arfeed_mine\n" if change == "offers as much" else "[arfeed]\nmore = a\nmind = b\n"
        info.joinpath("entry_points.txt").write_text(text)
        # As an archive that is unpacked over it would: of the same size and time.
        os.utime(info / "entry_points.txt", ns=(was.st_atime_ns, was.st_mtime_ns))
        found = ours_and_mine(ask())
        assert "mind" in found
        assert "mine" not in found
    elif change == "removed":
        info.joinpath("entry_points.txt").unlink()
        assert "mine" not in ours_and_mine(ask())
    else:
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 9\n")
        assert ("another", "9") in ask().names.values()


@pytest.mark.parametrize("damage", ["cut off", "of another form", "of another state", "not JSON"])
def test_a_file_that_is_of_no_use_is_read_over(cache: Path, damage: str) -> None:
    read = ask()
    (file,) = cache.iterdir()
    whole = file.read_text()
    document = json.loads(whole)
    document["points"] = [["xero", "evil", "arfeed", "/nowhere"]]
    if damage == "of another state":
        document["state"] = "0" * 64
    if damage == "of another form":
        document["names"] = 5
    file.write_text({"cut off": whole[:200], "not JSON": "\x00"}.get(damage, json.dumps(document)))
    assert rows(ask()) == rows(read)
    assert file.read_text() == whole


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows knows no such owners")
def test_a_file_of_somebody_else_decides_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = ask()
    (file,) = cache.iterdir()
    document = json.loads(file.read_text())
    document["points"] = [["xero", "evil", "arfeed", "/nowhere"]]
    file.write_text(json.dumps(document))
    assert rows(ask()) != rows(read)  # one's own is believed
    uid = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: uid)
    assert rows(ask()) == rows(read)


def test_without_a_folder_that_can_be_written_everything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "xero" in ours_and_mine(ask())


def test_places_that_are_no_folders_are_read_each_time(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("archive.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    monkeypatch.syspath_prepend(tmp_path / "archive.zip")
    assert "xero" in ours_and_mine(ask())
    assert not cache.exists()


def test_others_who_ask_python_get_the_same_answer(cache: Path) -> None:
    assert importlib.metadata.entry_points is installed.entry_points
    assert importlib.metadata.entry_points(group="arfeed", name="xero")
    assert importlib.metadata.entry_points().select(group="arfeed", name="xero")

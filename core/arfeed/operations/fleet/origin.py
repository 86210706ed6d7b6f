"""Where the plugins.toml of all feeds come from: a folder, such as a checkout of git, or an fsspec URL.

Every worker runs a feed only by the very text that was registered, whichever way it got it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from arfeed.model.errors import ConfigError
from arfeed.plugins.shared import resolve


def is_remote(place: str) -> bool:
    """Whether feeds are copied from there, and not read where they are."""
    return "://" in place


def check_place(place: str) -> str:
    """Return a folder as an absolute path, or a URL as it is. Raise `ConfigError` for one with a password."""
    if not is_remote(place):
        return str(Path(place).absolute())
    if re.search(r"://[^/@]*:[^/@]*@", place):
        raise ConfigError("the URL of the feeds holds a password, and every worker could read it: leave it out")
    return place


def digest_feed(config: Path) -> str:
    """Return a hash of a plugins.toml and the files that it extends; blank if they can't be read."""
    try:
        texts = {config: config.read_bytes()}
        resolved = resolve(config, tomllib.loads(texts[config].decode()), lambda file: tomllib.loads(file.read_text()))
        texts |= {file: file.read_bytes() for file in resolved.files}
    except (OSError, ValueError, ConfigError):
        return ""
    return _digest(hashlib.sha256(text).hexdigest() for text in texts.values())


def digest_all(digests: Iterable[str]) -> str:
    """Return one hash of those of all feeds."""
    return _digest(sorted(digests))


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def fetch(place: str, cache: Path) -> Path:
    """Return the folder of the feeds; what is behind a URL is copied below `cache` first, its *.toml files only.

    Raise `ConfigError` if it can't be read.
    """
    if not is_remote(place):
        return Path(place)
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as part:
        copied = Path(part, "feeds")
        _copy(place, copied)
        texts = sorted((str(file.relative_to(copied)), file.read_bytes()) for file in copied.rglob("*.toml"))
        # By content, so that a run that is under way keeps the files that it began with.
        kept = cache / _digest(f"{name} {hashlib.sha256(text).hexdigest()}" for name, text in texts)[:32]
        if not kept.exists():
            shutil.move(copied, kept)
    return kept


def _copy(place: str, folder: Path) -> None:
    from fsspec.core import url_to_fs

    try:
        files, root = url_to_fs(place)
        found = [name for name in files.find(root, maxdepth=2) if name.endswith(".toml")]
        # A key in a bucket may be any text, and must lead to no other place here.
        names = [name for name in found if ".." not in PurePosixPath(name).parts]
        for name in names:
            target = folder / PurePosixPath(name).relative_to(root.rstrip("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files.cat_file(name))
    except (OSError, ValueError, ImportError) as exc:
        raise ConfigError(f"{place}: the feeds can't be read from there: {type(exc).__name__}: {exc}") from exc
    if not names:
        raise ConfigError(f"{place}: there is no feed: neither a *.toml in it nor a */plugins.toml")


class Copies:
    """A worker's copy of the feeds: its own folder, or what was fetched last from where they were registered."""

    def __init__(self, own: Path | None, cache: Path, place: Callable[[], str]) -> None:
        """Take them from a folder, if one is named, or else from the place that is returned."""
        self._own, self._cache, self._place = own, cache, place
        self._last: Path | None = None

    def find(self, place: str, digest: str) -> Path:
        """Return a feed's plugins.toml. Raise `ConfigError` if it is not the one that was registered."""
        for folder in self._folders():
            config = folder / place
            if digest_feed(config) == digest:
                return config
        raise ConfigError(
            f"{config}: it is not what was registered; bring it up to date here, or register again: arfeed fleet "
            "register DIR"
        )

    def _folders(self) -> Iterator[Path]:
        """Yield the last copy, and a new one, which is made only if that one is not right any more."""
        if self._own:
            yield self._own
            return
        if self._last:
            yield self._last
        self._last = fetch(self._place(), self._cache)
        yield self._last

"""Where files are kept: folders, buckets, ZIP archives and SFTP servers, all behind one class."""

from __future__ import annotations

import io
import posixpath
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from fsspec.implementations.local import LocalFileSystem

from arfeed.model.errors import ArfeedError, SourceError

_ZIP = "zip://"
_SFTP = ("sftp://", "ssh://")
# What fsspec's file systems call these facts.
_TIMES = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")
_TAGS = ("ETag", "etag", "CRC")
_IN_MEMORY = 1 << 26


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a listing: its path, its size in bytes, and when it last changed, in seconds; 0 if unknown.

    `version` changes whenever the content may have changed, and is known without reading the file.
    """

    path: str
    size: int
    changed: float
    version: str


@dataclass(frozen=True, slots=True)
class Storage:
    """A file system, or the inside of a ZIP archive on it if `archive` is that archive's path."""

    filesystem: Any
    archive: str | None = None

    @property
    def on_this_machine(self) -> bool:
        """Whether its files are on this machine."""
        return isinstance(self.filesystem, LocalFileSystem)

    def glob(self, pattern: str) -> list[Entry]:
        """Return the files that match a pattern, sorted by path."""
        with self._listed() as filesystem:
            return _entries(filesystem.glob(pattern, detail=True))

    def listing(self, folder: str, *, deep: bool) -> list[Entry] | None:
        """Return the files of a folder, with those of its subfolders if `deep`; None if there is no such folder."""
        with self._listed() as filesystem:
            if folder and not filesystem.isdir(folder):
                return None
            if deep:
                return _entries(filesystem.find(folder, detail=True))
            return _entries({info["name"]: info for info in filesystem.ls(folder, detail=True)})

    def entry(self, path: str) -> Entry | None:
        """Return the entry of one file; None if there is no such file."""
        with self._listed() as filesystem:
            try:
                return next(iter(_entries({path: filesystem.info(path)})), None)
            except FileNotFoundError:
                return None

    def open(self, path: str) -> IO[bytes]:
        """Open a file. A member of an archive is unpacked to a temporary file first, so that it is seekable."""
        if self.archive is None and self.filesystem.protocol == "memory":
            # All open files of fsspec's memory file system share one position.
            return io.BytesIO(self.filesystem.cat_file(path))
        if self.archive is None:
            return cast("IO[bytes]", self.filesystem.open(path, "rb"))
        unpacked = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller closes it
        with self._unzipped() as archive, archive.open(path) as member:
            shutil.copyfileobj(member, unpacked)
        unpacked.seek(0)
        return cast("IO[bytes]", unpacked)

    def read(self, path: str) -> bytes:
        """Read a whole file."""
        if self.archive is None:
            return cast("bytes", self.filesystem.cat_file(path))
        with self._unzipped() as archive:
            return archive.read(path)

    def url(self, path: str) -> str:
        """Return the URL of a path; a plain path if it is on this machine."""
        if self.archive is not None:
            return f"{_ZIP}{path}::{Storage(self.filesystem).url(self.archive)}"
        return cast("str", self.filesystem.unstrip_protocol(path)).removeprefix("file://").removeprefix("local://")

    def path(self, url: str) -> str:
        """Return the path of a URL within this storage."""
        if self.archive is not None:
            return url.partition("::")[0].removeprefix(_ZIP).strip("/")
        return cast("str", self.filesystem._strip_protocol(url))  # noqa: SLF001 - every file system has it, under this name

    def container(self) -> Entry | None:
        """Return the entry of the archive itself, if this is the inside of one."""
        return Storage(self.filesystem).entry(self.archive) if self.archive else None

    @contextmanager
    def _unzipped(self) -> Iterator[zipfile.ZipFile]:
        with self.filesystem.open(self.archive, "rb") as raw, zipfile.ZipFile(raw) as archive:
            yield archive

    @contextmanager
    def _listed(self) -> Iterator[Any]:
        if self.archive is None:
            # fsspec keeps listings. A file that changed since would look unchanged, and be taken for complete.
            self.filesystem.invalidate_cache()
            yield self.filesystem
            return
        from fsspec.implementations.zip import ZipFileSystem

        with self.filesystem.open(self.archive, "rb") as raw:
            # fsspec would otherwise return the instance of an archive that has been replaced since.
            inside = ZipFileSystem(raw, skip_instance_cache=True)
            try:
                yield inside
            finally:
                inside.close()


class OpenArchive:
    """An archive kept open for as long as this object lives, since opening one reads the list of all its members."""

    def __init__(self, place: Storage) -> None:
        """Open the archive whose inside a storage is."""
        raw = place.filesystem.open(place.archive, "rb")
        weakref.finalize(self, raw.close)
        self._archive = zipfile.ZipFile(raw)

    def read(self, path: str) -> bytes:
        """Read a member."""
        return self._archive.read(path)


def storage_at(url: str, connect_sftp: Callable[[str], Any]) -> Storage:
    """Return the storage of a URL; `connect_sftp` returns the file system of an sftp:// one.

    Raise `SourceError` for an archive in an archive, and for SFTP by any way that would not check the server's key.
    """
    import fsspec

    first, link, rest = url.partition("::")
    # The archive may be on a server: its own storage is found first.
    if first.startswith(_ZIP) and link:
        outer = storage_at(rest, connect_sftp)
        if outer.archive is not None:
            raise SourceError(f"{url}: an archive in an archive can't be read; unpack the outer one")
        return Storage(outer.filesystem, outer.path(rest))
    if url.startswith(_SFTP):
        return Storage(connect_sftp(url))
    # fsspec's own sftp:// accepts any host key, and would be used for one inside a chained URL such as simplecache::.
    if any(scheme in url for scheme in _SFTP):
        raise SourceError(f"{url}: give sftp:// alone or behind zip://; elsewhere nobody would check the server's key")
    return Storage(fsspec.core.url_to_fs(url)[0])


def refuse_sftp(url: str) -> NoReturn:
    """Raise `SourceError`, since nothing says how to log in to a server."""
    raise SourceError(f"{url}: this kind of source has no keys for SFTP; copy the files here first")


@contextmanager
def translate_errors(url: str, failing: str = "it can't be read") -> Iterator[None]:
    """Translate whatever a file system raises to a `SourceError` that names the URL."""
    try:
        yield
    except ArfeedError:
        raise
    except ImportError as exc:
        raise SourceError(f"{url}: {exc}, as in: pip install {posixpath.splitext(str(exc.name or ''))[0]}") from exc
    except zipfile.BadZipFile as exc:
        raise SourceError(f"{url}: the archive can't be read ({exc}); it may be cut off: make it again") from exc
    # Each file system raises the errors of its own library.
    except Exception as exc:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else f"{type(exc).__name__}: {exc}"
        raise SourceError(f"{url}: {failing}: {why}") from exc


def _entries(infos: Mapping[str, Mapping[str, Any]]) -> list[Entry]:
    return [_entry(path, info) for path, info in sorted(infos.items()) if info["type"] == "file"]


def _entry(path: str, info: Mapping[str, Any]) -> Entry:
    tag = next((info[name] for name in _TAGS if info.get(name)), None)
    changed = _seconds(info)
    # A tag changes with the content; a time may be too coarse for two changes in a row.
    return Entry(path, info.get("size") or 0, changed, f"{info.get('size')}-{tag or changed}")


def _seconds(info: Mapping[str, Any]) -> float:
    """Return the time of the last change; each file system has its own name and type for it."""
    changed = next((info[name] for name in _TIMES if info.get(name)), 0)
    if "date_time" in info:
        changed = _zip_time(info["date_time"])
    if isinstance(changed, str):
        changed = datetime.fromisoformat(changed)
    return changed.timestamp() if isinstance(changed, datetime) else float(changed)


def _zip_time(parts: tuple[int, int, int, int, int, int]) -> float:
    """Return the time of an archive's member. ZIP has no time zones; it is only compared with other members."""
    try:
        return datetime(*parts, tzinfo=UTC).timestamp()
    # Some archivers write a month 0.
    except ValueError:
        return 0.0


def is_local(url: str) -> bool:
    """Whether a path or URL is a plain path on this machine."""
    return "://" not in url and "::" not in url


def display_path(file: str) -> str:
    """Return a path as messages show it: relative to the working directory if it is below that."""
    if not is_local(file.removeprefix("file://")):
        return file
    path = Path(file.removeprefix("file://"))
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

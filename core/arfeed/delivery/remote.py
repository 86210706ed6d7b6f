"""The receiver's server, as a run sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from operator import methodcaller
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import stamina
from fsspec.asyn import get_loop

from arfeed.delivery.probe import Tried, probe
from arfeed.delivery.publish import Publication
from arfeed.delivery.server import About, clock_ahead, read_about
from arfeed.delivery.signs import Sign, find_expected_signs, read_signs
from arfeed.delivery.store import Store, make_opener
from arfeed.delivery.uploads import CONNECTION_OVER, Outcome, Upload, check_part, check_uploads
from arfeed.delivery.verification import find_there
from arfeed.model.background import begin
from arfeed.model.errors import DestinationError
from arfeed.model.settings import DestinationSettings
from arfeed.sftp.address import check_folder, check_name, destination_id
from arfeed.sftp.reasons import IRREPLACEABLE, TAKEN

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

_MOST_LOOKED_FOR = 100
"""How many names are looked for one by one, all at once; for more the folder is listed, which may hold many others."""

ATTEMPTS = 5
PATIENCE_SECONDS = 300
"""How often, and for how many seconds, a run reconnects before it gives up."""


@contextmanager
def open_remote(settings: DestinationSettings, *, url: str | None = None, meanwhile: bool = False) -> Iterator[Remote]:
    """Open the destination, at `url` instead of the settings' if it is given; close it at the end.

    With `meanwhile` it opens in the background; the first request waits until it is open, and raises what opening
    raised. Leaving by an exception drops the connection: closing it in order would finish half-written files.
    """
    remote = Remote(settings, url or settings.url)
    try:
        if not meanwhile:
            remote.wait()
        yield remote
    except BaseException:
        remote.abort()
        raise
    finally:
        remote.close()


class Remote:
    """Files below the receiver's root. Methods translate every error of the server into `DestinationError`."""

    def __init__(self, settings: DestinationSettings, url: str) -> None:
        """Begin to connect in a daemon thread."""
        self._settings = settings
        self._where = destination_id(url)
        # Checked before connecting: a mistake in the settings needs no server to be found.
        if settings.part_folder is not None:
            check_folder(settings.part_folder)
        self._open_store = make_opener(url, settings)
        self._opening = begin(self._open)

    def wait(self) -> None:
        """Wait for the connection; raise `DestinationError` or `ConfigError` if it fails."""
        self._opening.result()

    @property
    def _store(self) -> Store:
        return self._opening.result()

    @property
    def shares_handles(self) -> bool:
        """Whether the server is known to mix up files that are open at once; waits for the connection."""
        with self._translate_errors("opening it"):
            return self._store.shares_handles

    def open_one_at_a_time(self) -> None:
        """Send one file at once on each channel, to a server that mixes up more."""
        with self._translate_errors("opening it"):
            self._store.open_one_at_a_time()

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the names and sizes of the files in a folder; none if the folder does not exist."""
        check_folder(folder)
        with self._translate_errors(f"listing {folder or 'the root'}"):
            try:
                return self._ask(lambda store: store.sizes(store.path(folder)))
            except FileNotFoundError:
                return {}

    def check_root(self) -> None:
        """Raise if the root does not exist and will not be created."""
        with self._translate_errors("looking for its folder"):
            # Object stores have no folders; there a missing root is made by the first upload.
            if not self._store.makes_root:
                self._ask(lambda store: store.sizes(store.path("")))

    def about(self) -> About | None:
        """Return what an SFTP server reports about itself; None for any other file system."""
        with self._translate_errors("asking what it can do"):
            return self._ask(read_about)

    def signs(self, *, all_keys: bool = False) -> tuple[Sign, ...]:
        """Return the signs that identify the receiver, with `all_keys` for every host key; see `signs.read_signs`."""
        with self._translate_errors("resolving its folder"):
            return self._ask(lambda store: read_signs(store, all_keys=all_keys))

    def signs_of(self, destination: str) -> tuple[Sign, ...]:
        """Return what another destination would show if it led here, by the keys that known_hosts has for it."""
        with self._translate_errors("resolving its folder"):
            return self._ask(lambda store: find_expected_signs(store, destination, Path(self._settings.known_hosts)))

    def has_folder(self, folder: str) -> bool:
        """Whether a folder below the root exists."""
        check_folder(folder)
        with self._translate_errors(f"looking for {folder or 'the root'}"):
            try:
                self._ask(lambda store: store.sizes(store.path(folder)))
            except FileNotFoundError:
                return False
            return True

    def clock_ahead(self, folder: str) -> float | None:
        """Return the seconds by which the server's clock is ahead, by a scratch file; None if it reports no times."""
        check_folder(folder)
        with self._translate_errors("comparing its clock"):
            return _run(clock_ahead(self._store, folder))

    def probe(self, folder: str) -> list[Tried]:
        """Test permissions in a folder with scratch files; return how each operation ended."""
        check_folder(folder)
        with self._translate_errors("trying it out"):
            return _run(probe(self._store, folder, self._settings))

    def irreplaceable(self, folder: str, names: Iterable[str]) -> dict[str, str]:
        """Map the names in a folder that can't be replaced to the reason, by what the server offered when connecting.

        A server that advertises more than it supports is only detected by trying.
        """
        wanted = set(names)
        # Direct writes over the old file and needs no rename.
        if not wanted or self._settings.publish == "direct" or self._store.replaces:
            return {}
        return dict.fromkeys(wanted & self.sizes(folder).keys(), IRREPLACEABLE)

    def taken(self, folder: str, names: Iterable[str]) -> dict[str, str]:
        """Map the names that are taken in a folder to the reason why nothing is sent under them."""
        wanted = list(names)
        # A listing costs by what is in the folder, which may be years of PDFs; look-ups by what is wanted.
        if len(wanted) > _MOST_LOOKED_FOR:
            return dict.fromkeys(sorted(self.sizes(folder).keys() & set(wanted)), TAKEN)
        paths = [self._path(folder, name) for name in wanted]
        with self._translate_errors("looking for PDFs"):
            there = self._ask(lambda store: find_there(store, paths)) if paths else []
        return {name: TAKEN for name, found in zip(wanted, there, strict=True) if found}

    def read(self, folder: str, name: str) -> bytes:
        """Return the content of a file."""
        path = self._path(folder, name)
        with self._translate_errors(f"reading {name}"):
            return self._ask(lambda store: store.read(path))

    def size(self, folder: str, name: str) -> int | None:
        """Return the size of a file in bytes, 0 if the server states none; None if the file does not exist."""
        path = self._path(folder, name)
        with self._translate_errors(f"looking for {name}"):
            try:
                # That it exists is what callers ask; 0 keeps that apart from None, a file that is absent.
                return self._ask(lambda store: store.size(path)) or 0
            except FileNotFoundError:
                return None

    def ensure_folder(self, folder: str) -> None:
        """Make a folder unless it exists."""
        check_folder(folder)
        with self._translate_errors(f"making the folder {folder!r}, which the receiver may have to make"):
            self._ask(lambda store: store.make_folder(folder))

    def remove(self, folder: str, names: Iterable[str]) -> None:
        """Remove the partial uploads of an interrupted run; anything else is refused."""
        for name in names:
            # The one place that deletes at the receiver: a name from a damaged history must not remove a report.
            check_part(name)
            with self._translate_errors(f"removing the unfinished upload {name}"), suppress(FileNotFoundError):
                self._ask(methodcaller("remove", self._path(folder, name)))

    def publish(
        self,
        uploads: Iterable[Upload],
        *,
        run: str,
        on_done: Callable[[Outcome], None] | None = None,
        before_naming: Callable[[], None] | None = None,
    ) -> list[Outcome]:
        """Publish files, many at once, and return how each ended, in their order.

        `on_done` is called in the caller's thread as each one ends. `before_naming` is called, in another thread, when
        a file is uploaded and about to get its real name; what it raises stops everything and is passed on. One file's
        failure is in its outcome; a lost connection raises, after `on_done` has seen every file that is settled.
        """
        todo = list(uploads)
        # All of them, before the first is sent: a bad name must not be found in mid-delivery.
        check_uploads(todo, run)
        publication = Publication(todo, run=run, settings=self._settings, before_naming=before_naming)
        done: dict[Upload, Outcome] = {}

        def take(outcome: Outcome) -> None:
            done[outcome.upload] = outcome
            if on_done is not None:
                on_done(outcome)

        def go_on() -> None:
            _stream(lambda put: publication.go_on(self._store, put), take)

        with self._translate_errors(f"delivering {todo[0].name if len(todo) == 1 else f'{len(todo)} files'}"):
            self._retry(go_on, succeeded=lambda: sum(outcome.error is None for outcome in done.values()))
        return [done[upload] for upload in todo]

    def abort(self) -> None:
        """Drop the connection; uploads in progress are abandoned."""
        self._when_open(methodcaller("abort"))

    def close(self) -> None:
        """Close the connection."""
        self._when_open(methodcaller("close"))

    def _when_open(self, how: Callable[[Store], object]) -> None:
        """Do this with the store now, or in the connecting thread once it is open; never wait for it."""

        def leave(opened: Future[Store]) -> None:
            # What opening raised is reported by the first request, and there is nothing to close.
            if opened.exception() is None:
                how(opened.result())

        self._opening.add_done_callback(leave)

    def _ask(self, request: Callable[[Store], Coroutine[Any, Any, Result]]) -> Result:
        """Ask the server for something that may be asked for twice."""
        return self._retry(lambda: _run(request(self._store)))

    def _retry(self, do: Callable[[], Result], succeeded: Callable[[], int] = lambda: 0) -> Result:
        """Run `do`, and again over a new connection if one is lost.

        The time for that is bounded, and restarts after each success.
        """
        while True:
            before = succeeded()
            try:
                for attempt in stamina.retry_context(CONNECTION_OVER, attempts=ATTEMPTS, timeout=PATIENCE_SECONDS):
                    with attempt:
                        # Never over the connection that failed: its unanswered requests may still be carried out.
                        if attempt.num > 1:
                            self._reconnect()
                        return do()
            except CONNECTION_OVER:
                # As long as files go on arriving, a bad line is worth another round.
                if succeeded() == before:
                    raise

    def _reconnect(self) -> None:
        mixed_up = self.shares_handles
        why = "mixes up files that are open at once" if mixed_up else "was lost"
        _log.warning("The connection to %s %s; reconnecting", self._where, why)
        # Aborted and not closed: closing would finish half-written files under their names.
        self._store.abort()
        try:
            store = self._open()
        except DestinationError as exc:
            # These settings worked a moment ago, so the cause may pass; as a ConnectionError it is tried again.
            raise ConnectionError(str(exc)) from exc
        # What was seen on one connection holds for the server, and so for the next connection.
        if mixed_up:
            store.open_one_at_a_time()
        self._opening = Future()
        self._opening.set_result(store)

    def _open(self) -> Store:
        with self._translate_errors("opening it"):
            return self._open_store()

    def _path(self, folder: str, name: str) -> str:
        check_folder(folder)
        check_name(name)
        return self._store.path(folder, name)

    @contextmanager
    def _translate_errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except CONNECTION_OVER as exc:
            raise DestinationError(
                f"The connection to {self._where} was lost while {doing} ({exc or 'no answer in time'}). Run the same "
                "command again: it resumes from what has arrived."
            ) from exc
        # A kind of OSError, so it has to come first.
        except PermissionError as exc:
            raise DestinationError(
                f"{self._where} does not allow {doing}. Ask the receiver to grant this permission."
            ) from exc
        except OSError as exc:
            raise DestinationError(
                f"{self._where}: {doing} failed: {exc.strerror or exc}. Check destination.url and ask the receiver."
            ) from exc


def _stream(
    start: Callable[[Callable[[Outcome], None]], Coroutine[Any, Any, None]], take: Callable[[Outcome], None]
) -> None:
    """Run a coroutine on the event loop's thread and take what it hands over in this one."""
    handed: SimpleQueue[Outcome | None] = SimpleQueue()
    future = asyncio.run_coroutine_threadsafe(start(handed.put), get_loop())
    # None ends the loop below also if the coroutine fails before it hands over anything.
    future.add_done_callback(lambda _: handed.put(None))
    try:
        while (outcome := handed.get()) is not None:
            take(outcome)
    # Ctrl-C arrives in this thread only; the coroutine has to be ended with it.
    except BaseException:
        future.cancel()
        raise
    future.result()


def _run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    future = asyncio.run_coroutine_threadsafe(coroutine, get_loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise

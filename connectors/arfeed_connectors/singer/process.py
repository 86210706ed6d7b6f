"""A tap as a process: its lines, and what it reports of itself if it fails. It never outlives the run."""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, cast

from arfeed import SourceError, mask_secrets

_CHUNK = 1 << 16
# A tap that never ends its line must not fill the memory; 16 MiB hold any invoice.
_LONGEST_LINE = 1 << 24
_TAIL = 1 << 16
_SHOWN_LINES, _SHOWN_WIDTH = 12, 300

_GUARD = ("sh", "-c", 'read -r _; rm -rf "$0"; kill -KILL 0')
"""Waits until arfeed ends, or is killed; then removes the private folder and kills the process group, itself too."""


@dataclass(frozen=True, slots=True)
class Place:
    """A private folder and a process group: both end with the run."""

    folder: str
    group: int


@contextmanager
def private_place() -> Iterator[Place]:
    """Make a folder that nobody else may look into, and a process group, and end both."""
    with tempfile.TemporaryDirectory(prefix="arfeed-singer-") as folder:
        guard = subprocess.Popen([*_GUARD, folder], stdin=subprocess.PIPE, process_group=0)  # noqa: S603 - our own
        try:
            yield Place(folder, guard.pid)
        finally:
            # The guard waits for the end of its input, which also comes if arfeed is killed.
            cast("IO[bytes]", guard.stdin).close()
            guard.wait()


@dataclass(frozen=True, slots=True)
class Tap:
    """How to run a tap: its command, where, with which variables, how long it may be silent, and what to hide."""

    command: tuple[str, ...]
    place: Place
    working_folder: str
    environment: Mapping[str, str]
    silence: float
    secrets: tuple[str, ...]

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """Start the tap, and end it. Raise `SourceError` if it can't be started."""
        with self._start([*self.command, *arguments]) as process:
            try:
                yield Running(self, process)
            finally:
                # For a tap that is still at work because an error stopped the reading.
                process.kill()

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - the command is the user's own
                command,
                # A tap that asks for something gets no answer, rather than waiting for one.
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.working_folder,
                env=self.environment,
                process_group=self.place.group,
            )
        except OSError as exc:
            raise SourceError(
                f"the tap can't be started: {exc.strerror}: {exc.filename or command[0]}; install it in a separate "
                "environment and name its executable first in `command`"
            ) from exc


class Running:
    """A tap that is running."""

    def __init__(self, tap: Tap, process: subprocess.Popen[bytes]) -> None:
        """Keep the process, and the last of what it writes to stderr."""
        self._tap = tap
        self._process = process
        self._out, self._err = cast("IO[bytes]", process.stdout).fileno(), cast("IO[bytes]", process.stderr).fileno()
        self._said = b""

    def lines(self) -> Iterator[bytes]:
        """Yield what it writes to stdout, line by line. Raise `SourceError` if it fails or hangs."""
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            # Both pipes at once: a tap whose stderr is full waits for ever, unless somebody reads it.
            selector.register(self._err, selectors.EVENT_READ)
            while selector.get_map():
                for pipe, chunk in self._read(selector):
                    if not chunk:
                        selector.unregister(pipe)
                    elif pipe == self._err:
                        self._said = (self._said + chunk)[-_TAIL:]
                    else:
                        *whole, rest = (rest + chunk).split(b"\n")
                        yield from whole
                if len(rest) > _LONGEST_LINE:
                    raise self.failure(f"the tap writes a line of more than {_LONGEST_LINE >> 20} MiB")
        # Only then: a last line without its end may be what a crash left of it.
        self._insist_on_success()
        if rest:
            yield rest

    def failure(self, what: str) -> SourceError:
        """Return an error with the last lines that the tap wrote to stderr, without secrets."""
        os.set_blocking(self._err, False)
        # Only what is there already: the tap may never write again.
        with suppress(BlockingIOError):
            self._said += os.read(self._err, _TAIL)
        lines = mask_secrets(self._said.decode(errors="replace"), self._tap.secrets).splitlines()
        said = [f"  {line[-_SHOWN_WIDTH:]}" for line in lines if line.strip()][-_SHOWN_LINES:]
        return SourceError("\n".join([f"{what}; its last output:", *said]) if said else what)

    def shown(self, output: bytes) -> str:
        """Return the beginning of some output, without secrets."""
        return repr(mask_secrets(output[:_CHUNK].decode(errors="replace"), self._tap.secrets)[:_SHOWN_WIDTH])

    def _read(self, selector: selectors.BaseSelector) -> Iterator[tuple[int, bytes]]:
        ready = selector.select(self._tap.silence)
        if not ready:
            raise self.failure(f"the tap wrote nothing for {self._tap.silence:g} seconds (silence_seconds)")
        for key, _ in ready:
            yield key.fd, os.read(key.fd, _CHUNK)

    def _insist_on_success(self) -> None:
        """Raise `SourceError` unless the tap's exit code says that it is done."""
        try:
            code = self._process.wait(self._tap.silence)
        except subprocess.TimeoutExpired as exc:
            raise self.failure("the tap closed its output but does not end") from exc
        if code:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise self.failure(f"the tap {how}, so what it wrote may not be all there is")

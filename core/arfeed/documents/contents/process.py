"""The process that reads PDFs, seen from outside: started when needed, limited, and started again when it is lost."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from arfeed.documents.staging import Staged

SECONDS = 20.0
"""How long one PDF may take."""

MEMORY = 1 << 30
"""How many bytes of address space the process may have."""

_FIRST_SECONDS = 40.0
"""More for the first one: the process starts, perhaps on a busy machine."""

_AHEAD = 8
"""How many PDFs a process is asked for at once, so that it never waits for the next."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What a PDF holds: the text of its pages, and the invoices for machines embedded in it.

    `careful` is the text of the same pages read letter by letter, and `attached` that of attached PDFs' pages; None if
    the PDF was not read so. `labelled` is then what stands to the left of and above each word with a digit, and the
    word. `more` says that there are pages beyond those that were read. `quick` says that `pages` are only the first
    ones, or only what the codes of its fonts show: what is not found there has to be looked for once more. `error` is
    why nothing was read: password, unreadable, time, memory or lost (the process died).
    """

    pages: tuple[str, ...] = ()
    invoices: tuple[Embedded, ...] = ()
    more: bool = False
    careful: tuple[str, ...] | None = None
    labelled: tuple[tuple[str, str], ...] = ()
    attached: tuple[str, ...] = ()
    error: str | None = None
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Embedded:
    """An embedded e-invoice: its number, its total as written there, and its currency."""

    number: str
    total: str
    currency: str


def is_available() -> bool:
    """Whether PDFs can be read: `pip install arfeed[pdf]`."""
    return find_spec("pypdfium2") is not None


def _command() -> list[str]:
    # -P: the script's own folder must not be searched for modules; -s: nor the user's.
    return [sys.executable, "-P", "-s", str(Path(__file__).with_name("child.py")), str(MEMORY)]


class PdfReader:
    """Reads PDFs one after another in a separate process. Use it as a context manager."""

    def __init__(
        self, command: Sequence[str] | None = None, seconds: float = SECONDS, first: float = _FIRST_SECONDS
    ) -> None:
        """`command` is what is started to read; `seconds` each PDF may take, the `first` of a process that many."""
        self._command = [*(command or _command())]
        self._seconds, self._first = seconds, first
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._asked: deque[bytes] = deque()
        self._fresh = True

    def __enter__(self) -> Self:
        """Return the reader; nothing is started before the first PDF."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        self._end()

    def read(self, pdf: Staged) -> Extract:
        """Return what a PDF holds, or why it can't be read: whatever it does to the process, the next one is read."""
        self.ask(pdf)
        return self.receive()

    def ask(self, pdf: Staged, wanted: Collection[str] | None = None) -> None:
        """Have a PDF read meanwhile; `receive` returns what it holds, in the order of asking.

        With `wanted` it is read only as far as one of these squeezed numbers is found, and carefully only if none is.
        """
        request = {
            "path": str(pdf.path),
            "start": pdf.start,
            "size": pdf.size,
            "wanted": None if wanted is None else [*wanted],
        }
        self._asked.append(json.dumps(request).encode() + b"\n")
        self._send(self._asked[-1])

    def receive(self) -> Extract:
        """Wait for what the first PDF that was asked for holds."""
        try:
            line = self._answers.get(timeout=self._first if self._fresh else self._seconds)
            error = None if line else "lost"
        except queue.Empty:
            line, error = b"", "time"
        self._asked.popleft()
        if error is None:
            self._fresh = False
            return _extract(json.loads(line))
        self._end()
        # The others that it was asked for have done nothing.
        for request in self._asked:
            self._send(request)
        return Extract(error=error)

    def _send(self, request: bytes) -> None:
        process = self._process or self._start()
        try:
            if process.stdin is not None:
                process.stdin.write(request)
                process.stdin.flush()
        except OSError:
            return  # the process is gone, which `receive` learns from the end of its answers

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._answers, self._fresh = queue.SimpleQueue(), True
        # A thread, since pipes can't be waited for with a limit of time on every system.
        threading.Thread(target=_queue_answers, args=(self._process.stdout, self._answers), daemon=True).start()
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # what was still to be written is for a process that is gone


_MOST_READERS = 4
_WORTH_ONE = 50
"""How many PDFs are worth the start of one more process."""


@contextmanager
def readers(pdfs: int) -> Iterator[Sequence[PdfReader]]:
    """Start enough readers for this many PDFs, at most one per processor."""
    count = min(os.cpu_count() or 1, _MOST_READERS, 1 + pdfs // _WORTH_ONE)
    with ExitStack() as stack:
        yield [stack.enter_context(PdfReader()) for _ in range(count)]


Request = tuple[str, Staged, Collection[str] | None]
"""A PDF's name, where it is, and what is wanted of it."""


def read_all(several: Sequence[PdfReader], requests: Iterable[Request]) -> Iterator[tuple[str, Extract]]:
    """Yield by name what PDFs hold, in their order.

    The readers take turns, and read on while requests are still made and while the caller looks at what was read.
    """
    asked: deque[tuple[str, PdfReader]] = deque()
    turns = cycle(several)
    for name, pdf, wanted in requests:
        if len(asked) == _AHEAD * len(several):
            first, reader = asked.popleft()
            yield first, reader.receive()
        # The one that answered just now is the next one again.
        reader = next(turns)
        reader.ask(pdf, wanted)
        asked.append((name, reader))
    for name, reader in asked:
        yield name, reader.receive()


def _queue_answers(pipe: IO[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    """Hand on each line; a blank one when there are no more."""
    try:
        for line in pipe:
            answers.put(line)
    except (OSError, ValueError):
        pass
    answers.put(b"")


def _extract(said: dict[str, Any]) -> Extract:
    if "error" in said:
        return Extract(error=said["error"])
    invoices = tuple(Embedded(**invoice) for invoice in said["invoices"])
    careful = None if said["careful"] is None else tuple(said["careful"])
    labelled = tuple((label, value) for label, value in said["labelled"])
    return Extract(
        tuple(said["pages"]), invoices, said["more"], careful, labelled, tuple(said["attached"]), quick=said["quick"]
    )

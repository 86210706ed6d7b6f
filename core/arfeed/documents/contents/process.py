"""The process that reads PDFs, seen from outside: started when needed, limited, and started again when it is lost."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from arfeed.documents.staging import Staged

SECONDS = 20.0
"""How long one PDF may take."""

MEMORY = 1 << 30
"""How many bytes of address space the process may have."""

_FIRST_SECONDS = 40.0
"""More for the first one: the process starts, perhaps on a busy machine."""


How = Literal["quickly", "wholly", "carefully"]
"""How a PDF is read: `quickly` may do with a page or without PDFium's text, `carefully` goes letter by letter."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What a PDF holds: the text of its pages, and the invoices for machines embedded in it.

    `attached` are the texts of attached PDFs' pages, if it was read carefully. `more` says that there are pages
    beyond those that were read. `quick` says that `pages` are only the first one, or only what the codes of its fonts
    show: what is not found there has to be looked for once more. `error` is why nothing was read: password,
    unreadable, time, memory or lost (the process died).
    """

    pages: tuple[str, ...] = ()
    invoices: tuple[Embedded, ...] = ()
    more: bool = False
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
    """Reads PDFs one after another in a process of its own. Use it as a context manager."""

    def __init__(
        self, command: Sequence[str] | None = None, seconds: float = SECONDS, first: float = _FIRST_SECONDS
    ) -> None:
        """`command` is what is started to read; `seconds` each PDF may take, the `first` of a process that many."""
        self._command = [*(command or _command())]
        self._seconds, self._first = seconds, first
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._fresh = True

    def __enter__(self) -> Self:
        """Return the reader; nothing is started before the first PDF."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        self._end()

    def read(self, pdf: Staged, how: How = "wholly") -> Extract:
        """Return what a PDF holds, or why it can't be read: whatever it does to the process, the next one is read."""
        self.ask(pdf, how)
        return self.hear()

    def ask(self, pdf: Staged, how: How) -> None:
        """Have a PDF read meanwhile; `hear` returns what it holds. One at a time."""
        request = {
            "path": str(pdf.path),
            "start": pdf.start,
            "size": pdf.size,
            "careful": how == "carefully",
            "quick": how == "quickly",
        }
        process = self._process or self._start()
        try:
            if process.stdin is not None:
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
        except OSError:
            self._answers.put(b"")  # the process is gone, which `hear` reports

    def hear(self) -> Extract:
        """Wait for what the PDF that was asked for holds."""
        try:
            line = self._answers.get(timeout=self._first if self._fresh else self._seconds)
        except queue.Empty:
            self._end()
            return Extract(error="time")
        if not line:
            self._end()
            return Extract(error="lost")
        self._fresh = False
        return _extract(json.loads(line))

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._answers, self._fresh = queue.SimpleQueue(), True
        # A thread, since pipes can't be waited for with a limit of time on every system.
        threading.Thread(target=_hear, args=(self._process.stdout, self._answers), daemon=True).start()
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
    """Have as many readers as so many PDFs are worth, but no more than there are processors."""
    count = min(os.cpu_count() or 1, _MOST_READERS, 1 + pdfs // _WORTH_ONE)
    with ExitStack() as stack:
        yield [stack.enter_context(PdfReader()) for _ in range(count)]


def read_all(several: Sequence[PdfReader], requests: Iterable[tuple[Staged, How]]) -> Iterator[Extract]:
    """Yield what PDFs hold, in their order; each comes with how it is to be read.

    The readers take turns, and read on while the caller looks at what was read.
    """
    waiting = iter(requests)
    asked: deque[PdfReader] = deque()
    for reader, (pdf, how) in zip(several, waiting, strict=False):
        reader.ask(pdf, how)
        asked.append(reader)
    while asked:
        reader = asked.popleft()
        extract = reader.hear()
        for pdf, how in islice(waiting, 1):
            reader.ask(pdf, how)
            asked.append(reader)
        yield extract


def _hear(pipe: IO[bytes], answers: queue.SimpleQueue[bytes]) -> None:
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
    return Extract(
        tuple(said["pages"]), invoices, said["more"], tuple(said["attached"]), quick=said.get("quick", False)
    )

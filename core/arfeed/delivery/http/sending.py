"""The receiver's API, as a run sees it: a server without files, to which calls and PDFs are sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from arfeed.delivery.uploads import Outcome, Upload, check_staged
from arfeed.model.errors import ArfeedError, DestinationError
from arfeed.model.rest.answers import Body
from arfeed.model.rest.client import Patience, RestClient, Trust
from arfeed.model.shipping.api import CallRule
from arfeed.model.text.legible import list_some

if TYPE_CHECKING:
    from arfeed.model.results import DeliveredFile
    from arfeed.model.shipping.api import ApiDestination

T = TypeVar("T")

_AT_ONCE = 16
"""For each connection, that many requests are handed over together; between them the lock is looked at."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Calls of one name within the file of a delivery: the part's size in bytes, from `start` on."""

    path: Path
    part: DeliveredFile
    start: int
    rule: CallRule = field(default_factory=CallRule)


@dataclass(frozen=True, slots=True)
class _Sent:
    method: str
    path: str
    body: Body
    key: str
    repeatable: bool


@contextmanager
def open_api(destination: ApiDestination, *, url: str | None = None, key: str | None = None) -> Iterator[ApiRemote]:
    """Open the API of a destination, at `url` instead of the settings' and with the `key` of its twin if given."""
    settings = destination.settings
    client = RestClient(
        url or settings.url,
        # The key of the real one is not shown to its twin.
        headers={"x-rehearsal": key} if key else destination.headers(),
        token=None if key else destination.token,
        trust=Trust(settings.client_certificate, settings.client_key, settings.authority),
        patience=Patience(settings.timeout_seconds, settings.patience_seconds),
    )
    client.error, client.idempotency_header = DestinationError, destination.idempotency_header
    with client:
        yield ApiRemote(client, destination)


class ApiRemote:
    """A receiver's API, with all that a run asks of a server: it has no folders, so that nothing is listed there.

    Every error is a `DestinationError`, its secrets masked.
    """

    shares_handles = False

    def __init__(self, api: RestClient, destination: ApiDestination) -> None:
        """Take the client to send by."""
        self.api = api
        self._connections = destination.settings.connections
        self._document_method = destination.document_method
        self._replaces_documents = destination.replaces_documents

    def send_calls(self, portion: Portion, *, run: str, check: Callable[[], None]) -> None:
        """Send the calls of a portion, many at once; `check` is called between, and what it raises stops everything.

        Raise `DestinationError`, naming those that failed, if any did; others may have been taken.
        """
        _check_unchanged(portion)

        def send(line: bytes) -> str | None:
            method, path, body = line.decode().rstrip("\n").split(" ", 2)
            # The same for each attempt, and another one in another run: what is closed and opened again has to count.
            key = f"{run}-{hashlib.sha256(line).hexdigest()[:24]}"
            sent = _Sent(method, path, Body(body.encode()), key, portion.rule.repeatable)
            return self._send(sent, portion.rule.taken)

        failed: list[str] = []
        for answers in self._in_batches(send, _lines_of(portion), check):
            failed += [answer for _, answer in answers if answer is not None]
            if failed:
                raise DestinationError(
                    f"{portion.part.name}: the receiver did not take all of them:\n{list_some(failed)}"
                )

    def send_documents(
        self, uploads: Mapping[Upload, str], *, run: str, check: Callable[[], None], done: Callable[[Outcome], None]
    ) -> list[Outcome]:
        """Send PDFs, each to its path, many at once; return how each ended. One's failure is in its outcome.

        If none of many gets there, the rest are not tried.
        """

        def send(upload: Upload) -> str | None:
            try:
                check_staged(upload)
                content = _read(upload)
            except DestinationError as exc:
                return str(exc)
            key = f"{run}-{upload.sha256[:24]}-{hashlib.sha256(upload.name.encode()).hexdigest()[:8]}"
            body = Body(content, "application/pdf")
            return self._send(_Sent(self._document_method, uploads[upload], body, key, self._replaces_documents))

        outcomes: list[Outcome] = []
        for answers in self._in_batches(send, uploads, check):
            for upload, error in answers:
                said = None if error is None else f"{upload.name}: {error}"
                # One that failed may be there all the same: only its answer may have been lost.
                outcomes.append(Outcome(upload, said, error is None, exposed=error is not None))
                done(outcomes[-1])
            if len(answers) > 1 and all(error is not None for _, error in answers):
                why = "not tried, since none of those before it arrived"
                rest = list(uploads)[len(outcomes) :]
                return outcomes + [Outcome(each, f"{each.name}: {why}", verified=False) for each in rest]
        return outcomes

    def _send(self, sent: _Sent, taken: frozenset[int] = frozenset()) -> str | None:
        # Without a header for keys, a key only says that the request may be sent again.
        key = sent.key if sent.repeatable or self.api.idempotency_header else None
        try:
            self.api.request(sent.method, sent.path, body=sent.body, key=key, taken=taken)
        except ArfeedError as exc:
            return str(exc)
        return None

    def _in_batches(
        self, send: Callable[[T], str | None], items: Iterable[T], check: Callable[[], None]
    ) -> Iterator[list[tuple[T, str | None]]]:
        left = iter(items)
        with ThreadPoolExecutor(self._connections, thread_name_prefix="arfeed-api") as pool:
            while batch := [*islice(left, self._connections * _AT_ONCE)]:
                check()
                yield list(zip(batch, pool.map(send, batch), strict=True))

    # --- what a server with files would answer ------------------------------------------------------------------------

    def wait(self) -> None:
        """Connects with the first request."""

    def open_one_at_a_time(self) -> None:
        """There are no files to open."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Return that no file is there."""
        del folder
        return {}

    def check_root(self) -> None:
        """There is no root."""

    def about(self) -> None:
        """Return that nothing is known of an SFTP server."""

    def signs(self, *, all_keys: bool = False) -> tuple[()]:
        """Return no sign: its address identifies an API."""
        del all_keys
        return ()

    def signs_of(self, destination: str) -> tuple[()]:
        """Return no sign."""
        del destination
        return ()

    def has_folder(self, folder: str) -> bool:
        """Whether a folder is there: none is."""
        del folder
        return False

    def clock_ahead(self, folder: str) -> None:
        """Return that the server's clock is not known."""
        del folder

    def probe(self, folder: str) -> list[Any]:
        """Return that nothing was tried."""
        del folder
        return []

    def irreplaceable(self, folder: str, names: Iterable[str]) -> dict[str, str]:
        """Return that every PDF can be replaced."""
        del folder, names
        return {}

    def taken(self, folder: str, names: Iterable[str]) -> dict[str, str]:
        """Return that no name is taken."""
        del folder, names
        return {}

    def read(self, folder: str, name: str) -> NoReturn:
        """Raise: there is no file to read."""
        raise DestinationError(f"{folder}/{name} can't be read: the receiver is an API")

    def size(self, folder: str, name: str) -> None:
        """Return that no file is there."""
        del folder, name

    def ensure_folder(self, folder: str) -> None:
        """There are no folders."""

    def remove(self, folder: str, names: Iterable[str]) -> None:
        """There are no uploads under way."""

    def publish(self, uploads: Iterable[Upload], **options: object) -> NoReturn:
        """Raise: an API takes no files."""
        del uploads, options
        raise DestinationError("the receiver is an API, which takes no files")

    def abort(self) -> None:
        """Close the connections."""
        self.api.close()

    def close(self) -> None:
        """Close the connections."""
        self.api.close()


def _check_unchanged(portion: Portion) -> None:
    digest = hashlib.sha256()
    for line in _lines_of(portion):
        digest.update(line)
    if digest.hexdigest() != portion.part.sha256:
        raise DestinationError(f"{portion.path} has changed since it was staged. Run again.")


def _lines_of(portion: Portion) -> Iterator[bytes]:
    left = portion.part.size
    with portion.path.open("rb") as file:
        file.seek(portion.start)
        while left > 0 and (line := file.readline()):
            left -= len(line)
            yield line


def _read(upload: Upload) -> bytes:
    with upload.path.open("rb") as file:
        file.seek(upload.start)
        content = file.read(upload.size)
    if hashlib.sha256(content).hexdigest() != upload.sha256:
        raise DestinationError("its staged copy has changed since it was staged. Run again.")
    return content


def portions_of(path: Path, parts: Sequence[DeliveredFile], rules: Mapping[str, CallRule]) -> list[Portion]:
    """Return where each of the calls in a delivery's file begins, in order."""
    portions, start = [], 0
    for part in parts:
        portions.append(Portion(path, part, start, rules.get(part.name, CallRule())))
        start += part.size
    return portions

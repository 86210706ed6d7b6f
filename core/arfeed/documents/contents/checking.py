"""Reading the PDFs that are to be sent, and judging whether each is the invoice's that it is filed for."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from arfeed.documents.contents.known import COLUMNS, Invoice, Known
from arfeed.documents.contents.process import PdfReader, Request, is_available, read_all, readers
from arfeed.documents.staging import Staged, find_flaw
from arfeed.model import arrow
from arfeed.model.errors import ConfigError
from arfeed.model.results import DocumentReading

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.documents.contents.judging import Verdict

# What finds numbers and amounts in texts is imported where a PDF is judged: most deliveries have none that is new.
Mode = Literal["off", "warn", "withhold"]

_ENOUGH = 5
"""Of fewer PDFs without their number nothing is said of all of a source's."""


@dataclass(frozen=True, slots=True)
class Verification:
    """How PDFs are verified: what is done with another's, which invoices are known, and what was read before.

    `known` returns rows with the columns `known.COLUMNS`, `kept` the readings by name.
    """

    mode: Mode
    known: Callable[[], pd.DataFrame]
    kept: Callable[[], Mapping[str, DocumentReading]]


def choose_mode(setting: Mode | None) -> Mode:
    """Return what the setting `documents_verify` means here. Raise `ConfigError` if it can't be done."""
    if setting is None:
        return "withhold" if is_available() else "off"
    if setting != "off" and not is_available():
        raise ConfigError(
            f'destination.documents_verify = "{setting}" needs a library that reads PDFs: pip install "arfeed[pdf]"; '
            'or set it to "off"'
        )
    return setting


def open_encrypted(staged: Mapping[str, Staged]) -> dict[str, str]:
    """Return by name which encrypted PDFs can't be opened by everybody, and why they are not sent."""
    encrypted = {name: pdf for name, pdf in staged.items() if pdf.encrypted}
    if not encrypted:
        return {}
    if not is_available():
        why = (
            "the PDF is encrypted, so the receiver may not be able to open it; print it without protection, or let "
            'arfeed see whether it opens without a password: pip install "arfeed[pdf]"'
        )
        return dict.fromkeys(encrypted, why)
    with PdfReader() as reader:
        locked = [name for name, pdf in encrypted.items() if reader.read(pdf).error is not None]
    why = "the PDF needs a password, so the receiver can't open it; print it without protection"
    return dict.fromkeys(locked, why)


def read_documents(
    send: pd.DataFrame, staged: Iterable[tuple[str, Staged]], report: pd.DataFrame, verification: Verification
) -> dict[str, DocumentReading]:
    """Read the PDFs of `send` while they are `staged`, and return by name what each is; nothing is read twice."""
    if verification.mode == "off" or send.empty:
        for _ in staged:
            pass
        return {}
    owners = _owners(send, report)
    kept = verification.kept()
    found: dict[str, DocumentReading] = {}
    keys: dict[str, str] = {}

    def unread() -> Iterator[tuple[str, Staged]]:
        for name, pdf in staged:
            keys[name] = _key(pdf, owners[name])
            if name in kept and kept[name].key == keys[name]:
                found[name] = kept[name]
            else:
                yield name, pdf

    for name, verdict in _judge_all(owners, unread(), verification):
        found[name] = DocumentReading(keys[name], owners[name].source, verdict.outcome, verdict.whose, verdict.words)
    return found


def _owners(send: pd.DataFrame, report: pd.DataFrame) -> dict[str, Invoice]:
    """Return by the PDF's name the invoice that it is filed for."""
    mine = arrow.filter_rows(report, arrow.is_in(report["invoice_ref"], send["invoice_ref"]))[COLUMNS]
    known = Known(mine.reset_index(drop=True))
    by_ref = {(each := known.invoice(place)).invoice_ref: each for place in range(len(mine))}
    return {name: by_ref[ref] for name, ref in zip(send["name"], send["invoice_ref"], strict=True)}


def _key(pdf: Staged, own: Invoice) -> str:
    from arfeed.documents.contents.judging import VERSION

    facts = [VERSION, pdf.sha256, own.source_ref, own.invoice_ref, own.customer, own.currency, own.amount, own.balance]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _judge_all(
    owners: Mapping[str, Invoice], pdfs: Iterable[tuple[str, Staged]], verification: Verification
) -> Iterator[tuple[str, Verdict]]:
    from arfeed.documents.contents.judging import judge
    from arfeed.documents.contents.numbers import squeeze_number

    known = Known(verification.known())
    doubtful: dict[str, Staged] = {}

    def requests() -> Iterator[Request]:
        for name, pdf in pdfs:
            doubtful[name] = pdf
            yield name, pdf, [each for ref in owners[name].numbers for each in squeeze_number(ref)]

    with readers(len(owners)) as several:
        for name, extract in read_all(several, requests()):
            verdict = judge(owners[name], extract, known)
            if verdict is not None:
                del doubtful[name]
                yield name, verdict
        # Read again and not kept, since nobody knows how many there are.
        for name, extract in read_all(several, ((name, pdf, None) for name, pdf in doubtful.items())):
            verdict = judge(owners[name], extract, known)
            assert verdict is not None, "read wholly and carefully"  # noqa: S101 - for the type checker
            yield name, verdict


def judge_files(contents: Sequence[bytes], own: Invoice, known: Known, folder: Path) -> Iterator[Verdict | str]:
    """Yield what each PDF is if it is filed for an invoice, or what is wrong with it; `folder` is for copies."""
    from arfeed.documents.contents.judging import judge

    with PdfReader() as reader:
        for content in contents:
            if flaw := find_flaw(content):
                yield flaw
                continue
            copy = folder / "document"
            copy.write_bytes(content)
            verdict = judge(own, reader.read(Staged(copy, 0, len(content), "")), known)
            assert verdict is not None, "read wholly and carefully"  # noqa: S101 - for the type checker
            yield verdict


def find_unnumbered(
    readings: Collection[DocumentReading], kept: Callable[[], Mapping[str, DocumentReading]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the sources of whose PDFs none prints a known number, and notes on those of which that is news."""
    now = Counter((each.source, each.outcome) for each in readings)
    suspects = [source for source, outcome in now if outcome == "none" and not now[source, "own"]]
    if not suspects:
        return (), ()
    ours = {each.key for each in readings}
    before = Counter((each.source, each.outcome) for each in kept().values() if each.key not in ours)
    unnumbered = [
        source
        for source in suspects
        if not before[source, "own"] and before[source, "none"] + now[source, "none"] >= _ENOUGH
    ]
    news = (
        f"{source}: none of {now[source, 'none']} PDFs prints its invoice's number as the source writes it, so a wrong "
        "PDF would go unnoticed; this is reported only once"
        for source in unnumbered
        if before[source, "none"] < _ENOUGH
    )
    return tuple(unnumbered), tuple(news)

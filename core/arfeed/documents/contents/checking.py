"""Reading the PDFs that are to be sent, and judging whether each is the invoice's that it is filed for."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from arfeed.documents.contents.judging import VERSION, Verdict, judge, judge_at_once, judge_carefully, judge_quickly
from arfeed.documents.contents.known import COLUMNS, Invoice, Known
from arfeed.documents.contents.process import How, PdfReader, is_available, read_all, readers
from arfeed.documents.staging import Staged, find_flaw
from arfeed.model import arrow
from arfeed.model.errors import ConfigError
from arfeed.model.results import DocumentReading

if TYPE_CHECKING:
    import pandas as pd

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
    send: pd.DataFrame, staged: Mapping[str, Staged], report: pd.DataFrame, verification: Verification
) -> dict[str, DocumentReading]:
    """Read the PDFs of `send` that are `staged`, and return by name what each is; nothing is read twice."""
    rows = send[send["name"].isin([*staged])]
    if verification.mode == "off" or rows.empty:
        return {}
    owners = _owners(rows, report)
    kept = verification.kept()
    keys = {name: _key(staged[name], own) for name, own in owners.items()}
    found = {name: kept[name] for name, key in keys.items() if name in kept and kept[name].key == key}
    unread = {name: own for name, own in owners.items() if name not in found}
    for name, verdict in _judge_all(unread, staged, verification):
        own = owners[name]
        found[name] = DocumentReading(keys[name], own.source, verdict.outcome, verdict.whose, verdict.words)
    return found


def _owners(send: pd.DataFrame, report: pd.DataFrame) -> dict[str, Invoice]:
    """Return by the PDF's name the invoice that it is filed for."""
    mine = arrow.filter_rows(report, arrow.is_in(report["invoice_ref"], send["invoice_ref"]))[COLUMNS]
    known = Known(mine.reset_index(drop=True))
    by_ref = {(each := known.invoice(place)).invoice_ref: each for place in range(len(mine))}
    return {name: by_ref[ref] for name, ref in zip(send["name"], send["invoice_ref"], strict=True)}


def _key(pdf: Staged, own: Invoice) -> str:
    facts = [VERSION, pdf.sha256, own.source_ref, own.invoice_ref, own.customer, own.currency, own.amount]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _judge_all(
    owners: Mapping[str, Invoice], staged: Mapping[str, Staged], verification: Verification
) -> Iterator[tuple[str, Verdict]]:
    if not owners:
        return
    known = Known(verification.known())
    doubtful = []
    names = [*owners]
    with readers(len(names)) as several:
        for name, extract in zip(names, read_all(several, ((staged[name], "quickly") for name in names)), strict=True):
            verdict = judge_quickly(owners[name], extract, known)
            if verdict is None:
                doubtful.append(name)
            else:
                yield name, verdict
        # Read again and not kept, since nobody knows how many there are.
        ways: tuple[How, How] = ("wholly", "carefully")
        twice = read_all(several, ((staged[name], how) for name in doubtful for how in ways))
        for name in doubtful:
            extract, again = next(twice), next(twice)
            own = owners[name]
            yield name, judge_at_once(own, extract, known) or judge_carefully(own, extract, known, again)


def judge_files(contents: Sequence[bytes], own: Invoice, known: Known, folder: Path) -> Iterator[Verdict | str]:
    """Yield what each PDF is if it is filed for an invoice, or what is wrong with it; `folder` is for copies."""
    with PdfReader() as reader:
        for content in contents:
            if flaw := find_flaw(content):
                yield flaw
                continue
            copy = folder / "document"
            copy.write_bytes(content)
            pdf = Staged(copy, 0, len(content), "")
            yield judge(own, reader.read(pdf), known, partial(reader.read, pdf, "carefully"))


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
        f"{source}: none of {now[source, 'none']} PDFs prints its invoice's number as the source has it, so a wrong "
        "one would hardly be noticed; this is said once"
        for source in unnumbered
        if before[source, "none"] < _ENOUGH
    )
    return tuple(unnumbered), tuple(news)

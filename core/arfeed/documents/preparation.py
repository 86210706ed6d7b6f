"""From the PDFs that were found to those that will be sent: chosen, copied, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from arfeed.documents.contents.checking import Verification, find_unnumbered, open_encrypted, read_documents
from arfeed.documents.selection import find_touched, select, settle
from arfeed.documents.staging import Staged, stage

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.documents.finding import Found
    from arfeed.model.results import DocumentPlan, DocumentReading, SentDocument


class Progress(Protocol):
    """Where the copying of PDFs is reported."""

    def expect(self, files: int) -> None:
        """Begin to copy a number of PDFs."""

    def done(self, size: int) -> None:
        """Report that one more PDF is copied, of `size` bytes, or can't be sent."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """What the receiving side decides: the name of an invoice's PDF, what it was sent, and what it can't replace.

    `sent` are the PDFs sent before, by name. `irreplaceable` returns which of these names are there and can't be
    replaced, and why; `taken` does so for names that were never sent and are there all the same.
    """

    name_of: Callable[[str], str]
    sent: Mapping[str, SentDocument]
    irreplaceable: Callable[[Sequence[str]], Mapping[str, str]]
    taken: Callable[[Sequence[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PreparedDocuments:
    """The PDFs of a delivery: what the plan shows, the copies by name, and files that changed in name only.

    `touched` are the new versions, by name, of files with the same bytes as before: they are not sent again.
    `readings` are what was read in PDFs, by name; `notes` are for people.
    """

    plan: DocumentPlan
    staged: Mapping[str, Staged]
    touched: Mapping[str, str]
    readings: Mapping[str, DocumentReading] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def prepare_documents(
    invoices: pd.DataFrame,
    found: Found,
    receiver: Receiver,
    folder: Path,
    progress: Progress,
    verification: Verification,
) -> PreparedDocuments:
    """Choose the PDFs that are new or changed, copy them into the staging folder, check each copy, and read them.

    `invoices` are the report's rows, with the columns that `select` needs. Raise `DestinationError` for a name
    that is not a bare file name.
    """
    selection = select(invoices, found.table, receiver.name_of, receiver.sent, found.ambiguous)
    # Whatever stands there under a new name is somebody else's: it is neither overwritten nor is its successor read.
    outcomes: dict[str, Staged | str] = dict(receiver.taken(_list_names(selection.send, "new")))
    wanted = selection.send[~selection.send["name"].isin(list(outcomes))]
    progress.expect(len(wanted))

    def changed_ones() -> Iterator[tuple[str, Staged]]:
        for name, outcome in stage(wanted, found, folder):
            outcomes[name] = outcome
            progress.done(outcome.size if isinstance(outcome, Staged) else 0)
            # By content: a new date or version alone does not make it another PDF.
            if isinstance(outcome, Staged) and not _is_known(name, outcome, receiver):
                yield name, outcome

    read = read_documents(wanted, changed_ones(), invoices, verification)
    staged = {name: item for name, item in outcomes.items() if isinstance(item, Staged)}
    broken = {name: item for name, item in outcomes.items() if isinstance(item, str)}
    broken |= open_encrypted(staged)
    staged = {name: item for name, item in staged.items() if name not in broken}
    hashes = {name: item.sha256 for name, item in staged.items()}
    # Asked only now: some servers never replace a file, and only a changed PDF would have to be replaced.
    changed = [name for name, item in staged.items() if name in receiver.sent and not _is_known(name, item, receiver)]
    broken |= receiver.irreplaceable(changed)
    touched = find_touched(selection, hashes, receiver.sent)
    plan = settle(selection, hashes, broken, receiver.sent)
    readings = {name: read[name] for name in plan.send["name"] if name in read}
    if verification.mode == "withhold":
        others = {name for name, reading in readings.items() if reading.outcome == "another"}
        plan = settle(selection, hashes, broken, receiver.sent, others) if others else plan
    refs = dict(zip(selection.send["name"], selection.send["invoice_ref"], strict=True))
    by_ref = {refs[name]: reading for name, reading in readings.items()}
    unnumbered, notes = find_unnumbered(readings.values(), verification.kept)
    plan = replace(plan, readings=by_ref, unnumbered=unnumbered)
    return PreparedDocuments(plan, staged, touched, readings, notes)


def _is_known(name: str, staged: Staged, receiver: Receiver) -> bool:
    """Whether the same bytes were sent under this name before."""
    return name in receiver.sent and receiver.sent[name].sha256 == staged.sha256


def _list_names(send: pd.DataFrame, change: str) -> list[str]:
    """Return the names of the PDFs to send that are new or changed."""
    return [str(name) for name in send["name"][send["change"] == change]]

"""From the PDFs that were found to those that will be sent: chosen, copied, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from arfeed.documents.selection import find_touched, select, settle
from arfeed.documents.staging import Staged, stage

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.documents.finding import Found
    from arfeed.model.results import DocumentPlan, SentDocument


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
    replaced, and why.
    """

    name_of: Callable[[str], str]
    sent: Mapping[str, SentDocument]
    irreplaceable: Callable[[Sequence[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PreparedDocuments:
    """The PDFs of a delivery: what the plan shows, the copies by name, and files that changed in name only.

    `touched` are the new versions, by name, of files with the same bytes as before: they are not sent again.
    """

    plan: DocumentPlan
    staged: Mapping[str, Staged]
    touched: Mapping[str, str]


def prepare_documents(
    invoices: pd.DataFrame, found: Found, receiver: Receiver, folder: Path, progress: Progress
) -> PreparedDocuments:
    """Choose the PDFs that are new or changed, copy them into the staging folder, and check each copy.

    `invoices` are the report's rows (columns invoice_ref, source, source_ref). Raise `DestinationError` for a name
    that is not a bare file name.
    """
    selection = select(invoices, found.table, receiver.name_of, receiver.sent, found.ambiguous)
    outcomes: dict[str, Staged | str] = {}
    progress.expect(len(selection.send))
    for name, outcome in stage(selection.send, found, folder):
        outcomes[name] = outcome
        progress.done(outcome.size if isinstance(outcome, Staged) else 0)
    staged = {name: item for name, item in outcomes.items() if isinstance(item, Staged)}
    broken = {name: item for name, item in outcomes.items() if isinstance(item, str)}
    hashes = {name: item.sha256 for name, item in staged.items()}
    # By content: a new date or version alone does not make it another PDF.
    changed = [name for name in hashes if name in receiver.sent and receiver.sent[name].sha256 != hashes[name]]
    # Asked only now: some servers never replace a file, and only a changed PDF would have to be replaced.
    broken |= receiver.irreplaceable(changed)
    return PreparedDocuments(
        settle(selection, hashes, broken, receiver.sent), staged, find_touched(selection, hashes, receiver.sent)
    )

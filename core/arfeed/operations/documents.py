"""Looking at single PDF files: whose invoice each shows itself to be."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from arfeed.documents.contents.checking import judge_files
from arfeed.documents.contents.judging import Verdict
from arfeed.documents.contents.known import COLUMNS, Invoice, Known
from arfeed.documents.contents.process import is_available
from arfeed.intake.explaining import release_all
from arfeed.intake.extract import extract
from arfeed.intake.joining import join_frames
from arfeed.intake.transform import transform
from arfeed.model import arrow
from arfeed.model.errors import ConfigError
from arfeed.plugins.config import Project
from arfeed.runs.context import Clock


def examine_files(
    project: Project, files: Sequence[Path], ref: str, clock: Clock
) -> Iterator[tuple[Path, Verdict | str]]:
    """Yield of each file what it is when it is filed for an invoice, or why it could not be sent at all.

    Raise `ConfigError` if no source lists the invoice or a file is missing, `SourceError` if a source can't be read.
    """
    if not is_available():
        raise ConfigError('reading PDFs needs a library: pip install "arfeed[pdf]"')
    contents = [_read(file) for file in files]
    with release_all(project.sources):
        extracted = extract(project.sources, clock)
    # A number that no source lists may be in the one that failed, so nothing is judged without it.
    for error in extracted.failed.values():
        raise error
    shaped = transform(extracted.open, project.transforms).invoices
    # Before and after the transforms: the PDF may print the number of either.
    rows = join_frames([shaped[COLUMNS], extracted.rows[COLUMNS]])
    known = Known(rows)
    own = _find(ref, rows, known)
    with tempfile.TemporaryDirectory(prefix="arfeed-") as folder:
        yield from zip(files, judge_files(contents, own, known, Path(folder)), strict=True)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{file} can't be read: {exc.strerror or exc}") from exc


def _find(ref: str, rows: pd.DataFrame, known: Known) -> Invoice:
    wanted = arrow.fold(pd.Series([ref], dtype="str"))
    is_it = arrow.is_in(arrow.fold(rows["invoice_ref"]), wanted) | arrow.is_in(arrow.fold(rows["source_ref"]), wanted)
    places = is_it.to_numpy().nonzero()[0]
    if not len(places):
        raise ConfigError(f"no source lists an invoice {ref} among its {len(rows):,} rows; correct --ref")
    return known.invoice(int(places[0]))

"""Judging single PDFs as a sync does, which has several readers for it."""

from __future__ import annotations

from arfeed.documents.contents.judging import Verdict, judge
from arfeed.documents.contents.known import Invoice, Known
from arfeed.documents.contents.numbers import squeeze_number
from arfeed.documents.contents.process import PdfReader
from arfeed.documents.staging import Staged


def judge_as_sync_does(own: Invoice, reader: PdfReader, pdf: Staged, known: Known) -> Verdict:
    reader.ask(pdf, [each for ref in own.numbers for each in squeeze_number(ref)])
    verdict = judge(own, reader.receive(), known) or judge(own, reader.read(pdf), known)
    assert verdict is not None
    return verdict

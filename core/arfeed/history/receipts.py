"""Receipts: what was delivered, with the proof, as one canonical JSON document that carries its own hash."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

from arfeed.history.records import RunRecord
from arfeed.model.figures import Facts, Sum
from arfeed.model.results import DeliveredFile, Expectation, Ledger, Plan, Receipt, SourceReport

_HASH = "sha256"

# After a mistake, every customer's difference may have moved, and a receipt is kept for ever.
_MOST_CUSTOMERS = 50


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent, and what became of it: `failed` states by name why a PDF did not arrive.

    `verified` is None until the server has answered the publishing of the report. `shares_handles` says that the server
    mixes up files that are open at once. `files` are all of a shipment in their order, each with what is in it.
    """

    report: DeliveredFile
    verified: bool | None
    documents: Sequence[DeliveredFile]
    failed: Mapping[str, str]
    shares_handles: bool = False
    files: Sequence[tuple[DeliveredFile, Sequence[DeliveredFile]]] = ()


def make_receipt(plan: Plan, run: RunRecord, plugins: Mapping[str, str], sent: Sent) -> Receipt:
    """Write the receipt of a delivery; `plugins` are the plugins' versions by name."""
    approved = {"code": run.approval, "by": run.approved_by, "at": plan.at.isoformat()} if run.approval else None
    body: dict[str, object] = {
        "arfeed": _version(),
        "plugins": dict(plugins),
        "run": run.id,
        "kind": run.kind,
        "feed": plan.feed,
        "destination": plan.destination,
        "started_at": run.started_at.isoformat(),
        "baseline": plan.baseline,
        "settings": run.settings,
        **plan_facts(plan),
        "approval": approved,
        "report": {**_as_record(sent.report), "verified": sent.verified},
        "documents": [_as_record(item) for item in sent.documents],
        "documents_failed": dict(sent.failed),
        "server": {"shares_handles": sent.shares_handles},
    }
    if sent.files:
        body["shipment"] = [
            {**_as_record(file), "contents": [_as_record(inner) for inner in contents]} for file, contents in sent.files
        ]
    # Not answered yet counts as verified: this receipt is written before publishing, in case the run does not survive
    # it.
    verified = sent.verified is not False
    documents, failed = tuple(sent.documents), dict(sent.failed)
    ahead = tuple(file for file, _ in sent.files[:-1])
    return Receipt(run.id, plan.destination, sent.report, documents, failed, _seal(body), verified, files=ahead)


def seal_reconciliation(facts: Mapping[str, object], plugins: Mapping[str, str]) -> str:
    """Write the receipt of a reconciliation: its facts as plain data, with the hash that they are proven by."""
    return _seal({"arfeed": _version(), "plugins": dict(plugins), "kind": "reconcile", **facts})


@cache
def _version() -> str:
    # Its metadata holds the whole README, which is read to find this.
    return version("arfeed")


def plan_document(plan: Plan) -> dict[str, object]:
    """Return the whole plan as plain data, amounts as text."""
    documents = plan.documents
    return {
        "feed": plan.feed,
        "destination": plan.destination,
        "baseline": plan.baseline,
        **plan_facts(plan),
        "documents": {
            "send": documents.send["name"].tolist(),
            "present": documents.present,
            "without": documents.without.to_numpy().tolist(),  # by iteration, 1.5 s for a million
            "colliding": {name: list(refs) for name, refs in documents.colliding.items()},
            "broken": dict(documents.broken),
            "old": dict(documents.old),
            "shared": [list(refs) for refs in documents.shared],
            "withheld": {ref: documents.readings[ref].words for ref in documents.withheld},
        },
        "approval": plan.approval,
    }


def plan_facts(plan: Plan) -> dict[str, object]:
    """Return a plan's facts as plain data, with amounts as text; they are the same in a receipt and `plan --json`."""
    columns = ["source", "currency", "count", "balance"]
    documents = plan.documents
    return {
        **({} if plan.absence == "closes" else {"absence": plan.absence}),
        "planned_at": plan.at.isoformat(),
        "sources": [_source(source) for source in plan.sources],
        # JSON's numbers are floats to most readers; as text an amount stays exact.
        "totals": plan.totals[columns].astype({"balance": "str", "count": "int64"}).to_dict("records"),
        "counts": plan.counts._asdict(),
        **_facts(plan.facts),
        "pdfs": {
            "send": len(documents.send),
            "present": documents.present,
            "without": len(documents.without),
            "colliding": sum(len(refs) for refs in documents.colliding.values()),
            "broken": len(documents.broken),
            "old": len(documents.old),
            "withheld": len(documents.withheld),
        },
        "pdfs_read": dict(Counter(reading.outcome for reading in documents.readings.values())),
        "pdfs_of_others": [
            {"invoice_ref": ref, "whose": reading.whose, "read": reading.words, "withheld": ref in documents.withheld}
            for ref, reading in documents.readings.items()
            if reading.outcome == "another"
        ],
        "ledgers": [_ledger(ledger) for ledger in plan.ledgers],
        # Also of guards that did not object: what was seen on quiet days is what an objection is judged against
        # later.
        "guards": [figures._asdict() for figures in plan.figures],
        "expected": [_expectation(expectation) for expectation in plan.expected],
        "notes": list(plan.notes),
        "seconds": {plugin: round(spent, 3) for plugin, spent in plan.seconds.items()},
        "missing": _missing(plan),
        "objections": [
            {"code": item.code, "message": item.message, "refs": list(item.refs)} for item in plan.objections
        ],
    }


def _source(source: SourceReport) -> dict[str, object]:
    return {
        "source": source.source,
        "connector": source.connector,
        "rows": source.rows,
        "open": source.open,
        "headings": dict(source.headings),
        "as_of": source.read.as_of.isoformat() if source.read.as_of else None,
        "read_at": source.read.at.isoformat(),
        "carried_forward": source.failed,
        "inputs": [{"file": file, "sha256": sha256} for file, sha256 in source.inputs],
        "notes": list(source.complete.notes),
    }


def _ledger(ledger: Ledger) -> dict[str, object]:
    """Return a reconciliation of list and control account; amounts as text, null if not known.

    Of the customers with a difference that moved, the largest are named.
    """
    amounts = ("listed", "account", "listed_before", "account_before", "received", "moved")
    known = {name: getattr(ledger, name) for name in amounts}
    return {
        "source": ledger.source,
        "currency": ledger.currency,
        **{name: None if amount is None else str(amount) for name, amount in known.items()},
        "customers": [{"customer": name, "moved": str(by)} for name, by in ledger.customers[:_MOST_CUSTOMERS]],
    }


def _expectation(expectation: Expectation) -> dict[str, object]:
    return {
        **expectation._asdict(),
        "until": expectation.until.isoformat(),
        "below": None if expectation.below is None else str(expectation.below),
        "at": expectation.at.isoformat(),
    }


def _facts(facts: Facts) -> dict[str, object]:
    return {
        "movements": [
            {
                "source": move.source,
                "currency": move.currency,
                **{name: _sum(getattr(move, name)) for name in ("before", "new", "changed", "missing", "now")},
                "moved": move.moved,
            }
            for move in facts.movements
        ],
        "reasons": [
            {"reason": item.reason, "evidence": item.evidence, "currency": item.currency, **_sum(item.owed)}
            for item in facts.reasons
        ],
        "ageing": [{"currency": aged.currency, "bucket": aged.bucket, **_sum(aged.owed)} for aged in facts.ageing],
        "aged_on": {source: on.isoformat() for source, on in facts.aged_on.items()},
        "debtors": [
            {
                "currency": debtor.currency,
                "source": debtor.source,
                "customer_name": debtor.customer_name,
                **_sum(debtor.owed),
                "overdue": str(debtor.overdue),
            }
            for debtor in facts.debtors
        ],
    }


def _sum(owed: Sum) -> dict[str, object]:
    return {"count": owed.documents, "balance": str(owed.balance)}


def mark_recovered(body: str, *, verified: bool) -> str:
    """Return the receipt of a run that died after asking to publish, now that its report is known to have arrived."""
    document = json.loads(body)
    # A hash can't cover itself.
    document.pop(_HASH)
    document["report"]["verified"] = verified
    document["recovered"] = True
    return _seal(document)


def documents_of(body: str) -> set[str]:
    """Return the names of the PDFs that a receipt says were delivered."""
    return {document["name"] for document in json.loads(body)["documents"]}


def has_shared_handles(body: str) -> bool:
    """Whether a receipt says that the server mixes up files that are open at once; earlier ones say nothing of it."""
    try:
        return bool(json.loads(body)["server"]["shares_handles"])
    except (ValueError, LookupError, TypeError):
        return False


def shipment_of(body: str) -> list[dict[str, Any]]:
    """Return the files of a shipment as its receipt has them; none of one report, or if the receipt is damaged."""
    try:
        files: list[dict[str, Any]] = json.loads(body)["shipment"]
    except (ValueError, LookupError, TypeError):
        return []
    return files


class PastRun(NamedTuple):
    """An earlier delivery in numbers: what was open by currency, documents, those with a PDF, unproven closings.

    Without `documents` its receipt does not count PDFs.
    """

    run: str
    at: datetime
    balances: Mapping[str, Decimal]
    documents: int = 0
    with_pdf: int = 0
    unproven: int = 0


def read_figures(run: str, at: datetime, body: str) -> PastRun | None:
    """Return what a run's receipt says in numbers, or None if it is damaged."""
    balances: dict[str, Decimal] = {}
    try:
        document = json.loads(body)
        for row in document["totals"]:
            balances[row["currency"]] = balances.get(row["currency"], Decimal(0)) + Decimal(row["balance"])
        pdfs: dict[str, int] = document.get("pdfs") or {}
        with_pdf = pdfs.get("send", 0) + pdfs.get("present", 0)
        lacking = sum(pdfs.get(each, 0) for each in ("without", "colliding", "broken", "withheld"))
        unproven = sum(row.get("evidence") != "proven" for row in document["missing"])
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        return None
    return PastRun(run, at, balances, with_pdf + lacking, with_pdf, unproven)


def verify(body: str) -> bool:
    """Whether a receipt has not been changed since it was written."""
    try:
        document = json.loads(body)
        written = document.pop(_HASH, None)
    # JSON that is a number or a list is valid, and has no `pop` of this kind.
    except (ValueError, AttributeError, TypeError):
        return False
    return bool(written == hashlib.sha256(_canonical(document).encode()).hexdigest())


def receipt_hash(body: str) -> str:
    """Return the hash that a receipt carries."""
    return str(json.loads(body)[_HASH])


def _seal(body: dict[str, object]) -> str:
    return _canonical({**body, _HASH: hashlib.sha256(_canonical(body).encode()).hexdigest()})


def _canonical(document: dict[str, object]) -> str:
    # One way to write a document: with the keys in another order or other blanks, the same facts would get another
    # hash.
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _missing(plan: Plan) -> list[dict[Hashable, str]]:
    if plan.missing.empty:  # as on most days; to turn no rows into text takes as long as a hundred
        return []
    names = [
        *("invoice_ref", "kind", "customer_name", "currency", "balance", "issued_on", "due_on", "source"),
        *("reason", "evidence"),
    ]
    # All of them, however many: later, only the receipt states what was marked as paid, and why.
    return plan.missing[names].astype("str").fillna("").to_dict("records")


def _as_record(file: DeliveredFile) -> dict[str, object]:
    return {"folder": file.folder, "name": file.name, "size": file.size, "sha256": file.sha256}

"""The pages of plans and deliveries: where they are kept, and what is on them. No page is worth a failed run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from arfeed.history.audit import audit, make_tampering_error
from arfeed.history.receipts import PastRun, plan_document
from arfeed.model.errors import ConfigError
from arfeed.model.results import Plan, Receipt, Reconciliation
from arfeed.model.text.secrets import mask_secrets
from arfeed.plugins.config import Project
from arfeed.runs.context import RunContext, open_history

_RUNS = 30
"""How many earlier deliveries the page charts."""


def pages_folder(project: Project) -> Path | None:
    """Return the folder of the pages of deliveries: the setting `pages`, else one beside the history's SQLite file."""
    chosen = project.feed.pages
    if chosen is False:
        return None
    if chosen is not None:
        return Path(chosen)
    import sqlalchemy as sa

    url = sa.make_url(project.feed.history.get_secret_value())
    # A history on a server has no place beside it, and the working folder of a scheduler is nobody's choice.
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).parent / "pages"


def check_page_file(file: Path | None) -> None:
    """Raise `ConfigError` if a page can't be written there, before a run has cost anybody time."""
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise ConfigError(f"--html {file}: name a file in a folder that exists")


def write_plan_page(context: RunContext, plan: Plan, file: Path, command: str) -> Path | None:
    """Write the page of a plan; return its path, or None if that failed, which only leads to a warning."""
    # A plan that is refused and can't be approved has no command to type.
    approved = f"{command} --approve {plan.approval}" if plan.approval else "" if plan.objections else command
    return _try_to_write(context, plan_document(plan), file, approved)


def write_refused_page(context: RunContext, plan: Plan) -> Path | None:
    """Write the page of a refused plan into the feed's folder of pages, over the last one, if anybody is notified."""
    folder = pages_folder(context.project)
    if folder is None or not context.project.notifiers:
        return None
    context.progress.step("Writing the page")
    # Without what to type: it is in the mail that carries the page, and whoever reads a copy may be somebody else.
    name = f"refused-{context.project.chosen}.html" if context.project.chosen else "refused.html"
    return _try_to_write(context, plan_document(plan), folder / name)


def write_receipt_page(context: RunContext, receipt: Receipt, file: Path | None = None) -> Path | None:
    """Write the page of a delivery, into the feed's folder of pages if no file is named."""
    folder = pages_folder(context.project)
    if file is None and folder is None:
        return None
    where = file or Path(folder or "", f"{receipt.run}.html")
    context.progress.step("Writing the page")
    return _try_to_write(context, json.loads(receipt.body), where)


def write_reconciliation_page(context: RunContext, reconciliation: Reconciliation, file: Path) -> Path | None:
    """Write the page of a reconciliation; return its path, or None if that failed, which only leads to a warning."""
    return _try_to_write(context, json.loads(reconciliation.body), file)


def rewrite_page(project: Project, run: str, file: Path | None = None) -> Path:
    """Write the page of an earlier delivery or reconciliation from its receipt.

    Raise `ConfigError` if there is no intact one.
    """
    folder = pages_folder(project)
    with open_history(project) as history:
        # A page looks like proof, so none is written from a receipt that was changed.
        wrong = [*audit(history, run)]
        receipt = history.receipt(run)
    if wrong:
        raise make_tampering_error(wrong)
    if receipt is None:
        raise ConfigError(f"there is no receipt of a run {run!r}; `arfeed history` lists the runs that delivered")
    if file is None and folder is None:
        raise ConfigError("this feed does not keep pages; name a file: `arfeed history page RUN --html FILE`")
    where = file or Path(folder or "", f"{run}.html")
    try:
        _write(project, json.loads(receipt), where)
    except OSError as exc:
        raise ConfigError(f"the page {where} could not be written: {exc}; name another place with --html FILE") from exc
    return where


def _try_to_write(context: RunContext, document: Mapping[str, Any], file: Path, command: str = "") -> Path | None:
    try:
        _write(context.project, document, file, command)
    except Exception as exc:  # noqa: BLE001 - the run is over, and a page changes nothing about it
        context.progress.warn(f"the page {file} could not be written: {type(exc).__name__}: {exc}")
        return None
    return file


def _write(project: Project, document: Mapping[str, Any], file: Path, command: str = "") -> None:
    """Write a page completely or not at all."""
    from arfeed.runs.page.reconciliation import render_reconciliation
    from arfeed.runs.page.rendering import render

    reconciled = document.get("kind") == "reconcile"
    past = [] if reconciled else _list_past_deliveries(project, document)
    # Masked as JSON, since the page's own escapes would hide a secret from the masking.
    covered = json.loads(mask_secrets(json.dumps(document, ensure_ascii=False), project.secrets))
    text = render_reconciliation(covered) if reconciled else render(covered, past, command)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, file)  # noqa: PTH105 - Path.replace says the same; this is the call that is atomic
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _list_past_deliveries(project: Project, document: Mapping[str, Any]) -> Sequence[PastRun]:
    """Return the deliveries to this destination before this one, the oldest first."""
    with open_history(project) as history:
        # The deliveries before this one, not before today: a page that is written again must look as it did.
        return history.figures(document["destination"], before=document.get("run"), most=_RUNS)

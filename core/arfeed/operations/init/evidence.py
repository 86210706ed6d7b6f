"""What will explain a missing invoice: a control account, or the rule that absence alone means payment."""

from __future__ import annotations

import glob
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.intake.ledger.control_account import add_control_account
from arfeed.model import arrow
from arfeed.model.errors import ArfeedError
from arfeed.model.figures import Complete, ControlAccount
from arfeed.model.parts import Connector
from arfeed.model.settings import FileSettings
from arfeed.operations.init.answers import Answers, Asker, use_or_ask
from arfeed.operations.init.draft import Draft, Line
from arfeed.operations.init.naming import find_next_pattern
from arfeed.planning.wording import format_money

if TYPE_CHECKING:
    from arfeed.intake.extract import Extract

Made = Callable[[Mapping[str, object]], Connector]

_REPORT = (
    "Is there a second report from which the total owed can be read, such as the trial balance or the customer "
    "balance summary? With it arfeed finds any invoice that the list has lost. Its file, or blank for none."
)
_ABSENT = "This list holds only what is open. When an invoice is no longer in it, is that enough to call it paid?"
_CHOICES = {
    "no": "somebody looks at such invoices before they are marked as paid; it can be changed later",
    "yes": "they are marked as paid at once, unless the guards object; an export that lost lines would write off debts",
}


def ask(draft: Draft, made: Made, extracted: Extract, answers: Answers, asker: Asker) -> list[Line]:
    """Return the settings that explain absences, and put a control account into the draft.

    Nothing is asked about a source that also lists what is paid.
    """
    connector, complete = made({}), extracted.reports[0].complete
    proven = complete.lists_closed or connector.explains or complete.control_account is not None
    account = None
    if isinstance(connector.settings, FileSettings) and (not proven or answers.control_account):
        account = _account(draft, made, extracted, answers, asker)
    if answers.absent_means_paid is None and (proven or account):
        return []
    said = None if answers.absent_means_paid is None else "yes" if answers.absent_means_paid else "no"
    option = "--absent-means-paid or --no-absent-means-paid"
    # The default is "no": it costs questions; "yes" may cost money.
    if (said or asker.choose(_ABSENT, option, _CHOICES, "no")) == "no":
        return []
    return [Line("absent_means_paid", value=True, why="as you said: what it no longer lists is paid")]


def _account(draft: Draft, made: Made, extracted: Extract, answers: Answers, asker: Asker) -> ControlAccount | None:
    """Ask for the second report until one can be read, and report how it compares with the list."""
    read = partial(_read, made, extracted, answers)

    def wrong(text: str) -> str | None:
        found = read(text) if text else None
        return found if isinstance(found, str) else None

    text = use_or_ask(asker, answers.control_account, _REPORT, "--control-account FILE", "", wrong)
    account = read(text) if text else None
    if not isinstance(account, ControlAccount):
        return None
    path, why = find_next_pattern(Path(text).expanduser(), answers.folder)
    draft.control_account = [Line("path", path, why)]
    draft.control_account += [Line(name, value, "as you said") for name, value in answers.control_columns.items()]
    # A difference is shown and not judged: payments on account make one that stays.
    for code, owed in account.balances.items():
        asker.found(f"control account: {text} has {format_money(owed, code)}{_difference(extracted, code, owed)}")
    return account


def _read(made: Made, extracted: Extract, answers: Answers, text: str) -> ControlAccount | str:
    """Return the control account in a file, or what is wrong with the file."""
    file = Path(text).expanduser()
    if not file.is_file():
        return f"{text}: there is no such file; name one that your system exported, or leave it blank"
    table = {"path": glob.escape(str(file.absolute())), **answers.control_columns}
    try:
        connector = made({"control_account": table})
        said = add_control_account(connector.source, connector.settings, extracted.rows, Complete())
    except ArfeedError as exc:
        return (
            f"{exc}. Here that is --set control_account.NAME=VALUE; or leave it blank, and add the table to "
            "plugins.toml later"
        )
    return said.control_account or "no balance was found in it"


def _difference(extracted: Extract, code: str, owed: Decimal) -> str:
    totals = arrow.sum_balances(extracted.open, ("currency",)).to_dict("records")
    listed = sum((total["balance"] for total in totals if total["currency"] == code), Decimal(0))
    if listed == owed:
        return ", as the list does"
    return (
        f", the list {format_money(listed, code)}; payments on account and journal entries make such a difference, and "
        "from now on arfeed sees when it moves"
    )

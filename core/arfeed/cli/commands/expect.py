"""`arfeed expect`: answer a guard's question in advance."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import DEFAULT_CONFIG, Config, Destination, Json
from arfeed.model.errors import ConfigError
from arfeed.model.text.legible import make_legible

if TYPE_CHECKING:
    from arfeed.model.results import Expectation

Words = Annotated[
    str | None, typer.Argument(metavar="[WORDS]", help="What will be closed, such as: write-off run of December.")
]
Until = Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day it is expected.")]
Customer = Annotated[str | None, typer.Option("--customer", help="Only invoices of this customer, by number or name.")]
Below = Annotated[str | None, typer.Option("--below", help="Only invoices with less than this balance open.")]
Withdraw = Annotated[str | None, typer.Option("--withdraw", metavar="ID", help="Take an unused answer back.")]


def expect(
    words: Words = None,
    until: Until = None,
    customer: Customer = None,
    below: Below = None,
    withdraw: Withdraw = None,
    config: Config = DEFAULT_CONFIG,
    destination: Destination = None,
    as_json: Json = False,
) -> None:
    """Say in advance that invoices will be closed, so that the next plan need not ask. Without words: list answers.

    It answers `surprise`, `pattern`, `missing-money` and `missing-share` for sources whose absent invoices
    count as paid, for one delivery. It never answers `older-list`, `file-gone`, `returned` or `unexplained`.
    """
    from arfeed.cli.display.masking import read_feed
    from arfeed.runs import expectations

    project = read_feed(config, destination)
    if withdraw is not None:
        expectations.withdraw(project, withdraw)
        console().print(f"✓ {withdraw} is withdrawn", style="green", markup=False)
    elif words is None:
        _list(expectations.list_expectations(project), as_json=as_json)
    # Without a default: an answer that holds until somebody remembers it would be a guard switched off.
    elif until is None:
        raise ConfigError("give the last day it is expected: --until 2026-12-20")
    else:
        # Parsed as a Decimal from the text: a float option would already have rounded it.
        closings = expectations.ExpectedClosings(words, until.date(), customer, _amount(below))
        made = expectations.expect(project, closings)
        if as_json:
            print_json(_as_data(made, None))
        else:
            # What was typed is printed again, and may hold anything that moves a terminal's cursor.
            said = f"✓ {made.id}: {_in_words(made)}. The next delivery that would ask uses it up"
            console().print(Text(make_legible(said), "green"))


def _amount(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        # From None: the decimal module's own message explains nothing.
        raise ConfigError(f"--below {text}: give a number such as 50 or 49.99") from None


def _in_words(expectation: Expectation) -> str:
    customer = f" of {expectation.customer}" if expectation.customer else ""
    below = f" below {expectation.below}" if expectation.below is not None else ""
    return f"“{expectation.words}”: invoices{customer}{below} may be closed until {expectation.until}"


def _list(given: list[tuple[Expectation, str | None]], *, as_json: bool) -> None:
    if as_json:
        print_json([_as_data(*each) for each in given])
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("id", "until", "what", "customer", "below", "said by", "used by run"):
        table.add_column(name)
    for one, run in given:
        below = "" if one.below is None else str(one.below)
        cells = (one.id, str(one.until), one.words, one.customer or "", below, one.by, run or "")
        table.add_row(*(Text(make_legible(cell)) for cell in cells))
    console().print(table)


def _as_data(expectation: Expectation, run: str | None) -> dict[str, object]:
    return {
        **expectation._asdict(),
        "until": expectation.until.isoformat(),
        "below": None if expectation.below is None else str(expectation.below),
        "at": expectation.at.isoformat(),
        "used_by": run,
    }

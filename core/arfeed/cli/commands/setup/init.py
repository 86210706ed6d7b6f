"""`arfeed init`: a first plugins.toml, from a sample and a few questions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.display.asking import asker_for, report
from arfeed.cli.display.output import console
from arfeed.cli.options import DEFAULT_CONFIG, Config, takes
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from arfeed.operations.init import answers as given
    from arfeed.operations.init.draft import Draft

Sample = Annotated[str | None, typer.Argument(metavar="[SAMPLE]", help="An export of your invoices, as it comes.")]
Source = Annotated[str | None, typer.Option("--source", help="The connector, instead of the one that fits the sample.")]
Name = Annotated[str | None, typer.Option("--name", help="The feed's name; by default its folder's.")]
Dates = Annotated[str | None, typer.Option("--dates", help="The order of dates: DMY, MDY or YMD.")]
Currency = Annotated[str | None, typer.Option("--currency", help="ISO code of rows that name none.")]
Column = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME=HEADING", help="What a heading means; blank for none; may be repeated."),
]
Status = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        metavar="WORD=MEANING",
        help="What a word of the status means: open, paid, void or draft; may be repeated.",
    ),
]
Kind = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="WORD=KIND",
        help="What a word of the document type means: invoice, credit_note or payment; may be repeated.",
    ),
]
Documents = Annotated[
    str | None, typer.Option("--documents", help="Where the PDFs are, as in pdf/{invoice_ref}.pdf; blank for none.")
]
Setting = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of the source; may be repeated.")
]
Timezone = Annotated[str | None, typer.Option("--timezone", help="As in Europe/London; needed if max_age is used.")]
To = Annotated[
    str | None,
    typer.Option(
        "--to", help="Where reports go: rehearsal, sftp://USER@HOST (or sftp, if not known yet), or a folder."
    ),
]
Key = Annotated[
    str | None, typer.Option("--key", help="Private key for SFTP, made if it does not exist; blank for none.")
]
ControlAccount = Annotated[
    str | None,
    typer.Option("--control-account", metavar="FILE", help="A second report of the total owed; blank for none."),
]
AbsentMeansPaid = Annotated[
    bool | None,
    typer.Option(
        "--absent-means-paid/--no-absent-means-paid",
        help="Whether an invoice that is no longer listed counts as paid for that reason alone.",
    ),
]
AllDebts = Annotated[
    bool, typer.Option("--all-debts", help="Customers owe all rows, whatever their document type is called.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="HEADING=TYPE", help="Report rows of this type only; may be repeated."),
]
Unattended = Annotated[bool, typer.Option("--unattended", help="Ask nothing; the default if stdin is not a terminal.")]


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed: a field for each option."""

    sample: Sample = None
    config: Config = DEFAULT_CONFIG
    source: Source = None
    name: Name = None
    dates: Dates = None
    currency: Currency = None
    column: Column = None
    status: Status = None
    kind: Kind = None
    documents: Documents = None
    setting: Setting = None
    timezone: Timezone = None
    to: To = None
    key: Key = None
    all_debts: AllDebts = False
    only: Only = None
    control_account: ControlAccount = None
    absent_means_paid: AbsentMeansPaid = None
    unattended: Unattended = False


@takes(Options)
def init(options: Options) -> None:
    """Make a first plugins.toml from a sample and a few questions, then check it. Overwrites nothing."""
    from arfeed.operations.init.interview import interview

    people = console()
    asker = asker_for(people, unattended=options.unattended)
    draft = interview(_answers(options), asker)
    # The last question, after everything that was found out has been shown.
    if not asker.agree(f"Write {options.config}?"):
        people.print("Nothing was written.", markup=False)
        return
    _write(draft, options.config, people)


def _answers(options: Options) -> given.Answers:
    from arfeed.operations.init import answers as given

    return given.Answers(
        config=options.config,
        sample=options.sample,
        source=options.source,
        name=options.name,
        dates=options.dates,
        currency=options.currency,
        columns=_pairs("--column", options.column),
        statuses=_pairs("--status", options.status),
        kinds=_pairs("--kind", options.kind),
        documents=options.documents,
        settings=_pairs("--set", options.setting),
        timezone=options.timezone,
        to=options.to,
        key=options.key,
        all_debts=options.all_debts,
        only={
            name: [
                pair.partition("=")[2].strip() for pair in options.only or () if pair.partition("=")[0].strip() == name
            ]
            for name in _pairs("--only", options.only)
        },
        control_account=options.control_account,
        absent_means_paid=options.absent_means_paid,
    )


def _write(draft: Draft, config: Path, people: Console) -> None:
    from arfeed.cli.display.findings import show_findings
    from arfeed.cli.display.masking import read_feed
    from arfeed.model.errors import worst_exit_code
    from arfeed.operations.check.examination import examine
    from arfeed.operations.init.draft import write
    from arfeed.runs.context import utc_now

    write(draft, config, utc_now().astimezone().date())
    report(people, "✓", f"{config} is written; now `arfeed check`:")
    people.print()
    # Checked immediately, so that a mistake shows while the answers are still remembered.
    findings = show_findings(examine(read_feed(config), utc_now), people)
    code = worst_exit_code(finding.exit_code for finding in findings)
    people.print()
    if draft.send:
        people.print("Send the receiver (for Kolleno: its support) this public key, and nothing else:", markup=False)
        people.print("\n".join(f"  {line}" for line in draft.send), markup=False)
        people.print("Ask them for the host, the username and the fingerprint of the server's host key.", markup=False)
    if code:
        people.print("Fix what is marked ✗ above, then type: arfeed check", markup=False)
        raise SystemExit(code)
    people.print("Next: arfeed plan, which shows what would be delivered and sends nothing", markup=False)


def _pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    for text in texts or ():
        if "=" not in text:
            raise ConfigError(f"{option} {text}: write NAME=VALUE")
    # At the first "=" only: a value such as a path or a URL may hold more of them.
    return {name.strip(): value.strip() for name, _, value in (text.partition("=") for text in texts or ())}

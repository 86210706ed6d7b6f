"""`arfeed documents`: what single PDF files show themselves to be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import DEFAULT_CONFIG, Config, Json
from arfeed.model.errors import RefusedError
from arfeed.model.text.legible import make_legible

app = typer.Typer(help="Look at PDFs.", no_args_is_help=True)


@app.callback()
def _documents() -> None:
    """Make `test` a named command, though it is the only one."""


@app.command("test")
def examine(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="PDF files.")],
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="The invoice that they are filed for.")],
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show what each PDF is taken for if it is filed for an invoice; ends with 3 if one would not be sent.

    Reads the sources, as a plan does; writes nothing.
    """
    from arfeed.cli.display.masking import read_feed
    from arfeed.model.results import OUTCOMES
    from arfeed.operations.documents import examine_files
    from arfeed.runs.context import utc_now

    shown, refused = [], False
    for file, verdict in examine_files(read_feed(config), files, ref, utc_now):
        outcome, words, whose = ("broken", verdict, None) if isinstance(verdict, str) else (
            verdict.outcome, verdict.words, verdict.whose
        )  # fmt: skip
        refused = refused or outcome in ("broken", "another")
        shown.append({"file": str(file), "outcome": outcome, "whose": whose, "read": words})
        mark = "✗" if outcome in ("broken", "another") else "✓" if outcome == "own" else "!"
        said = OUTCOMES.get(outcome, "can't be sent")
        line = f"{mark} {file}: {said}" + (f": {words}" if words else "")
        console(beside_json=as_json).print(Text(make_legible(line)))
    if as_json:
        print_json({"ref": ref, "files": shown})
    if refused:
        raise SystemExit(RefusedError.exit_code)

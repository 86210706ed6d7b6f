"""`arfeed check`: the configuration, the history, the sources and the destination."""

from __future__ import annotations

from typing import Annotated

import typer

from arfeed.cli.display.findings import finding_as_data, show_findings
from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import DEFAULT_CONFIG, Config, Destination, Json

Probe = Annotated[
    bool, typer.Option("--probe", help="Also write, rename and remove a scratch file in the receiver's folders.")
]
Quick = Annotated[bool, typer.Option("--quick", help="Do not read the sources' rows.")]


def check(
    config: Config = DEFAULT_CONFIG,
    destination: Destination = None,
    probe: Probe = False,
    quick: Quick = False,
    as_json: Json = False,
) -> None:
    """Check the configuration, the history, every source and the connection to the destination.

    Writes nothing there, unless --probe is given.
    """
    from arfeed.cli.display.masking import read_feed
    from arfeed.model.errors import worst_exit_code
    from arfeed.operations.check.examination import examine
    from arfeed.runs.context import utc_now

    found = examine(read_feed(config, destination), utc_now, probe=probe, quick=quick)
    # Printed as they are found, so the examination runs while it is being shown.
    findings = show_findings(found, console(beside_json=as_json))
    code = worst_exit_code(finding.exit_code for finding in findings)
    if as_json:
        print_json({"ok": code == 0, "checks": [finding_as_data(finding) for finding in findings]})
    if code:
        raise SystemExit(code)

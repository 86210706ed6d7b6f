"""A feed in a folder, and `arfeed` run in it as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from arfeed.testing import Outcome

ARFEED = Path(sys.executable).with_name("arfeed")

Cli = Callable[..., Outcome]
"""The fixture that runs a command inside of this process: `arfeed(folder, "plan")`."""

XERO_FEED = """
plugins = ["xero", "folder", "transforms", "kolleno"]

[feed]
name = "acme-uk"
pages = false

[sources.xero-uk]
use = "xero"
path = "exports/SalesInvoices.csv"
dates = "DMY"
settle_seconds = 0
documents = "pdf/Invoice {{invoice_ref}}.pdf"

[destination]
use = "kolleno"
mode = "open-ar"
{destination}
"""
"""A feed of a Xero export and a folder of PDFs; `destination` are more lines of its last table."""


def write(folder: Path, text: str) -> Path:
    """Write plugins.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "plugins.toml"
    file.write_text(text, encoding="utf-8")
    return file


def run(folder: Path, *arguments: str, path: Path | None = None, env: Mapping[str, str] | None = None) -> Outcome:
    """Run the installed command in a folder, with a folder of strangers' modules before all others."""
    environment = {**os.environ, "COLUMNS": "200", **(env or {})}
    if path:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(path), os.environ.get("PYTHONPATH")]))
    ran = subprocess.run([ARFEED, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    return Outcome(ran.returncode, ran.stdout, ran.stderr)


def sync_approved(folder: Path, *, path: Path | None = None) -> Any:
    """Plan, and deliver just that plan; the receipt's document."""
    planned = run(folder, "plan", "--json", path=path)
    assert planned.code == 3, planned.err
    done = run(folder, "sync", "--json", "--approve", planned.json()["approval"], path=path)
    assert done.code == 0, done.err
    return done.json()

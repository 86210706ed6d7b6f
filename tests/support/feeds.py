"""A feed in a folder, and `arfeed` run in it as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from arfeed.cli.app import main

ARFEED = Path(sys.executable).with_name("arfeed")

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


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one document on stdout, and nothing else there."""
        return json.loads(self.out)


def write(folder: Path, text: str) -> Path:
    """Write plugins.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "plugins.toml"
    file.write_text(text, encoding="utf-8")
    return file


def run(folder: Path, *arguments: str, path: Path | None = None, env: Mapping[str, str] | None = None) -> Done:
    """Run the installed command in a folder, with a folder of strangers' modules before all others."""
    environment = {**os.environ, "COLUMNS": "200", **(env or {})}
    if path:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(path), os.environ.get("PYTHONPATH")]))
    ran = subprocess.run([ARFEED, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    return Done(ran.returncode, ran.stdout, ran.stderr)


@dataclass(frozen=True, slots=True)
class Here:
    """Runs commands inside of this process, which takes a tenth of the time."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, folder: Path, *arguments: str) -> Done:
        self.monkeypatch.chdir(folder)
        self.monkeypatch.setattr(sys, "argv", ["arfeed", *arguments])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        captured = self.capsys.readouterr()
        return Done(int(end.value.code or 0), captured.out, captured.err)


def sync_approved(folder: Path, *, path: Path | None = None) -> Any:
    """Plan, and deliver just that plan; the receipt's document."""
    planned = run(folder, "plan", "--json", path=path)
    assert planned.code == 3, planned.err
    done = run(folder, "sync", "--json", "--approve", planned.json()["approval"], path=path)
    assert done.code == 0, done.err
    return done.json()

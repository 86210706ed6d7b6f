"""Singer taps for tests: a small one that does what it is told, and real ones in an environment of their own."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from arfeed_connectors.singer import Singer
from support.feeds.command import write

REAL_TAPS = ("tap-dbf==0.1.25", "tap-jsonl==0.3.1")
"""Public taps that read files of this machine: one reads whole tables, the other incrementally."""

_TAP = """#!{python}
import argparse, json, os, subprocess, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("--config")
parser.add_argument("--catalog")
parser.add_argument("--discover", action="store_true")
told = parser.parse_args()
config = json.load(open(told.config))
if "scenario" in config:
    config |= json.load(open(config["scenario"]))
if told.discover:
    print(json.dumps(config["catalog"]))
    raise SystemExit
for step, *rest in config["steps"]:
    if step == "write":
        print(rest[0] if isinstance(rest[0], str) else json.dumps(rest[0]), flush=True)
    elif step == "write long":
        sys.stdout.write("x" * rest[0])
    elif step == "say":
        print(rest[0], file=sys.stderr, flush=True)
    elif step == "exit":
        raise SystemExit(rest[0])
    elif step == "sleep":
        time.sleep(rest[0])
    elif step == "close":
        sys.stdout.flush(), os.close(1), os.close(2)
    elif step == "kill":
        os.kill(os.getpid(), 9)
    elif step == "look":
        print(json.dumps({{"config": told.config, "mode": os.stat(told.config).st_mode & 0o777, "env": {{**os.environ}},
                          "folder": os.getcwd(), "catalog": json.load(open(told.catalog))}}), file=open(rest[0], "w"))
    elif step == "leave a child":
        print(subprocess.Popen(["sleep", "60"]).pid, os.getpid(), file=open(rest[0], "w"), flush=True)
"""

COLUMNS = {
    "invoice_ref": "number",
    "customer_name": "customer.name",
    "currency": "currency",
    "issued_on": "date",
    "balance": "due",
}

Step = tuple[Any, ...]

_FEED = """
plugins = ["singer", "kolleno"]

[sources.erp]
use = "singer"
command = ["./small-tap"]
config = {{ scenario = "scenario.json", start_date = "2020-01-01", key = "${{ERP_KEY}}" }}
streams = ["invoices"]

[sources.erp.columns]
{columns}

[destination]
use = "kolleno"
mode = "open-ar"
url = "out"
"""


def catalog(*streams: str, **entry: object) -> dict[str, Any]:
    root = {"breadcrumb": [], "metadata": entry.pop("metadata", {})}
    return {"streams": [{"tap_stream_id": name, "stream": name, "metadata": [root], **entry} for name in streams]}


def schema(stream: str = "invoices", keys: Iterable[str] = ("id",)) -> Step:
    return ("write", {"type": "SCHEMA", "stream": stream, "schema": {}, "key_properties": [*keys]})


def record(key: int, due: object = 10, *, stream: str = "invoices", version: int | None = None, **more: Any) -> Step:
    plain = {"id": key, "number": f"INV-{key}", "customer": {"name": "Ada"}, "currency": "GBP"}
    fields = {**plain, "date": "2026-04-07", "due": due, **more}
    message = {"type": "RECORD", "stream": stream, "record": fields}
    return ("write", message if version is None else {**message, "version": version})


def state(**bookmarks: object) -> Step:
    return ("write", {"type": "STATE", "value": {"bookmarks": bookmarks}})


def write_tap(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Write the small tap, and return the settings to run it."""
    tap = folder / "small-tap"
    tap.write_text(_TAP.format(python=sys.executable), encoding="utf-8")
    tap.chmod(0o755)
    return {"command": [str(tap)], "config": dict(config), "streams": ["invoices"], "columns": COLUMNS}


def singer(folder: Path, *steps: Step, known: dict[str, Any] | None = None, **settings: Any) -> Singer:
    """A source whose tap takes these steps; `config` is added to what tells it so."""
    config = {"catalog": known or catalog("invoices"), "steps": steps, **settings.pop("config", {})}
    told = {**write_tap(folder, config), "silence_seconds": 20, **settings}
    return Singer("erp", Singer.Settings.model_validate(told, context={"folder": folder}))


def feed_of_a_tap(folder: Path, *steps: Step) -> Path:
    """A feed whose source is the small tap."""
    write_tap(folder, {})
    folder.joinpath("out").mkdir()
    folder.joinpath("scenario.json").write_text(json.dumps({"catalog": catalog("invoices"), "steps": steps}))
    columns = "\n".join(f'{name} = "{path}"' for name, path in COLUMNS.items())
    return write(folder, _FEED.format(columns=columns))


def real_taps(cache: pytest.Cache) -> Path:
    """The folder of the real taps' executables; skip the test where they can't be installed, but never in CI."""
    folder = cache.mkdir("taps")
    done = folder / "installed.txt"
    with folder.joinpath("lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() or done.read_text() != json.dumps(REAL_TAPS):
            try:
                _install(folder / "venv")
            except (OSError, subprocess.SubprocessError) as exc:
                (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{' and '.join(REAL_TAPS)}: {exc}")
            done.write_text(json.dumps(REAL_TAPS))
    return folder / "venv" / "bin"


def _install(environment: Path) -> None:
    commands: tuple[list[str | Path], ...] = (
        [sys.executable, "-m", "venv", "--clear", environment],
        [environment / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *REAL_TAPS],
    )
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, timeout=300)

"""A feed in a test's own folder: write its files, run its commands, see what was delivered."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arfeed.plugins.reference import toml_key, toml_value
from arfeed.testing.commands import Outcome, run_command
from arfeed.testing.servers import files_below

Table = Mapping[str, object]

RECEIVER = "receiver"
_FOLDER: Table = {"use": "kolleno", "mode": "open-ar", "url": RECEIVER}


def age(*paths: Path) -> None:
    """Make files a minute older, since arfeed waits until fresh ones have settled."""
    for path in paths:
        status = path.stat()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 60 * 10**9))


@dataclass(frozen=True, slots=True)
class ArfeedProject:
    """A folder with a plugins.toml, and `receiver`, a folder that it may deliver to."""

    folder: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files, named by their path below the folder, as if that had been a while ago."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # As bytes, so that line ends stay what the test wrote, on Windows too.
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            age(path)

    def configure(
        self,
        plugins: Sequence[str],
        sources: Mapping[str, Table],
        transforms: Sequence[Table] = (),
        destination: Table = _FOLDER,
        notifiers: Mapping[str, Table] | None = None,
    ) -> None:
        """Write plugins.toml. The destination is the folder `receiver`, laid out for kolleno, unless one is given."""
        heads = [(f"[sources.{toml_key(name)}]", table) for name, table in sources.items()]
        heads += [("[[transforms]]", table) for table in transforms] + [("[destination]", destination)]
        heads += [(f"[notifiers.{toml_key(name)}]", table) for name, table in (notifiers or {}).items()]
        # Without repetition: the plugin under test may be kolleno itself.
        enabled = list(dict.fromkeys([*plugins, *(["kolleno"] if destination is _FOLDER else [])]))
        lines = [f"plugins = {toml_value(enabled)}"]
        for head, table in heads:
            lines += [head, *(f"{toml_key(name)} = {toml_value(value)}" for name, value in table.items())]
        self.write({"plugins.toml": "\n".join(lines) + "\n"})

    def run(self, *arguments: str) -> Outcome:
        """Run a command in the folder, inside of this process: `run("plan", "--json")`."""
        return run_command(self.folder, *arguments)

    def deliver(self) -> Outcome:
        """Run `sync --json`, as somebody who has read the plan and approves it."""
        # Planned first, as a person would: the code is only valid for what was shown.
        planned = self.run("plan", "--json")
        approval = planned.json().get("approval") if planned.code == 3 else None
        return self.run("sync", "--json", *(["--approve", approval] if approval else []))

    @property
    def server(self) -> dict[str, bytes]:
        """What is in the folder `receiver`: contents by path."""
        return files_below(self.folder / RECEIVER)

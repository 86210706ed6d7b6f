"""A process that has imported what runs need and opened nothing, from which the process of each feed is forked.

Only the built-in plugins are imported here: what a stranger's module does while it is imported must reach no other
feed. It is imported by the process of the feed that enables it.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.plugins.distributions import OURS
from arfeed.plugins.installed import entry_points, identify_all

if TYPE_CHECKING:
    from arfeed.model.settings import Settings

_NEEDED = (
    "arfeed.cli.app",
    "arfeed.cli.commands.sync",
    "arfeed.cli.display.masking",
    "arfeed.cli.display.progress",
    "arfeed.cli.display.show",
    "arfeed.documents.contents.checking",
    "arfeed.plugins.config",
    "arfeed.runs.page.reconciliation",
    "arfeed.runs.page.rendering",
    "arfeed.runs.pipeline",
    "arfeed.tables.read",
    "arfeed.tables.separated.quotes",
    "ctypes",
    "encodings.ascii",
    "encodings.utf_8_sig",
    "fsspec.implementations.dirfs",
    "jinja2.ext",
    "markupsafe",
    "pandas.core.methods.to_dict",
    "platformdirs",
    "pyarrow.acero",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pydantic.type_adapter",
    "runpy",
    "sqlalchemy.dialects.sqlite",
    "zoneinfo",
)
"""By name, since rooms above this one are among them. What is missing here each feed imports for itself."""

_OF_SFTP = ("arfeed.sftp.filesystem", "arfeed.sftp.connection", "arfeed.sftp.keys", "arfeed.sftp.hostkeys")
_OF_SERVERS = ("sqlalchemy.dialects.postgresql.psycopg",)


def can_fork() -> bool:
    """Whether processes are forked here. Libraries of macOS do not survive it, and Windows can't."""
    return sys.platform == "linux" and hasattr(os, "fork")


def warm_up(plugins: Collection[str], schemes: Collection[str]) -> None:
    """Import what the runs of feeds need that enable these plugins and deliver to addresses of these schemes."""
    modules = [*_NEEDED, *(_OF_SFTP if {"sftp", "rehearsal"} & {*schemes} else ())]
    modules += _OF_SERVERS if {"postgresql", "postgresql+psycopg"} & {*schemes} else ()
    # Built-in plugins only; a clash of names is reported by each run.
    offered = identify_all(entry_points(group="arfeed"))
    modules += [point.value for point, distribution, _ in offered if distribution == OURS and point.name in plugins]
    for module in modules:
        # What can't be imported here, each run that needs it reports in its own words.
        with suppress(Exception):
            importlib.import_module(module)
    _prepare()
    gc.collect()
    # Forks share this memory, so the garbage collector must not write to it.
    gc.freeze()


def _prepare() -> None:
    """Make what every run would make for itself: its settings' validators, the templates, the table of currencies."""
    from arfeed.model.currencies import minor_digits
    from arfeed.model.settings import Settings

    minor_digits()
    with suppress(Exception):
        rendering = importlib.import_module("arfeed.runs.page.rendering")
        rendering.page_template("page.html.j2")
        rendering.assets()
    for model in _subclasses(Settings):
        # A stranger's can't be among them, and one of ours that can't be built is reported by the run that uses it.
        with suppress(Exception):
            model.model_rebuild()


def _subclasses(model: type[Settings]) -> Iterator[type[Settings]]:
    for each in model.__subclasses__():
        yield each
        yield from _subclasses(each)


def find_open(known: Collection[str] = ()) -> list[str]:
    """Return what must not be there when a process is forked: threads, and files or connections that are not known.

    `known` are descriptors as `descriptors` returns them.
    """
    found = [f"the thread {thread.name}" for thread in threading.enumerate() if thread is not threading.main_thread()]
    with suppress(OSError):
        # Threads that a library in C has started are known to the system only.
        if (count := len(os.listdir("/proc/self/task"))) > 1 and not found:  # noqa: PTH208
            found.append(f"{count - 1} thread{'s' if count > 2 else ''} of a library")
    return [*found, *(each for each in descriptors() if each not in known)]


def descriptors() -> list[str]:
    """Return this process's open descriptors, and what each leads to; none if the system does not tell."""
    listed = []
    with suppress(OSError):
        for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
            # The one that lists them is closed again.
            with suppress(OSError):
                listed.append(f"descriptor {number}: {Path('/proc/self/fd', number).readlink()}")
    return [each for each in listed if "/fd" not in each.partition(": ")[2]]

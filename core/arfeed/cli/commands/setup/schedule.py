"""`arfeed schedule`: have a feed delivered every day."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from arfeed.cli.display.output import console
from arfeed.cli.options import DEFAULT_CONFIG, Config, Destination, takes
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from arfeed.operations.schedule.document import Schedule
    from arfeed.operations.schedule.job import Job
    from arfeed.plugins.config import Project

Kind = Literal["systemd", "cron", "windows", "kubernetes"]
At = Annotated[list[str], typer.Option("--at", metavar="HH:MM", help="When; may be given several times.")]
Days = Annotated[str, typer.Option("--days", help="daily, weekdays, or days such as mon,thu.")]
Alert = Annotated[
    str | None,
    typer.Option("--alert", metavar="COMMAND", help="systemd, cron: gets what a failed run printed, on its stdin."),
]
Image = Annotated[str | None, typer.Option("--image", help="kubernetes: the container image that has arfeed.")]
Claim = Annotated[
    str | None, typer.Option("--claim", help="kubernetes: the PersistentVolumeClaim that holds the feed's folder.")
]
Output = Annotated[Path | None, typer.Option("--output", metavar="DIR", help="Write the files into a folder.")]
Install = Annotated[bool, typer.Option("--install", help="systemd, cron: install it for you, instead of printing it.")]
Export = Annotated[
    str | None,
    typer.Option(
        "--reconcile",
        metavar="EXPORT",
        help="Run `reconcile` instead, with the newest file of a pattern such as 'exports/open*.xlsx'.",
    ),
]
Worker = Annotated[
    bool, typer.Option("--worker", help="systemd, kubernetes: a worker of `arfeed fleet` instead, for no certain feed.")
]


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed: a field for each option."""

    kind: Annotated[Kind, typer.Argument(help="What starts programs on your machine.")]
    config: Config = DEFAULT_CONFIG
    destination: Destination = None
    at: At = field(default_factory=lambda: ["06:00"])
    days: Days = "daily"
    alert: Alert = None
    image: Image = None
    claim: Claim = None
    output: Output = None
    install: Install = False
    reconcile: Export = None
    worker: Worker = False


@takes(Options)
def schedule(options: Options) -> None:
    """Print a daily schedule for `sync` or `reconcile`, with retries after exit codes 5 and 6 only."""
    if options.worker:
        _print(_make_worker(options), options.output)
        return
    from arfeed.cli.display.masking import read_feed
    from arfeed.operations.schedule.install import install as install_for_user
    from arfeed.operations.schedule.job import job_of
    from arfeed.operations.schedule.times import read_times

    project = read_feed(options.config, options.destination)
    job = job_of(project, read_times(options.at, options.days), options.alert, options.reconcile)
    made = _make(job, project, options)
    if options.install:
        done = install_for_user(options.kind, job, made)
        console(beside_json=True).print(f"✓ {done}", style="green", markup=False)
        return
    _print(made, options.output)


def _print(made: Schedule, output: Path | None) -> None:
    # On stderr, since what is printed on stdout may be led into a file as it is.
    people = console(beside_json=True)
    if output:
        output.mkdir(parents=True, exist_ok=True)
    for document in made.documents:
        if output:
            output.joinpath(document.name).write_text(document.text, encoding="utf-8")
            people.print(f"✓ wrote {output / document.name}", style="green", markup=False)
        else:
            # Not through the console, which escapes texts for people: a scheduler reads this to the letter.
            sys.stdout.write(f"# {document.name}\n{document.text}\n" if len(made.documents) > 1 else document.text)
    people.print("\nThen:", markup=False)
    for step in made.steps:
        people.print(f"  {step}", markup=False)


def _make_worker(options: Options) -> Schedule:
    from arfeed.operations.schedule.workers import worker_deployment, worker_service

    if options.kind == "systemd" and not options.install:
        return worker_service()
    if options.kind == "kubernetes":
        return worker_deployment(options.image, options.claim)
    raise ConfigError("--worker is printed for systemd and kubernetes; install it by the steps below what is printed")


def _make(job: Job, project: Project, options: Options) -> Schedule:
    from arfeed.operations.schedule.cron import crontab
    from arfeed.operations.schedule.kubernetes import cron_job
    from arfeed.operations.schedule.systemd import units
    from arfeed.operations.schedule.windows import task

    # These two need more than the job: an image and a volume, or the folder that their file refers to.
    if options.kind == "kubernetes":
        return cron_job(job, project, options.image, options.claim)
    if options.kind == "windows":
        return task(job, options.output)
    return {"systemd": units, "cron": crontab}[options.kind](job)

"""Installing a schedule for the user who asks."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from arfeed.model.errors import ConfigError
from arfeed.operations.schedule.cron import begin, end, for_cron
from arfeed.operations.schedule.document import Schedule
from arfeed.operations.schedule.job import Job
from arfeed.operations.schedule.systemd import argument


def install(kind: str, job: Job, schedule: Schedule) -> str:
    """Install units for the user's systemd, or lines in the user's crontab; return what was done, in a sentence."""
    _check_environment(job)
    if kind == "systemd":
        return _install_units(job, schedule)
    if kind == "cron":
        return _install_crontab(job, schedule.documents[0].text)
    raise ConfigError(f"--install is for systemd and cron; for {kind}, print it and type the steps below it")


def _check_environment(job: Job) -> None:
    """Raise `ConfigError` for what could not run, or would let others read secrets."""
    if not job.variables:
        return
    file, steps = job.environment_file, "; ".join(job.environment_steps)
    if not file.exists():
        raise ConfigError(f"{file} is not there, and the feed takes {', '.join(job.variables)} from it. Type: {steps}")
    # On Windows the mode says nothing about who may read a file.
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise ConfigError(f"{file} can be read by others on this machine. Type: chmod 600 {file}")


def _install_units(job: Job, schedule: Schedule) -> str:
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    folder.mkdir(parents=True, exist_ok=True)
    service = folder / schedule.documents[0].name
    if service.exists():
        _insist_on_same_feed(job, str(service), service.read_text(encoding="utf-8"), argument(str(job.config)))
    for document in schedule.documents:
        folder.joinpath(document.name).write_text(document.text, encoding="utf-8")
    try:
        # Until then systemd has the unit that it read before.
        _run(["systemctl", "--user", "daemon-reload"])
        _run(["systemctl", "--user", "enable", "--now", f"{job.name}.timer"])
    except ConfigError as exc:
        names = ", ".join(document.name for document in schedule.documents)
        raise ConfigError(
            f"{exc}\n{names} are in {folder} now, but nothing is started. If the user has no systemd running, "
            "type loginctl enable-linger and log in again, then this command once more; or remove these files, and "
            "have them written elsewhere by --output DIR instead of --install"
        ) from exc
    return f"{job.name}.timer is installed in {folder} and started"


def _install_crontab(job: Job, text: str) -> str:
    asked = _run(["crontab", "-l"], may_fail=True)
    # After any other failure the user's own lines are unknown, and writing would delete them.
    if asked.returncode and "no crontab" not in asked.stderr:
        raise ConfigError(f"`crontab -l` failed, so nothing was changed: {asked.stderr.strip()}")
    before = asked.stdout if asked.returncode == 0 else ""
    ours = re.compile(rf"^# {re.escape(begin(job))}\n.*?^# {re.escape(end(job))}\n", re.MULTILINE | re.DOTALL)
    for lines in ours.findall(before):
        _insist_on_same_feed(job, "your crontab", lines, for_cron(shlex.quote(str(job.config))))
    # Replaced as a whole: left behind, the feed's old lines would run it twice.
    kept = ours.sub("", before)
    if kept and not kept.endswith("\n"):
        kept += "\n"
    _run(["crontab", "-"], given=kept + text)
    return f"{job.name} is in your crontab now (crontab -l shows it)"


def _insist_on_same_feed(job: Job, place: str, there: str, config: str) -> None:
    if config not in there:
        raise ConfigError(
            f"{place} has a {job.name} already, for another feed than {job.config}. Give this one another name: "
            "[feed] name"
        )


def _run(
    command: Sequence[str], *, given: str | None = None, may_fail: bool = False
) -> subprocess.CompletedProcess[str]:
    program = shutil.which(command[0])
    if program is None:
        raise ConfigError(f"there is no program {command[0]} on this machine; leave out --install to have it printed")
    ran = subprocess.run(  # noqa: S603 - a program of the system, with arguments of ours
        [program, *command[1:]], input=given, capture_output=True, text=True, check=False
    )
    if ran.returncode and not may_fail:
        raise ConfigError(f"`{' '.join(command)}` failed: {ran.stderr.strip() or ran.stdout.strip()}")
    return ran

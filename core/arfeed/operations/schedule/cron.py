"""cron: a line that retries by itself, and is silent unless something is wrong."""

from __future__ import annotations

import shlex

from arfeed.model.errors import ConfigError
from arfeed.operations.schedule.document import Document, Schedule
from arfeed.operations.schedule.job import RETRY_CODES, Job

LONGEST = 990
"""Most crons cut a line off at 998 characters."""


def crontab(job: Job) -> Schedule:
    """Return the lines for a crontab."""
    command = for_cron(shell_command(job))
    lines = [f"{fields} {command}" for fields in job.times.cron()]
    if max(map(len, lines)) > LONGEST:
        raise ConfigError(
            f"the line for cron would have {max(map(len, lines))} characters, and cron cuts it off at 998. Use shorter "
            "paths (a symbolic link to the feed's folder will do), or: arfeed schedule systemd"
        )
    # Between these two marks `--install` finds the lines that it replaces.
    comments = [
        f"# {begin(job)}",
        f"# {job.feed}: in this machine's time zone. It prints only if it {_fails(job)}, and cron mails that.",
    ]
    text = "\n".join([*comments, *lines, f"# {end(job)}"]) + "\n"
    steps = (
        *job.environment_steps,
        "add the lines with `crontab -e` (or type the command again with --install)",
        "put MAILTO=you@example.com above them, or name a command with --alert; without mail nobody is notified",
    )
    return Schedule((Document("crontab", text),), steps)


def _fails(job: Job) -> str:
    return "did not deliver" if job.export is None else "found differences or could not compare"


def for_cron(text: str) -> str:
    """Escape a text so that cron hands it to the shell unchanged: a bare % would end it there."""
    return text.replace("%", "\\%")


def begin(job: Job) -> str:
    """Return the mark above a feed's lines."""
    return f"begin of {job.name}, by arfeed schedule"


def end(job: Job) -> str:
    """Return the mark below a feed's lines."""
    return f"end of {job.name}"


def shell_command(job: Job) -> str:
    """Return one line for sh: run, retry if that may help, and print the output only if all tries failed."""
    environment = f"set -a; . {shlex.quote(str(job.environment_file))}; set +a; " if job.variables else ""
    again = "|".join(map(str, RETRY_CODES))
    # Nothing follows the last try, so its wait is 0.
    waits = " ".join(map(str, (*job.waits, 0)))
    tell = "printf '%s\\n' \"$told\""
    # Relative paths begin at the feed's folder. The output of a try is kept back, since cron mails whatever is printed.
    return (
        f"cd {shlex.quote(str(job.config.parent))} || exit; {environment}"
        f"for wait in {waits}; do told=$({shlex.join(job.command)} 2>&1); code=$?; "
        f"case $code in {again}) sleep $wait;; *) break;; esac; done; "
        f"[ $code -eq 0 ] || {{ {tell}{f' | {job.alert}' if job.alert else ''}; exit $code; }}"
    )

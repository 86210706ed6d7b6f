"""systemd: a service and a timer for the user, and a second service that reports a failure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from arfeed.operations.schedule.document import Document, Schedule
from arfeed.operations.schedule.job import FINAL_CODES, RETRY_CODES, Job


def units(job: Job) -> Schedule:
    """Return the units; the timer starts the service, which retries by itself if that may help."""
    documents = [Document(f"{job.name}.service", _service(job)), Document(f"{job.name}.timer", _timer(job))]
    if job.alert:
        documents.append(Document(f"{job.name}-alert.service", _alert(job, job.alert)))
    steps = (
        *job.environment_steps,
        "write the files into ~/.config/systemd/user (or type the command again with --install, and go on below)",
        f"systemctl --user daemon-reload && systemctl --user enable --now {job.name}.timer",
        "loginctl enable-linger    # so that it also runs while you are not logged in",
        f"journalctl --user -u {job.name}    # what the runs printed",
    )
    return Schedule(tuple(documents), steps)


def _service(job: Job) -> str:
    # systemd waits equally long before each try, and counts them within an interval, which has to hold all.
    waits = job.waits
    told = [f"OnFailure={job.name}-alert.service"] if job.alert else []
    environment = [f"EnvironmentFile={_literal(str(job.environment_file))}"] if job.variables else []
    return _unit(
        [
            "[Unit]",
            f"Description=arfeed {job.does} {_literal(job.feed)}",
            f"# {len(waits) + 1} tries at most, {max(waits)} seconds apart.",
            f"StartLimitIntervalSec={sum(waits) + 3600}",
            f"StartLimitBurst={len(waits) + 1}",
            *told,
            "",
            "[Service]",
            # Active until the run ends, so that the timer does not start a second one beside it.
            "Type=oneshot",
            f"WorkingDirectory={_literal(str(job.config.parent))}",
            *environment,
            f"ExecStart={' '.join(argument(part) for part in job.command)}",
            f"# {_codes(RETRY_CODES)}: the destination failed, or another run held the lock. That may pass: try again.",
            "Restart=on-failure",
            f"RestartSec={max(waits)}",
            f"# {_codes(FINAL_CODES)}: a bug, the configuration, a refusal, a source. That needs a person.",
            f"RestartPreventExitStatus={' '.join(map(str, FINAL_CODES))}",
        ]
    )


def _timer(job: Job) -> str:
    return _unit(
        [
            "[Unit]",
            f"Description=When arfeed {job.does} {_literal(job.feed)}",
            "",
            "[Timer]",
            *(f"OnCalendar={expression}" for expression in job.times.calendar(job.timezone)),
            "# A run missed while the machine was off is caught up.",
            "Persistent=true",
            "",
            "[Install]",
            "WantedBy=timers.target",
        ]
    )


def _alert(job: Job, command: str) -> str:
    lines = f"journalctl --user --unit {job.name}.service --lines 60 --no-pager --output cat"
    return _unit(
        [
            "[Unit]",
            f"Description=Tell that arfeed {_did_not(job)} {_literal(job.feed)}",
            "",
            "[Service]",
            "Type=oneshot",
            f"ExecStart=/bin/sh -c {argument(f'{lines} | {command}')}",
        ]
    )


def _did_not(job: Job) -> str:
    return "did not deliver" if job.export is None else "found differences, or could not compare, in"


def _unit(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _codes(codes: Iterable[int]) -> str:
    return ", ".join(map(str, codes))


def _literal(text: str) -> str:
    """Escape a text so that systemd expands no specifier in it."""
    return text.replace("%", "%%")


def argument(text: str) -> str:
    """Quote one argument of a command line: systemd interprets quotes, backslashes, $ and % in it."""
    # First of all: the backslashes that quoting adds must not be escaped again.
    escaped = _literal(text).replace("$", "$$")
    if shlex.quote(text) == text:
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'

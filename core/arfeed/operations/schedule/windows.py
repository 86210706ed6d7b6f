"""Windows: a task for the Task Scheduler, whose command retries by itself."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from subprocess import list2cmdline

from arfeed.operations.schedule.document import Document, Schedule
from arfeed.operations.schedule.job import RETRY_CODES, Job

_NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def task(job: Job, folder: Path | None = None) -> Schedule:
    """Return the task as XML, for schtasks; `folder` is where it will be written."""
    # Version 1.2 is that of Windows Vista, so every Windows since takes it.
    root = ET.Element("Task", {"version": "1.2", "xmlns": _NAMESPACE})
    about = ET.SubElement(root, "RegistrationInfo")
    _leaf(about, "Description", f"arfeed delivers {job.feed}. Codes 1 to 4 need a person: see the log.")
    triggers = ET.SubElement(root, "Triggers")
    for hour, minute in job.times.clock:
        # Any day that is past will do: only its time of the day counts.
        _trigger(triggers, f"2026-01-01T{hour:02}:{minute:02}:00", job)
    settings = ET.SubElement(root, "Settings")
    for name, value in {
        "MultipleInstancesPolicy": "IgnoreNew",
        # Both are on by default, and a delivery must not be missed because a laptop runs on its battery.
        "DisallowStartIfOnBatteries": "false",
        "StopIfGoingOnBatteries": "false",
        "StartWhenAvailable": "true",
        "ExecutionTimeLimit": "PT12H",
        "Enabled": "true",
    }.items():
        _leaf(settings, name, value)
    run = ET.SubElement(ET.SubElement(root, "Actions"), "Exec")
    _leaf(run, "Command", "powershell.exe")
    # The script is one argument in double quotes, so its own are escaped for PowerShell's command line.
    command = _script(job).replace('"', '\\"')
    _leaf(run, "Arguments", f'-NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "{command}"')
    _leaf(run, "WorkingDirectory", str(job.config.parent))
    ET.indent(root)
    # ASCII without a declared encoding is right whatever the shell makes of the file that it is written to.
    text = '<?xml version="1.0"?>\n' + ET.tostring(root, "us-ascii", xml_declaration=False).decode() + "\n"
    return Schedule((Document(f"{job.name}.xml", text),), _steps(job, folder or Path()))


def _steps(job: Job, folder: Path) -> tuple[str, ...]:
    variables = [
        f"[Environment]::SetEnvironmentVariable('{name}', (Read-Host '{name}'), 'User')    # in PowerShell"
        for name in job.variables
    ]
    return (
        *variables,
        f"schtasks /Create /TN {job.name} /XML {list2cmdline([str(folder / f'{job.name}.xml')])}",
        "in the Task Scheduler, choose to run it whether you are logged on or not",
        f"what it printed is in {job.name}.log beside plugins.toml; its last result is arfeed's exit code",
    )


def _trigger(triggers: ET.Element, start: str, job: Job) -> None:
    trigger = ET.SubElement(triggers, "CalendarTrigger")
    _leaf(trigger, "StartBoundary", start)
    _leaf(trigger, "Enabled", "true")
    if job.times.daily:
        _leaf(ET.SubElement(trigger, "ScheduleByDay"), "DaysInterval", "1")
        return
    week = ET.SubElement(trigger, "ScheduleByWeek")
    _leaf(week, "WeeksInterval", "1")
    days = ET.SubElement(week, "DaysOfWeek")
    for day in job.times.days:
        ET.SubElement(days, _DAYS[day])


def _script(job: Job) -> str:
    """Return the PowerShell that retries: the Task Scheduler itself can't tell one exit code from another."""
    program, *arguments = (_quote(part) for part in job.command)
    waits = ",".join(map(str, (*job.waits, 0)))
    log = _quote(f"{job.name}.log")
    return (
        f"foreach ($wait in {waits}) {{ & {program} {' '.join(arguments)} *>> {log}; "
        f"if ($LASTEXITCODE -notin {','.join(map(str, RETRY_CODES))}) {{ break }}; Start-Sleep -Seconds $wait }}; "
        "exit $LASTEXITCODE"
    )


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _leaf(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text

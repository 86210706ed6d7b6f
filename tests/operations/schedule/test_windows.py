from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

from arfeed.operations.schedule.job import Job
from arfeed.operations.schedule.times import read_times
from arfeed.operations.schedule.windows import task

SPACE = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}


def read(job: Job) -> ET.Element:
    return ET.fromstring(task(job).documents[0].text)


def text(root: ET.Element, path: str) -> str:
    return root.findtext(f".//t:{path}", namespaces=SPACE) or ""


def test_the_task_is_well_formed_and_ascii(job: Job) -> None:
    written = task(job).documents[0].text
    assert written.isascii()
    assert written.startswith('<?xml version="1.0"?>\n')
    root = read(job)
    assert text(root, "Description").startswith("arfeed delivers Ärzte & Co. 50%.")
    assert text(root, "MultipleInstancesPolicy") == "IgnoreNew"


def test_it_starts_at_each_time_on_each_day(job: Job) -> None:
    root = read(replace(job, times=read_times(["06:00", "18:30"], "mon,sun")))
    assert [start.text for start in root.iterfind(".//t:StartBoundary", SPACE)] == [
        "2026-01-01T06:00:00",
        "2026-01-01T18:30:00",
    ]
    days = root.find(".//t:DaysOfWeek", SPACE)
    assert days is not None
    assert [day.tag.partition("}")[2] for day in days] == ["Monday", "Sunday"]
    assert text(read(replace(job, times=read_times(["06:00"], "daily"))), "DaysInterval") == "1"


def test_paths_are_quoted_for_powershell_and_the_exit_code_is_kept(job: Job) -> None:
    config = Path("C:/Users/Ada O'Hara/50%/plugins.toml")
    root = read(replace(job, program=("C:/arfeed & co/arfeed.exe",), config=config))
    arguments = text(root, "Arguments")
    assert "& 'C:/arfeed & co/arfeed.exe' 'sync' '--config' 'C:/Users/Ada O''Hara/50%/plugins.toml'" in arguments
    assert "if ($LASTEXITCODE -notin 5,6) { break }" in arguments
    assert arguments.endswith('exit $LASTEXITCODE"')
    assert "s3cret" not in arguments + " ".join(task(job).steps)

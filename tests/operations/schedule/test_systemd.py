from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from arfeed.operations.schedule.job import FINAL_CODES, RETRY_CODES, Job
from arfeed.operations.schedule.systemd import units

systemd = pytest.mark.usefixtures("systemd_analyze")


def verified(folder: Path) -> str:
    """Return what `systemd-analyze verify` complains of in the units of a folder."""
    ran = subprocess.run(
        ["systemd-analyze", "--user", "verify", *folder.iterdir()],
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder.parent), "SYSTEMD_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
    )
    return ran.stderr if ran.stderr or ran.returncode == 0 else f"exit code {ran.returncode}"


def written(job: Job, folder: Path) -> Path:
    folder.mkdir()
    for document in units(job).documents:
        folder.joinpath(document.name).write_text(document.text, encoding="utf-8")
    return folder


@systemd
@pytest.mark.parametrize("alert", [None, "mail -s '50% \"off\" $5' ada@example.com"])
def test_systemd_takes_the_units(job: Job, tmp_path: Path, alert: str | None) -> None:
    folder = written(replace(job, alert=alert, timezone="Europe/London"), tmp_path / "units")
    assert len(list(folder.iterdir())) == (3 if alert else 2)
    assert verified(folder) == ""


@systemd
def test_systemd_would_find_a_wrong_unit(job: Job, tmp_path: Path) -> None:
    folder = written(replace(job, program=("/nowhere/arfeed",)), tmp_path / "units")
    assert "/nowhere/arfeed is not executable" in verified(folder)


def setting(job: Job, name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", units(job).documents[0].text, re.MULTILINE)
    return str(value)


def test_what_wants_a_person_is_not_tried_again_and_all_else_is(job: Job) -> None:
    assert setting(job, "Restart") == "on-failure"
    never = [int(code) for code in setting(job, "RestartPreventExitStatus").split()]
    assert never == [*FINAL_CODES]
    assert not set(never) & set(RETRY_CODES)
    assert "SuccessExitStatus" not in units(job).documents[0].text
    assert int(setting(job, "StartLimitBurst")) == len(job.waits) + 1
    assert int(setting(job, "StartLimitIntervalSec")) > sum(job.waits)


def test_paths_are_read_as_they_are(job: Job) -> None:
    folder = str(job.config.parent).replace("%", "%%")
    assert setting(job, "WorkingDirectory") == folder
    escaped = folder.replace("$", "$$").replace('"', '\\"')
    assert setting(job, "ExecStart") == f'{job.program[0]} sync --config "{escaped}/plugins.toml"'
    assert setting(job, "Description") == "arfeed delivers Ärzte & Co. 50%%"


def test_the_name_is_plain(job: Job) -> None:
    assert [document.name for document in units(job).documents] == [
        "arfeed-rzte-co-50.service",
        "arfeed-rzte-co-50.timer",
    ]


def test_secrets_stay_in_their_file(job: Job) -> None:
    made = units(job)
    text = "\n".join([*made.steps, *(document.text for document in made.documents)])
    assert "s3cret" not in text
    assert setting(job, "EnvironmentFile") == str(job.environment_file)
    assert "install -m 600" in text


def test_without_variables_there_is_no_file_to_want(job: Job) -> None:
    assert "EnvironmentFile" not in units(replace(job, variables=())).documents[0].text

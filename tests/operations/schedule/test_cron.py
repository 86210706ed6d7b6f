"""The line for cron, read as cron reads it and run by sh with nothing in its environment."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from arfeed.model.errors import ConfigError
from arfeed.operations.schedule.cron import crontab
from arfeed.operations.schedule.job import FINAL_CODES, Job, job_of
from arfeed.operations.schedule.times import read_times
from arfeed.plugins.config import read_project
from cli.conftest import make_feed
from operations.schedule.conftest import SECRETS

PROGRAM = """#!/bin/sh
echo run >> '{folder}/runs'
echo "ERP_URL=$ERP_URL arguments: $*"
code=$(head -1 '{folder}/codes'); sed -i 1d '{folder}/codes'
exit "$code"
"""


def cron_line(text: str) -> tuple[str, str]:
    """Return the fields and the command of the one line, as cron takes them apart: up to a bare %, and \\% is a %."""
    (line,) = [line for line in text.splitlines() if not line.startswith("#")]
    *fields, command = line.split(None, 5)
    assert re.search(r"(?<!\\)%", command) is None
    return " ".join(fields), command.replace("\\%", "%")


def run_as_cron_does(job: Job, home: Path) -> subprocess.CompletedProcess[str]:
    _, command = cron_line(crontab(job).documents[0].text)
    nothing = {"HOME": str(home), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    return subprocess.run(["/bin/sh", "-c", command], env=nothing, cwd="/", capture_output=True, text=True)


@pytest.fixture
def tried(job: Job, tmp_path: Path, home: Path) -> Job:
    """The job with a program that ends with the codes it is told, and without waiting."""
    folder = tmp_path / "program 100%"
    folder.mkdir()
    program = folder / "arfeed's own"
    program.write_text(PROGRAM.format(folder=folder))
    program.chmod(0o755)
    job.environment_file.parent.mkdir(parents=True)
    job.environment_file.write_text(f"ERP_URL='{SECRETS['ERP_URL']} $HOME'\nSFTP_PASSWORD='x'\n")
    return replace(job, program=(str(program),), waits=(0, 0, 0))


def ends_with(job: Job, *codes: int) -> Path:
    folder = Path(job.program[0]).parent
    folder.joinpath("codes").write_text("".join(f"{code}\n" for code in codes))
    return folder / "runs"


def runs(file: Path) -> int:
    return len(file.read_text().splitlines())


def test_a_delivery_prints_nothing(tried: Job, home: Path) -> None:
    counted = ends_with(tried, 0)
    done = run_as_cron_does(tried, home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert runs(counted) == 1


@pytest.mark.parametrize("code", FINAL_CODES)
def test_what_wants_a_person_is_not_tried_again_and_printed(tried: Job, home: Path, code: int) -> None:
    counted = ends_with(tried, code, 0)
    done = run_as_cron_does(tried, home)
    assert done.returncode == code
    assert runs(counted) == 1
    assert f"arguments: sync --config {tried.config}" in done.stdout


@pytest.mark.parametrize("codes", [(5, 0), (6, 5, 0)], ids=str)
def test_what_may_pass_is_tried_again(tried: Job, home: Path, codes: tuple[int, ...]) -> None:
    counted = ends_with(tried, *codes)
    done = run_as_cron_does(tried, home)
    assert (done.returncode, done.stdout) == (0, "")
    assert runs(counted) == len(codes)


def test_what_does_not_pass_is_given_up_and_printed(tried: Job, home: Path) -> None:
    counted = ends_with(tried, 5, 5, 6, 5, 0)
    done = run_as_cron_does(tried, home)
    assert (done.returncode, runs(counted)) == (5, 4)
    assert "arguments: sync" in done.stdout


def test_the_variables_come_from_their_file_as_they_stand_there(tried: Job, home: Path) -> None:
    ends_with(tried, 3)
    assert f"ERP_URL={SECRETS['ERP_URL']} $HOME arguments" in run_as_cron_does(tried, home).stdout


def test_without_the_file_of_variables_nothing_is_run(tried: Job, home: Path) -> None:
    counted = ends_with(tried, 0)
    tried.environment_file.unlink()
    done = run_as_cron_does(tried, home)
    assert done.returncode != 0
    assert str(tried.environment_file) in done.stderr
    assert not counted.exists()


def test_the_alert_gets_what_was_printed(tried: Job, home: Path, tmp_path: Path) -> None:
    ends_with(tried, 3)
    done = run_as_cron_does(replace(tried, alert=f"tr a-z A-Z > '{tmp_path}/told 1%'"), home)
    assert (done.returncode, done.stdout) == (3, "")
    assert "ARGUMENTS: SYNC" in (tmp_path / "told 1%").read_text()


def test_the_line_runs_a_real_feed(awkward: Path, home: Path, tmp_path: Path) -> None:
    feed = make_feed(awkward, f'url = "file://{tmp_path}/receiver"')
    job = job_of(read_project(feed / "plugins.toml"), read_times(["06:00"], "daily"))
    fields, _ = cron_line(crontab(job).documents[0].text)
    assert fields == "0 6 * * *"
    done = run_as_cron_does(job, home)
    assert done.returncode == 3, done.stderr
    assert "unknown-baseline" in done.stdout
    assert (feed / ".arfeed" / "history.db").exists()


def test_a_line_that_cron_would_cut_off_is_refused(job: Job) -> None:
    long = replace(job, config=Path("/", *["a" * 200] * 3, "plugins.toml"))
    with pytest.raises(ConfigError, match="cron cuts it off at 998"):
        crontab(long)


def test_no_secret_is_in_it(job: Job) -> None:
    made = crontab(job)
    text = os.linesep.join([*made.steps, *(document.text for document in made.documents)])
    assert "s3cret" not in text
    assert "install -m 600" in text
    assert "ERP_URL='…' SFTP_PASSWORD='…'" in text

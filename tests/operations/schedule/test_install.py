"""Installing for the user; `systemctl` and `crontab` are programs that write down what they were told."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from arfeed.model.errors import ConfigError
from arfeed.operations.schedule.cron import crontab
from arfeed.operations.schedule.install import install
from arfeed.operations.schedule.job import Job
from arfeed.operations.schedule.systemd import units

CRONTAB = """#!/bin/sh
case $1 in
-l) if [ -e '{folder}/tab' ]; then cat '{folder}/tab'; else echo "{empty}" >&2; exit 1; fi;;
-) cat > '{folder}/tab';;
esac
"""
SYSTEMCTL = "#!/bin/sh\necho \"$*\" >> '{folder}/told'\n"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    put(folder, "crontab", CRONTAB.format(folder=folder, empty="no crontab for ada"))
    put(folder, "systemctl", SYSTEMCTL.format(folder=folder))
    return folder


@pytest.fixture
def ready(job: Job) -> Job:
    job.environment_file.parent.mkdir(parents=True)
    job.environment_file.touch(0o600)
    return job


def put(folder: Path, name: str, text: str) -> None:
    folder.joinpath(name).write_text(text)
    folder.joinpath(name).chmod(0o755)


def test_units_are_written_and_the_timer_started(ready: Job, programs: Path, home: Path) -> None:
    install("systemd", ready, units(ready))
    folder = home / ".config" / "systemd" / "user"
    assert {file.name: file.read_text() for file in folder.iterdir()} == {
        document.name: document.text for document in units(ready).documents
    }
    assert (programs / "told").read_text().splitlines() == [
        "--user daemon-reload",
        f"--user enable --now {ready.name}.timer",
    ]


def test_the_lines_of_others_are_kept_and_our_own_replaced(ready: Job, programs: Path) -> None:
    others = "MAILTO=ada@example.com\n5 4 * * * /usr/bin/true  # mine"
    (programs / "tab").write_text(others)
    other_feed = replace(ready, feed="other", variables=())
    for job in (ready, other_feed, replace(ready, waits=(1, 1))):
        install("cron", job, crontab(job))
    last = crontab(replace(ready, waits=(1, 1))).documents[0].text
    assert (programs / "tab").read_text() == others + "\n" + crontab(other_feed).documents[0].text + last


@pytest.mark.parametrize("kind", ["systemd", "cron"])
def test_another_feed_of_the_same_name_is_not_replaced(ready: Job, programs: Path, kind: str) -> None:
    made = {"systemd": units, "cron": crontab}[kind]
    install(kind, ready, made(ready))
    install(kind, ready, made(ready))
    twin = replace(ready, config=ready.config.with_name("other.toml"))
    with pytest.raises(ConfigError, match=r"for another feed than .*name"):
        install(kind, twin, made(twin))


def test_the_first_crontab_is_made(ready: Job, programs: Path) -> None:
    install("cron", ready, crontab(ready))
    assert (programs / "tab").read_text() == crontab(ready).documents[0].text


def test_a_crontab_that_cannot_be_read_is_not_overwritten(ready: Job, programs: Path) -> None:
    put(programs, "crontab", CRONTAB.format(folder=programs, empty="you are not allowed"))
    with pytest.raises(ConfigError, match="you are not allowed"):
        install("cron", ready, crontab(ready))
    assert not (programs / "tab").exists()


def test_without_its_variables_nothing_is_installed(job: Job, programs: Path) -> None:
    with pytest.raises(ConfigError, match=r"is not there.*ERP_URL.*install -m 600"):
        install("cron", job, crontab(job))
    assert not (programs / "tab").exists()


def test_variables_that_others_can_read_are_refused(ready: Job, programs: Path) -> None:
    ready.environment_file.chmod(0o644)
    with pytest.raises(ConfigError, match=r"can be read by others.*chmod 600"):
        install("cron", ready, crontab(ready))


def test_a_program_that_fails_is_quoted(ready: Job, programs: Path) -> None:
    put(programs, "systemctl", "#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    with pytest.raises(ConfigError, match="daemon-reload` failed: Failed to connect to bus"):
        install("systemd", ready, units(ready))


@pytest.mark.parametrize("kind", ["windows", "kubernetes"])
def test_what_arfeed_cannot_install_is_printed_instead(ready: Job, kind: str) -> None:
    with pytest.raises(ConfigError, match="print it and type the steps below it"):
        install(kind, ready, crontab(ready))


def test_units_that_could_not_be_started_are_told_of(ready: Job, programs: Path, home: Path) -> None:
    put(programs, "systemctl", "#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2; exit 1\n")
    with pytest.raises(ConfigError, match=r"(?s)No medium found.*\.timer are in .*enable-linger.*--output") as told:
        install("systemd", ready, units(ready))
    folder = home / ".config" / "systemd" / "user"
    assert {file.name for file in folder.iterdir() if file.name in str(told.value)} == {
        document.name for document in units(ready).documents
    }

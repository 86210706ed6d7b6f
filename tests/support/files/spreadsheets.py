"""LibreOffice and Gnumeric, which open files as a person with some language would, and save them again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import stamina

LANGUAGES = ("en_US", "en_GB", "de_DE", "fr_FR", "en_IN")
_SYSTEM_PYTHON = "/usr/bin/python3"
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">
<value>{}</value></prop></item></oor:items>
"""


def by_libreoffice(files: Mapping[Path, str], language: str, into: Path) -> None:
    """Save CSV files, each with its separator, again as CSV and XLSX, numbers and dates recognized as in its dialog.

    Skip the test where LibreOffice or its bridge to Python is not installed, but never in CI.
    """
    soffice = _need("soffice", "libreoffice-calc-nogui")
    if subprocess.run([_SYSTEM_PYTHON, "-c", "import uno"], capture_output=True, check=False).returncode:
        _lack("python3-uno")
    settings = into / "profile/user/registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_SETTINGS.format(language.replace("_", "-")))
    pipe = f"arfeed-{os.getpid()}-{language}"
    profile = f"-env:UserInstallation={settings.parents[1].as_uri()}"
    listening = [soffice, profile, "--headless", "--norestore", f"--accept=pipe,name={pipe};urp;"]
    jobs = [text for file, mark in files.items() for text in (file.as_uri(), mark, (into / file.stem).as_uri())]
    # The office or its bridge crashes once in hundreds of runs; another run of both then succeeds.
    for attempt in stamina.retry_context(on=subprocess.CalledProcessError, attempts=3, timeout=None):
        with attempt:
            _drive(listening, [_SYSTEM_PYTHON, str(Path(__file__).with_name("libreoffice_driver.py")), pipe, *jobs])


def _drive(listening: list[str], driver: list[str]) -> None:
    # In a group of its own: soffice is a script, and the program that it starts has to end too.
    running = subprocess.Popen(
        listening,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        subprocess.run(driver, check=True, timeout=120)
        running.wait(60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def by_gnumeric(files: Mapping[Path, str], language: str, into: Path) -> None:
    """Save CSV files again as CSV and XLSX. Skip the test where Gnumeric is not installed, but never in CI."""
    convert = _need("ssconvert", "gnumeric")
    if not Path("/usr/share/i18n/locales", language).exists():
        _lack("locales")
    compiled = into / "locales"
    compiled.mkdir(parents=True)
    localedef = ["localedef", "-i", language, "-f", "UTF-8", str(compiled / f"{language}.UTF-8")]
    subprocess.run(localedef, check=True, capture_output=True)
    speaking = {**os.environ, "LOCPATH": str(compiled), "LC_ALL": f"{language}.UTF-8"}
    for file in files:
        for kind in ("csv", "xlsx"):
            command = [convert, str(file), str(into / f"{file.stem}.{kind}")]
            subprocess.run(command, check=True, capture_output=True, env=speaking)


def _need(program: str, package: str) -> str:
    return shutil.which(program) or _lack(package)


def _lack(package: str) -> str:
    why = f"{package} is not installed"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)

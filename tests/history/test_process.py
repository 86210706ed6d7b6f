"""Who holds a lock, and whether that process is dead."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arfeed.history.locking import process as process_module
from arfeed.history.locking.process import HolderProcess, is_dead, this_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells so much; elsewhere locks run out")

TELL = "from arfeed.history.locking.process import this_process; print(this_process(), flush=True); input()"


@contextmanager
def another() -> Iterator[tuple[subprocess.Popen[str], HolderProcess]]:
    """Start another process of this machine, and let it say who it is."""
    command = [sys.executable, "-c", TELL]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        yield started, eval(started.stdout.readline())
        started.kill()


def here() -> HolderProcess:
    this = this_process()
    assert this
    return this


def test_this_process_and_another_one_under_way_are_alive() -> None:
    assert this_process() == this_process()
    assert not is_dead(here(), here())
    with another() as (started, told):
        assert (told.pid, is_dead(told, here())) == (started.pid, False)


def test_a_process_that_sleeps_is_alive() -> None:
    with another() as (started, told):
        started.send_signal(signal.SIGSTOP)
        assert not is_dead(told, here())


@pytest.mark.parametrize("waited_for", [True, False], ids=["buried", "zombie"])
def test_a_process_that_was_killed_is_dead(waited_for: bool) -> None:
    with another() as (started, told):
        started.kill()
        if waited_for:
            started.wait()
        deadline = time.monotonic() + 10
        while not (dead := is_dead(told, here())) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert dead


def test_a_process_whose_pid_was_given_to_another_is_dead() -> None:
    with another() as (_, told):
        assert is_dead(replace(told, started="1"), here())


@pytest.mark.parametrize("changed", [{"host": "other"}, {"boot": "other"}, {"space": "pid:[1]"}])
def test_of_another_machine_boot_or_container_nobody_can_know(changed: dict[str, Any]) -> None:
    with another() as (started, told):
        started.kill()
        started.wait()
        assert is_dead(told, here())
        assert not is_dead(replace(told, **changed), here())
        assert not is_dead(told, None)


def test_a_process_in_a_container_is_not_looked_for_outside() -> None:
    """Its pid is another one here, and its machine, boot and name may be the same."""
    unshare = shutil.which("unshare")
    command = [str(unshare), "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, "-c", TELL]
    if unshare is None or subprocess.run([*command[:5], "true"], capture_output=True, check=False).returncode:
        pytest.skip("no container can be made here")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        inside = eval(started.stdout.readline())
        started.kill()
    assert (inside.boot, inside.host) == (here().boot, here().host)
    assert inside.space != here().space
    assert not is_dead(inside, here())


def test_a_process_whose_first_thread_has_ended_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks like a zombie, and goes on."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait, daemon=True)
    thread.start()
    monkeypatch.setattr(process_module, "_state_and_start", lambda _: ("Z", "7"))
    assert not is_dead(HolderProcess("h", "b", "s", os.getpid(), "7"), HolderProcess("h", "b", "s", 1, "1"))
    over.set()
    thread.join()


def test_a_process_of_another_user_that_proc_hides_is_alive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process_module, "_PROC", tmp_path)
    assert not is_dead(HolderProcess("h", "b", "s", os.getpid(), "7"), HolderProcess("h", "b", "s", 1, "1"))
    assert this_process() is None

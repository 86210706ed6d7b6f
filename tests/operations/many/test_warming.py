"""Feeds are forked from a process that has opened nothing, and what one does reaches no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from arfeed.operations.many.starting import fork
from arfeed.operations.many.warming import can_fork, descriptors, find_open

pytestmark = pytest.mark.skipif(not can_fork(), reason="processes are not forked here")

WARM = """
import json, os, sys
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
from arfeed.operations.many import warming
known = warming.descriptors()
warming.warm_up({"folder", "xero", "sql", "notify", "transforms", "kolleno"}, {"sftp", "file", "postgresql"})
wanted = {"pandas", "pyarrow.parquet", "sqlalchemy", "asyncssh", "jinja2", "arfeed.runs.pipeline"}
wanted |= {"arfeed_connectors.xero", "arfeed_connectors.sql", "arfeed_connectors.kolleno"}
print(json.dumps([warming.find_open(known), sorted(wanted - {*sys.modules})]))
"""


def test_everything_is_imported_and_nothing_is_open() -> None:
    opened, absent = json.loads(subprocess.check_output([sys.executable, "-c", WARM], text=True))
    assert absent == []
    assert opened == []


def test_a_thread_and_a_file_are_seen(tmp_path: Path) -> None:
    known = descriptors()
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="beside")
    thread.start()
    try:
        with tmp_path.joinpath("history.db").open("w"):
            found = find_open(known)
        assert "the thread beside" in found
        assert any("history.db" in each for each in found)
        with pytest.raises(RuntimeError, match="can't be forked"):
            fork(["--version"], {}, captured=True)
    finally:
        over.set()
        thread.join()
    assert "the thread beside" not in find_open(descriptors())


COPY = """
import os, sys
from arfeed.operations.many import starting

held = open(sys.argv[1], "w")

def look(words):
    numbers = [each for each in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{each}")]
    print(*[os.readlink(f"/proc/self/fd/{each}") for each in numbers])
    print(os.getpid() == os.getsid(0), sys.stdin.read() == "", os.environ["GIVEN"])
    return 5

starting._run = look
child = starting.fork([], {"GIVEN": "to it"}, captured=True)
while (code := child.poll()) is None: pass
print(os.read(child.out, 65536).decode(), code, "GIVEN" in os.environ)
"""


def test_a_copy_has_its_own_session_streams_and_environment_and_nothing_of_this_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COPY, str(tmp_path / "held")]
    said = subprocess.check_output(command, text=True)
    assert "held" not in said
    assert os.devnull in said
    assert said.split()[-6:] == ["True", "True", "to", "it", "5", "False"]

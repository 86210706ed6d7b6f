"""The examples of docs/orchestrators.md: the function that all share, and Dagster's, in an environment of its own."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.conftest import make_feed
from support.feeds.command import ARFEED

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "orchestrators.md").read_text(encoding="utf-8")
SHARED, DAGSTER, AIRFLOW, PREFECT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

JUDGE = """
import sys, json
found = {}
for name, words in json.load(sys.stdin).items():
    try:
        settle(*arfeed(*words))
        found[name] = "delivered"
    except dg.Failure as error:
        found[name] = ["failed", error.allow_retries, error.metadata.get("approval", dg.TextMetadataValue("")).text]
    except dg.RetryRequested as error:
        found[name] = ["again", error.max_retries, error.seconds_to_wait]
refused = deliver.execute_in_process(raise_on_error=False)
ops = {"approve": {"config": {"code": found["refused"][2], "approver": "Ada"}}}
approved = deliver_approved.execute_in_process(run_config={"ops": ops}, raise_on_error=False)
events = [event.event_type_value for event in refused.all_events]
print(json.dumps({**found, "jobs": [refused.success, "STEP_UP_FOR_RETRY" in events, approved.success]}))
"""


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    (tmp_path / "receiver").mkdir()
    return make_feed(tmp_path / "feed", f'url = "file://{tmp_path / "receiver"}"')


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{ARFEED.parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}


def at(feed: Path, code: str) -> str:
    return code.replace("/srv/feeds/acme", str(feed))


@pytest.mark.parametrize("example", [DAGSTER, AIRFLOW, PREFECT], ids=["Dagster", "Airflow", "Prefect"])
def test_an_example_is_python_and_approves_by_the_option(example: str) -> None:
    words = {node.value for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Constant)}
    assert {"--approve", "--approver"} <= words


def test_the_shared_function_returns_the_exit_code_and_explains(feed: Path, environment: dict[str, str]) -> None:
    script = at(feed, SHARED) + (
        "code, document = arfeed('sync')\nassert code == 3, code\nassert 'unknown-baseline' in "
        "explain(document)\ncode, document = arfeed('sync', '--approve', document['plan']['approval'], '--approver', "
        "'Ada')\nassert (code, document['delivered']) == (0, True)\nassert '\"Ada; run by ' in "
        "json.dumps(document['receipt'])\ncode, document = arfeed('sync', '--config', 'gone.toml')\nassert code == "
        "2\nassert 'gone.toml' in explain(document)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_a_task_that_is_ended_ends_its_command_in_order(tmp_path: Path, environment: dict[str, str]) -> None:
    stand_in = tmp_path / "bin" / "arfeed"
    stand_in.parent.mkdir()
    stand_in.write_text(
        "#!/bin/sh\ntrap 'echo ended > ended; exit 0' TERM\necho > begun\nwhile :; do sleep 0.1; done\n"
    )
    stand_in.chmod(0o755)
    # As an orchestrator does it: an exception out of a signal's handler.
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.default_int_handler)\n" + at(tmp_path, SHARED)
    path = f"{stand_in.parent}{os.pathsep}{environment['PATH']}"
    task = subprocess.Popen([sys.executable, "-c", f"{script}arfeed('sync')"], env={**environment, "PATH": path})
    until = time.monotonic() + 60
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    task.send_signal(signal.SIGTERM)
    assert task.wait(60) != 0
    assert (tmp_path / "ended").exists()


def test_dagster_maps_exit_codes_and_delivers_what_a_person_approved(feed: Path, environment: dict[str, str]) -> None:
    python = Path(os.environ.get("ARFEED_TEST_DAGSTER", ROOT / ".venv-dagster" / "bin" / "python"))
    if not python.exists():
        # Named by .ci/run where it has installed it.
        missed = pytest.fail if "ARFEED_TEST_DAGSTER" in os.environ else pytest.skip
        missed(f"Dagster is not installed at {python}: see .ci/run")
    # A file in the place of the receiver's folder makes that destination fail.
    failing = make_feed(feed.parent / "failing", f'url = "file://{feed.parent / "file"}"')
    (feed.parent / "file").write_text("")
    words = {
        "refused": ["sync"],
        "wrong": ["sync", "--config", "gone.toml"],
        "receiver": ["sync", "--config", str(failing / "plugins.toml")],
    }
    script = at(feed, SHARED) + DAGSTER + JUDGE
    home = {"DAGSTER_HOME": str(feed), "DAGSTER_DISABLE_TELEMETRY": "1"}
    ran = subprocess.run(
        [python, "-c", script], input=json.dumps(words), env=environment | home, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["refused"][:2] == ["failed", False]
    assert re.fullmatch(r"0-\w+", found["refused"][2])
    assert found["wrong"] == ["failed", False, ""]
    assert found["receiver"] == ["again", 3, 600]
    assert found["jobs"] == [False, False, True]

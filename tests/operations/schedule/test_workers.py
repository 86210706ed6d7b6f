"""A fleet's workers under a supervisor, and the image that they are started from."""

from __future__ import annotations

import os
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from arfeed.model.errors import ConfigError
from arfeed.operations.schedule.workers import worker_deployment, worker_service

ROOT = Path(__file__).parents[3]
IMAGE = [line for line in (ROOT / "Containerfile").read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.usefixtures("systemd_analyze")
def test_systemd_takes_the_service_without_a_warning(tmp_path: Path) -> None:
    (document,) = worker_service().documents
    tmp_path.joinpath(document.name).write_text(document.text)
    ran = subprocess.run(
        ["systemd-analyze", "--user", "verify", tmp_path / document.name],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "SYSTEMD_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_worker_that_ends_is_started_again_and_may_end_in_order() -> None:
    lines = worker_service().documents[0].text.splitlines()
    assert {"Restart=always", "KillMode=mixed", "TimeoutStopSec=60"} <= {*lines}


def test_the_deployment_runs_workers_without_rights_and_takes_secrets_by_reference() -> None:
    (document,) = worker_deployment("registry.example.com/arfeed:1", "feeds").documents
    pod = yaml.safe_load(document.text)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["command"][:3] == ["arfeed", "fleet", "worker"]
    assert container["command"][-2:] == ["--feeds", "/feeds"]
    assert container["envFrom"] == [{"secretRef": {"name": "arfeed-worker"}}]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["terminationGracePeriodSeconds"] >= 30  # a feed has ten seconds to end
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]} == {"home", "temporary", "feeds"}


def test_a_deployment_needs_an_image() -> None:
    with pytest.raises(ConfigError, match="--image is required"):
        worker_deployment(None, None)


def test_the_image_is_made_of_what_there_is_and_runs_as_nobody() -> None:
    steps = [line.partition(" ")[::2] for line in IMAGE]
    copied = [shlex.split(rest)[:-1] for step, rest in steps if step == "COPY" and "--from" not in rest]
    assert all((ROOT / name).exists() for names in copied for name in names)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (installed,) = [shlex.split(rest)[-1] for step, rest in steps if "pip install" in rest]
    assert {*installed.removeprefix(".[").removesuffix("]").split(",")} <= extras.keys()
    assert [rest for step, rest in steps if step == "USER"] == ["65532:65532"]
    final = IMAGE[max(number for number, line in enumerate(IMAGE) if line.startswith("FROM")) :]
    assert not [line for line in final if "pip install" in line or "apt-get" in line]

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from arfeed.model.errors import ConfigError
from arfeed.operations.schedule.job import job_of
from arfeed.operations.schedule.kubernetes import cron_job
from arfeed.operations.schedule.times import read_times
from arfeed.plugins.config import Project, read_project
from operations.schedule.conftest import Make

POSTGRESQL = 'history = "postgresql+psycopg://ada:${DB_PASSWORD}@db.example.com/arfeed"'
IMAGE = "registry.example.com/arfeed:1"


@pytest.fixture
def lasting(make: Make, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("DB_PASSWORD", "s3cret-three")
    return make(POSTGRESQL + '\ntimezone = "Europe/London"')


def manifest(project: Project, claim: str | None = None, days: str = "daily") -> Any:
    job = job_of(project, read_times(["06:00"], days))
    (document,) = cron_job(job, project, IMAGE, claim).documents
    assert "s3cret" not in document.text
    return yaml.safe_load(document.text)


def pod(project: Project, claim: str | None = None) -> Any:
    return manifest(project, claim)["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_it_runs_when_it_should_and_never_twice_at_once(lasting: Project) -> None:
    made = manifest(lasting, days="weekdays")
    assert (made["apiVersion"], made["kind"]) == ("batch/v1", "CronJob")
    spec = made["spec"]
    assert spec["schedule"] == "0 6 * * 1,2,3,4,5"
    assert (spec["timeZone"], spec["concurrencyPolicy"]) == ("Europe/London", "Forbid")


def test_what_wants_a_person_fails_the_job_at_once(lasting: Project) -> None:
    job = manifest(lasting)["spec"]["jobTemplate"]["spec"]
    final, disrupted = job["podFailurePolicy"]["rules"]
    codes = {"containerName": "arfeed", "operator": "In", "values": [1, 2, 3, 4]}
    assert final == {"action": "FailJob", "onExitCodes": codes}
    assert disrupted["action"] == "Ignore"
    assert job["backoffLimit"] == 3
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # the policy needs it
    assert job["template"]["spec"]["containers"][0]["name"] == "arfeed"


def test_secrets_are_named_and_not_told(lasting: Project) -> None:
    (container,) = pod(lasting)["containers"]
    from_secrets = {item["name"]: item["valueFrom"]["secretKeyRef"] for item in container["env"] if "valueFrom" in item}
    assert from_secrets == {
        name: {"name": "arfeed-rzte-co-50", "key": name} for name in ("DB_PASSWORD", "ERP_URL", "SFTP_PASSWORD")
    }
    steps = cron_job(job_of(lasting, read_times(["06:00"], "daily")), lasting, IMAGE, None).steps
    assert "s3cret" not in "\n".join(steps)
    assert any("kubectl create secret generic arfeed-rzte-co-50 --from-env-file" in step for step in steps)


def test_keys_stand_where_the_configuration_looks_for_them(lasting: Project) -> None:
    made = pod(lasting)
    mounts = {mount["mountPath"]: mount.get("subPath") for mount in made["containers"][0]["volumeMounts"]}
    assert mounts == {
        "/feed": None,
        "/home/arfeed/.ssh/arfeed_ed25519": "arfeed_ed25519",
        "/home/arfeed/.ssh/known_hosts": "known_hosts",
    }
    assert {"name": "HOME", "value": "/home/arfeed"} in made["containers"][0]["env"]
    (volume,) = [volume for volume in made["volumes"] if volume["name"] == "login"]
    assert volume["secret"]["defaultMode"] == 0o400


def test_keys_in_the_feeds_folder_come_with_its_claim(make: Make) -> None:
    project = make(key="keys/arfeed_ed25519", destination='known_hosts = "keys/known_hosts"')
    made = pod(project, claim="acme")
    assert made["volumes"] == [{"name": "feed", "persistentVolumeClaim": {"claimName": "acme"}}]
    assert made["containers"][0]["volumeMounts"] == [{"name": "feed", "mountPath": "/feed"}]


@pytest.mark.parametrize(
    "history",
    ["", 'history = "sqlite:////tmp/history.db"', 'history = "sqlite:///:memory:"', 'history = "sqlite://"'],
    ids=["default", "elsewhere", "memory", "nowhere"],
)
@pytest.mark.parametrize("claim", [None, "acme"], ids=["no claim", "claim"])
def test_a_history_that_would_not_last_is_refused(make: Make, history: str, claim: str | None) -> None:
    project = make(history)
    if not history and claim:
        assert pod(project, claim)["volumes"][0]["persistentVolumeClaim"] == {"claimName": "acme"}
        return
    with pytest.raises(ConfigError, match=r"(would end with its pod|is not in the feed's folder).*PostgreSQL"):
        manifest(project, claim)


def test_files_of_this_machine_need_a_claim(make: Make, awkward: Path) -> None:
    project = make()
    config = project.path.read_text(encoding="utf-8")
    config = config.replace('query = "SELECT 1"', 'query = "SELECT 1"\ndocuments = "pdf/{invoice_ref}.pdf"')
    config = config.replace("[sources.erp]", POSTGRESQL.replace("${DB_PASSWORD}", "x") + "\n\n[sources.erp]")
    project.path.write_text(config, encoding="utf-8")
    again = read_project(project.path)
    with pytest.raises(ConfigError, match=r"sources\.erp reads files of this machine.*--claim NAME"):
        manifest(again)
    assert manifest(again, claim="acme")["kind"] == "CronJob"


def test_without_an_image_it_is_refused(lasting: Project) -> None:
    with pytest.raises(ConfigError, match="--image is required"):
        cron_job(job_of(lasting, read_times(["06:00"], "daily")), lasting, None, None)


def test_times_that_one_schedule_cannot_say_are_refused(lasting: Project) -> None:
    with pytest.raises(ConfigError, match="one schedule"):
        cron_job(job_of(lasting, read_times(["06:00", "18:30"], "daily")), lasting, IMAGE, None)


def test_a_shared_file_has_to_be_in_the_pod(lasting: Project) -> None:
    shared = lasting.folder / "common.toml"
    shared.write_text("[guards]\nmissing_floor = 4\n")
    lasting.path.write_text(f'extends = "common.toml"\n{lasting.path.read_text()}')
    extending = read_project(lasting.path)
    with pytest.raises(ConfigError, match=r"extends .*common\.toml, which would not be in the pod"):
        manifest(extending)
    assert manifest(extending, claim="acme")

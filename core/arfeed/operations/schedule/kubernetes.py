"""Kubernetes: a CronJob whose history outlives its pods."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from arfeed.model.errors import ConfigError
from arfeed.operations.schedule.document import Document, Schedule
from arfeed.operations.schedule.job import FINAL_CODES, Job
from arfeed.plugins.config import Project

_FEED, _HOME = PurePosixPath("/feed"), PurePosixPath("/home/arfeed")
# Any user but root will do; this one is that of distroless images.
_NOBODY = 65532


@dataclass(frozen=True, slots=True)
class _Pod:
    """What a pod needs. Without a claim its folder holds plugins.toml and nothing else."""

    job: Job
    project: Project
    image: str
    claim: str | None

    @property
    def files(self) -> dict[Path, PurePosixPath]:
        """The files for logging in that the pod would lack, and the place of each in the pod."""
        several = [destination.settings for destination in self.project.destinations.values()]
        named = [each for each in several if each.url.startswith(("sftp://", "ssh://"))]
        names = [name for each in named for name in (*each.private_key, each.known_hosts)]
        wanted = [Path(name).expanduser() for name in names]
        # With a claim, the files of the feed's folder are in the pod anyway.
        return {file: self._inside(file) for file in wanted if not (self.claim and self._in_the_folder(file))}

    def _in_the_folder(self, file: Path) -> bool:
        return file.is_relative_to(self.project.folder)

    def _inside(self, file: Path) -> PurePosixPath:
        if self._in_the_folder(file):
            return _FEED / file.relative_to(self.project.folder).as_posix()
        # Settings name such files by `~`, and HOME in the pod is another folder.
        if file.is_relative_to(Path.home()):
            return _HOME / file.relative_to(Path.home()).as_posix()
        return PurePosixPath(file.as_posix())


def cron_job(job: Job, project: Project, image: str | None, claim: str | None) -> Schedule:
    """Return the manifest. Raise `ConfigError` if what the next run must know would not outlive the pod."""
    import yaml

    if not image:
        raise ConfigError("--image is required: the image that has arfeed, such as registry.example.com/arfeed:1")
    schedules = job.times.cron()
    if len(schedules) > 1:
        raise ConfigError("a CronJob has one schedule: give times with the same minute, such as --at 06:00 --at 18:00")
    _insist_on_a_lasting_history(project, claim)
    _insist_on_files(project, claim)
    _insist_on_shared_files(project, claim)
    pod = _Pod(job, project, image, claim)
    text = yaml.safe_dump(_manifest(pod, schedules[0]), sort_keys=False, allow_unicode=True, width=110)
    return Schedule((Document(f"{job.name}.yaml", _COMMENT + text),), tuple(_steps(pod)))


_COMMENT = """\
# 1 to 4 (a bug, the configuration, a refusal, a source) fail the job at once and need a person; 5 and 6 (the
# destination, the lock) are tried again, and so is a pod that was evicted. Watch kube_job_status_failed.
"""


def _insist_on_shared_files(project: Project, claim: str | None) -> None:
    for file in project.extended:
        # With a claim the whole folder is in the pod, and without one plugins.toml alone.
        if not (claim and file.is_relative_to(project.folder.resolve())):
            raise ConfigError(
                f"{project.path.name} extends {file}, which would not be in the pod: write its settings into "
                f"{project.path.name} for Kubernetes, or keep it in the feed's folder on a claim"
            )


def _insist_on_a_lasting_history(project: Project, claim: str | None) -> None:
    url = project.feed.history.get_secret_value()
    if not url.startswith("sqlite"):
        return
    cure = (
        'Keep it in PostgreSQL: [feed] history = "postgresql+psycopg://arfeed:${DB_PASSWORD}@HOST/arfeed". Or name a '
        "PersistentVolumeClaim that holds the feed's folder: --claim NAME"
    )
    if claim is None:
        raise ConfigError(
            "The history is a file, and would end with its pod. The next run would not know what was delivered, and so "
            f"not what is missing. {cure}"
        )
    # Beside the claim, or in memory, the history would end with the pod all the same.
    file = url.partition(":///")[2]
    if not file or not Path(file).is_relative_to(project.folder):
        raise ConfigError(f"The history {file or 'in memory'} is not in the feed's folder, which --claim holds. {cure}")


def _insist_on_files(project: Project, claim: str | None) -> None:
    for source in project.sources:
        for path in (getattr(source.settings, "path", None), *source.settings.documents):
            if claim is None and isinstance(path, str) and "://" not in path:
                raise ConfigError(
                    f"sources.{source.source} reads files of this machine ({path}), which a pod does not have. Name a "
                    "PersistentVolumeClaim that holds the feed's folder: --claim NAME. Or read from sftp:// or s3://"
                )


def _manifest(pod: _Pod, schedule: str) -> dict[str, Any]:
    job = pod.job
    zone = {"timeZone": job.timezone} if job.timezone else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": job.name, "labels": {"app.kubernetes.io/name": "arfeed"}},
        "spec": {
            "schedule": schedule,
            **zone,
            # A second run would only meet the lock of the first, and report that as a failure.
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "failedJobsHistoryLimit": 5,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": len(job.waits),
                    "podFailurePolicy": {"rules": _rules()},
                    "template": {"spec": _pod_spec(pod)},
                }
            },
        },
    }


def _rules() -> list[dict[str, Any]]:
    final = {"containerName": "arfeed", "operator": "In", "values": [*FINAL_CODES]}
    # An evicted pod has not failed, so it uses up none of the tries.
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    return [{"action": "FailJob", "onExitCodes": final}, {"action": "Ignore", "onPodConditions": disrupted}]


def _pod_spec(pod: _Pod) -> dict[str, Any]:
    config = str(_FEED / pod.job.config.name)
    container = {
        "name": "arfeed",
        "image": pod.image,
        "command": ["arfeed", "sync", "--config", config],
        "workingDir": str(_FEED),
        "env": [{"name": "HOME", "value": str(_HOME)}, *_variables(pod.job)],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [*_mounts(pod)],
    }
    return {
        # Kubernetes takes a podFailurePolicy only with this.
        "restartPolicy": "Never",
        # `fsGroup` makes the claim writable for this user, who keeps the history there.
        "securityContext": {"runAsNonRoot": True, "runAsUser": _NOBODY, "runAsGroup": _NOBODY, "fsGroup": _NOBODY},
        "containers": [container],
        "volumes": [*_volumes(pod)],
    }


def _variables(job: Job) -> Iterator[dict[str, Any]]:
    for name in job.variables:
        # By reference, since a manifest may be committed and shown to others.
        yield {"name": name, "valueFrom": {"secretKeyRef": {"name": job.name, "key": name}}}


def _mounts(pod: _Pod) -> Iterator[dict[str, Any]]:
    yield {"name": "feed", "mountPath": str(_FEED)}
    for file, inside in pod.files.items():
        # `subPath` mounts the single file; a whole volume would hide the folder.
        yield {"name": "login", "mountPath": str(inside), "subPath": file.name, "readOnly": True}


def _volumes(pod: _Pod) -> Iterator[dict[str, Any]]:
    if pod.claim:
        yield {"name": "feed", "persistentVolumeClaim": {"claimName": pod.claim}}
    else:
        yield {"name": "feed", "configMap": {"name": pod.job.name}}
    if pod.files:
        yield {"name": "login", "secret": {"secretName": f"{pod.job.name}-login", "defaultMode": 0o400}}


def _steps(pod: _Pod) -> Iterator[str]:
    name = pod.job.name
    if pod.claim:
        yield f"copy the feed's folder onto the claim {pod.claim}: {pod.project.folder}"
    else:
        yield f"kubectl create configmap {name} --from-file={shlex.quote(str(pod.job.config))}"
    if pod.job.variables:
        yield f"write {', '.join(pod.job.variables)} into a file of mode 0600, a line NAME=value each, and then:"
        yield f"kubectl create secret generic {name} --from-env-file=FILE"
    if pod.files:
        files = " ".join(f"--from-file={shlex.quote(str(file))}" for file in pod.files)
        yield f"kubectl create secret generic {name}-login {files}"
    yield "arfeed schedule kubernetes … | kubectl apply -f -"
    yield f"kubectl create job --from=cronjob/{name} {name}-try    # tries it at once"

"""A worker of `arfeed fleet` under a supervisor: a service of systemd, or a Deployment of Kubernetes.

A worker ends itself when it was stopped for too long, or lost the queue, and needs whoever starts it again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arfeed.model.errors import ConfigError
from arfeed.operations.schedule.document import Document, Schedule
from arfeed.operations.schedule.job import find_program
from arfeed.operations.schedule.systemd import argument

_NAME = "arfeed-worker"
_VARIABLE = "ARFEED_FLEET_DATABASE"
_SECONDS = 60
"""That long a worker may take to end: its feeds have ten seconds, and the queue has to be told."""
_NOBODY = 65532
_PORT = 9300


def worker_service() -> Schedule:
    """Return a service for the user's systemd."""
    command = " ".join(argument(word) for word in (*find_program(), "fleet", "worker", "--metrics", str(_PORT)))
    file = Path.home() / ".config" / "arfeed" / f"{_NAME}.env"
    lines = [
        "[Unit]",
        "Description=arfeed runs the feeds of a fleet",
        "# However often the database is away, it is started again.",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        f"EnvironmentFile={argument(str(file))}",
        f"ExecStart={command}",
        "Restart=always",
        "RestartSec=5",
        "# It ends its feeds in order by itself.",
        "KillMode=mixed",
        f"TimeoutStopSec={_SECONDS}",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    steps = (
        f"mkdir -p {file.parent} && install -m 600 /dev/null {file}",
        f"write into that file {_VARIABLE}='postgresql://…', and a line for each variable that the feeds take",
        f"write the service into ~/.config/systemd/user/{_NAME}.service",
        f"systemctl --user daemon-reload && systemctl --user enable --now {_NAME}.service",
        "loginctl enable-linger    # so that it also runs while you are not logged in",
    )
    return Schedule((Document(f"{_NAME}.service", "\n".join(lines) + "\n"),), steps)


def worker_deployment(image: str | None, claim: str | None) -> Schedule:
    """Return a Deployment of workers; `claim` is a volume with the folder of the feeds, if they are in one."""
    import yaml

    if not image:
        raise ConfigError("--image is required: the image that has arfeed, such as registry.example.com/arfeed:1")
    text = yaml.safe_dump(_deployment(image, claim), sort_keys=False, width=110)
    steps = [
        f"write {_VARIABLE}=postgresql://… and what the feeds take from the environment into a file of mode 0600",
        f"kubectl create secret generic {_NAME} --from-env-file=FILE",
        "arfeed schedule kubernetes --worker … | kubectl apply -f -",
        f"kubectl scale deployment/{_NAME} --replicas=N",
    ]
    return Schedule((Document(f"{_NAME}.yaml", text),), tuple(steps))


def _deployment(image: str, claim: str | None) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": _NAME}
    scraped = {"prometheus.io/scrape": "true", "prometheus.io/port": str(_PORT)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": _NAME, "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": scraped}, "spec": _pod(image, claim)},
        },
    }


def _pod(image: str, claim: str | None) -> dict[str, Any]:
    # Without a volume the feeds come from a git checkout or an address, which each worker fetches.
    feeds = ["--feeds", "/feeds"] if claim else []
    # The root file system is read-only; these two are all that a run writes to.
    mounts = [{"name": "home", "mountPath": "/home/arfeed"}, {"name": "temporary", "mountPath": "/tmp"}]  # noqa: S108
    volumes: list[dict[str, Any]] = [{"name": "home", "emptyDir": {}}, {"name": "temporary", "emptyDir": {}}]
    if claim:
        mounts.append({"name": "feeds", "mountPath": "/feeds"})
        volumes.append({"name": "feeds", "persistentVolumeClaim": {"claimName": claim}})
    container = {
        "name": "arfeed",
        "image": image,
        "command": ["arfeed", "fleet", "worker", "--metrics", f"0.0.0.0:{_PORT}", *feeds],
        "env": [{"name": "HOME", "value": "/home/arfeed"}],
        "envFrom": [{"secretRef": {"name": _NAME}}],
        "ports": [{"name": "metrics", "containerPort": _PORT}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": mounts,
    }
    return {
        "terminationGracePeriodSeconds": _SECONDS,
        "securityContext": {"runAsNonRoot": True, "runAsUser": _NOBODY, "runAsGroup": _NOBODY, "fsGroup": _NOBODY},
        "containers": [container],
        "volumes": volumes,
    }

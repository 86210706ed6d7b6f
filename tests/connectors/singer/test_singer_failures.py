"""A tap that fails, lies or hangs: nothing of it is taken, it is said why, and no secret is told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arfeed_connectors.singer import Singer
from support.feeds.sources import failure, read
from support.plugins.taps import Step, catalog, feed_of_a_tap, record, schema, singer, write_tap

SECRET = 'hun/ter"2'
ROWS = (schema(), record(1), record(2))


def ended(pid: int) -> bool:
    """Whether a process is gone, or dead and waits for its parent."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def with_file(folder: Path) -> Singer:
    told = {**write_tap(folder, {}), "config": "erp.json"}
    return Singer("erp", Singer.Settings.model_validate(told, context={"folder": folder}))


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((*ROWS, ("exit", 1)), "erp: the tap ended with exit code 1, so what it wrote may not be all there is"),
        ((*ROWS, ("kill",)), "erp: the tap was killed by signal 9, so what it wrote may not be all there is"),
        ((*ROWS, ("write long", 10), ("exit", 3)), "erp: the tap ended with exit code 3, so what it wrote may not be"),
        ((schema(), ("write", "Fetching…")), "erp: line 2 of what the tap writes to stdout is not a Singer message (J"),
        ((*ROWS, ("write long", 10)), "erp: line 4 of what the tap writes to stdout is not a Singer message (J"),
        ((("write", ["a", "list"]),), "erp: line 1 of what the tap writes to stdout is not a Singer message (Ty"),
        ((("write", {"type": "RECORD"}),), "erp: line 1 of what the tap writes to stdout is not a Singer message (Ke"),
        ((("write", "[" * 100_000),), "erp: line 1 of what the tap writes to stdout is not a Singer message (Rec"),
        ((("write long", 17 << 20),), "erp: the tap writes a line of more than 16 MiB"),
        ((), "erp: the tap ended without describing invoices (no SCHEMA message)"),
        ((record(1),), "erp: invoices: the tap writes a message RECORD before it described the stream"),
        ((schema(), record(1, id=None)), "erp: invoices: a record has no 'id', which is its key"),
        ((schema(), schema(keys=["number"])), "erp: invoices: the tap changes its key from ['id'] to ['number']"),
        ((schema(), ("write", {"type": "BATCH", "stream": "invoices"})), "erp: the tap writes a message 'BATCH'"),
    ],
    ids=["exit", "killed", "cut off", "garbage", "half a line", "list", "no stream", "deep", "long", "silent",
         "no schema", "no key", "other key", "batch"],
)  # fmt: skip
def test_a_tap_that_fails_is_refused(tmp_path: Path, steps: tuple[Step, ...], said: str) -> None:
    assert failure(singer(tmp_path, *steps)).startswith(said)


def test_a_long_line_is_read(tmp_path: Path) -> None:
    assert len(read(singer(tmp_path, schema(), record(1, memo="x" * (3 << 20))))) == 1


def test_a_last_line_without_its_end_counts(tmp_path: Path) -> None:
    assert len(read(singer(tmp_path, *ROWS, ("write", json.dumps(record(3)[1]))))) == 3


@pytest.mark.parametrize("steps", [(("sleep", 60),), (("close",), ("sleep", 60))], ids=["writes", "ends"])
def test_a_tap_that_hangs_is_ended(tmp_path: Path, steps: tuple[Step, ...]) -> None:
    started = time.monotonic()
    said = failure(singer(tmp_path, *ROWS, *steps, silence_seconds=1))
    assert said in (
        "erp: the tap wrote nothing for 1 seconds (silence_seconds)",
        "erp: the tap closed its output but does not end",
    )
    assert time.monotonic() - started < 20


def test_a_tap_that_logs_while_it_waits_does_not_hang(tmp_path: Path) -> None:
    waiting = [step for _ in range(4) for step in (("sleep", 0.5), ("say", "rate limit"))]
    assert len(read(singer(tmp_path, *ROWS, *waiting, silence_seconds=1.5))) == 2


def test_a_tap_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = failure(singer(tmp_path, command=["taps/none/bin/tap-none"]))
    assert said.startswith(
        f"erp: the tap can't be started: No such file or directory: {tmp_path}/taps/none/bin/tap-none"
    )


def test_the_last_words_of_a_tap_are_shown_without_what_is_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_TOKEN", "tok-5678")
    words = [f"line {number}" for number in range(100)]
    words += [f"GET /?key={SECRET} failed", "hun%2Fter%222", json.dumps({"k": SECRET}), "tok-5678", "start 2020-01-01"]
    source = singer(
        tmp_path,
        *(("say", word) for word in words),
        ("exit", 1),
        config={"key": SECRET, "deep": [{"er": "nothing"}], "start_date": "2020-01-01"},
        environment=["ERP_TOKEN"],
    )
    said = failure(source)
    assert said.splitlines()[0].endswith("; its last output:")
    assert said.splitlines()[-5:] == [
        "  GET /?key=*** failed",
        "  ***",
        '  {"k": "***"}',
        "  ***",
        "  start 2020-01-01",
    ]
    assert len(said.splitlines()) == 13


def test_garbage_is_shown_without_what_is_secret(tmp_path: Path) -> None:
    assert "'key=***'" in failure(singer(tmp_path, ("write", f"key={SECRET}"), config={"key": SECRET}))


def test_the_configuration_is_in_no_representation_of_the_settings(tmp_path: Path) -> None:
    settings = singer(tmp_path, config={"key": SECRET}).settings
    assert "hun" not in repr(settings) + str(settings.model_dump(mode="json"))


def test_the_tap_sees_its_configuration_alone_and_only_the_variables_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_TOKEN", "tok-5678")
    monkeypatch.setenv("SFTP_PASSPHRASE", "not for taps")
    read(singer(tmp_path, ("look", str(tmp_path / "seen")), *ROWS, environment=["ERP_TOKEN"]))
    seen = json.loads(tmp_path.joinpath("seen").read_text())
    assert seen["mode"] == 0o600
    assert not Path(seen["config"]).parent.exists()
    assert seen["env"]["ERP_TOKEN"] == "tok-5678"
    assert "SFTP_PASSPHRASE" not in seen["env"]
    assert seen["folder"] == str(tmp_path)


def test_a_configuration_file_is_handed_over_as_it_is_for_taps_that_renew_their_tokens_in_it(tmp_path: Path) -> None:
    told = {"catalog": catalog("invoices"), "steps": [("look", str(tmp_path / "seen")), *ROWS]}
    tmp_path.joinpath("erp.json").write_text(json.dumps(told))
    assert len(read(with_file(tmp_path))) == 2
    assert json.loads(tmp_path.joinpath("seen").read_text())["config"] == str(tmp_path / "erp.json")


@pytest.mark.parametrize(("content", "why"), [("{", "can't be read as JSON"), ("[]", "must be a JSON object")])
def test_a_configuration_file_that_is_none_is_named(tmp_path: Path, content: str, why: str) -> None:
    tmp_path.joinpath("erp.json").write_text(content)
    assert f"erp: {tmp_path}/erp.json: `config` {why}" in failure(with_file(tmp_path))


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    said = failure(singer(tmp_path, *ROWS, environment=["NO_SUCH"]))
    assert said == "erp: the environment variable 'NO_SUCH' is not set; export it before running arfeed"


def test_what_a_tap_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    failure(singer(tmp_path, *ROWS, ("leave a child", str(tmp_path / "pids")), silence_seconds=2))
    child, tap = map(int, tmp_path.joinpath("pids").read_text().split())
    assert ended(tap)
    assert ended(child)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_a_tap_does_not_outlive_arfeed_nor_does_its_configuration(
    tmp_path: Path, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_KEY", SECRET)
    steps = (("look", str(tmp_path / "seen")), *ROWS, ("leave a child", str(tmp_path / "pids")), ("sleep", 60))
    feed_of_a_tap(tmp_path, *steps)
    run = subprocess.Popen([Path(sys.executable).with_name("arfeed"), "plan"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    while not tmp_path.joinpath("pids").exists() or not tmp_path.joinpath("pids").read_text().strip():
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(how)
    run.wait(20)
    assert all(ended(int(pid)) for pid in tmp_path.joinpath("pids").read_text().split())
    assert not Path(json.loads(tmp_path.joinpath("seen").read_text())["config"]).exists()

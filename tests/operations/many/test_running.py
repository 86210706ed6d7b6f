"""Many feeds at once: whatever one does, the others are run, and each has an outcome."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from arfeed.operations.many import running
from arfeed.operations.many.limits import Limits, can_measure
from arfeed.operations.many.outcome import Outcome
from arfeed.operations.many.running import Event, Job, Said, Started, Stop, run_each
from arfeed.operations.many.starting import Child

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the commands are those of a shell")

UNLIMITED = Limits(None, None)
ANSWER = """trap 'code=$?; if [ $code = 0 ]; then echo "{\\"delivered\\": true}"; else echo "{}"; fi' EXIT; """
"""What ends a shell as a run ends: with the document of its exit code."""
EAT = "import time\nheld = []\nwhile True:\n    held.append(b'x' * 10_000_000)\n    time.sleep(0.002)"


def shell(commands: Mapping[str, str]) -> Callable[[Path], Child]:
    """Return what starts, in place of a feed, the command that its name stands for."""

    def start(config: Path) -> Child:
        process = subprocess.Popen(
            ["sh", "-c", ANSWER + commands[config.name]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout
        assert process.stderr
        return Child(process.pid, process.stdout.fileno(), process.stderr.fileno(), process)

    return start


def run(commands: Mapping[str, str], jobs: Sequence[Job], at_once: int = 2) -> dict[str, Outcome]:
    events = run_each(jobs, shell(commands), at_once, Stop())
    return {each.config.name: each for each in events if isinstance(each, Outcome)}


def job(name: str, limits: Limits = UNLIMITED, destination: str | None = None) -> Job:
    return Job(Path(name), limits, frozenset({destination} if destination else ()))


def test_each_has_its_own_code_document_and_messages() -> None:
    commands = {"a": "echo one >&2", "b": "echo two >&2; exit 3", "c": "exit 77"}
    done = run(commands, [job(name) for name in commands])
    assert {name: (each.code, each.document, each.text) for name, each in done.items()} == {
        "a": (0, {"delivered": True}, "one\n"),
        "b": (3, {}, "two\n"),
        "c": (1, {}, ""),
    }
    assert [each.ended for each in done.values()] == [None] * 3


@pytest.mark.parametrize("said", ["", "{}", '{"delivered": false}', "delivered"])
@pytest.mark.parametrize("code", [0, 6])
def test_an_exit_code_without_its_document_is_a_failure(said: str, code: int) -> None:
    # As when a plugin ends the process: nothing may count as delivered that does not say so.
    done = run({"a": f"trap - EXIT; printf '%s' '{said}'; exit {code}"}, [job("a")])["a"]
    if code == 6 and said.startswith("{"):
        assert (done.code, done.ended) == (6, None)
    else:
        assert (done.code, done.ended, done.name) == (1, ("silent", f"exit code {code}"), "failed: it broke off")
        assert f"its process ended with exit code {code} without a result" in done.next


def test_one_whose_left_over_child_writes_for_ever_ends_all_the_same() -> None:
    began = time.monotonic()
    done = run({"a": "setsid sh -c 'timeout 120 yes >&2' & sleep 0.2"}, [job("a")])
    assert time.monotonic() - began < 100
    assert done["a"].code == 0


def test_one_that_hangs_is_ended_and_the_others_are_on_time() -> None:
    commands = {"hangs": "sleep 300", **{str(number): "true" for number in range(6)}}
    began = time.monotonic()
    done = run(commands, [job("hangs", Limits(1.0, None)), *(job(str(number)) for number in range(6))])
    assert time.monotonic() - began < 100
    assert done["hangs"].ended == ("time", "1 seconds")
    assert (done["hangs"].code, done["hangs"].name) == (1, "ended: took too long")
    assert "--time-limit" in done["hangs"].next
    assert {each.code for name, each in done.items() if name != "hangs"} == {0}
    assert list(done)[-1] == "hangs"  # nobody waited for it


@pytest.mark.skipif(not can_measure(), reason="memory of others is measured on Linux")
def test_one_that_eats_memory_is_ended_with_what_it_started() -> None:
    commands = {"eats": f'python3 -c "{EAT}"; true', "ordinary": "true"}
    done = run(commands, [job("eats", Limits(100, 200_000_000)), job("ordinary", Limits(100, 200_000_000))])
    assert done["eats"].ended == ("memory", "200 MB")
    assert (done["eats"].code, done["ordinary"].code) == (1, 0)


def test_one_whose_process_is_killed_is_said_to_be() -> None:
    done = run({"killed": "kill -KILL $$", "after": "true"}, [job("killed"), job("after")], at_once=1)
    assert done["killed"].ended == ("killed", "SIGKILL")
    assert (done["killed"].code, done["after"].code) == (1, 0)


def test_what_it_left_behind_goes_with_it(tmp_path: Path) -> None:
    # The one in the background has the streams open, for which nobody waits.
    commands = {"leaves": f"sleep 300 & echo $! > {tmp_path / 'left'}; echo said >&2; exit 0"}
    done = run(commands, [job("leaves")])
    assert (done["leaves"].code, done["leaves"].text) == (0, "said\n")
    left = int(tmp_path.joinpath("left").read_text())
    assert gone(left)


def gone(pid: int) -> bool:
    """Whether a process ends within a minute; one that nobody waits for may be left as a zombie."""
    for _ in range(600):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


def test_two_of_one_destination_never_run_at_once(tmp_path: Path) -> None:
    alone = f"mkdir {tmp_path / 'lock'} || exit 6; sleep 0.2; rmdir {tmp_path / 'lock'}"
    commands = {**dict.fromkeys("abcd", alone), "other": "sleep 0.2"}
    jobs = [*(job(name, destination="sftp://acme@example.com:22") for name in "abcd"), job("other", destination="x")]
    order = []
    for happened in run_each(jobs, shell(commands), 4, Stop()):
        if isinstance(happened, Started):
            order.append(happened.config.name)
        elif isinstance(happened, Outcome):
            assert happened.code == 0
    assert order[:2] == ["a", "other"]  # which need not wait behind them


def test_no_more_than_so_many_run_at_once() -> None:
    now = most = 0
    for happened in run_each([job(str(number)) for number in range(8)], shell(_Each("sleep 0.1")), 3, Stop()):
        now += isinstance(happened, Started)
        most = max(most, now)
        now -= isinstance(happened, Outcome)
    assert (now, most) == (0, 3)


class _Each(dict[str, str]):
    """One command for every name."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __missing__(self, name: str) -> str:
        return self.command


def stopped_when(begun: int, commands: Mapping[str, str], jobs: Sequence[Job]) -> list[Event]:
    """Return the events of jobs that are told to end once so many have begun and said so."""
    stop, events, said = Stop(), [], 0
    for happened in run_each(jobs, shell(commands), 2, stop):
        events.append(happened)
        said += isinstance(happened, Said)
        if said == begun:
            stop.signal = signal.SIGTERM
    return events


def test_told_to_end_nothing_more_begins_and_what_runs_is_ended() -> None:
    jobs = [job(str(number)) for number in range(5)]
    events = stopped_when(2, _Each("echo begun >&2; sleep 300"), jobs)
    outcomes = [each for each in events if isinstance(each, Outcome)]
    assert sorted(each.config.name for each in outcomes) == ["0", "1"]
    assert {each.ended for each in outcomes} == {("stopped", "")}


def test_one_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_GRACE", 0.5)
    events = stopped_when(1, {"deaf": "trap '' TERM; echo begun >&2; while :; do sleep 1; done"}, [job("deaf")])
    (outcome,) = [each for each in events if isinstance(each, Outcome)]
    assert (outcome.code, outcome.ended) == (1, ("stopped", ""))


def test_one_that_is_delivered_while_all_are_told_to_end_is_delivered() -> None:
    events = stopped_when(1, {"a": "trap 'exit 0' TERM; echo begun >&2; while :; do sleep 0.1; done"}, [job("a")])
    (outcome,) = [each for each in events if isinstance(each, Outcome)]
    assert (outcome.code, outcome.ended) == (0, None)


def test_whoever_leaves_leaves_nobody_running(tmp_path: Path) -> None:
    commands = {"a": f"echo $$ > {tmp_path / 'pid'}; echo begun >&2; sleep 300"}
    events: Iterator[Event] = run_each([job("a")], shell(commands), 1, Stop())
    while not isinstance(next(events), Said):
        pass
    events.close()  # type: ignore[attr-defined]
    assert gone(int(tmp_path.joinpath("pid").read_text()))


def test_a_flood_of_messages_is_kept_at_both_ends_only() -> None:
    flood = "echo first >&2; head -c 3000000 /dev/zero | tr '\\0' x >&2; echo last >&2"
    (outcome,) = run({"floods": flood}, [job("floods")]).values()
    assert outcome.text.startswith("first\n")
    assert outcome.text.endswith("last\n")
    assert "bytes are left out" in outcome.text
    assert len(outcome.text) < 700_000
